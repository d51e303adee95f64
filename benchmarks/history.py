"""What a year of nights costs: 1000 lines over 365 nights, read, kept in the index, loaded and drawn.

    python benchmarks/history.py [FOLDERS]

FOLDERS (12 by default) nights of 60 networks are written as run folders, and read: as lines of JSON, which is the
least that any reading costs, and into the index. Then the index is filled up to 365 nights. Times are of the CPU,
so that other work on the machine does not count. Exit code 1 when a look at folders that are known costs more than
a tenth of reading them, when loading the 90 nights of all lines that screening remembers takes 5 s or more, or when
the page of the year is larger than 5 MB.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "reports"), str(ROOT / "tests" / "history")]

NETWORKS, NIGHTS, REMEMBERED = 60, 365, 90
MOST_LOADING_S, MOST_PAGE_MB, MOST_LOOK = 5.0, 5.0, 0.1


def main(folders: int) -> int:
    from made_nights import kept, night
    from made_runs import variant

    from devbench.history import History, Wanted
    from devbench.reports.history_page import history_html

    networks = tuple(variant(f"network-{i:02d}", model=f"model-{i // 4}") for i in range(NETWORKS))
    with tempfile.TemporaryDirectory() as scratch:
        results, history = Path(scratch, "results"), History(Path(scratch, "history.sqlite"))
        for number in range(1, folders + 1):
            kept(results, night(number, variants=networks, samples=50))
        size = sum(file.stat().st_size for file in results.glob("*/*"))
        plain, _ = timed(lambda: read_plainly(results))
        filled, found = timed(lambda: history.refresh([results]))
        look, again = timed(lambda: history.refresh([results]))
        assert (found.added, again.added) == (folders, 0)
        print(f"{folders} nights of {NETWORKS} networks, {size / 1e6:.0f} MB of run folders")
        print(
            f"  lines of JSON {plain / folders:.3f} s a night; into the index {filled / folders:.3f} s a night"
        )
        print(f"  a look when nothing changed {1000 * look:.0f} ms")
        fill(history.path, results, folders)
        # another one has not looked at folders: it tells of all in the index
        loading, _ = timed(lambda: History(history.path).lines(Wanted(last=REMEMBERED)))
        whole, lines = timed(History(history.path).lines)
        points = sum(len(line.points) for line in lines)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        index = history.path.stat().st_size / 1e6
        print(
            f"index of {NIGHTS} nights: {index:.0f} MB; {len(lines)} lines, {points} points in {whole:.1f} s"
        )
        print(f"  their last {REMEMBERED} nights in {loading:.1f} s")
        print(f"  peak memory of all of this {peak:.0f} MB")
        drawing, page = timed(lambda: history_html(lines))
        megabytes = len(page.encode()) / 1e6
        print(f"page: {megabytes:.2f} MB in {drawing:.1f} s")
    held = loading < MOST_LOADING_S and megabytes < MOST_PAGE_MB and look < MOST_LOOK * filled
    print("within the targets" if held else "a target was missed")
    return 0 if held else 1


def timed(work: Callable[[], object]) -> tuple[float, object]:
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def read_plainly(results: Path) -> int:
    """Every line parsed and let go."""
    count = 0
    for path in results.glob("*/records.jsonl"):
        with open(path, "rb") as file:
            for line in file:
                json.loads(line)
                count += 1
    return count


def fill(index: Path, results: Path, folders: int) -> None:
    """The nights that are left, made of the first one with noise upon its values."""
    from devbench.history.database import opened, transaction
    from devbench.history.folders import RunStamp
    from devbench.history.read import read_night
    from devbench.history.rows import store_night

    first = read_night(min(results.iterdir()))
    rng = np.random.default_rng(0)
    with opened(index) as database:
        for number in range(folders, NIGHTS):
            day = (date(2026, 1, 1) + timedelta(days=number)).isoformat()
            noise = float(np.exp(rng.normal(0, 0.01)))
            rows = tuple(
                replace(
                    row,
                    numbers=tuple(
                        e if e.value is None else replace(e, value=e.value * noise) for e in row.numbers
                    ),
                )
                for row in first.rows
            )
            made = replace(
                first, run_id=day, identity=day, night=day, started_at=f"{day}T01:00:01Z", rows=rows
            )
            with transaction(database):
                store_night(database, RunStamp(folder=f"{results}/{day}", stamp=""), made)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 12))
