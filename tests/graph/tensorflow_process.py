"""One process with TensorFlow for all tests of this folder; a test that kills it gets a new one for the next."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from devbench.graph.adapter import apply_call
from devbench.graph.parity import Parity, Reference, compare, reference_run
from devbench.graph.pb_file import PbNode, parse_graph
from devbench.graph.transform_check import check_calls
from devbench.graph.transform_string import parse_transforms


class TensorFlow:
    """Calls devbench's own functions in the other process, one at a time."""

    def __init__(self) -> None:
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._pool.submit(function, *args, **kwargs).result(timeout=600)
        except BrokenProcessPool:
            self._pool = self._new()
            raise

    def apply(
        self, graph: bytes, transforms: str, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> bytes:
        """The graph after a transforms string, which is checked as ever."""
        calls = parse_transforms(transforms)
        check_calls(calls)
        for call in calls:
            graph, self.notes = self.call(
                apply_call, graph, call, inputs=tuple(inputs), outputs=tuple(outputs)
            )
        return graph

    def apart(self, graph: bytes, changed: bytes, *, inputs: Sequence[str], outputs: Sequence[str]) -> float:
        """How far the outputs of two graphs are apart on seeded inputs; they are not all zero."""
        parity: Parity = self.call(_compared, graph, changed, tuple(inputs), tuple(outputs))
        assert parity.reference_max_abs > 1e-3
        return parity.max_abs

    def run(self, graph: bytes, outputs: Sequence[str], **feeds: Any) -> dict[str, Any]:
        """What TensorFlow computes, as NumPy arrays by tensor name."""
        return self.call(_run, graph, tuple(outputs), feeds)

    def close(self) -> None:
        self._pool.shutdown()


def _compared(graph: bytes, changed: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> Parity:
    reference: Reference = reference_run(graph, inputs=inputs, outputs=outputs, calls=(), seed=1)
    return compare(changed, reference)


def _run(graph: bytes, outputs: Sequence[str], feeds: dict[str, Any]) -> dict[str, Any]:
    from devbench.graph.parity import _Session

    return _Session(graph).run(
        {f"{name}:0": values for name, values in feeds.items()}, [f"{o}:0" for o in outputs]
    )


def ops(graph: bytes) -> list[str]:
    """The op of each node, in order."""
    return [node.op for node in parse_graph(graph).nodes]


def find(graph: bytes, name: str) -> PbNode:
    return next(node for node in parse_graph(graph).nodes if node.name == name)


def described(graph: bytes) -> dict[str, Any]:
    """What TensorFlow's own protocol buffers read, to be compared with devbench's reader."""
    from tensorflow import make_ndarray
    from tensorflow.core.framework.graph_pb2 import GraphDef

    parsed = GraphDef.FromString(graph)
    return {
        "nodes": [(n.name, n.op, list(n.input)) for n in parsed.node],
        "versions": (parsed.versions.producer, parsed.versions.min_consumer),
        "functions": [(f.signature.name, len(f.node_def)) for f in parsed.library.function],
        "elements": sum(make_ndarray(n.attr["value"].tensor).size for n in parsed.node if n.op == "Const"),
    }


def attributes_of(graph: bytes, name: str) -> dict[str, Any]:
    """The attributes of one node as plain values; those that are no text, number or truth as their message."""
    from tensorflow.core.framework.graph_pb2 import GraphDef

    found: dict[str, Any] = {}
    for node in GraphDef.FromString(graph).node:
        if node.name == name:
            for key, value in node.attr.items():
                kind = value.WhichOneof("value")
                content = getattr(value, kind) if kind in ("s", "i", "f", "b", "type") else str(value)
                found[key] = content.decode() if isinstance(content, bytes) else content
    return found


def devices(graph: bytes) -> dict[str, str]:
    from tensorflow.core.framework.graph_pb2 import GraphDef

    return {node.name: node.device for node in GraphDef.FromString(graph).node}


def graph_with_checkpoint(prefix: str, values: list[float]) -> bytes:
    """A TensorFlow 1 graph that gathers from a variable, which is saved at `prefix`."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        table = v1.Variable([[value] for value in values], name="table", use_resource=False, dtype=tf.float32)
        v1.placeholder(tf.int64, [3], name="ids")
        v1.gather(table, graph.get_tensor_by_name("ids:0"), name="out")
        saver = v1.train.Saver([table], write_version=2)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            saver.save(session, prefix, write_meta_graph=False)
        return bytes(graph.as_graph_def().SerializeToString())


def requested(request: Any) -> list[dict[str, Any]]:
    """The events of the worker's work, done in this process."""
    import io
    import json

    from devbench.errors import DevbenchError
    from devbench.graph.worker import run_request

    events = io.StringIO()
    try:
        run_request(request, events)
    except DevbenchError as e:
        return [{"event": "failed", "message": e.message}]
    return [json.loads(line) for line in events.getvalue().splitlines()]


def keras_graph() -> bytes:
    """A small MobileNet, frozen as Keras 3 leaves it: image [1,16,16,3] → the values before the softmax."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)

    def norm(x: Any, **kwargs: Any) -> Any:
        return layers.ReLU(6.0)(layers.BatchNormalization(**kwargs)(x))

    image = keras.Input((16, 16, 3), name="image")
    x = norm(layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image))
    for channels, strides in ((16, 1), (24, 2)):
        x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x) if strides == 2 else x
        padding = "valid" if strides == 2 else "same"
        x = norm(layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False)(x), scale=False)
        x = norm(layers.Conv2D(channels, 1)(x), center=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = norm(layers.Dense(12)(x))
    return _frozen(keras.Model(image, layers.Dense(5, name="scores")(x)), (1, 16, 16, 3))


def mobilenet_graph(alpha: float, size: int) -> bytes:
    """MobileNet with seeded weights, frozen: image [1,size,size,3] → the values before the softmax."""
    import keras

    keras.utils.set_random_seed(1)
    shape = (size, size, 3)
    model = keras.applications.MobileNet(shape, alpha=alpha, weights=None, classifier_activation=None)
    return _frozen(model, (1, *shape))


def inception_graph() -> bytes:
    """Inception-v3 with seeded weights, frozen: image [1,299,299,3] → the values before the softmax."""
    import keras

    keras.utils.set_random_seed(1)
    model = keras.applications.InceptionV3(weights=None, classifier_activation=None)
    return _frozen(model, (1, 299, 299, 3))


def _frozen(model: Any, shape: tuple[int, ...]) -> bytes:
    """Batch norms get statistics: those of an untrained network would do nothing."""
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    random = np.random.default_rng(3)
    for weight in model.weights:
        if weight.path.endswith(("moving_variance", "gamma")):
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
        elif weight.path.endswith(("moving_mean", "beta", "bias")):
            weight.assign(random.normal(0.0, 0.3, weight.shape))
    signature = tf.TensorSpec(shape, tf.float32, name="image")
    function = tf.function(lambda value: model(value, training=False)).get_concrete_function(signature)
    return bytes(convert_variables_to_constants_v2(function).graph.as_graph_def().SerializeToString())
