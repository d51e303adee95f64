"""What tests of stock tools have in common, whether the tool is a program or an app."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from rig import BRIEF, Session

from devbench.domain.measurement import Measurement, ToolTold
from devbench.domain.variant import Variant
from devbench.graph.model_file import read_variant

sys.path.insert(0, str(Path(__file__).parents[1] / "runners" / "stand_in"))

from stand_in import build_stand_in, model_with, stock_tool

__all__ = ["assert_average", "build_stand_in", "model_in", "only", "stock_tool"]


def model_in(folder: Path) -> Callable[..., Variant]:
    """Makes the model whose end tells the stand-in how to behave."""
    return lambda **behaviour: read_variant(model_with(folder / "gate.tflite", **behaviour))


def only(session: Session, pass_name: str = "latency") -> Measurement:
    (found,) = [m for m in session.run.measurements if m.pass_name == pass_name]
    return found


def assert_average(found: Measurement, *, least_ns: int) -> ToolTold:
    """One process, one value: the average that the tool told, of as many inferences as were asked for."""
    told = found.told
    assert told is not None and found.actual is not None
    assert found.samples_ns("steady") == (told.avg_ns,)
    assert told.avg_ns >= least_ns
    assert told.count is not None and told.count >= BRIEF.steady_min_n
    return told
