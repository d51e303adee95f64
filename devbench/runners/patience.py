"""Waiting for a phone that went away, because a cable that comes back must cost nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from devbench.errors import (
    AdbServerError,
    DeadlinePassed,
    DevbenchError,
    DeviceBooting,
    DeviceGone,
    DeviceOffline,
)
from devbench.runners.base import JobInterrupted, Site

if TYPE_CHECKING:
    from devbench.adb import Phone

T = TypeVar("T")

LOST = (DeviceOffline, DeviceGone, DeviceBooting)
_TRIES = 5
_LOOK_S = 1.0  # between two looks at the user's wish to stop, and two pushes at the server
_RECONNECT_S = 5.0


def again(site: Site, call: Callable[[], T]) -> T:
    """`call`, repeated when the phone was lost in it and came back: only for what may be done twice."""
    for left in reversed(range(_TRIES)):
        try:
            return call()
        except LOST:
            if not left or not wait_back(site):
                raise
    raise AssertionError("not reached")


def wait_back(site: Site) -> bool:
    """Whether the phone is usable again within `site.back_within_s`, by the server's own push of states.

    JobInterrupted when the user wants to stop meanwhile. A server that somebody ended is started again, and a
    phone reached by TCP is connected again: the server does so only after 10 s, or never.
    """
    phone = site.phone
    began_s = time.monotonic()
    end_s, was = began_s + site.back_within_s, ""
    while (left_s := end_s - time.monotonic()) > 0:
        if site.stop.is_set():
            raise JobInterrupted
        state = "no server"
        try:
            for transports in phone.server.track(deadline_s=min(left_s, _LOOK_S)):
                state = next((t.state for t in transports if t.serial == phone.serial), "absent")
                if state == "device":
                    site.talk.back(was or "cut", time.monotonic() - began_s)
                    return True
                was = state
        except DeadlinePassed:
            pass
        except AdbServerError:
            site.stop.wait(min(_LOOK_S, left_s))
        _push_on(phone, state)
    return False


def _push_on(phone: Phone, state: str) -> None:
    """What a person would type next; an answer that refuses is as good as none."""
    server, by_tcp = phone.server, ":" in phone.serial
    with contextlib.suppress(DevbenchError):
        if state == "no server" and not server.listening():
            server.ensure()
        elif by_tcp and state == "offline":
            server.disconnect(phone.serial)
            server.connect(phone.serial, deadline_s=_RECONNECT_S)
        elif by_tcp and state == "absent":
            server.connect(phone.serial, deadline_s=_RECONNECT_S)
