"""A row's name in files of other tools, which know no columns: the same row has the same name in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from devbench.domain.summary import Cell, CellSummary
from devbench.reports.base import Report


def named_cells(report: Report) -> tuple[tuple[str, CellSummary], ...]:
    """Every row with its name, the control last: `fp32/litert/xnnpack/threads:4/big/native/arm64-v8a`.

    The engine's version stands in it only where a run has several, and a number only where names are still alike on
    a phone: a name that changed with each version would be no series.
    """
    summaries = (*report.summaries, *report.controls)
    plain = [_name(s.cell, version=False) for s in summaries]
    alike = Counter(zip((s.cell.device.device for s in summaries), plain, strict=True))
    names = [
        _name(s.cell, version=True) if alike[s.cell.device.device, name] > 1 else name
        for s, name in zip(summaries, plain, strict=True)
    ]
    return tuple(
        (report.scrub(name), s) for name, s in zip(_numbered(names, summaries), summaries, strict=True)
    )


def cells_by_phone(report: Report) -> dict[str, list[tuple[str, CellSummary]]]:
    """The named rows by the phone's public name, in the order of the run."""
    phones: dict[str, list[tuple[str, CellSummary]]] = {}
    for name, summary in named_cells(report):
        phones.setdefault(summary.cell.device.device, []).append((name, summary))
    return phones


def _name(cell: Cell, *, version: bool) -> str:
    backend = cell.backend
    engine = f"{backend.engine}@{backend.engine_version}" if version else backend.engine
    threads = "unknown" if backend.threads is None else backend.threads
    words = (cell.variant.variant, engine, backend.delegate_told, f"threads:{threads}", backend.cores)
    load = filter(None, [backend.load_told])
    return "/".join(" ".join(word.split()) for word in (*words, *load, cell.runner, cell.abi))


def _numbered(names: Iterable[str], summaries: Iterable[CellSummary]) -> Iterable[str]:
    seen: Counter[tuple[str, str]] = Counter()
    for name, summary in zip(names, summaries, strict=True):
        key = (summary.cell.device.device, name)
        seen[key] += 1
        yield name if seen[key] == 1 else f"{name}/#{seen[key]}"
