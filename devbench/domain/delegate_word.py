"""A word of `--delegate`: `external=LIBRARY;KEY:VALUE;…` taken apart, once for all who read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateWord:
    """`library` is a file of the user's, `options` are `KEY:VALUE` for the delegate, in their order."""

    name: str
    library: str | None
    options: tuple[str, ...]

    def __str__(self) -> str:
        named = self.name if self.library is None else f"{self.name}={self.library}"
        return ";".join((named, *self.options))


def parse_delegate(text: str) -> DelegateWord:
    """Any text; what it means is for the reader to judge."""
    named, *options = text.split(";")
    name, equals, library = named.partition("=")
    return DelegateWord(name=name, library=library if equals else None, options=tuple(options))
