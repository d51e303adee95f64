"""The runner as a native program: pushed once, started detached, its lines followed, its files removed."""

from __future__ import annotations

import dataclasses
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.sync import pull
from devbench.devices.state import parse_state, state_script
from devbench.domain.device import DeviceState
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement, OutputFile
from devbench.domain.variant import Variant
from devbench.errors import DeadlinePassed, DeviceError
from devbench.metrics import all_scrapes
from devbench.runners.base import Attempt, Site
from devbench.runners.cas import BASE, PROTOCOL, LocalFile, ensure_files, ensure_runner
from devbench.runners.follow import follow
from devbench.runners.protocol import Transcript

if TYPE_CHECKING:
    from devbench.engines import EngineFile
    from devbench.runners.binaries import RunnerBinary

JOBS = f"{BASE}/jobs"
LOG_TAIL_BYTES = 4000
MAX_OUTPUT_BYTES = 32_000_000
_MARK = "== devbench-log-end"


class NativeRunner:
    """`devbench-runner` on one phone."""

    def __init__(self, site: Site, binary: RunnerBinary, engines: dict[str, EngineFile]) -> None:
        self.site = site
        self._runner = LocalFile(
            what="the runner",
            path=binary.path,
            sha256=binary.sha256,
            size_bytes=binary.size_bytes,
            executable=True,
        )
        self._engines = {
            sha256: LocalFile(
                what=f"engine {engine.engine} {engine.version or ''}".strip(),
                path=engine.path,
                sha256=engine.sha256,
                size_bytes=engine.size_bytes,
            )
            for sha256, engine in engines.items()
        }
        self._models: dict[str, LocalFile] = {}
        self._inputs: dict[str, LocalFile] = {}
        self._state: DeviceState | None = None

    def prepare(self, variants: tuple[Variant, ...]) -> None:
        phone = self.site.phone
        self._models = {v.variant: _model_file(v) for v in variants}
        ensure_runner(phone, self._runner, self._told)
        self._stop_leftovers()
        ensure_files(phone, self._runner, [*self._engines.values(), *self._models.values()], self._told)

    def measure(self, attempt: Attempt) -> Measurement:
        """One job. The phone's own trouble (offline, hang of adb) is a DeviceError of its class."""
        job = attempt.job
        folder = f"{JOBS}/{job.job_id}-{attempt.number}"
        before = self._state or self._read_state()
        self._state = None
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        argv = self._argv(attempt, folder)
        transcript = Transcript()
        scrapes: dict[str, str] = {}
        silent: DeadlinePassed | None = None
        try:
            follow(self.site, self._start_command(folder, argv), self._follow_command(folder), transcript,
                   lambda event: self._react(job, folder, event, scrapes))  # fmt: skip
        except DeadlinePassed as error:
            silent = error
            self._stop(folder)
        log, after = self._finish(folder, keep=bool(_written(transcript)))
        outputs = self._pull_outputs(attempt, folder, transcript)
        attempt.log(_log_text(argv, transcript, log))
        failure = transcript.failure(log) if silent is None else _timeout(self.site.silence_s, log)
        exit_ = transcript.first("exit") or {}
        self._state = after
        return Measurement(
            job_id=job.job_id,
            attempt=attempt.number,
            status="ok" if failure is None else "failed",
            started_at=started_at,
            device=job.device,
            variant=job.variant,
            runner=job.runner,
            pass_name=job.pass_name,
            round=job.round,
            position=job.position,
            actual=transcript.actual(),
            series=transcript.series(),
            usage=transcript.usage(),
            ops=transcript.ops(),
            outputs=outputs,
            scrapes=scrapes,
            warmup_status=(transcript.first("warmup") or {}).get("status"),
            state_before=before,
            state_after=after,
            failure=failure,
            argv=tuple(argv),
            exit_code=exit_.get("code"),
            signal=exit_.get("signal"),
            log_tail=log[-LOG_TAIL_BYTES:],
        )

    def _argv(self, attempt: Attempt, folder: str) -> list[str]:
        """The whole command line on the phone; every path and name in it is one word."""
        job, backend = attempt.job, attempt.job.backend
        engine = self._engines[backend.engine_sha256 or ""]
        pairs = {
            "detach": "1",
            "out": f"{folder}/out.jsonl",
            "err": f"{folder}/err.txt",
            "nonce": f"{job.job_id}-{attempt.number}",
            "engine": backend.engine,
            "lib": engine.remote,
            "model": self._models[job.variant].remote,
            "delegate": backend.delegate,
            "threads": str(backend.threads),
            "pass": job.pass_name,
            "inputs": f"random:{job.input_seed}",
            **{name: str(value) for name, value in dataclasses.asdict(job.bounds).items()},
        }
        if backend.cpu_mask is not None:
            pairs["cpu_mask"] = f"{backend.cpu_mask:x}"
        if job.signature is not None:
            pairs["signature"] = job.signature
        if job.pass_name == "resources":
            pairs["until"] = f"{folder}/until"
            pairs["outputs"] = folder
        words = [f"{key}={value}" for key, value in pairs.items()]
        words += [f"shape={name}={shape}" for name, shape in job.input_shapes.items()]
        words += [f"input={name}={self._input(path).remote}" for name, path in job.input_files.items()]
        return [self._runner.remote, PROTOCOL, "run", *words]

    def _input(self, path: str) -> LocalFile:
        if path not in self._inputs:
            from devbench.hashing import sha256_of

            source = Path(path)
            file = LocalFile(
                what=f"input {source.name}",
                path=source,
                sha256=sha256_of(source),
                size_bytes=source.stat().st_size,
            )
            ensure_files(self.site.phone, self._runner, [file], self._told)
            self._inputs[path] = file
        return self._inputs[path]

    def _start_command(self, folder: str, argv: list[str]) -> str:
        return f"mkdir -p {folder} && {shlex.join(argv)} && {self._follow_command(folder)}"

    def _follow_command(self, folder: str) -> str:
        return f"{self._runner.remote} {PROTOCOL} follow {folder}/out.jsonl"

    def _react(self, job: Job, folder: str, event: dict[str, object], scrapes: dict[str, str]) -> None:
        """Between lines: tell the first number; when a resources job is steady, look at it from outside."""
        if event["event"] == "sample" and event.get("ns"):
            values = event["ns"]
            assert isinstance(values, list)
            self.site.talk.sample(job, str(event["phase"]), int(values[0]))
        elif event["event"] == "ready":
            pid = event["pid"]
            for scrape in all_scrapes():
                result = self.site.phone.shell(scrape.command.format(pid=pid))
                scrapes[scrape.name] = result.stdout or result.stderr
            self.site.phone.shell(f": > {folder}/until")

    def _finish(self, folder: str, *, keep: bool) -> tuple[str, DeviceState]:
        """The engine's own words and the state after, in one command; the job's folder goes, outputs may stay."""
        clean = f"rm {folder}/out.jsonl {folder}/err.txt" if keep else f"rm -r {folder}"
        script = f"cat {folder}/err.txt 2>/dev/null; {clean} 2>/dev/null; echo; echo '{_MARK}'; "
        text = self.site.phone.shell(script + state_script(self.site.info)).stdout
        log, _, state = text.partition(f"\n{_MARK}\n")
        return log.strip(), parse_state(state, self.site.info)

    def _read_state(self) -> DeviceState:
        return parse_state(self.site.phone.shell(state_script(self.site.info)).stdout, self.site.info)

    def forget_state(self) -> None:
        """The last state is old: a pause lies between it and the next job."""
        self._state = None

    def _pull_outputs(self, attempt: Attempt, folder: str, transcript: Transcript) -> tuple[OutputFile, ...]:
        """Output tensors into the run's folder; what is too large stays a hash."""
        outputs, written = transcript.outputs(), _written(transcript)
        if not written:
            return outputs
        kept: list[OutputFile] = []
        for output in outputs:
            if sum(o.size_bytes for o in outputs) <= MAX_OUTPUT_BYTES and output.index in written:
                name = f"{attempt.job.job_id}-{attempt.number}-{output.index}.bin"
                pull(self.site.phone, written[output.index], attempt.outputs / name)
                output = dataclasses.replace(output, file=f"outputs/{name}")
            kept.append(output)
        self.site.phone.remove(folder)
        return tuple(kept)

    def _stop(self, folder: str) -> None:
        self.site.phone.shell(f"{self._runner.remote} {PROTOCOL} stop {folder}/out.jsonl")

    def stop_job(self, attempt: Attempt) -> None:
        """End what an interrupted attempt left running, and remove its files."""
        folder = f"{JOBS}/{attempt.job.job_id}-{attempt.number}"
        try:
            self._stop(folder)
            self.site.phone.remove(folder)
        except DeviceError:
            pass  # the phone is gone; the next run on it stops leftovers first

    def _stop_leftovers(self) -> None:
        """What a killed devbench left running would disturb, and its files would fill the phone."""
        listed = self.site.phone.shell(f"ls {JOBS}").stdout.split()
        for name in listed:
            folder = f"{JOBS}/{shlex.quote(name)}"
            self._stop(folder)
        if listed:
            self.site.phone.remove(*(f"{JOBS}/{name}" for name in listed))

    def _told(self, file: LocalFile, seconds: float) -> None:
        self.site.talk.pushed(file.what, file.size_bytes, seconds)


def _model_file(variant: Variant) -> LocalFile:
    return LocalFile(
        what=f"model {variant.variant}",
        path=Path(variant.path),
        sha256=variant.sha256,
        size_bytes=variant.size_bytes,
    )


def _written(transcript: Transcript) -> dict[int, str]:
    """Paths on the phone of the outputs that were written to files, by index."""
    return {e["index"]: e["path"] for e in transcript.all("output") if e.get("path")}


def _timeout(silence_s: float, log: str) -> Failure:
    return Failure(
        kind="timeout",
        cause=f"not a line for {silence_s:g} s: one inference takes longer, or the engine hangs; it was stopped",
        evidence=log[-2000:],
        fix="devbench run with a longer --max-silence, or look at the log",
    )


def _log_text(argv: list[str], transcript: Transcript, log: str) -> str:
    import json

    lines = [
        "argv: " + shlex.join(argv),
        "## lines",
        *(json.dumps(event) for event in transcript.events if event["event"] != "sample"),
        "## not of the protocol",
        *transcript.noise,
        "## the engine's own output",
        log,
    ]
    return "\n".join(lines)
