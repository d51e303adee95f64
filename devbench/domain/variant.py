"""A model file and how it came to be."""

from __future__ import annotations

from dataclasses import dataclass, field

from devbench.domain.held_out import HeldOut
from devbench.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input or output: shape with None where the file leaves it open, dtype by NumPy's name."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step that made a file: its name, parameters, tool with version, and the bytes before and after.

    `notes` are sentences: that it changed nothing, that it made the file larger, what a transform did.
    """

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    tool: str | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A model file that can be measured.

    `variant` is its id, unique in a run; `model` the network it belongs to (rows of one model compare);
    `path` is where the file lies on this host; `format` is `tflite` or `pb`; `weights` says where they came
    from (`imagenet`, `seeded`, `trained`, `exact` for weights set by formula, or None for a file from outside), and
    `weights_note` why they are not those that were asked for; `source_sha256` is the hash of what the first step
    started from: a file, or the code that makes the network. `held_out` is what its accuracy is measured on.
    `mistake` says what is deliberately wrong with how its inputs are made ready: such a row shows what that does.
    `fetches` are the results computed of a graph, as `NODE` or `NODE:OUTPUT`: a `.pb` has no outputs of its own.
    Of an imported run the file is not here: `path` is empty, hash and size are None where its tool did not tell.
    """

    variant: str
    model: str
    format: str
    path: str
    sha256: str | None
    size_bytes: int | None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    op_counts: dict[str, int] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    weights: str | None = None
    weights_note: str | None = None
    control: bool = False
    source_sha256: str | None = None
    held_out: HeldOut | None = None
    fetches: tuple[str, ...] = ()
    mistake: str | None = None

    @property
    def file(self) -> tuple[str, int]:
        """SHA-256 and bytes of the file; ModelError where there is none, since nothing can be measured then."""
        if self.sha256 is None or self.size_bytes is None:
            raise ModelError(f"{self.variant} is of an imported run: its file is not known here")
        return self.sha256, self.size_bytes
