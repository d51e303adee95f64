"""The ways in which a model gets into memory (`--load`): their words, who has them, how the core is asked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from devbench.apk import Entry, deflated, stored
from devbench.domain.job import OWN_LOAD, Job
from devbench.domain.variant import Variant

FROM_FILE = (OWN_LOAD, "file", "mmap")
ASSETS = ("asset", "asset-compressed")
LOADS = (*FROM_FILE, *ASSETS)
REFUSED_FIX = "file and mmap are for all runners but stock tools, assets for --runner apk,apk-background on Android"


def load_refusal(way: str, known: Iterable[str], runner: str, target: str) -> str | None:
    """One sentence why a runner that has the ways `known` cannot load so on a target; None where it can."""
    if way not in known:
        what = "is no app and has no assets" if way in ASSETS else "opens the model itself"
        return f"--load {way}: runner {runner} {what}"
    if way in ASSETS and not target.startswith("android-"):
        return f"--load {way}: {target} has no asset manager, which is Android's"
    return None


def load_words(job: Job, variant: Variant) -> list[str]:
    """As keys of `run` (android-runner/PROTOCOL.md); who only lends answers leaves it to the engine."""
    way = job.backend.load
    if way == OWN_LOAD or job.reference is not None:
        return []
    return ["load=asset", f"asset={_name(way, variant)}"] if way in ASSETS else [f"load={way}"]


def asset_entries(jobs: Iterable[Job], variants: Iterable[Variant]) -> tuple[Entry, ...]:
    """The models that jobs load from inside the APK, each as its jobs want it."""
    by_name = {variant.variant: variant for variant in variants}
    own = (job for job in jobs if job.reference is None)
    ways = sorted({(job.variant, job.backend.load) for job in own if job.backend.load in ASSETS})
    found = {}
    for name, way in ways:
        variant = by_name[name]
        asset = f"assets/{_name(way, variant)}"
        pack = stored if way == "asset" else deflated
        found[asset] = pack(asset, Path(variant.path).read_bytes())
    return tuple(found.values())


def _name(way: str, variant: Variant) -> str:
    return f"{variant.file[0][:16]}.{way}"
