"""Confirming: tonight's files against those of a good night, interleaved on the same phones, in the same hour."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devbench.domain.history import LineKey
from devbench.domain.job import OWN_LOAD, Profile
from devbench.domain.run import Run
from devbench.domain.summary import Cell
from devbench.errors import UsageError
from devbench.nightly.alert import Changed, Confirmation
from devbench.nightly.folder import LabFolder
from devbench.nightly.look import Look, Past
from devbench.plan import Choices
from devbench.session import RunRequest
from devbench.stats import confirmed, paired, rounds_to_confirm
from devbench.summary import cells_of
from devbench.summary.conditions import steady_by_round

PROFILE = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One session: the same files and setup on every phone of `looks`, which are suspicious of the same change."""

    looks: tuple[Look, ...]
    then: Past
    changed: Changed
    rounds: int

    @property
    def first(self) -> Look:
        return self.looks[0]

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(look.line.key.device for look in self.looks)

    @property
    def by(self) -> float:
        """The largest excess (log) that the screen saw."""
        return max(look.suspicion.by for look in self.looks if look.suspicion is not None)


def trials_of(looks: Iterable[Look]) -> tuple[Trial, ...]:
    """Suspicious looks that something can be measured against, alike ones together; the worst first."""
    groups: dict[tuple[object, ...], list[Look]] = {}
    for look in looks:
        if look.suspicion is not None and look.good is not None:
            where = dataclasses.replace(look.line.key, device="")
            groups.setdefault((where, look.files, look.good.files), []).append(look)
    trials = []
    for members in groups.values():
        then = members[0].good
        assert then is not None
        model = then.files.model_sha256 != members[0].files.model_sha256
        rounds = max(rounds_to_confirm(look.logs) for look in members)
        changed: Changed = "model" if model else "engine"
        trials.append(Trial(looks=tuple(members), then=then, changed=changed, rounds=rounds))
    return tuple(sorted(trials, key=lambda trial: -trial.by))


def trial_request(trial: Trial, night: RunRequest, lab: LabFolder) -> RunRequest:
    """What is measured: control, then and now. UsageError where a file of then was not kept."""
    key = trial.first.line.key
    now = next(v for v in night.variants if v.variant == key.variant)
    now = dataclasses.replace(lab.model(now.sha256) or now, held_out=None)
    variants = (*(v for v in night.variants if v.control), now)
    choices = _choices(night.choices, key)
    if trial.changed == "model":
        then = lab.model(trial.then.files.model_sha256)
        if then is None:
            raise UsageError(f"the model file of {trial.then.night} was not kept: {lab.path / 'models'}")
        name = f"{key.variant}@{trial.then.night}"
        variants = (*variants, dataclasses.replace(then, variant=name, model=now.model, held_out=None))
    else:
        engine = lab.engine(trial.then.files.engine_sha256)
        if engine is None:
            raise UsageError(f"the engine of {trial.then.night} was not kept: {lab.path / 'engines'}")
        word = (
            f"{engine.name}@{engine.version}={engine.path}"
            if engine.version
            else f"{engine.name}={engine.path}"
        )
        choices = dataclasses.replace(choices, engines=(*choices.engines, word))
    return dataclasses.replace(
        night,
        variants=variants,
        profile=_profile(night.profile, trial.rounds),
        rounds=trial.rounds,
        choices=choices,
        suite=None,
        baseline=None,
        tables=(),
        options={**night.options, "device": ",".join(trial.devices)},
        notes=(f"measured to confirm {key.variant} against the files of {trial.then.night}",),
    )


def judged(trial: Trial, run: Run, night: str, folder: str) -> tuple[Confirmation, ...]:
    """One for each phone of the trial."""
    return tuple(_judged(trial, look, run, night, folder) for look in trial.looks)


def _judged(trial: Trial, look: Look, run: Run, night: str, folder: str) -> Confirmation:
    found = dataclasses.replace(
        without_number(look, night, "it has no number of both sides in that session"),
        changed=trial.changed, folder=folder,
    )  # fmt: skip
    cells = [c for c in cells_of(run) if c.device.device == look.line.key.device and not c.variant.control]
    then, now = _side(cells, trial, then=True), _side(cells, trial, then=False)
    if then is None or now is None:
        return found
    a, b = steady_by_round(then), steady_by_round(now)
    pair = paired(a, b)
    if pair is None:
        return found
    sure = confirmed([math.log(b[r] / a[r]) for r in sorted(a.keys() & b.keys())])
    return dataclasses.replace(
        found, outcome="regression" if sure else "not-confirmed", ratio=pair.ratio, low=pair.low, high=pair.high,
        rounds=pair.rounds, reason=None,
    )  # fmt: skip


def _side(cells: Sequence[Cell], trial: Trial, *, then: bool) -> Cell | None:
    files = trial.then.files if then else trial.first.files
    return next(
        (
            cell
            for cell in cells
            if cell.variant.sha256 == files.model_sha256
            and (trial.changed == "model" or cell.backend.engine_sha256 == files.engine_sha256)
        ),
        None,
    )


def without_number(look: Look, night: str, reason: str) -> Confirmation:
    """A suspicious line that was not measured again: nothing of ours changed, or `reason`."""
    assert look.suspicion is not None
    same = look.good is None
    key = look.line.key
    return Confirmation(
        night=night,
        device=key.device,
        variant=key.variant,
        setup=setup_of(key),
        line=key.text,
        rule=look.suspicion.rule,
        by_pct=100 * math.expm1(look.suspicion.by),
        outcome="same-files" if same else "not-measured",
        now=look.files,
        then=look.good.files if look.good else None,
        good_night=look.good.night if look.good else None,
        reason="model and engine are those of before: the phone itself may be slower" if same else reason,
    )


def setup_of(key: LineKey) -> str:
    """How the line's variant was run, in words."""
    threads = "1 thread" if key.threads == 1 else f"{key.threads} threads"
    words = [
        key.engine,
        key.delegate,
        threads,
        f"{key.cores} cores",
        "" if key.load == OWN_LOAD else f"loaded by {key.load}",
        key.runner,
        key.abi,
        key.inputs,
        key.apart,
    ]
    return ", ".join(word for word in words if word)


def _choices(choices: Choices, key: LineKey) -> Choices:
    """The night's words for just this setup: a word may hold a path that the key does not."""
    return dataclasses.replace(
        choices,
        engines=tuple(w for w in choices.engines if w is None or _name(w) == key.engine)[:1]
        or choices.engines[:1],
        delegates=tuple(w for w in choices.delegates if _name(w) == key.delegate) or choices.delegates,
        runners=tuple(w for w in choices.runners if _name(w) == key.runner) or choices.runners,
        threads=(key.threads,),
        cores=(key.cores,),
        loads=(key.load,),
        abis=(key.abi,),
    )


def _name(word: str) -> str:
    return word.partition("=")[0].partition("@")[0]


def _profile(profile: Profile, rounds: int) -> Profile:
    return dataclasses.replace(profile, name=PROFILE, rounds=rounds, max_rounds=0, passes=("latency",))
