"""Every way from a network to a file gives one that computes the same, and says what each step did to it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from referee import only_output

from devbench.domain.suite import Suite
from devbench.domain.variant import Variant
from devbench.errors import ModelError, SuiteError
from devbench.hashing import sha256_of
from devbench.suites.load import load_suite
from devbench.variants.build import build_variants

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
TO_PB = """
[[model]]
name = "keras"
recipe = "file:net.keras"
variants = [
    { name = "pb", steps = ["freeze"] },
    { name = "optimised", steps = ["optimize_for_inference"] },
    { name = "nothing", steps = [{ step = "transform", transforms = "fold_old_batch_norms" }] },
    { name = "small", steps = [{ step = "transform", transforms = '''
        strip_unused_nodes fold_constants(ignore_errors=true) fold_keras_batch_norms
        quantize_weights(minimum_size=16) downgrade_ops(runtime=tfmobile-1.4.0)''' }] },
    "int16x8",
]
"""
FROM_SAVED = """
[[model]]
name = "saved"
recipe = "file:saved"
variants = ["fp32", { name = "pb", steps = ["freeze"] }]
"""
FROM_PB = """
[[model]]
name = "frozen"
recipe = "file:net.pb"
representative = { samples = 4, low = -1, high = 1 }
variants = [
    "fp32", "fp16", "dynamic_int8", "int8", "int16x8",
    { name = "large", steps = [{ step = "transform", transforms = "insert_logging(op=Relu)" }] },
]
"""


def script(what: str, folder: Path) -> None:
    file = Path(__file__).with_name("with_steps.py")
    done = subprocess.run([sys.executable, str(file), what, str(folder)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("networks")
    script("make", made)
    return made


def suite_of(folder: Path, text: str) -> Suite:
    (folder / "suite.toml").write_text(text)
    return load_suite(str(folder / "suite.toml"))


def build(folder: Path, text: str) -> dict[str, Variant]:
    suite = suite_of(folder, text)
    built = build_variants(
        suite, cache_dir=folder / "cache", progress=lambda text: None, weights_dir=folder / "no-weights"
    )
    return {variant.variant: variant for variant in built}


@pytest.fixture(scope="module")
def built(folder: Path) -> dict[str, Variant]:
    return build(folder, TO_PB + FROM_SAVED + FROM_PB)


def test_every_way_computes_the_same(folder: Path, built: dict[str, Variant]) -> None:
    """As .pb by TensorFlow, as .tflite by the referee, within what the number format allows."""
    expected = np.load(folder / "expected.npz")
    image, wanted = expected["inputs"], expected["outputs"]
    graphs = folder / "graphs"
    graphs.mkdir()
    (graphs / "expected.npz").write_bytes((folder / "expected.npz").read_bytes())
    for variant in built.values():
        if variant.format == "pb":
            (graphs / f"{variant.variant}.pb").write_bytes(Path(variant.path).read_bytes())
    script("run", graphs)
    outputs = dict(np.load(graphs / "outputs.npz"))
    outputs |= {
        name: only_output(variant.path, {variant.inputs[0].name: image})
        for name, variant in built.items()
        if variant.format == "tflite"
    }
    assert set(outputs) == set(built)
    for name, actual in outputs.items():
        coarse = any(word in name for word in ("int8", "small", "int16x8"))
        np.testing.assert_allclose(actual, wanted, atol=0.03 if coarse else 1e-3, err_msg=name)
    assert np.abs(outputs["frozen-int16x8"] - wanted).max() <= np.abs(outputs["frozen-int8"] - wanted).max()


def test_each_variant_records_how_it_was_made(folder: Path, built: dict[str, Variant]) -> None:
    small = built["keras-small"]
    assert [step.name for step in small.steps] == ["keras", "saved_model", "freeze", "transform"]
    assert small.source_sha256 == sha256_of(folder / "net.keras")
    assert small.weights == "file" and small.format == "pb"
    assert "quantize_weights(minimum_size=16)" in small.steps[-1].parameters["transforms"]
    assert small.steps[-1].tool is not None and small.steps[-1].tool.startswith("tensorflow ")
    assert small.steps[-1].bytes_before == built["keras-pb"].size_bytes
    assert small.op_counts["Conv2D"] == 2 and "FusedBatchNormV3" not in small.op_counts
    assert small.inputs[0].name == "image" and small.inputs[0].shape == (1, 8, 8, 3)
    first, *others = built["frozen-int8"].steps
    assert (first.name, first.bytes_after) == ("pb", (folder / "net.pb").stat().st_size)
    assert others[-1].parameters["representative"] == "4 inputs, uniform -1.0 to 1.0, seed 0"


def test_a_step_says_what_it_did_or_that_it_did_nothing(built: dict[str, Variant]) -> None:
    assert "fold_old_batch_norms: changed nothing" in built["keras-nothing"].steps[-1].notes
    notes = built["keras-small"].steps[-1].notes
    assert any(note.startswith("fold_keras_batch_norms: folded 1 chain") for note in notes)
    assert any(note.startswith("quantize_weights: outputs apart by up to") for note in notes)
    assert built["frozen-dynamic-int8"].steps[-1].notes == ()


def test_a_step_that_made_the_file_larger_says_so(built: dict[str, Variant]) -> None:
    last = built["frozen-large"].steps[-1]
    notes, before, after = last.notes, last.bytes_before, last.bytes_after
    assert before is not None and after is not None and after > before
    assert f"made the file {after - before} bytes larger" in notes


def test_weights_too_small_to_quantise_are_named(folder: Path) -> None:
    text = '[[model]]\nname = "gate"\nrecipe = "network:and_gate"\nvariants = ["dynamic_int8"]\n'
    (variant,) = build(folder, text).values()
    assert variant.steps[-1].notes[0].startswith("changed no weights: ")


@pytest.mark.parametrize(
    ("recipe", "says", "fix"),
    [
        ("file:saved/saved_model.pb", "is the graph of a SavedModel", "step freeze makes one .pb of it"),
        ("file:nothing.pb", "does not exist", None),
        ("file:expected.npz", "is a zip archive", None),
        ("flie:net.pb", "is not a recipe's source", "file:NAME"),
    ],
)
def test_a_wrong_source_is_said_before_anything_runs(
    folder: Path, recipe: str, says: str, fix: str | None
) -> None:
    with pytest.raises(SuiteError, match=says) as caught:
        suite_of(folder, f'[[model]]\nrecipe = "{recipe}"\n')
    assert fix is None or fix in (caught.value.fix or "")


def test_a_graph_that_still_has_variables_is_refused(folder: Path) -> None:
    text = '[[model]]\nname = "u"\nrecipe = "file:unfrozen.pb"\nvariants = ["fp32"]\n'
    with pytest.raises(ModelError, match=r"unfrozen\.pb cannot be measured: .*weight") as caught:
        build(folder, text)
    assert "freeze" in (caught.value.fix or "")


@pytest.mark.slow
def test_int8_without_representative_data_is_refused(folder: Path) -> None:
    text = '[[model]]\nname = "n"\nrecipe = "file:net.pb"\nrepresentative = false\nvariants = ["int8"]\n'
    with pytest.raises(ModelError, match="step int8: full int8 needs representative data"):
        build(folder, text)
