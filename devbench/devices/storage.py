"""How much room a phone has left for what is pushed to it, from the `df` of every age."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devbench.adb import Phone

_BLOCKS = re.compile(r"(\d+)(K?)-blocks", re.IGNORECASE)
_BLOCK_ROW = re.compile(r"\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%")
# toolbox, before Android 6: `/data  4.9G  1.2G  3.7G  4096`
_SCALED_ROW = re.compile(r"\s[\d.]+[KMGT]?\s+[\d.]+[KMGT]?\s+([\d.]+)([KMGT]?)\s+\d+\s*$", re.MULTILINE)
_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def read_free_bytes(phone: Phone, folder: str) -> int | None:
    """Free bytes where `folder` lies; None where the phone does not say."""
    return parse_free_bytes(phone.shell(f"df {shlex.quote(folder)}").stdout)


def parse_free_bytes(text: str) -> int | None:
    """The free bytes in the output of `df FOLDER`; a long device name may put the numbers on the next line."""
    blocks, row = _BLOCKS.search(text), _BLOCK_ROW.search(text)
    if blocks and row:
        return int(row[3]) * int(blocks[1]) * (1024 if blocks[2] else 1)
    scaled = _SCALED_ROW.search(text)
    return int(float(scaled[1]) * _SCALE[scaled[2]]) if scaled else None
