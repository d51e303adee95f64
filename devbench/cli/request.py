"""From command-line text to a RunRequest: models or suite, profile, dimensions — checked before any phone."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from devbench.cli.environment import Environment
from devbench.cli.inputs import check_inputs, format_notes, open_notes
from devbench.conditions import TWEAKS, parse_allow
from devbench.domain.delegate_word import parse_delegate
from devbench.domain.job import OWN_LOAD, Profile
from devbench.domain.suite import Suite
from devbench.domain.suite_table import SuiteTable
from devbench.domain.variant import Variant
from devbench.errors import SuiteError, UsageError
from devbench.hashing import sha256_of
from devbench.metrics import all_metrics
from devbench.plan import PASSES, PROFILES, Choices
from devbench.session import RunRequest

DELEGATES = ("xnnpack", "none", "xnnpack-fp16", "gpu", "gpu-fp16", "nnapi", "external")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of `devbench run` as they were given; None where they were not."""

    models: tuple[Path, ...] = ()
    suite: str | None = None
    engine: str | None = None
    runner: str | None = None
    delegate: str | None = None
    threads: str | None = None
    cores: str | None = None
    load: str | None = None
    abi: str | None = None
    profile: str | None = None
    rounds: int | None = None
    seed: int | None = None
    baseline: str | None = None
    inputs: tuple[str, ...] = ()
    input_shapes: tuple[str, ...] = ()
    signature: str | None = None
    outputs: str | None = None
    device: str | None = None
    passes: str | None = None
    max_rounds: int | None = None
    allow: str | None = None
    tweaks: str | None = None
    fast: bool = False


def build_request(
    asked: Asked, environment: Environment, say: Callable[[str], None], *, argv: tuple[str, ...]
) -> RunRequest:
    """Everything resolved, models built where a suite asks for it; UsageError, SuiteError or ModelError."""
    if asked.models and asked.suite:
        raise UsageError("give model files or --suite, not both")
    if asked.outputs and not asked.models:
        raise UsageError("--outputs is for .pb files that are given", fix="a suite says the outputs of its own")
    if asked.fast and not asked.suite:
        raise UsageError("--fast takes the reduced form of a suite", fix="name one: --suite talk --fast")
    suite, variants, notes = _models(asked, environment, say)
    named = asked.profile or (suite.profile if suite else None) or ("quick" if asked.models else "standard")
    if named not in PROFILES:
        raise UsageError(f"--profile {named}: no such profile", fix=f"one of: {', '.join(PROFILES)}")
    rounds = asked.rounds or (suite.rounds if suite else None) or PROFILES[named].rounds
    profile = _profile(PROFILES[named], asked, rounds)
    tweaks = _tweaks(asked.tweaks, profile)
    choices = _choices(asked, suite, environment)
    check_inputs(variants, choices)
    own = (*open_notes(variants, choices), *format_notes(variants, choices))
    for note in own:
        say(note)
    baseline = asked.baseline or (suite.baseline if suite else None)
    if baseline is not None and baseline not in {v.variant for v in variants}:
        names = ", ".join(v.variant for v in variants)
        raise UsageError(f"--baseline {baseline}: no such variant", fix=f"one of: {names}")
    if profile.careful and rounds > 1:  # drift shows over rounds
        from devbench.variants.package import control_variant

        variants = (control_variant(), *variants)
    return RunRequest(
        variants=variants,
        profile=profile,
        rounds=rounds,
        seed=asked.seed or 0,
        choices=choices,
        engine_cache=environment.engines,
        suite=suite.name if suite else None,
        baseline=baseline,
        argv=argv,
        options=_options(asked, named, rounds, choices),
        notes=(*notes, *own),
        allow=parse_allow(asked.allow or ""),
        tweaks=tweaks,
        tables=_tables(suite),
    )


def _tables(suite: Suite | None) -> tuple[SuiteTable, ...]:
    """Those of the suite; SuiteError where one asks for a column that nothing measures."""
    tables = suite.tables if suite else ()
    known = {f"{m.name}.{m.phase}".rstrip(".") for m in all_metrics()}
    for table in tables:
        for column in table.columns:
            if column not in known:
                near = difflib.get_close_matches(column, known, n=1, cutoff=0.0)
                raise SuiteError(
                    f"table {table.title!r}: there is no metric {column!r}", fix=f"did you mean {near[0]}?"
                )
    return tables


def _profile(profile: Profile, asked: Asked, rounds: int) -> Profile:
    """The profile as asked for: a number of rounds that was given is the number of rounds."""
    if asked.max_rounds is not None and asked.max_rounds < rounds:
        raise UsageError(f"--max-rounds {asked.max_rounds} is less than the {rounds} rounds to begin with")
    most = asked.max_rounds or (0 if asked.rounds is not None else profile.max_rounds)
    passes = profile.passes if asked.passes is None else _words("--passes", asked.passes, PASSES)
    return dataclasses.replace(profile, rounds=rounds, max_rounds=most, passes=passes)


def _tweaks(text: str | None, profile: Profile) -> frozenset[str]:
    if text is None:
        return frozenset(TWEAKS) if profile.careful else frozenset()
    if text in ("all", "none"):
        return frozenset(TWEAKS) if text == "all" else frozenset()
    return frozenset(_words("--tweaks", text, TWEAKS))


def _words(option: str, text: str, known: Collection[str]) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in words:
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1) or known
            raise UsageError(f"{option}: there is no {word!r}", fix=f"try {', '.join(near)}")
    if not words:
        raise UsageError(f"{option} names nothing", fix=f"some of: {', '.join(known)}")
    return words


def given_options(asked: Asked) -> dict[str, str]:
    """Only what was given, spelled as in run.json, to be compared with it."""
    texts = {
        "models": _paths(asked.models) or None,
        "suite": asked.suite,
        "engine": asked.engine,
        "runner": asked.runner,
        "delegate": asked.delegate,
        "threads": asked.threads,
        "cores": asked.cores,
        "load": asked.load,
        "abi": asked.abi,
        "profile": asked.profile,
        "rounds": None if asked.rounds is None else str(asked.rounds),
        "seed": None if asked.seed is None else str(asked.seed),
        "baseline": asked.baseline,
        "input": "\n".join(asked.inputs) or None,
        "input-shape": "\n".join(asked.input_shapes) or None,
        "signature": asked.signature,
        "outputs": asked.outputs,
        "device": asked.device,
        "passes": asked.passes,
        "max-rounds": None if asked.max_rounds is None else str(asked.max_rounds),
        "allow": asked.allow,
        "tweaks": asked.tweaks,
        "fast": "yes" if asked.fast else None,
    }
    return {name: text for name, text in texts.items() if text is not None}


def _options(asked: Asked, profile: str, rounds: int, choices: Choices) -> dict[str, str]:
    """The options in force, so that repeating a default with --resume is no contradiction."""
    defaults = {
        "runner": ",".join(choices.runners),
        "delegate": ",".join(choices.delegates),
        "threads": ",".join(str(n) for n in choices.threads if n is not None),
        "cores": ",".join(choices.cores),
        "load": ",".join(choices.loads),
        "profile": profile,
        "rounds": str(rounds),
        "seed": str(asked.seed or 0),
        "device": asked.device or "all",
    }
    return {**defaults, **given_options(asked)}


def _models(
    asked: Asked, environment: Environment, say: Callable[[str], None]
) -> tuple[Suite | None, tuple[Variant, ...], tuple[str, ...]]:
    from devbench.graph.model_file import read_variants
    from devbench.graph.pb_ends import EndsAsked
    from devbench.suites.load import load_suite
    from devbench.variants.build import build_variants

    if asked.models:
        shapes = dict(_input_shape(text) for text in asked.input_shapes)
        ends = EndsAsked(outputs=_listed(asked.outputs), shapes=shapes)
        return None, read_variants(asked.models, ends=ends), ()
    name, notes = asked.suite, ()
    if name is None:
        name = "quick" if find_spec("tensorflow") is not None else "tiny"
        say(f"no model given: measuring suite {name}")
    suite = load_suite(name, fast=asked.fast)
    for note in suite.notes:
        say(note)
    variants = build_variants(suite, cache_dir=environment.variants, progress=say)
    return suite, variants, (*notes, *suite.notes)


def _choices(asked: Asked, suite: Suite | None, environment: Environment) -> Choices:
    from devbench.engines import engine_table, parse_engine
    from devbench.runners.binaries import known_abis
    from devbench.runners.loads import LOADS

    delegates = _listed(asked.delegate) or (suite.delegates if suite else ()) or ("xnnpack",)
    delegates = tuple(_delegate(text) for text in delegates)
    # a name that cannot be is said before any phone is looked for
    formats = {text: engine_table()[parse_engine(text).engine].formats for text in _listed(asked.engine)}
    threads = tuple(_thread_count(text) for text in _listed(asked.threads))
    files = dict(_input_file(text) for text in asked.inputs)
    return Choices(
        engines=_listed(asked.engine) or (None,),
        formats=formats,
        abis=_words("--abi", asked.abi, known_abis()) if asked.abi else (None,),
        delegates=delegates,
        threads=threads or (suite.threads if suite else ()) or (None,),
        cores=_listed(asked.cores) or (suite.cores if suite else ()) or ("big",),
        loads=_words("--load", asked.load, LOADS) if asked.load else (OWN_LOAD,),
        runners=tuple(_runner(text, environment) for text in _listed(asked.runner)) or ("native",),
        input_seed=asked.seed or 0,
        input_shapes=dict(_input_shape(text) for text in asked.input_shapes),
        input_files=files,
        input_sha256={name: sha256_of(Path(file)) for name, file in files.items()},
        signature=asked.signature,
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _delegate(text: str) -> str:
    """A word of --delegate, the path of a library made absolute."""
    from devbench.engines import DELEGATE_OPTIONS, NEEDS_LIBRARY

    word = parse_delegate(text)
    name, given, known = word.name, word.library, DELEGATE_OPTIONS.get(word.name, ())
    if name not in DELEGATES:
        raise UsageError(f"--delegate {text}: unknown", fix=f"one of: {', '.join(DELEGATES)}")
    if not given and name == "external":
        raise UsageError(f"--delegate {text}: which?", fix="--delegate external=LIBRARY")
    if given and name not in NEEDS_LIBRARY:
        raise UsageError(f"--delegate {text}: {name} takes no library", fix=f"--delegate {name}")
    if given and not Path(given).expanduser().is_file():
        raise UsageError(f"--delegate {text}: {given} is not a file")
    for option in word.options:
        key, colon, value = option.partition(":")
        if not (key and colon and value) or (known is not None and key not in known):
            has = "KEY:VALUE" if known is None else ", ".join(f"{k}:VALUE" for k in known) or "none"
            raise UsageError(f"--delegate {text}: {option!r} is no option of {name}", fix=f"its options: {has}")
    absolute = str(Path(given).expanduser().absolute()) if given else None
    return str(dataclasses.replace(word, library=absolute))


def _runner(text: str, environment: Environment) -> str:
    """A word of --runner, its path made absolute: resuming may happen in another folder."""
    from devbench.engines.elf import is_elf
    from devbench.runners.registry import runner_kinds
    from devbench.runners.stock_app import is_app

    name, _, given = text.partition("=")
    kind = runner_kinds().get(name)
    if kind is None:
        raise UsageError(f"--runner {text}: there is no runner {name}", fix=f"one of: {', '.join(runner_kinds())}")
    if not kind.takes_path:
        if given:
            raise UsageError(f"--runner {text}: {name} takes no path", fix=f"--runner {name}")
        return name
    path = Path(given).expanduser() if given else environment.tools
    if not path.exists():
        fix = f"--runner {name}=PATH: the tool's file, or a folder that holds it as TARGET/{name}"
        raise UsageError(f"--runner {text}: there is no {path}", fix=fix)
    if path.is_file() and not is_elf(path) and not is_app(path):
        fix = "the tool as it was built for the phone, not its sources, log or archive"
        raise UsageError(f"--runner {text}: {path} is neither a program of a phone (ELF) nor an APK", fix=fix)
    return f"{name}={path.absolute()}"


def _thread_count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise UsageError(f"--threads {text}: not a number from 1 to 256")
    return int(text)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"{option} {text}: expected NAME=VALUE")
    return name, value


def _input_shape(text: str) -> tuple[str, str]:
    name, shape = _pair("--input-shape", text)
    sizes = [size.strip() for size in shape.split(",")]
    if not all(size.isdigit() and int(size) > 0 for size in sizes):
        raise UsageError(f"--input-shape {text}: expected sizes of at least 1, as in {name}=1,224,224,3")
    return name, ",".join(sizes)


def _input_file(text: str) -> tuple[str, str]:
    name, file = _pair("--input", text)
    if not Path(file).is_file():
        raise UsageError(f"--input {text}: {file} is not a file")
    return name, str(Path(file).absolute())


def _paths(paths: tuple[Path, ...]) -> str:
    return "\n".join(str(path.absolute()) for path in paths)
