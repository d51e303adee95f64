"""A job's lines out of Android's log, for phones whose shell may not read the files of apps.

The app frames each line by its nonce, a number, and pieces (android-runner/PROTOCOL.md, "The app"). What the log
dropped leaves a gap in the numbers: then the lines behind it are kept, and the transcript knows itself torn.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from devbench.errors import DeadlinePassed, DeviceOffline
from devbench.runners.base import JobInterrupted, Site
from devbench.runners.follow import React
from devbench.runners.patience import LOST, wait_back
from devbench.runners.protocol import Transcript, parse_line

if TYPE_CHECKING:
    from devbench.adb import ShellStream

TAG = "devbench"
_POLL_S = 0.5
_FRAME = re.compile(
    rb"(?P<nonce>[0-9a-z-]{1,64}) (?P<line>\d+) (?P<piece>\d+)/(?P<pieces>\d+) (?P<text>.*)", re.DOTALL
)


class Frames:
    """Puts the lines of one nonce together; a line is given once, whatever is read twice."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._next = 0
        self._pieces: list[bytes] = []

    def take(self, entry: bytes) -> bytes | None:
        """The line that this entry of the log completes, if it does."""
        found = _FRAME.fullmatch(entry)
        if found is None or found["nonce"] != self._nonce or int(found["line"]) < self._next:
            return None
        if int(found["line"]) > self._next:  # the log dropped what stood between
            self._next, self._pieces = int(found["line"]), []
        if int(found["piece"]) != len(self._pieces) + 1:
            return None
        self._pieces.append(found["text"])
        if len(self._pieces) < int(found["pieces"]):
            return None
        whole, self._pieces = b"".join(self._pieces), []
        self._next += 1
        return whole


def is_in_log(site: Site, nonce: str) -> bool:
    """Whether the log holds a line of that job."""
    dump = site.phone.shell(f"logcat -d -v raw -s {TAG}:I | grep -e {shlex.quote(nonce)}").stdout
    return nonce in dump


def follow_log(site: Site, nonce: str, transcript: Transcript, react: React) -> None:
    """Reads lines until the job is over; after a lost connection the whole log again, each line once.

    DeadlinePassed: the job was silent for too long. DeviceOffline: the phone did not come back.
    """
    frames = Frames(nonce)
    command = f"logcat -v raw -s {TAG}:I"
    while not transcript.ended:
        try:
            with site.phone.stream(command) as stream:
                for entry in _entries(site, stream, command):
                    line = frames.take(entry)
                    event, _ = parse_line(line) if line is not None else (None, 0)
                    if event is None:
                        continue
                    react(event)
                    transcript.keep(event)
                    if transcript.ended:
                        return
            raise DeviceOffline("the stream ended early", serial=site.phone.serial, command=command)
        except LOST as error:
            wait_back(site, error)


def _entries(site: Site, stream: ShellStream, command: str) -> Iterator[bytes]:
    """What the log holds and then what comes, until the stream ends; every entry breaks the silence."""
    while True:
        silent_since = time.monotonic()
        while not stream.ready(_POLL_S):
            if site.stop.is_set():
                raise JobInterrupted
            if time.monotonic() - silent_since > site.silence_s:
                raise DeadlinePassed(
                    f"no line for {site.silence_s:g} s", serial=site.phone.serial, command=command
                )
        entry = stream.read_line(deadline_s=site.silence_s)
        if entry is None:
            return
        yield entry
