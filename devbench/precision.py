"""Which answers tell what a row's precision costs: those of the same model in float32 on the phone's CPU.

Pure. Plain XNNPACK and built-in kernels compute in the model's own numbers; every other delegate may do it in half.
"""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.variant import Variant

EXACT_DELEGATES = frozenset({"none", "xnnpack"})


def reference_of(variant: Variant, delegate: str, variants: Sequence[Variant]) -> Variant | None:
    """The variant whose answers by built-in kernels a row is held against; None for a row that is exact itself.

    For weights in float16 it is the float32 variant of the model, where the run has one with the same inputs and
    outputs; for a delegate that may compute in half precision, else the variant itself.
    """
    if _has_step(variant, "fp16"):
        for other in variants:
            if _has_step(other, "fp32") and _alike(other) == _alike(variant):
                return other
    return None if delegate in EXACT_DELEGATES else variant


def _has_step(variant: Variant, name: str) -> bool:
    return any(step.name == name for step in variant.steps)


def _alike(variant: Variant) -> tuple[object, ...]:
    """What two files have in common that take the same seeded inputs and give answers to compare."""
    outputs = tuple((spec.dtype, spec.shape) for spec in variant.outputs)
    return variant.model, variant.format, variant.mistake, variant.inputs, outputs
