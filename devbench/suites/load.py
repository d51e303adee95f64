"""Suite files: found by name or path, read into a `Suite`, refused with file, section and line when wrong.

docs/suites.md describes every key.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from devbench.domain.suite import (
    ModelFiles,
    PackageModels,
    Recipe,
    StepCall,
    Suite,
    SuiteModel,
    VariantRecipe,
)
from devbench.errors import SuiteError
from devbench.plan import PROFILES
from devbench.suites.section import Section
from devbench.suites.tables import read_tables
from devbench.variants.chain import complete_chain
from devbench.variants.mistakes import MISTAKES
from devbench.variants.source import load_source

BUILTIN = Path(__file__).parent
DEFAULT_VARIANTS = ("fp32", "fp16", "dynamic_int8", "int8")
CORES = ("big", "mid", "little", "all")

_TOP = ("name", "description", "profile", "rounds", "baseline", "backends", "fast", "model", "table")
_FAST = ("profile", "rounds", "baseline")
_BACKENDS = ("threads", "cores", "delegate")
_MODEL = (
    "name",
    "path",
    "package",
    "recipe",
    "weights",
    "seed",
    "batch",
    "variants",
    "representative",
    "fast",
)
_ONLY_RECIPES = ("weights", "seed", "batch", "variants", "representative")
_REPRESENTATIVE = ("samples", "low", "high")
_VARIANT = ("name", "steps", "mistake")
_MAX_SEED = 2**31 - 1


def list_suites() -> tuple[Suite, ...]:
    """The suites that come with devbench, by name."""
    return tuple(load_suite(str(file)) for file in sorted(BUILTIN.glob("*.toml")))


def load_suite(name_or_path: str, *, fast: bool = False) -> Suite:
    """A built-in suite by name, or one from a .toml file; SuiteError says what is wrong and where.

    With `fast` in the reduced form that the file describes in its keys `fast`.
    """
    path = Path(name_or_path)
    builtin = BUILTIN / f"{name_or_path}.toml"
    if path.suffix != ".toml" and path.name == name_or_path and builtin.is_file():
        path = builtin
    if not path.is_file():
        raise _no_suite(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as e:
        raise SuiteError(f"{path} cannot be read: {e}") from e
    except tomllib.TOMLDecodeError as e:
        raise SuiteError(f"{path} is not TOML: {e}") from e
    return _suite(_reduced(values, path) if fast else values, path, text)


def _reduced(values: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """The values of the keys `fast` in place of those that stand beside them; a model with `fast = false` goes."""
    models = [model for model in values.get("model") or [] if isinstance(model, dict)]
    if "fast" not in values and not any("fast" in model for model in models):
        raise SuiteError(
            f"{path} has no reduced form (a key fast)", fix="leave out --fast, or take --profile quick"
        )
    kept = [_replaced(model) for model in models if model.get("fast") is not False]
    return {**_replaced(values), "model": kept}


def _replaced(values: Mapping[str, Any]) -> dict[str, Any]:
    fast = values.get("fast")
    return {**values, **fast} if isinstance(fast, dict) else dict(values)


def recipe_of(source: str, variants: tuple[str, ...] = DEFAULT_VARIANTS) -> Recipe:
    """A recipe for a bare source such as `keras:mobilenet_v1_1.0_224`, asking for ImageNet weights."""
    module, name = load_source(source)
    for variant in variants:
        complete_chain((StepCall(name=variant),), form=module.form(name))
    return Recipe(
        model=_default_name(source),
        source=source,
        weights="imagenet",
        variants=tuple(VariantRecipe(name=v, steps=(StepCall(name=v),)) for v in variants),
    )


def _default_name(source: str) -> str:
    """The network's name, or the file's: `mobilenet-v1-1.0-224`, `model` of `file:/there/model.pb`."""
    scheme, _, name = source.partition(":")
    return (Path(name).stem if scheme == "file" else name).replace("_", "-")


def _no_suite(name: str) -> SuiteError:
    names = [file.stem for file in sorted(BUILTIN.glob("*.toml"))]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}, or give a .toml file"
    return SuiteError(f"there is no suite {name!r}", fix=fix)


def _suite(values: Mapping[str, Any], path: Path, text: str) -> Suite:
    origin = str(path)
    top = Section(values, origin=origin, text=text, allowed=_TOP)
    models = top.raw("model")
    if not isinstance(models, list) or not models or not all(isinstance(model, dict) for model in models):
        top.refuse("model", "a suite needs at least one [[model]]", "write [[model]] above each model")
    backends = Section(
        top.table("backends") or {}, origin=origin, text=text, name="backends", place=-1, allowed=_BACKENDS
    )
    sections = [
        Section(model, origin=origin, text=text, name="model", place=place, allowed=_MODEL)
        for place, model in enumerate(models)
    ]
    cores = backends.texts("cores")
    for group in cores:
        if group not in CORES:
            backends.refuse("cores", f"cores cannot be {group!r}", f"it is one of: {', '.join(CORES)}")
    fast = top.table("fast") or {}
    Section(fast, origin=origin, text=text, name="fast", place=-1, allowed=_FAST)
    notes: list[str] = []
    return Suite(
        name=top.text("name") or path.stem,
        description=top.text("description") or "",
        origin=origin,
        models=tuple(_models(sections, path.parent.absolute(), notes if path.parent == BUILTIN else None)),
        profile=top.text("profile", choices=tuple(PROFILES)),
        rounds=top.integer("rounds", low=1, high=1000),
        baseline=top.text("baseline"),
        threads=backends.integers("threads", low=1, high=256),
        cores=cores,
        delegates=backends.texts("delegate"),
        notes=tuple(notes),
        tables=read_tables(top.raw("table"), folder=path.parent, origin=origin, text=text),
    )


def _models(sections: Sequence[Section], folder: Path, notes: list[str] | None) -> Iterator[SuiteModel]:
    """Each model. With `notes` (a suite of ours) a model or variant whose file is gone is left out and noted."""
    for section in sections:
        try:
            yield _model(section, folder, notes)
        except SuiteError as e:
            if notes is None:
                raise
            notes.append(f"left out: {e.message}")


def _model(section: Section, folder: Path, notes: list[str] | None) -> SuiteModel:
    kinds = [key for key in ("path", "package", "recipe") if key in section]
    if len(kinds) != 1:
        section.refuse(
            kinds[1] if kinds else "name",
            "a model needs exactly one of path, package and recipe",
            "path: files of yours; package: models of devbench; recipe: a network to build",
        )
    fast = section.raw("fast")
    if fast is not None and fast is not False and not isinstance(fast, dict):
        section.refuse("fast", f"fast is {fast!r}, but must be false or a table of keys")
    if isinstance(fast, dict):
        unknown = [key for key in fast if key not in _MODEL or key == "fast"]
        if unknown:
            section.refuse(
                "fast", f"unknown key {unknown[0]!r} in fast", f"known keys are: {', '.join(_MODEL)}"
            )
    for key in _ONLY_RECIPES:
        if key in section and kinds != ["recipe"]:
            section.refuse(key, f"{key} goes with recipe, not with {kinds[0]}")
    if kinds == ["path"]:
        return ModelFiles(folder=str(folder), patterns=section.texts("path"), model=section.text("name"))
    if kinds == ["package"]:
        if "name" in section:
            section.refuse("name", "models of the package have their own names")
        return PackageModels(patterns=section.texts("package"))
    return _recipe(section, folder, notes)


def _recipe(section: Section, folder: Path, notes: list[str] | None) -> Recipe:
    source = section.required_text("recipe")
    if source.startswith("file:"):
        source = f"file:{folder / source.removeprefix('file:')}"
    try:
        module, name = load_source(source)
    except SuiteError as e:
        section.refuse("recipe", e.message, e.fix)
    batch: int | None = 1
    if section.raw("batch") == "open":
        batch = None
    elif "batch" in section:
        batch = section.integer("batch", low=1, high=4096)
    seed = section.integer("seed", low=0, high=_MAX_SEED)
    return Recipe(
        model=section.text("name") or _default_name(source),
        source=source,
        variants=_variants(section, module.form(name), notes),
        weights=section.text("weights", choices=("imagenet", "seeded")) or "seeded",
        seed=0 if seed is None else seed,
        batch=batch,
        **_representative(section),
    )


def _representative(section: Section) -> dict[str, Any]:
    """How many representative inputs (0 with `representative = false`), and between what they lie."""
    if section.raw("representative") is False:
        return {"samples": 0}
    table = section.table("representative") or {}
    for key in table:
        if key not in _REPRESENTATIVE:
            near = difflib.get_close_matches(key, _REPRESENTATIVE, n=1, cutoff=0.0)
            section.refuse(
                "representative", f"unknown key {key!r} in representative", f"did you mean {near[0]!r}?"
            )
    samples = table.get("samples", 16)
    if not isinstance(samples, int) or isinstance(samples, bool) or not 1 <= samples <= 10_000:
        section.refuse("representative", f"samples is {samples!r}, but lies between 1 and 10000")
    low, high = table.get("low"), table.get("high")
    for key, value in (("low", low), ("high", high)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            section.refuse("representative", f"{key} is {value!r}, but must be a number")
    if low is not None and high is not None and low >= high:
        section.refuse("representative", f"low is {low}, but must be less than high, {high}")
    limits = {key: float(value) for key, value in (("low", low), ("high", high)) if value is not None}
    return {"samples": samples, **limits}


def _variants(section: Section, form: str, notes: list[str] | None) -> tuple[VariantRecipe, ...]:
    raw = section.raw("variants")
    if raw is None:
        raw = list(DEFAULT_VARIANTS)
    if not isinstance(raw, list) or not raw:
        section.refuse(
            "variants", "variants must be a list", f'for example ["{DEFAULT_VARIANTS[0]}", "int8"]'
        )
    variants = []
    for item in raw:
        try:
            variants.append(_variant(section, item, form))
        except SuiteError as e:
            if notes is None or (item is raw[-1] and not variants):
                raise
            notes.append(f"left out: {e.message}")
    names = [variant.name for variant in variants]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        section.refuse("variants", f"variant {twice!r} is listed twice", "give one of them another name")
    return tuple(variants)


def _variant(section: Section, item: object, form: str) -> VariantRecipe:
    """`"int8"` for one step of that name, or `{ name = …, steps = [ "freeze", { step = …, … } ] }`."""
    if isinstance(item, str):
        item = {"name": item, "steps": [item]}
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        section.refuse("variants", f"{item!r} is no variant", 'write "int8" or { name = "…", steps = […] }')
    unknown = [key for key in item if key not in _VARIANT]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _VARIANT, n=1, cutoff=0.0)
        section.refuse("variants", f"unknown key {unknown[0]!r} in a variant", f"did you mean {near[0]!r}?")
    steps = item.get("steps", [item["name"]])
    if not isinstance(steps, list) or not steps:
        section.refuse("variants", f"the steps of variant {item['name']!r} must be a list")
    calls = tuple(_step(section, step) for step in steps)
    try:
        complete_chain(calls, form=form)
    except SuiteError as e:
        section.refuse("variants", f"variant {item['name']!r}: {e.message}", e.fix)
    mistake = item.get("mistake")
    if mistake is not None and mistake not in MISTAKES:
        section.refuse("variants", f"mistake cannot be {mistake!r}", f"it is one of: {', '.join(MISTAKES)}")
    return VariantRecipe(name=item["name"], steps=calls, mistake=mistake)


def _step(section: Section, item: object) -> StepCall:
    if isinstance(item, str):
        return StepCall(name=item)
    if not isinstance(item, dict) or not isinstance(item.get("step"), str):
        section.refuse("variants", f"{item!r} is no step", 'write "int8" or { step = "int8", io = "int8" }')
    parameters = {key: str(value) for key, value in item.items() if key != "step"}
    return StepCall(name=item["step"], parameters=parameters)
