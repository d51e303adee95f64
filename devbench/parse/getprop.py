"""`getprop`: all properties of a phone; values may hold newlines and brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean, excerpt

_START = re.compile(r"[ \t]{0,32}\[([^\[\]\s]{1,256})\]: \[")
_ASSIGNMENT = re.compile(r"([A-Za-z][A-Za-z0-9_.:@-]{1,255})=(.{0,8192})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """Properties as they stand, `source` says whether they are the running system's or a file's."""

    source: str
    properties: dict[str, str]
    warnings: tuple[str, ...] = ()


def parse_getprop(text: str | bytes) -> dict[str, str]:
    """The properties alone; ParseError if there are none."""
    return parse_properties(text).properties


def parse_properties(text: str | bytes) -> Properties:
    """`getprop`, or a `build.prop` file (warned of: the running system may say otherwise)."""
    text = clean(text)
    notes = Notes()
    found, source = _bracketed(text, notes), "getprop"
    if not found:
        found, source = _assigned(text), "build.prop"
        notes = Notes()
        notes.warn("a properties file, not getprop: the running system may say otherwise")
    if not found:
        raise refuse("getprop", text)
    return Properties(source=source, properties=found, warnings=notes.done())


def _bracketed(text: str, notes: Notes) -> dict[str, str]:
    found: dict[str, str] = {}
    key: str | None = None
    parts: list[str] = []
    noise = 0
    for line in text.split("\n"):
        start = _START.match(line)
        if start:
            if key is not None:
                notes.warn(f"property {key} has no end: dropped")
            key, parts = start[1], []
            line = line[start.end() :]
        elif key is None:
            noise += bool(line.strip())
            continue
        closed = line.rstrip(" \t")
        if not closed.endswith("]"):
            parts.append(line)
            continue
        parts.append(closed[:-1])
        if key in found:
            notes.warn(f"property {key} stands twice: the later one is reported")
        found[key] = "\n".join(parts)
        key = None
    if key is not None:
        notes.warn(f"the text is cut in property {key} ({excerpt(parts[0] if parts else '', 40)!r}): dropped")
    if noise:
        notes.warn(f"{noise} lines are not properties")
    return found


def _assigned(text: str) -> dict[str, str]:
    """`key=value` lines, if nearly all lines are; anything else with an = in it is no properties file."""
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    found = {match[1]: match[2].strip() for line in lines if (match := _ASSIGNMENT.fullmatch(line.strip()))}
    dotted = sum("." in key for key in found)
    return found if found and len(found) >= 0.8 * len(lines) and dotted >= 0.5 * len(found) else {}
