"""What concerns power: `dumpsys battery`, `dumpsys power`, `svc power`, `cmd power`, `cmd battery`."""

from __future__ import annotations

from devbench.virtual.android.body import Body
from devbench.virtual.android.call import Call, command

_FIXED_PERFORMANCE_SDK = 30
_MAX_CURRENT_UA = {"usb": 500000, "ac": 1500000, "wireless": 1000000, "none": 0}


async def dump_battery(call: Call, words: list[str]) -> int:
    """The service's own dump, or `set level 50`, `unplug`, `reset`: the words that testers know."""
    body = await call.handset.feel()
    if words:
        return change_battery(call, body, words)
    sdk, plugged = call.handset.profile.sdk, body.plugged
    call.print("Current Battery Service state:")
    call.print(f"  AC powered: {str(plugged == 'ac').lower()}")
    call.print(f"  USB powered: {str(plugged == 'usb').lower()}")
    call.print(f"  Wireless powered: {str(plugged == 'wireless').lower()}")
    if sdk >= 34:
        call.print("  Dock powered: false")
    if sdk >= 24:
        call.print(f"  Max charging current: {_MAX_CURRENT_UA[plugged]}")
        call.print(f"  Max charging voltage: {0 if plugged == 'none' else 5000000}")
        call.print(f"  Charge counter: {round(body.charge_uah)}")
    call.print(f"  status: {body.status}")
    call.print("  health: 2")
    call.print("  present: true")
    call.print(f"  level: {body.level_pct}")
    call.print("  scale: 100")
    call.print(f"  voltage: {body.voltage_mv}")
    call.print(f"  temperature: {round(body.temperature_c * 10)}")
    call.print(f"  technology: {call.handset.profile.battery.technology}")
    return 0


def change_battery(call: Call, body: Body, words: list[str]) -> int:
    verb, *rest = [word for word in words if word != "-f"]
    if verb == "unplug":
        body.plug("none")
    elif verb == "reset":
        body.forced.clear()
        body.plug(call.handset.profile.battery.plugged)
    elif verb == "set" and len(rest) == 2 and rest[0] in ("ac", "usb", "wireless"):
        body.plug(rest[0] if rest[1] == "1" else "none")
    elif (
        verb == "set"
        and len(rest) == 2
        and rest[0] in ("level", "status", "temp")
        and rest[1].lstrip("-").isdigit()
    ):
        body.forced[rest[0]] = int(rest[1])
    else:
        call.print("Unknown set option or command: " + " ".join(words))
        return 255
    return 0


async def dump_power(call: Call, _words: list[str]) -> int:
    """Only the lines that tools look for: wakefulness, plug, low power, stay-on."""
    state, body = call.handset.state, await call.handset.feel()
    plug = {"none": 0, "ac": 1, "usb": 2, "wireless": 4}[body.plugged]
    stay_on = int(state.settings["global"].get("stay_on_while_plugged_in", "0") or 0)
    call.print("POWER MANAGER (dumpsys power)")
    call.print()
    call.print("Power Manager State:")
    call.print("  mDirty=0x0")
    call.print(f"  mWakefulness={'Awake' if state.screen_on else 'Asleep'}")
    call.print("  mWakefulnessChanging=false")
    call.print(f"  mIsPowered={str(body.plugged != 'none').lower()}")
    call.print(f"  mPlugType={plug}")
    call.print(f"  mBatteryLevel={body.level_pct}")
    call.print("  mBootCompleted=true")
    call.print("  mSystemReady=true")
    call.print(f"  mStayOn={str(bool(stay_on & plug)).lower()}")
    if call.handset.profile.sdk >= 21:
        low = state.settings["global"].get("low_power") == "1"
        call.print(
            f"  mLowPowerModeEnabled={str(low).lower()}"
            if call.handset.profile.sdk < 26
            else f"  Battery Saver is {'on' if low else 'off'}"
        )
    call.print()
    call.print("Settings and Configuration:")
    call.print(f"  mStayOnWhilePluggedInSetting={stay_on}")
    call.print(f"  mScreenOffTimeoutSetting={state.settings['system'].get('screen_off_timeout', '60000')}")
    call.print()
    call.print(f"Display Power: state={'ON' if state.screen_on else 'OFF'}")
    return 0


@command("svc")
async def svc(call: Call) -> int:
    """`svc power stayon true|false|usb|ac|wireless`, `svc power reboot|shutdown`, `svc wifi enable`."""
    words = call.arguments
    values = {"true": "7", "usb": "2", "ac": "1", "wireless": "4", "false": "0"}
    if words[:2] == ["power", "stayon"] and len(words) == 3 and words[2] in values:
        call.handset.state.settings["global"]["stay_on_while_plugged_in"] = values[words[2]]
        call.handset.state.screen_on = call.handset.state.screen_on or words[2] != "false"
        call.handset.state.save()
        return 0
    if words[:2] in (["power", "reboot"], ["power", "shutdown"]):
        call.handset.reboot()
        return 0
    if (
        len(words) == 2
        and words[0] in ("wifi", "data", "nfc", "bluetooth")
        and words[1] in ("enable", "disable")
    ):
        return 0
    for line in (
        "Available commands:",
        "    help     Show information about the subcommands",
        "    power    Control the power manager",
    ):
        call.complain(line)
    return 255


async def cmd_power(call: Call, words: list[str]) -> int:
    """`set-fixed-performance-mode-enabled true` exists from Android 11, `set-mode 0|1` (battery saver) from 9."""
    state, sdk = call.handset.state, call.handset.profile.sdk
    verb, *rest = words or [""]
    if (
        verb == "set-fixed-performance-mode-enabled"
        and sdk >= _FIXED_PERFORMANCE_SDK
        and rest[:1] in (["true"], ["false"])
    ):
        state.fixed_performance = rest[0] == "true"
        return 0
    if verb == "set-mode" and sdk >= 28 and rest[:1] in (["0"], ["1"]):
        state.settings["global"]["low_power"] = rest[0]
        return 0
    call.complain(f"Unknown command: {verb}" if verb else "Power manager (power) commands:")
    return 255
