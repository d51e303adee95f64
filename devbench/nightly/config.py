"""`lab.toml`: what a night measures, on which phones, and who is told. docs/lab.md describes every key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devbench.devices.quarantine import AFTER
from devbench.errors import UsageError
from devbench.nightly.night import Rules
from devbench.plan import PROFILES
from devbench.suites.section import Section

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TOP = (
    "device",
    "results",
    "lab",
    "weekly",
    "confirmations",
    "keep_nights",
    "max_silence_s",
    "quarantine_after",
    "hub_power",
    "allow_reboot",
    "run",
    "notify",
)
_WORDS = ("engine", "runner", "delegate", "threads", "cores", "load", "abi", "passes", "allow", "tweaks")
_RUN = ("suite", "models", "fast", "profile", "rounds", "max_rounds", "seed", *_WORDS)
_NOTIFY = ("webhook", "webhook_env", "junit", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One run of a night: a suite or model files, and options of `devbench run`; None where not given."""

    suite: str | None
    models: tuple[str, ...]
    fast: bool
    profile: str | None
    rounds: int | None
    max_rounds: int | None
    seed: int | None
    words: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told: `webhook`, or the environment variable that holds it; `always`: also of quiet nights."""

    webhook: str | None = None
    webhook_env: str | None = None
    junit: Path | None = None
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabConfig:
    """Paths are absolute, or relative to the file. `models` of runs are patterns, expanded each night."""

    folder: Path
    device: str
    results: Path
    lab: Path
    max_silence_s: float
    quarantine_after: int
    hub_power: str | None
    allow_reboot: bool
    runs: tuple[RunOptions, ...]
    notify: Notify
    rules: Rules


def load_config(path: Path) -> LabConfig:
    """UsageError says what is wrong and where, with the nearest right key."""
    try:
        text = path.read_text("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", fix="docs/lab.md has one to begin with"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text in UTF-8: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    top = Section(values, origin=str(path), text=text, allowed=_TOP)
    folder = path.absolute().parent
    rules = Rules()
    weekly = top.text("weekly", choices=WEEKDAYS)
    return LabConfig(
        folder=folder,
        device=top.text("device") or "all",
        results=folder / (top.text("results") or "results"),
        lab=folder / (top.text("lab") or "lab"),
        max_silence_s=float(top.integer("max_silence_s", low=1, high=86_400) or 300),
        quarantine_after=_given(top.integer("quarantine_after", low=1, high=1000), AFTER),
        hub_power=top.text("hub_power"),
        allow_reboot=_boolean(top, "allow_reboot"),
        runs=tuple(_runs(top, str(path), text)),
        notify=_notify(top, folder, str(path), text),
        rules=Rules(
            weekly=rules.weekly if weekly is None else WEEKDAYS.index(weekly),
            most_trials=_given(top.integer("confirmations", low=0, high=10_000), rules.most_trials),
            keep_nights=_given(top.integer("keep_nights", low=28, high=100_000), rules.keep_nights),
        ),
    )


def _given(value: int | None, default: int) -> int:
    return default if value is None else value


def _runs(top: Section, origin: str, text: str) -> list[RunOptions]:
    raw = top.raw("run")
    if isinstance(raw, dict):
        top.refuse("run", "[run] is one table, but a night may have several", "write [[run]], in two brackets")
    if not isinstance(raw, list) or not raw or not all(isinstance(each, dict) for each in raw):
        top.refuse("run", "a night needs at least one [[run]]", 'write [[run]] and below it suite = "tiny"')
    return [
        _run(Section(each, origin=origin, text=text, name="run", place=i, allowed=_RUN))
        for i, each in enumerate(raw)
    ]


def _run(section: Section) -> RunOptions:
    suite, models = section.text("suite"), section.texts("models")
    if (suite is None) == (not models):
        section.refuse("suite" if suite else "models", "a [[run]] has either a suite or models")
    words = {
        name: ",".join(str(value) for value in _listed(section, name)) for name in _WORDS if name in section
    }
    return RunOptions(
        suite=suite,
        models=models,
        fast=_boolean(section, "fast"),
        profile=section.text("profile", choices=tuple(PROFILES)),
        rounds=section.integer("rounds", low=1, high=100),
        max_rounds=section.integer("max_rounds", low=1, high=100),
        seed=section.integer("seed", low=0, high=2**31 - 1),
        words=words,
    )


def _listed(section: Section, name: str) -> tuple[Any, ...]:
    return section.integers(name, low=1, high=256) if name == "threads" else section.texts(name)


def _boolean(section: Section, key: str) -> bool:
    value = section.raw(key)
    if value is not None and not isinstance(value, bool):
        section.refuse(key, f"{key} is {value!r}, but must be true or false")
    return bool(value)


def _notify(top: Section, folder: Path, origin: str, text: str) -> Notify:
    section = Section(
        top.table("notify") or {}, origin=origin, text=text, name="notify", place=-1, allowed=_NOTIFY
    )
    webhook, variable, junit = (section.text(key) for key in ("webhook", "webhook_env", "junit"))
    if webhook is not None and variable is not None:
        section.refuse("webhook_env", "give webhook or webhook_env, not both")
    if webhook is not None:
        try:
            check_webhook(webhook)
        except UsageError as error:
            section.refuse("webhook", error.message, error.fix)
    if variable is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
        section.refuse("webhook_env", f"{variable!r} is no name of an environment variable")
    return Notify(
        webhook=webhook, webhook_env=variable, junit=folder / junit if junit else None,
        always=_boolean(section, "always"),
    )  # fmt: skip


def check_webhook(url: str) -> None:
    """UsageError unless it is an http or https address; what it says is a secret and is not repeated."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise UsageError("the webhook is no address", fix="https://HOST/…") from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", url):
        raise UsageError("the webhook is no http or https address", fix="https://HOST/…")
