"""Builds devbench-runner for every target with the `ziglang` wheel: users have neither NDK nor compiler.

    python android-runner/build.py [--target linux-x86_64]… [--out DIR]

The same sources and the same zig give the same bytes, in whatever folder they lie. DIR (by default the package's
`devbench/data/runners`) gets `<target>/devbench-runner`, the same as a library for a virtual machine to load
(`<target>/libdevbench_runner.so`), the app's `classes.dex`, and `manifest.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "src"
STUBS = HERE / "stubs"
DEX = HERE / "prebuilt" / "classes.dex"
PROGRAM, LIBRARY = "devbench-runner", "libdevbench_runner.so"
DEFAULT_OUT = HERE.parent / "devbench" / "data" / "runners"


class BuildError(Exception):
    """The runner cannot be built; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One runner: OS and ABI as devbench names them, and how zig is told.

    `loader` is the dynamic linker of an Android target; Linux targets use glibc's and zig's own libraries.
    `small` is what makes its code smaller than -Os does.
    """

    name: str
    abi: str
    zig: str
    flags: tuple[str, ...] = ()
    loader: str | None = None
    small: tuple[str, ...] = ("-flto",)


# zig takes -Oz for -Os; the real one wants helpers of 32-bit code that no phone has
_SMALLEST = ("-flto", "-Xclang", "-Oz")
_LOADER_64, _LOADER_32 = "/system/bin/linker64", "/system/bin/linker"
_ANDROID = (
    Target(
        name="android-arm64-v8a",
        abi="arm64-v8a",
        zig="aarch64-linux-none",
        loader=_LOADER_64,
        small=_SMALLEST,
    ),
    Target(
        name="android-armeabi-v7a",
        abi="armeabi-v7a",
        zig="thumb-linux-none",  # a quarter smaller, and every ARMv7 has it
        flags=("-mcpu=cortex_a9", "-mfloat-abi=softfp"),
        loader=_LOADER_32,
        small=(),  # optimised by the linker it would pass floats otherwise than its flags say
    ),
    Target(
        name="android-x86_64",
        abi="x86_64",
        zig="x86_64-linux-none",
        loader=_LOADER_64,
        small=_SMALLEST,
    ),
    Target(
        name="android-x86",
        abi="x86",
        zig="x86-linux-none",
        flags=("-mcpu=i686+ssse3", "-mstackrealign"),
        loader=_LOADER_32,
    ),
)
# glibc 2.17 is the lowest that zig offers for aarch64 and old enough for any board.
_LINUX = (
    Target(name="linux-x86_64", abi="x86_64", zig="x86_64-linux-gnu.2.17"),
    Target(name="linux-aarch64", abi="aarch64", zig="aarch64-linux-gnu.2.17"),
)
TARGETS = {target.name: target for target in (*_ANDROID, *_LINUX)}

COMPILE = (
    *("-std=gnu11", "-Wall", "-Wextra", "-Werror"),
    *("-ffunction-sections", "-fdata-sections"),
    *("-fno-sanitize=all", "-fno-stack-protector", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"),
)
# 16 KB pages are those of newer phones; Android 5 needs the old hash table beside the GNU one.
LINK = ("-s", "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-z,max-page-size=16384")
# small, because four of it lie in the app; what is timed is the engine's code, which is its own
AS_PROGRAM = ("-Os", "-fPIE", "-pie")
AS_LIBRARY = (
    *("-Os", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-DDEVBENCH_LIBRARY", f"-Wl,-soname,{LIBRARY}"),
)
LINK_ANDROID = ("-nostdlib", "-Wl,--hash-style=both")
STUB = (
    *("-shared", "-s", "-nostdlib", "-fPIC", "-fno-builtin", "-fno-sanitize=all", "-fno-unwind-tables", "-w"),
    *("-fno-asynchronous-unwind-tables", "-Wl,--build-id=none", "-Wl,--hash-style=both"),
    "-Wl,-z,max-page-size=16384",
)
# for the linker, to find what a phone has; and within the runner, to be loaded there (src/stand_ins.h)
LINKED_STUBS = ("libc", "libdl")
STAND_INS = ("libandroid", "libz")


def version() -> str:
    """The package's version, without importing the package."""
    text = (HERE.parent / "devbench" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise BuildError("devbench/__init__.py holds no __version__")
    return found[1]


def protocol() -> int:
    """The protocol number that the sources speak."""
    found = re.search(r"^#define PROTOCOL (\d+)", (SOURCES / "platform.h").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise BuildError("src/platform.h holds no PROTOCOL")
    return int(found[1])


def zig_version() -> str:
    """Version of the `ziglang` wheel; BuildError without one."""
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        raise BuildError(
            "the runner is compiled by zig, which is not installed here: pip install ziglang==0.17.1 "
            "(or use a devbench wheel, which holds the runners ready-made)"
        ) from None


def sources_hash() -> str:
    """Hash of all that decides the bytes of the runners."""
    digest = hashlib.sha256(version().encode())
    for path in sorted([*SOURCES.rglob("*.[ch]"), *STUBS.glob("*.txt"), DEX, Path(__file__)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def run_zig(target: Target, arguments: list[str]) -> None:
    """`zig cc` for `target`, from the folder of the sources so that no path gets into a binary."""
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target.zig, *target.flags, *arguments]
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"zig cannot build {target.name}:\n{done.stderr.strip()[-4000:]}")


def build_stub(target: Target, scratch: Path, name: str) -> Path:
    """A library with the functions that `stubs/` names; each traps, for none of them is ever to be called."""
    symbols = (STUBS / f"{name}.txt").read_text("utf-8").split()
    lines = [f"void {symbol}(void) {{ __builtin_trap(); }}" for symbol in symbols]
    if target.abi == "armeabi-v7a":
        lines.insert(0, '__attribute__((visibility("hidden"))) void __aeabi_unwind_cpp_pr0(void) {}')
    source, library = scratch / f"{name}.c", scratch / f"{name}.so"
    source.write_text("\n".join(lines) + "\n", "utf-8")
    run_zig(target, [*STUB, f"-Wl,-soname,{name}.so", "-o", str(library), str(source)])
    return library


def build_target(
    target: Target, scratch: Path, sources: Sequence[Path] = (), *, library: bool = False
) -> Path:
    """Compiles and links the runner (or other `sources`) for `target` in the folder `scratch`; the binary."""
    binary = scratch / (LIBRARY if library else PROGRAM)
    arguments = [
        *COMPILE,
        *(AS_LIBRARY if library else AS_PROGRAM),
        *target.small,
        f'-DRUNNER_VERSION="{version()}"',
        f'-DRUNNER_ABI="{target.abi}"',
        f'-DRUNNER_TARGET="{target.name}"',
        f"-ffile-prefix-map={SOURCES}=src",
        "-I.",
        *LINK,
        *("-o", str(binary)),
        *map(str, sources or [Path(path.name) for path in sorted(SOURCES.glob("*.c"))]),
    ]
    if target.loader is None:
        arguments += ["-D_GNU_SOURCE", "-ldl"]
    else:
        arguments += ["-DDEVBENCH_BIONIC", "-fno-builtin", *LINK_ANDROID]
        if not library:  # an app has the framework in it already
            for name in STAND_INS:
                build_stub(target, scratch, name)
            arguments += [f'-DSTAND_INS="{scratch}"', f"-Wl,--dynamic-linker={target.loader}"]
        arguments += [str(build_stub(target, scratch, name)) for name in LINKED_STUBS]
    run_zig(target, arguments)
    return binary


def build(targets: list[str], out: Path) -> dict[str, object]:
    """Builds `targets` below `out` and writes the manifest, which is returned; BuildError on failure."""
    compiler = zig_version()
    manifest: dict[str, object] = {
        "version": version(),
        "zig": compiler,
        "protocol": protocol(),
        "sources_sha256": sources_hash(),
        "targets": {},
    }
    built: dict[str, dict[str, object]] = {}
    libraries: dict[str, dict[str, object]] = {}
    out.mkdir(parents=True, exist_ok=True)
    for name in targets:
        with tempfile.TemporaryDirectory(prefix="devbench-runner-") as scratch:
            program = build_target(TARGETS[name], Path(scratch))
            built[name] = install(program, out / name / PROGRAM)
            library = build_target(TARGETS[name], Path(scratch), library=True)
            libraries[name] = install(library, out / name / LIBRARY)
    manifest |= {"targets": built, "libraries": libraries, "dex": install(DEX, out / DEX.name)}
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return manifest


def install(binary: Path, to: Path) -> dict[str, object]:
    """Moves a finished binary into place; its entry in the manifest."""
    content = binary.read_bytes()
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + f".{os.getpid()}.part")
    shutil.copyfile(binary, part)
    part.chmod(0o755)
    part.replace(to)
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write_atomically(path: Path, text: str) -> None:
    part = path.with_name(path.name + f".{os.getpid()}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def is_current(out: Path) -> bool:
    """Whether `out` holds every target, built from these very sources."""
    try:
        manifest = json.loads((out / "manifest.json").read_text("utf-8"))
        if manifest["sources_sha256"] != sources_hash() or set(manifest["targets"]) != set(TARGETS):
            return False
        entries = {DEX.name: manifest["dex"]}
        entries |= {f"{name}/{PROGRAM}": entry for name, entry in manifest["targets"].items()}
        entries |= {f"{name}/{LIBRARY}": entry for name, entry in manifest["libraries"].items()}
        return all(
            hashlib.sha256((out / name).read_bytes()).hexdigest() == entry["sha256"]
            for name, entry in entries.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def ensure(out: Path = DEFAULT_OUT) -> bool:
    """Builds every target unless they are there already; True if something was built."""
    if is_current(out):
        return False
    build(list(TARGETS), out)
    return True


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="repeatable; default: all")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args(argv)
    try:
        manifest = build(options.target or list(TARGETS), options.out)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(manifest, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
