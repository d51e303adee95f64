"""report.json: everything that the page shows, for programs that want more than a CSV row."""

from __future__ import annotations

import json
from pathlib import Path

from devbench.domain.codec import Json, to_json
from devbench.domain.phone_session import PhoneSession
from devbench.domain.summary import Cell, CellSummary
from devbench.reports.affinity import affinity_json
from devbench.reports.answer import answer_details, answer_sentences, trust_line, warnings_of
from devbench.reports.base import Format, Report
from devbench.reports.ops_tables import ops_json
from devbench.reports.session_cards import outcome_words
from devbench.reports.suite_tables import suite_tables_json
from devbench.summary import setup_words
from devbench.summary.node_trace import node_trace
from devbench.summary.series import series_of

REPORT_SCHEMA = 1


def write_json(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "report.json"
    path.write_text(json.dumps(as_json(report), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return (path,)


def as_json(report: Report) -> dict[str, Json]:
    """The report as JSON-ready values (docs/results-format.md); raw samples stay in the run's folder."""
    header = report.run.header
    return {
        "schema": REPORT_SCHEMA,
        "run_id": header.run_id,
        "created_at": header.created_at,
        "devbench_version": header.devbench_version,
        "command": [report.scrub(word) for word in header.argv],
        "profile": to_json(header.profile),
        "rounds": header.rounds,
        "seed": header.seed,
        "suite": header.suite,
        "answer": [report.scrub(text) for text in answer_sentences(report)],
        "answer_details": [report.scrub(text) for text in answer_details(report)],
        "trust": trust_line(report),
        "warnings": [report.scrub(text) for text in warnings_of(report)],
        "devices": [_without_serials(to_json(device), report) for device in header.devices],
        "sessions": [_session(session, report) for session in report.run.sessions],
        "artifacts": [{**_object(to_json(a)), "path": Path(a.path).name} for a in header.artifacts],
        "tables": [_scrubbed(row, report) for row in suite_tables_json(report)],
        "affinity": [_scrubbed(row, report) for row in affinity_json(report)],
        "cells": [_cell(summary, report) for summary in (*report.summaries, *report.controls)],
    }


def _cell(summary: CellSummary, report: Report) -> Json:
    cell = summary.cell
    value: dict[str, Json] = {
        "device": cell.device.device,
        "model": cell.variant.model,
        "variant": cell.variant.variant,
        "control": cell.variant.control,
        "format": cell.variant.format,
        "size_bytes": cell.variant.size_bytes,
        "sha256": cell.variant.sha256,
        "setup": dict(setup_words(cell)),
        "series": _series(report, cell),
        "status": summary.status,
        "verdict": summary.verdict,
        "estimates": to_json(summary.estimates),
        "trace": _trace(cell),
        "comparison": to_json(summary.comparison),
        "taints": to_json(summary.taints),
        "failure": to_json(summary.failure),
        "ops": ops_json(summary),
    }
    return _scrubbed(value, report)


def _trace(cell: Cell) -> Json:
    """What tracing costs, and time and memory by type of node."""
    trace = node_trace(cell)
    if trace is None:
        return None
    values = _object(to_json(trace))
    return {"nodes": trace.nodes, **{name: value for name, value in values.items() if name != "ops"}}


def _series(report: Report, cell: Cell) -> Json:
    """The parts of the key that all numbers of the row share, and the key as one line."""
    key = series_of(report.run, cell)
    parts = _object(to_json(key))
    return {**{name: parts[name] for name in parts if name not in ("metric", "phase")}, "text": key.text}


def _without_serials(device: Json, report: Report) -> Json:
    keys = _object(device)
    if not report.with_serials:
        keys = {name: value for name, value in keys.items() if name not in ("serial", "serialno")}
    return _scrubbed(keys, report)


def _session(session: PhoneSession, report: Report) -> Json:
    """How a phone's part went and ended; its addresses are serials."""
    keys = _object(to_json(session))
    if not report.with_serials:
        del keys["addresses"]
    return _scrubbed({**keys, "ended": outcome_words(session)}, report)


def _scrubbed(value: Json, report: Report) -> Json:
    if isinstance(value, str):
        return report.scrub(value)
    if isinstance(value, list):
        return [_scrubbed(item, report) for item in value]
    if isinstance(value, dict):
        return {key: _scrubbed(item, report) for key, item in value.items()}
    return value


def _object(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


FORMATS = (Format(name="json", sentence="report.json, everything for programs", write=write_json),)
