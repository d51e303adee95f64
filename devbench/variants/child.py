"""Runs the worker process and listens to it: its crash, its silence and a Ctrl-C all end in order here."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from devbench.domain.codec import to_json
from devbench.errors import ModelError
from devbench.graph.child import STOP_S, how_ended, listening
from devbench.variants.converter_log import log_tail
from devbench.variants.worker import WorkRequest

WORKER = (sys.executable, "-m", "devbench.variants.worker")
_SILENCE_S = 900.0
_LOOK_S = 0.2


def run_worker(
    request: WorkRequest,
    *,
    log: Path,
    progress: Callable[[str], None],
    built: Callable[[dict[str, Any]], None],
    command: Sequence[str] = WORKER,
    silence_s: float = _SILENCE_S,
    stop: threading.Event | None = None,
) -> None:
    """Until the worker has made everything; `built` hears each file as soon as it is there.

    ModelError says what the worker refused, or how it died and what its log says last; the whole log stays in
    `log`. A worker that says nothing for `silence_s` is ended, and so is one at work when `stop` is set.
    """
    folder = Path(request.folder)
    order = folder / "request.json"
    order.write_text(json.dumps(to_json(request)), encoding="utf-8")
    log.parent.mkdir(parents=True, exist_ok=True)
    doing = f"{request.recipe.model}: starting"
    with listening([*command, str(order)], log) as (worker, lines):
        try:
            while (line := _next_of(lines, silence_s, stop)) is not None:
                event = json.loads(line)
                if event["event"] == "failed":
                    raise ModelError(f"{doing}: {event['message']}", fix=event["fix"] or f"the log is {log}")
                if event["event"] == "built":
                    built(event)
                else:
                    doing = event["what"]
                    progress(doing)
            code = worker.wait(timeout=STOP_S)
        except (queue.Empty, subprocess.TimeoutExpired) as e:
            silent = f"{doing}: the process said nothing for {silence_s:.0f} s and was ended"
            raise ModelError(silent, fix=f"the log is {log}") from e
    if code != 0:
        said = log_tail(log.read_text(encoding="utf-8", errors="replace"))
        raise ModelError(
            f"{doing}: the process died ({how_ended(code)})\n{said}".rstrip(), fix=f"the log is {log}"
        )


def _next_of(
    lines: queue.Queue[bytes | None], silence_s: float, stop: threading.Event | None
) -> bytes | None:
    """The next line; queue.Empty after `silence_s` without one, ModelError when `stop` is set before."""
    deadline = time.monotonic() + silence_s
    while True:
        try:
            return lines.get(timeout=min(_LOOK_S, silence_s))
        except queue.Empty:
            if stop is not None and stop.is_set():
                raise ModelError("stopped, because something else did") from None
            if time.monotonic() >= deadline:
                raise
