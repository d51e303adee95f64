"""What a phone's own noise is, from runs of one model against itself; kept, so that later runs can tell."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.codec import from_json, to_json
from devbench.domain.run import Run
from devbench.errors import StoreError
from devbench.stats import (
    DELTA,
    Interval,
    Proportion,
    PseudoSessions,
    half_width_at,
    paired,
    pooled_sd,
    proportion,
    pseudo_sessions,
    rounds_for_spread,
)
from devbench.store import write_atomically
from devbench.summary import cells_of
from devbench.summary.conditions import steady_by_round

NOISE_SCHEMA = 1
LEAST_ROUNDS, MOST_ROUNDS = 5, 20
_KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """One A/A session. Spreads are of log run medians, as percent, with their 95 % interval where they are known.

    `between_run_sd_pct` is that inside each side, `paired_sd_pct` that of the differences A − B by round.
    `resolves_pct` is the half-width of the paired interval at these rounds, `rounds_needed` the rounds at which a
    session always decides at δ = 3 %, `suggested_rounds` the same within 5 to 20, `suggested_delta_pct` the least
    δ that those decide. `pseudo` are sessions made of these rounds: what they were called, without any difference.
    """

    device: str
    fingerprint: str | None
    variant: str
    run_id: str
    measured_at: str
    rounds: int
    between_run_sd_pct: float | None
    between_run_sd_low_pct: float | None
    between_run_sd_high_pct: float | None
    paired_sd_pct: float | None
    paired_sd_low_pct: float | None
    paired_sd_high_pct: float | None
    ratio: float
    verdict: str
    resolves_pct: float | None
    rounds_needed: int | None
    suggested_rounds: int | None
    suggested_delta_pct: float | None
    pseudo: PseudoSessions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNoise:
    """`<device>.json`: the A/A sessions of one phone, oldest first."""

    device: str
    sessions: tuple[Noise, ...]
    schema: int = NOISE_SCHEMA

    def of_build(self, fingerprint: str | None) -> tuple[Noise, ...]:
        """Those of the build that the phone runs now: another build is another phone."""
        return tuple(noise for noise in self.sessions if noise.fingerprint == fingerprint)


def noise_of(run: Run) -> tuple[Noise, ...]:
    """One for each phone of an A/A run that has rounds of both sides."""
    by_phone: dict[str, list[dict[int, float]]] = {}
    for cell in cells_of(run):
        by_phone.setdefault(cell.device.device, []).append(steady_by_round(cell))
    found = []
    for device in run.header.devices:
        sides = by_phone.get(device.device, [])
        if len(sides) == 2 and (noise := _noise(run, device.device, device.fingerprint, sides)) is not None:
            found.append(noise)
    return tuple(found)


def _noise(run: Run, device: str, fingerprint: str | None, sides: Sequence[dict[int, float]]) -> Noise | None:
    pair = paired(sides[0], sides[1])
    if pair is None:
        return None
    both = sorted(sides[0].keys() & sides[1].keys())
    differences = [math.log(sides[1][r] / sides[0][r]) for r in both]
    between = pooled_sd([[math.log(value) for value in side.values()] for side in sides])
    apart = pooled_sd([differences])
    needed = rounds_for_spread(apart.value) if apart else None
    suggested = None if needed is None else min(MOST_ROUNDS, max(LEAST_ROUNDS, needed))
    return Noise(
        device=device,
        fingerprint=fingerprint,
        variant=run.header.variants[0].variant.removesuffix("-a"),
        run_id=run.header.run_id,
        measured_at=run.header.created_at,
        rounds=pair.rounds,
        between_run_sd_pct=_percent(between, 0),
        between_run_sd_low_pct=_percent(between, 1),
        between_run_sd_high_pct=_percent(between, 2),
        paired_sd_pct=_percent(apart, 0),
        paired_sd_low_pct=_percent(apart, 1),
        paired_sd_high_pct=_percent(apart, 2),
        ratio=pair.ratio,
        verdict=pair.verdict,
        resolves_pct=None if apart is None else 100 * math.expm1(half_width_at(apart.value, pair.rounds)),
        rounds_needed=needed,
        suggested_rounds=suggested,
        suggested_delta_pct=(
            None
            if apart is None or suggested is None
            else 100 * math.expm1(2 * half_width_at(apart.value, suggested))
        ),
        pseudo=None if suggested is None else pseudo_sessions(differences, max(8, suggested)),
    )


def _percent(spread: Interval | None, which: int) -> float | None:
    value = None if spread is None else spread[which]
    return None if value is None else 100 * value


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeLine:
    """Spread between runs of one phone under one choice of tweaks (`none`, one of them, or `all`), as percent.

    `runs` processes stand behind it. `changed` is what was set; `left` why it, or a part of it, was not.
    """

    device: str
    tweaks: str
    sd_pct: float | None
    low_pct: float | None
    high_pct: float | None
    runs: int
    changed: tuple[str, ...]
    left: tuple[str, ...]


def recipe_lines(runs: Sequence[tuple[str, Run]]) -> tuple[RecipeLine, ...]:
    """One line a phone and choice of tweaks, from A/A runs that each made one choice; runs of a choice are pooled.

    The spread is that inside each run and side, so that what changed from run to run is not in it.
    """
    sides: dict[tuple[str, str], list[list[float]]] = {}
    changed: dict[tuple[str, str], dict[str, None]] = {}
    left: dict[tuple[str, str], dict[str, None]] = {}
    for tweaks, run in runs:
        for cell in cells_of(run):
            values = [math.log(value) for value in steady_by_round(cell).values()]
            sides.setdefault((cell.device.device, tweaks), []).append(values)
        for session in run.sessions:
            key = (session.device, tweaks)
            changed.setdefault(key, {}).update(dict.fromkeys(session.changed))
            left.setdefault(key, {}).update(dict.fromkeys(f"{note.id}: {note.reason}" for note in session.left))
    devices = dict.fromkeys(device for device, _ in sides)
    choices = dict.fromkeys(tweaks for tweaks, _ in runs)
    return tuple(
        _recipe_line(key, sides[key], tuple(changed.get(key, ())), tuple(left.get(key, ())))
        for key in ((device, tweaks) for device in devices for tweaks in choices)
        if key in sides
    )


def _recipe_line(
    key: tuple[str, str], sides: Sequence[Sequence[float]], changed: tuple[str, ...], left: tuple[str, ...]
) -> RecipeLine:
    spread = pooled_sd(sides)
    return RecipeLine(
        device=key[0],
        tweaks=key[1],
        sd_pct=_percent(spread, 0),
        low_pct=_percent(spread, 1),
        high_pct=_percent(spread, 2),
        runs=sum(len(side) for side in sides),
        changed=changed,
        left=left,
    )


def called_wrongly(sessions: Sequence[Noise]) -> Proportion:
    """Real A/A sessions that were called `faster` or `slower`, with exact bounds."""
    return proportion(sum(noise.verdict in ("faster", "slower") for noise in sessions), len(sessions))


def load_noise(folder: Path, device: str) -> PhoneNoise | None:
    """What is known of a phone; None when `devbench aa` never ran there. StoreError names a file it cannot read."""
    path = folder / f"{device}.json"
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text("utf-8"))
        if "schema" not in data:
            return None  # a single session, as it was kept before sessions were counted
        if data["schema"] != NOISE_SCHEMA:
            raise StoreError(f"{path} has schema {data['schema']}", fix="update devbench, or remove the file")
        return from_json(PhoneNoise, data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", fix="remove it; `devbench aa` writes a new one"
        ) from error


def save_noise(folder: Path, noise: Noise) -> PhoneNoise:
    """Adds a session to `<device>.json` below `folder`; what is known of the phone now."""
    known = load_noise(folder, noise.device)
    before = tuple(n for n in known.sessions if n.run_id != noise.run_id) if known else ()
    together = PhoneNoise(device=noise.device, sessions=(*before, noise)[-_KEPT:])
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{noise.device}.json", json.dumps(to_json(together), indent=1))
    return together


def noise_sentence(known: PhoneNoise | None, fingerprint: str | None, *, rounds: int, compares: bool) -> str | None:
    """What `rounds` rounds are worth on a phone, by its newest A/A session; None when none says anything.

    `compares`: whether the run sets variants against each other, or only measures each.
    """
    if known is None or rounds < 2:
        return None
    sessions = known.of_build(fingerprint)
    if not sessions:
        return f"{known.device}: its noise was measured on another build; `devbench aa` measures it anew"
    noise = sessions[-1]
    sd = noise.paired_sd_pct if compares else noise.between_run_sd_pct
    if sd is None or noise.suggested_rounds is None:
        return None
    half_pct = 100 * math.expm1(half_width_at(sd / 100, rounds))
    source = f"devbench aa of {noise.measured_at[:10]}, {noise.rounds} rounds of {noise.variant}"
    if not compares:
        return f"{noise.device}: {rounds} rounds give a value to ±{half_pct:.1f} % ({source})"
    sentence = f"{noise.device} resolves ±{half_pct:.1f} % in {rounds} rounds ({source})"
    if rounds >= noise.suggested_rounds:
        return sentence
    if noise.rounds_needed is not None and noise.rounds_needed > MOST_ROUNDS:
        least_pct = noise.suggested_delta_pct or 0.0
        return f"{sentence}; {MOST_ROUNDS} decide only above {least_pct:.1f} %: `devbench aa --recipe` may help"
    return f"{sentence}; {noise.suggested_rounds} would decide at {DELTA:.0%}"
