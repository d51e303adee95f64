"""What an engine cannot do on a phone is said before anything is pushed; what is not known forbids nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from devbench.domain.device import DeviceInfo
from devbench.engines import EngineFile, engine_table, refusal

PHONE = DeviceInfo(
    device="toy-123456", serial="S1", serialno="S1", manufacturer="Toy", model="Toy", product=None,
    android_release="8.1.0", sdk=27, fingerprint=None, build_type=None, soc=None, target="android-arm64-v8a",
    abis=("arm64-v8a",), cores=(), core_groups=(), allowed_cpus=(0,), ram_bytes=None, page_size_bytes=4096,
    kernel=None, shell_v2=True,
)  # fmt: skip


def file_of(version: str) -> EngineFile:
    """As `resolve` gives it, from the table alone."""
    release = engine_table()["tflite"].releases[version]
    library = release.libraries[PHONE.target]
    return EngineFile(
        engine="tflite", version=version, target=PHONE.target, path=Path("lib.so"), sha256=library.sha256,
        size_bytes=library.size_bytes, delegates=release.delegates, minimal_api=library.minimal_api,
        load_alignment_bytes=library.load_alignment_bytes,
    )  # fmt: skip


def phone(**changes: object) -> DeviceInfo:
    return dataclasses.replace(PHONE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", engine_table()["tflite"].releases)
@pytest.mark.parametrize("delegate", [None, "none", "xnnpack"])
def test_what_fits_is_not_refused(version: str, delegate: str | None) -> None:
    assert refusal(file_of(version), PHONE, delegate) is None


def test_an_old_android_is_refused_and_told_what_fits() -> None:
    """2.14.0 was built for API 26, whatever its manifest says: Android 5.1 lacks functions that it needs."""
    assert refusal(file_of("2.14.0"), phone(sdk=22), "xnnpack") == (
        "tflite 2.14.0 is built for Android API 26 and later, the phone has API 22; "
        "what fits: tflite@2.4.0, tflite@2.16.1"
    )


def test_larger_pages_than_the_library_is_aligned_to_are_refused() -> None:
    assert refusal(file_of("2.16.1"), phone(sdk=35, page_size_bytes=16384), "xnnpack") == (
        "tflite 2.16.1 is aligned to pages of 4096 bytes, the phone's have 16384: its linker refuses it; "
        "what fits: tflite@2.4.0"
    )


def test_a_delegate_that_the_version_lacks_is_refused() -> None:
    assert refusal(file_of("2.4.0"), PHONE, "nnapi") == (
        "tflite 2.4.0 has no delegate nnapi; it has: none, xnnpack"
    )


def test_another_target_is_refused() -> None:
    assert refusal(file_of("2.4.0"), phone(target="android-x86", abis=("x86",)), None) == (
        "tflite 2.4.0 is for android-arm64-v8a, the phone is android-x86 and runs x86"
    )


def test_what_is_not_known_forbids_nothing() -> None:
    """A phone that does not say, and a user's own library that nobody described."""
    assert refusal(file_of("2.14.0"), phone(sdk=None, page_size_bytes=None), "xnnpack") is None
    own = dataclasses.replace(
        file_of("2.14.0"), delegates=None, minimal_api=None, load_alignment_bytes=None, version=None
    )
    assert refusal(own, phone(sdk=14, page_size_bytes=16384), "gpu") is None
