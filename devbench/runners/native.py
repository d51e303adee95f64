"""The runner as a native program: pushed once, started detached, its lines followed, its files removed."""

from __future__ import annotations

import dataclasses
import json
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devbench.adb.sync import pull
from devbench.conditions import add_run_look, run_script
from devbench.devices.state import parse_state, state_script
from devbench.domain.device import DeviceState
from devbench.domain.job import Job
from devbench.domain.judged import Judged
from devbench.domain.measurement import Failure, Measurement, OutputFile, Status
from devbench.domain.taint import Taint
from devbench.domain.variant import Variant
from devbench.errors import DeadlinePassed, DeviceError, RunnerError, StoreError
from devbench.metrics import all_scrapes
from devbench.metrics.energy import METER
from devbench.runners.base import Attempt, RunnerKind, Site
from devbench.runners.cas import PROTOCOL, LocalFile, ensure_files, ensure_runner
from devbench.runners.evidence import sharpened
from devbench.runners.follow import REFUSED, follow
from devbench.runners.held_out import judge, set_files_of, set_words
from devbench.runners.jobs import (
    delegate_words,
    input_file,
    inputs_of,
    job_folder,
    log_text,
    model_file,
    runner_file,
    stop_in,
    stop_leftovers,
)
from devbench.runners.loads import load_words
from devbench.runners.meter import Metering
from devbench.runners.patience import again
from devbench.runners.protocol import Transcript

if TYPE_CHECKING:
    from devbench.engines import EngineFile
    from devbench.runners.binaries import RunnerBinary

LOG_TAIL_BYTES = 4000
MAX_OUTPUT_BYTES = 32_000_000
STATE_DEADLINE_S = 10.0
SCRAPE_DEADLINE_S = 6.0  # all of them fit into the 20 s that the runner holds the process for
# counters of power rails, and the battery's own gauge with whether it is charged
POWER_FILES = (
    "/sys/bus/iio/devices/iio:device*/energy_value",
    "/sys/class/power_supply/battery/current_now",
    "/sys/class/power_supply/battery/voltage_now",
    "/sys/class/power_supply/battery/status",
)
_MARK = "== devbench-log-end"


class NativeRunner:
    """`devbench-runner` on one phone."""

    def __init__(
        self, site: Site, binaries: dict[str, RunnerBinary], engines: dict[str, EngineFile]
    ) -> None:
        """`binaries` by ABI; the phone's best one also hashes, follows and stops."""
        self.site = site
        self._runners = {abi: runner_file(binary) for abi, binary in binaries.items()}
        self._runner = next(self._runners[abi] for abi in (*site.info.abis, *binaries) if abi in binaries)
        self._engines = {
            sha256: LocalFile(
                what=f"engine {engine.engine} {engine.version or ''}".strip(),
                path=engine.path,
                sha256=engine.sha256,
                size_bytes=engine.size_bytes,
                there=engine.on_phone,
            )
            for sha256, engine in engines.items()
        }
        self._models: dict[str, LocalFile] = {}
        self._inputs: dict[str, LocalFile] = {}
        self._state: DeviceState | None = None
        self._services_answer = True
        self._power: list[str] | None = None
        self._metering: Metering | None = None

    @property
    def helper(self) -> str:
        """The runner's path on the phone, for what is not a job: canary, watchdog."""
        return self._runner.remote

    def bring(self) -> None:
        """The program itself on the phone, and nothing left there of a killed session."""
        site = self.site
        again(site, lambda: ensure_runner(site.phone, self._runner, self._told, stop=site.stop))
        again(site, lambda: stop_leftovers(site.phone, self._runner))

    def prepare(self, variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> None:
        site, phone = self.site, self.site.phone
        self._models = {v.variant: model_file(v) for v in variants}
        self._inputs = {path: input_file(path, sha256) for path, sha256 in inputs_of(jobs).items()}
        sets = set_files_of(variants, jobs)
        files = [*self._programs(), *self._models.values(), *self._inputs.values(), *sets]
        again(site, lambda: ensure_files(phone, self._runner, files, self._told, stop=site.stop))

    def _programs(self) -> list[LocalFile]:
        """What runs, beside models and inputs."""
        return [*self._runners.values(), *self._engines.values()]

    def measure(self, attempt: Attempt) -> Measurement:
        """One job. The phone's own trouble (offline, hang of adb) is a DeviceError of its class."""
        folder = job_folder(attempt)
        before = self._state or self.read_state()
        self._state = None
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        argv = self._argv(attempt, folder)
        transcript, scrapes, silent = self._follow(attempt, folder, argv)
        try:
            if transcript.torn:
                transcript = self._read_again(folder)
            log, after = again(
                self.site, lambda: self._finish(folder, keep=bool(transcript.written_outputs()))
            )
            outputs = again(self.site, lambda: self._pull_outputs(attempt, folder, transcript))
        except DeviceError:
            if not transcript.complete:
                raise
            # the measurement is whole: that the phone was lost just after it changes nothing in it
            log, after, outputs = "", None, transcript.outputs()
        attempt.log(log_text(argv, transcript, {"the engine's own output": log}))
        self._state = after
        failure = transcript.failure(log) if silent is None else _timeout(silent, log)
        failure = self._explained(failure, transcript, argv)
        judged, failure = self._judged(attempt, outputs, failure)
        exit_ = transcript.first("exit") or {}
        return Measurement(
            **attempt.identity(),
            status=_status(attempt.job, failure),
            started_at=started_at,
            actual=transcript.actual(),
            series=transcript.series(),
            usage=transcript.usage(),
            ops=transcript.ops(),
            marks=transcript.marks(),
            outputs=outputs,
            judged=judged,
            scrapes=scrapes,
            warmup_status=(transcript.first("warmup") or {}).get("status"),
            taints=self._taints(attempt.job, transcript),
            state_before=before,
            state_after=after,
            failure=failure,
            argv=tuple(argv),
            exit_code=exit_.get("code"),
            signal=exit_.get("signal"),
            log_tail=log[-LOG_TAIL_BYTES:],
        )

    def _judged(
        self, attempt: Attempt, outputs: tuple[OutputFile, ...], failure: Failure | None
    ) -> tuple[Judged | None, Failure | None]:
        """What a held-out set's outputs are worth, or why that cannot be said."""
        held_out = attempt.variant.held_out
        if failure is not None or attempt.job.pass_name != "accuracy" or held_out is None:
            return None, failure
        try:
            return judge(held_out, outputs, attempt.outputs.parent), None
        except (RunnerError, StoreError) as error:
            return None, Failure(kind="unparsed", cause=error.message, fix=error.fix or "")

    def _explained(
        self, failure: Failure | None, transcript: Transcript, argv: list[str]
    ) -> Failure | None:
        """The failure with what the phone knows of it."""
        return sharpened(self.site, failure, transcript, argv[0])

    def _taints(self, job: Job, transcript: Transcript) -> tuple[Taint, ...]:
        """What this way of running saw go wrong, beside the conditions of every way."""
        return ()

    def _follow(
        self, attempt: Attempt, folder: str, argv: list[str]
    ) -> tuple[Transcript, dict[str, str], DeadlinePassed | None]:
        """What the process said, what was seen of it from outside, and the error if it fell silent."""
        transcript = Transcript()
        scrapes: dict[str, str] = {}
        start = f"{self._start(attempt, folder, argv)} && {self._follow_command(folder)}{REFUSED}"
        try:
            follow(self.site, start, self._follow_command(folder), transcript,
                   lambda event: self._react(attempt.job, folder, event, scrapes))  # fmt: skip
        except DeadlinePassed as error:
            self._stop(folder)
            return transcript, scrapes, error
        return transcript, scrapes, None

    def _start(self, attempt: Attempt, folder: str, argv: list[str]) -> str:
        """The shell's words that start the job, and fail when it was not started."""
        return f"mkdir -p {folder} && {shlex.join(argv)}"

    def _stop(self, folder: str) -> None:
        stop_in(self.site.phone, self._runner, folder)

    def _read_again(self, folder: str) -> Transcript:
        """The whole file once more, after a line was damaged on its way."""
        command = self._follow_command(folder)
        transcript = Transcript()
        follow(self.site, f"{command} offset=0", command, transcript, lambda event: None)
        return transcript

    def _argv(self, attempt: Attempt, folder: str) -> list[str]:
        """The whole command line on the phone; every path and name in it is one word."""
        words = ["detach=1", f"out={folder}/out.jsonl", f"err={folder}/err.txt"]
        return [self._runners[attempt.job.abi].remote, PROTOCOL, "run", *words, *self._words(attempt, folder)]

    def _library(self, job: Job) -> str:
        """The path of the job's engine, for the process that opens it."""
        return self._engines[job.backend.engine_sha256 or ""].remote

    def _words(self, attempt: Attempt, folder: str) -> list[str]:
        """What is asked of the core, wherever it runs; `nonce` is the first."""
        job, backend = attempt.job, attempt.job.backend
        pairs = {
            "nonce": f"{job.job_id}-{attempt.number}",
            "engine": backend.engine,
            "lib": self._library(job),
            "model": self._models[job.runs].remote,
            "threads": str(backend.threads),
            "pass": "latency" if job.pass_name == "parity" else job.pass_name,
            "inputs": f"random:{job.input_seed}",
            **{name: str(value) for name, value in dataclasses.asdict(job.bounds).items()},
        }
        if backend.cpu_mask is not None:
            pairs["cpu_mask"] = f"{backend.cpu_mask:x}"
        if job.signature is not None:
            pairs["signature"] = job.signature
        if job.pass_name == "resources":
            pairs["until"] = f"{folder}/until"
        if job.pass_name in ("resources", "accuracy", "parity"):
            pairs["outputs"] = folder
        self._metering = None
        words = [f"{key}={value}" for key, value in pairs.items()]
        words += load_words(job, attempt.variant)
        words += delegate_words(job, lambda sha256: self._engines[sha256].remote)
        words += [f"shape={name}={shape}" for name, shape in job.input_shapes.items()]
        words += [f"input={name}={self._inputs[path].remote}" for name, path in job.input_files.items()]
        if job.pass_name == "energy":
            words += [f"mark_file={path}" for path in self._power_files()]
        if job.pass_name == "accuracy":
            words += set_words(attempt.variant)
        if attempt.variant.fetches:
            words += [f"feed={spec.name}" for spec in attempt.variant.inputs]
            words += [f"fetch={name}" for name in attempt.variant.fetches]
        return words

    def _follow_command(self, folder: str) -> str:
        return f"{self._runner.remote} {PROTOCOL} follow {folder}/out.jsonl"

    def _own_words(self, folder: str) -> str:
        """The file that the engine's own words are in."""
        return f"{folder}/err.txt"

    def _react(self, job: Job, folder: str, event: dict[str, object], scrapes: dict[str, str]) -> None:
        """Between lines: tell the first number; when a resources job is steady, look at it from outside."""
        if event["event"] == "sample" and event.get("ns"):
            values = event["ns"]
            assert isinstance(values, list)
            self.site.talk.sample(job, str(event["phase"]), int(values[0]))
        elif event["event"] == "ready":
            again(self.site, lambda: self._look_at(event["pid"], folder, scrapes))
        elif job.pass_name == "energy":
            self._meter(event, scrapes)

    def _meter(self, event: dict[str, object], scrapes: dict[str, str]) -> None:
        """The instrument on the phone's supply, from the first mark of steady to its end."""
        if self.site.meter is None:
            return
        if event["event"] == "mark":
            self._metering = self._metering or Metering(self.site.meter)
            self._metering.begin()
        elif (event["event"], event.get("phase")) == ("usage", "steady") and self._metering is not None:
            self._metering.end()
            scrapes[METER] = json.dumps(self._metering.said)
            self._metering = None

    def _power_files(self) -> list[str]:
        """What this phone has of `POWER_FILES`."""
        if self._power is None:
            script = f"ls -d {' '.join(POWER_FILES)} 2>/dev/null"
            self._power = again(self.site, lambda: self.site.phone.shell(script)).stdout.split()
        return self._power

    def _look_at(self, pid: object, folder: str, scrapes: dict[str, str]) -> None:
        """The process from outside. A tool that hangs costs its own number only."""
        for scrape in all_scrapes():
            try:
                result = self.site.phone.shell(scrape.command.format(pid=pid), deadline_s=SCRAPE_DEADLINE_S)
                scrapes[scrape.name] = result.stdout or result.stderr
            except DeadlinePassed as error:
                scrapes[scrape.name] = error.message
        self.site.phone.shell(f": > {folder}/until")

    def _finish(self, folder: str, *, keep: bool) -> tuple[str, DeviceState]:
        """The engine's own words and the state after, in one command; the job's folder goes, outputs may stay."""
        clean = ":" if keep else self._clean(folder)
        script = f"cat {self._own_words(folder)} 2>/dev/null; {clean}; echo; echo '{_MARK}'; "
        text = self._with_state(script)
        log, _, state = text.partition(f"\n{_MARK}\n")
        return log.strip(), self._parsed(state)

    def read_state(self) -> DeviceState:
        """The phone now; its tools that hang are not asked again."""
        return self._parsed(again(self.site, lambda: self._with_state("")))

    def _parsed(self, text: str) -> DeviceState:
        return add_run_look(parse_state(text, self.site.info), text)

    def _with_state(self, script: str) -> str:
        """What `script` and then the state script print; once dumpsys has hung, it is not asked again."""
        info, phone = self.site.info, self.site.phone
        if self._services_answer:
            whole = f"{script}{run_script(info)}; {state_script(info)}"
            try:
                return phone.shell(whole, deadline_s=STATE_DEADLINE_S).stdout
            except DeadlinePassed:
                self._services_answer = False
        files = f"{script}{run_script(info, services=False)}; {state_script(info, services=False)}"
        return phone.shell(files).stdout

    def forget_state(self) -> None:
        """The last state is old: a pause lies between it and the next job."""
        self._state = None

    def _pull_outputs(self, attempt: Attempt, folder: str, transcript: Transcript) -> tuple[OutputFile, ...]:
        """Output tensors into the run's folder; what is too large stays a hash."""
        outputs, written = transcript.outputs(), transcript.written_outputs()
        if not written:
            return outputs
        kept: list[OutputFile] = []
        for output in outputs:
            if sum(o.size_bytes for o in outputs) <= MAX_OUTPUT_BYTES and output.index in written:
                name = f"{attempt.job.job_id}-{attempt.number}-{output.index}.bin"
                pull(self.site.phone, written[output.index], attempt.outputs / name)
                output = dataclasses.replace(output, file=f"outputs/{name}")
            kept.append(output)
        self.site.phone.shell(self._clean(folder))
        return tuple(kept)

    def _clean(self, folder: str) -> str:
        """The shell's words that remove all files of a job."""
        return f"rm -r {folder} 2>/dev/null"

    def stop_job(self, attempt: Attempt) -> None:
        """End what an interrupted attempt left running, and remove its files."""
        folder = job_folder(attempt)
        try:
            self._stop(folder)
            self.site.phone.shell(self._clean(folder))
        except DeviceError:
            pass  # the phone is gone; the next run on it stops leftovers first

    def _told(self, file: LocalFile, seconds: float) -> None:
        self.site.talk.pushed(file.what, file.size_bytes, seconds)


def _status(job: Job, failure: Failure | None) -> Status:
    """A delegate that the phone turns out to lack is skipped, as one that was known to be missing is."""
    if failure is None:
        return "ok"
    lacking = failure.kind == "delegate-refused" and job.backend.delegate not in ("none", "xnnpack")
    return "skipped" if lacking else "failed"


def _timeout(silent: DeadlinePassed, log: str) -> Failure:
    return Failure(
        kind="timeout",
        cause=f"{silent.message}: one inference takes longer, or the engine hangs; it was stopped",
        evidence=log[-2000:],
        fix="devbench run with a longer --max-silence, or look at the log",
    )


RUNNERS = (
    RunnerKind(
        name="native",
        sentence="devbench's own program, started from the shell",
        accuracy=True,
        make=lambda site, materials: NativeRunner(site, materials.binaries, materials.engines),
    ),
)
