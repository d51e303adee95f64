"""The result file of LiteRT's tools: a small protobuf, decoded here so that nobody needs TensorFlow to read it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from devbench.parse.benchmark_model.run import BenchmarkRun

# Field numbers of tflite.tools.benchmark.BenchmarkResult; latencies are milliseconds.
_LATENCY = {
    1: "inference_avg_us", 2: "min_us", 3: "max_us", 4: "std_us", 5: "median_us", 6: "p5_us", 7: "p95_us",
    8: "init_us", 9: "first_inference_us", 10: "warmup_avg_us",
}  # fmt: skip
_NAME, _LATENCY_FIELD, _MEMORY_FIELD, _MISC_FIELD = 1, 2, 3, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
MAX_BYTES = 1 << 20


# Microseconds and bytes alike: more is damage.
_LARGEST = 1e15


class _NoProto(Exception):
    """The bytes are no such message; never leaves this module."""


def result_proto(data: bytes) -> BenchmarkRun | None:
    """`data` as the result of one run, or None if it is not exactly such a message."""
    if not 2 <= len(data) <= MAX_BYTES:
        return None
    try:
        return _result(data)
    except _NoProto:
        return None


def _result(data: bytes) -> BenchmarkRun:
    parts: dict[int, bytes] = {}
    for number, value in _fields(data):
        if number not in (_NAME, _LATENCY_FIELD, _MEMORY_FIELD, _MISC_FIELD) or not isinstance(value, bytes):
            raise _NoProto
        parts[number] = value
    if _LATENCY_FIELD not in parts:
        raise _NoProto
    latency = {number: _number(value) for number, value in _fields(parts[_LATENCY_FIELD])}
    memory = {number: _number(value) for number, value in _fields(parts.get(_MEMORY_FIELD, b""))}
    misc = {number: _number(value) for number, value in _fields(parts.get(_MISC_FIELD, b""))}
    if not set(latency) <= set(_LATENCY) or not set(memory) <= {1, 2, 3} or not set(misc) <= {1, 2, 3, 4}:
        raise _NoProto
    # proto3 does not write zeros, and these tools print 0 for what they did not measure.
    times: dict[str, Any] = {name: _scaled(latency.get(number), 1000.0) for number, name in _LATENCY.items()}
    average = times["inference_avg_us"]
    return BenchmarkRun(
        era="E8",
        failed=average is None,
        count=_whole(misc.get(2), 1),
        model_size_bytes=_whole(misc.get(1), 1e6),
        peak_memory_bytes=_whole(memory.get(3), 1024 * 1024),
        init_footprint_bytes=_whole(memory.get(1), 1024),
        overall_footprint_bytes=_whole(memory.get(2), 1024),
        flags=_flags(parts.get(_NAME, b"")),
        warnings=() if average is not None else ("the result has no average of its inferences",),
        **times,
    )


def _flags(name: bytes) -> dict[str, int | float | str]:
    text = name.decode("utf-8", errors="replace")
    return {"benchmark_name": text} if text else {}


def _number(value: int | float | bytes) -> float:
    if isinstance(value, bytes):
        raise _NoProto
    return float(value)


def _scaled(value: float | None, factor: float) -> float | None:
    # A float has 7 digits; more would only show how binary fractions round.
    return float(f"{value * factor:.7g}") if value and 0 < value * factor <= _LARGEST else None


def _whole(value: float | None, factor: float) -> int | None:
    scaled = _scaled(value, factor)
    return None if scaled is None else round(scaled)


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Number and value of each field on the wire; _NoProto where the bytes do not fit together."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value - (1 << 64) if value >= 1 << 63 else value
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise _NoProto
        chunk = data[place : place + size]
        if number == 0 or len(chunk) != size:
            raise _NoProto
        place += size
        yield number, chunk if kind == _BYTES else struct.unpack("<f" if size == 4 else "<d", chunk)[0]


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise _NoProto
