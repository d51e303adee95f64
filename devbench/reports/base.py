"""What a report and a format are, so that all formats show the same numbers and a new one is one new file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.run import Run
from devbench.domain.summary import CellSummary
from devbench.errors import UsageError
from devbench.metrics.base import members_of
from devbench.summary import control_summaries, summarise
from devbench.summary.scrub import scrubbed

_NOT_IN_A_FILE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run with everything derived from it, computed once; serial numbers only `with_serials`."""

    run: Run
    summaries: tuple[CellSummary, ...]
    controls: tuple[CellSummary, ...]
    with_serials: bool = False

    def scrub(self, text: str) -> str:
        """`text` with every phone's serial numbers replaced by its public name, unless they are wanted."""
        return text if self.with_serials else scrubbed(self.run, text)


def file_name(text: str) -> str:
    """`text` as part of a file's name: no separators, no blanks, not too long, never hidden."""
    return _NOT_IN_A_FILE.sub("-", text)[-120:].lstrip(".") or "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way to write a report: `write` puts its files into an existing folder and returns their paths."""

    name: str
    sentence: str
    write: Callable[[Report, Path], tuple[Path, ...]]


def build_report(run: Run, *, baseline: str | None = None, with_serials: bool = False) -> Report:
    """Everything that formats show; UsageError when `baseline` is no variant of the run."""
    return Report(
        run=run,
        summaries=summarise(run, baseline=baseline),
        controls=control_summaries(run),
        with_serials=with_serials,
    )


def all_formats() -> dict[str, Format]:
    """Every format by its name, in the order of the modules' names."""
    import devbench.reports

    found = [f for module in members_of(devbench.reports) for f in getattr(module, "FORMATS", ())]
    return {f.name: f for f in found}


def write_reports(report: Report, names: Iterable[str], folder: Path) -> tuple[Path, ...]:
    """Write the named formats below `folder`; all names are checked before the first file is written."""
    known = all_formats()
    chosen = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
            raise UsageError(f"there is no report format {name!r}", fix=fix)
        chosen.append(known[name])
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(path for chosen_format in chosen for path in chosen_format.write(report, folder))
