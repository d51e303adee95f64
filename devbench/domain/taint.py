"""A bad condition that marks a result: an id that scripts can allow, a sentence, the detail, the way out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """`id` is upper case with hyphens (`LOW-BATTERY`), `detail` holds the numbers and the threshold."""

    id: str
    sentence: str
    detail: str
    fix: str
