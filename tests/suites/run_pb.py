"""Run by test_talk.py in a process of its own: a .pb on inputs.npy, one at a time, by TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from devbench.graph.pb_file import read_pb
from devbench.graph.transform_input import guessed_inputs, guessed_outputs


def main(model: Path, folder: Path) -> None:
    graph = read_pb(model)
    (source,), (target,) = guessed_inputs(graph), guessed_outputs(graph)
    inputs = np.load(folder / "inputs.npy")
    with tf.Graph().as_default() as loaded, tf.compat.v1.Session(graph=loaded) as session:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(model.read_bytes()), name="")
        outputs = [
            session.run(f"{target}:0", {f"{source}:0": inputs[place : place + 1]})
            for place in range(len(inputs))
        ]
    np.save(folder / "outputs.npy", np.concatenate(outputs))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
