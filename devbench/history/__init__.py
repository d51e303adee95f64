"""Nights as lines: an index over any number of run folders, made from them and deletable at any time."""

from devbench.domain.history import Line, LineKey, Mark, Point, Segment
from devbench.history.index import History, Refreshed, Skipped
from devbench.history.trend import Trend, marked_steps, trend_of
from devbench.history.wanted import Wanted

__all__ = [
    "History",
    "Line",
    "LineKey",
    "Mark",
    "Point",
    "Refreshed",
    "Segment",
    "Skipped",
    "Trend",
    "Wanted",
    "marked_steps",
    "trend_of",
]
