"""The runner's golden lines, read as a session reads them: the same files that the runner's own tests read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devbench.errors import RunnerError
from devbench.runners.protocol import PROTOCOL, Transcript, parse_line

TESTDATA = Path(__file__).parents[2] / "android-runner" / "testdata"


def golden(name: str) -> Transcript:
    transcript = Transcript()
    for line in (TESTDATA / f"{name}.jsonl").read_bytes().splitlines():
        event, length = parse_line(line)
        assert event is not None
        assert length == len(line)
        transcript.keep(event)
    return transcript


def test_a_finished_run_has_all_its_parts() -> None:
    run = golden("run_ok")
    lines = [json.loads(line) for line in (TESTDATA / "run_ok.jsonl").read_text().splitlines()]
    (end,) = [line for line in lines if line["event"] == "end"]
    assert run.complete
    assert not run.torn
    assert run.failure("") is None
    assert [series.phase for series in run.series()] == ["load", "first", "warmup", "steady"]
    assert len(run.series()[-1].values_ns) == end["samples"]["steady"]
    actual = run.actual()
    assert actual is not None
    assert (actual.engine, actual.delegate, actual.delegated_nodes, actual.nodes) == (
        "litert",
        "xnnpack",
        8,
        9,
    )
    assert set(actual.load_steps_ns) == {"engine", "model", "compile"}
    assert [usage.phase for usage in run.usage()] == ["load", "steady"]
    assert all(usage.vm_hwm_bytes and usage.wall_ns for usage in run.usage())


def test_a_detached_run_is_over_at_exit_only() -> None:
    run = golden("run_detached")
    assert run.ended
    assert run.events[-1]["event"] == "exit"
    assert run.failure("") is None


def test_what_is_read_back_wins_over_what_was_seen_at_load() -> None:
    run = golden("run_detached")
    back, actual = run.first("readback"), run.actual()
    assert back is not None
    assert actual is not None
    assert (actual.threads, actual.cpus_allowed) == (back["threads"], back["cpus_allowed"])
    assert actual.cpus_used == tuple(back["cpus_used"])


def test_operators_are_kept_in_order() -> None:
    ops = golden("run_ops").ops()
    assert [op.index for op in ops] == sorted(op.index for op in ops)
    assert ops
    assert all(op.calls > 0 for op in ops)


def test_pass_resources_waits_at_ready_and_tells_its_outputs() -> None:
    run = golden("run_resources")
    assert run.first("ready") is not None
    assert [(o.index, o.dtype) for o in run.outputs()] == [(0, "float32")]


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("run_failed", "bad-model", "damaged or cut off"), ("run_crashed", "crash", "signal"),
        ("run_cut_off", "killed", "vanished"), ("run_usage", "unparsed", "unknown key"),
        ("protocol", "unparsed", "speaks protocol 2"), ("run_stopped", "killed", "signal 15"),
    ],
)  # fmt: skip
def test_each_way_to_fail_has_its_kind(name: str, kind: str, says: str) -> None:
    failure = golden(name).failure("the engine's last words")
    assert failure is not None
    assert (failure.kind, says in failure.cause) == (kind, True), failure
    assert failure.evidence == "the engine's last words"


def test_killed_from_outside_is_told_from_a_crash() -> None:
    run = golden("run_crashed")
    run.events[-1] = {"event": "exit", "code": None, "signal": 9}
    failure = run.failure("")
    assert failure is not None
    assert failure.kind == "killed"


def test_another_protocol_is_refused_by_name() -> None:
    with pytest.raises(RunnerError, match=f"speaks protocol 7, this devbench speaks {PROTOCOL}"):
        Transcript().keep({"event": "hello", "protocol": 7})


@pytest.mark.parametrize(
    ("line", "event", "length"),
    [
        (b"", None, 0), (b"WARNING: linker: unused DT entry", None, 0), (b'{"event":', None, 0), (b"[1]", None, 0),
        (b'{"event":1}', None, 0), (b'{"events":"x"}', None, 0), (b'{"event":"x"}', "x", 13),
        (b'\xff\x00{"event":"x"}', "x", 13), (b'noise {"event":"x","t":"\xc3\xa4"}', "x", 22),
        (b'{"event":"x","t":"\xff"}', "x", 21),
    ],
)  # fmt: skip
def test_an_event_is_found_behind_noise_and_measured_in_bytes(
    line: bytes, event: str | None, length: int
) -> None:
    found, size = parse_line(line)
    assert (found and found["event"], size) == (event, length)


@pytest.mark.parametrize(
    "broken",
    [
        {"event": "sample", "phase": "dancing", "ns": [1]}, {"event": "sample", "phase": "steady", "ns": ["1"]},
        {"event": "sample", "ns": [1]}, {"event": "usage", "phase": "steady"}, {"event": "op", "index": 0},
        {"event": "output", "index": 0, "name": "x"}, {"event": "readback", "cpus_used": "0-3"},
    ],
    ids=str,
)  # fmt: skip
def test_lines_that_break_the_promise_are_one_named_error(broken: dict[str, object]) -> None:
    """Found when they are read from the phone, not by a report that can no longer read the run."""
    run = golden("run_ok")
    run.events = [e for e in run.events if e["event"] != "readback"]
    run.keep(broken)
    with pytest.raises(RunnerError, match="do not hold what its protocol promises"):
        (run.series(), run.usage(), run.ops(), run.outputs(), run.actual())


def test_a_long_warm_up_is_counted_whole_and_told_in_part() -> None:
    run = golden("run_ok")
    end = run.first("end")
    assert end is not None
    end["samples"]["warmup"] += 5000
    assert not run.torn
    end["samples"]["warmup"] = 0
    assert run.torn
