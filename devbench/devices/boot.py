"""Which start of a phone this is, and whether it is complete: a phone that went away may come back as another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devbench.adb import Phone

BOOT_DEADLINE_S = 10.0
# the kernel's name of this start; where phones share a kernel, their first process tells them apart
BOOT_SCRIPT = (
    "(echo '== booted'; getprop sys.boot_completed; echo '== start'; cat /proc/sys/kernel/random/boot_id; "
    "echo '== first'; cat /proc/1/stat) 2>/dev/null"
)
_BOOTED = re.compile(r"== booted\s+1\s")
_START = re.compile(r"== start\s+([0-9a-f-]{36})")
_FIRST = re.compile(r"== first\s+1 \(.*\) (?:\S+ ){19}(\d+) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """`start` names one start of the phone (None: it does not tell); `completed` as Android says itself."""

    start: str | None
    completed: bool


def read_boot(phone: Phone) -> Boot:
    """A phone in state `device`, asked in one cheap command."""
    return parse_boot(phone.shell(BOOT_SCRIPT, deadline_s=BOOT_DEADLINE_S).stdout)


def parse_boot(text: str) -> Boot:
    kernel, first = _START.search(text), _FIRST.search(text)
    parts = [found[1] for found in (kernel, first) if found]
    return Boot(start="/".join(parts) or None, completed=_BOOTED.search(text) is not None)
