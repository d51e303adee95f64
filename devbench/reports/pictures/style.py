"""How pictures look: Okabe–Ito colours with shapes and dashes, the same bytes for the same data.

Colours are those of the light page; the page replaces them by its own variables (`COLOUR_VARIABLES`), so that
one drawing serves light, dark and paper.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from devbench.reports.pictures.base import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, LINE, BAND, PAPER = "#1b1f24", "#575e66", "#cfd4da", "#e7edf3", "#fffffe"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
SMALL = 9.5
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
HATCHES = ("", "///", "\\\\\\", "---", "|||", "xxx", "+++")
COLOUR_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    BAND: "--band",
    PAPER: "--paper",
    **{colour: f"--c{i}" for i, colour in enumerate(SERIES, start=1)},
}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "devbench",
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "lines.linewidth": 1.4,
}


def svg_of(drawing: Drawing, *, paper: bool) -> str:
    """The drawing as SVG text; `paper` gives it a white ground for use on its own."""
    buffer = io.StringIO()
    with _styled():
        figure = drawing.draw()
        figure.savefig(
            buffer,
            format="svg",
            facecolor="white" if paper else "none",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return buffer.getvalue()


def png_of(drawing: Drawing) -> bytes:
    """The drawing as PNG at 144 dots an inch, fewer where it would be taller than 16 000."""
    buffer = io.BytesIO()
    with _styled():
        figure = drawing.draw()
        dpi = min(144.0, 16_000 / max(figure.get_size_inches()))
        figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches that lays itself out; without pyplot, which keeps figures for ever."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def series_style(index: int) -> dict[str, str]:
    """Colour, marker and dash of the index-th series: no two of the first 24 agree in all."""
    return {
        "color": SERIES[index % len(SERIES)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": DASHES[index // len(SERIES) % len(DASHES)],
    }


_MOST_TICKS = 5  # that numbers of four digits beside each other leave room for


def plain_log_ticks(axis: Axes, which: str, low: float, high: float) -> None:
    """A log axis over [low, high] with ordinary numbers on it: 1, 2, 5, 10, …, closer or wider as they fit."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    fine = [round(step * 10.0**power, 9) for power in range(-6, 13) for step in (1, 1.5, 2, 3, 4, 5, 6, 7, 8)]
    coarse = [tick for tick in fine if f"{tick:e}"[0] in "125" and f"{tick:e}"[2] == "0"]
    inside = [tick for tick in coarse if low <= tick <= high]
    if len(inside) < 4:
        inside = [tick for tick in fine if low <= tick <= high] or [low, high]
        inside = inside[:: max(1, len(inside) // 8)]
    elif len(inside) > _MOST_TICKS:
        powers = [tick for tick in inside if f"{tick:e}"[0] == "1"]
        inside = powers[:: -(-len(powers) // _MOST_TICKS)]
    getattr(axis, f"set_{which}scale")("log")
    getattr(axis, f"set_{which}lim")(low, high)
    side = getattr(axis, f"{which}axis")
    side.set_major_locator(FixedLocator(inside))
    side.set_minor_locator(NullLocator())
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


@contextmanager
def _styled() -> Iterator[None]:
    import matplotlib

    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # a glyph that the layout font lacks only makes the layout a little off: readers have their own fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        yield
