"""A phone's own time, which tests may move on, so that heat and battery can be seen to change without waiting."""

from __future__ import annotations

import time


class Clock:
    """Seconds that pass as on the host, plus what `advance` has added."""

    def __init__(self) -> None:
        self._added_s = 0.0
        self._booted_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() + self._added_s

    def wall_s(self) -> float:
        return time.time() + self._added_s

    def uptime_s(self) -> float:
        """Since the phone was switched on."""
        return self.now_s() - self._booted_s

    def booted(self) -> None:
        self._booted_s = self.now_s()

    def advance(self, seconds: float) -> None:
        self._added_s += seconds
