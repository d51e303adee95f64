"""How long a report takes, how much memory, and how big the page is: 10⁶ samples, and 32 phones × 40 variants.

    python benchmarks/report_size.py

Each case is a process of its own that starts from a run folder, as `devbench report` does. Exit code 1 when a
budget is broken: 10⁶ samples in 10 s and 500 MB; pages of 5 MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "reports")]

MOST_SECONDS, MOST_MEMORY_MB, MOST_PAGE_MB = 10.0, 500.0, 5.0
FORMATS = ("html", "csv", "md", "json")


def make(case: str, results: Path) -> Path:
    """A run folder with what the case needs."""
    from dataclasses import replace

    from made_runs import make_run, phone, variant

    from devbench import store

    if case == "million":
        run = make_run(phones=(phone(0), phone(1)), rounds=20, samples=8334)
    else:
        phones = tuple(phone(i) for i in range(32))
        variants = tuple(variant(f"net-{i // 4}-{i % 4}", model=f"net-{i // 4}") for i in range(40))
        run = make_run(phones=phones, variants=variants, rounds=5, samples=50, ops=True)
    header = replace(run.header, run_id=case)
    folder = store.create(results, case)
    folder.write_header(header)
    with open(folder.path / store.RECORDS, "w", encoding="utf-8") as file:
        from devbench.domain.codec import to_json

        file.writelines(json.dumps(to_json(m)) + "\n" for m in run.measurements)
    return folder.path


def report(folder: Path) -> None:
    """What `devbench report` does, measured from inside; prints one JSON object."""
    started = time.perf_counter()
    from devbench import store
    from devbench.reports import build_report, write_reports

    run = store.find(folder.parent, folder.name).read()
    read_s = time.perf_counter() - started
    paths = write_reports(build_report(run), FORMATS, folder / "report")
    print(
        json.dumps({
            "samples": sum(len(s.values_ns) for m in run.measurements for s in m.series),
            "cells": len({(j.device, j.variant) for j in run.header.jobs}),
            "read_s": round(read_s, 2),
            "total_s": round(time.perf_counter() - started, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
            "page_mb": round(next(p for p in paths if p.suffix == ".html").stat().st_size / 1e6, 2),
        })
    )  # fmt: skip


def main() -> int:
    broken = 0
    with tempfile.TemporaryDirectory() as results:
        for case in ("million", "many"):
            folder = make(case, Path(results))
            command = [sys.executable, __file__, str(folder)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{case}: " + ", ".join(f"{name} {value}" for name, value in found.items()))
            broken += found["page_mb"] > MOST_PAGE_MB
            if case == "million":
                broken += found["total_s"] > MOST_SECONDS
                broken += found["peak_mb"] > MOST_MEMORY_MB
    print("within budget" if not broken else f"{broken} budgets broken")
    return 1 if broken else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        report(Path(sys.argv[1]))
    else:
        sys.exit(main())
