"""Preprocessing as a phone gets it wrong, on purpose: rows that show what it does to a model's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from devbench.domain.held_out import Preprocessing
from devbench.domain.variant import Variant
from devbench.errors import SuiteError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """`sentence` is what the report says of the row; `change` makes the wrong preprocessing of the right one."""

    sentence: str
    change: Callable[[Preprocessing], Preprocessing]


MISTAKES = {
    "no-scaling": Mistake(
        sentence="mean and scale are left out",
        change=lambda how: replace(how, mean=(0.0,), scale=(1.0,)),
    ),
    "swapped-channels": Mistake(
        sentence="red and blue are swapped",
        change=lambda how: replace(how, channels="RGB" if how.channels == "BGR" else "BGR"),
    ),
}


def mistaken(variant: Variant, name: str) -> Variant:
    """The same file, its held-out set made ready wrongly; SuiteError where that changes nothing."""
    mistake, held_out = MISTAKES[name], variant.held_out
    if held_out is None:
        raise SuiteError(f"{variant.variant}: mistake {name} needs a held-out set, and the model has none")
    wrong = tuple(mistake.change(how) for how in held_out.preprocessing)
    if wrong == held_out.preprocessing:
        raise SuiteError(f"{variant.variant}: mistake {name} changes nothing in how its inputs are made ready")
    return replace(variant, held_out=replace(held_out, preprocessing=wrong), mistake=mistake.sentence)
