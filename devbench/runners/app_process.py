"""The runner in a bare virtual machine that the shell starts: the app's classes, where nothing may be installed."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.variant import Variant
from devbench.hashing import sha256_of
from devbench.plan import target_for
from devbench.runners.base import Attempt, Materials, RunnerKind, Site
from devbench.runners.binaries import build_app, library_file
from devbench.runners.cas import PROTOCOL, LocalFile, ensure_files
from devbench.runners.native import NativeRunner
from devbench.runners.patience import again

if TYPE_CHECKING:
    from devbench.domain.job import Job

MAIN = "dev.devbench.runner.Main"
FIRST_LINE_MS = 30000
_ABSENT = '{"event":"error","kind":"not-installed","message":"no app_process"}'
_WIDE = ("arm64-v8a", "x86_64")


class AppProcessRunner(NativeRunner):
    """`app_process` on one phone: nothing is installed, the process has the shell's rights and cpuset."""

    def __init__(self, site: Site, materials: Materials) -> None:
        super().__init__(site, materials.binaries, materials.engines)
        self._classes = ""
        self._libraries: dict[str, LocalFile] = {}

    def prepare(self, variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> None:
        for abi in {job.abi for job in jobs}:
            path = library_file(target_for(self.site.info, abi))
            self._libraries[abi] = LocalFile(
                what=f"the runner's library for {abi}", path=path, sha256=sha256_of(path),
                size_bytes=path.stat().st_size,
            )  # fmt: skip
        super().prepare(variants, jobs)
        apk = build_app(())
        with tempfile.TemporaryDirectory(prefix="devbench-apk-") as folder:
            path = Path(folder, "devbench-runner.apk")
            path.write_bytes(apk)
            sha256 = hashlib.sha256(apk).hexdigest()
            file = LocalFile(what="the app's classes", path=path, sha256=sha256, size_bytes=len(apk))
            site = self.site
            again(site, lambda: ensure_files(site.phone, self._runner, [file], self._told, stop=site.stop))
        self._classes = file.remote

    def _programs(self) -> list[LocalFile]:
        return [*super()._programs(), *self._libraries.values()]

    def _argv(self, attempt: Attempt, folder: str) -> list[str]:
        """`exec` makes the machine a job; the core inside writes lines of its own, which are followed."""
        library = self._libraries[attempt.job.abi].remote
        machine = ["/system/bin", MAIN, f"lib={library}", PROTOCOL, "run"]
        machine += [f"out={folder}/lines.jsonl", f"err={folder}/err.txt", *self._words(attempt, folder)]
        program = "/system/bin/app_process"
        streams = [f"stdout={folder}/words.txt", f"stderr={folder}/words.txt"]
        words = ["detach=1", f"out={folder}/out.jsonl", *streams, f"program={program}"]
        words += [f"arg={word}" for word in machine]
        return [self._runners[attempt.job.abi].remote, PROTOCOL, "exec", *words]

    def _start(self, attempt: Attempt, folder: str, argv: list[str]) -> str:
        """A phone with both widths has a program for each; the plain name is the wider one.

        Few words: adbd before Android 7 takes commands of at most 4 KB.
        """
        width = "64" if attempt.job.abi in _WIDE else "32"
        command = shlex.join(argv).replace("program=/system/bin/app_process", "program=$p")
        choose = (
            f"b=/system/bin/app_process; p=${{b}}{width}; [ -x $p ]||p=$b; "
            f"[ -x $p ]||{{ echo '{_ABSENT}'; false; }}"
        )
        return f"mkdir -p {folder} && {choose} && CLASSPATH={self._classes} {command}"

    def _follow_command(self, folder: str) -> str:
        return f"{self._runner.remote} {PROTOCOL} follow {folder}/lines.jsonl app_wait_ms={FIRST_LINE_MS}"


RUNNERS = (
    RunnerKind(
        name="app_process",
        sentence="the app's classes in a virtual machine that the shell starts",
        make=lambda site, materials: AppProcessRunner(site, materials),
    ),
)
