"""Bytes of models and runtime libraries, and what each way of delivery makes of them: calculated, not measured."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.variant import Variant
from devbench.engines.cache import cached
from devbench.engines.table import Library, Release

_CHUNK_BYTES = 1 << 20
_GZIP = 31
# gzip is a raw deflate stream with a header of 10 and a trailer of 8 bytes; a zip entry has the stream alone
_GZIP_FRAME_BYTES = 18
_ANDROID = "android-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """A model file as it is and compressed by gzip at its best."""

    model: str
    file: str
    format: str
    sha256: str
    size_bytes: int
    gzip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbiSize:
    """The library for one ABI. `split_saves_bytes` is what an APK for this ABI alone leaves out of a universal one.

    `compressed_bytes` is known where the library is cached, else None with its `reason`.
    """

    abi: str
    size_bytes: int
    compressed_bytes: int | None
    reason: str | None
    split_saves_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSize:
    """The libraries of one release; `universal_bytes` are those of all ABIs together."""

    engine: str
    version: str
    abis: tuple[AbiSize, ...]
    universal_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One way to bring a model to a phone, in bytes.

    `apk_bytes` is its share of the APK, `network_bytes` what is fetched after the installation, `phone_bytes` what
    it takes on the phone once it can be used, `mapped` whether it can be mapped into memory as it lies there.
    """

    model: str
    way: str
    apk_bytes: int
    network_bytes: int
    phone_bytes: int
    mapped: bool
    note: str


def model_size(variant: Variant) -> ModelSize:
    sha256, size_bytes = variant.file
    return ModelSize(
        model=variant.variant,
        file=variant.path,
        format=variant.format,
        sha256=sha256,
        size_bytes=size_bytes,
        gzip_bytes=gzip_bytes(Path(variant.path)),
    )


def gzip_bytes(path: Path) -> int:
    """The length of the file when gzip compresses it at level 9, without a name in its header."""
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            total += len(packer.compress(chunk))
    return total + len(packer.flush())


def runtime_size(release: Release, cache_dir: Path) -> RuntimeSize:
    """Sizes from the table's pins; nothing is fetched."""
    libraries = [library for library in release.libraries.values() if library.target.startswith(_ANDROID)]
    universal = sum(library.size_bytes for library in libraries)
    return RuntimeSize(
        engine=release.engine,
        version=release.version,
        abis=tuple(_abi_size(release, library, universal, cache_dir) for library in libraries),
        universal_bytes=universal,
    )


def _abi_size(release: Release, library: Library, universal: int, cache_dir: Path) -> AbiSize:
    path = cached(cache_dir, release, library)
    return AbiSize(
        abi=library.target.removeprefix(_ANDROID),
        size_bytes=library.size_bytes,
        compressed_bytes=None if path is None else gzip_bytes(path) - _GZIP_FRAME_BYTES,
        reason=None if path is not None else f"not cached: devbench engines fetch {release.name}",
        split_saves_bytes=universal - library.size_bytes,
    )


def deliveries(models: Sequence[ModelSize]) -> tuple[Delivery, ...]:
    """Three ways for each model, in the order of the models."""
    return tuple(way for model in models for way in _ways(model))


def _ways(model: ModelSize) -> tuple[Delivery, ...]:
    packed = model.gzip_bytes - _GZIP_FRAME_BYTES
    return (
        Delivery(
            model=model.model, way="assets, compressed", apk_bytes=packed, network_bytes=0,
            phone_bytes=packed + model.size_bytes, mapped=False,
            note="unpacked to a file or into memory before use",
        ),
        Delivery(
            model=model.model, way="assets, stored", apk_bytes=model.size_bytes, network_bytes=0,
            phone_bytes=model.size_bytes, mapped=True, note="mapped from inside the APK; needs noCompress",
        ),
        Delivery(
            model=model.model, way="downloaded", apk_bytes=0, network_bytes=model.gzip_bytes,
            phone_bytes=model.size_bytes, mapped=True, note="not there until fetched; updates without a new APK",
        ),
    )  # fmt: skip
