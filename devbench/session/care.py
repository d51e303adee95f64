"""One phone's conditions for the length of a session: changed and put back, looked at, rested, written down."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.adb import ShellResult
from devbench.conditions import (
    WAKE_SDK,
    CoolDown,
    Countdown,
    Findings,
    Gate,
    Guard,
    Passage,
    Rest,
    Tweaks,
    better_baseline,
    canary_ratio,
    load_baseline,
    look,
    pass_gate,
    read_canary,
    save_baseline,
    settle,
    tweaked,
)
from devbench.conditions.rules import MAX_CANARY_RATIO, THERMAL_STATUS_SDK
from devbench.domain.device import DeviceState
from devbench.domain.event import Event, Said, Waiting
from devbench.domain.phone_session import Note, Outcome, PhoneSession
from devbench.domain.run import RunHeader
from devbench.domain.taint import Taint
from devbench.runners.base import JobInterrupted, Site
from devbench.runners.cas import PROTOCOL
from devbench.runners.jobs import JOBS
from devbench.runners.patience import again

if TYPE_CHECKING:
    from devbench.runners.native import NativeRunner

QUICK_LOOK_S = 1.0
_BEAT_S = 60.0
_CANARY_TRIES = 3


class Refused(Exception):
    """The phone is in a condition that was not allowed; `passage` has all of them."""

    def __init__(self, passage: Passage, fix: str) -> None:
        super().__init__("; ".join(f"{t.id}: {t.sentence} {t.detail}" for t in passage.refused))
        self.passage = passage
        self.fix = fix


class ThermalLimited(Exception):
    """The phone does not get cool enough any more to go on."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _PatientShell:
    """The phone's shell for what may be asked twice: a connection that comes back costs nothing."""

    site: Site

    @property
    def serial(self) -> str:
        return self.site.phone.serial

    def shell(self, command: str, *, deadline_s: float = 60.0, check: bool = False) -> ShellResult:
        return again(self.site, lambda: self.site.phone.shell(command, deadline_s=deadline_s, check=check))


class Care:
    """The conditions of one phone; `with kept():` holds around everything that is measured.

    `memory` is the folder that remembers phones from run to run (None: nothing is remembered). With `screen` an app
    of ours is among what runs.
    """

    def __init__(
        self, site: Site, runner: NativeRunner, header: RunHeader, emit: Callable[[Event], None], *,
        memory: Path | None, expected_peak_bytes: int | None, screen: bool = False,
    ) -> None:  # fmt: skip
        self._site = site
        self._info = site.info
        self._runner = runner
        self._header = header
        self._emit = emit
        self._memory = memory
        self._expected_peak_bytes = expected_peak_bytes
        self._screen = screen
        self._shell = _PatientShell(site=site)
        self._tweaks = Tweaks(None)
        self._findings = Findings()
        self._cooldown: CoolDown | None = None
        self._told: dict[str, Any] = {}
        self._started_at = _now()
        self._beaten_at = float("-inf")
        self.start: DeviceState | None = None
        self.last: DeviceState | None = None  # the state that the last process left, for the rest after it
        self.rested_s = 0.0

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """The phone as a session wants it; Refused when its conditions are bad and not allowed."""
        guard = Guard(runner=self._runner.helper, protocol=PROTOCOL, jobs=JOBS)
        with tweaked(
            self._shell, self._info, guard, wanted=self._header.tweaks, told=self._say
        ) as self._tweaks:
            self._light()
            self._pass_gate()
            yield

    def _light(self) -> None:
        """An app lights the screen by itself: done before the first look, it does not change between processes."""
        if self._screen and (self._info.sdk or 0) >= WAKE_SDK:
            self._shell.shell("input keyevent 224")

    def settle(self) -> None:
        """A phone that started anew while it was put back has lost its watchdog: once more, by its own list."""
        if settle(self._shell):
            self._tweaks.put_back = "host"

    @property
    def locked_khz(self) -> dict[int, int]:
        return self._tweaks.locked_khz

    @property
    def clock_state(self) -> str:
        return self._tweaks.clock_state

    @property
    def taints(self) -> tuple[Taint, ...]:
        """What marks results that are measured from now on."""
        return (*self._findings.taints, *self._tweaks.taints)

    @property
    def started_hot(self) -> bool:
        """A phone that was allowed to be hot is not waited for, and its rounds are not measured again."""
        return any(taint.id in ("HOT", "THROTTLED") for taint in self._findings.taints)

    def beat(self) -> None:
        """Tells the phone now and then that this host is there, so that it keeps what was changed."""
        if time.monotonic() - self._beaten_at >= _BEAT_S:
            again(self._site, self._tweaks.heartbeat)
            self._beaten_at = time.monotonic()

    def rest(self) -> bool:
        """The pause between two processes: whether there was one. ThermalLimited when a long one is too short."""
        if self._cooldown is None or not self._header.profile.careful:
            return self._short_rest(self._info.cooldown_min_s)
        before = self.rested_s
        rest = self._cooldown.rest(
            self.last, read=self._runner.read_state, wait=self._rest_for, told=self._waiting
        )
        self._judge(rest)
        return self.rested_s > before

    def session(self, outcome: Outcome, reason: str | None) -> PhoneSession:
        """What is written down about this phone when its part has ended."""
        tweaks, line = self._tweaks, self._site.line
        return PhoneSession(
            device=self._info.device,
            started_at=self._started_at,
            ended_at=_now(),
            outcome=outcome,
            reason=reason,
            labels=(*self._info.labels, tweaks.clock_label),
            taints=self.taints,
            missing=tuple(Note(id=m.id, reason=m.reason) for m in self._findings.missing),
            clock_state=tweaks.clock_state,
            changed=tuple(f"{change.tweak}: {change.what}" for change in tweaks.applied),
            left=tuple(Note(id=left.tweak, reason=left.reason) for left in tweaks.left),
            put_back=tweaks.put_back,
            differs=tuple(tweaks.differs),
            rested_s=round(self.rested_s, 3),
            connections_lost=line.lost,
            away_s=round(line.away_s, 3),
            ladder=tuple(line.steps),
            addresses=tuple(line.addresses),
            **self._told,
        )

    def _pass_gate(self) -> None:
        gate = Gate(careful=self._header.profile.careful, allow=frozenset(self._header.allow))
        window_s = self._site.limits.look_s if gate.careful else min(QUICK_LOOK_S, self._site.limits.look_s)
        passage = pass_gate(gate, lambda: self._look(window_s), wait=self._wait, told=self._countdown)
        self._findings = passage.findings
        refused = tuple(taint.id for taint in passage.refused)
        self._told |= {"waited_s": round(passage.waited_s, 3), "refused": refused}
        if not passage.passed:
            raise Refused(passage, passage.reject(self._info).fix)
        for taint in passage.taints:
            self._say(f"{taint.id}: {taint.sentence} {taint.detail}; its results carry this")
        assert self.start is not None
        self._cooldown = CoolDown(self.start, min_s=self._info.cooldown_min_s)

    def _look(self, window_s: float) -> Findings:
        found = look(
            self._shell,
            self._info,
            wait=self._wait,
            expected_peak_bytes=self._expected_peak_bytes,
            canary_ratio=self._canary(),
            window_s=window_s,
            needs_screen=self._screen,
        )
        self.start = found.state
        return found.findings

    def _canary(self) -> float | None:
        """Only where the phone has no word of its own for heat; the fastest of a few, as others may disturb one."""
        if self._memory is None or not self._header.profile.careful:
            return None
        if (self._info.sdk or 0) >= THERMAL_STATUS_SDK:
            return None
        sha256 = self._runner.helper.rpartition("/")[2]
        baseline = load_baseline(self._memory, self._info, sha256)
        now: dict[str, float] = {}
        ratio = None
        for _ in range(_CANARY_TRIES):
            now = better_baseline(
                read_canary(self._shell, self._info, runner=self._runner.helper, protocol=PROTOCOL), now
            )
            ratio = canary_ratio(now, baseline)
            if ratio is None or ratio <= MAX_CANARY_RATIO:
                break
        if now:
            save_baseline(self._memory, self._info, sha256, better_baseline(now, baseline))
        self._told |= {"canary_ns": now or None, "canary_ratio": ratio}
        return ratio

    def _judge(self, rest: Rest) -> None:
        if rest.outcome == "thermal-limited":
            raise ThermalLimited(f"it does not cool down: {rest.warmth.words} after {rest.seconds:.0f} s of rest")
        if rest.outcome == "capped":
            self._say(f"goes on after {rest.seconds:.0f} s of rest although {rest.warmth.words}")

    def _short_rest(self, seconds: float) -> bool:
        if seconds > 0:
            self._waiting("rest", seconds)
            self._rest_for(seconds)
        return seconds > 0

    def _rest_for(self, seconds: float) -> None:
        self._wait(seconds)
        self.rested_s += seconds

    def _wait(self, seconds: float) -> None:
        """JobInterrupted when the user wants to stop; the phone hears of us meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._site.stop.wait(min(left, _BEAT_S)):
                raise JobInterrupted
            if left > _BEAT_S:
                self.beat()

    def _countdown(self, countdown: Countdown) -> None:
        self._waiting(f"{', '.join(countdown.ids)} ({countdown.detail}), gives up in", countdown.left_s)

    def _waiting(self, reason: str, seconds: float) -> None:
        self._emit(Waiting(device=self._info.device, reason=reason, seconds=seconds))

    def _say(self, text: str) -> None:
        self._emit(Said(device=self._info.device, text=text))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
