"""Text as it came from a phone, cleaned, because every format meets the same encodings and noise.

Nothing here knows a format. All patterns of `devbench.parse` are bounded, so that time stays linear in the
length of any text, also of one huge line.
"""

from __future__ import annotations

import codecs
import re

MAX_WARNINGS = 40
_ESCAPES = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_PROMPT = re.compile(r"(?:[0-9]{1,3}\|)?[A-Za-z0-9_.@-]{1,48}:[^\s:]{0,120} [$#](?: |$)")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> str:
    """`data` as text: by its byte order mark, UTF-16 without one if every other byte is 0, else UTF-8."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    head = data[:512]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = head[offset::2]
        if len(zeros) > 3 and zeros.count(0) > 0.7 * len(zeros):
            return data.decode(encoding, errors="replace")
    return data.decode("utf-8", errors="replace")


def clean(text: str | bytes) -> str:
    """`text` with plain newlines, without byte order mark, NUL and terminal escapes; no line is dropped."""
    if isinstance(text, bytes):
        text = decode(text)
    text = text.replace("\x00", "").removeprefix("\ufeff")
    # `adb shell` before Android 7 turns \n into \r\n, and a Windows console turns that into \r\r\n.
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def is_prompt(line: str) -> bool:
    """Whether `line` begins with the prompt of Android's shell, `taimen:/ $ ` or `shell@A37f:/ # `."""
    return _PROMPT.match(line) is not None


def excerpt(line: str, length: int = 80) -> str:
    """`line` short enough for a message, without surrounding blanks."""
    line = line.strip()
    return line if len(line) <= length else line[: length - 1] + "…"


class Notes:
    """The warnings of one parse, in order, each once, and not more than anyone would read."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}
        self._left_out = 0

    def warn(self, message: str) -> None:
        if message in self._seen:
            return
        if len(self._seen) < MAX_WARNINGS:
            self._seen[message] = None
        else:
            self._left_out += 1

    def missing(self, names: list[str], why: str = "") -> None:
        """One warning for all values that the text does not hold."""
        if names:
            self.warn(f"not in the text: {', '.join(names)}{f' ({why})' if why else ''}")

    def done(self) -> tuple[str, ...]:
        rest = (f"{self._left_out} more warnings left out",) if self._left_out else ()
        return (*self._seen, *rest)
