"""Single lines that tell what ended a process: system logs, the linker, the shell, the installer, the tools."""

from __future__ import annotations

import re
from collections.abc import Callable

from devbench.parse.exit_event import CRASHED, DIED, KILLED, ExitEvent
from devbench.parse.logcat import KERNEL_PREFIX, LogLine

_FIELD_NAME = re.compile(r"^[A-Z][A-Za-z ]{1,24}=")
Found = tuple[ExitEvent, int] | None
_SIGKILL = 9
_SIGNAL_WORDS = {
    "hangup": 1, "interrupt": 2, "quit": 3, "illegal instruction": 4, "trace/breakpoint trap": 5, "trace trap": 5,
    "trace/bpt trap": 5, "aborted": 6, "abort": 6, "bus error": 7, "floating point exception": 8, "killed": 9,
    "segmentation fault": 11, "broken pipe": 13, "terminated": 15, "stack fault": 16, "bad system call": 31,
}  # fmt: skip
# What an x86 kernel calls SIGSEGV, SIGILL and SIGFPE.
_TRAPS = {"segfault": 11, "trap invalid opcode": 4, "trap divide error": 8}
_ENDED_FROM_OUTSIDE = frozenset({1, 2, 9, 15})


def _signal_event(signal: int, pid: str | None, process: str | None, weight: int = CRASHED) -> Found:
    if signal in _ENDED_FROM_OUTSIDE:
        kind, weight = "killed", KILLED
    else:
        kind = "crash"
    event = ExitEvent(
        failure_kind=kind, pid=int(pid) if pid else None, process=process or None, signal=signal
    )
    return event, weight


def _fatal_signal(match: re.Match[str], line: LogLine) -> Found:
    rest = line.message[match.end() : match.end() + 600]
    thread = re.search(r"(?:in tid|thread) ([0-9]{1,10}) \(([^)]{0,64})\)", rest)
    process = re.search(r", pid ([0-9]{1,10}) \(([^)]{0,128})\)", rest)
    if process:
        return _signal_event(int(match[1]), process[1], process[2])
    # Before Android 8 only the thread is named; the process is the writer of the line.
    owner = str(line.pid) if line.pid is not None else (thread[1] if thread else None)
    name = thread[2] if thread and thread[1] == owner else None
    return _signal_event(int(match[1]), owner, name)


def _killing(match: re.Match[str], line: LogLine) -> Found:
    return _killed(match[1], match[2], match[3])


def _killed(pid: str, process: str, reason: str | None) -> Found:
    told = (reason or "").strip().lower()
    if told.startswith("crash"):
        return ExitEvent(failure_kind="crash", pid=int(pid), process=process or None), CRASHED
    if re.search(r"\banr\b", told):
        return ExitEvent(failure_kind="timeout", pid=int(pid), process=process or None), CRASHED
    return ExitEvent(failure_kind="killed", pid=int(pid), process=process or None), KILLED


def _no_longer_wanted(match: re.Match[str], line: LogLine) -> Found:
    return _killed(match[2], match[1], None)


def _has_died(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="killed", pid=int(match[2]), process=match[1] or None), DIED


def _event_log(match: re.Match[str], line: LogLine) -> Found:
    """`am_…: [user,pid,process,…]`; before Android 4.2 without the user. The last field may hold commas."""
    # `logcat -v descriptive` names the fields: "User=0,PID=…".
    fields = [_FIELD_NAME.sub("", field.strip()) for field in match[2].rstrip().removesuffix("]").split(",")]
    numbers = [field.isascii() and field.isdigit() and len(field) <= 10 for field in fields[:2]]
    if match[1] in ("am_crash", "am_anr") and len(fields) > 2 and all(numbers):
        pid, process = (fields[0], fields[2]) if match[1] == "am_crash" else (fields[1], fields[2])
        kind = "crash" if match[1] == "am_crash" else "timeout"
        if kind == "crash" and "OutOfMemory" in match[2]:
            kind = "out-of-memory"
        return ExitEvent(failure_kind=kind, pid=int(pid), process=process or None), CRASHED
    place = 1 if len(numbers) == 2 and all(numbers) else 0
    if len(fields) < place + 2 or not numbers[place]:
        return None
    pid, process = fields[place], fields[place + 1]
    if match[1] == "am_kill":
        return _killed(pid, process, ",".join(fields[place + 3 :]))
    return ExitEvent(failure_kind="killed", pid=int(pid), process=process or None), DIED


def _low_memory(match: re.Match[str], line: LogLine) -> Found:
    # The kernel names the thread that it chose; the process is its group, where that is named.
    pid = int(match[3] or match[2])
    return ExitEvent(failure_kind="killed", pid=pid, process=match[1] or None), KILLED


def _too_many_crashes(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="crash", pid=int(match[2]), process=match[1] or None), CRASHED


def _watchdog(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="timeout", pid=line.pid, process="system_server"), CRASHED


def _sanitizer(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="crash", pid=int(match[1])), CRASHED


def _segfault(match: re.Match[str], line: LogLine) -> Found:
    library = re.search(r" in ([^\s\[\]]{1,100})\[", line.message[match.end() : match.end() + 400])
    event = ExitEvent(
        failure_kind="crash",
        pid=int(match[2]),
        process=match[1],
        signal=_TRAPS.get(match[3]),
        library=library[1] if library and ".so" in library[1] else None,
    )
    return event, CRASHED


def _sigkill_sent(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="killed", pid=int(match[1]), process=match[2], signal=_SIGKILL), KILLED


def _kernel_oom(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="out-of-memory", pid=int(match[1]), process=match[2] or None), CRASHED


def _kernel_oom_summary(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="out-of-memory", pid=int(match["pid"]), process=match["name"]), CRASHED


def _by_signal(match: re.Match[str], line: LogLine) -> Found:
    return _signal_event(int(match["signal"]), match["pid"], match.groupdict().get("name"))


def _sent_signal(match: re.Match[str], line: LogLine) -> Found:
    # Signals 3 and 10 ask Android's runtime for a dump and a collection.
    return None if int(match["signal"]) in (3, 10) else _by_signal(match, line)


def _killinfo(match: re.Match[str], line: LogLine) -> Found:
    return ExitEvent(failure_kind="killed", pid=int(match["pid"])), KILLED


def _linker(match: re.Match[str], line: LogLine) -> Found:
    text = line.message
    if re.search(r"(?:32|64)-bit instead of (?:32|64)-bit|e_machine", text):
        kind = "abi"
    elif re.search(r"position[- ]independent", text):
        kind = "not-executable"
    else:
        kind = "link"
    # Android before 5 quotes with ' instead.
    missing = re.findall(r"[Ll]ibrary [\"']([^\"'\n]{1,200})[\"'][^\"']{0,40}not found", text[:2000])
    named = re.findall(r"(?:library|load|by|:) \"([^\"]{1,200}\.so[0-9.]{0,8})\"", text[:2000])
    named += re.findall(r"([A-Za-z0-9_+.-]{1,100}\.so[0-9.]{0,8}): cannot open shared object", text[:2000])
    library = (missing or named or [None])[-1 if missing else 0]
    program = re.search(r"CANNOT LINK EXECUTABLE \"([^\"]{1,300})\"", text[:2000])
    process = program[1] if program else None
    event = ExitEvent(
        failure_kind=kind,
        pid=line.pid,
        process=process,
        library=library.rsplit("/", 1)[-1] if library else None,
    )
    return event, CRASHED


def _shell_signal(match: re.Match[str], line: LogLine) -> Found:
    signal = _SIGNAL_WORDS[match["word"].lower()]
    return _signal_event(signal, match["pid"], (match["command"] or "").strip() or None)


def _of_kind(kind: str) -> Callable[[re.Match[str], LogLine], Found]:
    def found(match: re.Match[str], line: LogLine) -> Found:
        process = match.groupdict().get("process")
        return ExitEvent(failure_kind=kind, process=process.strip() if process else None), CRASHED

    return found


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], LogLine], Found]]
_WORDS = "|".join(re.escape(word) for word in _SIGNAL_WORDS)
_PROGRAM = r"(?:^|: )(?P<process>[^:\n\"']{1,200}): (?:can't execute: |cannot execute: |can't execute - )?"
# A shell speaks of the program it was to start; `cat: FILE: Permission denied` speaks of a file.
_SHELL = (
    r"^[^\s:]{0,120}sh(?:\[[0-9]{1,6}\])?: (?:<stdin>\[[0-9]{1,6}\]: )?(?:(?:line )?[0-9]{1,6}: )?"
    r"(?P<process>[^:\n]{1,200}): (?:can't execute: |cannot execute: )?"
)


def _rules(*rules: tuple[str, Callable[[re.Match[str], LogLine], Found]]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), action) for pattern, action in rules)


# What the system says in its logs. The first rule that matches a message decides.
_SYSTEM_RULES = _rules(
    (r"Fatal signal ([0-9]{1,3}) \(", _fatal_signal),
    (
        r"Killing (?:proc )?([0-9]{1,10}):([^/\n]{1,200})/[^ :]{1,24}(?: ?\(adj -?[0-9]{1,6}\))?(?:: (.{0,200}))?",
        _killing,
    ),
    (r"Sending signal\. PID: (?P<pid>[0-9]{1,10}) SIG: (?P<signal>[0-9]{1,3})\b", _sent_signal),
    (r"\bkillinfo[ ]{0,4}: \[(?P<pid>[0-9]{1,10}),", _killinfo),
    (r"oom_reaper: reaped process ([0-9]{1,10}) \(([^)\n]{0,64})\)", _kernel_oom),
    (r"No longer want ([^ ()]{1,200}) \(pid ([0-9]{1,10})\)", _no_longer_wanted),
    (r"Process ([^ ()]{1,200}) \(pid ([0-9]{1,10})\)(?: \(adj -?[0-9]{1,6}\))? has died", _has_died),
    (r"Process ([^ ()]{1,200}) \(pid ([0-9]{1,10})\) has crashed too many times", _too_many_crashes),
    (r"WATCHDOG KILLING SYSTEM PROCESS", _watchdog),
    (r"\b(am_kill|am_proc_died|am_crash|am_anr)[ ]{0,4}: \[(.{0,1000})", _event_log),
    (
        r"(?:lowmemorykiller|lmkd).{0,24}: Kill(?:ing)? '([^'\n]{0,128})' \(([0-9]{1,10})\)"
        r"(?: \(tgid ([0-9]{1,10})\))?",
        _low_memory,
    ),
    (r"lowmem.{0,40}: send sigkill to ([0-9]{1,10}) \(([^)]{0,64})\)", _sigkill_sent),
    (r"Kill(?:ed)? process ([0-9]{1,10}) \(([^)\n]{0,64})\)", _kernel_oom),
    (r"oom-kill:.{0,400},task=(?P<name>[^,\n]{1,64}),pid=(?P<pid>[0-9]{1,10}),", _kernel_oom_summary),
    (r"([^\[\]\s:]{1,64})\[([0-9]{1,10})\]:? (segfault|trap invalid opcode|trap divide error)\b", _segfault),
    (r"==([0-9]{1,10})==ERROR: [A-Za-z]{0,12}Sanitizer", _sanitizer),
    (
        r"Process (?P<pid>[0-9]{1,10}) (?:exited due to|terminated by) signal \(?(?P<signal>[0-9]{1,3})",
        _by_signal,
    ),
    (
        r"[Uu]ntracked pid (?P<pid>[0-9]{1,10}).{0,24} signal (?P<signal>[0-9]{1,3})",
        _by_signal,
    ),
    (
        r"Service '(?P<name>[^']{1,80})' \(pid (?P<pid>[0-9]{1,10})\).{0,24} signal (?P<signal>[0-9]{1,3})",
        _by_signal,
    ),
    (
        # 32-bit kernels leave the number out.
        r"(?P<name>[^\[\]\s:]{1,64})(?:\[(?P<pid>[0-9]{1,10})\])?: unhandled .{0,60}"
        r"\((?P<signal>[0-9]{1,3})\) at 0x",
        _by_signal,
    ),
    (r"CANNOT LINK EXECUTABLE", _linker),
    (r"INSTRUMENTATION_RESULT: (?:short|long)Msg=.{0,80}crash", _of_kind("crash")),
)
# What a shell, an installer or a tool says; in a log the same words mean less.
_SHELL_RULES = _rules(
    (
        r"could not load library \"|dlopen failed: |error while loading shared libraries|cannot locate symbol \""
        r"|position[- ]independent executables|-bit instead of |unexpected e_machine"
        r"|TLS segment is underaligned|system page size|could not load needed library|bad ELF magic",
        _linker,
    ),
    (_PROGRAM + r"(?:not executable: |cannot execute binary file|[Ee]xec format error)", _of_kind("abi")),
    # A shell that cannot run a file takes it for a script: "syntax error: '^?ELF' unexpected".
    (
        r"not executable: (?:magic|[0-9]{2}-bit)|[Ee]xec format error|syntax error: .{0,16}ELF",
        _of_kind("abi"),
    ),
    (r"INSTALL_FAILED_NO_MATCHING_ABIS", _of_kind("abi")),
    (r"[Nn]o space left on device|INSTALL_FAILED_INSUFFICIENT_STORAGE|ENOSPC", _of_kind("disk-full")),
    (
        r"INSTALL_(?:PARSE_)?FAILED_[A-Z_]{1,60}|Activity class .{1,200} does not exist",
        _of_kind("not-installed"),
    ),
    (
        r"Unable to find instrumentation info for|[Uu]nable to resolve Intent|^INSTRUMENTATION_FAILED: "
        r"|^run-as: [Pp]ackage '.{1,200}' is unknown",
        _of_kind("not-installed"),
    ),
    (r"OutOfMemoryError|bad_alloc|[Cc]annot allocate memory|[Oo]ut of memory", _of_kind("out-of-memory")),
    (
        r"^[ \t]{0,8}(?:\[[0-9]{1,3}\][ \t]{0,4}[+-]?[ \t]{1,8}|[^:\n]{0,120}: (?:line [0-9]{1,6}: )?)?"
        rf"(?:(?P<pid>[0-9]{{1,10}})[ \t]{{1,8}})?(?P<word>(?i:{_WORDS}))[ \t]{{0,24}}(?:\(core dumped\))?"
        r"[ \t]{0,40}(?P<command>(?:[./]|[A-Z_]{1,40}=)[^\n]{0,300})?$",
        _shell_signal,
    ),
    (_SHELL + r"[Pp]ermission denied", _of_kind("not-executable")),
    (_SHELL + r"(?:inaccessible or )?not found$", _of_kind("not-installed")),
    (r"can.t execute[: ].{0,200}[Pp]ermission denied", _of_kind("not-executable")),
    (_SHELL + r"[Nn]o such file or directory", _of_kind("not-installed")),
    (
        r"device (?:'.{1,120}' )?(?:offline|not found)|no devices(?:/emulators)? found"
        r"|error: (?:connect failed: )?closed",
        _of_kind("offline"),
    ),
    (
        r"No OpKernel was registered to support Op|Op type not registered|Didn't find op for builtin opcode"
        r"|unresolved custom op|Unsupported operator|Op builtin_code out of range",
        _of_kind("unsupported-op"),
    ),
    (r"[Ff]ailed to apply .{0,60}delegate|ModifyGraphWithDelegate.{0,40}fail", _of_kind("delegate-refused")),
    (
        r"[Ff]ailed to (?:load|mmap|read) (?:the )?model|not a valid [Ff]latbuffer|Invalid GraphDef",
        _of_kind("bad-model"),
    ),
)
_IN_A_LOG = re.compile(rf"{KERNEL_PREFIX}|[ \t]{{0,8}}at ")
_EVENT_TAGS = frozenset({"am_kill", "am_proc_died", "am_crash", "am_anr", "killinfo"})
_LONGEST_MESSAGE = 4000


def exit_in_line(line: LogLine) -> Found:
    """The event that one line tells of by itself with how much it knows, or None."""
    message = line.message[:_LONGEST_MESSAGE].rstrip()
    if line.tag in _EVENT_TAGS:
        message = f"{line.tag}: {message}"
    elif line.tag in ("lowmemorykiller", "lmkd"):
        message = f"lowmemorykiller: {message}"
    if not message or message.startswith("WARNING: linker"):
        return None
    rules = _SYSTEM_RULES
    if line.tag is None and line.pid is None and not _IN_A_LOG.match(message):
        rules = _SYSTEM_RULES + _SHELL_RULES
    for pattern, action in rules:
        if match := pattern.search(message):
            return action(match, line)
    return None
