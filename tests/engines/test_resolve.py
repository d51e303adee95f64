"""From what a user asks for to the file that runs: names, defaults, wheels, and files of the user's own."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

import pytest

from devbench.engines import DEFAULT_ENGINES, EngineFile, engine_table, parse_engine, resolve
from devbench.errors import EngineError, UsageError

from .made_engines import LIBRARY, VERSION, elf, entry, files_below, sha256, table_of, write_aar

TABLE = table_of(b"", {"x86_64": elf()})
HERE = f"linux-{platform.machine()}"
needs_wheel = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="no ai-edge-litert"
)


def own(path: Path, target: str, cache: Path) -> EngineFile:
    return resolve(parse_engine(f"toy@{VERSION}={path}", TABLE), target, cache_dir=cache, table=TABLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "no engine 'nothing'"),
        ("", "no engine ''"),
        ("tflite@9.9.9", "no version 9.9.9 of tflite is pinned"),
        ("tflite@", "expected NAME"),
        ("tflite=", "expected NAME"),
        ("tflite=/no/such/file", "/no/such/file is not a file"),
        ("tflite-gpu", "only adds the delegate gpu to tflite"),
    ],
)
def test_what_cannot_be_asked_for_is_a_usage_error(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_engine(text)


def test_engine_version_and_path_are_read_apart(tmp_path: Path) -> None:
    path = tmp_path / "a=b@c.so"
    path.write_bytes(elf())

    asked = parse_engine(f"tflite@2.9.0={path}")

    assert (asked.engine, asked.version, asked.path) == ("tflite", "2.9.0", path)


def test_every_default_engine_is_in_the_table_and_runs_its_format() -> None:
    for (os_name, model_format), name in DEFAULT_ENGINES.items():
        engine = engine_table()[parse_engine(name).engine]
        assert model_format in engine.formats
        release = engine.releases.get(engine.default or "")
        targets = [*engine.wheel_targets, *(release.libraries if release else ())]
        assert any(target.startswith(f"{os_name}-") for target in targets)


@needs_wheel
def test_litert_on_linux_comes_from_the_wheel(tmp_path: Path) -> None:
    file = resolve(parse_engine("litert"), HERE, cache_dir=tmp_path)

    assert file.path.name == "libLiteRt.so"
    assert (file.delegates, file.minimal_api) == (("xnnpack",), None)
    assert files_below(tmp_path) == []


@needs_wheel
def test_another_litert_than_installed_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        resolve(parse_engine("litert@0.0.1"), HERE, cache_dir=tmp_path)

    assert caught.value.fix == 'pip install "ai-edge-litert==0.0.1"'


def test_litert_on_android_asks_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no library for android-arm64-v8a") as caught:
        resolve(parse_engine("litert"), "android-arm64-v8a", cache_dir=tmp_path)

    assert "--engine litert=/path/to/libLiteRt.so" in (caught.value.fix or "")


def test_a_target_that_the_release_lacks_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(
        EngineError, match=r"has no library for android-x86; it has: android-x86_64"
    ) as caught:
        resolve(parse_engine("toy", TABLE), "android-x86", cache_dir=tmp_path, table=TABLE)

    assert caught.value.kind == "abi"
    assert list(tmp_path.iterdir()) == []


def test_an_own_library_is_taken_where_it_lies_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "mine.so"
    path.write_bytes(elf("arm64-v8a", alignment=16384, api=29))

    file = own(path, "android-arm64-v8a", tmp_path / "cache")

    assert file.path == path
    assert (file.version, file.sha256) == (VERSION, sha256(path.read_bytes()))
    assert (file.minimal_api, file.load_alignment_bytes, file.delegates) == (29, 16384, None)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("made", "target", "message"),
    [
        (elf("x86"), "android-arm64-v8a", "built for x86, android-arm64-v8a needs aarch64"),
        (elf("x86_64"), "android-armeabi-v7a", "built for x86_64, android-armeabi-v7a needs arm"),
        (elf("arm64-v8a"), "linux-x86_64", "built for aarch64, linux-x86_64 needs x86_64"),
        (elf("x86_64", needed=("libc.so.6",)), "android-x86_64", r"built for Linux \(it needs libc.so.6\)"),
        (elf("x86_64"), "linux-x86_64", r"built for Android \(it needs liblog.so\)"),
    ],
)
def test_an_own_library_for_another_target_is_refused_by_name(
    tmp_path: Path, made: bytes, target: str, message: str
) -> None:
    path = tmp_path / "mine.so"
    path.write_bytes(made)

    with pytest.raises(EngineError, match=f"^abi: .*mine.so is {message}") as caught:
        own(path, target, tmp_path / "cache")

    assert caught.value.kind == "abi"


def test_an_own_aar_gives_the_library_for_each_phone(tmp_path: Path) -> None:
    """Its content lies below its own hash, where a run that is resumed finds it again."""
    path = tmp_path / "mine.aar"
    write_aar(path, {entry("x86"): elf("x86"), entry("arm64-v8a"): elf("arm64-v8a")})

    first = own(path, "android-x86", tmp_path / "cache")
    second = own(path, "android-arm64-v8a", tmp_path / "cache")

    assert first.path.read_bytes() == elf("x86")
    assert second.path.read_bytes() == elf("arm64-v8a")
    folder = f"own/{sha256(path.read_bytes())}"
    assert files_below(tmp_path / "cache") == [
        f"{folder}/android-arm64-v8a/{LIBRARY}", f"{folder}/android-x86/{LIBRARY}"
    ]  # fmt: skip


def test_an_own_aar_without_this_abi_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.aar"
    write_aar(path, {entry("x86"): elf("x86")})

    with pytest.raises(
        EngineError, match=r"^abi: mine.aar has no library for android-arm64-v8a; it has: x86"
    ):
        own(path, "android-arm64-v8a", tmp_path / "cache")

    assert files_below(tmp_path) == ["mine.aar"]


def test_an_own_aar_that_lies_about_its_abi_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.aar"
    write_aar(path, {entry("arm64-v8a"): elf("x86")})

    with pytest.raises(EngineError, match="built for x86, android-arm64-v8a needs aarch64"):
        own(path, "android-arm64-v8a", tmp_path / "cache")


def test_an_own_aar_with_several_libraries_gives_the_engines_or_asks(tmp_path: Path) -> None:
    path = tmp_path / "mine.aar"
    write_aar(path, {entry("x86", "liba.so"): elf("x86"), entry("x86"): elf("x86", api=25)})
    assert own(path, "android-x86", tmp_path / "cache").minimal_api == 25

    write_aar(path, {entry("x86", "liba.so"): elf("x86"), entry("x86", "libb.so"): elf("x86")})
    with pytest.raises(
        EngineError, match=r"several libraries for x86, none called libtoy_jni.so: liba.so, libb.so"
    ):
        own(path, "android-x86", tmp_path / "cache")

    write_aar(path, {entry("x86", "libonly.so"): elf("x86")})
    assert own(path, "android-x86", tmp_path / "cache").path.name == "libonly.so"


def test_an_own_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.so"
    path.write_text("INPUT(libother.so)")

    with pytest.raises(EngineError, match="neither a shared library nor an AAR"):
        own(path, "android-x86", tmp_path / "cache")
