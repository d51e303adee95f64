"""Does a graph still compute the same? Both are run by TensorFlow on the same seeded inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devbench.graph.pb_faults import input_name
from devbench.graph.transform_string import TransformCall
from devbench.stats.parity import NoParity, Parity, parity_of, worst

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.generic]]

_MOST_ELEMENTS = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The inputs, and what the graph made of them before anything was changed."""

    feeds: Arrays
    outputs: Arrays

    def unchanged(self) -> Parity:
        """The parity of the very graph that it came from."""
        return worst([parity_of(values, values) for values in self.outputs.values()])


def reference_run(
    graph: bytes, *, inputs: Sequence[str], outputs: Sequence[str], calls: Sequence[TransformCall], seed: int
) -> Reference:
    """NoParity where TensorFlow cannot run the graph, or the shape of an input is not known.

    Inputs are uniform in -1 to 1, whole numbers 0 to 3 (indices stay small), booleans either; open dimensions
    are 1. Shapes come from the graph, then from strip_unused_nodes of `calls`.
    """
    import numpy as np

    session = _Session(graph)
    random = np.random.default_rng(seed)
    feeds = {name: _values(session, name, calls, random) for name in map(_tensor_name, inputs)}
    return Reference(feeds=feeds, outputs=session.run(feeds, [_tensor_name(name) for name in outputs]))


def compare(graph: bytes, reference: Reference) -> Parity:
    """NoParity where the graph cannot be run on the reference's inputs, or gives other shapes or NaN."""
    found = _Session(graph).run(reference.feeds, list(reference.outputs))
    return worst(
        [
            parity_of(found[name], expected, name=f"output {name}")
            for name, expected in reference.outputs.items()
        ]
    )


class _Session:
    """A graph ready to run; NoParity carries what TensorFlow said."""

    def __init__(self, graph: bytes) -> None:
        import tensorflow as tf

        definition = tf.compat.v1.GraphDef.FromString(graph)
        self._graph = tf.Graph()
        try:
            with self._graph.as_default():
                tf.import_graph_def(definition, name="")
        except Exception as e:  # TensorFlow raises a dozen classes here
            raise NoParity(f"TensorFlow cannot load the graph: {_short(e)}") from e

    def tensor(self, name: str) -> Any:
        try:
            return self._graph.get_tensor_by_name(name)
        except (KeyError, ValueError) as e:
            raise NoParity(f"{name} is not in the graph any more") from e

    def run(self, feeds: Arrays, names: Sequence[str]) -> Arrays:
        import tensorflow as tf

        for name, values in feeds.items():
            if self.tensor(name).dtype.base_dtype.as_numpy_dtype != values.dtype.type:
                raise NoParity(f"input {name} has another type now: {self.tensor(name).dtype.name}")
        config = tf.compat.v1.ConfigProto()
        # run the graph as it stands, without TensorFlow's own rewriting
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = -1
        tables = [op for op in self._graph.get_operations() if op.type.startswith("InitializeTable")]
        try:
            with tf.compat.v1.Session(graph=self._graph, config=config) as session:
                session.run(tables)
                return dict(zip(names, session.run([self.tensor(n) for n in names], feeds), strict=True))
        except NoParity:
            raise
        except Exception as e:  # as above: errors of kernels have classes of their own
            raise NoParity(f"TensorFlow cannot run the graph: {_short(e)}") from e


def _values(session: _Session, name: str, calls: Sequence[TransformCall], random: Any) -> Any:
    import numpy as np

    tensor = session.tensor(name)
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else _asked_shape(name, calls)
    if shape is None:
        raise NoParity(f"the shape of input {name} is not known")
    shape = [1 if size is None or size < 0 else size for size in shape]
    if np.prod(shape, dtype=float) > _MOST_ELEMENTS:
        raise NoParity(f"input {name} is too large: {shape}")
    dtype = tensor.dtype.base_dtype
    if dtype.is_floating:
        return random.uniform(-1.0, 1.0, shape).astype(dtype.as_numpy_dtype)
    if dtype.is_bool:
        return random.integers(0, 2, shape).astype(np.bool_)
    if dtype.is_integer and not dtype.is_quantized:
        return random.integers(0, 4, shape).astype(dtype.as_numpy_dtype)
    raise NoParity(f"no values can be made up for input {name} of type {dtype.name}")


def _asked_shape(name: str, calls: Sequence[TransformCall]) -> list[int] | None:
    for call in calls:
        if call.name != "strip_unused_nodes":
            continue
        names = map(input_name, call.values("name"))
        named = dict(zip(names, call.values("shape_for_name"), strict=False))
        text = named.get(input_name(name)) or call.value("shape", "")
        return [int(size) for size in text.split(",")] if text else None
    return None


def _tensor_name(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
