"""getprop and setprop."""

from __future__ import annotations

from devbench.virtual.android.call import Call, command

_VALUE_LIMIT = 92


@command("getprop")
async def getprop(call: Call) -> int:
    """`getprop`, `getprop KEY`, `getprop KEY DEFAULT`; an unknown key is an empty line."""
    properties = call.handset.state.properties
    if not call.arguments:
        for key in sorted(properties):
            call.print(f"[{key}]: [{properties[key]}]")
        return 0
    default = call.arguments[1] if len(call.arguments) > 1 else ""
    call.print(properties.get(call.arguments[0]) or default)
    return 0


@command("setprop")
async def setprop(call: Call) -> int:
    """Read-only ones keep their value, and what is too long is refused, in the words of the time."""
    if len(call.arguments) != 2:
        call.complain("usage: setprop NAME VALUE")
        return 1
    key, value = call.arguments
    state, sdk = call.handset.state, call.handset.profile.sdk
    if (key.startswith("ro.") and key in state.properties) or (
        len(value) >= _VALUE_LIMIT and not key.startswith("ro.")
    ):
        if sdk >= 26:
            call.complain(f"setprop: failed to set property '{key}' to '{value}'")
            return 1
        call.complain("could not set property")
        return 1
    state.properties[key] = value
    if key.startswith("persist."):
        state.save()
    return 0
