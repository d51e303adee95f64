"""Rounds are added for width alone, to what is undecided and what it is held against; pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from devbench.domain.job import Bounds, Profile
from devbench.domain.measurement import Measurement, Series
from devbench.domain.run import RunHeader
from devbench.plan import MAX_ROUNDS
from devbench.session.rounds import More, Redos, light, rounds_to_add

from ..test_plan import phone, plan, variant

NARROW = (100.0, 100.1, 99.9, 100.0, 100.05, 99.95, 100.0, 100.0)
WIDE = (100.0, 130.0, 80.0, 110.0, 95.0, 120.0, 85.0, 105.0)


def steady(value: float) -> Series:
    return Series(phase="steady", values_ns=(round(value * 1e4),))


def rounds(
    values: Mapping[str, tuple[float, ...]], *, most: int = MAX_ROUNDS, baseline: str | None = None
) -> More | None:
    variants = tuple(variant(name, control=name == "control") for name in values)
    jobs = plan(variants=variants, rounds=len(next(iter(values.values()))))
    measured = [
        Measurement(
            job_id=job.job_id, attempt=1, status="ok", started_at="2026-01-01T00:00:00", device=job.device,
            variant=job.variant, runner=job.runner, pass_name=job.pass_name, round=job.round,
            position=job.position, series=(steady(values[job.variant][job.round - 1]),),
        )
        for job in jobs
        if job.pass_name == "latency"
    ]  # fmt: skip
    profile = Profile(name="standard", rounds=8, bounds=Bounds(), max_rounds=most)
    header = RunHeader(
        run_id="r", created_at="2026-01-01", devbench_version="0", argv=(), profile=profile, rounds=8, seed=0,
        suite=None, baseline=baseline, variants=variants, devices=(phone(),), jobs=jobs,
    )  # fmt: skip
    return rounds_to_add(header, phone().device, jobs, measured, most)


def who(more: More | None) -> list[tuple[int, str]]:
    return sorted((job.round, job.variant) for job in (more.jobs if more else ()))


def test_a_narrow_interval_needs_no_more() -> None:
    assert rounds({"a": NARROW}) is None
    assert rounds({"a": NARROW, "b": tuple(1.1 * value for value in NARROW)}, baseline="a") is None


def test_a_wide_one_gets_two_rounds_with_its_reference_and_the_control_only() -> None:
    more = rounds({"control": NARROW, "a": NARROW, "b": WIDE, "c": NARROW}, baseline="a")
    assert who(more) == [(n, name) for n in (9, 10) for name in ("a", "b", "control")]
    assert more is not None and "10 of at most 20" in more.reason and "b ±" in more.reason


def test_one_model_alone_is_held_to_its_own_interval() -> None:
    assert who(rounds({"a": WIDE})) == [(9, "a"), (10, "a")]


def test_width_that_both_sides_share_is_no_doubt_about_their_ratio() -> None:
    """A phone that heats up: each alone is wide, and the pairs are not."""
    assert rounds({"a": WIDE, "b": tuple(1.2 * value for value in WIDE)}, baseline="a") is None


def test_added_rounds_end_at_the_most() -> None:
    assert who(rounds({"a": WIDE}, most=9)) == [(9, "a")]
    assert rounds({"a": WIDE}, most=8) is None
    assert rounds({"a": WIDE}, most=0) is None


def test_a_single_round_has_no_interval_to_narrow() -> None:
    assert rounds({"a": (100.0,)}) is None


def test_added_jobs_are_new_jobs_in_the_order_of_an_abba_plan() -> None:
    more = rounds({"a": WIDE, "b": tuple(reversed(WIDE))}, baseline="a")
    assert more is not None
    names = [job.variant for job in more.jobs]
    assert names[2:] == names[1::-1]
    assert len({job.job_id for job in more.jobs}) == 4
    assert [job.position for job in more.jobs] == list(
        range(more.jobs[0].position, more.jobs[0].position + 4)
    )


def test_what_decides_is_kept_of_a_measurement_and_its_samples_are_not() -> None:
    samples = tuple(range(1000, 1101))
    m = Measurement(
        job_id="j", attempt=1, status="ok", started_at="", device="d", variant="v", runner="native",
        pass_name="latency", round=1, position=0, series=(Series(phase="steady", values_ns=samples),), log_tail="x",
    )  # fmt: skip
    assert light(m).samples_ns("steady") == (1050,)
    assert light(dataclasses.replace(m, series=())).series == ()
    assert math.isclose(light(m).samples_ns("steady")[0], 1050)


def test_a_round_is_measured_again_twice_at_most() -> None:
    redos = Redos()
    assert [redos.allowed(3), redos.allowed(3), redos.allowed(3), redos.allowed(4)] == [
        True,
        True,
        False,
        True,
    ]
    assert redos.rounds == 3
