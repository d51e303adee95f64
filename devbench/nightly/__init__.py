"""The nightly job: every number against its own history, suspects measured again, one alert a cause."""

from devbench.nightly.alert import Alert, Confirmation, Files
from devbench.nightly.config import LabConfig, Notify, load_config
from devbench.nightly.folder import LabFolder
from devbench.nightly.night import Bench, Measured, Night, Rules, run_night

__all__ = [
    "Alert",
    "Bench",
    "Confirmation",
    "Files",
    "LabConfig",
    "LabFolder",
    "Measured",
    "Night",
    "Notify",
    "Rules",
    "load_config",
    "run_night",
]
