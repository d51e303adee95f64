"""Texts of the adb server and of phones into our error tree, once, at the edge."""

from __future__ import annotations

import re

from devbench.errors import (
    DeviceBooting,
    DeviceError,
    DeviceGone,
    DeviceOffline,
    DiskFull,
    NeedsPerson,
)

UNAUTHORIZED_FIX = "unlock the phone and accept the dialog 'Allow USB debugging?' (tick 'Always allow')"
NO_PERMISSIONS_FIX = (
    "Linux needs a udev rule for this phone: install android-sdk-platform-tools-common "
    "(sudo apt install android-sdk-platform-tools-common), add yourself to group plugdev, plug in again"
)
OFFLINE_FIX = "unplug and plug in the cable, or `adb reconnect offline`; the run goes on with --resume"

SERVER_FIX = "adb start-server; the run goes on with --resume"
DISK_FULL_FIX = (
    "free space on the phone; `adb shell rm -r /data/local/tmp/devbench` removes all that is devbench's"
)
# `device 'S' not found`, `device not found`, `transport 5 not found`; a file that is not found is another thing
_GONE = re.compile(r"\b(device|transport)\b.*\bnot found\b")

# (what the text holds, class, way out); the first that matches decides
_TABLE: tuple[tuple[str, type[DeviceError], str | None], ...] = (
    ("unauthorized", NeedsPerson, UNAUTHORIZED_FIX),
    ("still authorizing", DeviceOffline, UNAUTHORIZED_FIX),
    ("no permissions", NeedsPerson, NO_PERMISSIONS_FIX),
    ("insufficient permissions", NeedsPerson, NO_PERMISSIONS_FIX),
    ("offline", DeviceOffline, OFFLINE_FIX),
    ("no adb server answers", DeviceOffline, SERVER_FIX),
    ("no space left", DiskFull, DISK_FULL_FIX),
    ("quota exceeded", DiskFull, DISK_FULL_FIX),
    ("more than one device", NeedsPerson, "two phones share one serial: unplug one of them"),
    ("no devices", DeviceGone, OFFLINE_FIX),
    ("is the system running", DeviceBooting, "the phone is still starting; wait a minute"),
    ("can't find service", DeviceBooting, "the phone is still starting; wait a minute"),
    ("closed", DeviceOffline, OFFLINE_FIX),
    ("protocol fault", DeviceOffline, OFFLINE_FIX),
)


def device_error(text: str, *, serial: str, command: str | None = None) -> DeviceError:
    """The error that a FAIL text of the server, or a broken connection, means."""
    folded = text.lower()
    for needle, kind, fix in _TABLE:
        if needle in folded:
            return kind(text.strip(), serial=serial, command=command, fix=fix)
    if _GONE.search(folded):
        return DeviceGone(text.strip(), serial=serial, command=command, fix=OFFLINE_FIX)
    return DeviceError(text.strip() or "the adb server refused", serial=serial, command=command)


def state_fix(state: str) -> tuple[str, str]:
    """(reason, way out) for a transport state other than `device`."""
    known = {
        "unauthorized": ("the phone has not accepted this computer's key", UNAUTHORIZED_FIX),
        "authorizing": ("the phone is still deciding about this computer's key", UNAUTHORIZED_FIX),
        "offline": ("the phone does not answer the adb server", OFFLINE_FIX),
        "connecting": ("the connection is still being made", "wait a few seconds and try again"),
        "recovery": ("the phone is in recovery", "`adb reboot`, then wait for the home screen"),
        "sideload": ("the phone is in sideload mode", "`adb reboot`, then wait for the home screen"),
        "bootloader": ("the phone is in its bootloader", "`fastboot reboot`"),
        "host": ("this is a host, not a phone", "use the phone's own entry"),
    }
    if state.startswith("no permissions"):
        return "this user may not open the USB device", NO_PERMISSIONS_FIX
    return known.get(state, (f"its state is {state!r}", "unplug it and plug it in again"))
