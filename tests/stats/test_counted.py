"""What the benchmarks of verdicts count: a share against its target, with exact bounds beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from counted import Counted, show


@pytest.mark.parametrize(
    ("count", "n", "target", "good"),
    [
        (3, 300, ("<=", 0.01), True),
        (4, 300, ("<=", 0.01), False),
        (190, 200, (">=", 0.95), True),
        (189, 200, (">=", 0.95), False),
        (0, 0, ("<=", 0.01), False),
        (0, 0, None, True),
    ],
)
def test_the_share_itself_meets_the_target_or_not(
    count: int, n: int, target: tuple[str, float] | None, good: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing counted meets nothing."""
    counted = Counted(what="called", count=count, n=n, target=target)
    assert counted.good is good
    assert show([counted]) is good
    assert ("MISSED" in capsys.readouterr().out) is not good


def test_bounds_stand_in_the_line() -> None:
    assert "[0.0%, 1.2%]" in Counted(what="called", count=0, n=300).line
