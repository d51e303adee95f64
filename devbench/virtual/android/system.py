"""The rest of what shell users expect: cmd, wm, input, reboot, uptime, service and friends."""

from __future__ import annotations

import asyncio
import time

from devbench.virtual.android import activities, packages, power
from devbench.virtual.android import settings as settings_service
from devbench.virtual.android.call import Call, command
from devbench.virtual.android.dumpsys import SERVICES


@command("cmd")
async def cmd(call: Call) -> int:
    """`cmd SERVICE ARGUMENTS…`; services without shell commands say so, unknown ones are not found."""
    words = [word for word in call.arguments if word != "-w"]
    if not words:
        call.complain("cmd: No service specified; use -l to list all services")
        return 20
    if words[0] == "-l":
        call.print("Currently running services:")
        for name in sorted({*call.handset.profile.dumpsys, "settings"}):
            call.print(f"  {name}")
        return 0
    name, call.arguments = words[0], words[1:]
    if name == "package":
        return await packages.pm(call)
    if name == "activity":
        return await activities.am(call)
    if name == "settings":
        return await settings_service.settings(call)
    if name == "power":
        return await power.cmd_power(call, call.arguments)
    if name == "battery":
        return await power.dump_battery(call, call.arguments)
    if name == "thermalservice" and name in call.handset.profile.dumpsys:
        return await cmd_thermal(call)
    if name not in call.handset.profile.dumpsys:
        call.complain(f"cmd: Can't find service: {name}")
        return 20
    call.complain("No shell command implementation.")
    return 255


async def cmd_thermal(call: Call) -> int:
    """`override-status N`, `reset`."""
    body = call.handset.body
    verb, *rest = call.arguments or [""]
    if verb == "override-status" and rest[:1] and rest[0].isdigit():
        body.forced["thermal"] = int(rest[0])
        return 0
    if verb == "reset":
        body.forced.pop("thermal", None)
        return 0
    call.complain(f"Unknown command: {verb}")
    return 255


@command("wm")
async def wm(call: Call) -> int:
    """`size` and `density`, those of the profile's display."""
    verb = call.arguments[0] if call.arguments else ""
    answers = {"size": "Physical size: 1080x1920", "density": "Physical density: 420"}
    if verb not in answers:
        call.complain("usage: wm [size|density]")
        return 1
    call.print(answers[verb])
    return 0


@command("input")
async def press(call: Call) -> int:
    """Only the power, wake-up and sleep keys do anything: they turn the screen on and off."""
    state = call.handset.state
    if call.arguments[:1] == ["keyevent"]:
        key = (call.arguments[-1]).removeprefix("KEYCODE_").upper()
        if key in ("26", "POWER"):
            state.screen_on = not state.screen_on
        elif key in ("224", "WAKEUP"):
            state.screen_on = True
        elif key in ("223", "SLEEP"):
            state.screen_on = False
    return 0


@command("reboot")
async def reboot(call: Call) -> int:
    call.handset.reboot()
    await asyncio.sleep(30)
    return 0


@command("uptime")
async def uptime(call: Call) -> int:
    """Toolbox tells it in its own words, toybox as Unix does; the load is the host's, which is the truth."""
    seconds = int(call.handset.clock.uptime_s())
    load = (await call.handset.read_text("/proc/loadavg")).split()[:3]
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if call.handset.profile.sdk < 23:
        span = f"{hours:02d}:{minutes:02d}:{seconds % 60:02d}"
        call.print(f"up time: {span}, idle time: {span}, sleep time: 00:00:00")
    else:
        now = time.strftime("%H:%M:%S", time.gmtime(call.handset.clock.wall_s()))
        passed = f"{days} days, " if days else ""
        span = f"{hours:2d}:{minutes:02d}" if hours else f"{minutes} min"
        call.print(f" {now} up {passed}{span},  0 users,  load average: {', '.join(load)}")
    return 0


@command("service")
async def service(call: Call) -> int:
    """`service list`, `service check NAME`."""
    names = sorted(name for name in call.handset.profile.dumpsys)
    if call.arguments[:1] == ["list"]:
        call.print(f"Found {len(names)} services:")
        for number, name in enumerate(names):
            call.print(f"{number}\t{name}: []")
        return 0
    if call.arguments[:1] == ["check"] and len(call.arguments) == 2:
        found = call.arguments[1] in SERVICES or call.arguments[1] in names
        call.print(f"Service {call.arguments[1]}: {'found' if found else 'not found'}")
        return 0
    call.complain("Usage: service [-h|-?]\n       service list\n       service check SERVICE")
    return 10


@command("getenforce")
async def getenforce(call: Call) -> int:
    call.print("Enforcing")
    return 0


@command("start", "stop", "monkey", "ime", "appops", "content", "screencap")
async def not_here(call: Call) -> int:
    """Present on every phone, of no use without a framework: they say so instead of doing nothing."""
    call.complain(f"{call.name}: this phone has no Java framework")
    return 1
