"""From jobs and attempts to rows: grouping, status, verdict, comparison and taints."""

from dataclasses import replace

import pytest
from made_runs import LOW_BATTERY, backend, make_run, phone, variant

from devbench.domain.measurement import Failure
from devbench.domain.taint import Taint
from devbench.errors import UsageError
from devbench.summary import cells_of, control_summaries, setup_words, summarise, varying_setup

CRASH = Failure(kind="crash", cause="signal 11")


def only(run, name: str = "int8"):
    return next(s for s in summarise(run) if s.cell.variant.variant == name)


def test_a_cell_is_the_jobs_that_differ_only_in_pass_and_round() -> None:
    run = make_run(phones=(phone(0), phone(1)), backends=(backend(), backend(threads=1)), ops=True, rounds=3)
    cells = cells_of(run)
    assert len(cells) == 2 * 3 * 2
    assert all(cell.planned == 3 + 2 for cell in cells)
    assert sum(len(cell.measurements) for cell in cells) == len(run.measurements)


def test_rows_stand_in_the_order_of_phones_and_variants_and_the_control_apart() -> None:
    run = make_run(phones=(phone(1), phone(0)))
    rows = [(s.cell.device.device, s.cell.variant.variant) for s in summarise(run)]
    assert rows == [(d, v) for d in ("phone-000001", "phone-000000") for v in ("fp32", "int8")]
    assert [s.cell.variant.control for s in control_summaries(run)] == [True, True]


def test_a_quiet_session_is_trusted_and_a_quick_one_is_a_look() -> None:
    assert only(make_run()).verdict == "trusted"
    assert only(make_run(profile="quick", rounds=3)).verdict == "quick look"


@pytest.mark.parametrize("planted", [{"rounds": 4}, {"spread": 0.06}])
def test_few_rounds_or_a_wide_interval_decide_nothing(planted: dict[str, float]) -> None:
    assert only(make_run(**planted)).verdict == "inconclusive"


def test_a_recorded_condition_taints_and_is_listed_once() -> None:
    found = only(make_run(taints={("phone-000000", "int8"): (LOW_BATTERY,)}))
    assert found.verdict == "tainted"
    assert found.taints == (LOW_BATTERY,)


def test_a_planted_trend_within_runs_is_flagged_and_ordinary_noise_is_not() -> None:
    assert "TREND" in [t.id for t in only(make_run(trend=0.08)).taints]
    assert not only(make_run(spread=0.02)).taints


def test_noise_of_a_busy_phone_is_seldom_taken_for_a_trend() -> None:
    """Within-run SD 5 %: single runs often seem to trend, in both directions."""
    runs = [make_run(spread=0.05, samples=100, seed=seed, resources=False) for seed in range(20)]
    flagged = [s for run in runs for s in summarise(run) if "TREND" in [t.id for t in s.taints]]
    assert len(flagged) <= 2


def test_wide_samples_are_flagged() -> None:
    assert "WIDE-SPREAD" in [t.id for t in only(make_run(spread=0.2)).taints]


def test_drift_of_the_control_taints_values_but_not_the_paired_verdict() -> None:
    found = only(make_run(drift=0.08))
    assert "DRIFT" in [t.id for t in found.taints]
    assert found.comparison is not None and found.comparison.verdict == "faster"


def test_a_capped_warm_up_is_a_taint() -> None:
    run = make_run()
    capped = replace(run, measurements=tuple(replace(m, warmup_status="capped") for m in run.measurements))
    assert [t.id for t in only(capped).taints] == ["UNSTABLE-WARMUP"]


def test_a_cell_without_a_number_wears_its_failures_kind() -> None:
    found = only(make_run(failures={("phone-000000", "int8"): CRASH}))
    assert (found.status, found.verdict, found.failure) == ("failed", "crash", CRASH)
    gone = Failure(kind="offline", cause="unplugged")
    found = only(make_run(failures={("phone-000000", "int8"): gone}))
    assert (found.status, found.verdict) == ("skipped", "offline")


def test_a_cell_that_lost_some_rounds_is_ok_but_says_so() -> None:
    found = only(make_run(failures={("phone-000000", "int8"): CRASH}, failing_rounds=(2, 5)))
    assert found.status == "ok"
    taint = next(t for t in found.taints if t.id == "FAILED-RUNS")
    assert taint.detail == "2 of 8 runs: crash"
    assert found.comparison is not None and found.comparison.rounds == 6


def test_a_round_that_was_repeated_with_success_taints_nothing() -> None:
    run = make_run()
    first = run.measurements[0]
    again = (replace(first, status="discarded", attempt=1), replace(first, attempt=2), *run.measurements[1:])
    assert not only(replace(run, measurements=again), "fp32").taints


def test_a_run_cut_before_a_cell_was_reached_says_not_measured() -> None:
    run = make_run()
    found = only(replace(run, measurements=()))
    assert (found.status, found.verdict, found.failure) == ("skipped", "not-measured", None)


def test_the_baseline_is_the_first_variant_of_each_model_on_each_phone() -> None:
    variants = tuple(variant(f"{m}-{v}", model=m) for m in ("big", "small") for v in ("fp32", "int8"))
    planted = {"big-fp32": 40e6, "big-int8": 20e6, "small-fp32": 5e6, "small-int8": 4e6}
    summaries = summarise(make_run(phones=(phone(0), phone(1)), variants=variants, latencies_ns=planted))
    found = {(s.cell.device.device, s.cell.variant.variant): s.comparison for s in summaries}
    for device in ("phone-000000", "phone-000001"):
        assert found[device, "big-fp32"] is None and found[device, "small-fp32"] is None
        assert found[device, "big-int8"].baseline == "big-fp32"
        assert found[device, "big-int8"].ratio == pytest.approx(0.5, rel=0.02)
        assert found[device, "small-int8"].baseline == "small-fp32"
        assert found[device, "small-int8"].ratio == pytest.approx(0.8, rel=0.02)


def test_another_baseline_may_be_asked_for_and_an_unknown_one_is_refused() -> None:
    run = make_run(latencies_ns={"fp32": 20e6, "int8": 10e6})
    found = {s.cell.variant.variant: s.comparison for s in summarise(run, baseline="int8")}
    assert found["int8"] is None and found["fp32"].verdict == "slower"
    with pytest.raises(UsageError, match="int9") as caught:
        summarise(run, baseline="int9")
    assert caught.value.fix == "did you mean int8?"


def test_lone_models_are_compared_only_when_a_baseline_is_named() -> None:
    variants = (variant("a", model="a"), variant("b", model="b"))
    assert [s.comparison for s in summarise(make_run(variants=variants))] == [None, None]
    against = summarise(make_run(variants=variants, baseline="a"))
    assert against[0].comparison is None and against[1].comparison.baseline == "a"


def test_setups_of_one_variant_are_compared_and_told_apart() -> None:
    run = make_run(backends=(backend(), backend(threads=1)))
    summaries = summarise(run)
    assert varying_setup(s.cell for s in summaries) == ("threads",)
    one_thread = next(s for s in summaries if setup_words(s.cell)["threads"] == "1 thread")
    assert one_thread.comparison.baseline == "fp32 (4 threads)"
    assert one_thread.comparison.ratio == pytest.approx(4, rel=0.02)


def test_a_mild_taint_is_shown_but_leaves_the_verdict() -> None:
    """What a model's own operators decide is no reason to doubt the number."""
    run = make_run(rounds=8, spread=0.001)
    device = run.header.devices[0].device
    mild = Taint(id="DELEGATE-PARTIAL", sentence="s", detail="7 of 8", fix="f")
    tainted = make_run(rounds=8, spread=0.001, taints={(device, "fp32"): (mild,)})
    before, after = (next(s for s in summarise(r) if s.cell.variant.variant == "fp32") for r in (run, tainted))
    assert (before.verdict, after.verdict) == ("trusted", "trusted")
    assert [taint.id for taint in after.taints] == ["DELEGATE-PARTIAL"]
