"""Tables of operators, as text or CSV: several a run, each under a banner, read by their own headings."""

from __future__ import annotations

import re
from dataclasses import replace

from devbench.parse.benchmark_model.message import MOST_US
from devbench.parse.benchmark_model.run import Op
from devbench.parse.quantity import decimal, integer
from devbench.parse.text import Notes

_BANNER = re.compile(r"[ \t]{0,8}={8,60} ([A-Za-z ]{3,40}?) ={8,60}")
_HEADING = re.compile(
    r"(?:Profiling Info for |Operator-wise Profiling|Primary graph|Subgraph |Delegate internal)"
)
_EXECUTED = re.compile(r"[ \t]{0,8}Number of nodes executed: ([0-9]{1,9})")
_OBSERVED = re.compile(r"[ \t]{0,8}([0-9]{1,9}) nodes observed")
_TEXT_COLUMN = re.compile(r"\[([A-Za-z %_]{1,20})\]")
_ALIASES = {"avg ms": "avg", "avg_ms": "avg", "avg": "avg", "op": "node type"}
_WORDS = frozenset({"node type", "name"})
MAX_OPS = 20_000


class ProfileReader:
    """Fed message by message; keeps the tables of the model's own graph, not those of its initialisation."""

    def __init__(self) -> None:
        self._scope = "run"
        self._table: str | None = None
        self._columns: list[str] | None = None
        self._csv = False
        self._rows: dict[str, list[Op]] = {}
        self._executed: int | None = None
        self._observed: int | None = None
        self._done: set[str] = set()

    def feed(self, text: str) -> bool:
        """Take `text` if it belongs to a profile; whether it did."""
        if heading := _HEADING.match(text):
            self._enter(text, heading[0])
            return True
        if banner := _BANNER.match(text):
            name = banner[1].lower()
            self._columns = None
            self._table = name if name not in self._done else None
            self._done.add(name)
            return True
        if match := _EXECUTED.match(text):
            if self._scope == "run" and self._executed is None:
                self._executed = int(match[1])
            return True
        if match := _OBSERVED.match(text):
            if self._scope == "run":
                self._observed = self._observed or int(match[1])
            return True
        return self._row(text)

    def _enter(self, text: str, heading: str) -> None:
        """A heading: what follows is of the model's run, of its initialisation, or of another graph."""
        if heading.startswith("Operator-wise"):
            self._scope, self._executed, self._observed = "run", None, None
            self._rows.clear()
            self._done.clear()
        elif "Initialization" in text[:80]:
            self._scope = "initialisation"
        elif heading.startswith(("Subgraph", "Delegate")) and self._scope == "run":
            self._scope = "other graph"
        elif heading.startswith("Primary graph") and self._scope == "other graph":
            self._scope = "run"
        self._table = self._columns = None

    def _row(self, text: str) -> bool:
        if self._table is None or not text.strip():
            return False
        if self._columns is None:
            self._columns, self._csv = _columns(text)
            return self._columns is not None
        op = _op(text, self._columns, self._csv)
        if op is None:
            return False
        rows = self._rows.setdefault(self._table, [])
        if self._scope == "run" and len(rows) < MAX_OPS:
            rows.append(op)
        return True

    @property
    def nodes_executed(self) -> int | None:
        """Nodes of the model; the line in the summary, else the count below the tables."""
        return self._observed if self._executed is None else self._executed

    def ops(self, notes: Notes) -> tuple[Op, ...]:
        """All operators in order of execution; where that table is missing, the costliest ones."""
        ops = self._rows.get("run order", [])
        if not ops:
            top = next(
                (rows for name, rows in self._rows.items() if "time" in name or "duration" in name), []
            )
            if top:
                notes.warn("no table in order of execution: ops are the costliest only")
            return tuple(top)
        if self.nodes_executed is not None and self.nodes_executed != len(ops):
            notes.warn(f"{len(ops)} operators in the table of {self.nodes_executed} nodes executed")
        total = sum(op.avg_us for op in ops if op.avg_us is not None)
        told = sum(op.pct for op in ops if op.pct is not None)
        # Builds of 2018 printed fractions under the heading %.
        if total > 0 and told > 0 and not 98 <= told <= 102:
            notes.warn(f"the operators' shares sum to {told:.3g} %: computed anew from their times")
            return tuple(
                replace(op, pct=None if op.avg_us is None else 100 * op.avg_us / total) for op in ops
            )
        return tuple(ops)


def _columns(text: str) -> tuple[list[str] | None, bool]:
    """Names of a table's columns in order, and whether it is CSV; None if `text` is no heading of a table."""
    bracketed = _TEXT_COLUMN.findall(text[:400])
    csv = not bracketed and text.lstrip().lower().startswith("node type,")
    names = bracketed or ([cell.strip() for cell in text[:400].split(",")] if csv else [])
    lowered = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in names]
    return (lowered, csv) if "node type" in lowered and "avg" in lowered else (None, False)


def _op(text: str, columns: list[str], csv: bool) -> Op | None:
    """One row. The type may hold blanks and commas, so the unbroken run of numbers is what parts the columns."""
    cells = [cell.strip(" ") for cell in text.split(",")] if csv else text.split()
    numeric = [name for name in columns if name not in _WORDS]
    start = _numbers_at(cells, len(numeric))
    if start is None:
        return None
    numbers = dict(zip(numeric, cells[start : start + len(numeric)], strict=True))
    glue = ", " if csv else " "
    rest = cells[start + len(numeric) :]
    if columns[0] == "node type":
        node_type, name = glue.join(cells[:start]), glue.join(rest)
    else:
        node_type, name = (rest[0] if rest else ""), glue.join(rest[1:])
    avg_ms, pct = decimal(numbers.get("avg", "")), decimal(numbers.get("%", "").removesuffix("%"))
    if not node_type or avg_ms is None or not 0 <= avg_ms * 1000 <= MOST_US:
        return None
    # Newer builds write tabs for the commas in a CSV name.
    name = name.replace("\t", ",").strip() if csv else name
    return Op(
        node_type=node_type,
        name=name or None,
        avg_us=round(avg_ms * 1000, 6),
        pct=pct,
        times_called=integer(numbers.get("times called", "")),
    )


def _numbers_at(cells: list[str], count: int) -> int | None:
    """Where `count` numbers follow one another for the first time."""
    run = 0
    for index, cell in enumerate(cells):
        run = run + 1 if decimal(cell.removesuffix("%")) is not None else 0
        if run == count:
            return index - count + 1
    return None
