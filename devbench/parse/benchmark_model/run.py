"""What one start of a `benchmark_model` tool measured, whichever of the four programs and eras it was."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """The delegate that was applied: its nodes `of` all in the plan, and the partitions they make."""

    name: str | None
    nodes: int | None
    of: int | None
    partitions: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One row of the profile: mean time of a call, and its share of all operators' time."""

    node_type: str
    name: str | None
    avg_us: float | None
    pct: float | None
    times_called: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRun:
    """One run; `tool` is T, L, P or N, `era` E1 to E8 of tool L (docs/parse.md); None where the text is silent.

    `count` to `p95_us` are of the measured phase without profiling; `first_inference_us` is the cold one.
    """

    tool: str | None = None
    era: str | None = None
    failed: bool = True
    init_us: float | None = None
    first_inference_us: float | None = None
    warmup_avg_us: float | None = None
    inference_avg_us: float | None = None
    count: int | None = None
    min_us: float | None = None
    max_us: float | None = None
    std_us: float | None = None
    median_us: float | None = None
    p5_us: float | None = None
    p95_us: float | None = None
    nodes_executed: int | None = None
    model_size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    init_footprint_bytes: int | None = None
    overall_footprint_bytes: int | None = None
    delegate: Delegate | None = None
    ops: tuple[Op, ...] = ()
    flags: dict[str, int | float | str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
