"""Encodings, line ends and noise change nothing; what stands in place of an output is refused by its name."""

import codecs
import json
from pathlib import Path

import pytest

from devbench.errors import ParseError
from devbench.parse import KINDS, guess_kind, parse, parse_battery, parse_getprop
from devbench.parse.quantity import integer, size_bytes

_BATTERY = (Path(__file__).parent / "fixtures/battery/android15-dock.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "data",
    [
        _BATTERY.encode(),
        codecs.BOM_UTF8 + _BATTERY.encode(),
        codecs.BOM_UTF16_LE + _BATTERY.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + _BATTERY.encode("utf-16-be"),
        _BATTERY.encode("utf-16-le"),
        _BATTERY.replace("\n", "\r\n").encode(),
        _BATTERY.replace("\n", "\r\r\n").encode(),
        _BATTERY.replace("\n", "\r").encode(),
        _BATTERY.replace("  ", "\t").encode(),
        b"* daemon started successfully\n\x1b[0m" + _BATTERY.encode() + b"\xff\xfe\x00",
    ],
)
def test_encodings_and_line_ends_change_no_value(data: bytes) -> None:
    assert parse_battery(data) == parse_battery(_BATTERY)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("thermal", "Can't find service: thermalservice\n", "no-such-service"),
        ("battery", "", "empty"),
        ("battery", "\r\n \r\n", "empty"),
        ("battery", "/system/bin/sh: dumpsys: not found", "command-not-found"),
        ("battery", "/system/bin/sh: dumpsys: inaccessible or not found", "command-not-found"),
        ("meminfo", "No process found for: org.example.gone", "no-such-process"),
        ("meminfo", "Permission Denial: can't dump meminfo from from pid=1, uid=2000", "permission-denied"),
        ("meminfo", "*** SERVICE 'meminfo' DUMP TIMEOUT (10000ms) EXPIRED ***", "service-failed"),
        ("procstat", "cat: /proc/1/stat: Permission denied", "permission-denied"),
        ("procstatus", "cat: /proc/99999/status: No such file or directory", "no-such-file"),
        ("procstatus", "cat: read error: No such process", "no-such-process"),
        ("getprop", "error: device offline", "device-offline"),
        ("getprop", "error: device 'emulator-5554' not found", "device-offline"),
        ("getprop", "adb: device unauthorized.", "device-unauthorized"),
        ("cpuinfo", 'CANNOT LINK EXECUTABLE "dumpsys": library "libx.so" not found', "link-error"),
        ("top", "top: Unknown option 'q' (see \"top --help\")", "bad-usage"),
        ("battery", "Segmentation fault \n", "crashed"),
        ("procstat", "cpu  1 2 3 4 5 6 7 0 0 0\ncpu0 1 2 3 4 5 6 7 0 0 0\n", "not-understood"),
        (
            "battery",
            _BATTERY.replace("level", "niveau").replace("status", "état").replace("powered", "x"),
            "other-kind",
        ),
        ("proc-meminfo", _BATTERY, "other-kind"),
        ("exit", "hello\n", "no-exit"),
        ("benchmark_model", "hello\n", "not-understood"),
        ("no-such-kind", "", "unknown-kind"),
    ],
)
def test_refusals_have_a_name(kind: str, text: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(kind, text)
    if reason == "other-kind" and kind == "battery":
        assert caught.value.reason in ("other-kind", "not-understood")
    else:
        assert caught.value.reason == reason


def test_an_unknown_text_is_refused_with_its_beginning() -> None:
    with pytest.raises(ParseError, match="Lorem ipsum") as caught:
        guess_kind("Lorem ipsum dolor\nsit amet\n")
    assert caught.value.reason == "unknown-kind"


@pytest.mark.parametrize(
    ("temperature", "voltage", "expected"),
    [
        ("305", "4000", 30.5),
        ("26", "3", 26.0),
        ("31", "4012", 31.0),
        ("-55", "3700", -5.5),
        ("25000", "4000", 25.0),
        ("3055", "4000", 30.55),
        ("0", "4000", 0.0),
        ("0", "0", None),
        ("2147483647", "4000", None),
        ("-2730", "4000", None),
    ],
)
def test_battery_temperature_is_decided_by_what_is_plausible(
    temperature: str, voltage: str, expected: float | None
) -> None:
    text = f"Current Battery Service state:\n  level: 5\n  voltage: {voltage}\n  temperature: {temperature}\n"
    found = parse_battery(text)
    assert found.temperature_c == expected
    assert bool(expected in (30.5, -5.5)) != any("temperature" in warning for warning in found.warnings)


def test_properties_alone_are_a_plain_dictionary() -> None:
    assert parse_getprop("[a.b]: [c]\n[d]: [x]y]\n") == {"a.b": "c", "d": "x]y"}


def test_numbers_of_other_locales_and_sizes() -> None:
    assert [integer(text) for text in ("12,345", "1.234.567", "12\u202f345", "1,23", "9" * 19, "٣")] == [
        12345,
        1234567,
        12345,
        None,
        None,
        None,
    ]
    assert [
        size_bytes(text) for text in ("12,345K", "1.5G", "604kb", "7 MB", "x", "-3K", "9" * 15 + "G")
    ] == [
        12345 * 1024,
        1610612736,
        604 * 1024,
        7 * 1024 * 1024,
        None,
        None,
        None,
    ]
    assert size_bytes("-3K", signed=True) == -3072


def test_json_has_the_head_first_and_is_strict() -> None:
    found = parse("battery", _BATTERY).to_json()
    assert list(found)[:3] == ["kind", "source", "warnings"]
    json.dumps(found, allow_nan=False)


def test_kinds_are_those_of_the_interface() -> None:
    assert set(KINDS) == {
        "battery", "meminfo", "meminfo-system", "cpuinfo", "thermal", "getprop", "procstat", "procstatus",
        "proc-meminfo", "proc-cpuinfo", "cpufreq", "top", "ps", "exit", "benchmark_model", "smaps",
    }  # fmt: skip
