"""The picture of where a model's bytes are: by op, and the largest constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.graph.summary import GraphSummary
from devbench.units import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BARS = 12
_NAME_CHARACTERS = 44


def draw_bytes(figure: Figure, summary: GraphSummary, *, colours: tuple[str, str]) -> None:
    """Two rows of bars in an empty figure; the colours are those of constants and of nodes themselves."""
    by_op, by_constant = figure.subplots(2, 1)
    _draw_ops(by_op, summary, colours)
    largest = [c for c in summary.largest if c.size_bytes][:_BARS]
    labels = [f"{_short(c.name)} [{','.join(str(size) for size in c.shape)}] {c.dtype}" for c in largest]
    sizes = [c.size_bytes for c in largest]
    _bars(by_constant, labels, [(sizes, colours[0], "constants")], summary.size_bytes)
    by_constant.set_title("the largest constants", loc="left")
    figure.suptitle(
        f"{summary.file.rpartition('/')[2]}: {show(summary.size_bytes, 'byte')}, "
        f"{show(summary.parameters_bytes, 'byte')} of it in {summary.parameters} parameters",
        x=0.01,
        ha="left",
    )


def _draw_ops(axes: Axes, summary: GraphSummary, colours: tuple[str, str]) -> None:
    ops = [o for o in summary.ops if o.size_bytes]
    shown, rest = ops[:_BARS], ops[_BARS:]
    labels = [f"{o.op} × {o.nodes}" for o in shown]
    constants = [o.constant_bytes for o in shown]
    own = [o.node_bytes or 0 for o in shown]
    if rest:
        labels.append(f"{len(rest)} further ops")
        constants.append(sum(o.constant_bytes for o in rest))
        own.append(sum(o.node_bytes or 0 for o in rest))
    labels.append("everything else")
    constants.append(0)
    own.append(summary.other_bytes)
    parts = [
        (constants, colours[0], "constants that they read"),
        (own, colours[1], "the nodes themselves"),
    ]
    _bars(axes, labels, parts, summary.size_bytes)
    axes.set_title("by op", loc="left")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)


def _bars(
    axes: Axes, labels: Sequence[str], parts: Sequence[tuple[Sequence[int], str, str]], total_bytes: int
) -> None:
    """Horizontal bars from the top, stacked, each with its bytes and share of the file at its end."""
    places = list(range(len(labels)))
    ends = [0] * len(labels)
    for sizes, colour, label in parts:
        axes.barh(places, sizes, left=ends, color=colour, label=label)
        ends = [end + size for end, size in zip(ends, sizes, strict=True)]
    for place, end in zip(places, ends, strict=True):
        axes.annotate(
            f" {show(end, 'byte')} ({100 * end / max(total_bytes, 1):.1f} %)", (end, place), va="center"
        )
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.45 * max(ends, default=1) or 1)
    axes.set_xticks([])


def _short(name: str) -> str:
    name = name.removesuffix("/ReadVariableOp/resource")
    return name if len(name) <= _NAME_CHARACTERS else "…" + name[-_NAME_CHARACTERS + 1 :]
