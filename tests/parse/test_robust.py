"""No text, however damaged, makes a parser raise anything but ParseError, or report a value that cannot be."""

import json
import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devbench.errors import ParseError
from devbench.parse import KINDS, guess_kind, parse

PETABYTE = 10**15
_FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*/*.txt"))
_TEXTS = {path: path.read_bytes() for path in _FIXTURES}
_SPLICES = (
    b"\n", b"\r\n", b"\t", b" ", b"0" * 40, b"-", b",", b".", b"e999", b"%", b"(", b")", b"[", b"]", b"{", b"}",
    b"=", b": ", b"\x00", b"\xff", b"\xc3\x28", b"nan", b"inf", b"99999999999999999999", "٣四".encode(),
    b"\nWARNING: linker: x\n", b"\n01-01 00:00:00.000  1  1 I x: y\n", b"\x1b[7m",
)  # fmt: skip


def _try(kind: str, data: str | bytes) -> None:
    try:
        found = parse(kind, data)
    except ParseError as error:
        assert error.reason
        assert error.message
        return
    values = found.to_json()
    json.dumps(values, allow_nan=False)
    assert list(_impossible(values)) == []


def _impossible(value: Any, key: str = "") -> Iterator[str]:
    """What no phone has: sizes below 0 or above a petabyte, shares below 0, times below 0."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _impossible(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _impossible(part, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if key.endswith("_bytes") and not (-PETABYTE if key == "lost_ram_bytes" else 0) <= value <= PETABYTE:
            yield f"{key}={value}"
        if key.endswith(("_us", "_pct", "_ms", "_ticks", "_uah", "_mv", "pid", "count")) and value < 0:
            yield f"{key}={value}"
        if key.endswith("_c") and not -100 <= value <= 250:
            yield f"{key}={value}"


def _try_guessed(data: str | bytes) -> None:
    try:
        kind = guess_kind(data)
    except ParseError as error:
        assert error.reason
        return
    _try(kind, data)


def _mutated(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """`data` after one to six accidents: bytes or lines cut, lost, doubled, swapped, foreign; numbers blown up."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        if not made:
            break
        at = rng.randrange(len(made))
        accident = rng.randrange(11 if others else 10)
        if accident == 0:
            del made[at : at + rng.randint(1, 60)]
        elif accident == 1:
            made[at] = rng.randrange(256)
        elif accident == 2:
            made[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 12)))
        elif accident == 3:
            del made[at:]
        elif accident == 4:
            made[at:at] = made[max(0, at - 200) : at]
        elif accident == 5:
            made[at:at] = rng.choice(_SPLICES)
        elif accident == 6:
            other = rng.randrange(len(made))
            made[at], made[other] = made[other], made[at]
        elif accident == 7:
            _blow_up_a_number(made, at, rng)
        elif accident in (8, 9):
            made = bytearray(_other_lines(bytes(made), rng))
        else:
            other_text = rng.choice(others)
            start = rng.randrange(len(other_text) + 1)
            made[at:at] = other_text[start : start + rng.randint(1, 800)]
    return bytes(made)


def _blow_up_a_number(made: bytearray, at: int, rng: random.Random) -> None:
    """The next number gets as many zeros or nines as make it 10^1 to 10^30, or a sign, or a fraction."""
    match = re.compile(rb"[0-9]+").search(made, at)
    if match:
        more = (b"0" * rng.randint(1, 30), b"9" * rng.randint(1, 30), b".5", b"e30", b"e-30")
        made[match.end() : match.end()] = rng.choice(more)
        if rng.random() < 0.3:
            made[match.start() : match.start()] = b"-"


def _other_lines(data: bytes, rng: random.Random) -> bytes:
    """One line lost, doubled, moved or cut, or a stretch of lines shuffled."""
    lines = data.split(b"\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    accident = rng.randrange(5)
    if accident == 0:
        del lines[at]
    elif accident == 1:
        lines.insert(to, lines[at])
    elif accident == 2:
        lines.insert(to, lines.pop(at))
    elif accident == 3:
        lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    else:
        stretch = lines[at : at + 12]
        rng.shuffle(stretch)
        lines[at : at + 12] = stretch
    return b"\n".join(lines)


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=300))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text(kind: str, text: str) -> None:
    _try(kind, text)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_bytes(kind: str, data: bytes) -> None:
    _try(kind, data)


@given(path=st.sampled_from(_FIXTURES), seed=st.integers(min_value=0, max_value=2**32))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_damaged_fixtures(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = _mutated(_TEXTS[path], rng, list(_TEXTS.values()))
    folder = path.parent.name
    _try(folder if rng.random() < 0.7 else rng.choice(KINDS), data)
    _try_guessed(data)


@given(
    path=st.sampled_from(_FIXTURES),
    other=st.sampled_from(_FIXTURES),
    seed=st.integers(min_value=0, max_value=2**32),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_shuffled_and_spliced_fixtures(path: Path, other: Path, seed: int) -> None:
    """Lines in any order, and two outputs woven into one."""
    rng = random.Random(seed)
    lines = [*_TEXTS[path].split(b"\n"), *_TEXTS[other].split(b"\n")]
    rng.shuffle(lines)
    data = b"\n".join(lines[: rng.randint(1, len(lines))])
    for kind in {path.parent.name, other.parent.name}:
        _try(kind, data)
    _try_guessed(data)


@pytest.mark.parametrize("path", _FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_text_cut_anywhere(path: Path) -> None:
    data = _TEXTS[path]
    for length in range(0, len(data), 7):
        _try(path.parent.name, data[:length])


@pytest.mark.parametrize("kind", KINDS)
def test_huge_lines(kind: str) -> None:
    for piece in (
        "a ",
        "1,",
        "[x]: [",
        "(",
        "=",
        "0.1 ",
        "\t1",
        "count=",
        "PID ",
        "- ",
        "proc,",
        "Killing 1:a/b",
    ):
        _try(kind, piece * 5_000)


@pytest.mark.parametrize("piece", [" ", "a", "1", "\n", "\t1:"])
def test_a_megabyte_of_nothing_is_refused_by_name(piece: str) -> None:
    with pytest.raises(ParseError) as caught:
        guess_kind(piece * (1_000_000 // len(piece)))
    assert caught.value.reason in ("empty", "unknown-kind")


def _captures() -> list[bytes]:
    folder = os.environ.get("DEVBENCH_CAPTURES")
    if not folder:
        pytest.skip("DEVBENCH_CAPTURES is not set")
    return [path.read_bytes() for path in sorted(Path(folder).rglob("*.txt"))]


def _damage_captures(count: int, seed: int) -> None:
    captures, rng = _captures(), random.Random(seed)
    for _ in range(count):
        whole = rng.choice(captures)
        data = _mutated(whole[:6000] if rng.random() < 0.95 else whole, rng, captures)
        _try_guessed(data)
        if rng.random() < 0.3:
            _try(rng.choice(KINDS), data)


def test_damaged_captures() -> None:
    _damage_captures(1_000, seed=1)


@pytest.mark.slow
def test_a_hundred_thousand_damaged_captures() -> None:
    _damage_captures(100_000, seed=2)
