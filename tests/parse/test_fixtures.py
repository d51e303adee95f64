"""Each format as Android 4.1 to 16 and its relatives print it, with the oddities that have been seen."""

from pathlib import Path

import pytest

from devbench.parse import guess_kind, parse
from tests.parse.expected import EXPECTED, KIB

_FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_values(name: str) -> None:
    kind = name.split("/")[0]
    found = parse(kind, (_FIXTURES / name).read_bytes()).to_json()
    for key, value in EXPECTED[name].items():
        if isinstance(value, tuple):
            rows = found[key]
            assert isinstance(rows, list)
            assert len(rows) == len(value)
            for row, wanted in zip(rows, value, strict=True):
                assert isinstance(row, dict)
                assert {part: row[part] for part in wanted} == wanted
        else:
            assert found[key] == value, key


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_kind_is_guessed(name: str) -> None:
    assert guess_kind((_FIXTURES / name).read_bytes()) == name.split("/")[0]


def test_every_fixture_has_its_expectation() -> None:
    there = {str(path.relative_to(_FIXTURES)) for path in _FIXTURES.glob("*/*.txt")}
    assert {name for name in there if not name.startswith("benchmark_model/")} == set(EXPECTED)


def test_a_lost_row_of_meminfo_is_noticed() -> None:
    """The categories no longer add up to the total, and the damaged row is not half reported."""
    found = parse("meminfo", (_FIXTURES / "meminfo/noisy-rows.txt").read_bytes())
    assert any("sum to 1250 KiB of 1750" in warning for warning in found.warnings)
    categories = found.values["categories"]
    assert isinstance(categories, dict)
    assert sorted(categories) == ["Native Heap", "Other mmap"]


def test_app_summary_of_android_12_has_both_columns() -> None:
    summary = parse("meminfo", (_FIXTURES / "meminfo/android12-rss.txt").read_bytes()).values["summary"]
    assert isinstance(summary, dict)
    assert (summary["code_bytes"], summary["code_rss_bytes"]) == (2700 * KIB, 30000 * KIB)
    assert summary["unknown_rss_bytes"] == 1234 * KIB
    assert "unknown_bytes" not in summary


_BEFORE = (
    b"* daemon not running; starting now at tcp:5037\n* daemon started successfully\n"
    b"WARNING: linker: /system/bin/x: unsupported flags DT_FLAGS_1=0x8000001\n"
    b"WARNING: linker: x: unused DT entry: type 0x6ffffef5 arg 0x1234\n1|taimen:/ $ dumpsys x; cat y\n"
)
_AFTER = b"\n127|taimen:/ $ \nshell@A37f:/ $ exit\n"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_noise_of_a_shell_around_it_changes_nothing(name: str) -> None:
    """The chatter of the adb daemon, the linker's warnings and prompts before and behind an output."""
    kind, data = name.split("/")[0], (_FIXTURES / name).read_bytes()
    noisy = _BEFORE + data + _AFTER
    assert guess_kind(noisy) == kind
    assert parse(kind, noisy).values == parse(kind, data).values
