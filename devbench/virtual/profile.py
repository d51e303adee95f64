"""What a virtual phone is, read from a TOML file of device_profiles/, because a new phone must need no code."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from devbench.virtual.errors import VirtualPhoneError

DEFAULT_PHONES = ("oppo-a37f", "pixel-2-xl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """How full it is when the phone is first started, and what it is."""

    level_pct: int
    capacity_uah: int
    voltage_mv: int
    plugged: str
    technology: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A phone's warmth: each rise is reached when one core works without pause, `tau` is how slowly it comes."""

    ambient_c: float
    battery_rise_c: float
    battery_tau_s: float
    chip_rise_c: float
    chip_tau_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One file of device_profiles/: what it says of the phone, and how its adbd and its shell behave."""

    name: str
    model: str
    android_release: str
    sdk: int
    abis: tuple[str, ...]
    ram_bytes: int
    serialno: str
    adb_version: int
    max_payload_bytes: int
    features: tuple[str, ...]
    shell_is_terminal: bool
    prompt: str
    not_found: str
    absent_builtins: tuple[str, ...]
    path: str
    tools: tuple[str, ...]
    services: tuple[str, ...]
    dumpsys: tuple[str, ...]
    sensors: tuple[str, ...]
    battery: Battery
    heat: Heat
    properties: dict[str, str]


def profiles_folder() -> Path:
    """Where the profiles lie: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "device_profiles"
    return installed if installed.is_dir() else package.parent / "device_profiles"


def profile_names(folder: Path | None = None) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (folder or profiles_folder()).glob("*.toml")))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """The profile of that name; VirtualPhoneError names the nearest one, or what is wrong in the file."""
    path = (folder or profiles_folder()) / f"{name}.toml"
    if name not in profile_names(folder):
        names = profile_names(folder)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(names)}"
        raise VirtualPhoneError(f"no phone is called {name!r}", fix=hint)
    try:
        return _from_tables(name, tomllib.loads(path.read_text()))
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise VirtualPhoneError(f"{path.name}: {error}", fix="compare it with the other profiles") from error


def _from_tables(name: str, data: dict[str, Any]) -> Profile:
    phone, virtual = data["phone"], dict(data["virtual"])
    virtual["battery"] = Battery(**virtual["battery"])
    virtual["heat"] = Heat(**virtual["heat"])
    known = {field.name for field in fields(Profile)}
    values = {key: value for key, value in phone.items() if key in known} | virtual
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return Profile(name=name, **(values | lists))
