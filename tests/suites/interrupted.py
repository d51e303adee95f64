"""Run by test_fit.py in a process of its own: a training that is interrupted, and what the next one does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from devbench.errors import ModelError
from devbench.suites.learning.fit import array_once, fit_once, loaded, require

EPOCHS = 6


class Interrupted(keras.callbacks.Callback):
    """Ctrl-C after some epochs, as the model's own callback, and a count of all epochs that began."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.began: list[int] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began.append(epoch)
        if len(self.began) > self.after:
            raise KeyboardInterrupt


class Watched(keras.Model):
    """A model that counts its epochs."""

    watcher: Interrupted

    def fit(self, *args: Any, callbacks: Any = (), **kwargs: Any) -> Any:
        return super().fit(*args, callbacks=[*callbacks, self.watcher], **kwargs)


def model(after: int) -> Watched:
    keras.utils.set_random_seed(1)
    value = keras.Input((2,))
    made = Watched(value, keras.layers.Dense(1)(value))
    made.compile("adam", "mse")
    made.watcher = Interrupted(after)
    return made


def main(folder: Path) -> None:
    inputs, targets = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)

    def fit(made: Watched) -> list[int]:
        try:
            fit_once(made, folder / "net", inputs, targets, epochs=EPOCHS, batch=8)
        except KeyboardInterrupt:
            pass
        return made.watcher.began

    first, second, third = fit(model(3)), fit(model(99)), fit(model(99))
    calls: list[int] = []

    def make() -> Any:
        calls.append(1)
        return np.arange(3)

    arrays = [array_once(folder / "a" / "part.npy", make).tolist() for _ in range(2)]
    finished = loaded(model(0), folder / "net")
    try:
        require(0.4, 0.9, "the net", folder / "net")
        refused = None
    except ModelError as e:
        refused = e.message
    result = {
        "epochs": [first, second, third],
        "calls": len(calls),
        "arrays": arrays,
        "finished": finished,
        "refused": refused,
        "left": (folder / "net").exists(),
    }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
