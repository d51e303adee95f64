"""Groups a run's jobs and attempts into cells, and tells in words how two cells of a variant differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from devbench.domain.job import OWN_LOAD, Job
from devbench.domain.measurement import Measurement
from devbench.domain.run import Run
from devbench.domain.summary import Cell
from devbench.errors import StoreError


def cells_of(run: Run) -> tuple[Cell, ...]:
    """The run's cells (jobs that differ only in pass and round): by phone, then variant, then plan order."""
    devices = {d.device: d for d in run.header.devices}
    variants = {v.variant: v for v in run.header.variants}
    attempts: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in run.measurements:
        attempts[measurement.job_id].append(measurement)
    groups: dict[tuple[object, ...], list[Job]] = defaultdict(list)
    for job in run.header.jobs:
        if job.device not in devices or job.variant not in variants:
            raise StoreError(
                f"run {run.header.run_id}: job {job.job_id} names a phone or variant not in run.json"
            )
        groups[cell_key(job)].append(job)
    cells = [
        Cell(
            device=devices[jobs[0].device],
            variant=variants[jobs[0].variant],
            backend=jobs[0].backend,
            runner=jobs[0].runner,
            abi=jobs[0].abi,
            measurements=tuple(m for job in jobs for m in attempts[job.job_id]),
            planned=len(jobs),
            folder=run.folder,
        )
        for jobs in groups.values()
    ]
    phone_order, variant_order = list(devices), list(variants)
    return tuple(
        sorted(
            cells,
            key=lambda c: (phone_order.index(c.device.device), variant_order.index(c.variant.variant)),
        )
    )


APP_RUNNERS = frozenset({"apk", "apk-background", "app_process"})


def cell_key(job: Job) -> tuple[object, ...]:
    """What jobs of one cell have in common."""
    inputs = (tuple(sorted(job.input_shapes.items())), tuple(sorted(job.input_files.items())), job.signature)
    return (job.device, job.variant, job.backend, job.runner, job.abi, *inputs)


def setup_words(cell: Cell) -> dict[str, str]:
    """How a cell was run, as asked, one short word for each dimension."""
    threads = cell.backend.threads
    # a stock tool has its engine in it: its name is told once, as the runner
    engine = cell.backend.engine if cell.backend.engine != cell.runner else "tool"
    return {
        "engine": " ".join(filter(None, (engine, cell.backend.engine_version))),
        "delegate": cell.backend.delegate_told,
        "threads": thread_words(threads),
        "cores": f"{cell.backend.cores} cores",
        "load": f"loaded by {cell.backend.load}",
        "runner": _mode(cell),
        "abi": cell.abi,
    }


def setup_told(cell: Cell, without: Collection[str] = ()) -> tuple[str, ...]:
    """The words of `setup_words` but those of `without`; how the model was loaded only where somebody chose."""
    usual = {"load"} if cell.backend.load == OWN_LOAD else set()
    return tuple(word for name, word in setup_words(cell).items() if name not in {*without, *usual})


def thread_words(count: int | None) -> str:
    """`4 threads`, `1 thread`, or that nobody told."""
    if count is None:
        return "unknown threads"
    return "1 thread" if count == 1 else f"{count} threads"


def _mode(cell: Cell) -> str:
    """The runner; of an app that the phone declares as simulated, with that word."""
    simulated = (cell.runner in APP_RUNNERS or cell.backend.is_app) and "app" in cell.device.simulated
    return f"{cell.runner}, app (simulated)" if simulated else cell.runner


def varying_setup(cells: Iterable[Cell]) -> tuple[str, ...]:
    """The dimensions of `setup_words` in which these cells differ, in their fixed order."""
    words = [setup_words(cell) for cell in cells]
    return tuple(name for name in (words[0] if words else ()) if len({w[name] for w in words}) > 1)
