"""A suite's variants are built once by TensorFlow in its own process, and found without it ever after."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from referee import only_output

from devbench.domain.held_out import Preprocessing
from devbench.domain.suite import (
    ModelFiles,
    PackageModels,
    Recipe,
    StepCall,
    Suite,
    SuiteModel,
    VariantRecipe,
)
from devbench.domain.variant import Variant
from devbench.errors import ModelError, SuiteError
from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.build import build_variants
from devbench.variants.cache import VariantCache, made_of
from devbench.variants.chain import complete_chain
from devbench.variants.held_out import read_held_out, write_held_out
from devbench.variants.package import models_folder, package_variants
from devbench.variants.steps import load_step
from devbench.variants.weights import Weights

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
RECIPE = Recipe(
    model="cnn",
    source="network:small_cnn",
    seed=3,
    samples=4,
    variants=tuple(
        VariantRecipe(name=name, steps=(StepCall(name=name),))
        for name in ("fp32", "fp16", "dynamic_int8", "int8")
    ),
)


def _suite(*models: SuiteModel, baseline: str | None = None) -> Suite:
    return Suite(name="s", description="", origin="s.toml", models=models, baseline=baseline)


def _build(suite: Suite, folder: Path, said: list[str] | None = None) -> tuple[Variant, ...]:
    progress = (said if said is not None else []).append
    return build_variants(suite, cache_dir=folder, progress=progress, weights_dir=folder / "no-weights")


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def built(cache_dir: Path) -> dict[str, Variant]:
    said: list[str] = []
    variants = _build(_suite(RECIPE), cache_dir, said)
    assert said[0] == "cnn: loading TensorFlow" and said[-1].startswith("cnn-int8: ")
    assert said.count("cnn: saved_model") == 1  # four variants share it
    return {variant.variant: variant for variant in variants}


@needs_tensorflow
def test_every_format_is_built_and_described(built: dict[str, Variant]) -> None:
    assert list(built) == ["cnn-fp32", "cnn-fp16", "cnn-dynamic-int8", "cnn-int8"]
    sizes = [variant.size_bytes for variant in built.values()]
    assert sizes[1] < 0.6 * sizes[0] and sizes[2] < 0.4 * sizes[0] and sizes[3] < 0.4 * sizes[0]
    for variant in built.values():
        source, saved, last = variant.steps
        assert source.parameters["source"] == "network:small_cnn" and source.parameters["seed"] == "3"
        assert source.tool is not None and source.tool.startswith("keras ")
        assert saved.bytes_after == last.bytes_before and last.bytes_after == variant.size_bytes
        assert last.tool is not None and last.tool.startswith("tensorflow ")
        assert (variant.weights, variant.weights_note) == ("seeded", None)
        assert variant.inputs[0].shape == (1, 32, 32, 3)
        assert variant.op_counts["CONV_2D"] == 3
    assert built["cnn-int8"].steps[-1].parameters == {
        "io": "float32",
        "representative": "4 inputs, uniform -1.0 to 1.0, seed 3",
    }
    assert built["cnn-fp32"].steps[-1].parameters == {}


@needs_tensorflow
def test_formats_agree(built: dict[str, Variant]) -> None:
    image = np.random.default_rng(1).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    outputs = {name: only_output(variant.path, {"image": image}) for name, variant in built.items()}
    for name, tolerance in (("cnn-fp16", 1e-3), ("cnn-dynamic-int8", 0.03), ("cnn-int8", 0.03)):
        np.testing.assert_allclose(outputs[name], outputs["cnn-fp32"], atol=tolerance)


_SECOND_RUN = """
import json, sys
sys.path.insert(0, {tests!r})
{before}
from pathlib import Path
import test_build as t
said = []
variants = t._build(t._suite(t.RECIPE), Path({cache!r}), said)
print(json.dumps([said, [v.sha256 for v in variants], "tensorflow" in sys.modules, "keras" in sys.modules]))
"""


def _second_run(cache_dir: Path, before: str) -> Any:
    folder = str(Path(__file__).parent)
    script = _SECOND_RUN.format(
        tests=folder,
        before=f"sys.path.insert(0, {str(Path(folder).parent)!r})\n{before}",
        cache=str(cache_dir),
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_tensorflow
def test_a_second_run_imports_no_tensorflow(built: dict[str, Variant], cache_dir: Path) -> None:
    said, hashes, tensorflow, keras = _second_run(cache_dir, "")
    assert said == []  # the worker was not started either
    assert hashes == [variant.sha256 for variant in built.values()]
    assert not tensorflow and not keras


# What Python does on a machine where TensorFlow was never installed.
_WITHOUT_TENSORFLOW = """
import sys, importlib.metadata
sys.modules["tensorflow"] = None
real = importlib.metadata.version
def version(name):
    if name.startswith("tensorflow"):
        raise importlib.metadata.PackageNotFoundError(name)
    return real(name)
importlib.metadata.version = version
"""


@needs_tensorflow
def test_cached_variants_need_no_tensorflow_at_all(built: dict[str, Variant], cache_dir: Path) -> None:
    said, hashes, _, _ = _second_run(cache_dir, _WITHOUT_TENSORFLOW)
    assert said == [] and hashes == [variant.sha256 for variant in built.values()]


def test_without_tensorflow_the_extra_is_named(tmp_path: Path) -> None:
    script = _WITHOUT_TENSORFLOW + (
        "from pathlib import Path\n"
        "from devbench.errors import MissingExtra\n"
        "from devbench.suites.load import load_suite\n"
        "from devbench.variants.build import build_variants\n"
        "try:\n"
        f"    build_variants(load_suite('quick'), cache_dir=Path({str(tmp_path)!r}), progress=print)\n"
        "except MissingExtra as e:\n"
        "    print(e.fix)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith('pip install "devbench[models]"')


@needs_tensorflow
def test_a_damaged_entry_is_not_found(built: dict[str, Variant], tmp_path: Path, cache_dir: Path) -> None:
    """It is built again rather than measured."""
    variant, recipe = RECIPE.variants[0], RECIPE
    parts = made_of(recipe, complete_chain(variant.steps), Weights(kind="seeded"))
    found = VariantCache(cache_dir).find(parts)
    assert found is not None and found.sha256 == built["cnn-fp32"].sha256
    copy = tmp_path / "cache"
    cache = VariantCache(copy)
    with cache.locked(lambda: None):
        file = tmp_path / "model"
        file.write_bytes(Path(found.path).read_bytes())
        stored = cache.put(parts, found, file)
    assert cache.find(parts) == stored
    assert [entry.variant.path for entry in cache.all()] == [stored.path]
    Path(stored.path).write_bytes(b"short")
    assert cache.find(parts) is None
    Path(stored.path).with_name("entry.json").write_text("{")
    assert cache.find(parts) is None and cache.all() == ()


def test_whatever_decides_the_file_is_in_its_key() -> None:
    chain, seeded = complete_chain(RECIPE.variants[3].steps), Weights(kind="seeded")
    keys = [
        made_of(RECIPE, chain, seeded),
        made_of(replace(RECIPE, seed=4), chain, seeded),
        made_of(replace(RECIPE, samples=5), chain, seeded),
        made_of(replace(RECIPE, batch=None), chain, seeded),
        made_of(replace(RECIPE, source="network:dense"), chain, seeded),
        made_of(RECIPE, complete_chain(RECIPE.variants[0].steps), seeded),
        made_of(RECIPE, complete_chain([StepCall(name="int8", parameters={"io": "int8"})]), seeded),
        made_of(RECIPE, chain, Weights(kind="imagenet", file=Path("w.h5"))),
    ]
    assert len({json.dumps(key, sort_keys=True) for key in keys}) == len(keys)
    assert made_of(replace(RECIPE, model="renamed"), chain, seeded) == keys[0]


def test_two_builders_wait_for_each_other(tmp_path: Path) -> None:
    """The second one says that it waits, and removes what a crashed one left only once it is alone."""
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with VariantCache(tmp_path).locked(waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with VariantCache(tmp_path).locked(lambda: None):
        left_over = tmp_path / ".building-crashed"
        left_over.mkdir()
        thread.start()
        assert waiting.wait(30)
        assert left_over.exists()
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert not left_over.exists()


@needs_tensorflow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the worker in /proc")
def test_ctrl_c_ends_the_worker_and_leaves_no_half_work(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom devbench.suites.load import load_suite\n"
        "from devbench.variants.build import build_variants\n"
        "say = lambda line: print(line, flush=True)\n"
        f"build_variants(load_suite('quick'), cache_dir=Path({str(tmp_path)!r}), progress=say)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline().endswith(": loading TensorFlow\n")
        assert _workers(tmp_path)
        builder.send_signal(signal.SIGINT)
        _, error = builder.communicate(timeout=60)
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert not _workers(tmp_path)
    assert not list(tmp_path.glob(".building-*"))


def _workers(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(folder) in command and b"devbench.variants.worker" in command:
            found.append(entry.name)
    return found


@needs_tensorflow
def test_refused_operators_and_weight_files(tmp_path: Path) -> None:
    """One process for both, since starting TensorFlow is what takes the time."""
    script = Path(__file__).with_name("with_tensorflow.py")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["refused"].startswith("step fp32: the TFLite converter refused the model: TFLite has no")
    assert "BitwiseAnd (at " in result["refused"]
    weights = result["weights"]
    assert weights["restored"] == 0.0 and weights["same_seed"] == 0.0
    assert weights["other_seed"] > 1e-4
    assert weights["damaged"].startswith("the weights in Keras' cache do not fit")


def test_int8_without_representative_data_says_so(tmp_path: Path) -> None:
    context = StepContext(folder=tmp_path, batch=1, samples=None)
    with pytest.raises(ModelError, match="needs representative data"):
        load_step("int8").apply(Artifact(form="saved_model"), {"io": "float32"}, context)
    with pytest.raises(ModelError, match="int16x8 needs representative data"):
        load_step("int16x8").apply(Artifact(form="saved_model"), {"io": "float32"}, context)


def test_files_and_package_models_keep_their_order_and_get_unique_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net[1].tflite").write_bytes((models_folder() / "and-gate.tflite").read_bytes())
    files = ModelFiles(folder=str(tmp_path), patterns=("*/*.tflite", "a/net[1].tflite"))
    found = _build(_suite(PackageModels(patterns=("two-*", "and-gate")), files), tmp_path / "cache")
    assert [v.variant for v in found] == ["two-inputs", "and-gate", "a-net-1", "b-net-1"]
    assert [v.model for v in found[2:]] == ["a-net-1", "b-net-1"]
    assert found[0] is next(v for v in package_variants() if v.variant == "two-inputs")
    one = _build(_suite(replace(files, model="net")), tmp_path / "cache")
    assert {v.model for v in one} == {"net"}
    assert not (tmp_path / "cache").exists()  # nothing had to be built


@pytest.mark.parametrize("pattern", ["{folder}/**/*.tflite", "{folder}/s/a/net.tflite", "../s/a/*.tflite"])
def test_patterns_may_be_absolute_or_climb(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "s" / "a").mkdir(parents=True)
    (tmp_path / "s" / "a" / "net.tflite").write_bytes((models_folder() / "and-gate.tflite").read_bytes())
    files = ModelFiles(folder=str(tmp_path / "s"), patterns=(pattern.format(folder=tmp_path),))
    assert [v.variant for v in _build(_suite(files), tmp_path / "cache")] == ["net"]


@pytest.mark.parametrize(
    ("suite", "says", "fix"),
    [
        (_suite(ModelFiles(folder="/nowhere", patterns=("*.tflite",))), "there is no file /nowhere/", None),
        (_suite(PackageModels(patterns=("and-gat",))), "has no model 'and-gat'", "did you mean 'and-gate'"),
        (
            _suite(PackageModels(patterns=("and-gate",)), PackageModels(patterns=("and-*",))),
            "two variants are called 'and-gate'",
            None,
        ),
        (
            _suite(PackageModels(patterns=("and-gate",)), baseline="and-gat"),
            "the baseline 'and-gat'",
            "did you",
        ),
    ],
)
def test_what_a_suite_got_wrong_is_named(tmp_path: Path, suite: Suite, says: str, fix: str | None) -> None:
    with pytest.raises(SuiteError, match=says) as caught:
        _build(suite, tmp_path)
    assert caught.value.message.startswith("s.toml: ")
    assert fix is None or fix in (caught.value.fix or "")


def test_a_held_out_set_moves_with_the_cache_and_is_missed_when_gone(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    cache = VariantCache(folder)
    parts = made_of(RECIPE, complete_chain(RECIPE.variants[0].steps), Weights(kind="trained"))
    file = tmp_path / "and-gate.tflite"
    file.write_bytes((models_folder() / "and-gate.tflite").read_bytes())
    with cache.locked(lambda: None):
        held_out = write_held_out(
            folder / "training" / "key" / "held_out",
            name="rows",
            metric="binary",
            inputs={"bits": np.zeros((4, 2), np.float32)},
            labels=np.array([0, 0, 0, 1], np.int32),
            model_dtypes=("float32",),
            preprocessing=(Preprocessing(),),
        )
        variant = next(v for v in package_variants() if v.variant == "and-gate")
        cache.put(parts, replace(variant, held_out=held_out), file)
    found = cache.find(parts)
    assert found is not None and found.held_out == held_out
    folder.rename(tmp_path / "moved")
    moved = VariantCache(tmp_path / "moved").find(parts)
    assert moved is not None and moved.held_out is not None
    assert read_held_out(Path(moved.held_out.folder)) == moved.held_out
    (Path(moved.held_out.folder) / "held_out.json").unlink()
    assert VariantCache(tmp_path / "moved").find(parts) is None
