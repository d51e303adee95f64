"""What device_profiles/ says of a phone: hints for what the phone itself may hide (core groups, rests)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from devbench.domain.device import CoreGroup

_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneProfile:
    """Section [phone] of one profile."""

    name: str
    match_models: tuple[str, ...]
    soc: str | None
    core_groups: tuple[CoreGroup, ...]
    cooldown_min_s: float


def profiles_folder() -> Path:
    """device_profiles/ of the installed package, or of the checkout."""
    installed = _PACKAGE / "device_profiles"
    return installed if installed.is_dir() else _PACKAGE.parent / "device_profiles"


@cache
def all_profiles() -> tuple[PhoneProfile, ...]:
    return tuple(_read(path) for path in sorted(profiles_folder().glob("*.toml")))


def profile_for(model: str) -> PhoneProfile | None:
    """The profile whose models hold `model`, as `ro.product.model` spells it; None if there is none."""
    return next((p for p in all_profiles() if model in p.match_models), None)


def _read(path: Path) -> PhoneProfile:
    data: dict[str, Any] = tomllib.loads(path.read_text("utf-8")).get("phone", {})
    groups = tuple(
        CoreGroup(name=group["name"], cpus=tuple(group["cpus"]), max_khz=group.get("max_khz"))
        for group in data.get("core_groups", ())
    )
    return PhoneProfile(
        name=path.stem,
        match_models=tuple(data.get("match_models", [data.get("model", path.stem)])),
        soc=data.get("soc"),
        core_groups=groups,
        cooldown_min_s=float(data.get("cooldown_min_s", 5.0)),
    )
