"""The user's stock `benchmark_model`, run as our own jobs are: pinned, detached, followed; read back or refused.

Four programs have this name. Which one it is is asked of itself (`--help`) and told apart by its hash.
"""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from devbench.adb.sync import pull
from devbench.devices.state import parse_state, state_script
from devbench.domain.device import DeviceState
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.taint import Taint
from devbench.domain.variant import Variant
from devbench.errors import DeadlinePassed, DeviceError
from devbench.parse.benchmark_model import ToolHelp, parse_tool_help
from devbench.runners.apk import out_of_place
from devbench.runners.app_package import install_tool
from devbench.runners.base import Attempt, Materials, RunnerKind, Site
from devbench.runners.cas import BASE, CAS, PROTOCOL, LocalFile, ensure_files, ensure_runner
from devbench.runners.follow import REFUSED, follow
from devbench.runners.jobs import (
    input_file,
    inputs_of,
    job_folder,
    log_text,
    model_file,
    runner_file,
    stop_in,
    stop_leftovers,
)
from devbench.runners.loads import FROM_FILE
from devbench.runners.patience import again
from devbench.runners.protocol import Transcript
from devbench.runners.stock_app import NONCE_FLAG, PACKAGE, app_argv, app_help, run_app, stop_app
from devbench.runners.stock_flags import RESULT_FLAG, Places, Refused, stock_flags
from devbench.runners.stock_result import Printed, Understood, failure_of_exit, understand

NAME = "benchmark_model"
HELP_DEADLINE_S = 20.0
READ_DEADLINE_S = 60.0
LOG_TAIL_BYTES = 4000
_MARK = "== devbench-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tool:
    """A stock tool on the phone: what it says it takes, or why it does not run there."""

    file: LocalFile
    told: ToolHelp
    failure: Failure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """One start of a tool: its command line, what it left, and why there is no number if that is known already."""

    argv: list[str]
    printed: Printed
    log: str
    after: DeviceState
    failure: Failure | None
    taints: tuple[Taint, ...] = ()


class BenchmarkModelRunner:
    """Stock tools on one phone; each process gives one value, its average."""

    def __init__(self, site: Site, materials: Materials) -> None:
        self._site = site
        abis = (*site.info.abis, *materials.binaries)
        runners = {abi: runner_file(binary) for abi, binary in materials.binaries.items()}
        self._runners = runners
        self._runner = next(runners[abi] for abi in abis if abi in runners)
        self._files = {
            sha256: LocalFile(
                what=f"{NAME} {engine.version}",
                path=engine.path,
                sha256=engine.sha256,
                size_bytes=engine.size_bytes,
                executable=True,
            )
            for sha256, engine in materials.engines.items()
            if engine.engine == NAME
        }
        self._tools: dict[str, _Tool] = {}
        self._models: dict[str, LocalFile] = {}
        self._inputs: dict[str, LocalFile] = {}
        self._services_answer = True

    def prepare(self, variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> None:
        site, phone = self._site, self._site.phone
        self._models = {v.variant: model_file(v) for v in variants}
        self._inputs = {path: input_file(path, sha256) for path, sha256 in inputs_of(jobs).items()}
        backends = {job.backend.engine_sha256 or "": job.backend for job in jobs}
        apps = [self._files[sha] for sha, backend in backends.items() if backend.is_app]
        tools = [self._files[sha] for sha, backend in backends.items() if not backend.is_app]
        files = [*self._runners.values(), *tools, *self._models.values(), *self._inputs.values()]
        again(site, lambda: ensure_runner(phone, self._runner, self._pushed, stop=site.stop))
        again(site, lambda: stop_leftovers(phone, self._runner))
        again(site, lambda: ensure_files(phone, self._runner, files, self._pushed, stop=site.stop))
        for tool in tools:
            self._tools[tool.sha256] = again(site, partial(self._ask, tool))
        for app in apps:
            put = partial(install_tool, site, self._runner, app, PACKAGE, self._pushed)
            told = app_help(app.path, next(job.abi for job in jobs if job.backend.engine_sha256 == app.sha256))
            self._tools[app.sha256] = _Tool(file=app, told=told, failure=again(site, put))
        if apps:  # an app may read there what everyone may
            again(site, lambda: phone.shell(f"chmod 755 {BASE} {CAS}"))

    def measure(self, attempt: Attempt) -> Measurement:
        """One process. What the tool cannot be asked for is skipped with the reason."""
        job, tool = attempt.job, self._tools[attempt.job.backend.engine_sha256 or ""]
        folder = job_folder(attempt)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        if tool.failure is not None:
            return Measurement(
                **attempt.identity(), status="failed", started_at=started_at, failure=tool.failure
            )
        inputs = {path: file.remote for path, file in self._inputs.items()}
        places = Places(model=self._models[job.variant].remote, inputs=inputs, result=f"{folder}/result.pb")
        try:
            flags = stock_flags(job, attempt.variant, tool.told, places)
            if job.backend.is_app:
                flags |= {NONCE_FLAG: _nonce(folder)}
                argv = app_argv(flags)
            else:
                argv = self._argv(job, tool, folder, flags)
        except Refused as refused:
            return Measurement(
                **attempt.identity(), status="skipped", started_at=started_at, failure=refused.failure
            )
        before = parse_state(again(self._site, lambda: self._with_state("")), self._site.info)
        if job.backend.is_app:
            process = self._in_app(argv, _nonce(folder))
        else:
            process = self._as_program(argv, folder, wants_result=RESULT_FLAG in flags)
        attempt.log(process.log)
        return self._measurement(attempt, started_at, process, flags, before)

    def _as_program(self, argv: list[str], folder: str, *, wants_result: bool) -> _Process:
        transcript, silent = self._follow(folder, argv)
        printed, after = self._collect(folder, transcript, wants_result=wants_result)
        failure = _timeout(silent, printed) if silent is not None else None
        if failure is None and not printed.ran:
            failure = transcript.failure(printed.text) or _no_end(printed)
        log = log_text(argv, transcript, {"stdout": printed.stdout, "stderr": printed.stderr})
        return _Process(argv=argv, printed=printed, log=log, after=after, failure=failure)

    def _in_app(self, argv: list[str], nonce: str) -> _Process:
        """Its log stands for both of its streams; nobody knows its exit code."""
        run = run_app(self._site, argv, nonce)
        program = {"cpus_allowed": run.cpus_allowed}
        printed = Printed(stdout=run.text, stderr="", result=None, hello={}, program=program, ran={})
        return _Process(
            argv=argv,
            printed=printed,
            log=log_text(argv, Transcript(), {"Android's log": run.text}),
            after=parse_state(again(self._site, lambda: self._with_state("")), self._site.info),
            failure=_timeout(run.silent, printed) if run.silent is not None else run.failure,
            taints=out_of_place("apk", run.cpuset, "the benchmark app"),
        )

    def _measurement(
        self, attempt: Attempt, started_at: str, process: _Process, flags: dict[str, str], before: DeviceState
    ) -> Measurement:
        printed, found = process.printed, Understood(failure=process.failure)
        if process.failure is None:
            runs = int(flags.get("num_runs") or flags.get("max_num_runs") or 1)
            found = understand(attempt.job, printed, runs)
        if found.failure is None and found.told is not None:
            self._site.talk.sample(attempt.job, "steady", found.told.avg_ns)
        return Measurement(
            **attempt.identity(),
            status="ok" if found.failure is None else "failed",
            started_at=started_at,
            actual=found.actual,
            series=found.series,
            usage=found.usage,
            ops=found.ops,
            told=found.told,
            taints=(*found.taints, *process.taints),
            state_before=before,
            state_after=process.after,
            failure=found.failure,
            argv=tuple(process.argv),
            exit_code=printed.ran.get("code"),
            signal=printed.ran.get("signal"),
            log_tail=printed.text.strip()[-LOG_TAIL_BYTES:],
        )

    def stop_job(self, attempt: Attempt) -> None:
        """End what an interrupted attempt left running, and remove its files."""
        folder = job_folder(attempt)
        try:
            if attempt.job.backend.is_app:
                stop_app(self._site)
                return
            stop_in(self._site.phone, self._runner, folder)
            self._site.phone.remove(folder)
        except DeviceError:
            pass  # the phone is gone; the next run on it stops leftovers first

    def forget_state(self) -> None:
        """The state is read anew before each process."""

    def _ask(self, tool: LocalFile) -> _Tool:
        """Its own `--help`. These tools end it with exit code 1; one that cannot start says why."""
        phone = self._site.phone
        # another runner may have pushed the same file as data
        command = f"chmod 755 {tool.remote} && {tool.remote} --help"
        try:
            answer = phone.shell(command, deadline_s=HELP_DEADLINE_S)
        except DeadlinePassed:
            return _Tool(file=tool, told=parse_tool_help(""), failure=None)
        text = f"{answer.stdout}\n{answer.stderr}"
        told = parse_tool_help(text)
        failure = None
        if not told.flags and answer.exit_code in (126, 127, 134, 139):
            failure = failure_of_exit(text, answer.exit_code, None)
        elif not told.flags and ("CANNOT LINK" in text or "not executable" in text):
            failure = failure_of_exit(text, answer.exit_code or 1, None)
        return _Tool(file=tool, told=told, failure=failure)

    def _argv(self, job: Job, tool: _Tool, folder: str, flags: dict[str, str]) -> list[str]:
        """The whole command line on the phone; every path and name in it is one word."""
        words = [f"out={folder}/out.jsonl", f"stdout={folder}/stdout.txt", f"stderr={folder}/stderr.txt"]
        if job.backend.cpu_mask is not None:
            words.append(f"cpu_mask={job.backend.cpu_mask:x}")
        words += [f"nonce={_nonce(folder)}", "detach=1", f"program={tool.file.remote}"]
        words += [f"arg=--{name}={value}" for name, value in flags.items()]
        return [self._runners[job.abi].remote, PROTOCOL, "exec", *words]

    def _follow(self, folder: str, argv: list[str]) -> tuple[Transcript, DeadlinePassed | None]:
        transcript = Transcript()
        watch = f"{self._runner.remote} {PROTOCOL} follow {folder}/out.jsonl"
        start = f"mkdir -p {folder} && {shlex.join(argv)} && {watch}{REFUSED}"
        try:
            follow(self._site, start, watch, transcript, lambda event: None)
        except DeadlinePassed as error:
            stop_in(self._site.phone, self._runner, folder)
            return transcript, error
        return transcript, None

    def _collect(
        self, folder: str, transcript: Transcript, *, wants_result: bool
    ) -> tuple[Printed, DeviceState]:
        """What the process left in its folder, which then goes, and the phone's state after it."""
        site = self._site
        result = again(site, lambda: self._pull_result(folder)) if wants_result else None
        read = "".join(
            f"echo '{_MARK}{name}'; cat {folder}/{name}.txt 2>/dev/null; echo; " for name in ("stdout", "stderr")
        )
        text = again(site, lambda: self._with_state(f"{read}echo '{_MARK}state'; "))
        again(site, lambda: site.phone.remove(folder))
        _, _, rest = text.partition(f"{_MARK}stdout\n")
        stdout, _, rest = rest.partition(f"\n{_MARK}stderr\n")
        stderr, _, state = rest.partition(f"\n{_MARK}state\n")
        printed = Printed(
            stdout=stdout,
            stderr=stderr,
            result=result,
            hello=transcript.first("hello") or {},
            program=transcript.first("program") or {},
            ran=transcript.first("ran") or {},
        )
        return printed, parse_state(state, site.info)

    def _pull_result(self, folder: str) -> bytes | None:
        phone, remote = self._site.phone, f"{folder}/result.pb"
        if phone.shell(f"ls {remote}").stdout.strip() != remote:
            return None  # a tool that failed writes none
        with tempfile.TemporaryDirectory() as scratch:
            local = Path(scratch) / "result.pb"
            pull(phone, remote, local)
            return local.read_bytes()

    def _with_state(self, script: str) -> str:
        """What `script` and then the state script print; once dumpsys has hung, it is not asked again."""
        info, phone = self._site.info, self._site.phone
        if self._services_answer:
            try:
                return phone.shell(script + state_script(info), deadline_s=READ_DEADLINE_S).stdout
            except DeadlinePassed:
                self._services_answer = False
        return phone.shell(script + state_script(info, services=False), deadline_s=READ_DEADLINE_S).stdout

    def _pushed(self, file: LocalFile, seconds: float) -> None:
        self._site.talk.pushed(file.what, file.size_bytes, seconds)


def _nonce(folder: str) -> str:
    return folder.rpartition("/")[2]


def _timeout(silent: DeadlinePassed, printed: Printed) -> Failure:
    return Failure(
        kind="timeout",
        cause=f"{silent.message}: the tool takes longer, or hangs; it was stopped",
        evidence=printed.text.strip()[-2000:],
        fix="devbench run with a longer --max-silence, or look at the log",
    )


def _no_end(printed: Printed) -> Failure:
    cause = "nothing tells how the tool ended"
    return Failure(kind="killed", cause=cause, evidence=printed.text.strip()[-2000:])


RUNNERS = (
    RunnerKind(
        name=NAME,
        sentence="a stock tool of yours, TensorFlow's, TFLite's or LiteRT's benchmark_model",
        make=BenchmarkModelRunner,
        takes_path=True,
        screen=lambda job: job.backend.is_app,
        energy=False,
        parity=False,
        loads=FROM_FILE[:1],
    ),
)
