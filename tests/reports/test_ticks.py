"""Numbers on a logarithmic axis stand apart, however far it reaches."""

from __future__ import annotations

import itertools

import pytest

from devbench.reports.pictures.style import new_figure, plain_log_ticks


@pytest.mark.parametrize("high", [1.2, 3.0, 11.0, 95.0, 1150.0, 30_000.0, 4e6])
@pytest.mark.parametrize("low", [0.0008, 0.04, 0.78])
def test_tick_labels_of_a_narrow_axis_do_not_overlap(low: float, high: float) -> None:
    """As wide as a forest plot with long names on both sides."""
    pytest.importorskip("matplotlib")
    figure = new_figure(2.6, 1.5)
    axis = figure.subplots()
    plain_log_ticks(axis, "x", low, high)
    figure.draw_without_rendering()
    drawn = [tick for tick in axis.get_xticklabels() if low <= tick.get_position()[0] <= high]
    spans = sorted((box.x0, box.x1) for box in (tick.get_window_extent() for tick in drawn))
    assert len(spans) >= 2
    assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(spans))
