"""Runs that nothing is taken from: what an alert or a pin of a lab refers to, and what is measured now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.nightly import LabFolder
from devbench.nightly.pins import load_pins


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Why a run is kept, by run id and by night (`2026-01-31`: every run of that date); phones in use."""

    runs: dict[str, str]
    nights: dict[str, str]
    phones: frozenset[str]

    @property
    def in_use(self) -> str | None:
        """Why a file that any phone may be measured with is kept, or None."""
        return f"{min(self.phones)} is measured now, perhaps with it" if self.phones else None

    def why(self, run_id: str, night: str, phones: Iterable[str]) -> str | None:
        """One sentence, or None: it may be cleaned."""
        busy = sorted(self.phones & set(phones))
        if busy:
            return f"{busy[0]} is measured now"
        return self.runs.get(run_id) or self.nights.get(night)


def what_to_keep(labs: Sequence[Path], phones: frozenset[str]) -> Keep:
    """StoreError when a lab's alerts or pins cannot be read: then nobody knows what they refer to."""
    runs: dict[str, str] = {}
    nights: dict[str, str] = {}
    for path in labs:
        lab = LabFolder(path)
        for pin in load_pins(lab):
            runs[pin.run_id] = f"pinned{f' as {pin.name}' if pin.name else ''}"
        for alert in lab.alerts():
            why = f"alert {alert.alert} refers to its night"
            dates = {alert.night, *(c.night for c in alert.confirmations)}
            dates |= {c.good_night for c in alert.confirmations if c.good_night}
            nights |= dict.fromkeys(dates, why)
            for confirmation in alert.confirmations:
                if confirmation.folder:
                    runs[Path(confirmation.folder).name] = f"alert {alert.alert} was confirmed by it"
    return Keep(runs=runs, nights=nights, phones=phones)
