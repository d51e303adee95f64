"""`dumpsys meminfo --checkin`: one line of comma-separated numbers a process, without any headings.

The order is the one Android's ActivityThread writes: groups of four (native, dalvik, other, total), then the
other categories with eight fields each. Versions before 4 lack the group and the field of swapped PSS.
"""

from __future__ import annotations

import re

from devbench.parse.quantity import integer, kib_bytes
from devbench.parse.text import Notes

_LINE = re.compile(r"[ \t]{0,8}([1-9]),([0-9]{1,10}),([^,]{1,256}),(.{4,100000})")
_HEAPS = ("Native Heap", "Dalvik Heap", "Unknown", "TOTAL")
_GROUPS = (
    "heap_size_bytes", "heap_alloc_bytes", "heap_free_bytes", "pss_bytes", "pss_clean_bytes",
    "shared_dirty_bytes",
    "shared_clean_bytes", "private_dirty_bytes", "private_clean_bytes", "swap_bytes", "swap_pss_bytes",
)  # fmt: skip
_OTHER_FIELDS = (
    "pss_bytes", "pss_clean_bytes", "shared_dirty_bytes", "shared_clean_bytes", "private_dirty_bytes",
    "private_clean_bytes", "swap_bytes", "swap_pss_bytes",
)  # fmt: skip


def is_checkin(lines: list[str]) -> bool:
    """Whether a line of the text is a process in checkin form."""
    return any((match := _LINE.match(line)) and match[4].count(",") > 40 for line in lines)


def parse_checkin(
    lines: list[str], notes: Notes
) -> tuple[int | None, str | None, dict[str, dict[str, int | None]]]:
    """Pid, name, categories of the first process; no category if the order of fields is not the known one."""
    found = [match for line in lines if (match := _LINE.match(line)) and match[4].count(",") > 40]
    if len(found) > 1:
        notes.warn(f"{len(found)} processes in the text: the first is reported")
    version, pid, process = int(found[0][1]), int(found[0][2]), found[0][3]
    fields = found[0][4].split(",")
    groups = _GROUPS if version >= 4 else _GROUPS[:-1]
    others = _OTHER_FIELDS if version >= 4 else _OTHER_FIELDS[:-1]
    head = len(groups) * len(_HEAPS)
    if (
        len(fields) <= head
        or integer(fields[head]) is not None
        or any(_is_name(text) for text in fields[:head])
    ):
        notes.warn(f"checkin version {version} has its fields in another order than is known")
        return pid, process, {}
    categories: dict[str, dict[str, int | None]] = {name: {} for name in _HEAPS}
    for group, key in enumerate(groups):
        for column, name in enumerate(_HEAPS):
            categories[name][key] = _bytes(fields[group * len(_HEAPS) + column])
    place = head
    while place + len(others) < len(fields) and _is_name(fields[place]):
        cells = fields[place + 1 : place + 1 + len(others)]
        categories[fields[place]] = {key: _bytes(cell) for key, cell in zip(others, cells, strict=True)}
        place += 1 + len(others)
    _subtract_named(categories)
    return pid, process, categories


def _is_name(text: str) -> bool:
    return text != "N/A" and integer(text) is None


def _bytes(text: str) -> int | None:
    return kib_bytes(text)


def _subtract_named(categories: dict[str, dict[str, int | None]]) -> None:
    """Make "other" the rest that the table calls Unknown: checkin counts the named categories into it too."""
    named = [cells for name, cells in categories.items() if name not in _HEAPS]
    unknown = categories["Unknown"]
    for key, value in unknown.items():
        if value is not None:
            rest = value - sum(cells.get(key) or 0 for cells in named)
            unknown[key] = rest if rest >= 0 else None
