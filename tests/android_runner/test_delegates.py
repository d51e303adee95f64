"""Delegates from libraries of their own: what they took is counted, what they refuse has its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ended, Runner
from .test_paced import PACED


@pytest.fixture(scope="module")
def paced(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return replace(runner, library=PACED.build_paced(tmp_path_factory.mktemp("engine")))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = PACED.build_toy_delegate(tmp_path_factory.mktemp("delegate"))
    assert isinstance(library, Path)
    return library


def run(paced: Runner, tmp_path: Path, **keys: Any) -> Ended:
    model = PACED.write_paced(tmp_path / "paced.tflite", latency_us=100)
    return paced.run(model, engine="tflite", err=tmp_path / "err.txt", **keys)


@pytest.mark.parametrize(
    ("take", "applied", "taken", "fully"),
    [("all", "external", 10, True), ("half", "external", 5, False), ("none", "none", 0, False)],
)
def test_what_an_external_delegate_took_is_counted(
    paced: Runner, toy: Path, tmp_path: Path, take: str, applied: str, taken: int, fully: bool
) -> None:
    ended = run(paced, tmp_path, delegate="external", delegate_lib=toy, delegate_option=f"take:{take}")
    assert ended.code == 0, ended.events
    loaded = ended.one("loaded")
    assert (loaded["delegate_asked"], loaded["delegate_applied"]) == ("external", applied)
    assert (loaded["delegated_nodes"], loaded["nodes"], loaded["fully_delegated"]) == (taken, 10, fully)


@pytest.mark.parametrize(
    ("option", "says"),
    [("take:refuse", "cannot run the model with external"), ("take:null", "no such hardware"),
     ("colour:red", "an option that it does not know")],
)  # fmt: skip
def test_a_delegate_that_refuses_gives_its_reason(
    paced: Runner, toy: Path, tmp_path: Path, option: str, says: str
) -> None:
    ended = run(paced, tmp_path, delegate="external", delegate_lib=toy, delegate_option=option)
    assert ended.code == 1
    assert ended.one("error")["kind"] == "delegate-refused"
    told = ended.one("error")["message"] + "".join(e["text"] for e in ended.all("log"))
    assert says in told


def test_the_gpu_delegate_is_told_whether_it_may_lose_precision(
    paced: Runner, toy: Path, tmp_path: Path
) -> None:
    """The library's own defaults come back to it in all other options; single precision is asked for by name."""
    for delegate, taken in (("gpu-fp16", 10), ("gpu", 5)):
        loaded = run(paced, tmp_path, delegate=delegate, delegate_lib=toy).one("loaded")
        assert (loaded["delegate_applied"], loaded["delegated_nodes"]) == (delegate, taken)


def test_what_a_phone_or_a_library_lacks_is_refused(paced: Runner, toy: Path, tmp_path: Path) -> None:
    nnapi = run(paced, tmp_path, delegate="nnapi").one("error")
    assert (nnapi["kind"], "no NNAPI" in nnapi["message"]) == ("delegate-refused", True)
    missing = run(paced, tmp_path, delegate="gpu", delegate_lib=tmp_path / "none.so").one("error")
    assert missing["kind"] == "delegate-refused"
    assert "none.so" in missing["message"]
    other = run(paced, tmp_path, delegate="external", delegate_lib=paced.library).one("error")
    assert (other["kind"], "tflite_plugin_create_delegate" in other["message"]) == ("delegate-refused", True)


def test_words_that_nothing_honours_start_nothing(runner: Runner, paced: Runner, tmp_path: Path) -> None:
    assert run(paced, tmp_path, delegate="npu").code == 64
    model = PACED.write_paced(tmp_path / "paced.tflite")
    assert runner.run(model, delegate="gpu").code == 64


def test_half_precision_needs_a_version_that_can_force_it(paced: Runner, tmp_path: Path) -> None:
    model = PACED.write_paced(tmp_path / "paced.tflite", version="2.4.0")
    old = paced.run(model, engine="tflite", delegate="xnnpack-fp16").one("error")
    assert (old["kind"], "2.14" in old["message"]) == ("delegate-refused", True)
    loaded = run(paced, tmp_path, delegate="xnnpack-fp16").one("loaded")
    assert loaded["delegate_applied"] == "xnnpack-fp16"
