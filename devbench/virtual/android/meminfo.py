"""`dumpsys meminfo` of one real process, from its smaps, and of the whole phone.

The columns and headings are those of the phone's Android: 5.1 has no summary, 11 adds the resident set. What
a native process has no notion of (Dalvik, graphics) is absent or 0 there as on a real phone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from devbench.virtual.android.call import Call
from devbench.virtual.android.handset import Process

_SUMMARY_SDK, _SWAP_PSS_SDK, _KILOBYTES_SDK, _RSS_SDK = 23, 26, 24, 30
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+\s*(.*)")
_ORDER = (
    "Native Heap",
    "Dalvik Heap",
    "Stack",
    "Ashmem",
    "Other dev",
    ".so mmap",
    ".apk mmap",
    "Other mmap",
    "Unknown",
)


class Usage(Counter[str]):
    """kB by smaps key (`Pss`, `Private_Dirty`, …), zero where there is none."""


async def dump(call: Call, words: list[str]) -> int:
    """`meminfo`, `meminfo [-a|-s] PID|NAME`."""
    targets = [word for word in words if not word.startswith("-")]
    if targets:
        return await dump_process(call, targets[-1], full="-a" in words)
    return await dump_system(call)


async def dump_process(call: Call, target: str, *, full: bool) -> int:
    """`full` is -a, which adds the shared and clean columns."""
    living, _ = await call.handset.processes()
    names = {p.pid: await call.handset.process_name(p) for p in living}
    chosen = [p for p in living if str(p.pid) == target or names[p.pid] == target]
    if not chosen:
        call.print(f"No process found for: {target}")
        return 0
    heading(call)
    for process in chosen:
        call.print(f"\n** MEMINFO in pid {process.pid} [{names[process.pid]}] **")
        usage = read_smaps(await call.handset.read_text(f"/proc/{process.pid}/smaps"))
        table(call, usage, full=full)
        if call.handset.profile.sdk >= _SUMMARY_SDK:
            summary(call, usage)
    return 0


def heading(call: Call) -> None:
    unit = "in Kilobytes" if call.handset.profile.sdk >= _KILOBYTES_SDK else "kB"
    uptime_ms = round(call.handset.clock.uptime_s() * 1000)
    call.print(f"Applications Memory Usage ({unit}):")
    call.print(f"Uptime: {uptime_ms} Realtime: {uptime_ms}")


def read_smaps(text: str) -> dict[str, Usage]:
    """kB of each of Android's categories."""
    found: dict[str, Usage] = defaultdict(Usage)
    category = "Unknown"
    for line in text.splitlines():
        mapping = _MAPPING.fullmatch(line)
        if mapping:
            category = category_of(mapping[1])
            continue
        key, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[category][key] += int(value[:-3])
    return found


def category_of(name: str) -> str:
    """Android's rules (android_os_Debug.cpp) as far as they concern a native process."""
    name = name.removesuffix(" (deleted)")
    if name in ("[heap]", "[anon:libc_malloc]") or name.startswith("[anon:scudo"):
        return "Native Heap"
    if name.startswith("[stack"):
        return "Stack"
    if name.startswith("/dev/ashmem"):
        return "Ashmem"
    if name.startswith("/dev/"):
        return "Other dev"
    for ending in (".so", ".apk"):
        if name.endswith(ending) or f"{ending}." in name:
            return f"{ending} mmap"
    return "Unknown" if not name or name.startswith("[") else "Other mmap"


def columns(call: Call, *, full: bool) -> list[tuple[str, str, str]]:
    """Two lines of heading and the smaps key of each column."""
    sdk = call.handset.profile.sdk
    private = [("Private", "Dirty", "Private_Dirty"), ("Private", "Clean", "Private_Clean")]
    if full:
        private = [
            ("Pss", "Clean", "PssClean"),
            ("Shared", "Dirty", "Shared_Dirty"),
            private[0],
            ("Shared", "Clean", "Shared_Clean"),
            private[1],
        ]
    swap = ("SwapPss", "Dirty", "SwapPss") if sdk >= _SWAP_PSS_SDK else ("Swapped", "Dirty", "Swap")
    chosen = [("Pss", "Total", "Pss"), *private, swap]
    return [*chosen, ("Rss", "Total", "Rss")] if sdk >= _RSS_SDK else chosen


def table(call: Call, usage: dict[str, Usage], *, full: bool) -> None:
    chosen = columns(call, full=full)
    heap = [("Heap", "Size"), ("Heap", "Alloc"), ("Heap", "Free")]
    titles = [*[(first, second) for first, second, _ in chosen], *heap]
    for words in ([first for first, _ in titles], [second for _, second in titles], ["------"] * len(titles)):
        call.print(" " * 13 + "".join(f" {text:>8}" for text in words))
    total = Usage()
    for name in _ORDER:
        row = usage.get(name, Usage())
        total.update(row)
        always = name in ("Native Heap", "Dalvik Heap")
        if always or any(row[key] for _, _, key in chosen):
            call.print(f"{name:>13}" + cells(row, chosen) + (f" {0:>8}" * 3 if always else " " * 27))
    call.print(f"{'TOTAL':>13}" + cells(total, chosen) + f" {0:>8}" * 3)


def cells(row: Usage, chosen: list[tuple[str, str, str]]) -> str:
    values = {"PssClean": max(row["Pss"] - row["Pss_Dirty"], 0)}
    return "".join(f" {values.get(key, row[key]):>8}" for _, _, key in chosen)


def summary(call: Call, usage: dict[str, Usage]) -> None:
    """The same figures by purpose: private ones by category, the rest as `System`."""

    def private(*names: str) -> int:
        return sum(usage[n]["Private_Dirty"] + usage[n]["Private_Clean"] for n in names if n in usage)

    total = Usage()
    for row in usage.values():
        total.update(row)
    sdk = call.handset.profile.sdk
    rows = {
        "Java Heap": private("Dalvik Heap"),
        "Native Heap": usage["Native Heap"]["Private_Dirty"] if "Native Heap" in usage else 0,
        "Code": private(".so mmap", ".apk mmap"),
        "Stack": usage["Stack"]["Private_Dirty"] if "Stack" in usage else 0,
        "Graphics": 0,
    }
    rows["Private Other"] = private(*usage) - sum(rows.values())
    rows["System"] = total["Pss"] - sum(rows.values())
    call.print(" ")
    call.print(" App Summary")
    rss = sdk >= _RSS_SDK
    call.print("                       Pss(KB)" + ("                        Rss(KB)" if rss else ""))
    call.print("                        ------" + ("                         ------" if rss else ""))
    by_purpose = {
        "Native Heap": ("Native Heap",),
        "Code": (".so mmap", ".apk mmap"),
        "Stack": ("Stack",),
        "Java Heap": ("Dalvik Heap",),
    }
    for name, value in rows.items():
        resident = sum(usage[n]["Rss"] for n in by_purpose.get(name, ()) if n in usage)
        call.print(
            f"{name:>20}: {value:>8}"
            + (f"                       {resident:>8}" if rss and name in by_purpose else "")
        )
    swap = "SWAP PSS" if sdk >= _SWAP_PSS_SDK else "SWAP (KB)"
    swapped = total["SwapPss"] if sdk >= _SWAP_PSS_SDK else total["Swap"]
    call.print(" ")
    if rss:
        call.print(
            f"{'TOTAL PSS':>20}: {total['Pss']:>8}            TOTAL RSS: {total['Rss']:>8}"
            f"       TOTAL {swap}: {swapped:>8}"
        )
    else:
        call.print(f"{'TOTAL':>20}: {total['Pss']:>8}       TOTAL {swap}: {swapped:>8}")


async def dump_system(call: Call) -> int:
    """The phone's own processes, and totals of the RAM that the profile says it has (simulated, as it declares)."""
    handset = call.handset
    sdk = handset.profile.sdk
    living, _ = await handset.processes()
    sizes = sorted(
        [(await total_pss(call, p), await handset.process_name(p), p.pid) for p in living], reverse=True
    )
    heading(call)
    call.print()
    call.print("Total PSS by process:")

    def amount(kilobytes: int) -> str:
        return f"{kilobytes:,}K" if sdk >= _KILOBYTES_SDK else f"{kilobytes} kB"

    for pss, name, pid in sizes:
        label = f"{amount(pss):>12}: {name} (pid {pid})"
        call.print(f"{label:<70} ({0:>9}K in swap)" if sdk >= _SWAP_PSS_SDK else label)
    total = handset.profile.ram_bytes * 92 // 100 // 1024
    used = sum(pss for pss, _, _ in sizes) + total * 38 // 100
    kernel, cached = total * 6 // 100, total * 30 // 100
    lost = total * 4 // 100
    free = total - used - kernel - cached - lost
    call.print()
    call.print(f"Total RAM: {amount(total)} (status normal)")
    call.print(
        f" Free RAM: {amount(free + cached)} ({amount(cached // 2)} cached pss"
        f" + {amount(cached - cached // 2)} cached kernel + {amount(free)} free)"
    )
    call.print(f" Used RAM: {amount(used + kernel)} ({amount(used)} used pss + {amount(kernel)} kernel)")
    call.print(f" Lost RAM: {amount(lost)}")
    call.print(
        "   Tuning: 256 (large 512), oom   322,560K, restore limit   107,520K (high-end-gfx)"
        if sdk >= _KILOBYTES_SDK
        else "   Tuning: 96 (large 256), oom 73728 kB, restore limit 24576 kB (low-ram)"
    )
    return 0


async def total_pss(call: Call, process: Process) -> int:
    try:
        text = await call.handset.read_text(f"/proc/{process.pid}/smaps_rollup")
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
