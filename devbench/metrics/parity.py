"""What less than float32 costs in answers: how far they are from float32 on the same phone, for the same inputs.

A row that may compute in half precision, or has its weights in it, has a process of pass `parity`: the float32
model by built-in kernels. Its answers are held against those of the row's own pass `resources`, all outputs of one
inference.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from devbench.domain.measurement import Measurement, OutputFile
from devbench.domain.summary import Cell, Estimate
from devbench.errors import StoreError
from devbench.metrics.base import Better, Metric, why_no_run
from devbench.stats.parity import NoParity, Parity, parity_of, worst
from devbench.store import read_output

_PASS = "parity"
Found = tuple[Parity | None, str | None]


def _found(cell: Cell) -> Found:
    """The parity of the last `ok` processes, or why there is none."""
    answers = []
    if not any(m.pass_name == _PASS for m in cell.measurements):
        return None, "its answers are those of float32, or there is no float32 to hold them against"
    for pass_name in (_PASS, "resources"):
        runs = [m for m in cell.of_pass(pass_name) if m.outputs]
        if not runs:
            return None, why_no_run(cell, pass_name)
        answers.append(_by_index(runs[-1]))
    return _compared(cell.folder, *answers)


def _by_index(run: Measurement) -> tuple[OutputFile, ...]:
    return tuple(sorted(run.outputs, key=lambda output: output.index))


@lru_cache(maxsize=256)
def _compared(folder: str, exact: tuple[OutputFile, ...], own: tuple[OutputFile, ...]) -> Found:
    """Read once for all that is asked of it; what a file holds is told by its hash."""
    if [o.index for o in exact] != [o.index for o in own]:
        return None, f"it has {len(own)} outputs, in float32 {len(exact)}"
    try:
        found, expected = ([read_output(Path(folder), output) for output in outputs] for outputs in (own, exact))
        pairs = zip(own, found, expected, strict=True)
        return worst([parity_of(a, b, name=f"output {output.name}") for output, a, b in pairs]), None
    except (NoParity, StoreError) as error:
        return None, str(error)


def _metric(field: str, label: str, unit: str, better: Better | None, column: int | None = None) -> Metric:
    name = f"fp32_parity_{field}"

    def estimate(cell: Cell) -> Estimate:
        parity, reason = _found(cell)
        value = None if parity is None else getattr(parity, field)
        if value is None:
            why = reason or "its outputs are no scores to compare"
            return Estimate(metric=name, phase="", unit=unit, value=None, reason=why)
        return Estimate(metric=name, phase="", unit=unit, value=value, n=1, rounds=1)

    return Metric(
        name=name, unit=unit, label=label, estimate=estimate, better=better, passes=(_PASS,), column=column,
        optional=True,
    )  # fmt: skip


METRICS = (
    _metric("max_abs", "Off fp32, max abs", "value", "lower", 15),
    _metric("mean_squared", "Off fp32, mean squared", "value", "lower"),
    _metric("cosine", "Off fp32, cosine", "ratio", "higher"),
    _metric("top1_agreement", "Off fp32, top-1", "ratio", "higher"),
    _metric("reference_max_abs", "Largest answer in fp32", "value", None),
)
