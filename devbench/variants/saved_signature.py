"""The one signature of a SavedModel that variants are made from, with errors a person can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.errors import ModelError

DEFAULT = "serving_default"


def load_signature(folder: Path) -> Any:
    """The concrete function `serving_default`, or the only one there is; it keeps its variables alive."""
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as e:
        raise ModelError(f"{folder} is no SavedModel that TensorFlow loads: {_short(e)}") from e
    signatures = dict(loaded.signatures)
    name = DEFAULT if DEFAULT in signatures else next(iter(signatures), None)
    if name is None or (name != DEFAULT and len(signatures) > 1):
        raise ModelError(
            f"{folder} has {'no signature' if name is None else 'signatures ' + ', '.join(signatures)}",
            fix=f"save it with signatures={{'{DEFAULT}': …}}",
        )
    signature = signatures[name]
    # the function alone lets go of the variables that it reads
    signature.devbench_owner = loaded
    return signature


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
