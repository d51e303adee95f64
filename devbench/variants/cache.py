"""Built variants by content, so that a second run finds them without TensorFlow being imported or even installed.

<folder>/<key of recipe and code>/<key of package versions>/model.tflite, entry.json
<folder>/training/<key>/       what was learnt, with its held-out set; half of it after a Ctrl-C
<folder>/logs/<model>.log      what TensorFlow said
<folder>/.building-*           work in progress; left behind only by a crash, removed by the next builder
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from devbench.domain.codec import from_json, to_json
from devbench.domain.suite import Recipe, StepCall
from devbench.domain.variant import Variant
from devbench.errors import DevbenchError, StoreError
from devbench.hashing import sha256_of
from devbench.variants import chain, saved_signature, tflite_converter, worker
from devbench.variants.held_out import DESCRIPTION
from devbench.variants.source import load_source
from devbench.variants.steps import NamesCode, load_step
from devbench.variants.weights import Weights

_SCHEMA = 1
_PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`entry.json`: the variant (its path is the file's name), and everything that decided it."""

    variant: Variant
    versions: dict[str, str]
    made_of: dict[str, str]
    schema: int = _SCHEMA


def installed_versions() -> dict[str, str]:
    """Versions of the packages that decide a file's bytes; empty where no TensorFlow is installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found if "tensorflow" in found or "tensorflow-cpu" in found else {}


def made_of(recipe: Recipe, chain_of: tuple[StepCall, ...], weights: Weights) -> dict[str, str]:
    """Everything but package versions that decides the file, `code` being a hash of the files that make it."""
    return {
        "source": recipe.source,
        "weights": weights.kind,
        "seed": str(recipe.seed),
        "batch": "open" if recipe.batch is None else str(recipe.batch),
        "samples": f"{recipe.samples} {recipe.low} {recipe.high}",
        "steps": json.dumps([to_json(call) for call in chain_of], sort_keys=True),
        "code": _code_hash(recipe.source, chain_of),
    }


class VariantCache:
    """The folder of built variants of this user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = installed_versions()

    def training_folder(self, recipe: Recipe, weights: Weights) -> Path:
        """The folder that is kept for whatever learning decides the network, whichever variants are made of it."""
        decides = {
            "source": recipe.source,
            "weights": weights.kind,
            "seed": str(recipe.seed),
            "code": source_sha256(recipe.source),
        }
        return self.folder / "training" / _key(decides | self._versions)

    def find(self, parts: dict[str, str]) -> Variant | None:
        """The variant made of `parts` by the installed packages; without TensorFlow, the newest by any."""
        family = self.folder / _key(parts)
        if self._versions:
            return self._read(family / _key(self._versions))
        entries = sorted(family.glob("*/entry.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        return next((found for entry in entries if (found := self._read(entry.parent)) is not None), None)

    def _read(self, folder: Path) -> Variant | None:
        entry = _read_entry(folder / "entry.json")
        if entry is None:
            return None
        variant = self._placed(entry.variant, folder)
        file = Path(variant.path)
        if not file.is_file() or sha256_of(file) != variant.sha256:
            return None
        if variant.held_out is not None and not (Path(variant.held_out.folder) / DESCRIPTION).is_file():
            return None
        return variant

    def _placed(self, variant: Variant, folder: Path) -> Variant:
        """With absolute paths: entries keep relative ones, so that a cache may be moved."""
        held_out = variant.held_out
        if held_out is not None:
            held_out = replace(held_out, folder=str(self.folder / held_out.folder))
        return replace(variant, path=str(folder / variant.path), held_out=held_out)

    def put(self, parts: dict[str, str], variant: Variant, file: Path) -> Variant:
        """Takes `file` into the cache as `variant`; call it with the lock held. The file may still be read."""
        target = self.folder / _key(parts) / _key(self._versions)
        held_out = variant.held_out
        if held_out is not None:
            held_out = replace(
                held_out, folder=str(Path(held_out.folder).relative_to(self.folder.absolute()))
            )
        entry = Entry(
            variant=replace(variant, path=f"model.{variant.format}", held_out=held_out),
            versions=self._versions,
            made_of=parts,
        )
        with self.workspace() as folder:
            _link(file, folder / entry.variant.path)
            text = json.dumps(to_json(entry), indent=1, sort_keys=True)
            (folder / "entry.json").write_text(text, encoding="utf-8")
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
        return replace(variant, path=str(target / entry.variant.path))

    def all(self) -> tuple[Entry, ...]:
        """Every complete entry, by variant id; paths are absolute."""
        found = []
        for file in self.folder.glob("*/*/entry.json"):
            entry = _read_entry(file)
            if entry is not None:
                found.append(replace(entry, variant=self._placed(entry.variant, file.parent)))
        return tuple(sorted(found, key=lambda entry: (entry.variant.variant, entry.variant.path)))

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A folder on the cache's own file system that is gone afterwards unless it was renamed."""
        folder = Path(tempfile.mkdtemp(prefix=".building-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Alone among all builders of this cache; `waiting` is told when another one is at work."""
        from filelock import FileLock, Timeout

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                waiting()
                lock.acquire()
        except OSError as e:
            raise StoreError(f"the cache {self.folder} cannot be written: {e.strerror or e}") from e
        try:
            for left_over in self.folder.glob(".building-*"):
                shutil.rmtree(left_over, ignore_errors=True)
            yield
        finally:
            lock.release()


def source_sha256(source: str) -> str:
    """The hash of the file that a recipe starts from, or of the files that make its network."""
    module, name = load_source(source)
    hashes = [sha256_of(file) for file in module.code_files(name)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _code_hash(source: str, chain_of: tuple[StepCall, ...]) -> str:
    module, name = load_source(source)
    files = [*module.code_files(name), *(Path(load_step(call.name).__file__) for call in chain_of)]
    for call in chain_of:
        step = load_step(call.name)
        if isinstance(step, NamesCode):
            files += step.code_files(call.parameters)
    files += [Path(str(code.__file__)) for code in (chain, saved_signature, tflite_converter, worker)]
    return hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()


def _key(parts: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def _read_entry(file: Path) -> Entry | None:
    """None for what is missing, damaged or of another schema: such an entry is simply built again."""
    try:
        return from_json(Entry, json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, DevbenchError):
        return None


def _link(file: Path, target: Path) -> None:
    """A second name for the file; a copy where the file system has none."""
    try:
        target.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, target)
