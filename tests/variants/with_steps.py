"""Run by test_steps.py in a process of its own: makes networks of all forms, and what steps say of bad ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def network() -> Any:
    keras.utils.set_random_seed(5)
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(32, 3, padding="same", use_bias=False)(image)
    x = keras.layers.BatchNormalization(
        moving_mean_initializer=keras.initializers.RandomNormal(0.0, 0.3, seed=1)
    )(x)
    x = keras.layers.Conv2D(32, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(4, activation="softmax", name="scores")(x))


def unfrozen() -> bytes:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [1, 2], name="x")
        weight = tf.compat.v1.get_variable("weight", [2, 2], use_resource=True)
        tf.linalg.matmul(x, weight, name="y")
        return bytes(graph.as_graph_def().SerializeToString())


def main(folder: Path) -> None:
    model = network()
    model.save(folder / "net.keras")
    model.export(folder / "saved", verbose=False)
    signature = tf.function(lambda image: model(image, training=False)).get_concrete_function(
        tf.TensorSpec([1, 8, 8, 3], tf.float32, name="image")
    )
    frozen = convert_variables_to_constants_v2(signature).graph.as_graph_def()
    (folder / "net.pb").write_bytes(frozen.SerializeToString())
    (folder / "unfrozen.pb").write_bytes(unfrozen())
    inputs = np.random.default_rng(2).uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
    np.savez(folder / "expected.npz", inputs=inputs, outputs=np.asarray(model(inputs, training=False)))


def run(folder: Path) -> None:
    """The outputs of each .pb in `folder` on the inputs of expected.npz, by TensorFlow."""
    inputs = np.load(folder / "expected.npz")["inputs"]
    outputs = {}
    for file in sorted(folder.glob("*.pb")):
        definition = tf.compat.v1.GraphDef.FromString(file.read_bytes())
        with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
            tf.import_graph_def(definition, name="")
            read = {name.split(":")[0].lstrip("^") for node in definition.node for name in node.input}
            (last,) = (node.name for node in definition.node if node.name not in read and node.op != "Const")
            outputs[file.stem] = session.run(f"{last}:0", {"image:0": inputs})
    np.savez(folder / "outputs.npz", **outputs)


if __name__ == "__main__":
    {"make": main, "run": run}[sys.argv[1]](Path(sys.argv[2]))
