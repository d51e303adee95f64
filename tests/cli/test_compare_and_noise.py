"""`aa` and `compare` as a user types them: what is measured, kept, said later, and refused before any phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rig import MODELS, NEW, Rig
from started import Devbench

GATE, TWO = MODELS / "and-gate.tflite", MODELS / "two-inputs.tflite"


def test_two_models_are_compared_in_one_interleaved_run(rig: Rig, devbench: Devbench) -> None:
    done = devbench("compare", GATE, TWO, "--device", rig.phones[NEW].serial, "--rounds", 2, "--profile", "quick",
                    "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (versus,) = json.loads(done.stdout)["comparisons"]
    assert (versus["a"], versus["b"], versus["rounds"]) == ("and-gate", "two-inputs", 2)
    assert versus["interleaved"] is True


@pytest.mark.slow
def test_what_aa_finds_is_kept_and_said_to_the_next_run(rig: Rig, devbench: Devbench) -> None:
    """One model as A and B, no control; then a run on that phone knows what its rounds are worth."""
    serial = rig.phones[NEW].serial
    done = devbench("aa", GATE, "--device", serial, "--rounds", 3, "--profile", "quick", "--json")
    assert done.returncode == 0, done.stderr
    (noise,) = json.loads(done.stdout)["noise"]
    assert noise["device"] == rig.device(NEW)
    assert (noise["variant"], noise["rounds"]) == ("and-gate", 3)
    assert 5 <= noise["suggested_rounds"] <= 20 and noise["paired_sd_pct"] > 0
    assert (Path(devbench.environment["DEVBENCH_HOME"]) / "noise" / f"{noise['device']}.json").is_file()
    later = devbench("compare", GATE, TWO, "--device", serial, "--rounds", 2, "--profile", "quick", "--json")
    assert later.returncode == 0, later.stderr
    assert f"{noise['device']} resolves ±" in later.stderr and "in 2 rounds (devbench aa of" in later.stderr


@pytest.mark.slow
def test_the_recipe_tells_what_each_tweak_is_worth(rig: Rig, devbench: Devbench) -> None:
    """A line for none, each tweak and all, from two sessions each; what a phone does not let is said."""
    done = devbench("aa", GATE, "--device", rig.phones[NEW].serial, "--recipe", "--rounds", 6, "--profile", "quick",
                    "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)["recipe"]
    names = ["none", "stay-awake", "animations", "background", "fixed-performance", "clock-lock", "all"]
    assert [line["tweaks"] for line in lines] == names
    assert all(line["runs"] == 12 and line["sd_pct"] > 0 for line in lines)
    by_name = {line["tweaks"]: line for line in lines}
    assert by_name["none"]["changed"] == []
    assert by_name["animations"]["changed"]
    assert any("fixed-performance" in reason for reason in by_name["fixed-performance"]["left"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("aa", GATE, "--threads", "1,4"), "name one"),
        (("aa", GATE, "--recipe", "--tweaks", "none"), "--tweaks has no place"),
        (("compare", "a.tflite", "b.tflite"), "a.tflite is not a model file"),
        (("compare", GATE, "latest"), "latest is not a model file"),
        (("compare", "latest:a", "latest:b", "--rounds", 8), "--rounds is for model files"),
        (("compare", GATE, GATE), "A and B are the same file"),
        (("compare", GATE, TWO, "--rounds", 8, "--max-rounds", 4), "--max-rounds 4 is less"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_phone(
    lonely: Devbench, words: tuple[str | Path | int, ...], said: str
) -> None:
    done = lonely(*words)
    assert done.returncode == 2
    assert said in done.stderr
