"""What a lab knows about nights of its lines, as marks of the trend page: alerts, and releases that are pinned."""

from __future__ import annotations

from devbench.domain.history import Mark
from devbench.nightly.alert import Alert
from devbench.nightly.folder import LabFolder
from devbench.nightly.pins import load_pins
from devbench.nightly.words import alert_sentence


def marks_of(lab: LabFolder) -> tuple[Mark, ...]:
    """One for each line that an alert or a pin is about, on its night."""
    alerts = [mark for alert in lab.alerts() if alert.state != "watch" for mark in _of_alert(alert)]
    pins = [
        Mark(line=pin.line, night=pin.night, kind="pin", sentence=f"pinned as {pin.name or pin.run_id}")
        for pin in load_pins(lab)
    ]
    return (*alerts, *pins)


def _of_alert(alert: Alert) -> list[Mark]:
    """Each line once, on the night it was confirmed."""
    sentence = f"{alert_sentence(alert)}: {alert.state}" + (f" ({alert.reason})" if alert.reason else "")
    lines: dict[str, str] = {}
    for confirmation in alert.confirmations:
        lines.setdefault(confirmation.line, confirmation.night)
    return [Mark(line=line, night=night, kind="alert", sentence=sentence) for line, night in lines.items()]
