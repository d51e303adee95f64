"""`network:NAME`: the networks of `devbench/suites/networks/`, found by their file names."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from devbench.suites import networks
from devbench.variants.source import Network, keras_network, require_one_of
from devbench.variants.weights import Pretrained, Weights

_FOLDER = Path(networks.__file__).parent


def names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(_FOLDER)])))


def require(name: str) -> None:
    require_one_of(names(), name, "network")


def form(name: str) -> str:
    return "keras"


def code_files(name: str) -> tuple[Path, ...]:
    return Path(__file__), _FOLDER / f"{name}.py"


def pretrained(name: str) -> Pretrained | None:
    return None


def weights(name: str, chosen: Weights) -> Weights:
    return chosen


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras

    keras.utils.set_random_seed(seed)
    model = importlib.import_module(f"{networks.__name__}.{name}").build()
    return keras_network(model)
