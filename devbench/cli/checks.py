"""The checks behind `devbench doctor`: each looks at one thing and says what it saw and what to do."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.translate import DISK_FULL_FIX, NO_PERMISSIONS_FIX
from devbench.cli.environment import Environment
from devbench.domain.check import Check
from devbench.errors import DevbenchError
from devbench.units import show

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.domain.device import DeviceInfo

MIN_FREE_BYTES = 500_000_000
MIN_PHONE_FREE_BYTES = 50_000_000  # an engine, a few models, the lines of a job
UDEV_FOLDERS = ("/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d")


def host_checks(environment: Environment, out: Path) -> Iterator[Check]:
    """What this computer needs."""
    yield _adb(environment)
    yield _usb()
    yield _runners()
    yield _engine(environment)
    yield _engine_cache(environment)
    yield _tensorflow()
    yield _virtual()
    yield _results(out)
    yield _disk(environment)


def phone_checks(environment: Environment, device: str) -> Iterator[Check]:
    """The adb server, and each phone on it. Looks only: starts no virtual phone."""
    from devbench.cli.servers import target_of
    from devbench.devices import select

    if "virtual" in device:
        return
    try:
        with target_of(device, environment) as target:
            version = target.server.version()
            yield Check(name="adb server", status="ok", found=f"version {version} at {target.server.address}")
            selection = select(target.server, target.spec)
            for reject in selection.rejects:
                found = f"[{reject.state}] {reject.reason}"
                yield Check(name=f"phone {reject.serial}", status="problem", found=found, fix=reject.fix)
            for info in selection.devices:
                yield from _phone(target.server, info)
            if not selection.devices and not selection.rejects:
                fix = "connect one with USB debugging on, or try `devbench run --device virtual`"
                yield Check(name="phones", status="note", found="none on this adb server", fix=fix)
    except DevbenchError as error:
        yield Check(name="adb server", status="problem", found=error.message, fix=error.fix or "")


def _adb(environment: Environment) -> Check:
    from devbench.adb.server import adb_binary

    try:
        return Check(name="adb", status="ok", found=str(adb_binary(environment.adb)))
    except DevbenchError as error:
        return Check(name="adb", status="problem", found=error.message, fix=error.fix or "")


def _runners() -> Check:
    from devbench.runners.binaries import targets

    found = targets()
    if found:
        return Check(name="runners", status="ok", found=", ".join(found))
    fix = "pip install ziglang && python android-runner/build.py (in a checkout)"
    return Check(name="runners", status="problem", found="none in this installation", fix=fix)


def _engine(environment: Environment) -> Check:
    import platform

    from devbench.engines import parse_engine, resolve

    target = f"linux-{platform.machine()}"
    try:
        file = resolve(parse_engine("litert"), target, cache_dir=environment.engines)
    except DevbenchError as error:
        return Check(name="engine litert", status="note", found=error.message, fix=error.fix or "")
    return Check(name="engine litert", status="ok", found=f"{file.version} for {target}, {file.size_bytes} bytes")


def _engine_cache(environment: Environment) -> Check:
    """Engines for phones: what is here already, or whether it can be fetched."""
    from devbench.engines.inventory import cached_libraries

    cached = cached_libraries(environment.engines)
    if cached:
        names = ", ".join(dict.fromkeys(release.name for release, _ in cached))
        return Check(name="engine cache", status="ok", found=f"{names} in {environment.engines}")
    if importlib.util.find_spec("jgo") is not None:
        return Check(name="engine cache", status="ok", found="empty; engines for phones are fetched when needed")
    return Check(
        name="engine cache",
        status="note",
        found="empty, and nothing here can fetch engines for Android phones",
        fix='pip install "devbench[android]"',
    )


def _tensorflow() -> Check:
    from importlib import metadata

    if importlib.util.find_spec("tensorflow") is None:
        return Check(
            name="TensorFlow",
            status="note",
            found="not installed: models cannot be built, ready .tflite files can be measured",
            fix='pip install "devbench[models]"',
        )
    for name in ("tensorflow-cpu", "tensorflow"):
        try:
            return Check(name="TensorFlow", status="ok", found=f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return Check(name="TensorFlow", status="ok", found="installed")


def _virtual() -> Check:
    from devbench import virtual

    why = virtual.why_not()
    if why is None:
        return Check(name="virtual phones", status="ok", found="this computer allows them")
    reason, _, fix = why.partition("\n")
    return Check(name="virtual phones", status="note", found=reason, fix=fix.strip())


def _results(out: Path) -> Check:
    from devbench import store

    existed = out.exists()
    try:
        store.check_writable(out)
    except DevbenchError as error:
        return Check(name="results", status="problem", found=error.message, fix=error.fix or "")
    finally:
        if not existed and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return Check(name="results", status="ok", found=f"{out} can be written")


def _disk(environment: Environment) -> Check:
    place = next(p for p in (environment.home, *environment.home.parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < MIN_FREE_BYTES:
        fix = f"free space; caches lie in {environment.home}"
        return Check(name="disk", status="problem", found=f"{free} bytes free at {place}", fix=fix)
    return Check(name="disk", status="ok", found=f"{free / 1e9:.0f} GB free at {place}")


def _phone(server: Server, info: DeviceInfo) -> Iterator[Check]:
    """Can it be measured: is there a runner, may it execute what is pushed, is there room?"""
    from devbench.devices.storage import read_free_bytes
    from devbench.runners.binaries import runner_binary
    from devbench.runners.cas import CAS, LocalFile, ensure_runner

    name = f"phone {info.device}"
    phone = server.phone(info.serial)
    try:
        binary = runner_binary(info.target)
        file = LocalFile(what="the runner", path=binary.path, sha256=binary.sha256,
                         size_bytes=binary.size_bytes, executable=True)  # fmt: skip
        ensure_runner(phone, file, lambda *_: None)
        free_bytes = read_free_bytes(phone, CAS)
    except DevbenchError as error:
        yield Check(name=name, status="problem", found=error.message, fix=error.fix or "")
        return
    yield Check(name=name, status="ok", found=f"{info.model}, {info.target}, runs the runner")
    if free_bytes is None:
        yield Check(name=f"{name} storage", status="note", found="its df does not say how much is free")
    elif free_bytes < MIN_PHONE_FREE_BYTES:
        found = f"{show(free_bytes, 'byte')} free"
        yield Check(name=f"{name} storage", status="problem", found=found, fix=DISK_FULL_FIX)
    else:
        yield Check(name=f"{name} storage", status="ok", found=f"{show(free_bytes, 'byte')} free")


def _usb() -> Check:
    """Without a udev rule a phone on Linux shows up as `no permissions`; said before one is plugged in."""
    import sys

    if sys.platform != "linux":
        return Check(name="USB permissions", status="ok", found="nothing to set up on this system")
    rules = [path for folder in UDEV_FOLDERS for path in Path(folder).glob("*android*.rules")]
    if rules:
        return Check(name="USB permissions", status="ok", found=str(rules[0]))
    found = "no udev rule for Android phones"
    return Check(name="USB permissions", status="note", found=found, fix=NO_PERMISSIONS_FIX)
