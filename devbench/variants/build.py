"""From a suite to model files: what exists is read, what is cached is found, the rest is built."""

from __future__ import annotations

import difflib
import fnmatch
import importlib.util
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devbench.domain.codec import from_json
from devbench.domain.held_out import HeldOut
from devbench.domain.suite import ModelFiles, PackageModels, Recipe, StepCall, Suite, SuiteModel
from devbench.domain.variant import Step, Variant
from devbench.errors import MissingExtra, SuiteError
from devbench.graph.model_file import read_variant, read_variants
from devbench.variants.cache import VariantCache, made_of, source_sha256
from devbench.variants.chain import complete_chain
from devbench.variants.child import run_worker
from devbench.variants.mistakes import mistaken
from devbench.variants.package import package_variants
from devbench.variants.source import load_source
from devbench.variants.weights import Weights, choose_weights, download_weights, keras_models_folder
from devbench.variants.worker import WorkRequest

Progress = Callable[[str], None]
_AT_ONCE = 2


def build_variants(
    suite: Suite,
    *,
    cache_dir: Path,
    progress: Progress,
    weights_dir: Path | None = None,
    download: bool = False,
) -> tuple[Variant, ...]:
    """Every variant of the suite in its order, each a file on this host; ids are unique.

    `progress` hears one line a step, `weights_dir` is Keras' folder of downloads (default: this user's), and
    only with `download` is anything fetched. SuiteError for what the suite got wrong, ModelError for a file or a
    conversion, MissingExtra when something has to be built and TensorFlow is not installed.
    """
    cache = VariantCache(cache_dir)
    weights_dir = weights_dir if weights_dir is not None else keras_models_folder()
    existing = [None if isinstance(model, Recipe) else _existing(model, suite) for model in suite.models]
    plans = [
        _planned(model, progress, weights_dir=weights_dir, download=download)
        for model in suite.models
        if isinstance(model, Recipe)
    ]
    recipes = iter(_found_or_built(plans, cache, progress))
    found: list[Variant] = []
    for variants in existing:
        found += next(recipes) if variants is None else variants
    _require_unique(found, suite)
    _require_baseline(found, suite)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A recipe with its weights; the steps of its variants and what they are made of, by variant."""

    recipe: Recipe
    weights: Weights
    chains: dict[str, tuple[StepCall, ...]]
    parts: dict[str, dict[str, str]]

    def found(self, cache: VariantCache) -> dict[str, Variant | None]:
        return {name: cache.find(of) for name, of in self.parts.items()}

    @property
    def trained(self) -> tuple[str, str, int]:
        """Recipes that are alike here learn into the same folder."""
        return self.recipe.source, self.weights.kind, self.recipe.seed


def _planned(recipe: Recipe, progress: Progress, *, weights_dir: Path, download: bool) -> _Plan:
    source, name = load_source(recipe.source)
    pretrained = source.pretrained(name)
    if download and recipe.weights == "imagenet" and pretrained is not None:
        download_weights(pretrained, weights_dir, progress)
    weights = source.weights(name, choose_weights(recipe.weights, pretrained, weights_dir))
    form = source.form(name)
    chains = {variant.name: complete_chain(variant.steps, form=form) for variant in recipe.variants}
    parts = {name: made_of(recipe, chain, weights) for name, chain in chains.items()}
    return _Plan(recipe=recipe, weights=weights, chains=chains, parts=parts)


def _found_or_built(
    plans: Sequence[_Plan], cache: VariantCache, progress: Progress
) -> list[tuple[Variant, ...]]:
    """The variants of each plan, from the cache where they are there."""
    found = [plan.found(cache) for plan in plans]
    if any(None in variants.values() for variants in found):
        with cache.locked(lambda: progress("waiting for another devbench that builds variants")):
            _build_all(plans, cache, progress)
        found = [plan.found(cache) for plan in plans]
    return [_named(plan, variants, cache) for plan, variants in zip(plans, found, strict=True)]


def _named(plan: _Plan, found: dict[str, Variant | None], cache: VariantCache) -> tuple[Variant, ...]:
    recipe, named = plan.recipe, []
    for variant in recipe.variants:
        cached = found[variant.name]
        if cached is None:
            raise SuiteError(f"{recipe.variant_id(variant)} vanished from the cache {cache.folder}")
        note = plan.weights.note
        done = replace(cached, variant=recipe.variant_id(variant), model=recipe.model, weights_note=note)
        named.append(done if variant.mistake is None else mistaken(done, variant.mistake))
    return tuple(named)


def _build_all(plans: Sequence[_Plan], cache: VariantCache, progress: Progress) -> None:
    """Builds what is missing, two recipes at a time; the first that fails stops the other. With the lock held."""
    lanes: dict[tuple[str, str, int], list[_Plan]] = {}
    for plan in plans:
        lanes.setdefault(plan.trained, []).append(plan)
    stop = threading.Event()

    def build(lane: list[_Plan]) -> None:
        for plan in lane:
            _build_missing(plan, cache, progress, stop)

    # most of a worker's time is on one core
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(build, lane) for lane in lanes.values()]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            stop.set()
            for future in futures:
                future.cancel()


def _build_missing(plan: _Plan, cache: VariantCache, progress: Progress, stop: threading.Event) -> None:
    """Builds and stores; what is done when a later variant fails stays in the cache."""
    recipe, weights, parts = plan.recipe, plan.weights, plan.parts
    # two names of one file are built once
    names = {str(parts[name]): name for name, variant in plan.found(cache).items() if variant is None}
    missing = {name: plan.chains[name] for name in names.values()}
    if not missing:
        return
    _require_tensorflow(recipe)
    variants = tuple(replace(v, steps=missing[v.name]) for v in recipe.variants if v.name in missing)
    ids = {variant.name: recipe.variant_id(variant) for variant in variants}

    def built(event: dict[str, Any]) -> None:
        name, file = event["variant"], Path(event["file"])
        variant = replace(
            read_variant(file, variant=ids[name], model=recipe.model),
            steps=tuple(from_json(Step, step) for step in event["steps"]),
            weights=weights.kind,
            weights_note=weights.note,
            source_sha256=source_sha256(recipe.source),
            held_out=None if event["held_out"] is None else from_json(HeldOut, event["held_out"]),
        )
        cache.put(parts[name], variant, file)
        progress(f"{ids[name]}: {variant.file[1] / 1e6:.2f} MB")

    with cache.workspace() as folder:
        request = WorkRequest(
            recipe=replace(recipe, variants=variants),
            weights_kind=weights.kind,
            weights_file=None if weights.file is None else str(weights.file),
            weights_note=weights.note,
            folder=str(folder),
            training=str(cache.training_folder(recipe, weights)),
        )
        log = cache.folder / "logs" / f"{recipe.model}.log"
        run_worker(request, log=log, progress=progress, built=built, stop=stop)


def _require_tensorflow(recipe: Recipe) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtra(
            f"TensorFlow is needed to build {recipe.model} from {recipe.source}",
            fix='pip install "devbench[models]", or measure the small models that need none: --suite tiny',
        )


def _existing(model: SuiteModel, suite: Suite) -> Sequence[Variant]:
    if isinstance(model, PackageModels):
        return _package(model, suite)
    assert isinstance(model, ModelFiles)
    paths: list[Path] = []
    for pattern in model.patterns:
        matches = _matches(Path(model.folder), pattern)
        if not matches:
            raise SuiteError(f"{suite.origin}: there is no file {Path(model.folder) / pattern}")
        paths += matches
    return read_variants(paths, model=model.model)


def _matches(folder: Path, pattern: str) -> list[Path]:
    """The file of that very name, else those that the pattern matches."""
    path = folder / pattern
    if path.exists():
        return [path]
    if path.is_absolute() and Path(pattern).is_absolute():
        folder, pattern = Path(path.anchor), str(path.relative_to(path.anchor))
    return sorted(folder.glob(pattern))


def _package(model: PackageModels, suite: Suite) -> list[Variant]:
    known = {variant.variant: variant for variant in package_variants()}
    found: dict[str, Variant] = {}
    for pattern in model.patterns:
        matches = fnmatch.filter(known, pattern)
        if not matches:
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.5)
            fix = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise SuiteError(f"{suite.origin}: devbench has no model {pattern!r}", fix=fix)
        found |= {name: known[name] for name in matches}
    return list(found.values())


def _require_unique(variants: Sequence[Variant], suite: Suite) -> None:
    seen: set[str] = set()
    for variant in variants:
        if variant.variant in seen:
            raise SuiteError(
                f"{suite.origin}: two variants are called {variant.variant!r}",
                fix="give one of the two models another name",
            )
        seen.add(variant.variant)


def _require_baseline(variants: Sequence[Variant], suite: Suite) -> None:
    names = [variant.variant for variant in variants]
    if suite.baseline is None or suite.baseline in names:
        return
    near = difflib.get_close_matches(suite.baseline, names, n=1, cutoff=0.3)
    raise SuiteError(
        f"{suite.origin}: the baseline {suite.baseline!r} is none of its variants",
        fix=f"did you mean {near[0]!r}?" if near else f"they are: {', '.join(names)}",
    )
