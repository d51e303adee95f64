"""The grammar of a transforms string, read strictly: TensorFlow's own reader drops what it does not understand.

transforms := { name [ "(" [ parameter { "," parameter } ] ")" ] }
parameter  := name "=" ( word | '"' any text, \\" for a quote '"' )
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.errors import UsageError

# Line ends after a backslash are what a string continued over lines leaves inside single quotes.
_SPACE = re.compile(r"(?:\s|\\\r?\n)*")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_WORD = re.compile(r"[A-Za-z0-9_./-]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformCall:
    """One transform with its parameters in the order given; a name may stand several times."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    def values(self, parameter: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.parameters if name == parameter)

    def value(self, parameter: str, default: str) -> str:
        """The only value of a parameter, or the default."""
        return next(iter(self.values(parameter)), default)

    def flag(self, parameter: str) -> bool:
        """Is it given as true?"""
        return self.value(parameter, "false").lower() in ("true", "1")

    def without(self, parameter: str) -> TransformCall:
        kept = tuple(pair for pair in self.parameters if pair[0] != parameter)
        return TransformCall(name=self.name, parameters=kept)

    def text(self) -> str:
        """The call as TensorFlow reads it; values with other than word characters are quoted."""
        pairs = [
            f"{name}={value}" if _WORD.fullmatch(value) else f'{name}="{value}"'
            for name, value in self.parameters
        ]
        return f"{self.name}({', '.join(pairs)})" if pairs else self.name


def parse_transforms(text: str) -> tuple[TransformCall, ...]:
    """The calls in order; UsageError says at which character what was expected."""
    reader = _Reader(text)
    calls = []
    while not reader.at_end():
        calls.append(_call(reader))
    if not calls:
        raise UsageError(
            "--transforms is empty", fix="`devbench transform --list` explains each transform there is"
        )
    return tuple(calls)


def _call(reader: _Reader) -> TransformCall:
    name = reader.take(_NAME, "the name of a transform")
    opened = reader.position
    if not reader.skip("("):
        return TransformCall(name=name)
    parameters: list[tuple[str, str]] = []
    while not reader.skip(")"):
        if reader.at_end():
            raise reader.error(f"the bracket after {name} is never closed", at=opened)
        if parameters and not reader.skip(",") and not reader.spaced:
            raise reader.error(f"expected , or ) after the value of {parameters[-1][0]}")
        parameter = reader.take(_NAME, f"the name of a parameter of {name}")
        if not reader.skip("="):
            raise reader.error(f"expected = after {parameter}")
        parameters.append((parameter, _value(reader, parameter)))
    return TransformCall(name=name, parameters=tuple(parameters))


def _value(reader: _Reader, parameter: str) -> str:
    if reader.peek() == '"':
        return reader.take(_QUOTED, f'the closing " of the value of {parameter}')
    if reader.peek() == "'":
        raise reader.error(f"the value of {parameter} is quoted with ', write \"")
    word = reader.take(_WORD, f"a value for {parameter}")
    if reader.peek() not in ("", ",", ")") and not reader.spaced:
        raise reader.error(f"a value of {parameter} with {reader.peek()!r} in it must stand in double quotes")
    return word


class _Reader:
    """The text and the place in it; `spaced` tells whether space stood before that place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.spaced = True
        self._space()

    def at_end(self) -> bool:
        return self.position == len(self.text)

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def skip(self, sign: str) -> bool:
        if self.peek() != sign:
            return False
        self.position += 1
        self._space()
        return True

    def take(self, pattern: re.Pattern[str], expected: str) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise self.error(f"expected {expected}")
        self.position = match.end()
        self._space()
        return match[match.lastindex or 0]

    def error(self, what: str, *, at: int | None = None) -> UsageError:
        place = self.position if at is None else at
        rest = self.text[place : place + 24]
        found = f"found {rest!r}" if rest else "found the end"
        return UsageError(
            f"--transforms, character {place + 1}: {what}; {found}",
            fix='a transform is name or name(parameter=value, other="1,2,3")',
        )

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        end = match.end() if match else self.position
        self.spaced = end > self.position
        self.position = end
