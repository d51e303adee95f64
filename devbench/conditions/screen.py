"""Is the screen on, is it locked? From the few lines of `dumpsys power` and `dumpsys window` that tell."""

from __future__ import annotations

import re

POWER_SCRIPT = "dumpsys power | grep -e mWakefulness= -e 'Display Power: state=' -e mStayOn="
LOCK_SCRIPT = (
    "dumpsys window policy | grep -e mShowingLockscreen= -e mIsShowing= -e isKeyguardShowing= -e ' showing='"
)
_ON = {"awake": True, "dreaming": True, "asleep": False, "dozing": False}


def parse_screen_on(text: str) -> bool | None:
    """Awake or dreaming is on; asleep, and dozing behind an ambient display, is off; None if it is not told."""
    wakefulness = re.search(r"^\s*mWakefulness=(\w+)", text, re.MULTILINE)
    if wakefulness and wakefulness[1].lower() in _ON:
        return _ON[wakefulness[1].lower()]
    display = re.search(r"Display Power: state=(\w+)", text)
    return display[1] == "ON" if display else None


def parse_stays_on(text: str) -> bool | None:
    """Whether the phone now keeps its screen on because it is plugged in."""
    found = re.search(r"^\s*mStayOn=(true|false)", text, re.MULTILINE)
    return found[1] == "true" if found else None


def parse_locked(text: str) -> bool | None:
    """Whether the lock screen shows, by whichever of its names this Android has; None if by none."""
    found = re.findall(r"\b(?:mShowingLockscreen|mIsShowing|isKeyguardShowing|showing)=(true|false)", text)
    return "true" in found if found else None
