"""Sets of CPUs in the three spellings of Linux: `0-3,6` lists, hex masks, and tuples."""

from __future__ import annotations


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """`"0-3,6"` as (0, 1, 2, 3, 6); empty for text that is none."""
    cpus: set[int] = set()
    for part in text.strip().split(","):
        low, dash, high = part.partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            return ()
        cpus.update(range(int(low), int(high if dash else low) + 1))
    return tuple(sorted(cpus))


def mask_of(cpus: tuple[int, ...]) -> int:
    return sum(1 << cpu for cpu in cpus)


def cpus_of(mask: int) -> tuple[int, ...]:
    return tuple(cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1)
