"""settings, and its place among the services of `cmd`."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.virtual.android.call import Call, command

_NAMESPACES = ("system", "secure", "global")


def _without_user(arguments: Sequence[str]) -> list[str]:
    """The words without `--user ID`; a `0` elsewhere is a value."""
    words: list[str] = []
    for before, word in zip(("", *arguments), arguments, strict=False):
        if word not in ("--user", "--lineage") and before != "--user":
            words.append(word)
    return words


@command("settings")
async def settings(call: Call) -> int:
    """`get`, `put`, `delete`, `list`, each with a namespace; an unset key is `null`, as on a phone."""
    words = _without_user(call.arguments)
    verb, namespace, *rest = [*words, "", ""][:2] + words[2:]
    if namespace not in _NAMESPACES or verb not in ("get", "put", "delete", "list"):
        call.complain(
            "Invalid command or namespace" if words else "usage: settings get|put|delete|list NAMESPACE …"
        )
        return 1 if call.handset.profile.sdk < 26 else 255
    table = call.handset.state.settings[namespace]
    if verb == "list":
        for key in sorted(table):
            call.print(f"{key}={table[key]}")
        return 0
    if not rest or (verb == "put" and len(rest) < 2):
        call.complain("Bad arguments")
        return 255
    if verb == "get":
        call.print(table.get(rest[0], "null"))
        return 0
    if verb == "put":
        table[rest[0]] = rest[1]
    else:
        call.print(f"Deleted {int(table.pop(rest[0], None) is not None)} rows")
    call.handset.state.save()
    return 0
