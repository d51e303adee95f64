"""The table of engines: complete, consistent, and refused by name when it is not what this devbench reads."""

from __future__ import annotations

import re

import pytest

from devbench.engines import engine_table
from devbench.engines.inventory import all_releases, release_named
from devbench.engines.table import Release, parse_table
from devbench.errors import EngineError, UsageError

ANDROID = {f"android-{abi}" for abi in ("arm64-v8a", "armeabi-v7a", "x86_64", "x86")}


@pytest.mark.parametrize("release", all_releases(), ids=lambda release: release.name)
def test_every_release_pins_its_archive_and_a_library_for_each_abi(release: Release) -> None:
    pins = [release.sha256, *(library.sha256 for library in release.libraries.values())]

    assert set(release.libraries) == ANDROID
    assert all(re.fullmatch("[0-9a-f]{64}", pin) for pin in pins)
    assert len(set(pins)) == len(pins)
    assert release.coordinates.endswith(f":{release.version}:aar")
    for target, library in release.libraries.items():
        assert (
            library.path == f"jni/{target.removeprefix('android-')}/{engine_table()[release.engine].library}"
        )
        assert library.load_alignment_bytes % 4096 == 0


def test_the_versions_that_matter_are_there() -> None:
    names = {release.name for release in all_releases()}

    assert names >= {"tflite@2.4.0", "tflite@2.14.0", "tflite@2.16.1", "tflite-gpu@2.16.1", "tfmobile@1.4.0",
                     "tfmobile@1.12.0", "tfmobile@1.13.1"}  # fmt: skip
    assert (release_named("tflite").version, release_named("tfmobile").version) == ("2.16.1", "1.13.1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x", "no engine 'x'"),
        ("tflite@1", "no version 1 of tflite"),
        ("litert", "comes with the Python package"),
    ],
)
def test_a_release_that_is_not_there_is_a_usage_error(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        release_named(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = 2", "has schema 2; this devbench reads 1"),
        ("schema = ", "is not TOML"),
        ("[engine.x]", "is no table of engines"),
        ("schema = 1\n[engine.x]\ntitle = 'X'", "is no table of engines"),
    ],
)
def test_another_table_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(EngineError, match=f"engines.toml {message}"):
        parse_table(text, "engines.toml")
