"""`compare`: paired inside a run, apart and with caveats between runs, corrected and pooled as documented."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from made_runs import make_run, phone, variant
from typer.testing import CliRunner

from devbench.cli.app import app
from devbench.domain.run import Run
from devbench.errors import UsageError
from devbench.pairing import Side, compare_sides, together
from devbench.stats import holm_adjusted, unpaired
from devbench.store import RunFolder

RUN = make_run(latencies_ns={"fp32": 20e6, "int8": 10e6})


def named(run: Run, run_id: str) -> Run:
    return dataclasses.replace(run, header=dataclasses.replace(run.header, run_id=run_id))


def kept(tmp_path: Path, run: Run) -> None:
    folder = RunFolder(tmp_path / run.header.run_id)
    folder.path.mkdir(parents=True)
    folder.write_header(run.header)
    for measurement in run.measurements:
        folder.append(measurement)


def test_two_variants_of_one_run_are_paired_by_round() -> None:
    """Half the latency is ratio 0.5, `faster`, and no caveat is needed."""
    (result,) = compare_sides(Side(run=RUN, variant="fp32"), Side(run=RUN, variant="int8"))
    assert result.interleaved and result.caveats == ()
    assert result.ratio == pytest.approx(0.5, rel=0.02)
    assert (result.verdict, result.rounds) == ("faster", 8)


def test_the_same_variants_of_two_runs_are_compared_apart_and_say_so() -> None:
    """Sessions differ by more than the model: the caveat stands beside the ratio."""
    later = named(make_run(latencies_ns={"fp32": 22e6, "int8": 10e6}, seed=1), "20260102-000000-test")
    results = compare_sides(Side(run=RUN, variant=None), Side(run=later, variant=None))
    by_name = {result.a: result for result in results}
    assert set(by_name) == {"fp32", "int8"}, "the control is no candidate"
    assert by_name["fp32"].verdict == "slower" and by_name["fp32"].ratio == pytest.approx(1.1, rel=0.02)
    assert by_name["int8"].verdict == "same"
    assert not by_name["fp32"].interleaved and "different sessions" in by_name["fp32"].caveats[0]


def test_a_variant_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no variant 'int9'"):
        compare_sides(Side(run=RUN, variant="fp32"), Side(run=RUN, variant="int9"))


def test_phones_are_pooled_by_ratio_and_virtual_ones_never() -> None:
    """A geometric mean over two real phones; two virtual phones are one computer."""
    two = make_run(phones=(phone(0), phone(1)))
    results = compare_sides(Side(run=two, variant="fp32"), Side(run=two, variant="int8"))
    (pooled,) = together(results)
    assert (pooled.a, pooled.b, pooled.phones) == ("fp32", "int8", 2)
    logs = np.log([result.ratio for result in results if result.ratio is not None])
    assert pooled.ratio == pytest.approx(float(np.exp(logs.mean())))
    interval = scipy.stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert (pooled.low, pooled.high) == pytest.approx((np.exp(interval.low), np.exp(interval.high)), rel=1e-9)
    assert together([dataclasses.replace(result, virtual=True) for result in results]) == ()


def test_each_pair_of_two_runs_has_its_own_mean_over_phones() -> None:
    """Ratios of different models are no replication of each other."""
    early = make_run(phones=(phone(0), phone(1)), latencies_ns={"fp32": 20e6, "int8": 10e6})
    later = named(
        make_run(phones=(phone(0), phone(1)), latencies_ns={"fp32": 30e6, "int8": 10e6}, seed=1), "later"
    )
    means = {m.a: m for m in together(compare_sides(Side(run=early, variant=None), Side(run=later, variant=None)))}
    assert means["fp32"].ratio == pytest.approx(1.5, rel=0.02)
    assert means["int8"].ratio == pytest.approx(1.0, rel=0.02)
    assert {m.phones for m in means.values()} == {2}


def test_a_phone_with_several_setups_counts_once() -> None:
    """Four ratios of two phones are two phones."""
    (result,) = compare_sides(Side(run=RUN, variant="fp32"), Side(run=RUN, variant="int8"))
    four = [
        dataclasses.replace(result, device=device, setup=setup, ratio=ratio)
        for device, setup, ratio in (("p", "1", 0.4), ("p", "4", 0.9), ("q", "1", 0.5), ("q", "4", 0.5))
    ]
    (mean,) = together(four)
    assert mean.phones == 2 and mean.ratio == pytest.approx((0.6 * 0.5) ** 0.5)


def test_verdicts_of_one_phone_are_corrected_together() -> None:
    """Holm over what one phone was asked: with many variants a difference must be surer than alone."""
    names = [f"v{i}" for i in range(6)]
    early = make_run(variants=tuple(variant(n) for n in names), latencies_ns=dict.fromkeys(names, 10e6))
    later = named(
        make_run(
            variants=tuple(variant(n) for n in names), latencies_ns=dict.fromkeys(names, 10e6), seed=1, spread=0.02
        ),
        "later",
    )
    together_ = compare_sides(Side(run=early, variant=None), Side(run=later, variant=None))
    alone = {
        name: compare_sides(Side(run=early, variant=name), Side(run=later, variant=name))[0] for name in names
    }
    raw = [alone[result.a].p_value for result in together_]
    assert [result.p_value for result in together_] == list(holm_adjusted(raw))
    assert min(r.p_value for r in together_ if r.p_value is not None) > min(p for p in raw if p is not None)


@pytest.mark.parametrize("sizes", [(8, 8), (5, 12), (2, 3)])
def test_unpaired_is_welch_on_logs(sizes: tuple[int, int]) -> None:
    """scipy is the referee, to the ninth digit."""
    rng = np.random.default_rng(3)
    a, b = (rng.lognormal(mean, 0.02, n) for mean, n in zip((0.0, 0.05), sizes, strict=True))
    ours = unpaired(list(a), list(b))
    theirs = scipy.stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
    assert ours is not None
    assert ours.ratio == pytest.approx(float(np.exp(np.log(b).mean() - np.log(a).mean())), rel=1e-9)
    assert ours.p_value == pytest.approx(float(theirs.pvalue), rel=1e-9)
    interval = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((np.exp(interval.low), np.exp(interval.high)), rel=1e-9)


def test_one_run_a_side_has_a_ratio_but_no_verdict() -> None:
    found = unpaired([2.0], [1.0])
    assert found is not None
    assert (found.ratio, found.low, found.verdict) == (0.5, None, "inconclusive")
    assert unpaired([], [1.0]) is None


def test_the_command_compares_runs_on_disk(tmp_path: Path) -> None:
    """RUN:VARIANT on both sides, sentence and JSON; a file against a run is refused."""
    kept(tmp_path, RUN)
    sides = ["compare", "latest:fp32", f"{RUN.header.run_id}:int8", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, sides)
    assert done.exit_code == 0 and "int8 / fp32 = 0.5" in done.stdout and "faster" in done.stdout
    data = json.loads(CliRunner().invoke(app, [*sides, "--json"]).stdout)
    assert data["comparisons"][0]["verdict"] == "faster" and data["over_phones"] == []
    model = tmp_path / "m.tflite"
    model.write_bytes(b"x")
    refused = CliRunner().invoke(app, ["compare", str(model), "latest", "--out", str(tmp_path)])
    assert isinstance(refused.exception, UsageError)
