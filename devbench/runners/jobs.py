"""Jobs on a phone whichever runner they are of: their folders, the files they need, what is left of them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.phone import KEPT_STDERR
from devbench.domain.job import Job
from devbench.domain.variant import Variant
from devbench.errors import FileChanged
from devbench.runners.base import Attempt
from devbench.runners.cas import BASE, CAS, PATHS_AT_ONCE, PROTOCOL, LocalFile

if TYPE_CHECKING:
    from devbench.adb import Phone
    from devbench.runners.binaries import RunnerBinary
    from devbench.runners.protocol import Transcript

JOBS = f"{BASE}/jobs"
_JOB_NAME = re.compile(r"\b[0-9a-f]{16}-\d+\b")  # job id and attempt


def job_folder(attempt: Attempt) -> str:
    """Where one attempt has its files on the phone."""
    return f"{JOBS}/{attempt.job.job_id}-{attempt.number}"


def stop_in(phone: Phone, runner: LocalFile, folder: str) -> None:
    """End the job of `folder`, if it still runs."""
    phone.shell(f"{runner.remote} {PROTOCOL} stop {folder}/out.jsonl")


def stop_leftovers(phone: Phone, runner: LocalFile) -> None:
    """What a killed devbench left running would disturb, and its files would fill the phone."""
    left = [f"{JOBS}/{name}" for name in _JOB_NAME.findall(phone.shell(f"ls {JOBS}").stdout)]
    for folder in left:
        stop_in(phone, runner, folder)
    for start in range(0, len(left), PATHS_AT_ONCE):
        phone.remove(*left[start : start + PATHS_AT_ONCE])
    phone.shell(f"mkdir -p {JOBS}; rm {CAS}/*.part 2>/dev/null")
    # where a shell keeps its stderr before Android 7, if a cable was pulled in a command
    names = phone.shell("ls -a /data/local/tmp").stdout.split()
    kept = [name for name in names if name.startswith(KEPT_STDERR)]
    if kept:
        phone.remove(*(f"/data/local/tmp/{name}" for name in kept))


def runner_file(binary: RunnerBinary) -> LocalFile:
    return LocalFile(
        what=f"the runner for {binary.target}",
        path=binary.path,
        sha256=binary.sha256,
        size_bytes=binary.size_bytes,
        executable=True,
    )


def model_file(variant: Variant) -> LocalFile:
    sha256, size_bytes = variant.file
    return LocalFile(
        what=f"model {variant.variant}", path=Path(variant.path), sha256=sha256, size_bytes=size_bytes
    )


def inputs_of(jobs: tuple[Job, ...]) -> dict[str, str]:
    """SHA-256 by path of all input files."""
    return {path: job.input_sha256[name] for job in jobs for name, path in job.input_files.items()}


def input_file(path: str, sha256: str) -> LocalFile:
    """FileChanged if it is gone."""
    source = Path(path)
    try:
        size_bytes = source.stat().st_size
    except OSError as error:
        gone = f"input {source.name}: {path} is gone since the run was planned"
        raise FileChanged(gone, path=path, fix="put it back, then devbench run --resume") from error
    return LocalFile(what=f"input {source.name}", path=source, sha256=sha256, size_bytes=size_bytes)


def log_text(argv: Sequence[str], transcript: Transcript, parts: Mapping[str, str]) -> str:
    """A job's raw log: its command line, its lines but for samples, and what else was said, by heading."""
    lines = [
        "argv: " + shlex.join(argv),
        "## lines",
        *(json.dumps(event) for event in transcript.events if event["event"] != "sample"),
        "## not of the protocol",
        *transcript.noise,
    ]
    for heading, text in parts.items():
        lines += [f"## {heading}", text]
    return "\n".join(lines)


def delegate_words(job: Job, path_of: Callable[[str], str]) -> list[str]:
    """The delegate with its options as the core calls them; `path_of` its library's hash is where that lies.

    A process that lends its answers to another row runs by the engine's built-in kernels.
    """
    backend = job.backend
    if job.reference is not None:
        return ["delegate=none"]
    words = [f"delegate={backend.delegate}", *map(_option_word, backend.delegate_options)]
    if backend.delegate_sha256 is not None:
        words.append(f"delegate_lib={path_of(backend.delegate_sha256)}")
    return words


def _option_word(option: str) -> str:
    """Two have keys of the core's own, the rest are the delegate's library's."""
    key, _, value = option.partition(":")
    own = {"accelerator": "accelerator", "weight-cache": "weight_cache"}.get(key)
    return f"delegate_option={option}" if own is None else f"{own}={value}"
