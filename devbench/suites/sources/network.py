"""`network:NAME`: the networks of `devbench/suites/networks/`, found by their file names."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from devbench.suites import networks
from devbench.variants.source import Network, Pretrained

_FOLDER = Path(networks.__file__).parent


def names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(_FOLDER)])))


def code_files(name: str) -> tuple[Path, ...]:
    return Path(__file__), _FOLDER / f"{name}.py"


def pretrained(name: str) -> Pretrained | None:
    return None


def make(name: str, *, seed: int, weights: Path | None) -> Network:
    import keras

    keras.utils.set_random_seed(seed)
    model = importlib.import_module(f"{networks.__name__}.{name}").build()
    return Network(model=model, low=-1.0, high=1.0, tool=f"keras {keras.__version__}")
