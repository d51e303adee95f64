"""`adb devices -l` in all its oddities."""

from __future__ import annotations

import pytest

from devbench.adb.server import parse_devices


@pytest.mark.parametrize(
    ("line", "serial", "state"),
    [
        ("R58M123ABC             device usb:1-2 product:a10 model:A10 transport_id:3", "R58M123ABC", "device"),
        ("127.0.0.1:41231        device product:x model:y device:z transport_id:1", "127.0.0.1:41231", "device"),
        ("[fe80::1]:5555         offline transport_id:9", "[fe80::1]:5555", "offline"),
        ("adb-R5CT-x._adb-tls-connect._tcp. device product:p model:m device:d transport_id:2",
         "adb-R5CT-x._adb-tls-connect._tcp.", "device"),
        ("0123 4567 89           device usb:1-1 transport_id:4", "0123 4567 89", "device"),
        ("my device              unauthorized usb:3-1 transport_id:5", "my device", "unauthorized"),
        ("device                 device transport_id:5", "device", "device"),
        ("0123456789ABCDEF       authorizing usb:1-2 transport_id:1", "0123456789ABCDEF", "authorizing"),
        ("emulator-5554\toffline", "emulator-5554", "offline"),
        ("ABC                    no permissions (user in plugdev group; are your udev rules wrong?); "
         "see [http://developer.android.com/tools/device.html] usb:1-4 transport_id:1", "ABC", "no permissions"),
        ("????????????           no permissions usb:1-4", "????????????", "no permissions"),
        ("no permissions (missing udev rules?)", "????????????", "no permissions"),
        ("ABC                    hibernating transport_id:7", "ABC", "hibernating"),
    ],
)  # fmt: skip
def test_serial_and_state_are_found(line: str, serial: str, state: str) -> None:
    """Whatever a serial holds, and also for a state that only a later adb knows."""
    (transport,) = parse_devices(line + "\n")
    assert (transport.serial, transport.state) == (serial, state)


def test_properties_are_those_that_adb_names() -> None:
    (transport,) = parse_devices("A  device usb:1-2 product:a10 model:SM_A105F device:a10 transport_id:3")
    assert transport.properties == {
        "usb": "1-2", "product": "a10", "model": "SM_A105F", "device": "a10", "transport_id": "3",
    }  # fmt: skip


def test_one_serial_twice_is_two_transports() -> None:
    """Cheap phones share a serial: both lines count, so that the selection can refuse both."""
    text = "0123456789ABCDEF device usb:1-1 transport_id:1\n0123456789ABCDEF device usb:1-2 transport_id:2\n"
    assert [t.properties["transport_id"] for t in parse_devices(text)] == ["1", "2"]


def test_no_phone_is_no_transport() -> None:
    assert parse_devices("") == ()
    assert parse_devices("\n\n") == ()
