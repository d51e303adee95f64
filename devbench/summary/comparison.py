"""Sets each cell against one reference cell of its model on its phone, paired by round."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence

from devbench.domain.run import RunHeader
from devbench.domain.summary import Cell, Comparison
from devbench.errors import UsageError
from devbench.stats import ALPHA, Paired, holm_adjusted, paired, verdict_of
from devbench.summary.cells import setup_words, varying_setup
from devbench.summary.conditions import steady_by_round


def chosen_baseline(header: RunHeader, asked: str | None) -> str | None:
    """The variant that `asked`, else the run, names as baseline; UsageError when there is no such variant."""
    name = asked if asked is not None else header.baseline
    known = [v.variant for v in header.variants]
    if name is None or name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"baseline {name!r} is not a variant of run {header.run_id}",
        fix=f"did you mean {near[0]}?" if near else f"choose one of {', '.join(known)}",
    )


def reference_of(cell: Cell, on_phone: Sequence[Cell], baseline: str | None) -> Cell:
    """The cell that `cell` is held against: one for a model and phone, so that a column has one meaning.

    It is the first cell of the chosen baseline; where that is of another model, the first cell of the own
    model, unless the own model has nothing else to compare with.
    """
    own = [c for c in on_phone if c.variant.model == cell.variant.model]
    chosen = next((c for c in on_phone if c.variant.variant == baseline), None)
    if chosen is not None and (chosen.variant.model == cell.variant.model or len(own) == 1):
        return chosen
    return own[0]


def compare_cells(cells: Sequence[Cell], baseline: str | None) -> tuple[Comparison | None, ...]:
    """One comparison a cell, in order; None for a reference itself. Holm's correction is over a reference."""
    by_phone: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_phone[cell.device.device].append(cell)
    references = [reference_of(cell, by_phone[cell.device.device], baseline) for cell in cells]
    values = {id(cell): steady_by_round(cell) for cell in cells}
    results: list[Paired | None] = [None] * len(cells)
    families: dict[int, list[int]] = defaultdict(list)
    for i, (cell, reference) in enumerate(zip(cells, references, strict=True)):
        if reference is not cell:
            results[i] = paired(values[id(reference)], values[id(cell)])
            families[id(reference)].append(i)
    corrected: dict[int, float | None] = {}
    for members in families.values():
        p_values = [result.p_value if (result := results[i]) else None for i in members]
        corrected.update(zip(members, holm_adjusted(p_values), strict=True))
    return tuple(
        _comparison(cell, reference, results[i], corrected.get(i))
        for i, (cell, reference) in enumerate(zip(cells, references, strict=True))
    )


def _comparison(
    cell: Cell, reference: Cell | None, result: Paired | None, p_value: float | None
) -> Comparison | None:
    if reference is None or reference is cell:
        return None
    name = reference.variant.variant
    if name == cell.variant.variant:
        words = setup_words(reference)
        name = f"{name} ({', '.join(words[d] for d in varying_setup((cell, reference)))})"
    if result is None:
        return Comparison(baseline=name, ratio=None, low=None, high=None, rounds=0, verdict="inconclusive")
    return Comparison(
        baseline=name,
        ratio=result.ratio,
        low=result.low,
        high=result.high,
        rounds=result.rounds,
        verdict=verdict_of(
            result.ratio, result.low, result.high, differs=p_value is not None and p_value < ALPHA
        ),
        rounds_needed=result.rounds_needed,
        p_value=p_value,
    )
