"""Which delegate took which part of the model, from the lines of tool and runtime."""

from __future__ import annotations

import re
from dataclasses import replace

from devbench.parse.benchmark_model.run import Delegate
from devbench.parse.text import Notes

_APPLIED = re.compile(
    r"(?:Explicitly a|A)pplied (.{1,60}?) delegate, and the model graph will be (?:completely|partially)"
)
_KERNELS = re.compile(r"w/ ([0-9]{1,6}) delegate kernels")
_NOT_APPLIED = re.compile(
    r"Though (.{1,60}?) delegate is (?:explicitly )?applied, the model graph will not be executed"
)
_REPLACING = re.compile(
    r"Replacing ([0-9]{1,7}) (?:out of )?([0-9]{1,7})? ?node\(s\) with delegate(?: \((.{0,60}?)\))? node"
    r"(?:, yielding ([0-9]{1,6}) partitions?)?(?: for (?:the whole graph|subgraph ([0-9]{1,6})))?"
)
_CREATED = re.compile(r"Created TensorFlow Lite (.{1,40}?) delegate\b|^(.{1,40}?) delegate created")
_FAILED = re.compile(
    r"Failed to (?:apply|create) (.{0,60}?) ?delegate|delegate .{0,40}failed to", re.IGNORECASE
)


_EXTENT = re.compile(
    r"delegate(?: is (?:explicitly )?applied)?, (?:and )?the model graph will "
    r"(?:be (completely|partially)|not be) executed"
)


def fully_delegated(text: str) -> bool | None:
    """Whether the tool says that a delegate runs all of the model; None where it does not say."""
    found = {match[1] for match in _EXTENT.finditer(text)}
    return found == {"completely"} if found else None


class DelegateReader:
    """Fed message by message; the explicitly applied delegate wins over one the runtime added by itself."""

    def __init__(self) -> None:
        self._applied: Delegate | None = None
        self._replaced: list[Delegate] = []
        self._created: str | None = None

    def feed(self, text: str, notes: Notes) -> None:
        if "elegate" not in text:
            return
        text = text[:600]
        if match := _APPLIED.match(text):
            kernels = _KERNELS.search(text)
            partitions = int(kernels[1]) if kernels else None
            self._applied = Delegate(name=match[1], nodes=None, of=None, partitions=partitions)
        elif match := _NOT_APPLIED.match(text):
            notes.warn(f"delegate {match[1]} took no part of the model")
            self._applied = Delegate(name=match[1], nodes=0, of=None, partitions=0)
        elif match := _REPLACING.search(text):
            if match[5] in (None, "0"):
                nodes, of, partitions = (
                    None if text is None else int(text) for text in (match[1], match[2], match[4])
                )
                self._replaced.append(
                    Delegate(name=match[3] or None, nodes=nodes, of=of, partitions=partitions)
                )
        elif match := _FAILED.search(text):
            notes.warn(f"delegate refused: {text.strip()[:120]}")
        elif match := _CREATED.search(text):
            self._created = self._created or match[1] or match[2]

    def done(self, notes: Notes) -> Delegate | None:
        """The delegate, or None if no line speaks of one."""
        if len(self._replaced) > 1:
            notes.warn(f"{len(self._replaced)} delegates or partitionings: the first of them is reported")
        counts = self._replaced[0] if self._replaced else None
        if self._applied is None:
            if counts is not None:
                return replace(counts, name=counts.name or self._created)
            return (
                None
                if self._created is None
                else Delegate(name=self._created, nodes=None, of=None, partitions=None)
            )
        if counts is None or self._applied.nodes == 0:
            return self._applied
        # The runtime counts all partitions of the plan, the tool only the delegate's own kernels.
        partitions = self._applied.partitions if counts.partitions is None else counts.partitions
        return replace(self._applied, nodes=counts.nodes, of=counts.of, partitions=partitions)
