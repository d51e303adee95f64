"""Budgets: what a release may cost at most, in a TOML file, held against a run's summaries.

A limit is broken by the estimate itself; whether its interval lies wholly beyond is said beside it, so that a
reader sees a clear break from one that more rounds might take back.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from devbench.domain.summary import CellSummary, Estimate
from devbench.errors import SuiteError
from devbench.metrics import all_metrics
from devbench.suites.section import Section
from devbench.units import parse_quantity, show

_EXAMPLE = '[[budget]]\n    max = { "latency.steady" = "12 ms" }'


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
    """One limit against one cell: `ok`, `broken`, or `broken` for want of a number (`value` None).

    The sentence ends in the verdict on the number where that is not `trusted`.
    """

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
    top = Section(data, origin=str(path), text=text, allowed=("budget",))
    listed = data.get("budget", [])
    if not isinstance(listed, list) or not all(isinstance(values, dict) for values in listed):
        top.refuse("budget", "budget is no list of tables", f"each has a heading of its own:\n    {_EXAMPLE}")
    found = [
        limit
        for place, values in enumerate(listed)
        for limit in _limits(
            Section(
                values, origin=str(path), text=text, name="budget", place=place,
                allowed=("variant", "device", "max", "min"),
            )
        )
    ]  # fmt: skip
    if not found:
        raise SuiteError(f"{path} holds no limit", fix=_EXAMPLE)
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
        table = _flat(section.table(kind) or {})
        Section(table, origin=section.origin, text="", name=f"budget.{kind}", allowed=tuple(metrics))
        for key, raw in table.items():
            metric = metrics[key]
            value = float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
            if isinstance(raw, str):
                value = parse_quantity(raw, metric.unit)
            if value is None or not math.isfinite(value):
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


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """`latency.steady` without quotes is a table in a table to TOML; it means the same."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        flat.update({f"{key}.{name}".rstrip("."): what for name, what in inner})
    return flat


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
    worth = "" if summary.verdict == "trusted" else f" [{summary.verdict}]"
    if not over:
        sentence = f"{where}: {name} {show(value, limit.unit)}, budget {bound}{worth}"
        return _found(limit, summary, "ok", estimate, sentence)
    edge = estimate.low if limit.kind == "max" else estimate.high
    doubt = edge is not None and (edge <= limit.value if limit.kind == "max" else edge >= limit.value)
    beyond = f"{abs(value / limit.value - 1):.1%} beyond" if limit.value else "beyond"
    sure = "; its interval reaches inside, so more rounds may take it back" if doubt else ""
    sentence = f"{where}: {name} {show(value, limit.unit)} is {beyond} its budget of {bound}{worth}{sure}"
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
