"""An app that compares its manifest with the one on the server fetches what is newer, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devbench.delivery.manifest import (
    DeliveredModel,
    Manifest,
    newer_models,
    next_manifest,
    read_manifest,
    write_manifest,
)
from devbench.errors import StoreError, UsageError

NET = DeliveredModel(
    name="net", version=1, format="tflite", file="net.tflite", sha256="aa", size_bytes=10, gzip_bytes=7
)
CHANGED = replace(NET, sha256="bb")


def test_a_changed_file_gets_the_next_version_and_an_equal_one_keeps_its_own() -> None:
    first = next_manifest(None, [NET])
    assert first.models == (NET,)
    second = next_manifest(first, [CHANGED, replace(NET, name="other")])
    assert [(m.name, m.version, m.sha256) for m in second.models] == [("net", 2, "bb"), ("other", 1, "aa")]
    assert next_manifest(second, [CHANGED]) == second


def test_an_app_fetches_what_is_newer() -> None:
    first = next_manifest(None, [NET])
    second = next_manifest(first, [CHANGED])
    assert [m.version for m in newer_models(first, second)] == [2]
    assert newer_models(second, second) == ()
    assert newer_models(second, first) == ()  # an old copy on some cache
    assert newer_models(first, Manifest(models=(replace(NET, version=5),))) == ()  # the same bytes
    assert [m.name for m in newer_models(Manifest(models=()), first)] == ["net"]


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two models are called 'net'"):
        next_manifest(None, [NET, CHANGED])


def test_a_manifest_comes_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    write_manifest(path, next_manifest(None, [NET]))
    assert read_manifest(path).models == (NET,)
    assert [file.name for file in tmp_path.iterdir()] == ["models.json"]
    for text, says in (("{", "is no manifest"), ('{"schema": 9}', "has schema 9"), ("[]", "is no manifest")):
        path.write_text(text)
        with pytest.raises(StoreError, match=says):
            read_manifest(path)
    with pytest.raises(StoreError, match="cannot be written"):
        write_manifest(tmp_path / "nowhere" / "models.json", Manifest(models=()))
