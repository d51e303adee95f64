"""TensorFlow graphs: engine `tensorflow` here, `tfmobile` on an Android userland (env DEVBENCH_RIG, root)."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from .conftest import Ended, Runner
from .made_gates import Graph, and_gate, dtype, xor_gate
from .made_gates import text as text_value
from .rig_phone import PHONE, RIG, Phone, library, outputs_of

if TYPE_CHECKING:
    from tensorflow_process import TensorFlow

VERSIONS = ("1.4.0", "1.12.0", "1.13.1")
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
on_rig = [
    pytest.mark.skipif(RIG is None, reason="DEVBENCH_RIG is not set"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the rig is a chroot: it needs root"),
]


@pytest.fixture(scope="module")
def tf() -> Iterator[TensorFlow]:
    from tensorflow_process import TensorFlow

    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    tensorflow = TensorFlow()
    yield tensorflow
    tensorflow.close()


def here(runner: Runner, lib: Path, model: Path, **keys: object) -> Ended:
    return runner.run(model, **{"engine": "tensorflow", "lib": lib, "delegate": "none", "fetch": "y", **keys})


def there(phone: Phone, version: str, model: Path, **keys: object) -> Ended:
    lib = library(f"tfmobile@{version}", phone.abi)
    return phone.run(lib, model, **{"engine": "tfmobile", "delegate": "none", "fetch": "y", **keys})


def corners_on(phone: Phone) -> str:
    CORNERS.tofile(phone.root / PHONE / "corners.bin")
    return f"x=/{PHONE}/corners.bin"


def test_the_gates_are_gates_by_tensorflow(runner: Runner, tensorflow_library: Path, tmp_path: Path) -> None:
    CORNERS.tofile(tmp_path / "corners.bin")
    keys = {"shape": "x=4,2", "input": f"x={tmp_path / 'corners.bin'}", "outputs": tmp_path / "outputs"}
    for made, expected in ((and_gate, [0, 0, 0, 1]), (xor_gate, [0, 1, 1, 0])):
        ended = here(runner, tensorflow_library, made(tmp_path / "gate.pb"), **keys)
        assert ended.code == 0, (ended.events, ended.stderr)
        output = ended.one("output")
        assert (output["name"], output["dtype"], output["shape"]) == ("y", "float32", [4, 1])
        assert np.fromfile(output["path"], np.float32).round().tolist() == expected
        loaded = ended.one("loaded")
        assert (loaded["engine"], loaded["delegate_applied"], loaded["nodes"]) == ("tensorflow", "none", None)
        # open until an inference has said it
        assert [o["bytes"] for o in loaded["outputs"]] == [None]


def test_tensorflow_tells_every_node_of_an_inference(
    runner: Runner, tensorflow_library: Path, tmp_path: Path
) -> None:
    model = xor_gate(tmp_path / "xor.pb")
    ended = here(runner, tensorflow_library, model, **{"pass": "ops", "threads": 2, "steady_min_n": 50})
    ops = ended.all("op")
    own = {op["name"]: op["type"] for op in ops if not op["name"].startswith("_")}
    assert {name: own[name] for name in ("hidden", "y", "y/product", "y/sum")} == {
        "hidden": "Sigmoid", "y": "Sigmoid", "y/product": "MatMul", "y/sum": "Add",
    }  # fmt: skip
    # in whatever order two threads ran them, each is one operator
    assert {op["calls"] for op in ops} == {50} and len({op["name"] for op in ops}) == len(ops)
    assert all(op["mean_ns"] > 0 and op["start_ns"] >= 0 and op["memory_bytes"] >= 0 for op in ops)
    # the hidden layer's product is the largest tensor that is allocated: two floats
    assert next(op for op in ops if op["name"] == "hidden/product")["memory_bytes"] == 8


@pytest.mark.parametrize(
    ("keys", "kind", "words"),
    [
        ({"fetch": None}, "usage", "give fetch=NODE"),
        ({"fetch": "z"}, "bad-model", "no node 'z'"),
        ({"fetch": "y:1"}, "bad-model", "no output 1"),
        ({"feed": "nothing"}, "bad-model", "no node 'nothing'"),
        ({"shape": "x=1,3"}, "usage", "takes the shape ?,2, not 1,3"),
        ({"shape": "x=1,2,2"}, "usage", "takes the shape ?,2, not 1,2,2"),
        ({"delegate": "xnnpack"}, "delegate-refused", "no delegate xnnpack"),
    ],
)
def test_what_a_graph_cannot_do_is_an_error(
    runner: Runner, tensorflow_library: Path, tmp_path: Path, keys: dict[str, Any], kind: str, words: str
) -> None:
    ended = here(runner, tensorflow_library, and_gate(tmp_path / "and.pb"), **keys)
    error = ended.one("error")
    assert (ended.code, error["kind"]) == (1, kind)
    assert words in error["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x1c\x00\x00\x00TFL3", "not a TensorFlow graph"),
        (b"\x08\x01\x12\x02\x0a\x00", "SavedModel"),
        (None, "cut off"),
    ],
)
def test_a_file_that_is_no_whole_graph_never_reaches_the_engine(
    runner: Runner, tmp_path: Path, content: bytes | None, words: str
) -> None:
    model = and_gate(tmp_path / "and.pb")
    model.write_bytes(model.read_bytes()[:-40] if content is None else content)
    ended = here(runner, Path("/no/library"), model)
    error = ended.one("error")
    assert (error["kind"], error["step"]) == ("bad-model", "model") and words in error["message"]


def test_graphs_and_whole_models_have_their_own_keys(runner: Runner, tmp_path: Path) -> None:
    refused = runner.run(and_gate(tmp_path / "and.pb"), fetch="y")
    assert refused.code == 64 and "feed, fetch" in refused.one("error")["message"]
    signed = here(runner, Path("/no/library"), tmp_path / "and.pb", signature="serving_default")
    assert signed.code == 64 and "signature" in signed.one("error")["message"]


class TestTensorFlowMobile:
    pytestmark = on_rig

    @pytest.mark.parametrize("version", VERSIONS)
    def test_the_gates_are_gates(self, phone: Phone, version: str, tmp_path: Path) -> None:
        for made, expected in ((and_gate, [0, 0, 0, 1]), (xor_gate, [0, 1, 1, 0])):
            keys = {"shape": "x=4,2", "input": corners_on(phone), "outputs": f"/{PHONE}/outputs"}
            ended = there(phone, version, made(tmp_path / "gate.pb"), **keys)
            assert ended.code == 0, (ended.events, ended.stderr)
            assert outputs_of(phone, ended)[0].round().ravel().tolist() == expected
            loaded = ended.one("loaded")
            assert (loaded["engine"], loaded["engine_version"]) == ("tfmobile", version)
            assert loaded["inputs"][0]["shape"] == [4, 2]
            assert not list((phone.root / PHONE).glob("stand-ins*"))

    @pytest.mark.parametrize("version", VERSIONS)
    def test_every_node_is_told(self, phone: Phone, version: str, tmp_path: Path) -> None:
        ended = there(phone, version, and_gate(tmp_path / "and.pb"), **{"pass": "ops"})
        named = {op["name"]: (op["type"], op["calls"]) for op in ended.all("op")}
        assert {"y/product": ("MatMul", 5), "y/sum": ("Add", 5), "y": ("Sigmoid", 5)}.items() <= named.items()
        assert {"_SOURCE", "_arg_x_0_0", "_retval_y_0_0"} <= set(named) and len(named) == 8

    @pytest.mark.parametrize("version", VERSIONS)
    def test_an_operator_that_is_missing_is_named(self, phone: Phone, version: str, tmp_path: Path) -> None:
        graph = Graph(producer=22)
        graph.input("x", 1, 2)
        graph.float_op("y", "NoSuchOp", "x")
        (tmp_path / "unknown.pb").write_bytes(graph.bytes)
        error = there(phone, version, tmp_path / "unknown.pb").one("error")
        assert error["kind"] == "unsupported-op" and "NoSuchOp" in error["message"]

    @pytest.mark.parametrize("version", VERSIONS)
    def test_a_listed_operator_without_a_kernel_is_named(
        self, phone: Phone, version: str, tmp_path: Path
    ) -> None:
        """The mobile build registers more operators than it has kernels for."""
        graph = Graph(producer=22)
        graph.input("x", 1, 2)
        graph.add("y", "Lgamma", "x", T=dtype(1))
        (tmp_path / "kernel.pb").write_bytes(graph.bytes)
        error = there(phone, version, tmp_path / "kernel.pb").one("error")
        assert error["kind"] == "unsupported-op" and "Lgamma" in error["message"]

    def test_an_attribute_that_is_newer_is_named(self, phone: Phone, tmp_path: Path) -> None:
        graph = Graph(producer=22)
        graph.input("x", 1, 2)
        graph.float_op("y", "Sigmoid", "x", brand_new=text_value("v"))
        (tmp_path / "attribute.pb").write_bytes(graph.bytes)
        error = there(phone, "1.13.1", tmp_path / "attribute.pb").one("error")
        assert error["kind"] == "unsupported-op" and "brand_new" in error["message"]

    def test_a_shape_nobody_gave_is_asked_for(self, phone: Phone, tmp_path: Path) -> None:
        graph = Graph(producer=22)
        graph.add("x", "Placeholder", dtype=dtype(1))
        graph.float_op("y", "Sigmoid", "x")
        model = tmp_path / "rankless.pb"
        model.write_bytes(graph.bytes)
        assert "give shape=x=" in there(phone, "1.13.1", model).one("error")["message"]
        assert there(phone, "1.13.1", model, shape="x=2,3").one("output")["shape"] == [2, 3]

    @pytest.mark.parametrize("version", VERSIONS)
    def test_many_inferences_take_no_more_memory(self, phone: Phone, version: str, tmp_path: Path) -> None:
        """A reference of Java's that is never let go would show: 40 000 inferences against 1 000."""
        model = and_gate(tmp_path / "and.pb", shape=(1, 2))
        anonymous = []
        for runs in (1000, 40_000):
            ended = there(phone, version, model, steady_min_n=runs, steady_max_n=runs)
            assert ended.one("end")["samples"]["steady"] == runs
            steady = next(u for u in ended.all("usage") if u["phase"] == "steady")
            anonymous.append(steady["rss_anon_bytes"])
        assert anonymous[1] - anonymous[0] < 1_000_000
