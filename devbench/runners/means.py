"""What may be done to a phone that stays away, beside waiting: only what the user has allowed."""

from __future__ import annotations

import shlex
import subprocess
import threading
import time
from dataclasses import dataclass

from devbench.errors import UsageError

_CYCLE_DEADLINE_S = 60.0
_ONCE_IN_S = 60.0


class HubPower:
    """A command that switches the power of a phone's USB port off and on, such as `uhubctl -a cycle -l 1-1 -p 2`.

    The word {serial} in it stands for the phone's. Phones that vanish with their hub all ask for it: a command runs
    once, and again after a minute at the earliest.
    """

    def __init__(self, command: str) -> None:
        """UsageError if it cannot be split into words."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--hub-power {command}: {error}") from error
        if not self._words:
            raise UsageError("--hub-power: no command", fix="--hub-power 'uhubctl -a cycle -l 1-1 -p 2'")
        self._lock = threading.Lock()
        self._ran_at: dict[tuple[str, ...], float] = {}

    def cycle(self, serial: str) -> str:
        """Runs it; what came of it, in words. No shell sees the serial."""
        argv = tuple(serial if word == "{serial}" else word for word in self._words)
        with self._lock:
            if time.monotonic() - self._ran_at.get(argv, float("-inf")) < _ONCE_IN_S:
                return "hub power was cycled already"
            try:
                done = subprocess.run(
                    argv, capture_output=True, text=True, errors="replace", timeout=_CYCLE_DEADLINE_S, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return f"hub power was not cycled: {error}"
            finally:
                self._ran_at[argv] = time.monotonic()
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-200:]
            return f"hub power was not cycled: exit code {done.returncode}: {said}"
        return "hub power cycled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """`hub_power` if configured; `allow_reboot`: whether a phone that does not answer may be rebooted."""

    hub_power: HubPower | None = None
    allow_reboot: bool = False
