"""Following a detached job's lines through interruptions: a cable that comes back costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from devbench.errors import (
    AdbServerError,
    DeadlinePassed,
    DeviceBooting,
    DeviceGone,
    DeviceOffline,
    RunnerError,
)
from devbench.runners.base import Site

if TYPE_CHECKING:
    from devbench.adb import Phone
    from devbench.runners.protocol import Transcript

BACK_WITHIN_S = 60.0
_LOST = (DeviceOffline, DeviceGone, DeviceBooting)


class JobInterrupted(Exception):
    """The user asked to stop while a job was running."""


def follow(
    site: Site,
    start: str,
    again: str,
    transcript: Transcript,
    react: Callable[[dict[str, Any]], None],
) -> None:
    """Run `start` and read lines until the job is over; after a lost connection `again` from the last byte.

    DeadlinePassed: the job was silent for too long. DeviceOffline: the phone did not come back.
    """
    position = _Position()
    command = start
    while not transcript.ended:
        try:
            _read(site, command, transcript, react, position)
            if not transcript.ended and not position.started:
                return  # the start itself failed; what it said stands in the transcript
            if not transcript.ended:
                raise DeviceOffline("the stream ended early", serial=site.phone.serial, command=command)
        except _LOST:
            if not wait_back(site.phone, BACK_WITHIN_S):
                raise
        if not transcript.ended:
            # started or not, the start is not repeated: the folder may exist and the job may run
            command = f"{again} offset={position.bytes_read}"


class _Position:
    """How far into the file on the phone we are; started, gone and noise are not of the file."""

    def __init__(self) -> None:
        self.bytes_read = 0
        self.started = False

    def count(self, event: dict[str, Any] | None, line: str) -> None:
        if event is None or event["event"] == "gone":
            return
        if event["event"] == "started":
            self.started = True
        elif self.started:
            self.bytes_read += len(line.encode()) + 1


def _read(
    site: Site,
    command: str,
    transcript: Transcript,
    react: Callable[[dict[str, Any]], None],
    position: _Position,
) -> None:
    with site.phone.stream(command) as stream:
        quiet_since = time.monotonic()
        while not transcript.ended:
            if site.stop.is_set():
                raise JobInterrupted
            left = site.silence_s - (time.monotonic() - quiet_since)
            if left <= 0:
                raise DeadlinePassed(
                    f"no line for {site.silence_s:g} s", serial=site.phone.serial, command=command
                )
            if not stream.ready(min(left, 0.5)):
                continue
            line = stream.read_line(deadline_s=max(left, 1.0))
            quiet_since = time.monotonic()
            if line is None:
                _refuse_failed_start(transcript, stream.exit_code, stream.stderr)
                return
            event = transcript.feed(line)
            position.count(event, line)
            if event is not None:
                react(event)


def _refuse_failed_start(transcript: Transcript, exit_code: int | None, stderr: str) -> None:
    """The stream ended: that is right after `exit`, and an error that ended the start is an event already."""
    if stderr.strip():
        transcript.noise.append(stderr.strip())
    if transcript.first("started") is None and transcript.first("error") is None:
        said = " ".join(transcript.noise)[-300:] or "nothing"
        raise RunnerError(f"the runner did not start (exit code {exit_code}); it said: {said}")


def wait_back(phone: Phone, within_s: float) -> bool:
    """Whether the phone is usable again within `within_s`, by the server's own push of states."""
    end = time.monotonic() + within_s
    while (left := end - time.monotonic()) > 0:
        try:
            for transports in phone.server.track(deadline_s=left):
                if any(t.serial == phone.serial and t.state == "device" for t in transports):
                    return True
        except DeadlinePassed:
            return False
        except AdbServerError:
            # someone restarted the server; it is back in a moment, and so is the phone
            time.sleep(min(1.0, max(0.0, end - time.monotonic())))
    return False
