"""A held-out set on its way to the phone, and its outputs on their way back: judged here, from the labels.

The phone gets raw inputs and makes each ready itself, as the words of `preparation_words` say: that is in its time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.domain.held_out import HeldOut, Preprocessing
from devbench.domain.job import Job
from devbench.domain.judged import Judged, ParityFound
from devbench.domain.measurement import OutputFile
from devbench.domain.variant import Variant
from devbench.errors import RunnerError
from devbench.graph.tflite_file import read_tflite
from devbench.runners.cas import LocalFile
from devbench.stats.accuracy import accuracy, top_k_accuracy
from devbench.stats.parity import NoParity, parity_of
from devbench.store import read_output
from devbench.variants.held_out import labels_of, read_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_TOP = 5


def set_files(held_out: HeldOut) -> dict[str, LocalFile]:
    """The raw inputs by their place in the model, content-addressed like models."""
    return {
        f"#{place}": LocalFile(
            what=f"held-out {held_out.name}, {data.name}",
            path=Path(held_out.folder) / data.file,
            sha256=data.sha256,
            size_bytes=data.size_bytes,
        )
        for place, data in enumerate(held_out.inputs)
    }


def set_files_of(variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> list[LocalFile]:
    """Those of all variants that have a job of pass `accuracy`."""
    wanted = {job.variant for job in jobs if job.pass_name == "accuracy"}
    sets = (v.held_out for v in variants if v.variant in wanted and v.held_out is not None)
    return [file for held_out in sets for file in set_files(held_out).values()]


def files_of(variant: Variant, job: Job) -> frozenset[str]:
    """Paths of all files of this host that a job needs, engines aside."""
    sets = set_files_of((variant,), (job,))
    return frozenset((variant.path, *job.input_files, *(str(file.path) for file in sets)))


def set_words(variant: Variant) -> list[str]:
    """The set as keys of `run` (android-runner/PROTOCOL.md); empty for a variant without one.

    RunnerError where the set has not exactly the inputs of the model.
    """
    held_out = variant.held_out
    if held_out is None:
        return []
    words = [f"samples={held_out.count}"]
    files = set_files(held_out)
    names = _input_names(variant, held_out)
    for place, (data, how) in enumerate(zip(held_out.inputs, held_out.preprocessing, strict=True)):
        name = names[place]
        words.append(f"batch={name}={files[f'#{place}'].remote}")
        words.append(f"raw={name}={data.dtype}:{_listed(data.shape[1:])}")
        words += [f"{key}={name}={value}" for key, value in preparation_words(how).items()]
    return words


def preparation_words(how: Preprocessing) -> dict[str, str]:
    """What the runner does with a raw sample; nothing for what changes nothing."""
    words: dict[str, str] = {}
    if how.resize is not None:
        words["resize"] = _listed(how.resize)
    if how.channels == "BGR":
        words["channels"] = "BGR"
    if set(how.mean) != {0.0} or set(how.scale) != {1.0}:
        words |= {"mean": _listed(how.mean), "scale": _listed(how.scale)}
    if how.layout == "NCHW":
        words["layout"] = "NCHW"
    return words


def judge(held_out: HeldOut, outputs: tuple[OutputFile, ...], folder: Path) -> Judged:
    """Accuracy of the first output, and its parity. RunnerError where it is not there as the phone told it."""
    found = _first_output(held_out, outputs, folder)
    labels = labels_of(held_out)
    try:
        value = accuracy(held_out.metric, found, labels)
        classes = found.reshape(len(found), -1).shape[1]
        top5 = top_k_accuracy(found, labels, k=_TOP) if held_out.metric == "top1" and classes > _TOP else None
    except ValueError as error:
        raise RunnerError(
            f"outputs of shape {found.shape} cannot be judged by the labels of {held_out.name}: {error}",
            fix="the held-out set is of another model; build the suite again",
        ) from error
    parity, no_parity = _parity(held_out, found)
    counted = held_out.metric != "mean_absolute_error"
    return Judged(
        held_out=held_out.name,
        metric=held_out.metric,
        count=held_out.count,
        value=value,
        right=round(value * held_out.count) if counted else None,
        top5=top5,
        unit=held_out.unit,
        parity=parity,
        no_parity=no_parity,
    )


def _first_output(held_out: HeldOut, outputs: tuple[OutputFile, ...], folder: Path) -> Array:
    output = next((o for o in outputs if o.index == 0), None)
    if output is None or output.file is None:
        raise RunnerError(f"the outputs of {held_out.name} did not come back from the phone")
    values = read_output(folder, output)
    shape = output.shape[1:] if output.shape[0] == held_out.count else (-1, *output.shape[1:])
    return values.reshape(held_out.count, *shape)


def _parity(held_out: HeldOut, found: Array) -> tuple[ParityFound | None, str | None]:
    import numpy as np

    if held_out.reference is None:
        return None, "there are no outputs of the network on the host to compare with"
    expected = read_tensor(Path(held_out.folder), held_out.reference)
    if np.issubdtype(expected.dtype, np.floating) and not np.issubdtype(found.dtype, np.floating):
        return None, f"outputs are {found.dtype.name}, those of the network are {expected.dtype.name}"
    if found.size == expected.size:
        found = found.reshape(expected.shape)
    try:
        p = parity_of(found, expected)
    except NoParity as error:
        return None, str(error)
    return ParityFound(
        max_abs=p.max_abs,
        mean_squared=p.mean_squared,
        cosine=p.cosine,
        top1_agreement=p.top1_agreement,
        reference_max_abs=p.reference_max_abs,
    ), None


def _input_names(variant: Variant, held_out: HeldOut) -> list[str]:
    """What the runner finds each input of the set by: the only one by its place, one of several by its name.

    The order in a file is the converter's choice. A graph's node has the name of the network's input; in a .tflite
    file it is the signature's, and only the name of the tensor behind it is known to every runtime.
    """
    if len(held_out.inputs) == 1 and len(variant.inputs) <= 1:
        return ["#0"]
    names = {spec.name: spec.name for spec in variant.inputs}
    if variant.format == "tflite" and (signatures := read_tflite(Path(variant.path)).signatures):
        names = dict(zip(names, signatures[0].input_tensors, strict=False))
    given = [data.name for data in held_out.inputs]
    if set(given) != set(names):
        raise RunnerError(
            f"{variant.variant} reads {', '.join(sorted(names))}; held-out set {held_out.name} has "
            f"{', '.join(sorted(given))}",
            fix="the set needs every input of the model, by its name; build the suite again",
        )
    return [names[name] for name in given]


def _listed(values: tuple[float, ...]) -> str:
    return ",".join(repr(value) for value in values)
