"""From `--device` to usable phones, with the reason and the way out for each that is not."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.adb.translate import state_fix
from devbench.devices.probe import probe
from devbench.domain.device import DeviceInfo, Reject
from devbench.errors import DevbenchError, DeviceGone, DeviceOffline, UsageError

if TYPE_CHECKING:
    from devbench.adb import Server, Transport

PROBE_WORKERS = 8
BACK_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Phones that can be used and those that cannot; `unmatched` are parts of SPEC that named nothing."""

    devices: tuple[DeviceInfo, ...]
    rejects: tuple[Reject, ...]
    unmatched: tuple[str, ...] = ()


def select(server: Server, spec: str = "all") -> Selection:
    """The phones on `server` that `spec` names: `all`, `model=…`, device names, transport serials.

    Where a part of `spec` names nothing, every reject is told: it may be the one that was meant.
    """
    wanted = _parts(spec)
    transports = server.transports()
    counts = Counter(t.serial for t in transports)
    rejects = [_reject(t, counts[t.serial]) for t in transports if not _usable(t, counts)]
    usable = [t for t in transports if _usable(t, counts)]
    direct = [t for t in usable if t.serial in wanted]
    # a serial needs no look at the other phones, which may be busy or slow
    asked = direct if len(direct) == len(wanted) else usable
    with ThreadPoolExecutor(max_workers=PROBE_WORKERS) as pool:
        answers = list(pool.map(lambda t: _probe(server, t), asked))
    probed = [answer for answer in answers if isinstance(answer, DeviceInfo)]
    rejects += [answer for answer in answers if isinstance(answer, Reject)]
    probed, twins = _without_twins(probed)
    rejects += twins
    chosen, unnamed = choose(probed, spec)
    unmatched = tuple(part for part in unnamed if part not in counts)
    if not unmatched and not any(part == "all" or part.startswith("model=") for part in wanted):
        rejects = [r for r in rejects if r.serial in wanted]
    return Selection(devices=chosen, rejects=tuple(rejects), unmatched=unmatched)


def choose(infos: Sequence[DeviceInfo], spec: str) -> tuple[tuple[DeviceInfo, ...], tuple[str, ...]]:
    """Those of `infos` that `spec` names, and the parts of it that name none of them."""
    wanted = _parts(spec)
    chosen = tuple(info for info in infos if any(_matches(info, part) for part in wanted))
    unmatched = tuple(
        part for part in wanted if part != "all" and not any(_matches(info, part) for info in infos)
    )
    return chosen, unmatched


def _parts(spec: str) -> list[str]:
    wanted = [part.strip() for part in spec.split(",") if part.strip()] or ["all"]
    for part in wanted:
        _check_part(part)
    return wanted


def _usable(transport: Transport, counts: Counter[str]) -> bool:
    return transport.state == "device" and counts[transport.serial] == 1


def _reject(transport: Transport, count: int) -> Reject:
    if count > 1:
        return Reject(
            serial=transport.serial,
            state="ambiguous",
            reason=f"{count} phones share this serial, so a command could reach either",
            fix="unplug all but one of them, or connect one over Wi-Fi (adb tcpip 5555; adb connect …)",
        )
    reason, fix = state_fix(transport.state)
    return Reject(serial=transport.serial, state=transport.state, reason=reason, fix=fix)


def _probe(server: Server, transport: Transport) -> DeviceInfo | Reject:
    """A phone whose connection breaks just now is asked once more when it is back."""
    for again in (True, False):
        try:
            return probe(server.phone(transport.serial))
        except DevbenchError as error:
            if not (again and isinstance(error, DeviceOffline | DeviceGone) and _back(server, transport.serial)):
                fix = error.fix or "try again; `devbench doctor` looks closer"
                return Reject(serial=transport.serial, state="unanswering", reason=error.message, fix=fix)
    raise AssertionError("not reached")


def _back(server: Server, serial: str) -> bool:
    """Whether the phone is usable again within BACK_WITHIN_S."""
    with contextlib.suppress(DevbenchError):
        if ":" in serial:
            server.connect(serial, deadline_s=BACK_WITHIN_S)
        for transports in server.track(deadline_s=BACK_WITHIN_S):
            if any(t.serial == serial and t.state == "device" for t in transports):
                return True
    return False


def _without_twins(infos: list[DeviceInfo]) -> tuple[list[DeviceInfo], list[Reject]]:
    """One phone may be on the server twice (cable and Wi-Fi): the first transport is kept."""
    kept: dict[str, DeviceInfo] = {}
    twins: list[Reject] = []
    for info in infos:
        first = kept.setdefault(info.device, info)
        if first is not info:
            reason = f"it calls itself {info.device}, as {first.serial} does: one phone twice, or two of one serial"
            fix = f"disconnect one of the two, or choose: --device {first.serial} or --device {info.serial}"
            twins.append(Reject(serial=info.serial, state="twin", reason=reason, fix=fix))
    return list(kept.values()), twins


def _check_part(part: str) -> None:
    key, equals, _ = part.partition("=")
    if equals and key != "model" and "/" not in part and ":" not in part:
        raise UsageError(f"--device: unknown key {key!r} in {part!r}", fix="use model=NAME")


def _matches(info: DeviceInfo, part: str) -> bool:
    key, equals, value = part.partition("=")
    if equals and key == "model":
        return value.casefold() in info.model.casefold()
    return part in ("all", info.device, info.serial)
