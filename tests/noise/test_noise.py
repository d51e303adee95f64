"""`aa`: a model against itself shows the phone's own noise, which is kept and said to later runs."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from made_runs import make_run, variant

from devbench.domain.run import Run
from devbench.errors import StoreError
from devbench.noise import Noise, called_wrongly, load_noise, noise_of, noise_sentence, save_noise
from devbench.stats import half_width_at, rounds_for_spread
from devbench.summary import cells_of
from devbench.summary.conditions import steady_by_round


def self_run(*, spread: float = 0.02, rounds: int = 20, seed: int = 0) -> Run:
    return make_run(
        variants=(variant("m-a"), variant("m-b")), latencies_ns={"m-a": 10e6, "m-b": 10e6}, control=False,
        spread=spread, rounds=rounds, seed=seed,
    )  # fmt: skip


def noise(**changes: object) -> Noise:
    (found,) = noise_of(self_run())
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def test_spreads_are_those_of_log_run_medians() -> None:
    """Inside each side, and of the differences by round; the known rounds follow from the second."""
    run = self_run()
    a, b = (np.log(list(steady_by_round(cell).values())) for cell in cells_of(run))
    (found,) = noise_of(run)
    assert found.variant == "m" and found.rounds == 20
    assert found.between_run_sd_pct == pytest.approx(100 * math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    sd = float((b - a).std(ddof=1))
    assert found.paired_sd_pct == pytest.approx(100 * sd)
    assert found.paired_sd_low_pct is not None and found.paired_sd_high_pct is not None
    assert found.paired_sd_low_pct < 100 * sd < found.paired_sd_high_pct
    assert found.resolves_pct == pytest.approx(100 * math.expm1(half_width_at(sd, 20)))
    assert found.rounds_needed == rounds_for_spread(sd)


def test_suggested_rounds_decide_at_the_suggested_delta() -> None:
    """The interval of so many rounds is half of it to each side."""
    for spread in (0.002, 0.01, 0.03):
        (found,) = noise_of(self_run(spread=spread))
        assert found.suggested_rounds is not None and 5 <= found.suggested_rounds <= 20
        assert found.suggested_delta_pct is not None and found.paired_sd_pct is not None
        half = half_width_at(found.paired_sd_pct / 100, found.suggested_rounds)
        assert math.log1p(found.suggested_delta_pct / 100) == pytest.approx(2 * half)
        if found.rounds_needed is not None and found.rounds_needed <= 20:
            assert found.suggested_delta_pct <= 3.0 + 1e-9


def test_pseudo_sessions_say_how_often_nothing_is_called_a_difference() -> None:
    (found,) = noise_of(self_run(spread=0.01))
    assert found.pseudo is not None and found.pseudo.wrong <= 0.01
    assert found.pseudo.rounds >= 8


def test_one_round_has_a_ratio_and_no_spread() -> None:
    (found,) = noise_of(self_run(rounds=1))
    assert (found.paired_sd_pct, found.resolves_pct, found.rounds_needed, found.pseudo) == (None,) * 4
    assert noise_of(make_run()) == (), "a run of three variants is no A/A"


def test_sessions_of_a_phone_are_counted_together(tmp_path: Path) -> None:
    """The second does not push the first out; the same run read again is not a second one."""
    first = noise(run_id="one", verdict="same")
    second = noise(run_id="two", verdict="slower")
    assert len(save_noise(tmp_path, first).sessions) == 1
    assert len(save_noise(tmp_path, first).sessions) == 1
    known = save_noise(tmp_path, second)
    assert known == load_noise(tmp_path, first.device)
    assert called_wrongly(known.sessions).value == 0.5


def test_another_build_is_another_phone(tmp_path: Path) -> None:
    known = save_noise(tmp_path, noise(fingerprint="old"))
    assert known.of_build("new") == ()
    sentence = noise_sentence(known, "new", rounds=8, compares=True)
    assert sentence is not None and "another build" in sentence


def test_a_later_run_is_told_what_its_rounds_resolve(tmp_path: Path) -> None:
    """The half-width at its own rounds; and how many would decide, where those are too few."""
    known = save_noise(tmp_path, noise(fingerprint="f", paired_sd_pct=2.0, suggested_rounds=10, rounds_needed=10))
    few = noise_sentence(known, "f", rounds=5, compares=True)
    assert few is not None and "±2.5 % in 5 rounds" in few and "10 would decide at 3%" in few
    enough = noise_sentence(known, "f", rounds=12, compares=True)
    assert enough is not None and "±1.3 % in 12 rounds" in enough and "would decide" not in enough
    alone = noise_sentence(known, "f", rounds=8, compares=False)
    assert alone is not None and "give a value to" in alone


def test_a_phone_too_noisy_for_twenty_rounds_is_told_so(tmp_path: Path) -> None:
    changes = {"paired_sd_pct": 8.0, "suggested_rounds": 20, "rounds_needed": 115, "suggested_delta_pct": 7.8}
    known = save_noise(tmp_path, noise(fingerprint="f", **changes))
    sentence = noise_sentence(known, "f", rounds=8, compares=True)
    assert sentence is not None and "20 decide only above 7.8 %" in sentence


def test_an_unknown_phone_is_nothing_to_speak_of(tmp_path: Path) -> None:
    assert load_noise(tmp_path, "p") is None
    assert noise_sentence(None, "f", rounds=8, compares=True) is None


def test_a_broken_file_is_named_and_an_older_one_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("{", "utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        load_noise(tmp_path, "p")
    path.write_text(json.dumps({"schema": 99}), "utf-8")
    with pytest.raises(StoreError, match="schema 99"):
        load_noise(tmp_path, "p")
    path.write_text(json.dumps({"device": "p", "rounds": 8}), "utf-8")
    assert load_noise(tmp_path, "p") is None
