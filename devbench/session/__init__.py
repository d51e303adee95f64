"""The run: from a request to a plan on disk, and from the plan to measurements, one worker a phone."""

from devbench.runners.base import Limits
from devbench.runners.means import HubPower, Means
from devbench.session.prepare import Prepared, check_agreement, prepare, resume
from devbench.session.request import RunRequest
from devbench.session.work import Outcome, run

__all__ = [
    "HubPower",
    "Limits",
    "Means",
    "Outcome",
    "Prepared",
    "RunRequest",
    "check_agreement",
    "prepare",
    "resume",
    "run",
]
