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


def test_all_steps_on_the_way_are_put_in() -> None:
    """From Keras to a frozen graph over a SavedModel; from a frozen graph to .tflite over a SavedModel too."""
    fold = StepCall(name="transform", parameters={"transforms": "fold_batch_norms"})
    assert [call.name for call in complete_chain([fold])] == ["saved_model", "freeze", "transform"]
    assert [call.name for call in complete_chain([fold, StepCall(name="fp16")])] == [
        "saved_model", "freeze", "transform", "saved_model", "fp16",
    ]  # fmt: skip
    assert [call.name for call in complete_chain([StepCall(name="int8")], form="pb")] == [
        "saved_model",
        "int8",
    ]
    assert [call.name for call in complete_chain([fold], form="saved_model")] == ["freeze", "transform"]


@pytest.mark.parametrize(
    ("calls", "says", "fix"),
    [
        ([StepCall(name="int9")], "there is no step 'int9'", "did you mean 'int8'"),
        ([StepCall(name="int8", parameters={"oi": "int8"})], "has no parameter 'oi'; it has: io", None),
        ([StepCall(name="int8", parameters={"io": "int4"})], "io is float32 or int8, not 'int4'", None),
        ([StepCall(name="int16x8", parameters={"io": "int8"})], "io is float32 or int16, not 'int8'", None),
        ([StepCall(name="transform")], "step transform needs transforms", None),
        (
            [StepCall(name="transform", parameters={"transforms": "quantise_weights"})],
            "there is no transform 'quantise_weights'",
            "did you mean quantize_weights?",
        ),
        (
            [StepCall(name="transform", parameters={"transforms": "quantize_weights(minimum=1)"})],
            "quantize_weights has no parameter 'minimum'",
            "minimum_size",
        ),
        ([StepCall(name="fp32"), StepCall(name="int8")], "takes saved_model, but is given tflite", None),
    ],
)
def test_what_cannot_work_is_refused_at_once(calls: list[StepCall], says: str, fix: str | None) -> None:
    with pytest.raises(SuiteError, match=says) as caught:
        complete_chain(calls)
    assert fix is None or fix in (caught.value.fix or "")
