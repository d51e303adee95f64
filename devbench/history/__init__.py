"""Nights as lines: an index over any number of run folders, made from them and deletable at any time."""

from devbench.domain.history import Line, LineKey, Point, Segment
from devbench.history.index import History, Refreshed, Skipped
from devbench.history.wanted import Wanted

__all__ = ["History", "Line", "LineKey", "Point", "Refreshed", "Segment", "Skipped", "Wanted"]
