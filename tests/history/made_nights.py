"""Nights made by arithmetic: run folders as `devbench run` leaves them, a day apart."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path

from made_runs import make_run

from devbench.domain.codec import to_json
from devbench.domain.run import Run
from devbench.store import HEADER, RECORDS

FIRST = date(2026, 1, 1)


def night(number: int, **planted: object) -> Run:
    """The run of one night, the first is 1 Jan 2026; the same for the same arguments."""
    day = (FIRST + timedelta(days=number - 1)).isoformat()
    run = make_run(**{"seed": number, "rounds": 5, **planted})
    header = dataclasses.replace(
        run.header, run_id=f"{day.replace('-', '')}-020000-made", created_at=f"{day}T02:00:00+01:00"
    )
    measured = tuple(dataclasses.replace(m, started_at=f"{day}T01:00:01Z") for m in run.measurements)
    return dataclasses.replace(run, header=header, measurements=measured)


def kept(results: Path, run: Run, name: str | None = None) -> Path:
    """The run as a folder below `results`, written at one go: a test has no power cut to fear."""
    folder = results / (name or run.header.run_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEADER).write_text(json.dumps(to_json(run.header)))
    (folder / RECORDS).write_text("".join(json.dumps(to_json(m)) + "\n" for m in run.measurements))
    return folder


def changed(
    run: Run, *, fingerprint: str | None = None, engine: str | None = None, runner: str | None = None
) -> Run:
    """The same run with another build of the phone, engine (its version and hash), or runner (its hash)."""
    header = run.header
    if fingerprint:
        header = dataclasses.replace(
            header, devices=tuple(dataclasses.replace(d, fingerprint=fingerprint) for d in header.devices)
        )
    if engine:
        backends = [
            dataclasses.replace(j.backend, engine_version=engine, engine_sha256=engine * 4)
            for j in header.jobs
        ]
        jobs = tuple(dataclasses.replace(j, backend=b) for j, b in zip(header.jobs, backends, strict=True))
        header = dataclasses.replace(header, jobs=jobs)
    if runner:
        header = dataclasses.replace(
            header, artifacts=tuple(dataclasses.replace(a, sha256=runner) for a in header.artifacts)
        )
    return dataclasses.replace(run, header=header)
