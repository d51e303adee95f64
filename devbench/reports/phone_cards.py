"""A card a phone: what it is, how it was before and after, under which conditions its numbers stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.session_cards import SessionCard, session_cards
from devbench.units import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A taint with the variants whose numbers carry it."""

    id: str
    sentence: str
    detail: str
    fix: str
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCard:
    """`facts` are (name, value, simulated); `states` (name, before, after, simulated).

    `conditions` are those that its sessions did not already meet at the gate.
    """

    title: str
    device: str
    labels: tuple[str, ...]
    facts: tuple[tuple[str, str, bool], ...]
    states: tuple[tuple[str, str, str, bool], ...]
    conditions: tuple[Condition, ...]
    sessions: tuple[SessionCard, ...]


def phone_cards(report: Report) -> tuple[PhoneCard, ...]:
    return tuple(_card(report, device) for device in report.run.header.devices)


def _card(report: Report, device: DeviceInfo) -> PhoneCard:
    mine = [s for s in (*report.summaries, *report.controls) if s.cell.device.device == device.device]
    runs = [m for m in report.run.measurements if m.device == device.device]
    before = next((m.state_before for m in runs if m.state_before), None)
    after = next((m.state_after for m in reversed(runs) if m.state_after), None)
    sessions = session_cards(report, device.device)
    at_gate = {finding.taint.id for card in sessions for finding in card.gate}
    return PhoneCard(
        title=device.model,
        device=device.device,
        labels=device.labels,
        facts=tuple(_facts(device, with_serials=report.with_serials)),
        states=tuple(_states(before, after, device)),
        conditions=tuple(c for c in _conditions(mine) if c.id not in at_gate),
        sessions=sessions,
    )


def _cores(count: int, max_khz: int | None) -> str:
    if max_khz:
        return f"{count} × {max_khz / 1e6:.2f} GHz"
    return f"{count} core{'s' if count > 1 else ''}"


def _facts(device: DeviceInfo, *, with_serials: bool) -> list[tuple[str, str, bool]]:
    groups = device.core_groups or ()
    cores = " + ".join(_cores(len(g.cpus), g.max_khz) for g in groups)
    facts = [
        ("maker", device.manufacturer),
        ("Android", _android(device)),
        ("SoC", device.soc),
        ("cores", cores or (f"{len(device.cores)}" if device.cores else None)),
        ("RAM", show(device.ram_bytes, "byte") if device.ram_bytes else None),
        ("ABIs", ", ".join(device.abis)),
        ("target", device.target),
        ("kernel", device.kernel),
        ("page size", f"{device.page_size_bytes} B" if device.page_size_bytes else None),
        ("build", device.fingerprint),
    ]
    if with_serials:
        facts += [("serial", device.serial), ("serial number", device.serialno)]
    return [(name, value or "unknown", _simulated(name, device)) for name, value in facts]


def _android(device: DeviceInfo) -> str | None:
    api = None if device.sdk is None else f"API {device.sdk}"
    if device.android_release is None:
        return api
    return device.android_release + (f" ({api})" if api else "")


# What a phone declares as simulated, and the rows of its card that rest on it.
_ROWS_OF = {
    "soc": ("SoC",),
    "clocks": ("cores", "fastest clock"),
    "ram": ("RAM", "free memory"),
    "battery": ("battery", "battery temperature"),
    "thermal": ("hottest sensor", "thermal status"),
}


def _simulated(name: str, device: DeviceInfo) -> bool:
    return any(name in _ROWS_OF.get(what, (what,)) for what in device.simulated)


def _states(
    before: DeviceState | None, after: DeviceState | None, device: DeviceInfo
) -> list[tuple[str, str, str, bool]]:
    rows = [
        (name, _state(before, name), _state(after, name), _simulated(name, device)) for name in _STATE_NAMES
    ]
    return [row for row in rows if row[1:3] != ("unknown", "unknown")]


_STATE_NAMES = (
    "battery", "battery temperature", "hottest sensor", "thermal status", "fastest clock", "free memory", "screen",
)  # fmt: skip


def _state(state: DeviceState | None, name: str) -> str:
    if state is None:
        return "unknown"
    hottest = max(state.temperatures_c.values(), default=None)
    clock = max(state.cpu_khz.values(), default=None)
    words: dict[str, str | None] = {
        "battery": _battery(state),
        "battery temperature": _with_unit(state.battery_temperature_c, "°C"),
        "hottest sensor": _with_unit(hottest, "°C"),
        "thermal status": None if state.thermal_status is None else str(state.thermal_status),
        "fastest clock": None if clock is None else f"{clock / 1e6:.2f} GHz",
        "free memory": None if state.mem_available_bytes is None else show(state.mem_available_bytes, "byte"),
        "screen": None if state.screen_on is None else ("on" if state.screen_on else "off"),
    }
    return words[name] or "unknown"


def _battery(state: DeviceState) -> str | None:
    if state.battery_level_pct is None:
        return None
    return ", ".join(filter(None, (f"{state.battery_level_pct:.0f} %", state.battery_status)))


def _with_unit(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:.1f} {unit}"


def _conditions(mine: Sequence[CellSummary]) -> tuple[Condition, ...]:
    found: dict[str, Condition] = {}
    for summary in mine:
        name = summary.cell.variant.variant
        for taint in summary.taints:
            known = found.get(taint.id)
            variants = (*known.variants, name) if known else (name,)
            found[taint.id] = Condition(
                id=taint.id,
                sentence=taint.sentence,
                detail=known.detail if known else taint.detail,
                fix=taint.fix,
                variants=tuple(dict.fromkeys(variants)),
            )
    return tuple(found.values())
