"""The whole procedure on simulated phones, seeded: what it calls wrongly, what it finds, what heating does.

`benchmarks/simulation.py` is the longer form; the noise is said there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from simulation import EFFECT, HEATING, counts_of, simulate

SESSIONS = 300


@pytest.mark.parametrize("heating", [0.0, HEATING])
@pytest.mark.parametrize("effect", [0.0, EFFECT])
def test_planted_effects_are_found_and_nothing_else(effect: float, heating: float) -> None:
    """A/A called faster or slower ≤ 1 %, +5 % found ≥ 95 % at 8 rounds, ≥ 95 % conclude; heating shows as DRIFT."""
    done = simulate(SESSIONS, effect=effect, heating=heating)
    counts = list(counts_of(done, effect=effect, heating=heating))
    assert sum(counted.target is not None for counted in counts) >= 2
    assert [counted.line for counted in counts if not counted.good] == []


def test_without_heating_drift_is_rarely_seen() -> None:
    sessions = simulate(SESSIONS)
    seen = [session for session in sessions if session.drift is not None and session.drift.matters]
    assert len(seen) <= 0.02 * SESSIONS


def test_too_small_an_effect_is_not_called_large() -> None:
    """2 % is below what matters: `small change` or `same`, hardly ever `slower`."""
    verdicts = [session.last.verdict for session in simulate(SESSIONS, effect=0.02)]
    assert verdicts.count("slower") <= 0.10 * SESSIONS
    assert verdicts.count("faster") == 0
    assert verdicts.count("small change") > SESSIONS / 2
