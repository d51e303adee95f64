"""pm and `cmd package`: a list of packages, and APK files that are kept when installed."""

from __future__ import annotations

import contextlib
import os
import struct
import zipfile
from pathlib import PurePosixPath
from typing import Any

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
        known = call.handset.state.packages.get(words[-1], {}).get("path") or _SYSTEM.get(words[-1])
        if known:
            call.print(f"package:{known}")
        return 0 if known else 1
    if verb == "install":
        return await install(call, words)
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
    size = next((int(words[i + 1]) for i, w in enumerate(words[:-1]) if w == "-S"), None)
    folder = f"/data/app/vmdl{len(call.handset.state.packages) + 1}.tmp"
    await call.handset.running.ask("fs", name="folders", path=folder)
    path = f"{folder}/base.apk"
    try:
        if size is None:
            await copy_apk(call, call.path(words[-1]), path)
        else:
            await take_apk(call, size, path)
        entry = await read_apk(call, path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, struct.error) as error:
        await remove(call, path)
        call.print(f"Failure [INSTALL_PARSE_FAILED_NOT_APK: {error}]")
        return 1
    name = entry.pop("package")
    final = f"/data/app/{name}-1"
    await remove(call, f"{final}/base.apk")
    await call.handset.running.ask("fs", name="rename", path=folder, extra=final)
    uid = 10000 + 60 + len(call.handset.state.packages)
    call.handset.state.packages[name] = entry | {"path": f"{final}/base.apk", "uid": uid}
    call.handset.state.save()
    call.print("Success")
    return 0


async def uninstall(call: Call, name: str) -> int:
    entry = call.handset.state.packages.pop(name, None)
    if entry is None:
        call.print("Failure [DELETE_FAILED_INTERNAL_ERROR]" if call.handset.profile.sdk >= 21 else "Failure")
        return 1
    await remove(call, entry["path"])
    call.handset.state.save()
    call.print("Success")
    return 0


async def remove(call: Call, path: str) -> None:
    """An APK and the folder it was alone in."""
    init = call.handset.running
    with contextlib.suppress(OSError):
        await init.ask("fs", name="unlink", path=path)
        await init.ask("fs", name="rmdir", path=str(PurePosixPath(path).parent))


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


async def read_apk(call: Call, path: str) -> dict[str, Any]:
    """Package name and versions from the APK's binary manifest."""
    fd = await call.handset.running.open(path, os.O_RDONLY)
    with os.fdopen(fd, "rb") as file, zipfile.ZipFile(file) as archive:
        return parse_manifest(archive.read("AndroidManifest.xml"))


def parse_manifest(data: bytes) -> dict[str, Any]:
    """The few attributes of <manifest> and <uses-sdk> that `pm` shows, out of Android's binary XML."""
    strings: list[str] = []
    found: dict[str, Any] = {}
    offset = 8
    while offset + 8 <= len(data):
        kind, header, size = struct.unpack_from("<HHI", data, offset)
        if kind == 0x0001:
            strings = string_pool(data, offset)
        elif kind == 0x0102:
            name, start, width, count = attributes_of(data, offset, header, strings)
            for index in range(count):
                key, raw, value = struct.unpack_from("<II4xI", data[start + width * index + 4 :][:16])
                text: str | int = strings[raw] if raw != 0xFFFFFFFF else value
                found.setdefault(f"{name}/{strings[key]}", text)
        offset += max(size, 8)
    return {
        "package": str(found["manifest/package"]),
        "version_code": found.get("manifest/versionCode", 0),
        "version_name": str(found.get("manifest/versionName", "")),
        "min_sdk": found.get("uses-sdk/minSdkVersion", 1),
        "target_sdk": found.get("uses-sdk/targetSdkVersion", 1),
    }


def attributes_of(data: bytes, offset: int, header: int, strings: list[str]) -> tuple[str, int, int, int]:
    """An element's name, and where its attributes start, how wide each is, how many there are."""
    body = offset + header
    name, start, width, count = struct.unpack_from("<4xIHHH", data, body)
    return strings[name], body + start, width, count


def string_pool(data: bytes, offset: int) -> list[str]:
    count, _styles, flags, start, _ = struct.unpack_from("<5I", data, offset + 8)
    strings = []
    for index in range(count):
        (relative,) = struct.unpack_from("<I", data, offset + 28 + 4 * index)
        at = offset + start + relative
        if flags & 0x100:
            at += 2 if data[at] & 0x80 else 1
            length = data[at] if not data[at] & 0x80 else (data[at] & 0x7F) << 8 | data[at + 1]
            at += 2 if data[at] & 0x80 else 1
            strings.append(data[at : at + length].decode(errors="replace"))
        else:
            (length,) = struct.unpack_from("<H", data, at)
            strings.append(data[at + 2 : at + 2 + 2 * length].decode("utf-16-le", errors="replace"))
    return strings
