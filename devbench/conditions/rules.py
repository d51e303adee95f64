"""The gates of docs/conditions.md: each a small function of one scene, so that all problems are told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from devbench.conditions.facts import Facts, Findings, Missing, Scene
from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.taint import Taint

MIN_BATTERY_PCT = 25
MAX_BATTERY_C = 35
MIN_UPTIME_S = 300
MAX_FOREIGN_PCT = 10
MEMORY_FACTOR = 1.5
MAX_CANARY_RATIO = 1.10
THERMAL_STATUS_SDK = 29
BUSY_PATIENCE_S = 120.0
COOLING_PATIENCE_S = 300.0

Finding: TypeAlias = "Taint | Missing | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One gate. `patience_s`: how long it makes sense to wait for it to pass by itself; 0 means never."""

    id: str
    look: Callable[[Scene], Finding]
    patience_s: float = 0.0


def check(state: DeviceState, info: DeviceInfo, facts: Facts) -> Findings:
    """All gates over one phone at one moment."""
    scene = Scene(info=info, state=state, facts=facts)
    found = [rule.look(scene) for rule in RULES]
    return Findings(
        taints=tuple(f for f in found if isinstance(f, Taint)),
        missing=tuple(f for f in found if isinstance(f, Missing)),
        labels=info.labels,
    )


def _hot(scene: Scene) -> Finding:
    status = scene.state.thermal_status
    if status is None:
        if scene.info.sdk is not None and scene.info.sdk < THERMAL_STATUS_SDK:
            return Missing(id="HOT", reason="thermal status came with Android 10 (API 29)")
        reason = scene.why_missing("thermal_status", otherwise="the phone tells no thermal status")
        return Missing(id="HOT", reason=reason)
    if status == 0:
        return None
    return Taint(
        id="HOT",
        sentence="The phone is hot and may slow itself down.",
        detail=f"thermal status {status}, 0 is the limit",
        fix="let it cool down; take it out of its case and out of the sun",
    )


def _throttled(scene: Scene) -> Finding:
    ratio = scene.facts.canary_ratio
    if ratio is None:
        if scene.state.thermal_status is not None:
            return None  # the phone's own word is better than a guess from speed
        reason = scene.why_missing("canary_ratio", otherwise="no canary was run, or it was the first on this phone")
        return Missing(id="THROTTLED", reason=reason)
    if ratio <= MAX_CANARY_RATIO:
        return None
    return Taint(
        id="THROTTLED",
        sentence="A fixed piece of work takes longer than it did on this phone before.",
        detail=f"canary {ratio:.2f} × its baseline, {MAX_CANARY_RATIO:.2f} × is the limit",
        fix="let the phone cool down; look for a power-saving or performance mode that was changed",
    )


def _low_battery(scene: Scene) -> Finding:
    level = scene.state.battery_level_pct
    if level is None:
        reason = scene.why_missing("battery_level_pct", otherwise="no battery level")
        return Missing(id="LOW-BATTERY", reason=reason)
    if level >= MIN_BATTERY_PCT:
        return None
    return Taint(
        id="LOW-BATTERY",
        sentence="The battery is low; phones save power then.",
        detail=f"{level:g} %, at least {MIN_BATTERY_PCT} % is asked for",
        fix="charge the phone",
    )


def _hot_battery(scene: Scene) -> Finding:
    temperature = scene.state.battery_temperature_c
    if temperature is None:
        reason = scene.why_missing("battery_temperature_c", otherwise="no battery temperature")
        return Missing(id="HOT-BATTERY", reason=reason)
    if temperature <= MAX_BATTERY_C:
        return None
    return Taint(
        id="HOT-BATTERY",
        sentence="The battery is warm; the phone will soon slow down, or does already.",
        detail=f"{temperature:.1f} °C, at most {MAX_BATTERY_C} °C is asked for",
        fix="let it cool down; fast charging warms it too",
    )


def _battery_saver(scene: Scene) -> Finding:
    saver = scene.facts.battery_saver
    if saver is None:
        saver = scene.state.battery_saver
    if saver is None:
        reason = scene.why_missing("battery_saver", otherwise="the phone does not tell")
        return Missing(id="BATTERY-SAVER", reason=reason)
    if not saver:
        return None
    return Taint(
        id="BATTERY-SAVER",
        sentence="Battery saver is on and lowers clocks.",
        detail="settings global low_power = 1, 0 is asked for",
        fix="adb shell settings put global low_power 0, or plug the phone in",
    )


def _just_booted(scene: Scene) -> Finding:
    uptime, booted = scene.state.uptime_s, scene.facts.boot_completed
    if booted is not False and uptime is None:
        reason = scene.why_missing("uptime_s", otherwise="/proc/uptime cannot be read")
        return Missing(id="JUST-BOOTED", reason=reason)
    if booted is not False and uptime is not None and uptime >= MIN_UPTIME_S:
        return None
    detail = "it has not finished starting"
    if booted is not False:
        detail = f"up for {uptime:.0f} s, at least {MIN_UPTIME_S} s is asked for"
    return Taint(
        id="JUST-BOOTED",
        sentence="The phone has just started and still does its morning chores.",
        detail=detail,
        fix="wait five minutes",
    )


def _busy(scene: Scene) -> Finding:
    facts = scene.facts
    if facts.foreign_cpu_pct is None:
        reason = scene.why_missing("foreign_cpu_pct", otherwise="the load was not looked at")
        return Missing(id="BUSY", reason=reason)
    if facts.foreign_cpu_pct < MAX_FOREIGN_PCT:
        return None
    window = f" over {facts.foreign_window_s:.1f} s" if facts.foreign_window_s is not None else ""
    who = ", ".join(facts.busiest) or "nothing that its shell may see"
    return Taint(
        id="BUSY",
        sentence="Other work keeps the phone's CPUs busy.",
        detail=f"{facts.foreign_cpu_pct:.0f} % of one core{window}, "
        f"less than {MAX_FOREIGN_PCT} % is asked for; busiest: {who}",
        fix="close other apps; after an update wait until apps are optimised",
    )


def _low_memory(scene: Scene) -> Finding:
    available, peak = scene.state.mem_available_bytes, scene.facts.expected_peak_bytes
    if available is None:
        reason = scene.why_missing("mem_available_bytes", otherwise="no MemAvailable (Linux 3.14)")
        return Missing(id="LOW-MEMORY", reason=reason)
    if peak is None:
        reason = scene.why_missing("expected_peak_bytes", otherwise="the peak to expect is not known yet")
        return Missing(id="LOW-MEMORY", reason=reason)
    if available >= MEMORY_FACTOR * peak:
        return None
    return Taint(
        id="LOW-MEMORY",
        sentence="Memory is short: the kernel will reclaim or kill while it is measured.",
        detail=f"{available / 2**20:.0f} MiB available, {MEMORY_FACTOR} × the expected peak of "
        f"{peak / 2**20:.0f} MiB is asked for",
        fix="close other apps, or reboot the phone",
    )


def _eng_build(scene: Scene) -> Finding:
    if scene.info.build_type is None:
        return Missing(id="ENG-BUILD", reason="the phone has no ro.build.type")
    if scene.info.build_type != "eng":
        return None
    return Taint(
        id="ENG-BUILD",
        sentence="This is an engineering build: it has checks and logs that no user's phone has.",
        detail="ro.build.type = eng, user or userdebug is asked for",
        fix="flash a user or userdebug build",
    )


def _screen_off(scene: Scene) -> Finding:
    if scene.facts.screen_on is None:
        reason = scene.why_missing("screen_on", otherwise="the phone does not tell whether its screen is on")
        return Missing(id="SCREEN-OFF", reason=reason)
    if scene.facts.screen_on or not scene.facts.needs_screen:
        return None
    return Taint(
        id="SCREEN-OFF",
        sentence="The screen is off; an app is slowed down or stopped then.",
        detail="screen off, on is asked for",
        fix="adb shell input keyevent KEYCODE_WAKEUP",
    )


def _screen_locked(scene: Scene) -> Finding:
    if not scene.facts.needs_screen:
        return None
    if scene.facts.screen_locked is None:
        reason = scene.why_missing("screen_locked", otherwise="the phone does not tell whether it is locked")
        return Missing(id="SCREEN-LOCKED", reason=reason)
    if not scene.facts.screen_locked:
        return None
    return Taint(
        id="SCREEN-LOCKED",
        sentence="The lock screen covers the app, so it does not run in the foreground.",
        detail="locked, unlocked is asked for",
        fix="unlock the phone; a phone of a lab should have no screen lock",
    )


def _shared_cores(scene: Scene) -> Finding:
    if "SHARED-CORES" not in scene.info.labels:
        return None
    return Taint(
        id="SHARED-CORES",
        sentence="The phone's cores are shared with other phones that measure at the same time.",
        detail="it says so in ro.devbench.labels",
        fix="start it without --share-cores",
    )


RULES: tuple[Rule, ...] = (
    Rule(id="HOT", look=_hot, patience_s=COOLING_PATIENCE_S),
    Rule(id="THROTTLED", look=_throttled, patience_s=COOLING_PATIENCE_S),
    Rule(id="LOW-BATTERY", look=_low_battery),
    Rule(id="HOT-BATTERY", look=_hot_battery, patience_s=COOLING_PATIENCE_S),
    Rule(id="BATTERY-SAVER", look=_battery_saver),
    Rule(id="JUST-BOOTED", look=_just_booted, patience_s=MIN_UPTIME_S),
    Rule(id="BUSY", look=_busy, patience_s=BUSY_PATIENCE_S),
    Rule(id="LOW-MEMORY", look=_low_memory),
    Rule(id="ENG-BUILD", look=_eng_build),
    Rule(id="SCREEN-OFF", look=_screen_off),
    Rule(id="SCREEN-LOCKED", look=_screen_locked),
    Rule(id="SHARED-CORES", look=_shared_cores),
)
GATE_IDS: tuple[str, ...] = tuple(rule.id for rule in RULES)
PATIENCE_S: dict[str, float] = {rule.id: rule.patience_s for rule in RULES}
