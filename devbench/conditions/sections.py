"""Shell output in named sections (`== name`), since one script for many looks costs one round trip."""

from __future__ import annotations

import re


def parse_sections(text: str) -> dict[str, str]:
    """Text by section name; of two sections of one name the first counts."""
    parts = re.split(r"^== (\w+)[ \t\r]*\n", text, flags=re.MULTILINE)
    found: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=False):
        found.setdefault(name, body)
    return found
