"""Dataclasses to JSON and back by their type hints, because a format written by hand drifts from its type.

`None` travels as null. An unknown or missing key is an error that names it: files carry a schema number,
so within one schema there is nothing to be lenient about.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar

from devbench.errors import StoreError

T = TypeVar("T")
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def to_json(value: Any) -> Json:
    """`value` (dataclass, tuple, dict, primitive) as JSON-ready lists, dicts and primitives."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if dataclasses.is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def from_json(cls: type[T], data: Any) -> T:
    """`data` as `cls`; StoreError names the key that is unknown, missing or of another type."""
    return typing.cast(T, _decode(cls, data, cls.__name__))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(typing.cast(type, kind), data, where)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), data, where)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        _expect(isinstance(data, list), "a list", data, where)
        if item is int and all(type(value) is int for value in data):
            return tuple(data)  # raw samples come by the million: no name is built for each
        return tuple(_decode(item, value, f"{where}[{i}]") for i, value in enumerate(data))
    if origin is dict:
        item = typing.get_args(kind)[1]
        _expect(isinstance(data, dict), "an object", data, where)
        return {key: _decode(item, value, f"{where}.{key}") for key, value in data.items()}
    if origin is Literal:
        _expect(data in typing.get_args(kind), f"one of {typing.get_args(kind)}", data, where)
        return data
    if kind is float:
        _expect(isinstance(data, (int, float)) and not isinstance(data, bool), "a number", data, where)
        return float(data)
    if kind is int:
        _expect(isinstance(data, int) and not isinstance(data, bool), "an integer", data, where)
        return data
    if isinstance(kind, type):
        _expect(isinstance(data, kind), f"a {kind.__name__}", data, where)
    return data


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    choices = [kind for kind in kinds if kind is not type(None)]
    for kind in choices[:-1]:
        try:
            return _decode(kind, data, where)
        except StoreError:
            continue
    return _decode(choices[-1], data, where)


def _decode_dataclass(cls: type, data: Any, where: str) -> Any:
    _expect(isinstance(data, dict), "an object", data, where)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise StoreError(f"{where}: unknown key {unknown[0]!r}")
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _decode(_hints(cls)[name], data[name], f"{where}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise StoreError(f"{where}: key {name!r} is missing")
    return cls(**values)


def _expect(holds: bool, what: str, data: Any, where: str) -> None:
    if not holds:
        raise StoreError(f"{where}: expected {what}, found {str(data)[:60]!r}")
