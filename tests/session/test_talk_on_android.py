"""The talk's networks answer as they were trained, by TensorFlow Mobile and by TFLite, on an Android userland.

Env DEVBENCH_RIG, root. Held-out sets are pushed, the phone prepares them and answers, the host judges.
"""

from __future__ import annotations

import dataclasses
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from platformdirs import user_cache_path
from rig import BRIEF, Rig, Session, request

from devbench.domain.job import Profile
from devbench.domain.suite import Recipe
from devbench.domain.variant import Variant
from devbench.engines import engine_table, parse_engine
from devbench.errors import NoUsableDevice
from devbench.suites.load import load_suite
from devbench.summary import summarise
from devbench.variants.build import build_variants

ENGINES = ("tfmobile@1.4.0", "tfmobile@1.13.1", "tflite")
PROFILE = Profile(name="test", rounds=1, bounds=BRIEF, passes=("accuracy",))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DEVBENCH_RIG" not in os.environ, reason="DEVBENCH_RIG is not set"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the rig is a chroot: it needs root"),
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Variant]:
    suite = load_suite("talk", fast=True)
    wanted = ("and-gate", "xor-gate", "translation", "mobilenet")
    models = tuple(m for m in suite.models if isinstance(m, Recipe) and m.model in wanted)
    cache = tmp_path_factory.mktemp("talk")
    made = build_variants(
        dataclasses.replace(suite, models=models),
        cache_dir=cache,
        progress=print,
        weights_dir=cache / "no-weights",
    )
    return {variant.variant: variant for variant in made}


def measured(android: Rig, *variants: Variant) -> Session:
    formats = {name: engine_table()[parse_engine(name).engine].formats for name in ENGINES}
    asked = request(*variants, profile=PROFILE, engines=ENGINES, formats=formats)
    cache = Path(os.environ.get("DEVBENCH_HOME") or user_cache_path("devbench")) / "engines"
    try:
        done = android.session(dataclasses.replace(asked, engine_cache=cache))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    done.assert_complete()
    return done


def found(done: Session, metric: str) -> dict[tuple[str, str], float]:
    """The value of `metric` by variant and engine."""
    values = {}
    for row in summarise(done.run):
        backend, estimate = row.cell.backend, row.estimate(metric)
        assert estimate is not None and estimate.value is not None, estimate
        engine = (
            backend.engine if backend.engine == "tflite" else f"{backend.engine}@{backend.engine_version}"
        )
        values[row.cell.variant.variant, engine] = estimate.value
    return values


def test_gates_and_sentences_come_out_by_both_runtimes(android: Rig, built: dict[str, Variant]) -> None:
    """At least 95 % of 200 held-out sentences exactly, and both gates wholly."""
    names = [
        f"{model}-{form}" for model in ("and-gate", "xor-gate", "translation") for form in ("pb", "fp32")
    ]
    done = measured(android, *(built[name] for name in names))
    accuracy = found(done, "accuracy")
    assert len(accuracy) == 3 * len(ENGINES)
    assert {value for (name, _), value in accuracy.items() if "gate" in name} == {1.0}
    sentences = {
        engine: value for (name, engine), value in accuracy.items() if name.startswith("translation")
    }
    assert set(sentences) == set(ENGINES) and min(sentences.values()) >= 0.95
    judged = [m.judged for m in done.run.measurements if m.variant.startswith("translation")]
    assert {one.count for one in judged if one is not None} == {200}
    # each word of each sentence as the network itself says it, however the runtime rounds
    assert max(found(done, "parity_max_abs").values()) < 1e-3


def test_a_mobilenet_s_accuracy_before_and_after_quantize_weights(
    android: Rig, built: dict[str, Variant]
) -> None:
    """As .tflite without dynamic range: its FULLY_CONNECTED is newer than the last TensorFlow Lite of Maven."""
    names = [f"mobilenet-{step}-pb" for step in ("original", "quantize-weights", "more-options")]
    names += ["mobilenet-original-tflite", "mobilenet-more-options-tflite"]
    accuracy = found(measured(android, *(built[name] for name in names)), "accuracy")
    assert len(accuracy) == 3 * 2 + 2
    before = accuracy["mobilenet-original-tflite", "tflite"]
    assert before > 0.8
    for (name, engine), value in accuracy.items():
        assert abs(value - before) <= (0.001 if "original" in name else 0.1), (name, engine, accuracy)
