"""A phone that cannot run the engine is left out with the reason, before anything is pushed to any phone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from devbench.devices import Selection
from devbench.domain.device import CoreGroup, DeviceInfo
from devbench.domain.variant import Variant
from devbench.errors import NoUsableDevice
from devbench.plan import PROFILES, Choices
from devbench.runners.binaries import targets
from devbench.session import RunRequest, prepare

from ..engines.made_engines import elf

TARGET = "android-arm64-v8a"
GROUPS = (CoreGroup(name="all", cpus=(0,), max_khz=None),)
pytestmark = pytest.mark.skipif(TARGET not in targets(), reason="no runner for Android is built")


def phone(*, sdk: int) -> DeviceInfo:
    return DeviceInfo(
        device="toy-123456", serial="S1", serialno="S1", manufacturer="Toy", model="Toy", product=None,
        android_release=None, sdk=sdk, fingerprint=None, build_type=None, soc=None, target=TARGET,
        abis=("arm64-v8a",), cores=(), core_groups=GROUPS, allowed_cpus=(0,), ram_bytes=None,
        page_size_bytes=16384, kernel=None, shell_v2=True,
    )  # fmt: skip


def request(engine: str, cache: Path, model_format: str = "tflite") -> RunRequest:
    model = Variant(
        variant="m", model="m", format=model_format, path=f"m.{model_format}", sha256="0", size_bytes=1
    )
    return RunRequest(variants=(model,), profile=PROFILES["quick"], rounds=1, seed=0,
                      choices=Choices(engines=(engine,)), engine_cache=cache)  # fmt: skip


def why_not(engine: str, cache: Path, *, sdk: int = 30, model_format: str = "tflite") -> str:
    selection = Selection(devices=(phone(sdk=sdk),), rejects=(), unmatched=())
    with pytest.raises(NoUsableDevice) as caught:
        prepare(request(engine, cache, model_format), selection, now=datetime(2026, 1, 1))
    return caught.value.message


@pytest.mark.parametrize(
    ("made", "sdk", "reason"),
    [
        (elf("x86"), 30, r"S1 [abi]: toy-123456 (android-arm64-v8a): abi: "),
        (
            elf("arm64-v8a", alignment=4096),
            30,
            "S1 [link]: toy-123456 (android-arm64-v8a): tflite is aligned to",
        ),
        (elf("arm64-v8a", alignment=16384, api=26), 22, "tflite is built for Android API 26 and later"),
    ],
)
def test_the_reason_is_named(tmp_path: Path, made: bytes, sdk: int, reason: str) -> None:
    library = tmp_path / "mine.so"
    library.write_bytes(made)

    assert reason in why_not(f"tflite={library}", tmp_path / "cache", sdk=sdk)


def test_an_engine_that_does_not_run_the_format_is_named(tmp_path: Path) -> None:
    library = tmp_path / "mine.so"
    library.write_bytes(elf("arm64-v8a", alignment=16384))

    reason = why_not(f"tflite={library}", tmp_path / "cache", model_format="pb")

    assert "engine tflite runs .tflite files, not m.pb" in reason


def test_an_engine_that_fits_gives_a_plan_with_its_hash(tmp_path: Path) -> None:
    library = tmp_path / "mine.so"
    library.write_bytes(elf("arm64-v8a", alignment=16384))
    selection = Selection(devices=(phone(sdk=30),), rejects=(), unmatched=())

    prepared = prepare(request(f"tflite@9={library}", tmp_path), selection, now=datetime(2026, 1, 1))

    (engine,) = (a for a in prepared.header.artifacts if a.role == "engine")
    assert (engine.name, engine.version, engine.path) == ("tflite", "9", str(library))
    assert {job.backend.engine_sha256 for job in prepared.header.jobs} == {engine.sha256}
