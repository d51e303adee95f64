"""Looks at a phone before a session: two scripts with five seconds between them, for all gates together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devbench.adb import ShellResult
from devbench.conditions.facts import Facts, Findings
from devbench.conditions.load import (
    PROCESSES_SCRIPT,
    STAT_SCRIPT,
    CpuTimes,
    Load,
    load_between,
    parse_cpu_times,
)
from devbench.conditions.rules import check
from devbench.conditions.screen import LOCK_SCRIPT, POWER_SCRIPT, parse_locked, parse_screen_on
from devbench.conditions.sections import parse_sections
from devbench.devices.state import parse_state, state_script
from devbench.domain.device import DeviceInfo, DeviceState
from devbench.errors import DeadlinePassed

WINDOW_S = 5.0
DEADLINE_S = 20.0
SETTINGS_SDK = 17
BATTERY_SAVER_SDK = 21
_LOAD_SCRIPT = (
    f"echo '== uptime'; cat /proc/uptime; echo '== stat'; {STAT_SCRIPT}; "
    f"echo '== processes'; {PROCESSES_SCRIPT}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found, and the state it was found in."""

    state: DeviceState
    findings: Findings


class Shell(Protocol):
    """What is needed of a phone here; `devbench.adb.Phone` is one."""

    @property
    def serial(self) -> str: ...

    def shell(self, command: str, *, deadline_s: float = ..., check: bool = ...) -> ShellResult: ...


def look(
    phone: Shell,
    info: DeviceInfo,
    *,
    wait: Callable[[float], None],
    expected_peak_bytes: int | None = None,
    needs_screen: bool = False,
    canary_ratio: float | None = None,
    window_s: float = WINDOW_S,
) -> Look:
    """All gates of a phone now; takes `window_s`, which `wait` lets pass (and may raise to end it).

    A system server that hangs costs what only it knows: those gates are missing.
    """
    services = True
    try:
        first = phone.shell(facts_script(info, needs_screen=needs_screen), deadline_s=DEADLINE_S).stdout
    except DeadlinePassed:
        services = False
        first = phone.shell(facts_script(info, services=False), deadline_s=DEADLINE_S).stdout
    wait(window_s)
    # the load is read first: the state's own commands would otherwise be part of it
    load = f"({_LOAD_SCRIPT}) 2>/dev/null"
    try:
        second = phone.shell(
            f"{load}; {state_script(info, services=services)}", deadline_s=DEADLINE_S
        ).stdout
    except DeadlinePassed:
        second = phone.shell(f"{load}; {state_script(info, services=False)}", deadline_s=DEADLINE_S).stdout
    facts = parse_facts(
        first,
        second,
        info,
        expected_peak_bytes=expected_peak_bytes,
        needs_screen=needs_screen,
        canary_ratio=canary_ratio,
    )
    state = parse_state(second, info)
    return Look(state=state, findings=check(state, info, facts))


def facts_script(info: DeviceInfo, *, needs_screen: bool = False, services: bool = True) -> str:
    """Settings, properties and screen, and the load last, so that the look itself is not part of the window."""
    parts = []
    if info.sdk is not None:
        parts.append("echo '== booted'; getprop sys.boot_completed")
    if info.sdk is not None and services:
        parts.append(f"echo '== power'; {POWER_SCRIPT}")
        if info.sdk >= BATTERY_SAVER_SDK:
            parts.append("echo '== saver'; settings get global low_power")
        if needs_screen:
            parts.append(f"echo '== lock'; {LOCK_SCRIPT}")
    return "(" + "; ".join([*parts, _LOAD_SCRIPT]) + ") 2>/dev/null"


def parse_facts(
    first: str,
    second: str,
    info: DeviceInfo,
    *,
    expected_peak_bytes: int | None = None,
    needs_screen: bool = False,
    canary_ratio: float | None = None,
) -> Facts:
    """`Facts` from the outputs of both scripts."""
    sections, missing = parse_sections(first), {}
    load = _load(first, second, info)
    if load is None:
        missing["foreign_cpu_pct"] = "/proc/stat cannot be read by this phone's shell"
    saver = {"0": False, "null": False, "1": True}.get(sections.get("saver", "").strip())
    if saver is None:
        old = info.sdk is not None and info.sdk < BATTERY_SAVER_SDK
        missing["battery_saver"] = (
            "battery saver came with Android 5.0 (API 21)" if old else _not_told(info, "settings low_power")
        )
    screen_on = parse_screen_on(sections.get("power", ""))
    if screen_on is None:
        missing["screen_on"] = _not_told(info, "dumpsys power")
    locked = parse_locked(sections.get("lock", ""))
    if locked is None and needs_screen:
        missing["screen_locked"] = _not_told(info, "dumpsys window policy")
    return Facts(
        # the property appears when Android has started; a Linux board has none and is up when it answers
        boot_completed=sections.get("booted", "").strip() == "1" if info.sdk is not None else None,
        battery_saver=saver,
        screen_on=screen_on,
        screen_locked=locked,
        foreign_cpu_pct=load.pct if load else None,
        foreign_window_s=load.window_s if load else None,
        busiest=load.busiest if load else (),
        canary_ratio=canary_ratio,
        expected_peak_bytes=expected_peak_bytes,
        needs_screen=needs_screen,
        missing=missing,
    )


def _not_told(info: DeviceInfo, what: str) -> str:
    return f"{what} says nothing about it" if info.sdk is not None else "not an Android phone"


def _load(first: str, second: str, info: DeviceInfo) -> Load | None:
    """On the CPUs that a shell may use: nothing is measured on others."""
    before, after = _cpu_times(first), _cpu_times(second)
    cpus = {str(cpu) for cpu in info.allowed_cpus}
    return load_between(before, after, cpus=cpus or None) if before and after else None


def _cpu_times(text: str) -> CpuTimes | None:
    sections = parse_sections(text)
    names = ("uptime", "stat", "processes")
    return parse_cpu_times(*(sections.get(name, "") for name in names))
