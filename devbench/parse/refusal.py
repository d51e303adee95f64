"""Why a text holds no values, because "not understood" helps nobody when the text says so itself."""

from __future__ import annotations

import re

from devbench.errors import ParseError
from devbench.parse.text import excerpt

# What stands in place of an output, most telling first: (name of the reason, what is looked for).
_REASONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("no-such-service", r"can't find service|service .{1,80} does not exist|unknown service"),
        ("system-not-running", r"is the system running\?|can't connect to (?:activity|package) manager"),
        ("no-such-process", r"no process found for|no such process"),
        (
            "service-failed",
            r"dump timeout|failure while dumping|error dumping|failed to (?:dump|transmit)|dead_object",
        ),
        ("device-unauthorized", r"device (?:still )?(?:un)?authoriz|insufficient permissions for device"),
        (
            "device-offline",
            r"device offline|no devices(?:/emulators| found)|error: (?:closed|device)"
            r"|device '.{1,120}' not found"
            r"|protocol fault|cannot connect to daemon|more than one device",
        ),
        (
            "permission-denied",
            r"permission deni|operation not permitted|securityexception|not allowed|requires root",
        ),
        ("link-error", r"cannot link executable|linker: .{0,200}not found|could not load library"),
        ("wrong-abi", r"not executable: |exec format error|e_machine"),
        ("no-such-file", r"no such file or directory|not a directory|is a directory"),
        ("command-not-found", r"not found|inaccessible or not found|no such tool|applet"),
        (
            "bad-usage",
            r"unknown (?:option|command|argument)|bad (?:command|option)|^usage:|invalid (?:option|argument)",
        ),
        (
            "crashed",
            r"segmentation fault|^\s{0,8}(?:killed|aborted|terminated|bus error|illegal instruction)\b",
        ),
        ("java-exception", r"exception|stacktrace"),
        ("no-space", r"no space left on device"),
        ("input-output-error", r"input/output error|i/o error|device or resource busy|text file busy"),
    )
)
_FIXES = {
    "no-such-service": "the phone's Android version has no such service; nothing can be read there",
    "permission-denied": "the phone denies this to the shell user",
    "device-unauthorized": "accept the debugging prompt on the phone",
}
# What stands in place of an output is short; in a long text the same words mean something else.
_LONGEST_MESSAGE, _MOST_LINES = 400, 40


def refuse(kind: str, text: str, why: str = "") -> ParseError:
    """The error to raise when `text` holds nothing of `kind`: it names what stands there instead."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return ParseError(f"{kind}: the text is empty", reason="empty")
    for name, pattern in _REASONS:
        for line in lines if len(lines) <= _MOST_LINES else ():
            if len(line) <= _LONGEST_MESSAGE and pattern.search(line):
                return ParseError(f"{kind}: {excerpt(line, 160)}", reason=name, fix=_FIXES.get(name))
    told = why or f"nothing of this kind in {len(lines)} lines"
    return ParseError(f"{kind}: {told}; it begins: {excerpt(lines[0])!r}", reason="not-understood")
