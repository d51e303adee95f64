"""Why the phone ended a process: read once from its log and newest tombstone, only after a job failed that way.

A leaf: a runner hands over the failure that it saw and gets it back sharper, or as it was with the reason why the
phone could not tell more. Jobs that are ok cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.domain.measurement import Failure
from devbench.errors import DeviceError, ParseError
from devbench.parse import ExitEvent, parse_exit
from devbench.parse.exit_evidence import lines_about

if TYPE_CHECKING:
    from devbench.runners.base import Site
    from devbench.runners.protocol import Transcript

DEADLINE_S = 10.0
_LINES, _FRAMES = 24, 8
_EVIDENCE_CHARS = 4000
_OWN_WORDS_CHARS = 1200
_MARK = "== devbench-tombstone"
# Linux numbers signals alike on every architecture of a phone; the host's own table may be another.
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
}  # fmt: skip
_FIXES_BY_SIGNAL = {
    4: "the program holds instructions that this CPU lacks: another ABI or engine version",
    7: "a file under the program was cut short, or memory ran out: run again, or a smaller variant",
    31: "Android's filter forbids a system call of the engine: another engine version",
}
_LOW_MEMORY_FIX = "free memory on the phone (close apps, reboot), or measure a smaller variant"
_LOW_MEMORY = ("lowmemorykiller", "lmkd", "killinfo", "lowmem")
# Kinds that a process's own last words decide, whatever the log says of its end.
_TOLD_BY_ITSELF = frozenset({"link", "abi", "not-executable", "not-installed", "out-of-memory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A process that is gone: who it was, how it ended, and what it said last (stdout and stderr)."""

    pid: int | None
    program: str
    signal: int | None
    words: str


def sharpened(site: Site, failure: Failure | None, transcript: Transcript, program: str) -> Failure | None:
    """`failure` of a job with what the phone knows of the end of its process; None stays None.

    `program` is the path that was started. Reads the phone only when a process ended without saying why.
    """
    if failure is None or transcript.first("error") is not None or failure.kind not in ("crash", "killed"):
        return failure
    hello, exit_ = transcript.first("hello") or {}, transcript.first("exit") or {}
    pid = hello.get("pid")
    ended = Ended(
        pid=pid if isinstance(pid, int) else None,
        program=program,
        signal=exit_.get("signal"),
        words="\n".join([*transcript.noise, failure.evidence]),
    )
    return explained(site, failure, ended)


def explained(site: Site, failure: Failure, ended: Ended) -> Failure:
    """`failure` by the process's own last words if they decide, else by the phone's log and tombstone."""
    own = _own_words(ended)
    if own is not None:
        return _with(failure, site, own, ended, _line_of(own, ended.words))
    if ended.pid is None:
        return failure
    try:
        text = site.phone.shell(script(ended.pid), deadline_s=DEADLINE_S).stdout
    except DeviceError as error:
        return _unknown(failure, site, ended, f"the phone's log could not be read: {error.message}")
    log, _, tombstone = text.partition(f"{_MARK}\n")
    event = _event(log, ended) or _event(tombstone, ended)
    if event is None:
        why = (
            "this phone has no logcat" if log.startswith("no logcat") else "the phone's log does not name it"
        )
        return _unknown(failure, site, ended, why)
    return _with(failure, site, event, ended, lines_about(log, ended.pid, _LINES))


def script(pid: int) -> str:
    """One command for the ends of all logs, each behind its own error, and the newest tombstone's beginning.

    Android 4 has no buffer `crash`, user builds let nobody read tombstones, old phones have no head and no tail.
    """
    logs = "; ".join(
        f"logcat -d -v threadtime {option}-t 400 2>/dev/null" for option in ("", "-b crash ", "-b events ")
    )
    return (
        f"if command -v logcat >/dev/null; then {logs}; else echo no logcat; fi; "
        f"dmesg 2>/dev/null | grep -w {pid}; echo; echo '{_MARK}'; n=; "
        'for f in /data/tombstones/tombstone_??; do if [ -r "$f" ]; then '
        'if [ -z "$n" ] || [ "$f" -nt "$n" ]; then n=$f; fi; fi; done; '
        '[ -z "$n" ] || dd if="$n" bs=16384 count=4 2>/dev/null'
    )


def _event(text: str, ended: Ended) -> ExitEvent | None:
    """The last end of this process that the text tells of; another program of the same number is not meant."""
    try:
        events = parse_exit(text).events
    except ParseError:
        return None
    mine = [e for e in events if e.pid == ended.pid and _same_program(e.process, ended.program)]
    return mine[-1] if mine else None


def _same_program(named: str | None, program: str) -> bool:
    """Whether a log may mean `program`: by its path, its file name, or the kernel's 15 first characters of it."""
    if named is None:
        return True
    name = program.rsplit("/", 1)[-1]
    return name[:15] in named or (bool(named.strip()) and name.startswith(named.rsplit("/", 1)[-1][:15]))


def _own_words(ended: Ended) -> ExitEvent | None:
    """An end that the process's last words leave no doubt about.

    A linker's line counts only if the process ended by itself: engines also probe for libraries that they can do
    without, and may die of something else later.
    """
    try:
        events = parse_exit(ended.words).events
    except ParseError:
        return None
    kinds = {"out-of-memory"} if ended.signal is not None else _TOLD_BY_ITSELF
    told = [e for e in events if e.failure_kind in kinds and e.pid in (None, ended.pid)]
    return told[-1] if told and ended.signal in (None, 6) else None


def _line_of(event: ExitEvent, words: str) -> list[str]:
    """The line of the process's own words that an event was read from."""
    for line in reversed(words.splitlines()):
        try:
            found = parse_exit(line).events
        except ParseError:
            continue
        if found and found[0].failure_kind == event.failure_kind:
            return [line.strip()]
    return []


def _with(failure: Failure, site: Site, event: ExitEvent, ended: Ended, lines: list[str]) -> Failure:
    signal = ended.signal if event.signal is None else event.signal
    kind = event.failure_kind or failure.kind
    low_memory = kind == "killed" and any(word in line for line in lines for word in _LOW_MEMORY)
    fix = failure.fix
    if low_memory or kind == "out-of-memory":
        fix = _LOW_MEMORY_FIX
    elif kind == "crash" and event.library:
        fix = f"the fault is in {event.library}: another engine version, or --delegate none, may do"
    return _failure(
        site,
        kind=kind,
        cause=_cause(kind, signal, event, low_memory=low_memory),
        parts=[*event.frames[:_FRAMES], *lines],
        ended=ended,
        fix=_FIXES_BY_SIGNAL.get(signal or 0, fix) if kind == "crash" else fix,
    )


def _cause(kind: str, signal: int | None, event: ExitEvent, *, low_memory: bool) -> str:
    by = f"by {signal_name(signal)}" if signal is not None else "by itself"
    if low_memory:
        return f"the phone's low-memory killer ended the process ({by})"
    if kind == "out-of-memory":
        return f"memory ran out: the process was ended {by}"
    if kind in ("link", "abi", "not-executable", "not-installed"):
        return f"the program could not be started: {event.library or event.process or 'see the evidence'}"
    where = f" in {event.library}" if event.library else ""
    return f"the process was ended {by}{where}"


def _unknown(failure: Failure, site: Site, ended: Ended, why: str) -> Failure:
    """The failure as it was seen from outside, with the reason why there is no more."""
    cause = failure.cause
    if ended.signal is not None:
        cause = f"the process was ended by {signal_name(ended.signal)}"
    fix = _FIXES_BY_SIGNAL.get(ended.signal or 0, failure.fix)
    return _failure(site, kind=failure.kind, cause=f"{cause}; {why}", parts=[], ended=ended, fix=fix)


def _failure(site: Site, *, kind: str, cause: str, parts: list[str], ended: Ended, fix: str) -> Failure:
    words = ended.words.strip()[-_OWN_WORDS_CHARS:]
    text = "\n".join([*parts, *([f"its own last words:\n{words}"] if words else [])])
    return Failure(
        kind=kind,
        cause=_without_serials(site, cause),
        evidence=_without_serials(site, text)[:_EVIDENCE_CHARS],
        fix=fix,
    )


def _without_serials(site: Site, text: str) -> str:
    for serial in (site.info.serialno, site.phone.serial):
        text = text.replace(serial, "SERIAL") if serial else text
    return text


def signal_name(number: int | None) -> str:
    """`SIGSEGV (signal 11)`; a number without a name of its own stays one."""
    name = _SIGNALS.get(number or 0)
    return f"{name} (signal {number})" if name else f"signal {number}"
