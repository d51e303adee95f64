"""Content-addressed files on a phone: pushed once, hashed there by our own runner, then renamed.

Old phones have no sha256sum, and `adb push --sync` compares times only.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.sync import push
from devbench.adb.translate import DISK_FULL_FIX
from devbench.errors import DeviceError, DiskFull, EngineError, FileChanged, NotExecutable
from devbench.hashing import sha256_of
from devbench.runners.base import JobInterrupted
from devbench.runners.protocol import parse_line

if TYPE_CHECKING:
    from threading import Event as Flag

    from devbench.adb import Phone, ShellResult

BASE = "/data/local/tmp/devbench"
CAS = f"{BASE}/cas"
PROTOCOL = "1"
HASH_DEADLINE_S = 300.0
PATHS_AT_ONCE = 16  # adbd before Android 7 takes commands of at most 4 KB


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file of this host that a phone needs: what it is called in messages, and its hash.

    `there` is where the phone has the same file already, as a part of itself: then it is never pushed.
    """

    what: str
    path: Path
    sha256: str
    size_bytes: int
    executable: bool = False
    there: str | None = None

    @property
    def remote(self) -> str:
        return self.there or f"{CAS}/{self.sha256}"


Told = Callable[[LocalFile, float], None]


def ensure_runner(phone: Phone, runner: LocalFile, told: Told, *, stop: Flag | None = None) -> None:
    """The runner is on the phone and runs there, or an error that says why it cannot."""
    if _hashes(phone, runner, (runner.remote,)).get(runner.remote) == runner.sha256:
        return
    made = phone.shell(f"mkdir -p {CAS}")
    if not made.ok:
        raise _storage_error(phone, made)
    part = f"{runner.remote}.part"
    _push(phone, runner, part, told, stop)
    answer = phone.shell(f"chmod 755 {part} && {part} {PROTOCOL} sha256 {part}", deadline_s=HASH_DEADLINE_S)
    if answer.exit_code in (126, 127) or "sha256" not in answer.stdout:
        phone.remove(part)
        raise _cannot_run(phone, answer)
    _keep(phone, runner, part, _parse_hashes(answer.stdout).get(part))


def ensure_files(
    phone: Phone, runner: LocalFile, files: Iterable[LocalFile], told: Told, *, stop: Flag | None = None
) -> None:
    """All `files` are on the phone with the right content; only what is missing travels.

    JobInterrupted between two chunks once `stop` is set.
    """
    wanted = {}
    for file in files:
        if file.there is None:
            wanted[file.remote] = file
        else:
            _check_there(phone, runner, file)
    if not wanted:
        return
    there = _hashes(phone, runner, tuple(wanted))
    for remote, file in wanted.items():
        if there.get(remote) == file.sha256:
            continue
        part = f"{remote}.part"
        _push(phone, file, part, told, stop)
        _keep(phone, file, part, _hashes(phone, runner, (part,)).get(part))


def _check_there(phone: Phone, runner: LocalFile, file: LocalFile) -> None:
    """EngineError if the phone's own file is another one. It is large: it is hashed again only once it changed."""
    listed = phone.shell(f"ls -lL {shlex.quote(file.remote)}").stdout.strip()
    note = f"{CAS}/{file.sha256}.seen"
    if listed and phone.shell(f"cat {note} 2>/dev/null").stdout.strip() == listed:
        return
    found = _hashes(phone, runner, (file.remote,)).get(file.remote)
    if found != file.sha256:
        raise EngineError(
            f"{file.what}: {file.remote} on {phone.serial} is another file: SHA-256 {found or 'unreadable'}, "
            f"{file.path} here has {file.sha256}",
            fix="install the same version here, or give the phone's own file: --engine NAME=PATH",
            kind="not-installed",
        )
    phone.shell(f"echo {shlex.quote(listed)} > {note}")


def _push(phone: Phone, file: LocalFile, remote: str, told: Told, stop: Flag | None) -> None:
    started = time.monotonic()

    def go_on() -> None:
        if stop is not None and stop.is_set():
            raise JobInterrupted

    try:
        push(phone, file.path, remote, mode=0o755 if file.executable else 0o644, between=go_on)
    except DiskFull as error:
        phone.remove(remote)
        raise DiskFull(
            f"no room for {file.what} ({file.size_bytes} bytes) below {BASE}", serial=phone.serial, fix=error.fix
        ) from error
    except FileNotFoundError as error:
        gone = f"{file.what}: {file.path} is gone since the run was planned"
        raise FileChanged(gone, path=str(file.path), fix="put it back, then devbench run --resume") from error
    told(file, time.monotonic() - started)


def _keep(phone: Phone, file: LocalFile, part: str, found: str | None) -> None:
    if found != file.sha256:
        phone.remove(part)
        if sha256_of(file.path) != file.sha256:
            changed = f"{file.what}: {file.path} has changed since the run was planned"
            raise FileChanged(changed, path=str(file.path), fix="start a new run")
        raise DeviceError(
            f"{file.what} arrived damaged: SHA-256 {found or 'unreadable'}, expected {file.sha256}",
            serial=phone.serial,
            fix="look at the cable or the hub, and at the phone's free space",
        )
    phone.shell(f"mv {part} {file.remote}", check=True)


def _hashes(phone: Phone, runner: LocalFile, paths: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(paths), PATHS_AT_ONCE):
        quoted = " ".join(shlex.quote(path) for path in paths[start : start + PATHS_AT_ONCE])
        command = f"{runner.remote} {PROTOCOL} sha256 {quoted}"
        found |= _parse_hashes(phone.shell(command, deadline_s=HASH_DEADLINE_S).stdout)
    return found


def _parse_hashes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        event, _ = parse_line(line.encode())  # linker warnings of old Androids stand between the lines
        if event is not None and event["event"] == "sha256":
            found[str(event["path"])] = str(event["sha256"])
    return found


def _storage_error(phone: Phone, result: ShellResult) -> DeviceError:
    text = (result.stderr or result.stdout).strip()
    kind = DiskFull if "space" in text.lower() else DeviceError
    return kind(
        f"{BASE} cannot be made: {text}",
        serial=phone.serial,
        fix=DISK_FULL_FIX if kind is DiskFull else "a phone must let its shell write below /data/local/tmp",
    )


def _cannot_run(phone: Phone, result: ShellResult) -> NotExecutable:
    text = (result.stderr + result.stdout).strip()[-300:] or f"exit code {result.exit_code}"
    folded = text.lower()
    if "permission denied" in folded or result.exit_code == 126:
        why = "the phone refuses to execute files below /data/local/tmp (mounted noexec, or SELinux)"
        fix = "adb shell 'mount | grep /data' shows noexec; such a phone can only be measured by an app"
    elif "exec format" in folded or "not executable" in folded:
        why, fix = "the runner is built for another kind of CPU", "devbench devices shows the probed target"
    else:
        why, fix = (
            "the runner does not start",
            "the phone's own words are above; `devbench doctor` looks closer",
        )
    return NotExecutable(f"{why}: {text}", serial=phone.serial, fix=fix)
