"""What a phone's own noise is, from a run of one model against itself; kept, so that later runs can tell."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev

from devbench.domain.codec import to_json
from devbench.domain.run import Run
from devbench.stats import paired, t_quantile
from devbench.store import write_atomically
from devbench.summary import cells_of
from devbench.summary.conditions import steady_by_round


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Spread of log run medians as percent: over all runs of one side, and of the differences A − B by round.

    `resolves_pct` is the half-width of the paired interval at these rounds, `rounds_needed` the rounds for ±2 %.
    """

    device: str
    fingerprint: str | None
    variant: str
    run_id: str
    rounds: int
    between_run_sd_pct: float | None
    paired_sd_pct: float | None
    ratio: float
    verdict: str
    resolves_pct: float | None
    rounds_needed: int | None


def noise_of(run: Run) -> tuple[Noise, ...]:
    """One for each phone of an A/A run that has rounds of both sides."""
    found: list[Noise] = []
    by_phone: dict[str, list[dict[int, float]]] = {}
    for cell in cells_of(run):
        by_phone.setdefault(cell.device.device, []).append(steady_by_round(cell))
    for device in run.header.devices:
        sides = by_phone.get(device.device, [])
        pair = paired(sides[0], sides[1]) if len(sides) == 2 else None
        if pair is None:
            continue
        differences = [math.log(sides[1][r] / sides[0][r]) for r in sorted(sides[0].keys() & sides[1].keys())]
        logs = [[math.log(value) for value in side.values()] for side in sides]
        enough = len(differences) >= 2
        paired_sd = stdev(differences) if enough else None
        half = _half_width(paired_sd, len(differences)) if paired_sd is not None else None
        found.append(
            Noise(
                device=device.device,
                fingerprint=device.fingerprint,
                variant=run.header.variants[0].variant.removesuffix("-a"),
                run_id=run.header.run_id,
                rounds=pair.rounds,
                between_run_sd_pct=100 * math.sqrt(sum(stdev(s) ** 2 for s in logs) / 2) if enough else None,
                paired_sd_pct=None if paired_sd is None else 100 * paired_sd,
                ratio=pair.ratio,
                verdict=pair.verdict,
                resolves_pct=None if half is None else 100 * math.expm1(half),
                rounds_needed=pair.rounds_needed,
            )
        )
    return tuple(found)


def _half_width(sd: float, rounds: int) -> float:
    return t_quantile(0.975, rounds - 1) * sd / math.sqrt(rounds)


def save_noise(folder: Path, noise: Noise) -> None:
    """`<device>.json` below `folder`: the newest replaces the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{noise.device}.json", json.dumps(to_json(noise), indent=1))
