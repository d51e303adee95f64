"""However the worker ends — refusing, dying, falling silent, talking much — its end is told and nothing hangs."""

from __future__ import annotations

import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from devbench.domain.suite import Recipe
from devbench.errors import ModelError
from devbench.variants.child import run_worker
from devbench.variants.worker import WorkRequest


def _run(
    tmp_path: Path, script: str, *, silence_s: float = 60.0, stop: threading.Event | None = None
) -> tuple[list[str], list[dict[str, Any]]]:
    """What progress and `built` heard from a worker that is this script."""
    file = tmp_path / "worker.py"
    head = "import json, os, sys\ndef tell(**e): print(json.dumps(e), flush=True)\n"
    file.write_text(head + textwrap.dedent(script))
    request = WorkRequest(
        recipe=Recipe(model="net", source="network:dense", variants=()),
        weights_kind="seeded",
        weights_file=None,
        weights_note=None,
        folder=str(tmp_path),
        training=str(tmp_path / "training"),
    )
    said: list[str] = []
    built: list[dict[str, Any]] = []
    run_worker(
        request,
        log=tmp_path / "logs" / "net.log",
        progress=said.append,
        built=built.append,
        command=[sys.executable, str(file)],
        silence_s=silence_s,
        stop=stop,
    )
    return said, built


def test_events_arrive_in_order(tmp_path: Path) -> None:
    said, built = _run(
        tmp_path,
        """
        assert json.load(open(sys.argv[1]))["recipe"]["model"] == "net"
        tell(event="doing", what="net: fp32")
        tell(event="built", variant="fp32", file="f", steps=[])
        """,
    )
    assert said == ["net: fp32"]
    assert [event["variant"] for event in built] == ["fp32"]


def test_a_crash_names_step_signal_and_log(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        _run(
            tmp_path,
            """
            import signal, resource
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            tell(event="doing", what="net: int8")
            print("loc: error: 'tf.Erf' op is neither a custom op nor a flex op", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGABRT)
            """,
        )
    assert "net: int8: the process died (signal 6, SIGABRT)" in caught.value.message
    assert "refused: Erf" in caught.value.message
    assert str(tmp_path / "logs" / "net.log") in (caught.value.fix or "")


def test_a_refusal_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="net: int8: no data") as caught:
        _run(
            tmp_path,
            """
            tell(event="doing", what="net: int8")
            tell(event="failed", message="no data", fix="give some")
            """,
        )
    assert caught.value.fix == "give some"


def test_silence_ends(tmp_path: Path) -> None:
    """The worker would sleep for an hour; its pipe closes only because it is ended."""
    with pytest.raises(ModelError, match="said nothing for 0 s and was ended"):
        _run(tmp_path, "import time; time.sleep(3600)", silence_s=0.2)


def test_a_worker_is_ended_when_another_one_failed(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ModelError, match="stopped, because something else did"):
        _run(tmp_path, "import time; time.sleep(3600)", stop=stop)
