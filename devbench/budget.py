"""Budgets: what a release may cost at most, in a TOML file, held against a run's summaries.

A limit is broken by the estimate itself; whether its interval lies wholly beyond is said beside it, so that a
reader sees a clear break from one that more rounds might take back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from devbench.domain.summary import CellSummary, Estimate
from devbench.errors import SuiteError
from devbench.metrics import all_metrics
from devbench.suites.section import Section
from devbench.units import parse_quantity, show


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One bound for the cells whose variant and device match the shell patterns; `value` in `unit`."""

    variant: str
    device: str
    metric: str
    phase: str
    unit: str
    kind: Literal["max", "min"]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One limit against one cell: `ok`, `broken`, or `broken` for want of a number (`value` None)."""

    limit: Limit
    device: str
    variant: str
    status: Literal["ok", "broken"]
    value: float | None
    low: float | None
    high: float | None
    sentence: str


def load_budget(path: Path) -> tuple[Limit, ...]:
    """The limits of a budget file; SuiteError names a wrong key with the nearest right one, or a bad value."""
    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise SuiteError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path} is not TOML: {error}") from error
    Section(data, origin=str(path), text=text, allowed=("budget",))
    found = [
        limit
        for place, values in enumerate(data.get("budget", []))
        for limit in _limits(
            Section(
                values, origin=str(path), text=text, name="budget", place=place,
                allowed=("variant", "device", "max", "min"),
            )
        )
    ]  # fmt: skip
    if not found:
        raise SuiteError(f"{path} holds no limit", fix='[[budget]]\n    max = { "latency.steady" = "12 ms" }')
    return tuple(found)


def check(limits: Sequence[Limit], summaries: Sequence[CellSummary]) -> tuple[Finding, ...]:
    """Every limit against every cell that it matches; SuiteError for a limit that matches none."""
    findings: list[Finding] = []
    for limit in limits:
        cells = [s for s in summaries if _matches(limit, s)]
        if not cells:
            raise SuiteError(
                f"no cell of this run matches variant {limit.variant!r} on device {limit.device!r}",
                fix="a budget that checks nothing would always pass; mend its patterns",
            )
        findings += [_finding(limit, summary) for summary in cells]
    return tuple(findings)


def _limits(section: Section) -> list[Limit]:
    metrics = {m.name if not m.phase else f"{m.name}.{m.phase}": m for m in all_metrics()}
    found: list[Limit] = []
    for kind in ("max", "min"):
        table = section.table(kind) or {}
        Section(table, origin=section.origin, text="", name=f"budget.{kind}", allowed=tuple(metrics))
        for key, raw in table.items():
            metric = metrics[key]
            value = float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
            if isinstance(raw, str):
                value = parse_quantity(raw, metric.unit)
            if value is None:
                section.refuse(kind, f"{key} = {raw!r} is no quantity in {metric.unit}", 'as "12 ms" or "60 MB"')
            found.append(
                Limit(
                    variant=section.text("variant") or "*",
                    device=section.text("device") or "*",
                    metric=metric.name,
                    phase=metric.phase,
                    unit=metric.unit,
                    kind="max" if kind == "max" else "min",
                    value=value,
                )
            )
    return found


def _matches(limit: Limit, summary: CellSummary) -> bool:
    return fnmatchcase(summary.cell.variant.variant, limit.variant) and fnmatchcase(
        summary.cell.device.device, limit.device
    )


def _finding(limit: Limit, summary: CellSummary) -> Finding:
    estimate = summary.estimate(limit.metric, limit.phase)
    value = estimate.value if estimate else None
    name = f"{limit.metric} {limit.phase}".strip()
    where = f"{summary.cell.variant.variant} on {summary.cell.device.device}"
    bound = f"at {'most' if limit.kind == 'max' else 'least'} {show(limit.value, limit.unit)}"
    if estimate is None or value is None:
        reason = summary.failure.cause if summary.failure else (estimate.reason if estimate else "not measured")
        sentence = f"{where}: {name} has no number ({reason}), budget {bound}"
        return _found(limit, summary, "broken", None, sentence)
    over = value > limit.value if limit.kind == "max" else value < limit.value
    if not over:
        return _found(limit, summary, "ok", estimate, f"{where}: {name} {show(value, limit.unit)}, budget {bound}")
    edge = estimate.low if limit.kind == "max" else estimate.high
    doubt = edge is not None and (edge <= limit.value if limit.kind == "max" else edge >= limit.value)
    beyond = f"{abs(value / limit.value - 1):.1%} beyond" if limit.value else "beyond"
    sure = "; its interval reaches inside, so more rounds may take it back" if doubt else ""
    sentence = f"{where}: {name} {show(value, limit.unit)} is {beyond} its budget of {bound}{sure}"
    return _found(limit, summary, "broken", estimate, sentence)


def _found(
    limit: Limit, summary: CellSummary, status: Literal["ok", "broken"], estimate: Estimate | None, sentence: str
) -> Finding:
    return Finding(
        limit=limit,
        device=summary.cell.device.device,
        variant=summary.cell.variant.variant,
        status=status,
        value=estimate.value if estimate else None,
        low=estimate.low if estimate else None,
        high=estimate.high if estimate else None,
        sentence=sentence,
    )
