"""Waiting for a phone that went away, because a cable that comes back must cost nothing.

The ladder (docs/faults.md): wait, then reconnect, reconnect what is offline, cycle the hub's power, reboot: a step
each `step_s`, the last two only if allowed. What only a person can mend is said at once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from devbench.adb.translate import state_fix
from devbench.devices.boot import read_boot
from devbench.devices.probe import probe
from devbench.errors import (
    AdbServerError,
    DeadlinePassed,
    DevbenchError,
    DeviceBooting,
    DeviceError,
    DeviceGone,
    DeviceOffline,
    DeviceRestarted,
    NeedsPerson,
)
from devbench.runners.base import JobInterrupted, Site

if TYPE_CHECKING:
    from devbench.adb import Transport

T = TypeVar("T")

LOST = (DeviceOffline, DeviceGone, DeviceBooting, NeedsPerson)
_TRIES = 5
_LOOK_S = 1.0  # between two looks at the user's wish to stop, and two pushes at the server
_RECONNECT_S = 5.0
_NEEDS_PERSON = ("unauthorized", "no permissions")
_AUTHORIZING_STEPS = 3  # a phone that is still deciding is left alone for so many steps


def again(site: Site, call: Callable[[], T]) -> T:
    """`call`, repeated when the phone was lost in it and came back: only for what may be done twice.

    A command that hangs is tried again on a new connection, and once more after a reboot if that is allowed.
    """
    rescues = _rescues(site)
    for left in reversed(range(_TRIES)):
        try:
            return call()
        except LOST as error:
            if not left:
                raise
            wait_back(site, error)
        except DeadlinePassed as error:
            rescue = next(rescues, None)
            if not left or rescue is None:
                raise
            _take(site, *rescue)
            wait_back(site, error)
    raise AssertionError("not reached")


def remember_start(site: Site) -> None:
    """From now on the phone's work belongs to its present start."""
    site.line.start = again(site, lambda: read_boot(site.phone)).start
    site.line.restarted = False
    if site.phone.serial not in site.line.addresses:
        site.line.addresses.append(site.phone.serial)


def wait_back(site: Site, error: DeviceError) -> None:
    """Returns when the phone is usable again, by the server's own push of states.

    If it stays away: NeedsPerson or DeviceOffline, with `error` as its cause. DeviceRestarted if it is back after
    a reboot. JobInterrupted when the user wants to stop meanwhile. A server that somebody ended is started again,
    and a phone reached by TCP is connected again: the server does so only after 10 s, or never.
    """
    line = site.line
    line.lost += 1
    began_s = time.monotonic()
    try:
        _Climb(site).up(error)
    finally:
        line.away_s += time.monotonic() - began_s
    if line.restarted:
        raise DeviceRestarted("it started anew; what ran on it is gone", serial=site.phone.serial) from error


class _Climb:
    """One way back up the ladder."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._began_s = time.monotonic()
        self._steps = list(_steps(site))
        self._taken = 0
        self._said: set[str] = set()
        self._others = set(site.others)
        self._booting = False
        self._was = ""

    def up(self, error: DeviceError) -> None:
        site = self._site
        state = "absent"
        while (left_s := self._left_s()) > 0:
            if site.stop.is_set():
                raise JobInterrupted
            state = self._look(min(left_s, _LOOK_S))
            if state == "device":
                if self._started():
                    site.talk.back(self._was or "cut", time.monotonic() - self._began_s)
                    return
                site.stop.wait(min(_LOOK_S, left_s))
                continue
            if state == "no server":
                site.stop.wait(min(_LOOK_S, left_s))
            self._say(state)
            _push_on(site, state)
            self._step(state)
        raise self._stayed_away(state, error)

    def _left_s(self) -> float:
        limits = self._site.limits
        within_s = max(limits.back_within_s, limits.boot_within_s) if self._booting else limits.back_within_s
        return self._began_s + within_s - time.monotonic()

    def _look(self, wait_s: float) -> str:
        """The phone's state once it is `device`, or after `wait_s`; a server that says nothing has no news."""
        heard = ""
        try:
            for transports in self._site.phone.server.track(deadline_s=wait_s):
                heard = self._state(transports)
                if heard == "device":
                    break
                self._was = heard
        except DeadlinePassed:
            return heard or self._was or "no server"
        except AdbServerError:
            return heard or "no server"
        return heard

    def _state(self, transports: tuple[Transport, ...]) -> str:
        """By its address, or by its name at a new one."""
        phone = self._site.phone
        mine = next((t.state for t in transports if t.serial == phone.serial), "absent")
        if mine == "device":
            return mine
        for transport in transports:
            if transport.state == "device" and transport.serial not in self._others and self._is_it(transport):
                self._site.talk.said("it is at another address now")
                phone.serial = transport.serial
                self._site.line.addresses.append(transport.serial)
                return "device"
        return mine

    def _is_it(self, transport: Transport) -> bool:
        """Identity is the phone's own name; a transport that is another's is asked once."""
        try:
            there = probe(self._site.phone.server.phone(transport.serial))
        except DevbenchError:
            return False  # asked again at the next change
        if there.device == self._site.info.device:
            return True
        self._others.add(transport.serial)
        return False

    def _started(self) -> bool:
        """Whether it can be worked with: Android answers long before it is ready."""
        site = self._site
        try:
            boot = read_boot(site.phone)
        except DeviceError:
            return False
        known = site.line.start
        site.line.restarted |= known is not None and boot.start is not None and boot.start != known
        self._booting = not boot.completed and site.info.sdk is not None
        if self._booting:
            self._say("booting")
        return not self._booting

    def _say(self, state: str) -> None:
        """What needs a person, at once; the rest once it lasts."""
        if state in self._said:
            return
        if state.startswith(_NEEDS_PERSON):
            reason, fix = state_fix(state)
            self._site.talk.said(f"{reason}: {fix}")
        elif state == "booting":
            self._site.talk.said(f"it is starting: waiting up to {self._site.limits.boot_within_s:.0f} s")
        elif time.monotonic() - self._began_s < self._site.limits.step_s:
            return
        else:
            self._site.talk.said(f"away ({state}): waiting up to {self._site.back_within_s:.0f} s")
        self._said.add(state)

    def _step(self, state: str) -> None:
        """The next one that is due. Nothing of it helps where a person is needed, or there is no server."""
        if state.startswith((*_NEEDS_PERSON, "no server")) or self._taken == len(self._steps):
            return
        patience = _AUTHORIZING_STEPS if state == "authorizing" else 1
        due_s = self._site.limits.step_s * (patience + self._taken)
        if time.monotonic() - self._began_s >= due_s:
            _take(self._site, *self._steps[self._taken])
            self._taken += 1

    def _stayed_away(self, state: str, error: DeviceError) -> DeviceError:
        site = self._site
        tried = f"; tried: {', '.join(name for name, _ in self._steps[: self._taken])}" if self._taken else ""
        if self._booting:
            reason, fix = "its start did not complete", "look at its screen"
        else:
            reason, fix = state_fix(state) if state not in _PLAIN else _PLAIN[state]
        kind = NeedsPerson if state.startswith(_NEEDS_PERSON) else DeviceOffline
        waited_s = time.monotonic() - self._began_s
        stayed = kind(
            f"{reason}, and that for {waited_s:.0f} s{tried}; before: {error.message}",
            serial=site.phone.serial, fix=f"{fix}; then devbench run --resume",
        )  # fmt: skip
        stayed.__cause__ = error
        return stayed


_PLAIN = {
    "absent": ("it is not on the adb server", "plug it in"),
    "no server": ("no adb server answers", "adb start-server"),
    "device": ("its connection does not last", "look at the cable and the hub"),
}


def _steps(site: Site) -> Iterator[tuple[str, Callable[[], object]]]:
    phone, means = site.phone, site.means
    yield "reconnect", lambda: phone.server.reconnect(phone.serial)
    yield "reconnect offline", lambda: phone.server.reconnect_offline()
    if (hub := means.hub_power) is not None:
        yield "hub power", lambda: site.talk.said(hub.cycle(phone.serial))
    if means.allow_reboot:
        yield "reboot", phone.reboot


def _rescues(site: Site) -> Iterator[tuple[str, Callable[[], object]]]:
    """For a phone that is there and hangs."""
    yield "reconnect", lambda: _anew(site)
    if site.means.allow_reboot:
        yield "reboot", site.phone.reboot


def _take(site: Site, name: str, step: Callable[[], object]) -> None:
    """An answer that refuses is as good as none."""
    site.line.steps.append(name)
    with contextlib.suppress(DevbenchError):
        step()


def _anew(site: Site) -> None:
    if ":" in site.phone.serial:
        _connect(site, drop=True)
    else:
        site.phone.server.reconnect(site.phone.serial)


def _push_on(site: Site, state: str) -> None:
    """What a person would type next."""
    server, by_tcp = site.phone.server, ":" in site.phone.serial
    with contextlib.suppress(DevbenchError):
        if state == "no server" and not server.listening():
            server.ensure()
        elif by_tcp and state in ("offline", "absent"):
            _connect(site, drop=state == "offline")


def _connect(site: Site, *, drop: bool) -> None:
    server, serial = site.phone.server, site.phone.serial
    if drop:
        server.disconnect(serial)
    server.connect(serial, deadline_s=_RECONNECT_S)
