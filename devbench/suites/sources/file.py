"""`file:PATH`: a network of yours: a SavedModel folder, a .keras file or a frozen .pb."""

from __future__ import annotations

from pathlib import Path

from devbench.domain.variant import TensorSpec
from devbench.errors import DevbenchError, ModelError, SuiteError
from devbench.graph.model_file import read_variant
from devbench.graph.sniff import model_format
from devbench.variants.artifact import Artifact
from devbench.variants.saved_signature import load_signature
from devbench.variants.source import Network, keras_network
from devbench.variants.weights import Pretrained, Weights

_SAVED_MODEL = "saved_model.pb"


def require(name: str) -> None:
    form(name)


def form(name: str) -> str:
    """SuiteError says what the file is instead."""
    path = Path(name)
    if (path / _SAVED_MODEL).is_file():
        return "saved_model"
    if path.name == _SAVED_MODEL and path.is_file():
        raise SuiteError(
            f"{path} is the graph of a SavedModel, not a frozen graph",
            fix=f"give its folder, file:{path.parent}; step freeze makes one .pb of it",
        )
    if path.suffix == ".keras" and path.is_file():
        return "keras"
    if path.suffix in (".h5", ".hdf5"):
        raise SuiteError(
            f"{path} is a Keras model in HDF5", fix="save it as .keras: model.save('model.keras')"
        )
    try:
        found = model_format(path)
    except DevbenchError as e:
        raise SuiteError(e.message, fix=e.fix) from e
    if found == "tflite":
        raise SuiteError(f"{path} is a .tflite already", fix='give it as it is: path = "…", without recipe')
    return found


def code_files(name: str) -> tuple[Path, ...]:
    """The file itself, or all of the folder: their content decides."""
    path = Path(name)
    return tuple(sorted(f for f in path.rglob("*") if f.is_file())) if path.is_dir() else (path,)


def pretrained(name: str) -> Pretrained | None:
    return None


def weights(name: str, chosen: Weights) -> Weights:
    return Weights(kind="file")


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    path = Path(name)
    if (found := form(name)) == "keras":
        return _keras(path)
    import tensorflow as tf

    tool = f"tensorflow {tf.__version__}"
    if found == "pb":
        inputs = read_variant(path).inputs
        artifact = Artifact(form="pb", path=path, size_bytes=path.stat().st_size)
        return Network(artifact=artifact, inputs=inputs, tool=tool)
    _, named = load_signature(path).structured_input_signature
    size_bytes = sum(file.stat().st_size for file in code_files(name))
    return Network(
        artifact=Artifact(form="saved_model", path=path, size_bytes=size_bytes),
        inputs=tuple(
            TensorSpec(name=key, dtype=spec.dtype.name, shape=tuple(spec.shape))
            for key, spec in sorted(named.items())
        ),
        tool=tool,
    )


def _keras(path: Path) -> Network:
    import keras

    try:
        # safe mode: a lambda in the file would be code of whoever made it
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise ModelError(f"{path} is no model that Keras loads: {' '.join(str(e).split())[:300]}") from e
    return keras_network(model)
