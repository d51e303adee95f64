"""am: starts the activities that this phone can stand in for, and ends them."""

from __future__ import annotations

from devbench.virtual.android import app, stock_app
from devbench.virtual.android.call import Call, command


@command("am")
async def am(call: Call) -> int:
    """`start`, `force-stop`; what needs a framework is refused as on a phone where it is not installed."""
    verb, *words = call.arguments or [""]
    if verb == "force-stop" and words:
        await app.force_stop(call.handset, words[-1])
        return 0
    if verb in ("force-stop", "kill", "kill-all", "broadcast", "wait-for-broadcast-idle"):
        if verb == "broadcast":
            call.print("Broadcasting: Intent { flg=0x400000 }\nBroadcast completed: result=0")
        return 0
    if verb in ("start", "start-activity"):
        return await start(call, words)
    if verb in ("startservice", "start-service", "instrument"):
        call.complain("Error type 3\nError: Activity class does not exist: this phone has no Java framework.")
        return 1
    call.complain(f"Error: unknown command '{verb}'" if verb else "usage: am [subcommand] [options]")
    return 1 if call.handset.profile.sdk < 26 else 255


async def start(call: Call, words: list[str]) -> int:
    """`am start [-S] [-W] -n PACKAGE/ACTIVITY [--es NAME VALUE]…`."""
    component, extras = "", {}
    rest = iter(words)
    for word in rest:
        if word == "-n":
            component = next(rest, "")
        elif word in ("--es", "-e"):
            name, value = next(rest, ""), next(rest, "")
            extras[name] = value
    package, _, name = component.partition("/")
    call.print(f"Starting: Intent {{ cmp={component}{' (has extras)' if extras else ''} }}")
    if component not in (*app.ACTIVITIES, *stock_app.ACTIVITIES) or package not in call.handset.state.packages:
        full = f"{package}{name}" if name.startswith(".") else name
        call.complain(f"Error type 3\nError: Activity class {{{package}/{full}}} does not exist.")
        return 1 if call.handset.profile.sdk >= 30 else 0
    if "-S" in words:
        await app.force_stop(call.handset, package)
    if component in app.ACTIVITIES:
        await app.start(call, extras)
    elif not await stock_app.start(call, extras):
        call.complain("Error: this phone has no virtual machine, and no program stands in for the app's library.")
    return 0
