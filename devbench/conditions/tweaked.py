"""A phone as a session wants it, and as it was afterwards, however the session ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import Literal, TypeAlias

from devbench.conditions.clocks import held
from devbench.conditions.look import DEADLINE_S, Shell
from devbench.conditions.safety import FOLDER, Guard, Net, settle
from devbench.conditions.tweaks import (
    ORDER,
    Change,
    Left,
    Readings,
    parse_readings,
    plan_tweaks,
    readings_script,
)
from devbench.domain.device import DeviceInfo
from devbench.domain.taint import Taint
from devbench.errors import DeviceError

ClockState: TypeAlias = Literal["locked", "fixed-performance", "free"]


class Tweaks:
    """What was changed, what was left and why; `heartbeat` at least every ten minutes keeps it so.

    Afterwards `put_back` is `host`, `watchdog` (the phone does it) or `nothing`, and `differs` what was not as
    before.
    """

    def __init__(self, net: Net | None) -> None:
        self._net = net
        self._lost = False
        self.put_back = "nothing"
        self.differs: list[str] = []
        self.applied: list[Change] = []
        self.left: list[Left] = []
        self.locked_khz: dict[int, int] = {}

    def heartbeat(self) -> bool:
        """Tells the phone that this host is there; call it before every job and in long pauses.

        False when the phone has put everything back already, for it heard nothing for too long: from then on
        `taints` says so.
        """
        if self._net is not None and not self._lost:
            self._lost = not self._net.beat()
        return not self._lost

    @property
    def taints(self) -> tuple[Taint, ...]:
        """What marks results that are measured from now on."""
        if not self._lost:
            return ()
        return (
            Taint(
                id="TWEAKS-LOST",
                sentence="The phone put its settings back in the middle of the session.",
                detail=f"no word from this host for too long; changed before: {len(self.applied)} settings",
                fix="keep the host awake and the cable in, then measure again",
            ),
        )

    @property
    def clock_state(self) -> ClockState:
        """What the clocks are held by; a part of the series that results belong to."""
        if self.locked_khz:
            return "free" if any(left.tweak == "clock-lock" for left in self.left) else "locked"
        fixed = any(change.tweak == "fixed-performance" for change in self.applied)
        return "fixed-performance" if fixed else "free"

    @property
    def clock_label(self) -> str:
        """`clock_state` as a label like VIRTUAL: it never refuses and taints nothing."""
        return {"locked": "CLOCK-LOCKED", "fixed-performance": "CLOCK-FIXED", "free": "CLOCK-FREE"}[
            self.clock_state
        ]


@contextlib.contextmanager
def tweaked(
    phone: Shell,
    info: DeviceInfo,
    guard: Guard,
    *,
    wanted: Collection[str] = ORDER,
    told: Callable[[str], None] = lambda _: None,
    folder: str = FOLDER,
) -> Iterator[Tweaks]:
    """Applies `wanted` tweaks in ORDER; puts back what it changed on success, failure and Ctrl-C.

    A host that is killed, or whose cable is pulled, leaves that to the watchdog on the phone; a phone that was
    switched off meanwhile, to the next session. Without a watchdog nothing is changed. The caller's jobs on
    the phone must have ended, or be stopped, before the block ends. DeviceError only from before the block.
    """
    if settle(phone, folder=folder):
        told("settings that an earlier session left changed were put back")
    if not wanted:
        yield Tweaks(None)
        return
    before = _read(phone, info)
    plan = plan_tweaks(info, before, wanted)
    if not plan.changes:
        yield _untouched(plan.left)
        return
    net = Net(phone, guard, folder=folder)
    try:
        net.spread([change.undo for change in reversed(plan.changes)])
    except DeviceError as error:
        reason = f"nothing was changed, since it might not be put back: {error.message}"
        told(reason)
        yield _untouched((Left(tweak="all", reason=reason),))
        return
    tweaks = Tweaks(net)
    tweaks.left += plan.left
    try:
        _apply(phone, plan.changes, tweaks)
        _read_back(_read(phone, info), tweaks)
        yield tweaks
    finally:
        _put_back(phone, info, net, before, tweaks, told)


def _untouched(left: tuple[Left, ...]) -> Tweaks:
    tweaks = Tweaks(None)
    tweaks.left += left
    return tweaks


def _read(phone: Shell, info: DeviceInfo) -> Readings:
    return parse_readings(phone.shell(readings_script(info), deadline_s=DEADLINE_S).stdout)


def _apply(phone: Shell, changes: tuple[Change, ...], tweaks: Tweaks) -> None:
    for change in changes:
        result = phone.shell(change.do, deadline_s=DEADLINE_S)
        if change.checks and result.exit_code != 0:
            said = (result.stderr or result.stdout).strip()[:200]
            tweaks.left.append(Left(tweak=change.tweak, reason=f"{change.what}: the phone refuses: {said}"))
            continue
        tweaks.applied.append(change)


def _read_back(now: Readings, tweaks: Tweaks) -> None:
    """What did not take although nothing was refused. A lock that fails stays asked for: each run will tell."""
    for change in tweaks.applied:
        tweaks.locked_khz |= change.khz
        tweaks.left += [Left(tweak=change.tweak, reason=reason) for reason in _not_taken(change, now)]
    if any(change.tweak == "stay-awake" for change in tweaks.applied) and now.stays_on is False:
        tweaks.left.append(Left(tweak="stay-awake", reason="without effect: it works on a charger only"))


def _not_taken(change: Change, now: Readings) -> Iterator[str]:
    if change.setting is not None and now.settings.get(change.setting[0]) != change.setting[1]:
        yield f"{change.what}: it reads {now.settings.get(change.setting[0], 'nothing')}"
    if change.screen_on is not None and now.screen_on != change.screen_on:
        yield f"{change.what}: it did not"
    clocks = {clock.cpu: clock for clock in now.clocks}
    for cpu, khz in change.khz.items():
        if cpu not in clocks:
            yield f"{change.what}: not readable any more"
        elif not held(clocks[cpu], khz):
            clock = clocks[cpu]
            yield f"{change.what}: it runs at {clock.cur_khz} kHz within {clock.min_khz}-{clock.max_khz}"


def _put_back(
    phone: Shell,
    info: DeviceInfo,
    net: Net,
    before: Readings,
    tweaks: Tweaks,
    told: Callable[[str], None],
) -> None:
    tweaks.put_back = "watchdog"
    try:
        net.pull_in()
        after = _read(phone, info)
    except DeviceError as error:
        told(f"the phone puts its settings back itself, within ten minutes of its job's end: {error.message}")
        return
    tweaks.put_back = "host"
    tweaks.differs = differences(before, after)
    for trouble in tweaks.differs:
        told(f"not as it was before: {trouble}")


def differences(before: Readings, after: Readings) -> list[str]:
    """What differs between two readings of a phone, clocks of the moment aside."""
    found = [
        f"{key} is {after.settings.get(key, 'unknown')}, was {value}"
        for key, value in before.settings.items()
        if after.settings.get(key) != value
    ]
    limits = {clock.cpu: (clock.min_khz, clock.max_khz) for clock in after.clocks}
    for clock in before.clocks:
        then = (clock.min_khz, clock.max_khz)
        if limits.get(clock.cpu) != then:
            found.append(f"limits of cpu{clock.cpu} are {limits.get(clock.cpu)}, were {then}")
    if before.screen_on is not None and after.screen_on != before.screen_on:
        found.append(f"the screen is {'on' if after.screen_on else 'off'}")
    return found
