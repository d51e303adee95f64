"""`talk:NAME`: the networks of the talk, trained on the spot: files of `devbench/suites/talk/`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from devbench.suites import talk
from devbench.suites.talk import TalkModule
from devbench.variants.source import Network, require_one_of
from devbench.variants.weights import Pretrained, Weights


def names() -> tuple[str, ...]:
    return tuple(name for stem in talk.stems() for name in talk.load_module(stem).NAMES)


def require(name: str) -> None:
    if not any(name in talk.load_module(stem).NAMES for stem in _stems_for(name)):
        require_one_of(names(), name, "talk")


def form(name: str) -> str:
    return "keras"


def code_files(name: str) -> tuple[Path, ...]:
    module = _module(name)
    return Path(__file__), Path(module.__file__), *module.CODE


def pretrained(name: str) -> Pretrained | None:
    trunk = _module(name).TRUNK
    return None if trunk is None else trunk(name)


def weights(name: str, chosen: Weights) -> Weights:
    """Those of the trunk, for a network that has one; all others are trained from the start."""
    if _module(name).TRUNK is None:
        return Weights(kind="trained")
    if chosen.kind == "imagenet":
        return chosen
    why = chosen.note or "they were not asked for"
    return replace(chosen, note=f"only the head is trained, on a trunk of seeded weights: {why}")


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    folder.mkdir(parents=True, exist_ok=True)
    return _module(name).make(name, seed=seed, weights=weights, folder=folder)


def _module(name: str) -> TalkModule:
    return next(m for stem in _stems_for(name) if name in (m := talk.load_module(stem)).NAMES)


def _stems_for(name: str) -> list[str]:
    """Files that may make `name`: no other one is imported, so that one that is broken breaks only itself."""
    return [stem for stem in talk.stems() if name == stem or name.startswith(f"{stem}_")]
