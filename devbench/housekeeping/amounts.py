"""`30d` and `5G` as people write them."""

from __future__ import annotations

import re

from devbench.errors import UsageError

_AGES_S = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SIZES = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse_age(text: str) -> float:
    """`30d`, `12h`, `2w` in seconds."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([hdw])", text.strip())
    if match is None:
        raise UsageError(f"--older-than {text!r} is no age", fix="as 12h, 30d or 2w")
    return float(match[1]) * _AGES_S[match[2]]


def parse_size(text: str) -> int:
    """`500M`, `5G` in bytes, of 1000 each."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([KMGT])B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError(f"--max-size {text!r} is no size", fix="as 500M or 5G")
    return round(float(match[1]) * _SIZES[match[2].upper()])
