"""What a stock tool says it takes: `--help` tells its flags, and they tell the four programs of one name apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.benchmark_model.message import message
from devbench.parse.text import clean

_FLAG = re.compile(r"[ \t]{0,40}--([a-z][a-z0-9_-]{1,60})(?==|[ \t]|$)")
# A flag that no other of the four has, most telling first.
_SIGNS = (
    ("P", "perf_options_list"),
    ("N", "dispatch_library_path"),
    ("N", "use_npu"),
    ("T", "output_layer"),
    ("T", "input_layer_type"),
    ("L", "num_runs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolHelp:
    """`tool` is T, L, P or N; None where the text names no flag that tells. `flags` are all it lists."""

    tool: str | None
    flags: frozenset[str]


def parse_tool_help(text: str) -> ToolHelp:
    """Flags of a `--help`; none where the text is no such help."""
    found = (_FLAG.match(message(line).text) for line in clean(text).split("\n"))
    flags = frozenset(match[1] for match in found if match)
    # a text that quotes a flag or two in a message is no list of flags
    if "graph" not in flags:
        return ToolHelp(tool=None, flags=frozenset())
    return ToolHelp(tool=next((tool for tool, flag in _SIGNS if flag in flags), None), flags=flags)
