"""No text, however damaged, makes a parser raise anything but ParseError, or report a number that is no JSON."""

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devbench.errors import ParseError
from devbench.parse import KINDS, guess_kind, parse

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
    json.dumps(found.to_json(), allow_nan=False)


def _try_guessed(data: str | bytes) -> None:
    try:
        kind = guess_kind(data)
    except ParseError as error:
        assert error.reason
        return
    _try(kind, data)


def _mutated(data: bytes, rng: random.Random) -> bytes:
    """`data` after one to six accidents: cut, lost, doubled, swapped or foreign bytes."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        if not made:
            break
        at = rng.randrange(len(made))
        accident = rng.randrange(7)
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
        else:
            other = rng.randrange(len(made))
            made[at], made[other] = made[other], made[at]
    return bytes(made)


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
@settings(max_examples=1500, deadline=None, derandomize=True)
def test_damaged_fixtures(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = _mutated(_TEXTS[path], rng)
    folder = path.parent.name
    _try(folder if rng.random() < 0.7 else rng.choice(KINDS), data)
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
        _try(kind, piece * 20_000)


def _captures() -> list[bytes]:
    folder = os.environ.get("DEVBENCH_CAPTURES")
    if not folder:
        pytest.skip("DEVBENCH_CAPTURES is not set")
    return [path.read_bytes() for path in sorted(Path(folder).rglob("*.txt"))]


def _damage_captures(count: int, seed: int) -> None:
    captures, rng = _captures(), random.Random(seed)
    for _ in range(count):
        whole = rng.choice(captures)
        data = _mutated(whole[:6000] if rng.random() < 0.95 else whole, rng)
        _try_guessed(data)
        if rng.random() < 0.3:
            _try(rng.choice(KINDS), data)


def test_damaged_captures() -> None:
    _damage_captures(3_000, seed=1)


@pytest.mark.slow
def test_a_hundred_thousand_damaged_captures() -> None:
    _damage_captures(100_000, seed=2)
