"""Releases that later nights are held against: small steps, each below what a night shows, add up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devbench.domain.codec import from_json, to_json
from devbench.domain.history import Line
from devbench.errors import StoreError
from devbench.nightly.alert import Files
from devbench.nightly.folder import LabFolder
from devbench.store import write_atomically

PINS_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A line's value in one run, and the files behind it. `line` is the line's key as text."""

    line: str
    device: str
    variant: str
    run_id: str
    night: str
    value: float
    control_value: float | None
    files: Files
    name: str | None = None

    def log_of(self, basis: str) -> float | None:
        """The log of value or of its ratio to the control, as the line's own `basis` is."""
        if basis == "value":
            return math.log(self.value)
        return None if not self.control_value else math.log(self.value / self.control_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """`pins.json`."""

    pins: tuple[Pin, ...] = ()
    schema: int = PINS_SCHEMA


def load_pins(lab: LabFolder) -> tuple[Pin, ...]:
    """StoreError for a file that is damaged or of a newer devbench."""
    if not lab.pins.is_file():
        return ()
    try:
        data = json.loads(lab.pins.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{lab.pins} cannot be read: {error}", fix="restore it, or pin again") from error
    if isinstance(data, dict) and data.get("schema", 0) > PINS_SCHEMA:
        raise StoreError(f"{lab.pins} was written by a newer devbench", fix=StoreError.UPGRADE)
    return from_json(Pins, data).pins


def save_pins(lab: LabFolder, pins: Sequence[Pin]) -> None:
    lab.path.mkdir(parents=True, exist_ok=True)
    write_atomically(lab.pins, json.dumps(to_json(Pins(pins=tuple(pins))), indent=1))


def pins_of(
    lines: Iterable[Line], run_id: str, *, variants: Sequence[str], name: str | None
) -> tuple[Pin, ...]:
    """A pin for each line that has a number in that run; of an empty `variants`, all."""
    found = []
    for line in lines:
        if line.control or (variants and line.key.variant not in variants):
            continue
        for i, point in enumerate(line.points):
            if point.run_id != run_id or point.value is None or point.value <= 0:
                continue
            segment = next(s for s in line.segments if s.first <= i < s.end)
            found.append(
                Pin(
                    line=line.key.text,
                    device=line.key.device,
                    variant=line.key.variant,
                    run_id=run_id,
                    night=point.night,
                    value=point.value,
                    control_value=point.control_value,
                    files=Files(
                        model_sha256=point.variant_sha256, engine_sha256=segment.origin.engine_sha256
                    ),
                    name=name,
                )
            )
    return tuple(found)


def replaced(old: Sequence[Pin], new: Sequence[Pin]) -> tuple[Pin, ...]:
    """A line has one pin: the newer."""
    lines = {pin.line for pin in new}
    return (*(pin for pin in old if pin.line not in lines), *new)
