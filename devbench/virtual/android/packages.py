"""pm and `cmd package`: a list of packages, and APK files that are kept when installed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zipfile
from pathlib import PurePosixPath
from typing import Any

from devbench.apk import ApkError, parse_manifest, verify_apk
from devbench.virtual.android.call import Call, command

_SYSTEM = {
    "android": "/system/framework/framework-res.apk",
    "com.android.settings": "/system/priv-app/Settings/Settings.apk",
    "com.android.shell": "/system/priv-app/Shell/Shell.apk",
    "com.android.systemui": "/system/priv-app/SystemUI/SystemUI.apk",
}


@command("pm")
async def pm(call: Call) -> int:
    """`list packages|features`, `path`, `install` (a file, or -S SIZE from stdin), `uninstall`, `clear`, `dump`."""
    verb, *words = call.arguments or [""]
    if verb == "list" and words[:1] in (["packages"], ["package"]):
        return list_packages(call, words[1:])
    if verb == "list" and words[:1] == ["features"]:
        call.print("feature:reqGlEsVersion=0x30002\nfeature:android.hardware.ram.normal")
        return 0
    if verb == "path" and words:
        system = [_SYSTEM[words[-1]]] if words[-1] in _SYSTEM else []
        known = call.handset.state.packages.get(words[-1], {}).get("paths", system)
        for path in known:
            call.print(f"package:{path}")
        return 0 if known else 1
    if verb in INSTALLERS:
        return await INSTALLERS[verb](call, words)
    if verb == "uninstall" and words:
        return await uninstall(call, words[-1])
    if verb == "clear" and words:
        call.print("Success" if words[-1] in call.handset.state.packages else "Failed")
        return 0
    if verb == "dump" and words:
        return await dump_package(call, words)
    call.complain(
        f"Unknown command: {verb}" if verb else "usage: pm [list|path|install|uninstall|clear|dump]"
    )
    return 1 if call.handset.profile.sdk < 28 else 255


def list_packages(call: Call, words: list[str]) -> int:
    flags, names = (
        {word for word in words if word.startswith("-")},
        [w for w in words if not w.startswith("-")],
    )
    own = {name: entry["path"] for name, entry in call.handset.state.packages.items()}
    shown = own if "-3" in flags else _SYSTEM if "-s" in flags else _SYSTEM | own
    for name, path in sorted(shown.items()):
        if not names or names[-1] in name:
            call.print(f"package:{path}={name}" if "-f" in flags else f"package:{name}")
    return 0


async def dump_package_service(call: Call, words: list[str]) -> int:
    """`dumpsys package NAME`; without a name all of them."""
    for name in words or sorted(call.handset.state.packages):
        await dump_package(call, [name])
    return 0


async def dump_package(call: Call, words: list[str]) -> int:
    name = words[-1] if words else ""
    entry = call.handset.state.packages.get(name)
    call.print("Packages:" if entry else f"Unable to find package: {name}")
    if entry:
        call.print(f"  Package [{name}] (5e1c2d3):")
        call.print(f"    userId={entry['uid']}")
        call.print(f"    codePath={PurePosixPath(entry['path']).parent}")
        call.print(
            f"    versionCode={entry['version_code']} minSdk={entry['min_sdk']} targetSdk={entry['target_sdk']}"
        )
        call.print(f"    versionName={entry['version_name']}")
    return 0


async def install(call: Call, words: list[str]) -> int:
    """A file of the phone's, or `-S SIZE` bytes from standard input."""
    try:
        number = await open_session(call)
    except OSError as error:
        call.print(f"Failure [INSTALL_FAILED_INTERNAL_ERROR: {error.strerror}]")
        return 1
    try:
        await write_apk(call, number, "base.apk", size_option(words), words[-1] if words else "")
    except (OSError, ValueError) as error:
        await abandon(call, number)
        return failed(call, error)
    return await commit(call, number)


async def install_create(call: Call, _words: list[str]) -> int:
    call.print(f"Success: created install session [{await open_session(call)}]")
    return 0


async def install_write(call: Call, words: list[str]) -> int:
    """`-S SIZE SESSION NAME [PATH|-]`."""
    rest = [w for i, w in enumerate(words) if w != "-S" and (i == 0 or words[i - 1] != "-S")]
    try:
        size = size_option(words)
        await write_apk(
            call, int(rest[0]), f"{PurePosixPath(rest[1]).name}", size, rest[2] if len(rest) > 2 else "-"
        )
    except (OSError, ValueError, IndexError) as error:
        return failed(call, error)
    call.print(f"Success: streamed {size} bytes")
    return 0


async def install_commit(call: Call, words: list[str]) -> int:
    return (
        await commit(call, int(words[0]))
        if words and words[0].isdigit()
        else failed(call, ValueError("no session"))
    )


async def install_abandon(call: Call, words: list[str]) -> int:
    if words and words[0].isdigit():
        await abandon(call, int(words[0]))
    call.print("Success")
    return 0


INSTALLERS = {
    "install": install,
    "install-create": install_create,
    "install-write": install_write,
    "install-commit": install_commit,
    "install-abandon": install_abandon,
}


def failed(call: Call, error: Exception) -> int:
    call.print(f"Failure [INSTALL_PARSE_FAILED_NOT_APK: {error}]")
    return 1


def size_option(words: list[str]) -> int | None:
    return next((int(words[i + 1]) for i, word in enumerate(words[:-1]) if word == "-S"), None)


def session_folder(number: int) -> str:
    return f"/data/app/vmdl{number}.tmp"


async def open_session(call: Call) -> int:
    """A folder for the files of one installation, under a number of its own."""
    call.handset.sessions += 1
    number = 1_000_000 + call.handset.sessions
    await call.handset.running.ask("fs", name="folders", path=session_folder(number))
    return number


async def write_apk(call: Call, number: int, name: str, size: int | None, source: str) -> None:
    target = f"{session_folder(number)}/{name}"
    if source in ("", "-") or size is not None:
        await take_apk(call, size or 0, target)
    else:
        await copy_apk(call, call.path(source), target)


async def commit(call: Call, number: int) -> int:
    """What was written becomes the package that its base APK says it is, if its signature holds."""
    folder = session_folder(number)
    try:
        names = await file_names(call, folder)
        files = {name: await read_file(call, f"{folder}/{name}") for name in names}
        entries = {name: read_apk(data) for name, data in files.items()}
        base, entry = next((name, entry) for name, entry in entries.items() if not entry["split"])
        entry["signer"] = checked(call, entry, files)
        entry["libraries"] = await extract_libraries(call, entry, files[base])
    except Refused as refused:
        await abandon(call, number)
        call.print(f"Failure [{refused}]")
        return 1
    except (OSError, ValueError, KeyError, StopIteration, zipfile.BadZipFile, struct.error) as error:
        await abandon(call, number)
        return failed(call, error)
    package = entry.pop("package")
    final = f"/data/app/{package}-1"
    await remove(call, final)
    await call.handset.running.ask("fs", name="rename", path=folder, extra=final)
    paths = [f"{final}/{name}" for name in (base, *sorted(set(names) - {base}))]
    uid = 10000 + 60 + len(call.handset.state.packages)
    call.handset.state.packages[package] = entry | {"path": paths[0], "paths": paths, "uid": uid}
    call.handset.state.save()
    call.print("Success")
    return 0


class Refused(Exception):
    """Why a package is not installed, as Android names it."""


def checked(call: Call, entry: dict[str, Any], files: dict[str, bytes]) -> str:
    """SHA-256 of the signer's certificate; Refused by its signature, by what is installed, or by this Android."""
    sdk, package = call.handset.profile.sdk, entry["package"]
    try:
        signers = {verify_apk(data, v2=sdk >= 24).whole for data in files.values()}
    except ApkError as error:
        raise Refused(f"INSTALL_PARSE_FAILED_NO_CERTIFICATES: Failed to collect certificates: {error}") from error
    if len(signers) != 1:
        raise Refused("INSTALL_FAILED_INVALID_APK: the parts are signed by different keys")
    if int(entry["min_sdk"]) > sdk:
        raise Refused(f"INSTALL_FAILED_OLDER_SDK: requires API {entry['min_sdk']}, this is {sdk}")
    signer = hashlib.sha256(signers.pop()).hexdigest()
    if call.handset.state.packages.get(package, {}).get("signer", signer) != signer:
        raise Refused(f"INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package {package} signatures do not match")
    return signer


async def extract_libraries(call: Call, entry: dict[str, Any], apk: bytes) -> str:
    """The APK's libraries for this phone's best ABI in a folder of the package's own, as Android does it."""
    folder = library_folder(entry["package"])
    await remove(call, folder)
    init = call.handset.running
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        libraries = [name for name in archive.namelist() if name.startswith("lib/") and name.endswith(".so")]
        by_abi = ([n for n in libraries if n.startswith(f"lib/{abi}/")] for abi in call.handset.abis)
        own = next(filter(None, by_abi), [])
        if libraries and not own:
            raise Refused("INSTALL_FAILED_NO_MATCHING_ABIS: Failed to extract native libraries, res=-113")
        await init.ask("fs", name="folders", path=folder)
        for name in own:
            path = f"{folder}/{PurePosixPath(name).name}"
            writing = await init.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755)
            with os.fdopen(writing, "wb") as file:
                file.write(archive.read(name))
    return folder


def library_folder(package: str) -> str:
    return f"/data/app/{package}-lib"


async def abandon(call: Call, number: int) -> None:
    await remove(call, session_folder(number))


async def uninstall(call: Call, name: str) -> int:
    entry = call.handset.state.packages.pop(name, None)
    if entry is None:
        call.print("Failure [DELETE_FAILED_INTERNAL_ERROR]")
        return 1
    await remove(call, str(PurePosixPath(entry["path"]).parent))
    await remove(call, library_folder(name))
    call.handset.state.save()
    call.print("Success")
    return 0


async def file_names(call: Call, folder: str) -> list[str]:
    fd = await call.handset.running.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return sorted(entry.name for entry in os.scandir(fd))
    finally:
        os.close(fd)


async def remove(call: Call, folder: str) -> None:
    """A folder of APKs, if it is there."""
    init = call.handset.running
    with contextlib.suppress(OSError):
        for name in await file_names(call, folder):
            await init.ask("fs", name="unlink", path=f"{folder}/{name}")
        await init.ask("fs", name="rmdir", path=folder)


async def copy_apk(call: Call, source: str, target: str) -> None:
    init = call.handset.running
    reading = await init.open(source, os.O_RDONLY)
    writing = await init.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(reading, "rb") as source_file, os.fdopen(writing, "wb") as target_file:
        while data := source_file.read(1 << 20):
            target_file.write(data)


async def take_apk(call: Call, size: int, target: str) -> None:
    writing = await call.handset.running.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(writing, "wb") as file:
        while size > 0:
            data = await call.read_input(min(size, 1 << 20))
            if not data:
                raise ValueError("stream ended early")
            file.write(data)
            size -= len(data)


async def read_file(call: Call, path: str) -> bytes:
    fd = await call.handset.running.open(path, os.O_RDONLY)
    with os.fdopen(fd, "rb") as file:
        return file.read()


def read_apk(apk: bytes) -> dict[str, Any]:
    """Package name and versions from the APK's binary manifest."""
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        return parse_manifest(archive.read("AndroidManifest.xml"))
