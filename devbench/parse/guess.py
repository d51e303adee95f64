"""Which kind a text is, by lines that no other kind has; asked only when the user did not say."""

from __future__ import annotations

import re

from devbench.errors import ParseError
from devbench.parse.benchmark_model import result_proto
from devbench.parse.exits import parse_exit
from devbench.parse.logcat import KERNEL_PREFIX
from devbench.parse.refusal import refuse
from devbench.parse.text import clean, excerpt

# In order: a text may quote another kind (a crash report holds a cpuinfo block), so what frames comes first.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.MULTILINE))
    for kind, pattern in (
        (
            "benchmark_model",
            r"^[^\n]{0,80}STARTING!\s*$|[Ii]nference timings in us|no stats: [0-9]|BENCHMARK RESULTS ="
            r"|Running benchmark for |\[node type\]|Log parameter values verbosely"
            r"|count=[0-9]{1,9} (?:first|curr)=|Initialized session in"
            r"|benchmark_model.cc",
        ),
        ("battery", r"Battery Service state|^POWER_SUPPLY_[A-Z_]{1,40}="),
        (
            "meminfo",
            r"\*\* MEMINFO in pid |^[3-9],[0-9]{1,10},[^,\n]{1,256},(?:[0-9]{1,12}|N/A),(?:[0-9]{1,12}|N/A),",
        ),
        ("proc-meminfo", r"^[ \t]{0,16}MemTotal:[ \t]{0,32}[0-9]"),
        ("procstatus", r"^[ \t]{0,8}(?:Tgid|VmRSS|Cpus_allowed|voluntary_ctxt_switches):[ \t]"),
        ("smaps", r"^Pss:[ \t]{0,32}[0-9]{1,15} kB"),
        (
            "meminfo-system",
            r"Total [PR]SS by (?:process|OOM adjustment)|^proc,[a-z]{1,16},"
            r"|^[ \t]{0,8}PID[ \t]{1,24}Vss[ \t]{1,24}Rss",
        ),
        (
            "thermal",
            r"Thermal Status:|Temperature\{mValue=|Dump of HardwareProperties|^(?:CPU|Skin) temperatures:",
        ),
        (
            "exit",
            r"ApplicationExitInfo #|^Drop box contents|(?:\*\*\* ){8}|^[ \t]{0,8}pid: [0-9]{1,10}, tid: ",
        ),
        ("getprop", r"^[ \t]{0,16}\[[^\[\]\s]{1,256}\]: \["),
        ("cpuinfo", r"^[ \t]{0,16}CPU usage from -?[0-9]{1,15}ms to |^Load: [0-9.]{1,9} / [0-9.]{1,9} / "),
        (
            "exit",
            r"^[ \t]{0,8}[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{3}|Fatal signal [0-9]|lowmemorykiller: "
            r"|am_kill|am_proc_died|ActivityManager: (?:Killing|Process )|^-----? pid [0-9]"
            r"|CANNOT LINK EXECUTABLE|FATAL EXCEPTION|INSTRUMENTATION_RESULT: (?:short|long)Msg=",
        ),
        ("proc-cpuinfo", r"^[ \t]{0,8}[Pp]rocessor[ \t]{0,16}: |^CPU implementer"),
        ("procstat", r"^[ \t]{0,8}[0-9]{1,10} \([^\n]{0,64}\) [A-Za-z] -?[0-9]{1,10} "),
        (
            "ps",
            r"^(?=[^\n]{0,300}\bPID\b)(?=[^\n]{0,300}\b(?:NAME|CMD|COMMAND|COMM|ARGS|CMDLINE|RSS)\b)"
            r"(?:(?=[^\n]{0,300}\bTTY\b)|(?![^\n]{0,300}(?:%CPU|CPU%)))[A-Z%+ \t]{8,300}$",
        ),
        ("top", r"^(?=[^\n]{0,400}\b[PT]ID\b)(?=[^\n]{0,400}(?:%CPU|CPU%|\bRSS\b|\bVSZ\b|\bRES\b))"),
        ("thermal", r"(?:thermal_zone|cooling_device)[0-9]{1,4}/(?:temp|type|cur_state)"),
        ("cpufreq", r"/cpufreq/|^[ \t]{0,8}[0-9]{5,12} [0-9]{1,20}[ \t]{0,8}$|^freq[ \t]{1,24}cpu[0-9]"),
        ("getprop", r"^ro\.[A-Za-z0-9_.]{1,128}="),
        (
            "exit",
            r"not executable: |[Ss]egmentation fault|^[ \t]{0,8}(?:\[[0-9]\][ +-]{1,4})?(?:Killed|Aborted)"
            r"|Bus error|No space left on device|Permission denied|: not found|inaccessible or not found"
            r"|No such file or directory",
        ),
        # A kernel log, or a log in a format without dates, whatever it tells.
        ("exit", rf"^{KERNEL_PREFIX}|^[VDIWEFAS](?:/[^(\n]{{1,80}})?\([ ]{{0,8}}[0-9]{{1,10}}"),
    )
)
_OTHERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("output of 'am instrument'", re.compile(r"^INSTRUMENTATION_(?:STATUS|RESULT|CODE)", re.MULTILINE)),
    (
        "a thermal-engine configuration, which holds no temperatures",
        re.compile(r"^(?:#?algo_type|set_point)\b", re.M),
    ),
    ("/proc/stat of the whole system", re.compile(r"\Acpu {1,4}[0-9]{1,20} [0-9]{1,20}")),
)


def guess_kind(text: str | bytes) -> str:
    """The kind of `text`; ParseError with reason `unknown-kind`, or what stands there, if nothing fits."""
    if isinstance(text, bytes) and result_proto(text):
        return "benchmark_model"
    text = clean(text)
    for kind, sign in _SIGNS:
        if sign.search(text):
            return kind
    for name, sign in _OTHERS:
        if sign.search(text):
            raise ParseError(f"this is {name}; no kind reads it", reason="other-kind")
    if _tells_of_an_end(text):
        return "exit"
    error = refuse("kind", text)
    if error.reason != "not-understood":
        raise error
    first = next((line for line in text.split("\n") if line.strip()), "")
    raise ParseError(f"no kind is known for this text; it begins: {excerpt(first)!r}", reason="unknown-kind")


def _tells_of_an_end(text: str) -> bool:
    """Messages have no common sign: they are known by what they tell."""
    try:
        return bool(parse_exit(text).events)
    except ParseError:
        return False
