"""Apps on a phone: ours, built with the engines that its jobs need; installed once, and why that failed."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.apk import PACKAGE, Entry, stored
from devbench.domain.measurement import Failure
from devbench.errors import EngineError
from devbench.runners.base import Site
from devbench.runners.binaries import ANDROID_ABIS, build_app
from devbench.runners.cas import PROTOCOL, LocalFile, Told, ensure_files

if TYPE_CHECKING:
    from devbench.engines import EngineFile

INSTALL_DEADLINE_S = 300.0
_FOREIGN = ("INSTALL_FAILED_UPDATE_INCOMPATIBLE", "INSTALL_FAILED_VERSION_DOWNGRADE")
_WITHOUT_APP = "--runner app_process needs no installation, --runner native no app"
_GRANTS = 23  # Android 6 knows permissions that are granted at installation
# Android 14 refuses apps that were made for Android 5, unless it is told not to
_REFUSES_OLD, _OLD_TARGET = 34, "--bypass-low-target-sdk-block"
_BY_USER = "allow installations by USB in the developer options, and tap Install when the phone asks"
_FIXES = {
    "INSTALL_FAILED_USER_RESTRICTED": _BY_USER,
    "INSTALL_FAILED_VERIFICATION_FAILURE": "adb shell settings put global verifier_verify_adb_installs 0",
    "INSTALL_FAILED_VERIFICATION_TIMEOUT": "adb shell settings put global verifier_verify_adb_installs 0",
    "INSTALL_FAILED_INSUFFICIENT_STORAGE": "free some space on the phone",
    "INSTALL_FAILED_OLDER_SDK": "the app needs a later Android; --runner native has no such limit",
    "INSTALL_FAILED_NO_MATCHING_ABIS": "--abi with one that the phone has; `devbench devices` lists them",
    "INSTALL_FAILED_CPU_ABI_INCOMPATIBLE": "--abi with one that the phone has; `devbench devices` lists them",
    "INSTALL_FAILED_ABORTED": _BY_USER,
    "INSTALL_CANCELED_BY_USER": _BY_USER,
}


def apk_abi(abi: str) -> str:
    """How Android calls the ABI of a target."""
    return {"aarch64": "arm64-v8a"}.get(abi, abi)


def engine_name(sha256: str) -> str:
    """The library's name inside the APK: several versions of an engine lie beside each other."""
    return f"libengine-{sha256[:16]}.so"


def install(
    site: Site, runner: LocalFile, engines: Iterable[EngineFile], abis: Iterable[str], told: Told,
    models: tuple[Entry, ...] = (),
) -> Failure | None:  # fmt: skip
    """The app with these engines and models is on the phone; or why it is not. DeviceError for a lost phone."""
    entries = tuple(_entry(engine) for engine in sorted(engines, key=lambda engine: engine.sha256))
    wanted = tuple(sorted({apk_abi(abi) for abi in abis} & set(ANDROID_ABIS)))
    try:
        apk = build_app(wanted, extra=(*entries, *models))
    except EngineError as error:
        return Failure(kind="not-installed", cause=error.message, fix=error.fix or "")
    sha256 = hashlib.sha256(apk).hexdigest()
    if _installed(site, runner, PACKAGE) == sha256:
        return None
    with tempfile.TemporaryDirectory(prefix="devbench-apk-") as folder:
        path = Path(folder, "devbench-runner.apk")
        path.write_bytes(apk)
        file = LocalFile(what="the app", path=path, sha256=sha256, size_bytes=len(apk))
        ensure_files(site.phone, runner, [file], told, stop=site.stop)
    refused = _install(site, file)
    if refused is not None and refused.startswith(_FOREIGN):
        site.phone.shell(f"pm uninstall {PACKAGE}", deadline_s=INSTALL_DEADLINE_S)
        refused = _install(site, file)
    site.phone.remove(file.remote)
    return None if refused is None else _failure(refused, _WITHOUT_APP)


def install_tool(site: Site, runner: LocalFile, file: LocalFile, package: str, told: Told) -> Failure | None:
    """`file`, an app of the user's, is on the phone as `package`; or why it is not. DeviceError for a lost phone.

    One of another signer is left alone: it may be there on purpose.
    """
    if _installed(site, runner, package) == file.sha256:
        return None
    ensure_files(site.phone, runner, [file], told, stop=site.stop)
    sdk = site.info.sdk or 0
    options = ["-d", *(["-g"] if sdk >= _GRANTS else []), *([_OLD_TARGET] if sdk >= _REFUSES_OLD else [])]
    refused = _install(site, file, options)
    site.phone.remove(file.remote)
    if refused is None:
        return None
    foreign = refused.startswith("INSTALL_FAILED_UPDATE_INCOMPATIBLE")
    return _failure(refused, f"adb uninstall {package}" if foreign else "--runner native needs no app")


def _entry(engine: EngineFile) -> Entry:
    abi = apk_abi(engine.target.partition("-")[2])
    return stored(f"lib/{abi}/{engine_name(engine.sha256)}", engine.path.read_bytes())


def _installed(site: Site, runner: LocalFile, package: str) -> str | None:
    """SHA-256 of an app that is on the phone."""
    script = (
        f"p=$(pm path {package} 2>/dev/null); p=${{p#package:}}; "
        f'[ -n "$p" ] && {runner.remote} {PROTOCOL} sha256 "$p"'
    )
    found = re.search(r'"sha256":"([0-9a-f]{64})"', site.phone.shell(script).stdout)
    return found[1] if found else None


def _install(site: Site, file: LocalFile, options: Iterable[str] = ()) -> str | None:
    """What `pm install` calls its failure; None if there was none. It wants the name to end in .apk (Android 5)."""
    named = f"{file.remote}.apk"
    words = " ".join(("-r", *options))
    script = f"mv {file.remote} {named} && pm install {words} {named} 2>&1; mv {named} {file.remote}"
    said = site.phone.shell(script, deadline_s=INSTALL_DEADLINE_S).stdout
    if re.search(r"^Success", said, re.MULTILINE):
        return None
    found = re.search(r"\[?((?:INSTALL|DELETE)_\w+[^\]\n]*)", said)
    return found[1] if found else said.strip()[-300:] or "pm install said nothing"


def _failure(refused: str, otherwise: str) -> Failure:
    name = re.match(r"\w+", refused)
    fix = _FIXES.get(name[0] if name else "", otherwise)
    return Failure(kind="not-installed", cause=f"the phone did not install the app: {refused}", fix=fix)
