"""One host's phones offered to a lab: a process a phone, started when it comes, ended when it stays away."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from devbench.devices import select, without_quarantined
from devbench.domain.device import DeviceInfo
from devbench.errors import DevbenchError

if TYPE_CHECKING:
    from devbench.adb import Server

AWAY_S = 600.0
RESTART_S = 3.0
STOP_S = 90.0


@dataclass(kw_only=True)
class _Served:
    """A phone's process, and when the phone was last seen or the process last ended."""

    info: DeviceInfo
    process: subprocess.Popen[str] | None = None
    seen_s: float = field(default_factory=time.monotonic)
    ended_s: float = float("-inf")


class Agent:
    """`run` until `stop` is set. `settings` are what devbench.lab.worker reads, without the phone's own."""

    def __init__(
        self, server: Server, spec: str, settings: dict[str, Any], quarantine: Path, *, said: Callable[[str], None],
        poll_s: float = 1.0,
    ) -> None:  # fmt: skip
        self._server = server
        self._spec = spec
        self._settings = settings
        self._quarantine = quarantine
        self._said = said
        self._poll_s = poll_s
        self._phones: dict[str, _Served] = {}
        self._refused: set[tuple[str, str]] = set()

    def run(self, stop: threading.Event) -> None:
        """Phones come and go; their processes follow. At the end every session is stopped cleanly."""
        try:
            while True:
                self._look()
                if stop.wait(self._poll_s):
                    return
        finally:
            self._end_all()

    def _look(self) -> None:
        try:
            here = {t.serial for t in self._server.transports() if t.state == "device"}
            new = here - {served.info.serial for served in self._phones.values()}
            if new:
                self._meet(new)
        except DevbenchError as error:
            self._say_once("adb", error.message)
            return
        now_s = time.monotonic()
        for served in self._phones.values():
            if served.info.serial in here:
                served.seen_s = now_s
            self._follow(served, now_s)

    def _meet(self, serials: set[str]) -> None:
        """New phones, as far as SPEC means them; why the others are not offered is said once."""
        selection = without_quarantined(select(self._server, self._spec), self._quarantine)
        for reject in selection.rejects:
            self._say_once(reject.serial, f"left out: {reject.serial} [{reject.state}]: {reject.reason}")
        for info in selection.devices:
            if info.serial in serials:
                # the same phone under another address: its old process could not reach it
                if (before := self._phones.get(info.device)) is not None and before.process is not None:
                    _close(before.process)
                self._phones[info.device] = _Served(info=info)

    def _follow(self, served: _Served, now_s: float) -> None:
        process = served.process
        if process is not None and process.poll() is not None:
            self._said(f"{served.info.device}: its process ended with code {process.returncode}")
            served.process, served.ended_s = None, now_s
        away = now_s - served.seen_s
        if served.process is not None and away > AWAY_S:
            self._said(f"{served.info.device}: away for {away:.0f} s, not offered any more")
            _close(served.process)
        elif served.process is None and away < self._poll_s * 3 and now_s - served.ended_s > RESTART_S:
            served.process = self._start(served.info)

    def _start(self, info: DeviceInfo) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "devbench.lab.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None and process.stdout is not None
        self._said(f"{info.device}: offered to the scheduler at {self._settings['scheduler']}")
        settings = self._settings | {"serial": info.serial, "device": info.device}
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        threading.Thread(target=self._tell, args=(info.device, process.stdout), daemon=True).start()
        return process

    def _tell(self, device: str, lines: IO[str]) -> None:
        for line in lines:
            self._said(f"{device}: {line.rstrip()}")

    def _say_once(self, what: str, text: str) -> None:
        if (what, text) not in self._refused:
            self._refused.add((what, text))
            self._said(text)

    def _end_all(self) -> None:
        processes = [served.process for served in self._phones.values() if served.process is not None]
        for process in processes:
            _close(process)
        end_s = time.monotonic() + STOP_S
        for process in processes:
            try:
                process.wait(max(0.1, end_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def _close(process: subprocess.Popen[str]) -> None:
    """The process hears that it is to end by its standard input, as it does when we are killed."""
    if process.stdin is not None and not process.stdin.closed:
        try:
            process.stdin.close()
        except OSError:
            pass  # it is gone already
