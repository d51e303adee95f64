"""Is a transforms string right? Told before anything runs, because TensorFlow ignores what it does not know."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from devbench.errors import UsageError
from devbench.graph.op_lists import runtime_names
from devbench.graph.pb_names import SPELLINGS
from devbench.graph.transform_spec import ParameterSpec, TransformSpec, all_specs
from devbench.graph.transform_string import TransformCall

_SHAPE = re.compile(r"\s*\d+\s*(?:,\s*\d+\s*)*")
_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dtype": "a type such as float, int32 or quint8",
    "shape": 'sizes such as "1,224,224,3", none of them open',
    "file": "a file that exists",
}


def check_calls(calls: Sequence[TransformCall]) -> None:
    """UsageError names the transform or parameter that is not there, with the nearest that is."""
    specs = all_specs()
    for call in calls:
        spec = specs.get(call.name)
        if spec is None:
            raise _unknown_transform(call.name, specs)
        for name, value in call.parameters:
            parameter = spec.parameter(name)
            if parameter is None:
                raise _unknown_parameter(call.name, name, spec)
            _check_value(call.name, parameter, value)
        _check_counts(call, spec)


def nearest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)), None)


def _unknown_transform(name: str, specs: dict[str, TransformSpec]) -> UsageError:
    near = nearest(name, specs)
    fix = f"did you mean {near}?" if near else "`devbench transform --list` explains each one"
    return UsageError(f"there is no transform {name!r}", fix=fix)


def _unknown_parameter(transform: str, name: str, spec: TransformSpec) -> UsageError:
    known = [parameter.name for parameter in spec.parameters]
    near = nearest(name, [*known, "ignore_errors"])
    fix = f"did you mean {near}?" if near else f"it has {', '.join([*known, 'ignore_errors'])}"
    return UsageError(f"{transform} has no parameter {name!r}", fix=fix)


def _check_counts(call: TransformCall, spec: TransformSpec) -> None:
    for parameter in (*spec.parameters, spec.parameter("ignore_errors")):
        if parameter is None:
            continue
        count = len(call.values(parameter.name))
        if count == 0 and parameter.required:
            raise UsageError(f"{call.name} needs {parameter.name}: {parameter.does}")
        if count > 1 and not parameter.repeats:
            raise UsageError(f"{call.name}: {parameter.name} is given {count} times, and may be given once")
    for names in spec.together:
        counts = {name: len(call.values(name)) for name in names}
        if len(set(counts.values())) > 1:
            shown = ", ".join(f"{name} {count} ×" for name, count in counts.items())
            raise UsageError(f"{call.name}: {' and '.join(names)} go together, but are given {shown}")


def _check_value(transform: str, parameter: ParameterSpec, value: str) -> None:
    if parameter.kind == "runtime":
        if value not in runtime_names():
            near = nearest(value, runtime_names())
            fix = f"did you mean {near}?" if near else f"there are {', '.join(runtime_names())}"
            raise UsageError(f"{transform}: no runtime {value!r} is known", fix=fix)
        return
    if not _fits(parameter.kind, value):
        raise UsageError(
            f"{transform}: {parameter.name}={value!r} should be {_EXPECTED[parameter.kind]}",
            fix=_dtype_fix(value) if parameter.kind == "dtype" else None,
        )
    if parameter.least is not None and int(value) < parameter.least:
        raise UsageError(f"{transform}: {parameter.name}={value} should be {parameter.least} or more")


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "int":
            return re.fullmatch(r"\s*[+-]?\d{1,19}\s*", value) is not None
        case "float":
            return re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", value) is not None
        case "bool":
            return value.lower() in ("true", "false", "0", "1")
        case "dtype":
            return value in SPELLINGS
        case "shape":
            return value == "" or _SHAPE.fullmatch(value) is not None
        case "file":
            return Path(value).is_file()
    return True


def _dtype_fix(value: str) -> str | None:
    near = nearest(value, SPELLINGS)
    return f"did you mean {near}?" if near else None
