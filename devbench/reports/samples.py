"""Every sample of a cell in little room: a min–max envelope, so that no spike is lost however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devbench.domain.summary import CellSummary
from devbench.stats import RunQuality, percentile_if_enough, run_quality
from devbench.units import DisplayUnit, display_unit, three_digits

WIDTH, HEIGHT = 600, 40
_ALL_BINS = 40_000
_LEAST_BINS, _MOST_BINS = 16, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One cell's steady samples, all runs one after another: `path` draws them, `marks` the borders of runs."""

    runs: int
    n: int
    path: str
    marks: str
    low: str
    middle: str
    high: str
    p90: str
    outliers: int
    cv: str
    trend: str
    lag1: str


def strip_of(summary: CellSummary, cells: int) -> Strip | None:
    """The strip of a page with so many `cells`; None without a sample that counts."""
    runs = [samples for m in summary.cell.of_pass("latency") if (samples := m.samples_ns("steady"))]
    if not runs:
        return None
    return _strip(runs, min(_MOST_BINS, max(_LEAST_BINS, _ALL_BINS // max(1, cells))))


def _strip(runs: Sequence[tuple[int, ...]], bins: int) -> Strip:
    arrays = [np.asarray(run, dtype=np.float64) for run in runs]
    values = np.concatenate(arrays)
    qualities = [run_quality(run) for run in arrays]
    unit = display_unit("ns", [float(np.median(values))])
    ends = np.cumsum([len(run) for run in arrays])[:-1]
    return Strip(
        runs=len(runs),
        n=len(values),
        path=envelope(values, bins),
        marks="".join(f"M{WIDTH * end / len(values):.0f} 0V{HEIGHT}" for end in ends),
        low=_time(float(values.min()), unit),
        middle=_time(float(np.median(values)), unit),
        high=_time(float(values.max()), unit),
        p90=_p90(values, unit),
        outliers=sum(q.outliers for q in qualities),
        cv=_worst(qualities, "cv"),
        trend=_worst(qualities, "trend"),
        lag1=_worst(qualities, "lag1", percent=False),
    )


def envelope(values: np.ndarray[tuple[int], np.dtype[np.float64]], bins: int) -> str:
    """An SVG path of at most `bins` vertical strokes over WIDTH × HEIGHT, each from the bin's least to its most."""
    low, high = float(values.min()), float(values.max())
    scale = (HEIGHT - 4) / (high - low) if high > low else 0.0
    groups = np.array_split(values, min(bins, len(values)))
    strokes = []
    for i, group in enumerate(groups):
        x = WIDTH * (i + 0.5) / len(groups)
        bottom = HEIGHT - 2 - (float(group.min()) - low) * scale
        top = HEIGHT - 2 - (float(group.max()) - low) * scale
        # a lone sample is a dot that can be seen
        strokes.append(f"M{x:.0f} {bottom:.0f}V{min(top, bottom - 1.5):.0f}")
    return "".join(strokes)


def _time(ns: float, unit: DisplayUnit) -> str:
    return f"{three_digits(ns / unit.divisor)} {unit.symbol}"


def _p90(values: np.ndarray[tuple[int], np.dtype[np.float64]], unit: DisplayUnit) -> str:
    p90 = percentile_if_enough(values.tolist(), 90)
    return "–" if p90 is None else _time(p90, unit)


def _worst(qualities: Sequence[RunQuality], name: str, *, percent: bool = True) -> str:
    """The run whose sign is strongest; `–` where no run had enough samples."""
    known = [value for q in qualities if (value := getattr(q, name)) is not None]
    if not known:
        return "–"
    strongest = max(known, key=abs)
    return f"{100 * strongest:.1f} %" if percent else f"{strongest:.2f}"
