"""TFLite's benchmark app, the stock tool as Android ranks an app: installed, started by `am`, read from its log.

It takes its flags as one text and parts them at blanks, prints to a stdout that nobody reads, and tells neither
an exit code nor that it has ended: its process is found by a nonce in the log, its end by its summary or its rest.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.apk import parse_manifest
from devbench.domain.job import APP_TOOL
from devbench.domain.measurement import Failure
from devbench.engines import EngineFile
from devbench.engines.archive import is_archive, libraries_by_abi, read_entry
from devbench.errors import DeadlinePassed, DeviceError, DeviceOffline, EngineError, ParseError
from devbench.hashing import sha256_of
from devbench.parse.benchmark_model import ToolHelp
from devbench.parse.logcat import log_line
from devbench.parse.procfs import parse_procstat, parse_procstatus
from devbench.runners.app_package import apk_abi
from devbench.runners.base import JobInterrupted, Site
from devbench.runners.evidence import Ended, explained
from devbench.runners.patience import LOST, again, wait_back
from devbench.runners.stock_flags import KNOWN_FLAGS, Refused

if TYPE_CHECKING:
    from devbench.adb import ShellStream

PACKAGE = "org.tensorflow.lite.benchmark"
ACTIVITY = f"{PACKAGE}/.BenchmarkModelActivity"
NONCE_FLAG = "benchmark_name"
_LIBRARIES = "lib"
_TAG, _ACTIVITY_TAG = "tflite", "tflite_BenchmarkModelActivity"
_COMMAND = f"logcat -v threadtime -s {_TAG}:V {_ACTIVITY_TAG}:V"
_SUMMARY = re.compile(r"[Ii]nference timings in us")
_RUNS = "Running benchmark for"
_POLL_S = 0.2
_SETTLED_S = 1.0  # memory and notes follow the summary at once
_FIRST_LINE_S = 30.0
_LOOK_S = 3.0  # a look at a silent process starts a program on the phone: seldom, while it may be measuring


def is_app(path: Path) -> bool:
    """Whether the user's tool is an APK: a program begins otherwise."""
    return path.is_file() and is_archive(path)


def tool_app(engine: str, path: Path, target: str) -> EngineFile:
    """The APK at `path` for a phone of `target`; EngineError if it is another app, none, or for other phones."""
    abi = apk_abi(target.partition("-")[2])
    try:
        abis = sorted(libraries_by_abi(path, folder=_LIBRARIES))
        package = parse_manifest(read_entry(path, "AndroidManifest.xml"))["package"]
    except (EngineError, struct.error, KeyError, ValueError, IndexError, ArithmeticError) as error:
        raise EngineError(f"{path} is no APK: {error}", kind="not-installed") from error
    if package != PACKAGE:
        fix = f"the APK that TensorFlow Lite's tools/benchmark/android builds, {PACKAGE}"
        raise EngineError(f"{path} is the app {package}, not a benchmark tool", fix=fix, kind="not-installed")
    if abi not in abis:
        raise EngineError(
            f"abi: {path} is built for {', '.join(abis) or 'no ABI'}, {target} needs {abi}",
            fix=f"build it with bazel --config=android_{'arm64' if abi == 'arm64-v8a' else abi}",
            kind="abi",
        )
    sha256 = sha256_of(path)
    return EngineFile(
        engine=engine, version=f"{APP_TOOL}{sha256[:8]}", target=target, path=path.resolve(), sha256=sha256,
        size_bytes=path.stat().st_size,
    )  # fmt: skip


def app_help(path: Path, abi: str) -> ToolHelp:
    """The flags whose names stand in the app's library: it has no `--help`. None where that tells nothing."""
    names = libraries_by_abi(path, folder=_LIBRARIES)[apk_abi(abi)]
    text = b"\0".join(read_entry(path, name) for name in names)
    found = frozenset(flag for flag in KNOWN_FLAGS if re.search(rb"%s(?![a-z0-9_])" % flag.encode(), text))
    return ToolHelp(tool="L", flags=found if {"graph", "num_runs"} <= found else frozenset())


def app_argv(flags: dict[str, str]) -> list[str]:
    """The words that start it; Refused for a value with a blank, which it would take for two."""
    parted = next((name for name, value in flags.items() if re.search(r"\s", value)), None)
    if parted is not None:
        raise Refused(f"the value of --{parted} holds a blank, at which the app parts its flags")
    text = " ".join(f"--{name}={value}" for name, value in flags.items())
    return ["am", "start", "-S", "-n", ACTIVITY, "--es", "args", text]


@dataclass(slots=True)
class AppLog:
    """What one start of the app wrote: `lines` as logcat printed them, without the app's echo of its flags."""

    nonce: str
    pid: int | None = None
    lines: list[str] = field(default_factory=list)
    summed: bool = False
    running: bool = False

    def take(self, line: str) -> bool:
        """Whether the entry is of this start: the first one that is has the nonce in it."""
        entry = log_line(line)
        if entry.pid is None or (self.pid is None and self.nonce not in entry.message):
            return False
        self.pid = self.pid or entry.pid
        if entry.pid != self.pid:
            return False
        if entry.tag == _TAG:  # flags that were only asked for are not taken for read back
            self.lines.append(line)
            self.summed = self.summed or bool(_SUMMARY.search(entry.message))
            self.running = self.running or entry.message.startswith(_RUNS)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRun:
    """One start: its log, CPUs and cpuset while it ran (None: not read), and what went wrong beside its text."""

    text: str
    cpus_allowed: str | None = None
    cpuset: str | None = None
    failure: Failure | None = None
    silent: DeadlinePassed | None = None


def run_app(site: Site, argv: list[str], nonce: str) -> AppRun:
    """Start it, follow Android's log until it has ended, and end its process, which Android would keep.

    JobInterrupted; DeviceOffline if the phone did not come back.
    """
    said = again(site, lambda: site.phone.shell(f"{shlex.join(argv)} 2>&1").stdout)
    if re.search(r"Error|Exception", said):
        cause = f"the app was not started: {said.strip().splitlines()[-1][:200]}"
        fix = "start it by hand, with `am start` as in the run's log"
        return AppRun(text=said, failure=Failure(kind="not-installed", cause=cause, evidence=said[-2000:], fix=fix))
    watch = _Watch(site, nonce)
    try:
        watch.follow()
    except DeadlinePassed as error:
        return watch.run(silent=error)
    finally:
        with contextlib.suppress(DeviceError):  # of a lost phone is told by who raised first
            stop_app(site)
    return watch.run(failure=watch.failure())


def stop_app(site: Site) -> None:
    site.phone.shell(f"am force-stop {PACKAGE}")


class _Watch:
    """Android's log until the app has ended, through lost connections."""

    def __init__(self, site: Site, nonce: str) -> None:
        self._site = site
        self._nonce = nonce
        self._log = AppLog(nonce)
        self._gone = False
        self._place: tuple[str | None, str | None] | None = None

    def follow(self) -> None:
        """DeadlinePassed: it was silent for too long, and worked all the while."""
        while True:
            self._log = AppLog(self._nonce)  # a new stream begins with all that the log holds
            try:
                with self._site.phone.stream(_COMMAND) as stream:
                    self._read(stream)
                    return
            except LOST as error:
                wait_back(self._site, error)

    def run(self, failure: Failure | None = None, silent: DeadlinePassed | None = None) -> AppRun:
        cpus, cpuset = self._place or (None, None)
        text = "\n".join(self._log.lines)
        return AppRun(text=text, cpus_allowed=cpus, cpuset=cpuset, failure=failure, silent=silent)

    def failure(self) -> Failure | None:
        """Why there can be no number, as far as its text does not say so."""
        text = "\n".join(self._log.lines)
        if self._log.pid is None:
            cause = f"Android's log holds no line of this start within {_FIRST_LINE_S:g} s"
            fix = "`adb logcat` while it starts says why; a small log buffer loses lines: `adb logcat -G 16M`"
            return Failure(kind="unparsed", cause=cause, fix=fix)
        if not self._gone or self._log.summed:
            return None
        seen = Failure(kind="crash", cause="the app's process ended without a summary", evidence=text[-2000:])
        return explained(self._site, seen, Ended(pid=self._log.pid, program=PACKAGE, signal=None, words=text))

    def _read(self, stream: ShellStream) -> None:
        quiet_since = looked = time.monotonic()
        ticks: int | None = -1
        while True:
            if stream.ready(_POLL_S):
                line = stream.read_line(deadline_s=self._site.silence_s)
                if line is None:
                    raise DeviceOffline("the log ended", serial=self._site.phone.serial, command=_COMMAND)
                if self._log.take(line.decode(errors="replace")):
                    quiet_since = looked = time.monotonic()
                if self._log.running and self._place is None:
                    self._place = self._placed()
            now = time.monotonic()
            if self._over(now - quiet_since):
                return
            if self._log.pid is not None and not self._log.summed and now - looked >= _LOOK_S:
                before, ticks, looked = ticks, self._cpu_ticks(), time.monotonic()
                self._gone = ticks is None
                if self._gone or ticks == before:
                    return  # gone, or at rest: it has nothing more to say
            if now - quiet_since > self._site.silence_s:
                raise DeadlinePassed(
                    f"no line for {self._site.silence_s:g} s", serial=self._site.phone.serial, command=_COMMAND
                )

    def _over(self, quiet_s: float) -> bool:
        if self._site.stop.is_set():
            raise JobInterrupted
        if self._log.summed:
            return quiet_s >= _SETTLED_S
        return self._log.pid is None and quiet_s >= _FIRST_LINE_S

    def _cpu_ticks(self) -> int | None:
        """How long it computed so far; None if it is gone."""
        try:
            stat = parse_procstat(self._site.phone.shell(f"cat /proc/{self._log.pid}/stat").stdout)
        except ParseError:
            return None
        return (stat.utime_ticks or 0) + (stat.stime_ticks or 0)

    def _placed(self) -> tuple[str | None, str | None]:
        """The CPUs it may use and its cpuset, read once as it begins to warm up."""
        folder = f"/proc/{self._log.pid}"
        text = self._site.phone.shell(f"cat {folder}/status {folder}/cpuset 2>/dev/null").stdout
        cpuset = re.search(r"^/\S*$", text, re.MULTILINE)
        with contextlib.suppress(ParseError):  # it is gone already
            return parse_procstatus(text).cpus_allowed_list, cpuset[0] if cpuset else None
        return None, None
