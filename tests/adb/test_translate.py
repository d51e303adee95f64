"""Texts of adb and of phones become the class that callers act on, with a way out."""

from __future__ import annotations

import pytest

from devbench.adb.translate import device_error, state_fix
from devbench.errors import (
    DeviceBooting,
    DeviceError,
    DeviceGone,
    DeviceOffline,
    DiskFull,
    NeedsPerson,
    TransientDeviceError,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("device offline", DeviceOffline),
        ("closed", DeviceOffline),
        ("error: protocol fault (couldn't read status): Success", DeviceOffline),
        ("no devices/emulators found", DeviceGone),
        ("device 'R58M123' not found", DeviceGone),
        ("device not found", DeviceGone),
        ("transport 12 not found", DeviceGone),
        ("device still authorizing", DeviceOffline),
        ("device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set", NeedsPerson),
        (
            "insufficient permissions for device: user in plugdev group; are your udev rules wrong?",
            NeedsPerson,
        ),
        ("more than one device/emulator", NeedsPerson),
        ("Can't find service: activity", DeviceBooting),
        ("cmd: Can't find service: package", DeviceBooting),
        ("Error: Could not access the Package Manager. Is the system running?", DeviceBooting),
        ("couldn't create file: No space left on device", DiskFull),
        ("write failed: Disk quota exceeded", DiskFull),
        ("no adb server answers at 127.0.0.1:5037: refused", DeviceOffline),
        ("remote object '/x' not found", DeviceError),
        ("couldn't create file: Permission denied", DeviceError),
    ],
)
def test_text_to_class(text: str, kind: type[DeviceError]) -> None:
    error = device_error(text, serial="S1", command="ls")
    assert type(error) is kind
    assert "S1" in str(error)
    assert "ls" in str(error)
    if kind is not DeviceError:
        assert error.fix


def test_only_what_passes_by_itself_is_transient() -> None:
    """A retry must not spin on what needs a person or a deletion."""
    transient = {DeviceOffline, DeviceBooting}
    for kind in (DeviceOffline, DeviceBooting, DeviceGone, NeedsPerson, DiskFull):
        assert issubclass(kind, TransientDeviceError) == (kind in transient)


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("unauthorized", "Allow USB debugging"), ("no permissions", "udev"), ("offline", "cable"),
        ("authorizing", "Allow USB debugging"), ("recovery", "adb reboot"), ("bootloader", "fastboot"),
        ("hibernating", "plug"),
    ],
)  # fmt: skip
def test_every_state_has_a_reason_and_a_way_out(state: str, hint: str) -> None:
    reason, fix = state_fix(state)
    assert reason
    assert hint in fix


def test_a_long_command_is_cut_in_the_message() -> None:
    assert len(str(DeviceError("x", serial="S", command="y" * 5000))) < 300
