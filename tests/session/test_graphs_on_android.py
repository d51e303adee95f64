"""TensorFlow Mobile on a phone with Android's own linker and libc (env DEVBENCH_RIG, root), by adb and session.

The talk's models as Keras 3 freezes them, before and after the talk's transforms, against TensorFlow here.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from platformdirs import user_cache_dir
from rig import BRIEF, Rig, Session, request

from devbench.domain.variant import Variant
from devbench.errors import NoUsableDevice
from devbench.graph.model_file import read_variant
from devbench.runners.inputs import random_input
from devbench.summary import summarise

sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
from tensorflow_process import TensorFlow, inception_graph, mobilenet_graph

if TYPE_CHECKING:
    from devbench.domain.summary import CellSummary

RIG = os.environ.get("DEVBENCH_RIG")
VERSIONS = ("1.4.0", "1.13.1")
# the talk's own string, with what Keras 3 needs before it
TALK = """fold_keras_batch_norms strip_unused_nodes(type=float, shape="1,{size},{size},3")
remove_nodes(op=Identity, op=CheckNumerics) fold_constants(ignore_errors=true)
fold_batch_norms fold_old_batch_norms"""
PARITY = 1e-4

pytestmark = [
    pytest.mark.skipif(RIG is None, reason="DEVBENCH_RIG is not set"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the rig is a chroot: it needs root"),
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]


@pytest.fixture(scope="module")
def tf() -> Iterator[TensorFlow]:
    tensorflow = TensorFlow()
    yield tensorflow
    tensorflow.close()


def measured(android: Rig, engine: str, *variants: Variant) -> Session:
    asked = request(*variants, bounds=BRIEF, engines=(engine,))
    asked = dataclasses.replace(asked, engine_cache=Path(user_cache_dir("devbench")) / "engines")
    try:
        done = android.session(asked)
    except NoUsableDevice as error:
        if "fetch" in error.message or "jgo" in error.message:
            pytest.skip(f"no engine: {error}")
        raise
    done.assert_complete()
    return done


def written(path: Path, graph: bytes) -> Variant:
    path.write_bytes(graph)
    return read_variant(path)


def output_of(done: Session, variant: str) -> np.ndarray[Any, Any]:
    (m,) = done.of(variant, "resources")
    (output,) = m.outputs
    assert output.file is not None
    return np.fromfile(done.folder.path / output.file, output.dtype).reshape(output.shape)


def nodes_of(rows: tuple[CellSummary, ...], variant: str) -> float:
    (row,) = [row for row in rows if row.cell.variant.variant == variant]
    nodes = row.estimate("nodes_executed")
    assert nodes is not None and nodes.value is not None
    return nodes.value


def check(android: Rig, tf: TensorFlow, folder: Path, graph: bytes, size: int, version: str) -> tuple[float, float]:
    """Original and transformed agree with TensorFlow; how many nodes each executes."""
    runtime = f"downgrade_ops(runtime=tfmobile-{version})"
    ends = {"inputs": ["image"], "outputs": ["Identity"]}
    original = written(folder / "original.pb", tf.apply(graph, runtime, **ends))
    changed = tf.apply(graph, f"{TALK.format(size=size)} {runtime}", **ends)
    transformed = written(folder / "transformed.pb", changed)
    done = measured(android, f"tfmobile@{version}", original, transformed)
    image = random_input(0, 0, "float32", (1, size, size, 3))
    expected = tf.run(graph, ["Identity"], image=image)["Identity:0"]
    assert float(np.abs(expected).max()) > 0.1 and len(np.unique(expected)) > 100
    for variant in (original, transformed):
        apart = float(np.abs(output_of(done, variant.variant) - expected).max())
        assert apart <= PARITY * max(1.0, float(np.abs(expected).max())), (variant.variant, apart)
    rows = summarise(done.run)
    assert {(r.cell.backend.engine, r.cell.backend.engine_version) for r in rows} == {("tfmobile", version)}
    return nodes_of(rows, "original"), nodes_of(rows, "transformed")


@pytest.mark.parametrize("version", [VERSIONS[0], *(pytest.param(v, marks=pytest.mark.slow) for v in VERSIONS[1:])])
def test_a_small_mobilenet_before_and_after_the_transforms(
    android: Rig, tf: TensorFlow, tmp_path: Path, version: str
) -> None:
    graph = tf.call(mobilenet_graph, 0.25, 64)
    before, after = check(android, tf, tmp_path, graph, 64, version)
    # every batch norm is four nodes before, and none after
    assert after < 0.75 * before


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_mobilenet_before_and_after_the_transforms(
    android: Rig, tf: TensorFlow, tmp_path: Path, version: str
) -> None:
    before, after = check(android, tf, tmp_path, tf.call(mobilenet_graph, 1.0, 224), 224, version)
    assert after < 0.75 * before


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_inception_before_and_after_the_transforms(
    android: Rig, tf: TensorFlow, tmp_path: Path, version: str
) -> None:
    before, after = check(android, tf, tmp_path, tf.call(inception_graph), 299, version)
    assert after < 0.75 * before
