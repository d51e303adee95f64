"""dumpsys: which services there are, and who answers for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from devbench.virtual.android import cpuinfo, meminfo, packages, power, thermal
from devbench.virtual.android.call import Call, command

Dump: TypeAlias = Callable[[Call, list[str]], Awaitable[int]]


async def dump_display(call: Call, _words: list[str]) -> int:
    call.print("DISPLAY MANAGER (dumpsys display)")
    call.print(f"  mScreenState={'ON' if call.handset.state.screen_on else 'OFF'}")
    return 0


async def dump_window(call: Call, _words: list[str]) -> int:
    call.print("WINDOW MANAGER POLICY STATE (dumpsys window policy)")
    call.print(f"    mShowingLockscreen={str(not call.handset.state.screen_on).lower()}")
    call.print(f"    mScreenOnFully={str(call.handset.state.screen_on).lower()}")
    return 0


SERVICES: dict[str, Dump] = {
    "battery": power.dump_battery,
    "cpuinfo": cpuinfo.dump,
    "display": dump_display,
    "hardware_properties": thermal.dump_hardware_properties,
    "meminfo": meminfo.dump,
    "package": packages.dump_package_service,
    "power": power.dump_power,
    "thermalservice": thermal.dump,
    "window": dump_window,
}


@command("dumpsys")
async def dumpsys(call: Call) -> int:
    """`dumpsys [-t SECONDS] SERVICE [ARGUMENTS…]`, `dumpsys -l`."""
    words = list(call.arguments)
    while words[:1] in (["-t"], ["-T"]) and len(words) > 1:
        words = words[2:]
    known = call.handset.profile.dumpsys
    if words[:1] == ["-l"] or not words:
        call.print("Currently running services:")
        for name in sorted(known):
            call.print(f"  {name}")
        return 0
    name, arguments = words[0], words[1:]
    if name not in known:
        call.complain(f"Can't find service: {name}")
        return 0
    dump = SERVICES.get(name)
    return await dump(call, arguments) if dump else 0
