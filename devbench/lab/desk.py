"""What stands in front of one phone on its host: takes a session's plan and files, runs it, tells what came of it.

It outlives connections: a session goes on while the scheduler or whoever submitted it is away; its ledger waits on
the disk. One session at a time; everything that comes in is JSON, and every name in it is checked.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import devbench
from devbench.devices import Selection, leased, select
from devbench.domain.codec import from_json, to_json
from devbench.domain.device import DeviceInfo
from devbench.domain.measurement import Measurement
from devbench.domain.run import Run, RunHeader
from devbench.errors import DevbenchError, NoUsableDevice, StoreError
from devbench.lab.files import CHUNK_BYTES, FileCache, localised
from devbench.lab.ledger import PREFIX, Ledger, read_lines, with_ledgers
from devbench.session import Limits, resume, work

if TYPE_CHECKING:
    from devbench.adb import Server

PREDECESSOR_S = 90.0
SILENT_S = 30.0  # a submitter that is not heard of for so long is gone
_AGAIN: dict[str, Any] = {"outcome": "again", "reason": "the session did not begin, or its end was not heard of"}
_NAME = re.compile(r"[\w-][\w.-]{0,100}")
_LINES_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders of this host: ledgers and files of the lab, leases, what is known of phones, and their setbacks."""

    lab: Path
    leases: Path
    phones: Path
    quarantine: Path


class Desk:
    """One phone; `handle` answers requests at any time, `attend` is a session's turn."""

    def __init__(self, server: Server, info: DeviceInfo, places: Places) -> None:
        self._server = server
        self.info = info
        self._places = places
        self._files = FileCache(places.lab / "files")
        self._changed = threading.Condition()
        self._awaited: str | None = None  # the run whose plan is waited for
        self._heard_s = 0.0  # when its submitter last asked for anything
        self._plan: dict[str, Any] | None = None
        self._run: str | None = None  # the run that is measured
        self._result: dict[str, Any] = _AGAIN  # of the last session
        self._stop = threading.Event()
        self.closing = threading.Event()

    # a session's turn, in a thread of Dask's

    def attend(self, run_id: str, gone: threading.Event) -> dict[str, Any]:
        """The session of `run_id` from plan to end; what came of it. `gone`: nobody waits for the answer any more.

        A session that is under way is waited for: its own run's, or that of a run whose submitter was lost.
        """
        with self._changed:
            joined = self._run == run_id
            if not joined:
                if not self._wait(lambda: self._run is None, gone) or not (plan := self._await_plan(run_id, gone)):
                    return _AGAIN
                self._run = run_id
                self._stop.clear()
                threading.Thread(target=self._measure, args=(run_id, plan), name="session").start()
            return self._result if self._wait(lambda: self._run is None, gone) else _AGAIN

    def _await_plan(self, run_id: str, gone: threading.Event) -> dict[str, Any] | None:
        """The plan for this phone, as long as its submitter is heard of."""
        self._awaited, self._plan, self._heard_s = run_id, None, time.monotonic()
        try:
            self._wait(lambda: self._plan is not None or time.monotonic() - self._heard_s > SILENT_S, gone)
            return self._plan
        finally:
            self._awaited = None

    def _wait(self, over: Callable[[], bool], gone: threading.Event) -> bool:
        """Until `over()`; False where nobody waits any more or this process ends with no session running."""
        while not over():
            if gone.is_set() or (self.closing.is_set() and self._run is None):
                return False
            self._changed.wait(0.5)
        return True

    def _measure(self, run_id: str, plan: dict[str, Any]) -> None:
        result = {"outcome": "lost", "reason": "an error of devbench itself; the agent's output has it"}
        try:
            result = self._session(run_id, plan)
        except NoUsableDevice as error:
            result = {"outcome": "away", "reason": self._scrubbed(str(error))}
        except DevbenchError as error:
            result = {"outcome": "lost", "reason": self._scrubbed(str(error))}
        finally:
            with self._changed:
                self._run, self._result = None, result
                self._changed.notify_all()

    def _session(self, run_id: str, plan: dict[str, Any]) -> dict[str, Any]:
        """As `devbench run --resume` does it, on this one phone, into a ledger."""
        header = localised(from_json(RunHeader, plan["header"]), self._files)
        earlier = tuple(from_json(Measurement, record) for record in plan["earlier"])
        folder = self._folder(run_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._held() as held:
            # read while the phone is ours: whoever held it before may have written until then
            run = with_ledgers(Run(header=header, measurements=earlier, folder=str(folder)), folder)
            prepared = resume(run, held)
            # in the order of time, and of a name that no other host has
            part = f"{len(list(folder.glob(f'{PREFIX}*'))):04d}-{secrets.token_hex(4)}"
            serials = {text: self.info.device for text in (self.info.serialno, self.info.serial) if text}
            ledger = Ledger(folder, part, serials)
            limits = Limits(silence_s=float(plan["silence_s"]), back_within_s=float(plan["back_within_s"]))
            work.run(
                prepared, ledger, self._server, ledger.tell, limits=limits, memory=self._places.phones,
                quarantine=self._places.quarantine, stop=self._stop,
            )  # fmt: skip
        session = ledger.session
        if session is None:
            return {"outcome": "finished", "reason": None}
        return {"outcome": session.outcome, "reason": self._scrubbed(session.reason or "") or None}

    @contextlib.contextmanager
    def _held(self) -> Iterator[Selection]:
        """The phone for this process; one that still ends its session on it, as its agent died, is waited for."""
        found = select(self._server, self.info.serial)
        end_s = time.monotonic() + PREDECESSOR_S
        with contextlib.ExitStack() as stack:
            while not (held := stack.enter_context(leased(self._places.leases, found))).devices:
                if not found.devices or time.monotonic() > end_s or self._stop.wait(0.5):
                    break
            yield held

    # requests, in the thread of Dask's event loop: none of them waits for a phone

    def handle(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer to one request, and bytes with it; DevbenchError for what is not understood."""
        if request.get("run") == self._awaited:
            self._heard_s = time.monotonic()
        match request.get("do"):
            case "who":
                return {"device": self.info.device, "info": to_json(self._public()), "busy": self._run,
                        "version": devbench.__version__}, b""  # fmt: skip
            case "look":
                return self._look(str(request["run"]), request["offsets"].get(self.info.device, {}))
            case "missing":
                return {"missing": self._files.missing(request["sha256s"])}, b""
            case "keep":
                self._files.keep(request["sha256"], int(request["offset"]), data, last=bool(request["last"]))
                return {}, b""
            case "plan":
                return {"taken": self._take(request)}, b""
            case "read":
                return self._read(str(request["run"]), str(request["name"]), int(request["offset"]))
            case "stop":
                if self._run == request["run"]:
                    self._stop.set()
                self._take({"run": request["run"]})  # an empty plan, where one is waited for
                return {}, b""
            case "forget":
                if request["run"] not in (self._run, self._awaited):
                    shutil.rmtree(self._folder(str(request["run"])), ignore_errors=True)
                return {}, b""
        raise StoreError(f"unknown request {str(request.get('do'))[:40]!r}")

    def close(self) -> None:
        """This process is to end: the session stops as on Ctrl-C, with everything measured so far on the disk."""
        self.closing.set()
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def join(self) -> None:
        """Until no session runs."""
        with self._changed:
            self._changed.wait_for(lambda: self._run is None)

    def _look(self, run_id: str, offsets: dict[str, int]) -> tuple[dict[str, Any], bytes]:
        """State, and lines of the first ledger that has more of them than `offsets` (by part) says."""
        state = "measuring" if self._run == run_id else "waiting" if self._awaited == run_id else "idle"
        answer: dict[str, Any] = {"device": self.info.device, "state": state, "part": None}
        for path in sorted(self._folder(run_id).glob(f"{PREFIX}*.jsonl")):
            if path.stat().st_size > offsets.get(path.stem, 0):
                lines = read_lines(path, offsets.get(path.stem, 0), _LINES_BYTES)
                if lines:
                    return answer | {"part": path.stem}, lines
        return answer, b""

    def _read(self, run_id: str, name: str, offset: int) -> tuple[dict[str, Any], bytes]:
        path = self._folder(run_id) / "outputs" / _checked(name)
        with open(path, "rb") as file:
            file.seek(offset)
            return {"size": path.stat().st_size}, file.read(CHUNK_BYTES)

    def _take(self, plan: dict[str, Any]) -> bool:
        with self._changed:
            if self._awaited != plan["run"]:
                return False
            self._plan = plan if "header" in plan else {}
            self._changed.notify_all()
            return True

    def _folder(self, run_id: str) -> Path:
        return self._places.lab / "runs" / _checked(run_id) / self.info.device

    def _public(self) -> DeviceInfo:
        """Without serial numbers: they stay on the host that has the cable."""
        from dataclasses import replace

        return replace(self.info, serial=self.info.device, serialno=None)

    def _scrubbed(self, text: str) -> str:
        for serial in (self.info.serialno, self.info.serial):
            text = text.replace(serial, self.info.device) if serial else text
        return text


def _checked(name: str) -> str:
    """A name that stays in its folder."""
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name[:80]!r} is no name of a run or file")
    return name


def answer(desk: Desk, request: bytes, data: bytes) -> tuple[bytes, bytes]:
    """`Desk.handle` over the wire: JSON in, JSON out, errors as text."""
    try:
        reply, found = desk.handle(json.loads(request), data)
    except (DevbenchError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reply, found = {"error": f"{type(error).__name__}: {error}"}, b""
    return json.dumps(reply).encode(), found
