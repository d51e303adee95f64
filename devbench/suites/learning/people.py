"""People made by code: height, sex, age and weight, with the spread that makes a guess of weight a guess.

Heights are normal by sex, weight is body-mass index times height squared; the index rises with age and has a spread
of its own. The numbers are round and ours: they describe no population.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FEATURES = ("height_cm", "sex", "age_years")
_HEIGHT_CM = ((165.0, 6.5), (178.0, 7.0))
_INDEX, _INDEX_A_YEAR, _INDEX_OF_MEN, _INDEX_SPREAD = 21.0, 0.08, 0.9, 2.0


def people(count: int, *, seed: int) -> tuple[Array, Array]:
    """Features [count, 3] (sex 0 or 1) and weights in kg [count, 1], float32."""
    import numpy as np

    random = np.random.default_rng(seed)
    sex = random.integers(0, 2, count)
    age = random.uniform(18, 80, count)
    mean, spread = np.asarray(_HEIGHT_CM)[sex].T
    height = random.normal(mean, spread)
    index = _INDEX + _INDEX_A_YEAR * (age - 18) + _INDEX_OF_MEN * sex + random.normal(0, _INDEX_SPREAD, count)
    weight = index * (height / 100) ** 2
    return np.stack([height, sex, age], 1).astype(np.float32), weight[:, None].astype(np.float32)
