"""Lines without what loggers put before them, and numbers as C++ streams print them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from devbench.parse.logcat import log_line
from devbench.parse.text import Notes

MOST_US = 1e15  # 30 years
NUMBER = r"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][-+]?[0-9]{1,3})?|[-+]?(?:nan|inf)"
_PREFIXES = (
    # TensorFlow on Android, on a desktop, and absl.
    re.compile(r"native : [A-Za-z0-9_]{1,60}\.cc:[0-9]{1,6} "),
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{1,9}: ([IWEF]) [^\s\]]{1,200}:[0-9]{1,6}\] ?"),
    re.compile(r"([IWEF])[0-9]{4} [0-9:]{1,20}\.[0-9]{1,9} {1,8}[0-9]{1,10} [^\s\]]{1,200}:[0-9]{1,6}\] ?"),
    re.compile(r"(?:tensorflow/)?[A-Za-z0-9_/]{1,120}\.cc:[0-9]{1,6}\]? "),
)
# What stands around a log where it was pasted or collected: quotes, table bars, times of CI systems and Xcode.
_AROUND = (
    re.compile(r"[ \t]{0,8}(?:[>|][ \t]?){1,4}(?=[^\s|])"),
    re.compile(r"```(?=\S)"),
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}(?:Z|[+-][0-9]{2}:?[0-9]{2})? "),
    re.compile(
        r"\[(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ T])?[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z)?\] ?"
    ),
    re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,20}[+-][0-9]{4} [^\s\[\]]{1,80}\[[0-9]{1,10}(?::[0-9]{1,12})?\] ?"
    ),
)
_SEVERITY = re.compile(r"(INFO|WARN|WARNING|ERROR|FATAL|VERBOSE|DEBUG): ?")
_SOURCE = re.compile(r"\[[A-Za-z0-9_./]{1,120}:[0-9]{1,6}\] ?")
_LETTERS = {"I": "INFO", "W": "WARN", "E": "ERROR", "F": "FATAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line: its text, its severity if it names one, and whether that stood there in words (`INFO: `)."""

    text: str
    severity: str | None
    worded: bool


def message(line: str) -> Message:
    """`line` without what stands around it, logcat's, TensorFlow's, LiteRT's prefix and severity, once each."""
    for around in _AROUND:
        if match := around.match(line):
            line = line[match.end() :]
    text = log_line(line).message
    severity: str | None = None
    for prefix in _PREFIXES:
        if match := prefix.match(text):
            severity = _LETTERS[match[1]] if prefix.groups else None
            text = text[match.end() :]
            break
    worded = _SEVERITY.match(text)
    if worded:
        severity = worded[1].replace("WARNING", "WARN")
        text = text[worded.end() :]
        if source := _SOURCE.match(text):
            text = text[source.end() :]
    return Message(text=text, severity=severity, worded=worded is not None)


def plausible(values: dict[str, float | None], most: float, notes: Notes) -> dict[str, float | None]:
    """`values` (times or sizes) without what cannot be: below 0, or above `most`; that is said."""
    wrong = [name for name, value in values.items() if value is not None and not 0 <= value <= most]
    for name in wrong:
        notes.warn(f"{name} {values[name]:g} cannot be: not reported")
    return values | dict.fromkeys(wrong)


def number(text: str) -> float | None:
    """A number; None for nan and inf, which mean that nothing was measured."""
    value = float(text)
    return value if math.isfinite(value) else None
