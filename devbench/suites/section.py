"""One table of a TOML file, read with errors a person can act on: file, section, line, nearest right key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from devbench.errors import SuiteError


class Section:
    """One table of `text`, named as the file writes it: `` for the top, `backends`, `model` with its place.

    Every reading method gives None where the key is absent, and SuiteError where its value is not of the type.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        *,
        origin: str,
        text: str,
        name: str = "",
        place: int = 0,
        allowed: Sequence[str],
    ) -> None:
        self._values = values
        self.origin = origin
        self._text = text
        self._name = name
        self._place = place
        for key in values:
            if key not in allowed:
                near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.4)
                self.refuse(
                    key,
                    f"unknown key {key!r}",
                    f"did you mean {near[0]!r}?" if near else f"known keys are: {', '.join(allowed)}",
                )

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def refuse(self, key: str, what: str, fix: str | None = None) -> NoReturn:
        """SuiteError about `key`, with where it stands."""
        section = f", section {self._heading()}" if self._name else ""
        line = self._line_of(key)
        where = f"{self.origin}{section}" + (f", line {line}" if line is not None else "")
        raise SuiteError(f"{where}: {what}", fix=fix)

    def text(self, key: str, *, choices: Sequence[str] = ()) -> str | None:
        value: str | None = self._typed(key, str, "a string")
        if value is not None and choices and value not in choices:
            near = difflib.get_close_matches(value, choices, n=1, cutoff=0.4)
            fix = f"did you mean {near[0]!r}?" if near else f"it is one of: {', '.join(choices)}"
            self.refuse(key, f"{key} cannot be {value!r}", fix)
        return value

    def required_text(self, key: str) -> str:
        value = self.text(key)
        if value is None or not value.strip():
            self.refuse(key, f"key {key!r} is missing" if value is None else f"{key} is empty")
        return value

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        value: int | None = self._typed(key, int, "a whole number")
        if value is not None and not low <= value <= high:
            self.refuse(key, f"{key} is {value}, but lies between {low} and {high}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A string or a list of strings; () where the key is absent."""
        return self._listed(key, str, "a string or a list of strings")

    def integers(self, key: str, *, low: int, high: int) -> tuple[int, ...]:
        """A whole number or a list of them; () where the key is absent."""
        values = self._listed(key, int, "a whole number or a list of them")
        for value in values:
            if not low <= value <= high:
                self.refuse(key, f"{key} holds {value}, but lies between {low} and {high}")
        return values

    def table(self, key: str) -> Mapping[str, Any] | None:
        value: Mapping[str, Any] | None = self._typed(key, dict, "a table")
        return value

    def raw(self, key: str) -> Any:
        return self._values.get(key)

    def _typed(self, key: str, kind: type, what: str) -> Any:
        value = self._values.get(key)
        if value is not None and not _is(value, kind):
            self.refuse(key, f"{key} is {_shown(value)}, but must be {what}")
        return value

    def _listed(self, key: str, kind: type, what: str) -> tuple[Any, ...]:
        value = self._values.get(key)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is(item, kind) for item in values):
            self.refuse(key, f"{key} is {_shown(value)}, but must be {what}")
        return tuple(values)

    def _heading(self) -> str:
        return f"[[{self._name}]] number {self._place + 1}" if self._place >= 0 else f"[{self._name}]"

    def _line_of(self, key: str) -> int | None:
        """The line of the key in this section, or of the section's heading; TOML's parser keeps neither."""
        current, places, heading = "", {"": 0}, None
        for number, line in enumerate(self._text.splitlines(), start=1):
            found = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line)
            if found:
                current = found[1]
                places[current] = places.get(current, -1) + 1
            here = current == self._name and places[current] == max(self._place, 0)
            if here and found:
                heading = number
            if here and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
                return number
        return heading


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
