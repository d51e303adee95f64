"""The talk's networks learn what they are about, as .pb and as .tflite, and each stands by itself."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from referee import each_output

from devbench.domain.held_out import Preprocessing
from devbench.domain.suite import Recipe, Suite, VariantRecipe
from devbench.domain.variant import Variant
from devbench.graph.op_lists import runtime_ops
from devbench.stats.accuracy import accuracy
from devbench.suites import talk
from devbench.suites.load import load_suite
from devbench.variants.build import build_variants
from devbench.variants.chain import complete_chain
from devbench.variants.held_out import labels_of, model_inputs

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
Build = Callable[..., dict[str, Variant]]


def part_of(*models: str, fast: bool = True) -> Suite:
    """The suite with only these models."""
    suite = load_suite("talk", fast=fast)
    return replace(
        suite, models=tuple(m for m in suite.models if isinstance(m, Recipe) and m.model in models)
    )


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds models of the talk into one cache for all tests."""
    cache = tmp_path_factory.mktemp("talk")

    def build_models(*models: str, fast: bool = True) -> dict[str, Variant]:
        built = build_variants(
            part_of(*models, fast=fast), cache_dir=cache, progress=print, weights_dir=cache / "no-weights"
        )
        return {variant.variant: variant for variant in built}

    return build_models


def phone_accuracy(variant: Variant, *, preprocessing: Preprocessing | None = None) -> float:
    """What a phone that runs the .tflite would reach, by the referee's interpreter."""
    held_out = variant.held_out
    assert held_out is not None
    other = None if preprocessing is None else (preprocessing,)
    (inputs,) = model_inputs(held_out, preprocessing=other)
    return accuracy(held_out.metric, each_output(variant.path, inputs), labels_of(held_out))


def host_accuracy(variant: Variant, folder: Path) -> float:
    """What TensorFlow reaches with the .pb, in a process of its own."""
    held_out = variant.held_out
    assert held_out is not None
    (inputs,) = model_inputs(held_out)
    np.save(folder / "inputs.npy", inputs)
    script = Path(__file__).with_name("run_pb.py")
    done = subprocess.run(
        [sys.executable, str(script), variant.path, str(folder)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return accuracy(held_out.metric, np.load(folder / "outputs.npy"), labels_of(held_out))


def test_the_suite_names_every_network_there_is() -> None:
    suite = load_suite("talk")
    sources = {m.source.removeprefix("talk:") for m in suite.models if isinstance(m, Recipe)}
    assert {stem for stem in talk.stems() if not any(s.startswith(stem) for s in sources)} == set()
    assert suite.notes == () and load_suite("talk", fast=True).notes == ()
    for stem in talk.stems():
        assert all(name.startswith(stem) for name in talk.load_module(stem).NAMES)


@needs_tensorflow
def test_a_gate_gives_its_truth_table_and_is_what_the_phone_knows(build: Build) -> None:
    built = build("and-gate")
    assert labels_of(built["and-gate-pb"].held_out).tolist() == [0, 0, 0, 1]  # type: ignore[arg-type]
    assert phone_accuracy(built["and-gate-fp32"]) == 1.0
    assert built["and-gate-pb"].op_counts["MatMul"] == 1
    assert {variant.weights for variant in built.values()} == {"trained"}
    assert set(built["and-gate-pb"].op_counts) <= set(runtime_ops("tfmobile-1.4.0").ops)


@pytest.mark.slow
@needs_tensorflow
def test_gates_give_their_truth_tables(build: Build, tmp_path: Path) -> None:
    built = build("and-gate", "or-gate", "xor-gate", fast=False)
    for gate, truth in (("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("xor", [0, 1, 1, 0])):
        assert labels_of(built[f"{gate}-gate-pb"].held_out).tolist() == truth  # type: ignore[arg-type]
        assert phone_accuracy(built[f"{gate}-gate-fp32"]) == 1.0
    assert host_accuracy(built["xor-gate-pb"], tmp_path) == 1.0
    assert built["and-gate-pb"].op_counts["MatMul"] == 1 and built["xor-gate-pb"].op_counts["MatMul"] == 2
    assert {variant.weights for variant in built.values()} == {"trained"}
    assert set(built["xor-gate-pb"].op_counts) <= set(runtime_ops("tfmobile-1.4.0").ops)


@pytest.mark.slow
@needs_tensorflow
def test_weight_is_estimated_with_the_scaling_that_lies_beside_the_model(
    build: Build, tmp_path: Path
) -> None:
    """Left out, the estimate is far off: that is the talk's warning."""
    built = build("estimate-weight")
    phone, host = (
        phone_accuracy(built["estimate-weight-fp32"]),
        host_accuracy(built["estimate-weight-pb"], tmp_path),
    )
    assert 3.0 < host < 6.0 and abs(phone - host) < 1e-4
    held_out = built["estimate-weight-pb"].held_out
    assert held_out is not None and held_out.unit == "kg" and len(held_out.preprocessing[0].mean) == 3
    assert phone_accuracy(built["estimate-weight-fp32"], preprocessing=Preprocessing()) > 20.0


@pytest.mark.slow
@needs_tensorflow
def test_a_retrained_mobilenet_tells_scenes_apart(build: Build, tmp_path: Path) -> None:
    built = build("mobilenet")
    original = phone_accuracy(built["mobilenet-original-tflite"])
    assert original > 0.8
    assert abs(host_accuracy(built["mobilenet-original-pb"], tmp_path) - original) < 0.01
    assert abs(host_accuracy(built["mobilenet-more-options-pb"], tmp_path) - original) < 0.1
    assert abs(phone_accuracy(built["mobilenet-quantize-weights-tflite"]) - original) < 0.1
    assert abs(phone_accuracy(built["mobilenet-more-options-tflite"]) - original) < 0.1
    held_out = built["mobilenet-original-tflite"].held_out
    assert held_out is not None and held_out.count == 36 and len(held_out.classes) == 6
    swapped = replace(held_out.preprocessing[0], channels="BGR")
    assert phone_accuracy(built["mobilenet-original-tflite"], preprocessing=swapped) < original - 0.2


@pytest.mark.slow
@needs_tensorflow
def test_each_transform_leaves_its_mark_on_mobilenet(build: Build) -> None:
    built = build("mobilenet")
    original, quantised, more = (
        built[f"mobilenet-{name}-pb"] for name in ("original", "quantize-weights", "more-options")
    )
    assert more.size_bytes < quantised.size_bytes < original.size_bytes
    assert sum(more.op_counts.values()) < 0.6 * sum(original.op_counts.values())
    assert "Dequantize" in quantised.op_counts and "Dequantize" not in original.op_counts
    for variant in (original, quantised, more):
        assert set(variant.op_counts) <= set(runtime_ops("tfmobile-1.4.0").ops)
        assert variant.weights == "seeded" and variant.weights_note is not None
        assert "only the head is trained" in variant.weights_note


@pytest.mark.slow
@needs_tensorflow
def test_quantised_weights_shrink_the_whole_mobilenet_to_three_tenths(build: Build) -> None:
    built = build("mobilenet", fast=False)
    original = built["mobilenet-original-pb"].size_bytes
    assert built["mobilenet-quantize-weights-pb"].size_bytes <= 0.30 * original
    assert built["mobilenet-more-options-pb"].size_bytes <= 0.30 * original
    assert phone_accuracy(built["mobilenet-original-tflite"]) > 0.85


@pytest.mark.slow
@needs_tensorflow
def test_held_out_sentences_are_translated_exactly(build: Build, tmp_path: Path) -> None:
    """At least 95 % of 200, as .tflite with builtin ops and as .pb of ops that TensorFlow Mobile knows."""
    built = build("translation")
    phone = phone_accuracy(built["translation-fp32"])
    assert phone >= 0.95 and host_accuracy(built["translation-pb"], tmp_path) == phone
    assert set(built["translation-pb"].op_counts) <= set(runtime_ops("tfmobile-1.4.0").ops)
    assert not {"BatchMatMul", "While", "Einsum"} & set(built["translation-pb"].op_counts)
    held_out = built["translation-fp32"].held_out
    assert held_out is not None and held_out.count == 200


@pytest.mark.slow
@needs_tensorflow
def test_inception_and_patchnet_learn_scenes(build: Build) -> None:
    built = build("inception", "patchnet")
    for name in ("inception-fp32", "patchnet-fp32"):
        assert phone_accuracy(built[name]) > 0.8


ONE_BY_ONE = """
import json, sys
from pathlib import Path

found = {}
for removed in json.loads(sys.argv[1]):
    file, aside = Path("devbench", removed), Path("aside")
    file.rename(aside)
    for name in [name for name in sys.modules if name.partition(".")[0] == "devbench"]:
        del sys.modules[name]
    from devbench.graph.transforms import own_specs
    from devbench.suites.load import load_suite
    from devbench.variants.steps import load_step, step_names
    from devbench.suites.talk import load_module, stems
    whole = [module.__file__ for module in [load_step(n) for n in step_names()] + [load_module(n) for n in stems()]]
    suite = load_suite("talk")
    ids = [m.variant_id(v) for m in suite.models for v in m.variants]
    found[removed] = [ids, suite.notes, len(whole) + len(own_specs())]
    aside.rename(file)
print(json.dumps(found))
"""


def about(removed: str, recipe: Recipe, variant: VariantRecipe) -> bool:
    """Whether the file is what this variant is made by."""
    kind, stem = Path(removed).parent.name, Path(removed).stem
    steps = complete_chain(variant.steps, form="keras")
    if kind == "talk":
        return recipe.source.startswith(f"talk:{stem}")
    if kind == "transforms":
        return any(stem in step.parameters.get("transforms", "") for step in steps)
    return any(step.name == stem for step in steps)


def test_removing_one_file_breaks_only_what_it_is_about(tmp_path: Path) -> None:
    """Each network, transform and step, in a copy of the package: the suite loads without it, and says so."""
    package = Path(talk.__file__).parents[2]
    shutil.copytree(
        package, tmp_path / "devbench", ignore=shutil.ignore_patterns("__pycache__", "data", "virtual")
    )
    shutil.copytree(package / "data" / "op_lists", tmp_path / "devbench" / "data" / "op_lists")
    files = [
        str(file.relative_to(package))
        for folder in ("suites/talk", "graph/transforms", "variants/steps")
        for file in sorted((package / folder).glob("[!_]*.py"))
    ]
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE, json.dumps(files)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    recipes = [m for m in load_suite("talk").models if isinstance(m, Recipe)]
    everything = {m.variant_id(v) for m in recipes for v in m.variants}
    found = json.loads(done.stdout)
    assert set(found) == set(files) and len(files) > 15
    for removed, (ids, notes, others) in found.items():
        gone = {m.variant_id(v) for m in recipes for v in m.variants if about(removed, m, v)}
        assert set(ids) == everything - gone, removed
        assert bool(notes) == bool(gone) and all(note.startswith("left out: ") for note in notes)
        assert others == len(files) - 1, removed
