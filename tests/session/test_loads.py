"""How a model gets into memory is a dimension: a row each with its own time, or with why it cannot be had."""

from __future__ import annotations

import dataclasses
import zipfile
from io import BytesIO

import pytest
from rig import NEW, Rig, request

from devbench.domain.job import Backend, Bounds, Job
from devbench.runners.binaries import build_app
from devbench.runners.loads import LOADS, asset_entries, load_refusal
from devbench.summary import summarise
from devbench.summary.series import series_of
from devbench.variants.package import package_variants


def test_rows_by_way_and_runner_with_refusals_of_their_own(rig: Rig) -> None:
    """Files go with the program and the app; assets are Android's: skipped before anything is pushed, by name."""
    done = rig.session(request("two-inputs", runners=("native", "apk"), loads=LOADS), NEW)
    rows = {(row.cell.runner, row.cell.backend.load): row for row in summarise(done.run)}
    assert set(rows) == {(runner, way) for runner in ("native", "apk") for way in LOADS}
    answers = set()
    for (runner, way), row in rows.items():
        if way.startswith("asset"):
            assert row.failure is not None and (row.status, row.failure.kind) == ("skipped", "load-refused")
            assert f"--load {way}" in row.failure.cause
            assert ("is no app" if runner == "native" else "no asset manager") in row.failure.cause
            continue
        load = row.estimate("latency", "load")
        assert row.status == "ok" and load is not None and load.value
        answers |= {tuple(o.sha256 for o in m.outputs) for m in row.cell.of_pass("resources")}
    assert len(answers) == 1
    keys = {way: series_of(done.run, rows["native", way].cell) for way in ("engine", "mmap")}
    assert keys["engine"] == dataclasses.replace(keys["mmap"], load="engine") != keys["mmap"]
    assert "load=mmap" in keys["mmap"].text and "load=" not in keys["engine"].text


def test_models_lie_in_the_app_as_they_are_asked_for() -> None:
    named = {v.variant: v for v in package_variants()}
    model = named["small-cnn-fp32"]
    backend = Backend(
        engine="tflite", engine_version=None, engine_sha256="e", delegate="none", threads=1, cores="all",
        cpu_mask=None,
    )  # fmt: skip
    job = Job(
        job_id="j", device="d", variant=model.variant, backend=backend, runner="apk", abi="x86_64",
        pass_name="latency", round=1, position=0, bounds=Bounds(),
    )  # fmt: skip
    jobs = [dataclasses.replace(job, backend=dataclasses.replace(job.backend, load=way)) for way in LOADS]
    entries = asset_entries(jobs, [model])
    with zipfile.ZipFile(BytesIO(build_app(("x86_64",), extra=entries))) as archive:
        found = (info for info in archive.infolist() if info.filename.startswith("assets/"))
        assets = {info.filename.rpartition(".")[2]: info for info in found}
        assert {way: info.compress_type for way, info in assets.items()} == {
            "asset": zipfile.ZIP_STORED, "asset-compressed": zipfile.ZIP_DEFLATED,
        }  # fmt: skip
        for info in assets.values():
            assert len(archive.read(info)) == model.size_bytes


@pytest.mark.parametrize("way", LOADS)
def test_assets_are_for_apps_on_android(way: str) -> None:
    assert load_refusal(way, LOADS, "apk", "android-arm64-v8a") is None
    assert (load_refusal(way, LOADS, "apk", "linux-x86_64") is None) == (not way.startswith("asset"))
    refused = load_refusal(way, ("engine",), "benchmark_model", "android-arm64-v8a")
    assert (refused is None) == (way == "engine")
