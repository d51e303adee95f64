"""Training that is done once: its weights are kept, and an interrupted one goes on from its last epoch."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devbench.errors import ModelError

_WEIGHTS = "trained.weights.h5"


def fit_once(model: Any, folder: Path, inputs: Any, targets: Any, *, epochs: int, batch: int) -> None:
    """`model` (compiled) with trained weights: from `folder` where they are there, else trained and put there.

    XLA (Keras' `jit_compile`) would compile longer than it saves in trainings of seconds.
    """
    if loaded(model, folder):
        return
    import keras

    # Keras' own: weights, optimiser and epoch after each epoch, removed when the training ends
    backup = keras.callbacks.BackupAndRestore(str(folder / "backup"))
    model.fit(inputs, targets, epochs=epochs, batch_size=batch, verbose=0, callbacks=[backup])
    keep(model, folder)


def loaded(model: Any, folder: Path) -> bool:
    """Whether finished weights were there, and are in `model` now."""
    file = folder / _WEIGHTS
    if not file.is_file():
        return False
    try:
        model.load_weights(str(file))
    except (OSError, ValueError, KeyError) as e:
        raise ModelError(
            f"the trained weights in {file} do not fit: {str(e)[:200]}", fix=f"remove {folder}"
        ) from e
    return True


def keep(model: Any, folder: Path) -> None:
    """The weights of `model` as finished, whole or not at all."""
    part = folder / f"part-{_WEIGHTS}"
    folder.mkdir(parents=True, exist_ok=True)
    model.save_weights(str(part))
    part.replace(folder / _WEIGHTS)


def array_once(file: Path, make: Callable[[], Any]) -> Any:
    """The array in `file`, made and put there where it is not: parts of a long calculation."""
    import numpy as np

    if file.is_file():
        return np.load(file)
    values = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"part-{file.name}")
    np.save(part, values)
    part.replace(file)
    return values


def require(reached: float, wanted: float, what: str, folder: Path) -> None:
    """ModelError for a training that did not get there: a table must not rest on it. Its weights go."""
    if reached >= wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    raise ModelError(
        f"{what} reached {reached:.3f} and should reach {wanted:.3f} after its training",
        fix="take another seed",
    )
