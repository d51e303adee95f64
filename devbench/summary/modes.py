"""What the way of running costs: a model's steady latency in each mode against one of them, on its phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devbench.domain.summary import Cell, CellSummary
from devbench.stats import Paired, paired
from devbench.summary.cells import setup_told, setup_words
from devbench.summary.conditions import steady_by_round

BASE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeCost:
    """One way to run one model on one phone. `paired` compares by round (None: no round has both).

    `told` is the mode with what a phone simulates of it; `setup` are the words that the modes of the group share.
    """

    variant: str
    device: str
    mode: str
    told: str
    setup: tuple[str, ...]
    steady_ns: float
    against: str
    base_ns: float
    paired: Paired | None

    @property
    def delta_pct(self) -> float:
        return 100.0 * (self.steady_ns / self.base_ns - 1)


def mode_costs(summaries: Sequence[CellSummary]) -> tuple[ModeCost, ...]:
    """Cells that differ in nothing but the mode, side by side; nothing where there is one mode only.

    A stock tool has an engine of its own in it: it stands beside each engine that ran the same model alike.
    """
    groups: dict[tuple[str, ...], list[CellSummary]] = {}
    for summary in summaries:
        if not _is_tool(summary.cell):
            groups.setdefault(_key(summary.cell), []).append(summary)
    for tool in (s for s in summaries if _is_tool(s.cell)):
        alike = [members for key, members in groups.items() if key[:-1] == _key(tool.cell)[:-1]]
        for members in alike:
            members.append(tool)
    return tuple(cost for members in groups.values() for cost in _costs(members))


def _is_tool(cell: Cell) -> bool:
    return cell.backend.engine == cell.runner


def _key(cell: Cell) -> tuple[str, ...]:
    """All that decides but the mode, the engine last."""
    shared = setup_told(cell, without=("runner", "engine"))
    return (cell.device.device, cell.variant.variant, *shared, setup_words(cell)["engine"])


def _costs(members: Sequence[CellSummary]) -> list[ModeCost]:
    values = {_name(s.cell, members): (s, ns) for s in members if (ns := _steady_ns(s)) is not None}
    if len(values) < 2:
        return []
    against = BASE if BASE in values else next(iter(values))
    base, base_ns = values[against]
    return [
        ModeCost(
            variant=summary.cell.variant.variant,
            device=summary.cell.device.device,
            mode=name,
            told=setup_words(summary.cell)["runner"].replace(summary.cell.runner, name, 1),
            setup=_key(base.cell)[2:],
            steady_ns=ns,
            against=against,
            base_ns=base_ns,
            paired=paired(steady_by_round(base.cell), steady_by_round(summary.cell)),
        )
        for name, (summary, ns) in values.items()
    ]


def _name(cell: Cell, members: Sequence[CellSummary]) -> str:
    """The runner; of several stock tools each with its version, since they are as different as runners."""
    tools = sum(_is_tool(member.cell) for member in members)
    return f"{cell.runner} {cell.backend.engine_version}" if _is_tool(cell) and tools > 1 else cell.runner


def _steady_ns(summary: CellSummary) -> float | None:
    steady = summary.estimate("latency", "steady")
    return None if steady is None else steady.value
