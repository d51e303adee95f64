"""Lines made without any run: values night by night from 1 Jan 2026 on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from devbench.domain.history import Line, LineKey, Origin, Point
from devbench.history.lines import logs_of, segments_of


def origin(**changes: str) -> Origin:
    words = {
        "fingerprint": "a/b/c:8/X/1:user/keys",
        "runner_sha256": "a" * 64,
        "engine_sha256": "d" * 64,
        "engine_version": "2.3.0",
        "control_sha256": "c" * 64,
    }
    return Origin(**{**words, **changes})


def line_of(
    values: Sequence[float | None],
    *,
    origins: Sequence[Origin] | None = None,
    variant: str = "fp32",
    device: str = "phone-000000",
    metric: str = "latency",
    unit: str = "ns",
) -> Line:
    key = LineKey(
        device=device, runner="native", engine="litert", delegate="xnnpack", threads=4, cores="big",
        abi="arm64-v8a", profile="standard", clock_state="free", variant=variant, metric=metric,
        phase="steady" if metric == "latency" else "",
    )  # fmt: skip
    segments = segments_of(origins or [origin()] * len(values))
    basis, logs = logs_of(values, [None] * len(values), segments)
    points = [_point(i, value) for i, value in enumerate(values)]
    return Line(
        key=key, unit=unit, control=False, points=tuple(points), segments=segments, basis=basis, logs=logs
    )


def _point(index: int, value: float | None) -> Point:
    night = (date(2026, 1, 1) + timedelta(days=index)).isoformat()
    known = value is not None
    return Point(
        run_id=f"{night.replace('-', '')}-020000-made",
        night=night,
        started_at=f"{night}T02:00:00Z",
        value=value,
        low=value * 0.99 if value is not None else None,
        high=value * 1.01 if value is not None else None,
        n=300 if known else 0,
        rounds=5 if known else 0,
        status="ok" if known else "failed",
        reason=None if known else "crash: the process ended with signal SIGSEGV",
        verdict="trusted" if known else "crash",
    )
