"""Every error devbench raises, in one tree, because callers act on the class and users on the text.

DevbenchError                 exit code 1
├── UsageError                2   the command line, a suite or a configuration is wrong
│   ├── SuiteError                a suite file
│   └── ResumeMismatch            an option contradicts run.json
├── NoUsableDevice            3
├── AdbServerError            3   no adb binary, or no server answers
├── DeviceError                   something about one phone (serial, command)
│   ├── TransientDeviceError      worth another try: DeviceOffline, DeadlinePassed, DeviceBooting
│   ├── DeviceGone                not on the server any more
│   ├── DeviceRestarted           it is back after a reboot: what ran on it is gone
│   ├── NeedsPerson               unauthorized, no permissions: say what to do, at once
│   ├── CommandFailed             a command on the phone ended with another exit code than 0
│   ├── NotExecutable             the phone will not run what was pushed (noexec, SELinux, ABI)
│   └── DiskFull
├── ModelError                    a model file is missing, damaged or unsupported
│   └── FileChanged                   a file is not the one that was planned with (path)
├── EngineError                   an engine library is missing or not what it should be
├── RunnerError                   the program on the phone broke its protocol
├── StoreError                    a run folder cannot be read or written
├── MissingExtra                  an optional dependency is needed
└── ParseError                    a text was not understood (never ends a run)
"""

from __future__ import annotations


class DevbenchError(Exception):
    """What failed, and in `fix` what to do next (a sentence or a command), if anything is known."""

    exit_code = 1

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return self.message if self.fix is None else f"{self.message}\n  → {self.fix}"


class UsageError(DevbenchError):
    exit_code = 2


class SuiteError(UsageError):
    pass


class ResumeMismatch(UsageError):
    pass


class NoUsableDevice(DevbenchError):
    exit_code = 3


class AdbServerError(DevbenchError):
    exit_code = 3


class DeviceError(DevbenchError):
    """Something about one phone; `kind` is the failure kind that a measurement gets from it."""

    kind = "offline"

    def __init__(
        self, message: str, *, serial: str, command: str | None = None, fix: str | None = None
    ) -> None:
        where = f"{serial}: {message}"
        if command is not None:
            where += f" (command: {command if len(command) <= 200 else command[:199] + '…'})"
        super().__init__(where, fix=fix)
        self.serial = serial
        self.command = command


class TransientDeviceError(DeviceError):
    pass


class DeviceOffline(TransientDeviceError):
    pass


class DeadlinePassed(TransientDeviceError):
    kind = "timeout"


class DeviceBooting(TransientDeviceError):
    pass


class DeviceGone(DeviceError):
    pass


class DeviceRestarted(DeviceError):
    pass


class NeedsPerson(DeviceError):
    pass


class CommandFailed(DeviceError):
    kind = "crash"

    def __init__(
        self, *, serial: str, command: str, exit_code: int | None, output: str, fix: str | None = None
    ) -> None:
        tail = output.strip()[-400:] or "no output"
        super().__init__(f"exit code {exit_code}: {tail}", serial=serial, command=command, fix=fix)
        self.returncode = exit_code
        self.output = output


class NotExecutable(DeviceError):
    kind = "not-executable"


class DiskFull(DeviceError):
    kind = "disk-full"


class ModelError(DevbenchError):
    pass


class FileChanged(ModelError):
    """`path` as it was planned with."""

    def __init__(self, message: str, *, path: str, fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.path = path


class EngineError(DevbenchError):
    """No engine library, or not the right one; `kind` is a failure kind where the phone would have said it."""

    def __init__(self, message: str, *, fix: str | None = None, kind: str = "no-engine") -> None:
        super().__init__(message, fix=fix)
        self.kind = kind


class RunnerError(DevbenchError):
    pass


class StoreError(DevbenchError):
    """Files of devbench's own; `UPGRADE` is the way out where a newer devbench wrote them."""

    UPGRADE = "install a newer devbench"


class MissingExtra(DevbenchError):
    pass


class ParseError(DevbenchError):
    """A text was not understood; `reason` names why, in one hyphenated word (docs/parse.md lists them)."""

    def __init__(self, message: str, *, reason: str = "not-understood", fix: str | None = None) -> None:
        super().__init__(message, fix=fix)
        self.reason = reason
