"""GraphDefs made of plain Python values, without TensorFlow: what the tests transform."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

FLOAT, INT32, QUINT8, INT64 = 1, 3, 12, 9
STRING = 7


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def part(number: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def shape(*sizes: int) -> bytes:
    """An AttrValue with a shape; -1 is an open dimension."""
    return part(7, shape_content(sizes))


def shape_content(sizes: Iterable[int]) -> bytes:
    return b"".join(part(2, whole(1, size)) for size in sizes)


def dtype(number: int) -> bytes:
    return whole(6, number)


def text(value: str) -> bytes:
    return part(2, value)


def integer(value: int) -> bytes:
    return whole(3, value)


def boolean(value: bool) -> bytes:
    return whole(5, int(value))


def number(value: float) -> bytes:
    return varint(4 << 3 | 5) + struct.pack("<f", value)


def integers(*values: int) -> bytes:
    return part(1, part(3, b"".join(map(varint, values))))


def types(*values: int) -> bytes:
    return part(1, part(6, b"".join(map(varint, values))))


def function(name: str) -> bytes:
    return part(10, part(1, name))


def placeholder_attr(name: str) -> bytes:
    return part(9, name)


def tensor(values: Any, sizes: Sequence[int], kind: int = FLOAT) -> bytes:
    """An AttrValue with a tensor: `values` in row order."""
    code = {FLOAT: "f", INT32: "i", INT64: "q", QUINT8: "B"}[kind]
    content = struct.pack(f"<{len(values)}{code}", *values)
    return part(8, whole(1, kind) + part(2, shape_content(sizes)) + part(4, content))


def node(name: str, op: str, *inputs: str, device: str = "", **attributes: bytes) -> bytes:
    """A NodeDef."""
    out = part(1, name) + part(2, op) + b"".join(part(3, i) for i in inputs)
    out += part(4, device) if device else b""
    return out + b"".join(part(5, part(1, key) + part(2, value)) for key, value in attributes.items())


@dataclass
class Graph:
    """Collects nodes; `bytes` is the GraphDef."""

    producer: int = 27
    nodes: list[bytes] = field(default_factory=list)
    functions: list[bytes] = field(default_factory=list)
    min_consumer: int = 0

    def add(self, name: str, op: str, *inputs: str, device: str = "", **attributes: bytes) -> str:
        self.nodes.append(node(name, op, *inputs, device=device, **attributes))
        return name

    def input(self, name: str, *sizes: int, kind: int = FLOAT) -> str:
        return self.add(name, "Placeholder", dtype=dtype(kind), shape=shape(*sizes))

    def constant(self, name: str, values: Any, *sizes: int, kind: int = FLOAT) -> str:
        values = list(values) if isinstance(values, Iterable) else [values]
        return self.add(name, "Const", dtype=dtype(kind), value=tensor(values, sizes, kind))

    def float_op(self, name: str, op: str, *inputs: str, **attributes: bytes) -> str:
        return self.add(name, op, *inputs, T=dtype(FLOAT), **attributes)

    def conv(self, name: str, *inputs: str, op: str = "Conv2D", padding: str = "SAME", **attributes: bytes) -> str:
        given = {"strides": integers(1, 1, 1, 1), "padding": text(padding), "data_format": text("NHWC")}
        return self.float_op(name, op, *inputs, **{**given, **attributes})

    @property
    def bytes(self) -> bytes:
        out = b"".join(part(1, content) for content in self.nodes)
        if self.functions:
            out += part(2, b"".join(part(1, content) for content in self.functions))
        versions = whole(1, self.producer) + (whole(2, self.min_consumer) if self.min_consumer else b"")
        return out + part(4, versions)


def function_def(
    name: str, inputs: Sequence[str], outputs: dict[str, str], nodes: Sequence[bytes], arg: bytes = whole(3, FLOAT)
) -> bytes:
    """A FunctionDef of float arguments (or `arg`): `outputs` maps a result to 'node:output:0'."""
    signature = part(1, name)
    signature += b"".join(part(2, part(1, a) + arg) for a in inputs)
    signature += b"".join(part(3, part(1, o) + arg) for o in outputs)
    body = b"".join(part(3, content) for content in nodes)
    returned = b"".join(part(4, part(1, key) + part(2, value)) for key, value in outputs.items())
    return part(1, signature) + body + returned


def wave(count: int, *, scale: float = 1.0, shift: float = 0.0) -> list[float]:
    """Numbers that are neither regular nor random."""
    return [scale * math.sin(1.7 * i + 0.3 * i * i) + shift for i in range(count)]
