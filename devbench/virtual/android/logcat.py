"""logcat and log: the phone's log in the formats of logcat, followed, dumped, cleared."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from devbench.virtual.android.call import Call, command
from devbench.virtual.android.log import Entry
from devbench.virtual.init import SHELL_UID

_PRIORITIES = "VDIWEFS"
_BUFFERS = ("main", "radio", "events", "system", "crash")  # in the order of their numbers
_VERBOSE = 2  # the number of the least priority
_WITH_VALUE = frozenset(
    {"-v", "-b", "-t", "-T", "-e", "--regex", "-m", "--pid", "-G", "-r", "-n", "-f", "--uid"}
)


@command("log")
async def log(call: Call) -> int:
    """`log [-p PRIORITY] [-t TAG] TEXT…`: writes one entry."""
    words, tag, priority = list(call.arguments), "log", "I"
    while words and words[0] in ("-p", "-t"):
        option, value = words.pop(0), words.pop(0) if words else ""
        tag, priority = (value, priority) if option == "-t" else (tag, value[:1].upper())
    if priority not in _PRIORITIES or not words:
        call.complain("USAGE: log [-p priorityChar] [-t tag] message")
        return 1
    wall_s = call.handset.clock.wall_s()
    call.handset.log.add(Entry(wall_s=wall_s, pid=0, tid=0, priority=priority, tag=tag, text=" ".join(words)))
    return 0


@command("logcat")
async def logcat(call: Call) -> int:
    """`-d` dumps, `-c` clears, `-t N` the last ones, `-v FORMAT` or `-B`, `-s` and filters; else it follows."""
    flags, values, filters = parse_options(call.arguments)
    ring = call.handset.log
    chosen = values.get("-b") or "main,system,crash"
    buffers = frozenset(_BUFFERS if "all" in chosen.split(",") else chosen.split(","))
    if "-c" in flags or "--clear" in flags:
        ring.clear(buffers)
        return 0
    if "-g" in flags:
        for name in sorted(buffers):
            call.print(
                f"{name}: ring buffer is 256 KiB (0 B consumed), max entry is 5120 B, max payload is 4068 B"
            )
        return 0
    raw = bool(flags & {"-B", "--binary"})
    show = packer(call.handset.profile.sdk) if raw else writer(values.get("-v"), call.handset.profile.sdk)
    wanted = parse_filters(filters, silent="-s" in flags)
    entries, following = ring.since(0)
    entries = [entry for entry in entries if entry.buffer in buffers and wanted(entry)]
    if "-t" in values or "-T" in values:
        count = values.get("-t") or values.get("-T") or "0"
        entries = entries[-int(count) :] if count.isdigit() else entries
    heading = b"" if raw else b"--------- beginning of main\n"
    await call.send(heading + b"".join(show(entry) for entry in entries))
    if "-d" in flags or "-t" in values:
        return 0
    while True:
        await ring.more(following)
        entries, following = ring.since(following)
        shown = [show(entry) for entry in entries if entry.buffer in buffers and wanted(entry)]
        await call.send(b"".join(shown))


def parse_options(words: list[str]) -> tuple[set[str], dict[str, str], list[str]]:
    flags: set[str] = set()
    values: dict[str, str] = {}
    filters = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            values[name] = value
        elif word in _WITH_VALUE:
            value = next(rest, "")
            values[word] = f"{values[word]},{value}" if word == "-b" and word in values else value
        elif len(word) > 2 and word[:2] in _WITH_VALUE and not word.startswith("--"):
            values[word[:2]] = word[2:]
        elif word.startswith("-"):
            flags.add(word)
        else:
            filters.append(word)
    return flags, values, filters


def parse_filters(filters: list[str], *, silent: bool) -> Callable[[Entry], bool]:
    """`TAG:PRIORITY` and `*:PRIORITY`; a tag without a priority means all of it."""
    least = {}
    for text in filters:
        tag, _, priority = text.partition(":")
        least[tag] = _PRIORITIES.find((priority or "V")[:1].upper())
    rest = least.get("*", _PRIORITIES.index("S") if silent else 0)
    return lambda entry: _PRIORITIES.index(entry.priority) >= least.get(entry.tag, rest)


def writer(asked: str | None, sdk: int) -> Callable[[Entry], bytes]:
    """Entries as text in the format asked for, or in the default of that Android."""
    name = (asked or ("threadtime" if sdk >= 24 else "brief")).split()[0].split(",")[0]
    form = FORMATS.get(name, FORMATS["threadtime"])
    return lambda entry: form(entry).encode()


def packer(sdk: int) -> Callable[[Entry], bytes]:
    """Entries as logd hands them out: a header, which knows the writer's uid since Android 7, and the payload."""
    uid = struct.pack("<I", SHELL_UID) if sdk >= 24 else b""

    def pack(entry: Entry) -> bytes:
        priority = bytes([_VERBOSE + _PRIORITIES.index(entry.priority)])
        payload = priority + b"".join(text.encode() + b"\0" for text in (entry.tag, entry.text))
        seconds, rest = divmod(entry.wall_s, 1)
        header = (entry.pid, entry.tid, int(seconds), int(rest * 1e9), _BUFFERS.index(entry.buffer))
        return struct.pack("<HH5I", len(payload), 24 + len(uid), *header) + uid + payload

    return pack


def stamp(entry: Entry) -> str:
    return (
        time.strftime("%m-%d %H:%M:%S", time.gmtime(entry.wall_s)) + f".{int(entry.wall_s * 1000) % 1000:03d}"
    )


FORMATS: dict[str, Callable[[Entry], str]] = {
    "brief": lambda e: f"{e.priority}/{e.tag:<8}({e.pid:5d}): {e.text}\n",
    "tag": lambda e: f"{e.priority}/{e.tag:<8}: {e.text}\n",
    "raw": lambda e: f"{e.text}\n",
    "time": lambda e: f"{stamp(e)} {e.priority}/{e.tag:<8}({e.pid:5d}): {e.text}\n",
    "threadtime": lambda e: f"{stamp(e)} {e.pid:5d} {e.tid:5d} {e.priority} {e.tag:<8}: {e.text}\n",
    "epoch": lambda e: f"{e.wall_s:19.3f} {e.pid:5d} {e.tid:5d} {e.priority} {e.tag:<8}: {e.text}\n",
    "process": lambda e: f"{e.priority}({e.pid:5d}) {e.text}  ({e.tag})\n",
    "long": lambda e: f"[ {stamp(e)} {e.pid:5d}:{e.tid:5d} {e.priority}/{e.tag:<8} ]\n{e.text}\n\n",
}
