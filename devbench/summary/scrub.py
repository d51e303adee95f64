"""Keeps serial numbers out of what is shown: a phone's public name in their place."""

from __future__ import annotations

import re

from devbench.domain.run import Run


def scrubbed(run: Run, text: str) -> str:
    """`text` with every serial number of the run's phones replaced by the phone's public name."""
    for serial, name in _names(run):
        text = re.sub(rf"(?<![\w.:-]){re.escape(serial)}(?![\w-])", name.replace("\\", r"\\"), text)
    return text


def _names(run: Run) -> list[tuple[str, str]]:
    header = run.header
    found = {(d.serial, d.device) for d in header.devices}
    found |= {(d.serialno, d.device) for d in header.devices if d.serialno}
    found |= {(serial, s.device) for s in run.sessions for serial in s.addresses}
    found |= {(r.serial, "an unusable phone") for r in header.rejects}
    return sorted((pair for pair in found if pair[0]), key=lambda pair: (-len(pair[0]), pair))
