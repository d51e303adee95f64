"""One run's lines to one run: phases by their announcements, values by their lines, doubts as warnings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from devbench.parse.benchmark_model.delegate import DelegateReader
from devbench.parse.benchmark_model.flags import argued_flags, echoed_flag
from devbench.parse.benchmark_model.message import MOST_US, NUMBER, Message, number, plausible
from devbench.parse.benchmark_model.profile import ProfileReader
from devbench.parse.benchmark_model.run import BenchmarkRun
from devbench.parse.benchmark_model.stat import Stat, stat_line
from devbench.parse.benchmark_model.summary import MIB, Summary
from devbench.parse.quantity import MOST_BYTES
from devbench.parse.text import Notes, excerpt

_PHASE = re.compile(
    r"Running benchmark for (?:(at least|max) )?([0-9]{1,12}) iterations(?: and at least|, max| )?.{0,200}"
)
_INIT = re.compile(rf"Initialized session in ({NUMBER})(ms|us|s)\b")
_MODEL_SIZE = re.compile(rf"The input model file size \(MB\): ({NUMBER})$")
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: ({NUMBER})")
_FOOTPRINT = re.compile(
    rf"(Peak memory footprint|Memory footprint delta from the start of the tool) \(MB\): "
    rf"init=({NUMBER}) overall=({NUMBER})"
)
_USAGE = re.compile(rf"\[Overall\] - Memory usage: max resident set size = ({NUMBER}) MB")
_FAILED = re.compile(
    r"Benchmarking failed|Failed to (?:load|mmap|parse|construct|initialize|allocate|invoke|run|read|create)"
    r"|Could not (?:create|load|open)|No OpKernel was registered|Op type not registered|Unknown argument"
    r"|CANNOT LINK EXECUTABLE|^(?:Aborted|Segmentation fault|Killed)\b|terminating with uncaught",
    re.IGNORECASE,
)
_UNCONSUMED = re.compile(r"(?:Unconsumed cmdline flags|Duplicate flags): .{0,400}")
_PER_UNIT_US = {"s": 1e6, "ms": 1e3, "us": 1.0}


@dataclass(slots=True)
class _Phase:
    """One announced series of inferences: the least count asked for, and its stat line once printed."""

    asked: int | None
    timed: bool = False
    stat: Stat | None = None


class RunReader:
    """Fed all messages of one start of the tool."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.summary = Summary()
        self.profile = ProfileReader()
        self.flags: dict[str, int | float | str] = {}
        self.phases: list[_Phase] = []
        self.init_us: float | None = None
        self.init_unit: str | None = None
        self.worded = False
        self.started = False
        self.announced = False
        self.saved = False
        self.footprint = ""
        self.failures = 0
        self.sizes: dict[str, float | None] = {}
        self._delegate = DelegateReader()

    def feed(self, message: Message) -> None:
        text = message.text
        if self.summary.feed(text):
            self.worded = self.worded or message.worded
            return
        if (
            self.profile.feed(text)
            or self._phase(text)
            or self._memory(text)
            or self._setting(text, message.worded)
        ):
            return
        self._delegate.feed(text, self.notes)
        if match := _UNCONSUMED.match(text):
            self.notes.warn(excerpt(match[0], 200))
        elif failed := _FAILED.search(text[:2000]):
            self.failures += 1
            self.notes.warn(f"failure: {excerpt(text[max(0, failed.start() - 40) :], 160)}")
        elif message.severity in ("ERROR", "FATAL"):
            self.failures += message.severity == "FATAL"
            self.notes.warn(f"{message.severity}: {excerpt(text, 160)}")
        elif text.startswith(("Saving benchmark result to", "Saved benchmark result to")):
            self.saved = True

    def _phase(self, text: str) -> bool:
        if match := _PHASE.match(text):
            asked = None if match[1] == "max" else int(match[2])
            self.phases.append(_Phase(asked=asked, timed=match[1] == "at least"))
            return True
        stat = stat_line(text)
        if stat is None:
            return False
        if self.phases and self.phases[-1].stat is None:
            self.phases[-1].stat = stat
        else:
            self.phases.append(_Phase(asked=None, stat=stat))
        return True

    def _setting(self, text: str, worded: bool) -> bool:
        if match := _INIT.match(text):
            value = number(match[1])
            self.init_unit = match[2]
            self.init_us = None if value is None else round(value * _PER_UNIT_US[match[2]], 3)
            return True
        if text.startswith("STARTING!"):
            self.worded, self.started, self.announced = worded, True, True
            return True
        flag = echoed_flag(text)
        if flag:
            self.started = True
            self.flags.setdefault(*flag)
            self.worded = self.worded or worded
            return True
        for name, value_of in argued_flags(text).items():
            self.flags.setdefault(name, value_of)
        return False

    def _memory(self, text: str) -> bool:
        if match := _MODEL_SIZE.match(text):
            self.sizes["model_size_bytes"] = _times(number(match[1]), 1e6)
        elif match := _PEAK.match(text):
            self.sizes["peak_memory_bytes"] = _times(number(match[1]), MIB)
        elif match := _FOOTPRINT.match(text):
            self.footprint = match[1]
            self.sizes["init_footprint_bytes"] = _times(number(match[2]), MIB)
            self.sizes["overall_footprint_bytes"] = _times(number(match[3]), MIB)
        elif match := _USAGE.match(text):
            self.sizes["peak_memory_bytes"] = _times(number(match[1]), MIB)
        else:
            return False
        return True

    @property
    def only_asked(self) -> bool:
        """Whether the lines hold the command of a start and nothing that the tool printed."""
        return self.empty and not self.started and self.failures == 0

    @property
    def empty(self) -> bool:
        """Whether nothing of a tool was in the lines."""
        return not (
            self.phases or self.summary.form or self.init_us is not None or self.profile.nodes_executed
        )

    def run(self) -> BenchmarkRun:
        """What the lines told, once they are all fed."""
        tool = self._tool()
        times: dict[str, Any] = self._times()
        nodes = self.profile.nodes_executed
        if nodes is None and self.summary.values.get("nodes_executed"):
            nodes = round(self.summary.values["nodes_executed"] or 0)
        if self.footprint.startswith("Peak"):
            self.sizes.setdefault("peak_memory_bytes", self.sizes["overall_footprint_bytes"])
        sizes = self.sizes | {k: v for k, v in self.summary.values.items() if k.endswith("_bytes")}
        rounded: dict[str, Any] = {
            key: None if value is None else round(value)
            for key, value in plausible(sizes, MOST_BYTES, self.notes).items()
        }
        count = self._count()
        failed = self.failures > 0 or times["inference_avg_us"] is None
        if self.summary.form is None:
            self.notes.warn("no line sums the run up: cut off, or failed")
        delegate = self._delegate.done(self.notes)
        return BenchmarkRun(
            tool=tool,
            era=self._era() if tool == "L" else None,
            failed=failed,
            count=count,
            nodes_executed=nodes,
            delegate=delegate,
            ops=self.profile.ops(self.notes),
            flags=self.flags,
            warnings=self.notes.done(),
            **times,
            **rounded,
        )

    def _tool(self) -> str | None:
        form = self.summary.form
        if form == "block":
            return "N"
        if form in ("oldest", "no stats, with stats"):
            return "T"
        if form is None and any(key in self.flags for key in ("init_ops", "target_layers", "output_layer")):
            return "T"
        return "L" if form or self.announced or "verbose" in self.flags or self.init_unit == "ms" else None

    def _era(self) -> str | None:
        """E1 to E8 by what was printed; None where a cut text leaves several open."""
        form = self.summary.form
        if form != "modern":
            second = "E2b" if any(phase.timed for phase in self.phases) else "E2"
            return {"first": "E1", "no stats": second, "inference": "E3"}.get(form or "")
        if self.saved:
            return "E8"
        if any(phase.stat and phase.stat.median is not None for phase in self.phases):
            return "E7"
        if self.worded:
            return "E6"
        return {"P": "E4", "M": "E5"}.get(self.footprint[:1])

    def _measured(self) -> _Phase | None:
        """The phase that counts: the second announced, or the one whose average the summary repeats."""
        average = self.summary.values.get("inference_avg_us")
        if len(self.phases) > 1 and self.phases[1].asked is not None:
            return self.phases[1]
        stats = [
            phase for phase in self.phases if phase.stat and _agree(phase.stat.avg, average, self._slack_us)
        ]
        if stats:
            return stats[-1]
        return self.phases[1] if len(self.phases) > 1 else None

    @property
    def _slack_us(self) -> float:
        """A unit of the summary's last digit: LiteRT's block has hundredths of a millisecond."""
        return 10.0 if self.summary.form == "block" else 1.0

    def _times(self) -> dict[str, float | None]:
        told = self.summary.values
        phase = self._measured()
        stat = phase.stat if phase else None
        first = self.phases[0].stat if self.phases and self.phases[0] is not phase else None
        average = told.get("inference_avg_us")
        if (
            average is not None
            and stat is not None
            and stat.avg is not None
            and not _agree(stat.avg, average, self._slack_us)
        ):
            self.notes.warn(
                f"the average is {average:g} us in the summary, {stat.avg:g} in the stat line: not reported"
            )
            average = None
        values: dict[str, float | None] = {
            "init_us": told.get("init_us", self.init_us),
            "first_inference_us": told.get("first_inference_us", first.coldest if first else None),
            "warmup_avg_us": told.get("warmup_avg_us", first.avg if first else None),
            "inference_avg_us": average,
        }
        for name in ("min", "max", "std", "median", "p5", "p95"):
            values[f"{name}_us"] = told.get(f"{name}_us", getattr(stat, name) if stat else None)
        values = plausible(values, MOST_US, self.notes)
        zero = [
            name
            for name in ("init_us", "first_inference_us", "warmup_avg_us", "inference_avg_us")
            if values[name] == 0
        ]
        if zero:
            self.notes.warn(f"0 means that it was not measured: {', '.join(zero)}")
        return values | dict.fromkeys(zero)

    def _count(self) -> int | None:
        phase = self._measured()
        told = self.summary.values.get("count")
        count = phase.stat.count if phase and phase.stat else (None if told is None else int(told))
        if phase and phase.asked is not None and count is not None and count < phase.asked:
            self.notes.warn(f"count {count} is below the {phase.asked} asked for")
        return count


def _times(value: float | None, factor: float) -> float | None:
    """`value` in another unit; the tools print a negative size for one that they could not read."""
    return None if value is None or value < 0 else value * factor


def _agree(one: float | None, other: float | None, slack: float) -> bool:
    """Whether two averages are the same number, printed with six digits or as an integer."""
    return one is not None and other is not None and abs(one - other) <= max(slack, 1.1e-5 * abs(other))
