"""What one phone's jobs run with: runners by ABI and engine libraries, each resolved once, or why there is none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from devbench.domain.delegate_word import parse_delegate
from devbench.domain.device import DeviceInfo
from devbench.domain.measurement import Failure
from devbench.domain.variant import Variant
from devbench.engines import (
    DEFAULT_ENGINES,
    NEEDS_LIBRARY,
    EngineAsked,
    EngineFile,
    FetchProgress,
    delegate_refusal,
    engine_file,
    engine_table,
    option_refusal,
    parse_engine,
    placed,
    refusal,
    resolve,
)
from devbench.engines.elf import names_symbol
from devbench.errors import EngineError, MissingExtra
from devbench.graph.op_support import unsupported_ops
from devbench.graph.pb_faults import listed
from devbench.plan import DelegateChoice, EngineChoice, delegates_for
from devbench.runners.base import RunnerKind
from devbench.runners.binaries import RunnerBinary, runner_binary
from devbench.runners.loads import REFUSED_FIX, load_refusal
from devbench.runners.registry import runner_kinds
from devbench.runners.stock_app import is_app, tool_app
from devbench.session.request import RunRequest

_TFLITE_PROFILER = "TfLiteInterpreterOptionsSetTelemetryProfiler"


class Kit:
    """Collects the files that a plan needs. A combination that cannot run is a refused choice, not an error."""

    def __init__(self, info: DeviceInfo, request: RunRequest, fetching: FetchProgress) -> None:
        self._info = info
        self._request = request
        self._fetching = fetching
        self._resolved: dict[tuple[str, str], EngineFile] = {}
        self._unsupported: dict[tuple[str, str], tuple[str, ...]] = {}
        self._used: dict[str, EngineFile] = {}
        self._refusals: list[EngineError | MissingExtra] = []
        self.binaries: dict[str, RunnerBinary] = {}

    @property
    def engines(self) -> dict[str, EngineFile]:
        """Those that something runs with, by hash."""
        return self._used

    @property
    def first_refusal(self) -> EngineError | MissingExtra:
        return self._refusals[0]

    def choice(self, runner: str, variant: Variant, target: str, asked: str | None) -> EngineChoice:
        """Runner and engine of `variant` on `target`, as `plan.EngineFor`."""
        name = asked or DEFAULT_ENGINES.get((target.partition("-")[0], variant.format)) or "none"
        tool, _, path = runner.partition("=")
        tool_kind = runner_kinds()[tool]
        try:
            binary = self._runner(target)
            file = self._tool(tool, Path(path), target) if path else self._engine(name, variant, target)
        except (EngineError, MissingExtra) as error:
            self._refusals.append(error)
            kind = error.kind if isinstance(error, EngineError) else "not-installed"
            engine, _, version = (tool if path else name).partition("=")[0].partition("@")
            failure = Failure(kind=kind, cause=error.message, fix=error.fix or "")
            return EngineChoice(
                engine=engine, version=version or None, sha256=None, runner_sha256=None, refused=failure,
                accuracy=tool_kind.accuracy,
            )
        self._used[file.sha256] = file
        return EngineChoice(
            engine=file.engine,
            version=file.version,
            sha256=file.sha256,
            runner_sha256=binary.sha256,
            delegates={} if path else self._delegates(file, variant, target),
            no_ops=_no_ops(file),
            no_loads=self._no_loads(tool_kind, target),
            accuracy=tool_kind.accuracy,
            energy=tool_kind.energy,
            parity=tool_kind.parity,
        )

    def _delegates(self, file: EngineFile, variant: Variant, target: str) -> dict[str, DelegateChoice]:
        """Each word of --delegate with this engine; one that cannot be applied refuses its own cells only."""
        found: dict[str, DelegateChoice] = {}
        for word in delegates_for(variant, self._request.choices):
            try:
                library = self._delegate(word, file, target)
            except (EngineError, MissingExtra) as error:
                self._refusals.append(error)
                kind = error.kind if isinstance(error, EngineError) else "not-installed"
                failure = Failure(kind=kind, cause=error.message, fix=error.fix or "")
                found[word] = DelegateChoice(refused=failure)
                continue
            if library is not None:
                self._used[library.sha256] = library
            found[word] = DelegateChoice(sha256=library.sha256 if library else None)
        return found

    def _no_loads(self, kind: RunnerKind, target: str) -> dict[str, Failure]:
        """Words of --load that this runner does not have on this target: they refuse their own cells only."""
        found: dict[str, Failure] = {}
        for way in self._request.choices.loads:
            why = load_refusal(way, kind.loads, kind.name, target)
            if why is not None:
                self._refusals.append(EngineError(why, kind="load-refused", fix=REFUSED_FIX))
                found[way] = Failure(kind="load-refused", cause=why, fix=REFUSED_FIX)
        return found

    def _delegate(self, word: str, file: EngineFile, target: str) -> EngineFile | None:
        """The library that a delegate needs beside the engine's; EngineError if it cannot be applied here."""
        asked = parse_delegate(word)
        name, path = asked.name, asked.library or ""
        key = (f"delegate {word} for {file.version}", target)
        why = delegate_refusal(name, file, self._info, own_library=bool(path))
        why = why or option_refusal(name, file, asked.options)
        if why is not None:
            raise EngineError(why, kind="delegate-refused", fix="--delegate none")
        if name not in NEEDS_LIBRARY:
            return None
        if key not in self._resolved and path:
            self._resolved[key] = engine_file("delegate", None, target, Path(path))
        elif key not in self._resolved:
            gpu = EngineAsked(engine="tflite-gpu", version=file.version, path=None)
            cache = self._request.engine_cache
            self._resolved[key] = resolve(gpu, target, cache_dir=cache, progress=self._fetching)
        return self._resolved[key]

    def _runner(self, target: str) -> RunnerBinary:
        abi = target.partition("-")[2]
        if abi not in self._info.abis:
            raise EngineError(
                f"{self._info.device} does not run {abi} programs; it runs {', '.join(self._info.abis)}",
                fix=f"--abi {','.join(self._info.abis)}",
                kind="abi",
            )
        if abi not in self.binaries:
            self.binaries[abi] = runner_binary(target)
        return self.binaries[abi]

    def _engine(self, name: str, variant: Variant, target: str) -> EngineFile:
        if name == "none":
            raise EngineError(f"no engine runs .{variant.format} files on {target}")
        if (name, target) not in self._resolved:
            cache = self._request.engine_cache
            file = resolve(parse_engine(name), target, cache_dir=cache, progress=self._fetching)
            self._resolved[name, target] = placed(file, self._info)
        file = self._resolved[name, target]
        formats = engine_table()[file.engine].formats
        if variant.format not in formats:
            raise EngineError(f"engine {file.engine} runs .{', .'.join(formats)} files, not {variant.path}")
        reason = refusal(file, self._info, None)
        if reason is not None:
            raise EngineError(reason, kind="link")
        if "=" not in name:
            self._check_ops(variant, f"{file.engine}-{file.version}")
        return file

    def _check_ops(self, variant: Variant, runtime: str) -> None:
        """EngineError names the operators that a runtime lacks for a model, and the way out."""
        key = (variant.path, runtime)
        if key not in self._unsupported:
            found = unsupported_ops(Path(variant.path), variant.format, runtime)
            self._unsupported[key] = found or ()
        if lacking := self._unsupported[key]:
            raise EngineError(
                f"unsupported-op: {runtime} cannot load {variant.variant}: {listed(lacking)}",
                fix=_older(variant, runtime),
                kind="unsupported-op",
            )

    def _tool(self, name: str, path: Path, target: str) -> EngineFile:
        """A stock tool of the user's, told apart by its hash: the same name is four programs."""
        if path.is_dir():
            path = path / target / name
        if not path.is_file():
            raise EngineError(f"there is no {path}", fix=f"--runner {name}=PATH", kind="not-installed")
        if (f"{name}={path}", target) not in self._resolved:
            if is_app(path):
                file = tool_app(name, path, target)
            else:
                file = engine_file(name, None, target, path, program=True)
                file = dataclasses.replace(file, version=file.sha256[:8])
            self._resolved[f"{name}={path}", target] = file
        return self._resolved[f"{name}={path}", target]


def _older(variant: Variant, runtime: str) -> str:
    """How to come to a model that an old runtime loads, or to a runtime that loads the model."""
    if variant.format != "pb":
        return f"`devbench engines ops {variant.path}` shows which engines have all of it"
    inputs = ",".join(spec.name for spec in variant.inputs)
    transform = f"--transforms 'downgrade_ops(runtime=\"{runtime}\")'"
    return (
        f"devbench transform --in-graph {variant.path} --out-graph older.pb --inputs {inputs} "
        f"--outputs {','.join(variant.fetches)} {transform} rewrites what can be rewritten"
    )


def _no_ops(file: EngineFile) -> str | None:
    """Why this library cannot time operators: TensorFlow Lite's C API has had a profiler since 2.14."""
    if file.engine == "tflite" and not names_symbol(file.path, _TFLITE_PROFILER):
        return f"{file.engine} {file.version or ''} has no profiler in its C API".replace("  ", " ")
    return None
