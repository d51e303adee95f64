"""Where networks come from: `SCHEME:NAME` leads to a file of `devbench/suites/sources/`, found by its name.

Looked up by name and not imported above, because a suite's networks live with the suites, a layer below.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from devbench.domain.held_out import HeldOut
from devbench.domain.variant import TensorSpec
from devbench.errors import SuiteError
from devbench.variants.artifact import Artifact
from devbench.variants.weights import Pretrained, Weights

_PACKAGE = "devbench.suites.sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network ready for its first step; `low` to `high` is the range its inputs are trained for.

    `samples` gives so many inputs of its training data with so large a batch, by input name, where there are any;
    `held_out` is what its accuracy is measured on.
    """

    artifact: Artifact
    inputs: tuple[TensorSpec, ...]
    tool: str
    low: float = -1.0
    high: float = 1.0
    samples: Callable[[int, int], Iterator[dict[str, Any]]] | None = None
    held_out: HeldOut | None = None


class SourceModule(Protocol):
    """What every file of `devbench/suites/sources/` has; Keras is imported inside `make` only."""

    def require(self, name: str) -> None:
        """SuiteError, with the nearest that exists, where it cannot make `name`."""

    def form(self, name: str) -> str:
        """The form of `Artifact` that it makes: `keras`, `saved_model` or `pb`."""

    def code_files(self, name: str) -> tuple[Path, ...]:
        """The files whose change makes another network of `name`."""

    def pretrained(self, name: str) -> Pretrained | None:
        """ImageNet weights for `name`, if any exist."""

    def weights(self, name: str, chosen: Weights) -> Weights:
        """What the network gets where `chosen` is there for it."""

    def make(self, name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
        """The network with weights from the file, or its own.

        `folder` is kept between builds: what was trained there is found again, half of it goes on from there.
        """


def keras_network(model: Any, **more: Any) -> Network:
    """A Keras model in memory as a Network; `more` are its other fields."""
    import keras

    inputs = tuple(
        TensorSpec(name=tensor.name, dtype=str(tensor.dtype), shape=tuple(tensor.shape))
        for tensor in model.inputs
    )
    artifact = Artifact(form="keras", value=model)
    return Network(artifact=artifact, inputs=inputs, tool=f"keras {keras.__version__}", **more)


def load_source(source: str) -> tuple[SourceModule, str]:
    """The module and the name in it for `SCHEME:NAME`; SuiteError offers the nearest that exists."""
    scheme, colon, name = source.partition(":")
    if not colon or scheme not in schemes():
        raise SuiteError(
            f"{source!r} is not a recipe's source", fix=f"write {' or '.join(s + ':NAME' for s in schemes())}"
        )
    module = cast(SourceModule, importlib.import_module(f"{_PACKAGE}.{scheme}"))
    module.require(name)
    return module, name


def require_one_of(names: Sequence[str], name: str, scheme: str) -> None:
    """SuiteError offers the nearest of `names`."""
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    fix = f"did you mean {scheme}:{near[0]}?" if near else f"there are: {', '.join(names)}"
    raise SuiteError(f"{scheme} has no network {name!r}", fix=fix)


def schemes() -> tuple[str, ...]:
    """The kinds of sources there are: `file`, `keras`, `network`, `talk`."""
    folders = list(importlib.import_module(_PACKAGE).__path__)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folders)))
