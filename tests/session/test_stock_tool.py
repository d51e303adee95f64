"""The stock tool beside our own runner: what it prints is read back, what it cannot do said, modes apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rig import BRIEF, NEW, OLD, Rig, request, variant
from stock import assert_average, build_stand_in, model_in, only, stock_tool

from devbench.domain.job import Backend, Job
from devbench.domain.variant import Variant
from devbench.hashing import sha256_of
from devbench.parse.benchmark_model import parse_tool_help
from devbench.reports import build_report
from devbench.reports.html_page import html
from devbench.runners.binaries import runner_binary
from devbench.runners.stock_flags import Places, Refused, stock_flags
from devbench.summary import summarise
from devbench.summary.modes import mode_costs

Tool = Callable[[str], str]


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """The word of --runner for the stand-in of an era."""
    folder = tmp_path_factory.mktemp("tools")
    program = build_stand_in(folder)
    return lambda era: f"benchmark_model={stock_tool(program, era, folder)}"


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Variant]:
    return model_in(tmp_path)


@pytest.mark.parametrize("era", ["l-e2", "l-e4", "l-e6", "l-e8", "n"])
@pytest.mark.parametrize("phone", [OLD, NEW])
def test_a_process_of_any_era_gives_its_average_as_one_value(
    rig: Rig, tool: Tool, model: Callable[..., Variant], era: str, phone: str
) -> None:
    """On Android 5, whose adb has neither exit codes nor two streams, as on Android 8."""
    delegate = "none" if era == "l-e2" else "xnnpack"
    asked = request(model(latency_us=300), runners=(tool(era),), threads=(2,), delegates=(delegate,))
    session = rig.session(asked, phone)
    session.assert_complete()
    found = only(session)
    told = assert_average(found, least_ns=300_000)
    assert found.actual is not None
    assert (told.tool, told.era) == (("N", None) if era == "n" else ("L", era[2:].upper()))
    assert told.min_ns is not None and told.max_ns is not None
    assert 300_000 <= told.min_ns <= told.avg_ns + 10_000 <= told.max_ns + 20_000
    assert len(found.samples_ns("load")) == len(found.samples_ns("first")) == 1
    assert found.actual.delegate == delegate
    assert found.actual.threads == (None if era == "n" else 2)
    assert {t.id for t in found.taints} & {"COUNT-TOO-LOW", "DELEGATE-NOT-APPLIED", "THREADS-DIFFER"} == set()
    process = next(u for u in found.usage if u.phase == "process")
    assert process.vm_hwm_bytes is not None and process.vm_hwm_bytes > 0


def test_tensorflow_mobiles_tool_is_told_inputs_and_outputs(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    for era in ("t-2017", "t-2018"):
        session = rig.session(request(model(), runners=(tool(era),), delegates=("none",)), NEW)
        session.assert_complete()
        found = only(session)
        assert found.told is not None and found.actual is not None
        assert (found.told.tool, found.told.count, found.told.nodes_executed) == ("T", 5, 1)
        assert found.told.avg_ns < 10_000_000  # not the average with statistics, which is 70 ms
        assert found.actual.delegate == "none"
        assert any(word.startswith("arg=--input_layer_type=float") for word in found.argv)


def test_of_performance_options_the_one_asked_for_is_taken(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    session = rig.session(request(model(), runners=(tool("p"),), threads=(2,)), NEW)
    found = only(session)
    assert found.told is not None and found.actual is not None
    assert (found.told.tool, found.actual.delegate) == ("P", "xnnpack")
    assert "SHARED-PROCESS" in {t.id for t in found.taints}
    other = rig.session(request(model(), runners=(tool("p"),), threads=(2,), delegates=("gpu",)), NEW)
    failure = only(other).failure
    assert failure is not None and failure.kind == "unparsed"


def test_a_flag_that_the_tool_does_not_take_is_a_failure(
    rig: Rig, tool: Tool, tmp_path: Path, model: Callable[..., Variant]
) -> None:
    """Its help lists more than it reads: the line on unconsumed flags outranks numbers and exit code 0."""
    era = Path(tool("l-e6").partition("=")[2]).read_bytes()
    lying = tmp_path / "benchmark_model"
    lying.write_bytes(era.replace(b" warmup_min_secs verbose", b" verbose").replace(
        b"unknown warn", b"lists warmup_min_secs\nunknown warn"))  # fmt: skip
    found = only(rig.session(request(model(), runners=(f"benchmark_model={lying}",)), NEW))
    assert (found.status, found.exit_code, found.series) == ("failed", 0, ())
    assert found.failure is not None and found.failure.kind == "unparsed"
    assert "Unconsumed cmdline flags: --warmup_min_secs" in found.failure.cause


def test_a_setting_that_the_tool_has_no_flag_for_is_skipped_and_named(
    rig: Rig, tool: Tool, tmp_path: Path, model: Callable[..., Variant]
) -> None:
    era = Path(tool("l-e6").partition("=")[2]).read_bytes()
    other = tmp_path / "benchmark_model"
    other.write_bytes(era.replace(b" num_threads ", b" "))
    found = only(rig.session(request(model(), runners=(f"benchmark_model={other}",)), NEW))
    assert (found.status, found.failure and found.failure.kind) == ("skipped", "unparsed")
    assert found.failure is not None and "--num_threads" in found.failure.cause


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        ({"exit": 1, "fail": 1}, "crash", "exit code 1"),
        ({"signal": 11}, "crash", "signal 11"),
        ({"signal": 9}, "killed", "signal 9"),
        ({"silent": 1}, "unparsed", "no line sums the run up"),
    ],
)
def test_numbers_of_a_process_that_failed_are_no_numbers(
    rig: Rig, tool: Tool, model: Callable[..., Variant], behaviour: dict[str, object], kind: str, words: str
) -> None:
    found = only(rig.session(request(model(**behaviour), runners=(tool("l-e6"),)), NEW))
    assert found.status == "failed"
    assert found.series == ()
    assert found.failure is not None
    assert found.failure.kind == kind
    assert words in found.failure.cause


def test_an_operator_that_the_tool_lacks_is_named(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    asked = request(model(unsupported=1, exit=1), runners=(tool("t-2017"),), delegates=("none",))
    found = only(rig.session(asked, NEW))
    assert found.failure is not None
    assert found.failure.kind == "unsupported-op"
    assert "Where" in found.failure.evidence


def test_a_count_that_was_not_reached_taints(rig: Rig, tool: Tool, model: Callable[..., Variant]) -> None:
    found = only(rig.session(request(model(stop_after=3), runners=(tool("l-e6"),)), NEW))
    assert found.status == "ok"
    (taint,) = [t for t in found.taints if t.id == "COUNT-TOO-LOW"]
    assert taint.detail == "3 inferences, asked 5"


@pytest.mark.parametrize(
    ("behaviour", "delegate", "taint"),
    [
        ({"delegate": "none"}, "xnnpack", "DELEGATE-NOT-APPLIED"),
        ({"delegate": "partial"}, "xnnpack", "DELEGATE-PARTIAL"),
        ({"implicit": 1}, "none", "DELEGATE-NOT-APPLIED"),
        ({"refuse_xnnpack": 1, "delegate": "unsaid"}, "xnnpack", "NOT-READ-BACK"),
    ],
)
def test_a_delegate_that_did_not_do_as_asked_taints(
    rig: Rig, tool: Tool, model: Callable[..., Variant], behaviour: dict[str, object], delegate: str, taint: str
) -> None:
    asked = request(model(**behaviour), runners=(tool("l-e6"),), delegates=(delegate,))
    found = only(rig.session(asked, NEW))
    assert found.status == "ok"
    assert taint in {t.id for t in found.taints}


def test_a_delegate_that_the_tool_has_no_flag_for_is_skipped(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    found = only(rig.session(request(model(), runners=(tool("l-e2"),), delegates=("xnnpack",)), NEW))
    assert (found.status, found.failure and found.failure.kind) == ("skipped", "delegate-refused")


def test_shapes_and_files_of_inputs_reach_the_tool(
    rig: Rig, tool: Tool, tmp_path: Path, model: Callable[..., Variant]
) -> None:
    gate = model()
    name = gate.inputs[0].name
    file = tmp_path / "input.bin"
    file.write_bytes(bytes(8))
    asked = request(
        gate,
        runners=(tool("l-e6"),),
        input_files={name: str(file)},
        input_sha256={name: sha256_of(file)},
    )
    session = rig.session(asked, NEW)
    session.assert_complete()
    words = only(session).argv
    assert f"arg=--input_layer={name}" in words
    assert "arg=--input_layer_shape=1,2" in words
    assert any(word.startswith("arg=--input_layer_value_files=") and sha256_of(file) in word for word in words)


def test_a_lost_connection_loses_no_process_of_the_tool(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    asked = request(model(latency_us=20_000), runners=(tool("l-e6"),), rounds=2)
    with rig.faults(NEW, "drop:after=6"):
        session = rig.session(asked, NEW)
    session.assert_complete()


def test_a_tool_for_another_machine_is_refused_before_anything_is_pushed(rig: Rig, tmp_path: Path) -> None:
    program = tmp_path / "benchmark_model"
    program.write_bytes(runner_binary("android-arm64-v8a").path.read_bytes())
    session = rig.session(request("and-gate", runners=("native", f"benchmark_model={program}")), NEW)
    by_runner = {m.runner: m for m in session.run.measurements if m.pass_name == "latency"}
    assert by_runner["native"].status == "ok"
    stock = by_runner["benchmark_model"]
    assert (stock.status, stock.failure and stock.failure.kind) == ("skipped", "abi")


def test_modes_stand_side_by_side_and_are_never_pooled(
    rig: Rig, tool: Tool, model: Callable[..., Variant]
) -> None:
    """One table: a row a mode, the stock tool's against the native one's by rounds."""
    asked = request(model(latency_us=3000), runners=("native", tool("l-e6")), rounds=5, threads=(1,))
    session = rig.session(asked, NEW)
    session.assert_complete()
    native, stock = summarise(session.run)
    assert (native.cell.runner, stock.cell.runner) == ("native", "benchmark_model")
    assert {m.runner for m in native.cell.measurements} == {"native"}
    assert {m.runner for m in stock.cell.measurements} == {"benchmark_model"}
    steady = stock.estimate("latency", "steady")
    assert steady is not None and steady.value is not None
    assert (steady.n, steady.rounds) == (5, 5)
    assert steady.value >= 3_000_000
    assert stock.comparison is not None and stock.comparison.ratio is not None
    assert stock.comparison.rounds == 5
    assert stock.comparison.ratio > 2
    assert "native" in stock.comparison.baseline
    base, tool_cost = mode_costs((native, stock))
    assert (base.mode, tool_cost.mode, tool_cost.against) == ("native", "benchmark_model", "native")
    assert tool_cost.paired is not None and tool_cost.paired.ratio == pytest.approx(stock.comparison.ratio)
    page = html(build_report(session.run))
    assert "What the way of running costs" in page and f"{tool_cost.delta_pct:+.1f} %" in page




def test_a_pass_that_the_tool_does_not_have_is_refused() -> None:
    """Held-out inputs are for our own runner; a stock tool would time something and call it accuracy."""
    backend = Backend(
        engine="benchmark_model", engine_version="0", engine_sha256="0", delegate="none", threads=1, cores="all",
        cpu_mask=None,
    )  # fmt: skip
    job = Job(
        job_id="0", device="phone", variant="and-gate", backend=backend, runner="benchmark_model", abi="x86_64",
        pass_name="accuracy", round=1, position=0, bounds=BRIEF,
    )  # fmt: skip
    places = Places(model="/m", inputs={}, result="/r")
    with pytest.raises(Refused, match="no pass accuracy"):
        stock_flags(job, variant("and-gate"), parse_tool_help(""), places)
