"""A process that crashes or is killed is a result: with its cause, what the phone says of it, and a next step."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from rig import JOBS, LATENCY, NEW, OLD, Rig, Session, request

from devbench.domain.event import Event, JobStarted
from devbench.domain.measurement import Failure
from devbench.graph.model_file import read_variant

from ..engines.paced import build_paced, write_paced


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"tflite@2.16.1={build_paced(tmp_path_factory.mktemp('engine'))}"


def failure_of(done: Session) -> Failure:
    (measurement,) = done.of("paced")
    assert measurement.failure is not None
    return measurement.failure


@pytest.mark.parametrize(
    ("behaviour", "signal"),
    [({"crash_at": 3}, "SIGSEGV (signal 11)"), ({"abort_at": 3}, "SIGABRT (signal 6)")],
)
@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_crash_is_a_result_with_its_signal(
    rig: Rig, tmp_path: Path, engine: str, name: str, behaviour: dict[str, object], signal: str
) -> None:
    """These phones write no crash into their log, and that is said."""
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=10, **behaviour))
    done = rig.session(request(model, engines=(engine,), profile=LATENCY), name)
    assert done.statuses() == ["failed(crash)"]
    failure = failure_of(done)
    assert failure.cause == f"the process was ended by {signal}; the phone's log does not name it"
    assert "another engine version" in failure.fix


def test_a_kill_by_the_low_memory_killer_is_told_with_its_line(rig: Rig, tmp_path: Path, engine: str) -> None:
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=1000, hang_at=4))
    reason = "oom_score_adj 0 to free 99kB rss; reason: low watermark is breached"

    def kill() -> None:
        phone = rig.phone(NEW)
        lines, end_s = [], time.monotonic() + 20
        while not lines:
            assert time.monotonic() < end_s
            lines = phone.shell(f"cat {JOBS}/*/out.jsonl").stdout.splitlines(keepends=True)
        pid = json.loads(lines[0])["pid"]
        line = f"Kill '$(cat /proc/{pid}/comm)' ({pid}), uid 2000, {reason}"
        phone.shell(f'log -p i -t lowmemorykiller "{line}"; kill -9 {pid}', check=True)

    started: list[threading.Thread] = []

    def on_start(event: Event) -> None:
        if isinstance(event, JobStarted):
            started.append(threading.Thread(target=kill))
            started[-1].start()

    done = rig.session(request(model, engines=(engine,), profile=LATENCY), NEW, on_event=on_start)
    for thread in started:
        thread.join()
    failure = failure_of(done)
    assert failure.kind == "killed"
    assert failure.cause == "the phone's low-memory killer ended the process (by SIGKILL (signal 9))"
    assert reason in failure.evidence
    assert rig.phones[NEW].serial not in failure.evidence
