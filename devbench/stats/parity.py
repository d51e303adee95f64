"""How far two runs of one model are apart: the one implementation, for graphs on the host and outputs of phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class NoParity(Exception):
    """Why two outputs cannot be compared, as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far outputs are apart from their reference.

    `reference_max_abs` is the largest value of the reference, which gives `max_abs` its scale. `cosine` is None
    where one side is zero throughout, `top1_agreement` (the share of rows with their largest score in the same
    place) where there are no scores to compare: fewer than two values along the last axis, or no numbers.
    """

    max_abs: float
    mean_squared: float
    cosine: float | None
    top1_agreement: float | None
    reference_max_abs: float


def parity_of(actual: Array, expected: Array, *, name: str = "output") -> Parity:
    """NoParity where shapes, NaN or infinities differ. What is no number is 1 apart when it differs at all."""
    import numpy as np

    if actual.shape != expected.shape:
        raise NoParity(f"{name} has the shape {actual.shape} and had {expected.shape}")
    if not np.issubdtype(expected.dtype, np.number) and expected.dtype != np.bool_:
        apart = 0.0 if np.array_equal(actual, expected) else 1.0
        return Parity(
            max_abs=apart, mean_squared=apart, cosine=None, top1_agreement=None, reference_max_abs=0.0
        )
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    a, b = actual.astype(wide), expected.astype(wide)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        raise NoParity(f"{name} has NaN where it had none, or the other way round")
    same = (a == b) | np.isnan(b)
    differences = np.abs(np.where(same, 0, a) - np.where(same, 0, b))
    largest = float(differences.max(initial=0))
    if not np.isfinite(largest):
        raise NoParity(f"{name} is infinite where it was not, or the other way round")
    return Parity(
        max_abs=largest,
        mean_squared=float(np.mean(differences**2)) if differences.size else 0.0,
        cosine=_cosine(a, b),
        top1_agreement=_top1_agreement(a, b),
        reference_max_abs=_largest(b),
    )


def worst(parities: list[Parity]) -> Parity:
    """One parity for several outputs: the worst of each number."""
    cosines = [p.cosine for p in parities if p.cosine is not None]
    agreements = [p.top1_agreement for p in parities if p.top1_agreement is not None]
    return Parity(
        max_abs=max((p.max_abs for p in parities), default=0.0),
        mean_squared=max((p.mean_squared for p in parities), default=0.0),
        cosine=min(cosines, default=None),
        top1_agreement=min(agreements, default=None),
        reference_max_abs=max((p.reference_max_abs for p in parities), default=0.0),
    )


def _cosine(a: Array, b: Array) -> float | None:
    import numpy as np

    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if np.array_equal(a, b):
        return 1.0 if np.any(b) else None
    norms = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.real(np.vdot(a, b)) / norms) if norms > 0 else None


def _top1_agreement(a: Array, b: Array) -> float | None:
    import numpy as np

    if b.ndim == 0 or b.shape[-1] < 2 or b.size == 0 or np.iscomplexobj(b):
        return None
    return float(np.mean(a.argmax(axis=-1) == b.argmax(axis=-1)))


def _largest(values: Array) -> float:
    """The largest finite magnitude."""
    import numpy as np

    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
