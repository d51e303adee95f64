"""Lines of the runner (android-runner/PROTOCOL.md) into the parts of a Measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from devbench.domain.codec import from_json
from devbench.domain.measurement import Actual, Failure, OpTime, OutputFile, Series, Usage
from devbench.errors import RunnerError

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
    "timeout": "the model may need longer than the limit, or hangs; see the log",
}


@dataclass(slots=True)
class Transcript:
    """Everything one process said, fed line by line; knows when it is over."""

    events: list[dict[str, Any]] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    ended: bool = False

    def feed(self, line: str) -> dict[str, Any] | None:
        """The event of one line, kept; None for a line that is none (a linker's warning, say)."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "event" not in event:
            if line.strip():
                self.noise.append(line)
            return None
        if event["event"] == "hello" and event.get("protocol") != PROTOCOL:
            raise RunnerError(
                f"the runner speaks protocol {event.get('protocol')}, this devbench speaks {PROTOCOL}",
                fix="remove /data/local/tmp/devbench on the phone and run again",
            )
        self.events.append(event)
        self.ended = event["event"] in ("exit", "gone")
        return event

    def first(self, name: str) -> dict[str, Any] | None:
        return next((e for e in self.events if e["event"] == name), None)

    def all(self, name: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] == name]

    @property
    def complete(self) -> bool:
        end = self.first("end")
        return end is not None and end.get("status") == "ok"

    def series(self) -> tuple[Series, ...]:
        """One Series a phase: chunks of a phase are one sequence, whose start is the first chunk's."""
        phases: dict[str, list[dict[str, Any]]] = {}
        for event in self.all("sample"):
            phases.setdefault(event["phase"], []).append(event)
        return tuple(
            Series(
                phase=phase,  # type: ignore[arg-type]  # from_json checks it when it is read back
                values_ns=tuple(ns for chunk in chunks for ns in chunk["ns"]),
                start_ns=chunks[0].get("start_ns"),
            )
            for phase, chunks in phases.items()
        )

    def usage(self) -> tuple[Usage, ...]:
        return tuple(
            from_json(Usage, {key: e.get(key) for key in ("phase", *_USAGE_KEYS)}) for e in self.all("usage")
        )

    def actual(self) -> Actual | None:
        """What ran; None if the engine never loaded."""
        hello, loaded = self.first("hello"), self.first("loaded")
        if hello is None or loaded is None:
            return None
        back = self.first("readback") or {}
        return Actual(
            engine=loaded["engine"],
            engine_version=loaded.get("engine_version"),
            abi=hello["abi"],
            runner_version=hello["version"],
            delegate=loaded.get("delegate_applied"),
            fully_delegated=loaded.get("fully_delegated"),
            delegated_nodes=loaded.get("delegated_nodes"),
            nodes=loaded.get("nodes"),
            partitions=loaded.get("partitions"),
            threads=back.get("threads", loaded.get("threads")),
            cpus_allowed=back.get("cpus_allowed", loaded.get("cpus_allowed")),
            cpus_used=tuple(back.get("cpus_used") or ()),
            cpu_khz={str(cpu): khz for cpu, khz in (back.get("cpu_khz") or {}).items()},
            load_steps_ns=loaded.get("load_steps_ns") or {},
        )

    def ops(self) -> tuple[OpTime, ...]:
        return tuple(
            OpTime(
                index=e["index"],
                type=e["type"],
                name=e["name"],
                mean_ns=float(e["mean_ns"]),
                calls=e["calls"],
            )
            for e in self.all("op")
        )

    def outputs(self) -> tuple[OutputFile, ...]:
        return tuple(
            OutputFile(
                index=e["index"],
                name=e["name"],
                dtype=e["dtype"],
                shape=tuple(e["shape"]),
                size_bytes=e["bytes"],
                sha256=e["sha256"],
            )
            for e in self.all("output")
        )

    def failure(self, log_tail: str) -> Failure | None:
        """Why there is no complete measurement; None if there is one."""
        if self.complete:
            return None
        error, exit_, gone = self.first("error"), self.first("exit"), self.first("gone")
        if error is not None:
            # what the runner calls `engine` is an error that the engine returned without a better name
            kind = {"engine": "crash", "usage": "unparsed", "protocol": "unparsed"}.get(
                error["kind"], error["kind"]
            )
            step = f"step {error['step']}: " if error.get("step") else ""
            return _failure(kind, step + str(error.get("message", "")), log_tail)
        if exit_ is not None and exit_.get("signal") is not None:
            kind = "killed" if exit_["signal"] == 9 else "crash"
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
