"""Starts the process in which TensorFlow works and listens to it: crash, silence, Ctrl-C all end in order here."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from devbench.errors import ModelError, UsageError

WORKER = (sys.executable, "-m", "devbench.graph.worker")
STOP_S = 5.0
_LOADING_S = 300.0
_WITHOUT_PARITY = "--no-parity leaves the comparison out"
_TAIL_CHARACTERS = 500
# "F0000 00:00:1795404168.204180 24856 tensor.cc:853] Check failed: …"
_FATAL = re.compile(r"^F\d{4} .*?\] (.*)", re.MULTILINE)


def run_worker(
    request_file: Path,
    *,
    log: Path,
    deadline_s: float,
    told: Callable[[dict[str, Any]], None],
    command: Sequence[str] = WORKER,
) -> None:
    """Until the worker has said `done`; `told` hears all of its other events.

    Each transform and each run may take `deadline_s`, loading TensorFlow up to five minutes. UsageError or
    ModelError say what it refused, how it died, or that it did not end.
    """
    doing: dict[str, Any] = {"what": "starting", "endless": None, "timed": False, "for_parity": False}
    with listening([*command, str(request_file)], log) as (worker, lines):
        try:
            while (line := lines.get(timeout=deadline_s if doing["timed"] else _LOADING_S)) is not None:
                event = json.loads(line)
                if event["event"] == "failed":
                    raise (UsageError if event["usage"] else ModelError)(event["message"], fix=event["fix"])
                if event["event"] == "begin":
                    doing = event
                told(event)
            code = worker.wait(timeout=STOP_S)
        except (queue.Empty, subprocess.TimeoutExpired) as e:
            raise _endless(doing, deadline_s if doing["timed"] else _LOADING_S) from e
    if code != 0:
        fix = _WITHOUT_PARITY if doing["for_parity"] else None
        raise ModelError(f"{doing['what']}: TensorFlow crashed ({how_ended(code)}){_said(log)}", fix=fix)


@contextlib.contextmanager
def listening(
    command: Sequence[str], log: Path
) -> Iterator[tuple[subprocess.Popen[bytes], queue.Queue[bytes | None]]]:
    """A process and the lines it prints, then None; its errors go to `log`. It never outlives the block."""
    with (
        log.open("wb") as log_file,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log_file
        ) as worker,
    ):
        assert worker.stdout is not None
        try:
            yield worker, _lines_of(worker.stdout)
        finally:
            _stop(worker)


def _endless(doing: dict[str, Any], deadline_s: float) -> ModelError:
    what = f"{doing['what']} did not end within {deadline_s:g} s and was stopped"
    if doing["endless"]:
        return ModelError(
            f"{what}: {doing['endless']}", fix="give each node a constant of its own, or leave it out"
        )
    longer = "--deadline gives it longer"
    return ModelError(what, fix=f"{longer}; {_WITHOUT_PARITY}" if doing["for_parity"] else longer)


def _lines_of(stream: IO[bytes]) -> queue.Queue[bytes | None]:
    """Lines as they come, then None; a thread reads, because a pipe cannot be waited for with a deadline."""
    lines: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """TensorFlow's C++ holds the interpreter, so no signal that Python handles would be heard."""
    if worker.poll() is None:
        worker.kill()
        worker.wait(timeout=STOP_S)


def _said(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    fatal = _FATAL.findall(text)
    tail = fatal[-1] if fatal else text.strip()[-_TAIL_CHARACTERS:]
    return f": {tail}" if tail else ""


def how_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
