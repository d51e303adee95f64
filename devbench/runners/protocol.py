"""Lines of the runner (android-runner/PROTOCOL.md) into the parts of a Measurement."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from devbench.domain.codec import from_json
from devbench.domain.measurement import Actual, Failure, Mark, OpTime, OutputFile, Series, Usage
from devbench.errors import RunnerError, StoreError
from devbench.units import celsius

PROTOCOL = 1
_USAGE_KEYS = (
    "wall_ns", "utime_ns", "stime_ns", "minor_faults", "major_faults", "voluntary_switches",
    "involuntary_switches", "vm_hwm_bytes", "vm_rss_bytes", "rss_anon_bytes", "rss_file_bytes",
    "rss_shmem_bytes", "vm_swap_bytes", "hwm_reset",
)  # fmt: skip
_FIXES = {
    "bad-model": "open the file with `devbench run MODEL --dry-run`, or convert it again",
    "unsupported-op": "another engine or version may know the operator; or convert without it",
    "delegate-refused": "--delegate none runs the builtin kernels",
    "out-of-memory": "a smaller variant, or a phone with more free memory",
    "link": "the engine library does not fit this phone; another version may",
    "killed": "Android's low-memory killer or a user ended it; `adb logcat` says which",
    "crash": "the log beside the run holds the engine's last words; another engine version may do",
    "not-shown": "unlock the phone and close what lies over the app; a screen lock of `none` is best for measuring",
    "timeout": "the model may need longer than the limit, or hangs; see the log",
}
# Hang-up, interrupt, kill and terminate come from others; a program dies of the rest by its own doing.
_SENT_FROM_OUTSIDE = frozenset({1, 2, 9, 15})

_Read = TypeVar("_Read")


def _promised(read: Callable[[Transcript], _Read]) -> Callable[[Transcript], _Read]:
    """What a broken runner leaves out becomes one named error, not a KeyError at some reader's."""

    def checked(transcript: Transcript) -> _Read:
        try:
            return read(transcript)
        except (KeyError, TypeError, ValueError, AttributeError, StoreError) as error:
            raise RunnerError(
                f"the runner's lines do not hold what its protocol promises: {error!r}",
                fix="remove /data/local/tmp/devbench on the phone and run again",
            ) from error

    return checked


def parse_line(line: bytes) -> tuple[dict[str, Any] | None, int]:
    """(event, its length in bytes) of one line; None for a line that holds none.

    What stands before it is not ours: a linker's warning or a driver's babble without a line's end.
    """
    start = line.find(b'{"event":')
    if start < 0:
        return None, 0
    try:
        event = json.loads(line[start:].decode(errors="replace"))
    except ValueError:
        return None, 0
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return None, 0
    return event, len(line) - start


@dataclass(slots=True)
class Transcript:
    """Everything one process said, event by event; knows when it is over.

    Its readings raise RunnerError for events that do not hold what the protocol promises.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    ended: bool = False

    def keep(self, event: dict[str, Any]) -> None:
        """One event, in the order of the file; RunnerError if the runner speaks another protocol."""
        if event["event"] == "hello" and event.get("protocol") != PROTOCOL:
            raise RunnerError(
                f"the runner speaks protocol {event.get('protocol')}, this devbench speaks {PROTOCOL}",
                fix="remove /data/local/tmp/devbench on the phone and run again",
            )
        self.events.append(event)
        self.ended = event["event"] in ("exit", "gone")

    def first(self, name: str) -> dict[str, Any] | None:
        return next((e for e in self.events if e["event"] == name), None)

    def all(self, name: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] == name]

    @property
    def complete(self) -> bool:
        end = self.first("end")
        return end is not None and end.get("status") == "ok"

    @property
    def torn(self) -> bool:
        """Whether lines are missing here that the process wrote, or stand here twice, by its own counts."""
        end, exit_ = self.first("end"), self.first("exit")
        if end is None:
            return exit_ is not None and exit_.get("code") in (0, 1)
        counted: dict[str, int] = {}
        for event in self.all("sample"):
            counted[event["phase"]] = counted.get(event["phase"], 0) + len(event["ns"])
        told = {phase: n for phase, n in end["samples"].items() if n}
        # of a long warm-up only the first samples are told, while all are counted
        return counted.pop("warmup", 0) > told.pop("warmup", 0) or counted != told

    @_promised
    def series(self) -> tuple[Series, ...]:
        """One Series a phase: chunks of a phase are one sequence, whose start is the first chunk's."""
        phases: dict[str, list[dict[str, Any]]] = {}
        for event in self.all("sample"):
            phases.setdefault(event["phase"], []).append(event)
        return tuple(
            from_json(
                Series,
                {
                    "phase": phase,
                    "values_ns": [ns for chunk in chunks for ns in chunk["ns"]],
                    "start_ns": chunks[0].get("start_ns"),
                },
            )
            for phase, chunks in phases.items()
        )

    @_promised
    def usage(self) -> tuple[Usage, ...]:
        return tuple(
            from_json(Usage, {key: e.get(key) for key in ("phase", *_USAGE_KEYS)}) for e in self.all("usage")
        )

    @_promised
    def actual(self) -> Actual | None:
        """What ran; None if the engine never loaded."""
        hello, loaded = self.first("hello"), self.first("loaded")
        if hello is None or loaded is None:
            return None
        back = self.first("readback") or {}
        values = {
            "engine": loaded["engine"],
            "engine_version": loaded.get("engine_version"),
            "abi": hello["abi"],
            "runner_version": hello["version"],
            "delegate": loaded.get("delegate_applied"),
            "fully_delegated": loaded.get("fully_delegated"),
            "delegated_nodes": loaded.get("delegated_nodes"),
            "nodes": loaded.get("nodes"),
            "partitions": loaded.get("partitions"),
            "threads": back.get("threads", loaded.get("threads")),
            "cpus_allowed": back.get("cpus_allowed", loaded.get("cpus_allowed")),
            "cpus_used": back.get("cpus_used") or [],
            "cpu_khz": back.get("cpu_khz") or {},
            "load_steps_ns": loaded.get("load_steps_ns") or {},
        }
        return from_json(Actual, values)

    @_promised
    def ops(self) -> tuple[OpTime, ...]:
        keys = ("index", "type", "name", "mean_ns", "calls")
        told = ("delegate", "start_ns", "memory_bytes")
        return tuple(
            from_json(OpTime, {key: e[key] for key in keys} | {key: e.get(key) for key in told})
            for e in self.all("op")
        )

    @_promised
    def marks(self) -> tuple[Mark, ...]:
        """Temperatures by zone number: the runner tells what the kernel says, in whatever unit."""
        return tuple(
            Mark(
                t_ns=e["t_ns"],
                cpu_khz={str(cpu): int(khz) for cpu, khz in e["cpu_khz"].items()},
                temperatures_c={
                    f"zone{zone}": value
                    for zone, raw in e["thermal"].items()
                    if (value := celsius(int(raw))) is not None
                },
                files={file["path"]: file["text"] for file in e.get("files", ())},
            )
            for e in self.all("mark")
        )

    @_promised
    def outputs(self) -> tuple[OutputFile, ...]:
        keys = ("index", "name", "dtype", "shape", "sha256")
        return tuple(
            from_json(OutputFile, {"size_bytes": e["bytes"], **{key: e[key] for key in keys}})
            for e in self.all("output")
        )

    def written_outputs(self) -> dict[int, str]:
        """Paths on the phone of the outputs that were written to files, by index."""
        return {e["index"]: e["path"] for e in self.all("output") if e.get("path")}

    def failure(self, log_tail: str) -> Failure | None:
        """Why there is no complete measurement; None if there is one."""
        if self.complete and not self.torn:
            return None
        if self.complete:
            return _failure("unparsed", "lines of the process were lost on the way to this computer", log_tail)
        error, exit_, gone = self.first("error"), self.first("exit"), self.first("gone")
        if error is not None:
            # what the runner calls `engine` is an error that the engine returned without a better name
            kind = {"engine": "crash", "usage": "unparsed", "protocol": "unparsed"}.get(
                error["kind"], error["kind"]
            )
            step = f"step {error['step']}: " if error.get("step") else ""
            return _failure(kind, step + str(error.get("message", "")), log_tail)
        if exit_ is not None and exit_.get("signal") is not None:
            kind = "killed" if exit_["signal"] in _SENT_FROM_OUTSIDE else "crash"
            return _failure(kind, f"the process was ended by signal {exit_['signal']}", log_tail)
        if exit_ is not None:
            return _failure(
                "crash", f"the process ended with exit code {exit_.get('code')}, unfinished", log_tail
            )
        if gone is not None:
            return _failure("killed", "the process and its supervisor vanished", log_tail)
        return _failure("offline", "the phone stopped talking before the process ended", log_tail)


def _failure(kind: str, cause: str, evidence: str) -> Failure:
    return Failure(kind=kind, cause=cause, evidence=evidence[-2000:], fix=_FIXES.get(kind, ""))
