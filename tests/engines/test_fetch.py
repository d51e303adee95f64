"""Fetching: pinned by hash, whole or not at all, once for many, and never needed for what is cached."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from devbench.engines import parse_engine, resolve
from devbench.engines.table import Table
from devbench.errors import EngineError, MissingExtra

from .conftest import Repository
from .made_engines import LIBRARY, VERSION, elf, entry, files_below, sha256, table_of, write_aar

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # see conftest.py

AAR = f"org/toy/toy/{VERSION}/toy-{VERSION}.aar"
TARGET = "android-x86_64"
LIBRARIES = {"x86_64": elf("x86_64"), "arm64-v8a": elf("arm64-v8a")}


def publish(repository: Repository, libraries: dict[str, bytes] | None = None) -> Table:
    """Put an AAR with `libraries` into the repository; the table pins it and what LIBRARIES should be."""
    entries = {entry(abi): data for abi, data in (libraries or LIBRARIES).items()}
    archive = write_aar(repository.folder / AAR, entries)
    return table_of(archive, LIBRARIES, repository.url)


def test_a_library_is_fetched_verified_and_cached(repository: Repository, tmp_path: Path) -> None:
    """What comes out is the pinned library, with what the table and its header know about it."""
    table, cache = publish(repository), tmp_path / "cache"
    seen: list[tuple[str, int, int]] = []

    file = resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table,
                   progress=lambda *step: seen.append(step))  # fmt: skip

    assert file.path.read_bytes() == LIBRARIES["x86_64"]
    assert (file.engine, file.version, file.sha256) == ("toy", VERSION, sha256(LIBRARIES["x86_64"]))
    assert (file.delegates, file.minimal_api, file.load_alignment_bytes) == (("xnnpack",), 21, 4096)
    size = (repository.folder / AAR).stat().st_size
    assert seen[0] == (f"toy@{VERSION}", 0, size)
    assert seen[-1] == (f"toy@{VERSION}", size, size)


def test_what_is_cached_needs_no_network_and_no_jgo(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also another ABI of the same archive: the archive is kept."""
    table, cache = publish(repository), tmp_path / "cache"
    resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    (repository.folder / AAR).unlink()

    for target in (TARGET, "android-arm64-v8a"):
        assert resolve(parse_engine("toy", table), target, cache_dir=cache, table=table).path.is_file()

    assert repository.archives_asked() == 1


def test_a_damaged_cached_library_is_made_anew(repository: Repository, tmp_path: Path) -> None:
    """The hash is looked at before every use."""
    table, cache = publish(repository), tmp_path / "cache"
    path = resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table).path
    path.write_bytes(b"x" * path.stat().st_size)

    again = resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert again.path.read_bytes() == LIBRARIES["x86_64"]


def test_another_archive_than_the_pinned_one_is_refused(repository: Repository, tmp_path: Path) -> None:
    table, cache = publish(repository), tmp_path / "cache"
    publish(repository, {"x86_64": elf("x86_64", api=30)})

    with pytest.raises(EngineError, match="is not the pinned file: SHA-256") as caught:
        resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert sha256((repository.folder / AAR).read_bytes()) in caught.value.message
    assert files_below(cache) == []


def test_another_library_than_the_pinned_one_is_refused(repository: Repository, tmp_path: Path) -> None:
    """The archive is as pinned, the library in it is not: only the verified archive stays."""
    table, cache = publish(repository, {"x86_64": elf("x86_64", api=30)}), tmp_path / "cache"

    with pytest.raises(EngineError, match=r"jni/x86_64/libtoy_jni.so is not the pinned library"):
        resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert [Path(name).parts[0] for name in files_below(cache)] == ["archives"]


def test_an_interrupted_download_leaves_nothing_and_can_be_repeated(
    repository: Repository, tmp_path: Path
) -> None:
    table, cache = publish(repository), tmp_path / "cache"
    repository.cut_at = 100

    with pytest.raises(EngineError):
        resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert files_below(cache) == []
    repository.cut_at = None
    assert resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table).path.is_file()


def test_what_a_killed_fetch_left_is_swept_by_the_next(repository: Repository, tmp_path: Path) -> None:
    table, cache = publish(repository), tmp_path / "cache"
    left = cache / ".part-killed"
    left.mkdir(parents=True)
    (left / "library").write_bytes(b"half")

    resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert not left.exists()


def test_without_the_artefact_the_error_names_the_way_out(repository: Repository, tmp_path: Path) -> None:
    table, cache = publish(repository), tmp_path / "cache"
    (repository.folder / AAR).unlink()

    with pytest.raises(EngineError, match="cannot be fetched") as caught:
        resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table)

    assert f"devbench engines fetch toy@{VERSION}" in (caught.value.fix or "")
    assert files_below(cache) == []


def test_offline_and_not_cached_names_the_command_to_run(tmp_path: Path) -> None:
    """Port 9 of loopback refuses connections, as everything does on a computer without a network."""
    table = table_of(b"", LIBRARIES)

    with pytest.raises(EngineError, match="is not in the cache and cannot be fetched") as caught:
        resolve(parse_engine("toy", table), TARGET, cache_dir=tmp_path, table=table)

    assert f"devbench engines fetch toy@{VERSION}" in (caught.value.fix or "")


def test_without_jgo_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    table = table_of(b"", LIBRARIES)

    with pytest.raises(MissingExtra) as caught:
        resolve(parse_engine("toy", table), TARGET, cache_dir=tmp_path, table=table)

    assert caught.value.fix == 'pip install "devbench[android]"'


def test_a_cache_that_cannot_be_written_is_named(repository: Repository, tmp_path: Path) -> None:
    table = publish(repository)
    (tmp_path / "cache").write_text("a file where the folder should be")

    with pytest.raises(EngineError, match="cannot be written"):
        resolve(parse_engine("toy", table), TARGET, cache_dir=tmp_path / "cache", table=table)


def _fetch_in_a_process(table: Table, cache: Path) -> str:
    return str(resolve(parse_engine("toy", table), TARGET, cache_dir=cache, table=table).path)


def test_two_processes_fetch_once(repository: Repository, tmp_path: Path) -> None:
    """Whoever comes second waits for the first and finds the file."""
    table, cache = publish(repository), tmp_path / "cache"
    start = multiprocessing.get_context("spawn")
    with start.Pool(2) as pool:
        paths = pool.starmap(_fetch_in_a_process, [(table, cache)] * 2)

    assert paths == [str(cache / "toy" / VERSION / TARGET / LIBRARY)] * 2
    assert repository.archives_asked() == 1


def test_a_fetched_library_is_readable_by_others(repository: Repository, tmp_path: Path) -> None:
    """A shared cache: the folder for half files is private, what leaves it is not."""
    table = publish(repository)
    umask = os.umask(0o022)
    try:
        path = resolve(parse_engine("toy", table), TARGET, cache_dir=tmp_path / "cache", table=table).path
    finally:
        os.umask(umask)

    assert path.stat().st_mode & 0o777 == 0o644
