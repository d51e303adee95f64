"""The runner as an app, in front (`apk`) or behind (`apk-background`): what users' own apps would measure.

A program that a shell started stays in adbd's cpuset; an app in front gets the big cores and their clocks, one
behind the little ones. So these are modes of their own, never pooled with `native`.
"""

from __future__ import annotations

import dataclasses
import shlex
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.sync import push
from devbench.apk import PACKAGE
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.taint import Taint
from devbench.domain.variant import Variant
from devbench.errors import DeadlinePassed
from devbench.runners.app_package import engine_name, install
from devbench.runners.base import Attempt, Materials, RunnerKind, Site
from devbench.runners.cas import BASE, CAS, PROTOCOL, LocalFile
from devbench.runners.framed_log import follow_log, is_in_log
from devbench.runners.jobs import JOBS
from devbench.runners.loads import LOADS, asset_entries
from devbench.runners.native import NativeRunner
from devbench.runners.patience import again
from devbench.runners.protocol import Transcript

if TYPE_CHECKING:
    from devbench.engines import EngineFile

FILES = f"/sdcard/Android/data/{PACKAGE}/files"
ACTIVITY = f"{PACKAGE}/.RunActivity"
FIRST_LINE_MS = 30000
_LONGEST_EXTRA = 2500  # adbd before Android 7 takes commands of at most 4 KB
_REFUSED = '{"event":"error","kind":"not-installed","step":"app","message":"am start was refused","code":null}'
_CPUSETS = {"apk": ("/top-app", "/foreground"), "apk-background": ("/background",)}


class AppRunner(NativeRunner):
    """`dev.devbench.runner` on one phone. It stays installed: the next run finds it there."""

    def __init__(self, site: Site, materials: Materials, mode: str) -> None:
        super().__init__(site, materials.binaries, materials.engines)
        self._engine_files: dict[str, EngineFile] = materials.engines
        self._mode = mode
        self._refused: Failure | None = None
        self._by_log = False

    def _programs(self) -> list[LocalFile]:
        return []  # they are in the app

    def prepare(self, variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> None:
        """A phone that installs nothing fails these jobs, not those of other runners."""
        super().prepare(variants, jobs)
        used = {job.backend.engine_sha256 for job in jobs}
        engines = [engine for sha256, engine in self._engine_files.items() if sha256 in used]
        abis = {job.abi for job in jobs}
        models = asset_entries(jobs, variants)
        self._refused = again(
            self.site, lambda: install(self.site, self._runner, engines, abis, self._told, models)
        )
        # models and plans lie in the shell's folder, where an app may read what everyone may
        again(self.site, lambda: self.site.phone.shell(f"chmod 755 {BASE} {CAS} {JOBS}"))

    def measure(self, attempt: Attempt) -> Measurement:
        if self._refused is None:
            return super().measure(attempt)
        started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Measurement(
            **attempt.identity(), status="failed", started_at=started_at, failure=self._refused
        )

    def _argv(self, attempt: Attempt, folder: str) -> list[str]:
        nonce = f"{attempt.job.job_id}-{attempt.number}"
        plan = self._plan(attempt, folder)
        given = ["--es", "plan", plan]
        if len(plan) > _LONGEST_EXTRA:
            given = ["--es", "plan_file", f"{folder}/plan.txt"]
        return ["am", "start", "-S", "-n", ACTIVITY, "--es", "nonce", nonce, *given]

    def _plan(self, attempt: Attempt, folder: str) -> str:
        """A word a line. Android alone decides where an app behind runs, so that one is not pinned."""
        words = self._words(attempt, folder)
        if self._mode == "apk-background":
            words = [word for word in words if not word.startswith("cpu_mask=")]
            words.append("mode=background")
        return "\n".join(words)

    def _library(self, job: Job) -> str:
        return f"apk:{engine_name(job.backend.engine_sha256 or '')}"

    def _words(self, attempt: Attempt, folder: str) -> list[str]:
        """Outputs go where an app may write."""
        words = super()._words(attempt, folder)
        return [f"outputs=files:{_nonce(folder)}.out" if w.startswith("outputs=") else w for w in words]

    def _start(self, attempt: Attempt, folder: str, argv: list[str]) -> str:
        if "plan_file" in argv:
            self._push_plan(self._plan(attempt, folder), folder)
        # `am` tells an error in words only, with exit code 0
        return (
            f"mkdir -p {folder} && chmod 755 {folder} && s=$({shlex.join(argv)} 2>&1); echo \"$s\"; "
            f"case \"$s\" in *Error*|*Exception*) echo '{_REFUSED}'; false;; "
            "*) true;; esac"
        )

    def _follow(
        self, attempt: Attempt, folder: str, argv: list[str]
    ) -> tuple[Transcript, dict[str, str], DeadlinePassed | None]:
        """By the app's file; where the shell may not read it, by Android's log from then on."""
        if not self._by_log:
            found = super()._follow(attempt, folder, argv)
            if found[0].first("app") is not None or not self._hidden(found[0], _nonce(folder)):
                return found
            self._by_log = True
        else:
            again(self.site, lambda: self.site.phone.shell(self._start(attempt, folder, argv)))
        transcript, scrapes = Transcript(), dict[str, str]()
        try:
            follow_log(self.site, _nonce(folder), transcript,
                       lambda event: self._react(attempt.job, folder, event, scrapes))  # fmt: skip
        except DeadlinePassed as error:
            self._stop(folder)
            return transcript, scrapes, error
        return transcript, scrapes, None

    def _hidden(self, transcript: Transcript, nonce: str) -> bool:
        """Whether the app has a file that only the shell does not see."""
        said = str((transcript.first("error") or {}).get("message", ""))
        return "Permission denied" in said or again(self.site, lambda: is_in_log(self.site, nonce))

    def _read_again(self, folder: str) -> Transcript:
        """Lines that the log dropped are lost."""
        if not self._by_log:
            return super()._read_again(folder)
        transcript = Transcript()
        follow_log(self.site, _nonce(folder), transcript, lambda event: None)
        return transcript

    def _push_plan(self, plan: str, folder: str) -> None:
        with tempfile.TemporaryDirectory(prefix="devbench-plan-") as scratch:
            path = Path(scratch, "plan.txt")
            path.write_text(plan, "utf-8")
            again(self.site, lambda: push(self.site.phone, path, f"{folder}/plan.txt", mode=0o644))

    def _follow_command(self, folder: str) -> str:
        file = f"{FILES}/{_nonce(folder)}.jsonl"
        return f"{self._runner.remote} {PROTOCOL} follow {file} app_wait_ms={FIRST_LINE_MS}"

    def _own_words(self, folder: str) -> str:
        return f"{FILES}/{_nonce(folder)}.err"

    def _clean(self, folder: str) -> str:
        return f"rm -r {folder} {FILES}/{_nonce(folder)}.* 2>/dev/null"

    def _stop(self, folder: str) -> None:
        self.site.phone.shell(f"am force-stop {PACKAGE}")

    def _explained(
        self, failure: Failure | None, transcript: Transcript, argv: list[str]
    ) -> Failure | None:
        if failure is None or transcript.first("app") is not None:
            return super()._explained(failure, transcript, [PACKAGE])
        said = "\n".join(transcript.noise)
        if "am start was refused" in failure.cause:
            return dataclasses.replace(failure, evidence=said[-2000:])
        look = "logcat -d -v brief -t 300 2>/dev/null | grep -e devbench -e AndroidRuntime"
        log = self.site.phone.shell(look).stdout
        return Failure(
            kind="crash",
            cause=f"the app was started and wrote no line within {FIRST_LINE_MS // 1000} s",
            evidence=f"{said}\n{log}"[-2000:],
            fix="`adb logcat` while it starts says why; --runner native needs no app",
        )

    def _taints(self, job: Job, transcript: Transcript) -> tuple[Taint, ...]:
        """Where Android really had the process; phones without cpusets tell nothing."""
        return out_of_place(self._mode, (transcript.first("readback") or {}).get("cpuset"), self._mode)


def out_of_place(mode: str, cpuset: object, name: str) -> tuple[Taint, ...]:
    """A mark where Android had an app of `mode` in another cpuset than the mode means; `name` is told for it."""
    if cpuset in (None, "", "/") or str(cpuset).startswith(_CPUSETS[mode]):
        return ()
    taint = Taint(
        id="APP-OUT-OF-PLACE",
        sentence="Android ranked the app otherwise than this mode means.",
        detail=f"{name} expects cpuset {' or '.join(_CPUSETS[mode])}, it was in {cpuset}",
        fix="close other windows and dialogs on the phone, unlock it, and measure again",
    )
    return (taint,)


def _nonce(folder: str) -> str:
    return folder.rpartition("/")[2]


RUNNERS = (
    RunnerKind(
        name="apk",
        sentence="the app in front, as its user sees it",
        make=lambda site, materials: AppRunner(site, materials, "apk"),
        screen=lambda _job: True,
        loads=LOADS,
    ),
    RunnerKind(
        name="apk-background",
        sentence="the app after it was left, as a job behind others",
        make=lambda site, materials: AppRunner(site, materials, "apk-background"),
        screen=lambda _job: True,
        loads=LOADS,
    ),
)
