"""Chains are completed and checked before TensorFlow is started, and common beginnings run once."""

from __future__ import annotations

import pytest

from devbench.domain.suite import StepCall
from devbench.errors import SuiteError
from devbench.variants.chain import complete_chain
from devbench.variants.steps import load_step, step_names


def test_every_file_of_the_folder_is_a_whole_step() -> None:
    assert set(step_names()) >= {"saved_model", "fp32", "fp16", "dynamic_int8", "int8"}
    for name in step_names():
        step = load_step(name)
        assert step.CONSUMES and isinstance(step.PRODUCES, str)
        assert all(isinstance(value, str) for value in step.PARAMETERS.values())
        assert callable(step.apply) and callable(step.tool)
        assert step.__doc__


def test_a_recipe_need_not_name_the_saved_model() -> None:
    assert complete_chain([StepCall(name="int8")]) == (
        StepCall(name="saved_model"),
        StepCall(name="int8", parameters={"io": "float32"}),
    )


@pytest.mark.parametrize(
    ("calls", "says", "fix"),
    [
        ([StepCall(name="int9")], "there is no step 'int9'", "did you mean 'int8'"),
        ([StepCall(name="int8", parameters={"oi": "int8"})], "has no parameter 'oi'; it has: io", None),
        ([StepCall(name="fp32"), StepCall(name="int8")], "takes saved_model, but is given tflite", None),
    ],
)
def test_what_cannot_work_is_refused_at_once(calls: list[StepCall], says: str, fix: str | None) -> None:
    with pytest.raises(SuiteError, match=says) as caught:
        complete_chain(calls)
    assert fix is None or fix in (caught.value.fix or "")
