"""What devbench changes on a phone for a session, in one order; planned from what the phone says, so pure.

Each change knows how to undo itself in one line of shell. A value that is as wanted already is left alone, and
so is one that could not be put back.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from devbench.conditions.clocks import CLOCKS_SCRIPT, CpuClock, parse_clocks, set_limits, target_khz
from devbench.conditions.screen import POWER_SCRIPT, parse_screen_on, parse_stays_on
from devbench.conditions.sections import parse_sections
from devbench.domain.device import DeviceInfo

# the order in which they are applied; undone in the reverse
ORDER: tuple[str, ...] = ("stay-awake", "animations", "background", "fixed-performance", "clock-lock")
_DELETE_SDK = 21
WAKE_SDK = 20
_FIXED_PERFORMANCE_SDK = 30
_DEXOPT_SDK = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    tweak: str
    key: str
    wanted: str
    unset: str  # what Android takes an unset key for


SETTINGS: tuple[_Setting, ...] = (
    # on AC, USB and wireless power
    _Setting(tweak="stay-awake", key="stay_on_while_plugged_in", wanted="7", unset="0"),
    # spelled as Android's own developer options do
    _Setting(tweak="animations", key="window_animation_scale", wanted="0.0", unset="1.0"),
    _Setting(tweak="animations", key="transition_animation_scale", wanted="0.0", unset="1.0"),
    _Setting(tweak="animations", key="animator_duration_scale", wanted="0.0", unset="1.0"),
    # scans for places go on with Wi-Fi and Bluetooth off
    _Setting(tweak="background", key="wifi_scan_always_enabled", wanted="0", unset="0"),
    _Setting(tweak="background", key="ble_scan_always_enabled", wanted="0", unset="0"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a phone says before anything is changed; `settings` holds the keys it answered for."""

    settings: dict[str, str] = field(default_factory=dict)
    screen_on: bool | None = None
    stays_on: bool | None = None
    root: bool = False
    clocks: tuple[CpuClock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One command, the one that undoes it, and what to tell.

    What reads back whether it took effect: `setting` (key, value), `khz` by CPU, `screen_on`; and the exit
    status if `checks`.
    """

    tweak: str
    what: str
    do: str
    undo: str
    checks: bool = True
    setting: tuple[str, str] | None = None
    screen_on: bool | None = None
    khz: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A tweak that was not made, or did not hold, and why."""

    tweak: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to change, in order, and what to leave."""

    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()


def readings_script(info: DeviceInfo) -> str:
    """Everything a plan needs, in one command."""
    parts = ["echo '== id'; id", f"echo '== clocks'; {CLOCKS_SCRIPT}"]
    if info.sdk is not None:
        keys = " ".join(setting.key for setting in SETTINGS)
        parts.append(
            f"echo '== settings'; for k in {keys}; do echo \"$k=$(settings get global $k)\"; done; "
            f"echo '== power'; {POWER_SCRIPT}"
        )
    return "(" + "; ".join(parts) + ") 2>/dev/null"


def parse_readings(text: str) -> Readings:
    """`Readings` from the output of `readings_script`."""
    sections = parse_sections(text)
    return Readings(
        settings=dict(re.findall(r"^(\w+)=(\S+)\s*$", sections.get("settings", ""), re.MULTILINE)),
        screen_on=parse_screen_on(sections.get("power", "")),
        stays_on=parse_stays_on(sections.get("power", "")),
        root=re.match(r"\s*uid=0\b", sections.get("id", "")) is not None,
        clocks=parse_clocks(sections.get("clocks", "")),
    )


def plan_tweaks(info: DeviceInfo, now: Readings, wanted: Collection[str] = ORDER) -> Plan:
    """The changes that this phone needs and allows, in `ORDER`."""
    changes: list[Change] = []
    left: list[Left] = []
    for tweak in ORDER:
        if tweak not in wanted:
            continue
        for step in _PLANNERS[tweak](info, now):
            (changes if isinstance(step, Change) else left).append(step)  # type: ignore[arg-type]
    if any(change.tweak == "clock-lock" for change in changes):
        # a performance mode sets clock limits of its own: one hand on them is enough
        changes = [change for change in changes if change.tweak != "fixed-performance"]
    return Plan(changes=tuple(changes), left=tuple(left))


def _settings(tweak: str, info: DeviceInfo, now: Readings) -> Iterator[Change | Left]:
    for setting in SETTINGS:
        if setting.tweak == tweak:
            yield from _setting(setting, info, now.settings)


def _setting(setting: _Setting, info: DeviceInfo, values: Mapping[str, str]) -> Iterator[Change | Left]:
    old = values.get(setting.key)
    known = old is not None and (old == "null" or re.fullmatch(r"-?\d+(\.\d+)?", old) is not None)
    if old is None or not known:
        yield Left(tweak=setting.tweak, reason=f"settings does not tell {setting.key}: {old or 'no answer'}")
        return
    unset = old == "null"
    if float(setting.unset if unset else old) == float(setting.wanted):
        return
    if unset and (info.sdk or 0) < _DELETE_SDK:
        yield Left(
            tweak=setting.tweak, reason=f"{setting.key} was never set, and this Android cannot unset it"
        )
        return
    key, new = setting.key, setting.wanted
    back = f"settings delete global {key}" if unset else f"settings put global {key} {shlex.quote(old)}"
    yield Change(
        tweak=setting.tweak,
        what=f"global {key}: {'unset' if unset else old} → {new}",
        do=f"settings put global {key} {new}",
        setting=(key, new),
        # what somebody else has set meanwhile is theirs
        undo=f'[ "$(settings get global {key})" = {new} ] && {back}',
    )


def _stay_awake(info: DeviceInfo, now: Readings) -> Iterator[Change | Left]:
    yield from _settings("stay-awake", info, now)
    if now.screen_on is None and info.sdk is not None:
        yield Left(tweak="stay-awake", reason="the phone does not tell whether its screen is on")
    elif now.screen_on is False and (info.sdk or 0) < WAKE_SDK:
        yield Left(tweak="stay-awake", reason="the screen is off, and this Android has no wake-up key")
    elif now.screen_on is False:
        yield Change(
            tweak="stay-awake",
            what="screen: off → on",
            do="input keyevent 224",
            screen_on=True,
            undo="input keyevent 223",
        )


def _background(info: DeviceInfo, now: Readings) -> Iterator[Change | Left]:
    yield from _settings("background", info, now)
    if (info.sdk or 0) >= _DEXOPT_SDK:
        # not readable; the switch is kept in memory, so it is on in every phone since its start
        yield Change(
            tweak="background",
            what="compiling of apps when idle: on → off",
            do="cmd package bg-dexopt-job --disable",
            undo="cmd package bg-dexopt-job --enable",
        )


def _fixed_performance(info: DeviceInfo, _now: Readings) -> Iterator[Change | Left]:
    if info.sdk is None or info.sdk < _FIXED_PERFORMANCE_SDK:
        yield Left(tweak="fixed-performance", reason="it came with Android 11 (API 30)")
        return
    # not readable either: kept in memory, off since the phone's start unless somebody asked
    yield Change(
        tweak="fixed-performance",
        what="fixed-performance mode: off → on",
        do="cmd power set-fixed-performance-mode-enabled true",
        undo="cmd power set-fixed-performance-mode-enabled false",
    )


def _clock_lock(_info: DeviceInfo, now: Readings) -> Iterator[Change | Left]:
    if not now.root:
        yield Left(tweak="clock-lock", reason="its shell is not root (`adb root` on userdebug builds)")
    elif not now.clocks:
        yield Left(tweak="clock-lock", reason="no cpufreq folder may be read")
    for clock in now.clocks if now.root else ():
        khz = target_khz(clock)
        if khz is None:
            yield Left(tweak="clock-lock", reason=f"cpu{clock.cpu} has one clock step only")
            continue
        yield Change(
            tweak="clock-lock",
            what=f"cpu{clock.cpu}: {clock.min_khz}-{clock.max_khz} kHz → {khz} kHz",
            do=set_limits(clock.cpu, khz, khz),
            undo=set_limits(clock.cpu, clock.min_khz, clock.max_khz),
            checks=False,  # reading back tells more than the exit status of `echo`
            khz={clock.cpu: khz},
        )


_PLANNERS: dict[str, Callable[[DeviceInfo, Readings], Iterator[Change | Left]]] = {
    "stay-awake": _stay_awake,
    "animations": lambda info, now: _settings("animations", info, now),
    "background": _background,
    "fixed-performance": _fixed_performance,
    "clock-lock": _clock_lock,
}
