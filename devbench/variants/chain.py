"""Steps in a row: which are needed between a network and a file, and running them with their record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from devbench.domain.suite import StepCall
from devbench.domain.variant import Step
from devbench.errors import ModelError, SuiteError
from devbench.variants.artifact import Artifact, Samples, StepContext
from devbench.variants.steps import ChecksParameters, load_step, step_names


def complete_chain(calls: Sequence[StepCall], *, form: str = "keras") -> tuple[StepCall, ...]:
    """`calls` with every parameter, and with the steps put in that a recipe need not name.

    Where a step does not take what the one before gives, the steps that lead from one to the other are put in.
    SuiteError when there are none, for an unknown step, and for a wrong parameter.
    """
    complete: list[StepCall] = []
    for call in calls:
        step = load_step(call.name)
        unknown = sorted(set(call.parameters) - set(step.PARAMETERS))
        if unknown:
            known = ", ".join(step.PARAMETERS) or "none"
            raise SuiteError(f"step {call.name} has no parameter {unknown[0]!r}; it has: {known}")
        if form not in step.CONSUMES:
            complete += _bridge(form, call.name, step.CONSUMES)
        parameters = {**step.PARAMETERS, **call.parameters}
        if isinstance(step, ChecksParameters):
            step.check(parameters)
        complete.append(StepCall(name=call.name, parameters=parameters))
        form = step.PRODUCES
    return tuple(complete)


def _bridge(form: str, step: str, wanted: tuple[str, ...]) -> list[StepCall]:
    """The shortest way over steps that need no parameter given."""
    ways: list[tuple[str, list[StepCall]]] = [(form, [])]
    seen = {form}
    for at, way in ways:
        if at in wanted:
            return way
        for name in step_names():
            module = load_step(name)
            if at in module.CONSUMES and module.PRODUCES not in seen:
                seen.add(module.PRODUCES)
                ways.append(
                    (module.PRODUCES, [*way, StepCall(name=name, parameters=dict(module.PARAMETERS))])
                )
    raise SuiteError(f"step {step} takes {' or '.join(wanted)}, but is given {form}")


class Chains:
    """Runs several chains that start from one artifact; what they begin with in common is done once.

    Each step works in a folder of its own below `folder`; `started` hears its name before it runs. What a
    step takes of `samples` is noted in its record.
    """

    def __init__(
        self,
        source: Artifact,
        *,
        folder: Path,
        batch: int | None,
        samples: Samples | None,
        started: Callable[[str], None],
    ) -> None:
        self._source = source
        self._folder = folder
        self._batch = batch
        self._samples = samples
        self._started = started
        self._done: dict[str, tuple[Artifact, Step]] = {}

    def run(self, calls: Sequence[StepCall]) -> tuple[Artifact, tuple[Step, ...]]:
        """The artifact after all `calls`, and the record of each; ModelError names the step that failed."""
        artifact, records, so_far = self._source, [], ""
        for call in calls:
            so_far += f"{call.name} {sorted(call.parameters.items())};"
            if so_far not in self._done:
                self._done[so_far] = self._apply(call, artifact)
            artifact, record = self._done[so_far]
            records.append(record)
        return artifact, tuple(records)

    def _apply(self, call: StepCall, artifact: Artifact) -> tuple[Artifact, Step]:
        self._started(call.name)
        step = load_step(call.name)
        folder = self._folder / f"{len(self._done)}-{call.name}"
        folder.mkdir(parents=True)
        samples = None if self._samples is None else self._samples.unused()
        context = StepContext(folder=folder, batch=self._batch, samples=samples)
        try:
            result = step.apply(artifact, call.parameters, context)
        except ModelError as e:
            raise ModelError(f"step {call.name}: {e.message}", fix=e.fix) from e
        noted = {"representative": samples.note} if samples is not None and samples.used else {}
        record = Step(
            name=call.name,
            parameters=call.parameters | noted,
            tool=step.tool(),
            bytes_before=artifact.size_bytes,
            bytes_after=result.size_bytes,
            notes=(*result.notes, *_changes(artifact, result)),
        )
        return result, record


def _changes(before: Artifact, after: Artifact) -> tuple[str, ...]:
    """What a step that was meant to do something should not be silent about."""
    if before.size_bytes is None or after.size_bytes is None or before.form != after.form:
        return ()
    if before.size_bytes < after.size_bytes:
        return (f"made the file {after.size_bytes - before.size_bytes} bytes larger",)
    assert before.path is not None and after.path is not None
    same = before.size_bytes == after.size_bytes and before.path.read_bytes() == after.path.read_bytes()
    return ("changed nothing",) if same else ()
