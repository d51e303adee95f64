"""Following a detached job's lines through interruptions: what the phone wrote is read once and whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from devbench.errors import DeadlinePassed, DeviceOffline, NotExecutable, RunnerError
from devbench.runners.base import JobInterrupted, Site
from devbench.runners.patience import LOST, wait_back
from devbench.runners.protocol import Transcript, parse_line

if TYPE_CHECKING:
    from devbench.adb import ShellStream

MAX_FRUITLESS = 5
_POLL_S = 0.5
_NOT_EXECUTABLE = (126, 127)
# not of the file: the caller's own line of `run detach=1`, and the word that nobody writes any more
_OUTSIDE = ("started", "gone")

# said by the start when it failed, because the shell of an old phone has no exit code to tell it by
REFUSED = """ || echo '{"event":"refused","code":'$?'}'"""

React = Callable[[dict[str, Any]], None]


def follow(site: Site, start: str, again: str, transcript: Transcript, react: React) -> None:
    """Run `start` and read lines until the job is over; after a lost connection, `again` from the last byte.

    DeadlinePassed: the job was silent for too long. DeviceOffline: the phone did not come back.
    RunnerError, NotExecutable: nothing was started. `react` may be called twice for a line in whose course
    the phone was lost.
    """
    reader = _Reader(site, transcript, react)
    command = start
    fruitless = 0
    while not transcript.ended:
        offset = reader.offset
        try:
            reader.read(command, restarted=command is not start)
            if not transcript.ended:
                return  # the start was refused; what it said stands in the transcript
        except _NeverBegan:
            command = start  # the phone was lost before the job's file was there
            fruitless += 1
        except LOST as error:
            fruitless = 0 if reader.offset > offset else fruitless + 1
            if fruitless > MAX_FRUITLESS:
                raise
            wait_back(site, error)
            command = f"{again} offset={reader.offset}"
        if fruitless > MAX_FRUITLESS:
            raise DeviceOffline("its connection does not last", serial=site.phone.serial, command=command)


class _NeverBegan(Exception):
    """There is no file to follow, and nothing of it was read: the job may be started again."""


class _Reader:
    """Where in the file on the phone we are. `offset` counts the bytes of whole lines of it, as they came."""

    def __init__(self, site: Site, transcript: Transcript, react: React) -> None:
        self._site = site
        self._transcript = transcript
        self._react = react
        self.offset = 0
        self._refused: int | None = None

    def read(self, command: str, *, restarted: bool) -> None:
        """Lines until the job is over or the stream is; DeviceOffline if the stream was cut."""
        site, transcript = self._site, self._transcript
        with site.phone.stream(command) as stream:
            quiet_since = time.monotonic()
            first = True
            while not transcript.ended:
                line = self._next_line(stream, command, quiet_since, begun=restarted or not first)
                quiet_since = time.monotonic()
                if line is None:
                    self._stream_ended(stream, command, restarted)
                    return
                event, length = parse_line(line)
                if event is None:
                    transcript.noise.append(line.decode(errors="replace"))
                    continue
                if event["event"] == "refused":
                    self._refused = event.get("code")
                    continue
                if restarted and first and event["event"] == "error":
                    self._no_file(event)
                first = False
                # an event counts once all that it asks of the host is done: lost before, it is read again
                self._react(event)
                transcript.keep(event)
                if event["event"] not in _OUTSIDE:
                    self.offset += length + 1

    def _next_line(self, stream: ShellStream, command: str, since: float, *, begun: bool) -> bytes | None:
        """The next line within the silence limit; before the first line, within the limit for a start.

        A start may be queued on the phone behind another's measurement, and no engine can hang in it yet.
        """
        site = self._site
        limit_s = site.silence_s if begun else max(site.silence_s, site.start_s)
        while True:
            if site.stop.is_set():
                raise JobInterrupted
            left_s = limit_s - (time.monotonic() - since)
            if left_s <= 0:
                raise DeadlinePassed(f"no line for {limit_s:g} s", serial=site.phone.serial, command=command)
            if stream.ready(min(left_s, _POLL_S)):
                return stream.read_line(deadline_s=max(left_s, 1.0))

    def _no_file(self, event: dict[str, Any]) -> None:
        """`follow` found no file: its own error is not the job's."""
        if self.offset == 0:
            raise _NeverBegan
        raise RunnerError(
            f"the job's file is gone from the phone: {event.get('message')}",
            fix="something else removes files below /data/local/tmp; resume the run",
        )

    def _stream_ended(self, stream: ShellStream, command: str, restarted: bool) -> None:
        """That is right after `exit`; before it, the start was refused, or the connection was cut.

        Without protocol v2 a cut stream looks like an ended one, so the start says itself when it is refused.
        """
        transcript, serial = self._transcript, self._site.phone.serial
        if stream.stderr.strip():
            transcript.noise.append(stream.stderr.strip())
        begun = restarted or transcript.first("started") is not None
        code = stream.exit_code if self._refused is None else self._refused
        if begun or code is None:
            raise DeviceOffline("the stream ended early", serial=serial, command=command)
        if transcript.first("error") is not None:
            return
        said = " ".join(transcript.noise)[-300:] or "nothing"
        if code in _NOT_EXECUTABLE:
            raise NotExecutable(
                f"the runner does not start any more: {said}", serial=serial, fix="devbench doctor looks closer"
            )
        raise RunnerError(f"the runner did not start (exit code {code}); it said: {said}")
