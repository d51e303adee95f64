"""One thing that `devbench doctor` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`ok`, `note` (works, but know this) or `problem`; `fix` is a command or a sentence."""

    name: str
    status: Literal["ok", "note", "problem"]
    found: str
    fix: str = ""
