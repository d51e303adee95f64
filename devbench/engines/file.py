"""`EngineFile`, a library on this computer that a phone of its target can run, and the checks every file passes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devbench.engines.elf import ElfLibrary, machine_of_target, read_elf
from devbench.errors import EngineError
from devbench.hashing import sha256_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """A library that can be pushed to a phone of `target`.

    `delegates` is None where nobody says which there are (a user's own file); `minimal_api` is None where the
    library names none, `load_alignment_bytes` None where it was not read (a run that is resumed). `on_phone` is
    where the phone has the very file itself (see `place.py`); other files are pushed.
    """

    engine: str
    version: str | None
    target: str
    path: Path
    sha256: str
    size_bytes: int
    delegates: tuple[str, ...] | None = None
    minimal_api: int | None = None
    load_alignment_bytes: int | None = None
    on_phone: str | None = None


def engine_file(
    engine: str,
    version: str | None,
    target: str,
    path: Path,
    *,
    delegates: tuple[str, ...] | None = None,
    minimal_api: int | None = None,
    program: bool = False,
) -> EngineFile:
    """The library (or `program`) at `path`, read and hashed; EngineError of kind `abi` if for another target."""
    elf = read_elf(path, program=program)
    check_target(elf, target, path)
    if target.startswith("android-"):
        minimal_api = max((api for api in (minimal_api, elf.minimal_api) if api is not None), default=None)
    return EngineFile(
        engine=engine,
        version=version,
        target=target,
        path=path.resolve(),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        delegates=delegates,
        minimal_api=minimal_api,
        load_alignment_bytes=elf.load_alignment_bytes,
    )


def check_target(elf: ElfLibrary, target: str, path: Path) -> None:
    """EngineError of kind `abi` if a phone of `target` cannot load the library."""
    wanted = machine_of_target(target)
    if elf.machine != wanted:
        raise EngineError(
            f"abi: {path} is built for {elf.machine}, {target} needs {wanted}",
            fix=f"the library for {target}",
            kind="abi",
        )
    alien = elf.needs_of_linux if target.startswith("android-") else elf.needs_of_android
    if alien is not None:
        built, os_name = ("Linux", "Android") if target.startswith("android-") else ("Android", "Linux")
        raise EngineError(f"abi: {path} is built for {built} (it needs {alien}), not {os_name}", kind="abi")
