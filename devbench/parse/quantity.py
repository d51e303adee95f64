"""Numbers and sizes as foreign tools print them, because `int()` and `float()` accept too much and raise."""

from __future__ import annotations

import math
import re

KIB = 1024
MOST_BYTES = 10**15  # no phone has a petabyte of anything: a larger size is damage
# Digits in groups of three (12,345), as Android's meminfo prints them; other locales use . ' or blanks.
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:[,.'\u00a0\u202f][0-9]{3}){1,6}")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][-+]?[0-9]{1,3})?")
_SIZE = re.compile(r"([-+]?[0-9][0-9.,'\u00a0\u202f]{0,24})[ \t]{0,4}([kKmMgGtT]?)(?:[iI]?[bB])?")
_SCALE = {"": 1, "k": KIB, "m": KIB**2, "g": KIB**3, "t": KIB**4}


def integer(text: str) -> int | None:
    """An integer of at most 18 digits, also one in groups of three; None for anything else."""
    text = text.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    if _GROUPED.fullmatch(text):
        return int(re.sub(r"[^0-9+-]", "", text))
    return None


def decimal(text: str) -> float | None:
    """A finite number with or without fraction and exponent; None for anything else."""
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def size_bytes(text: str, unit: str = "", *, signed: bool = False) -> int | None:
    """A size as `12,345K`, `1.4G`, `604 kB`; `unit` is for texts that name none. None if it is no size.

    Below 0 only if `signed`.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    scale = _SCALE[(match[2] or unit).lower()]
    whole: float | None = integer(match[1])
    value = decimal(match[1]) if whole is None else whole
    return None if value is None else in_range(round(value * scale), signed=signed)


def kib_bytes(text: str, *, signed: bool = False) -> int | None:
    """A bare number of kibibytes, as tables print it, in bytes; None below 0 unless `signed`."""
    value = integer(text)
    return None if value is None else in_range(value * KIB, signed=signed)


def in_range(size: int, *, signed: bool = False) -> int | None:
    """`size` in bytes if a phone can have it."""
    return size if (-MOST_BYTES if signed else 0) <= size <= MOST_BYTES else None
