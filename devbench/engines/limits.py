"""What an engine library cannot do on a phone, said before anything is pushed there."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.domain.device import DeviceInfo
from devbench.engines.file import EngineFile
from devbench.engines.table import Release, Table, engine_table

# delegates whose code is in a library beside the engine's
NEEDS_LIBRARY = frozenset({"gpu", "gpu-fp16", "external"})
NNAPI_SDK = 27
# what may stand behind a delegate's name; of an external one its own library decides
DELEGATE_OPTIONS: dict[str, tuple[str, ...] | None] = {
    "none": (),
    "xnnpack": ("weight-cache",),
    "xnnpack-fp16": (),
    "gpu": (),
    "gpu-fp16": (),
    "nnapi": ("accelerator",),
    "external": None,
}


def refusal(
    file: EngineFile, device: DeviceInfo, delegate: str | None, table: Table | None = None
) -> str | None:
    """One sentence why `file` with `delegate` cannot run on the phone; None where nothing known forbids it.

    What is not known (a phone that does not tell its page size, delegates of a user's own library) forbids nothing:
    the phone itself has the last word. `delegate` None: whatever it will be.
    """
    name = f"{file.engine} {file.version or ''}".strip()
    os_name, _, abi = file.target.partition("-")
    if os_name != device.target.partition("-")[0] or abi not in device.abis:
        return f"{name} is for {file.target}, the phone is {device.target} and runs {', '.join(device.abis)}"
    if file.minimal_api is not None and device.sdk is not None and device.sdk < file.minimal_api:
        return (
            f"{name} is built for Android API {file.minimal_api} and later, the phone has API {device.sdk}"
            + _that_fit(file, device, table)
        )
    alignment, page = file.load_alignment_bytes, device.page_size_bytes
    if alignment is not None and page is not None and page > alignment:
        return (
            f"{name} is aligned to pages of {alignment} bytes, the phone's have {page}: its linker refuses it"
            + _that_fit(file, device, table)
        )
    if delegate not in (None, "none") and file.delegates is not None and delegate not in file.delegates:
        has = ", ".join(("none", *file.delegates))
        return f"{name} has no delegate {delegate}; it has: {has}"
    return None


def delegate_refusal(
    name: str, file: EngineFile, device: DeviceInfo, *, own_library: bool
) -> str | None:
    """One sentence why the delegate called `name` cannot be applied by an engine on a phone; None where it may be.

    A library of the user's own (`own_library`) is for the phone to judge.
    """
    if name in ("none", "xnnpack"):
        return refusal(file, device, name)
    engine = f"{file.engine} {file.version or ''}".strip()
    if file.engine != "tflite":
        return f"{engine} has no delegate {name}; it has: {', '.join(('none', *(file.delegates or ('xnnpack',))))}"
    if name == "nnapi":
        return _nnapi_refusal(device)
    if name.startswith("gpu") and not own_library and not device.target.startswith("android-"):
        return f"{device.device} is {device.target}: there is no GPU delegate for it"
    return None


def option_refusal(name: str, file: EngineFile, options: Iterable[str]) -> str | None:
    """One sentence why a delegate's option cannot be honoured by an engine; None where all may be."""
    cached = name == "xnnpack" and any(option.startswith("weight-cache:") for option in options)
    if cached and file.engine != "litert":
        return f"{file.engine} {file.version or ''} has no weight cache; engine litert has one".replace("  ", " ")
    return None


def _nnapi_refusal(device: DeviceInfo) -> str | None:
    if not device.target.startswith("android-"):
        return f"{device.device} is {device.target}: NNAPI is Android's"
    if device.sdk is not None and device.sdk < NNAPI_SDK:
        return f"{device.device} has API {device.sdk}: NNAPI came with API {NNAPI_SDK} (Android 8.1)"
    return None


def _that_fit(file: EngineFile, device: DeviceInfo, table: Table | None) -> str:
    engine = (engine_table() if table is None else table).get(file.engine)
    releases = engine.releases.values() if engine else ()
    fit = [release.version for release in releases if _fits(release, file.target, device)]
    return f"; what fits: {', '.join(f'{file.engine}@{version}' for version in fit)}" if fit else ""


def _fits(release: Release, target: str, device: DeviceInfo) -> bool:
    library = release.libraries.get(target)
    return (
        library is not None
        and (device.sdk or 0) >= (library.minimal_api or 0)
        and (device.page_size_bytes or 0) <= library.load_alignment_bytes
    )
