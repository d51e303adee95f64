"""Tools whose output was another one before toybox (Android 6): df, ps and md5 of such a phone; top of all."""

from __future__ import annotations

import hashlib
import os

from devbench.virtual.android.call import Call, command

_HASH_CHUNK = 1 << 20


@command("md5")
async def md5(call: Call) -> int:
    code = 0
    for name in call.arguments:
        try:
            fd = await call.handset.running.open(call.path(name), os.O_RDONLY)
        except OSError as error:
            call.complain(f"could not read {name}, {error.strerror}")
            code = 1
            continue
        with os.fdopen(fd, "rb") as file:
            digest = hashlib.md5(usedforsecurity=False)
            while data := file.read(_HASH_CHUNK):
                digest.update(data)
        call.print(f"{digest.hexdigest()}  {name}")
    return code


@command("df")
async def df(call: Call) -> int:
    """`Filesystem Size Used Free Blksize`, the way before toybox."""
    call.print(f"{'Filesystem':<20}{'Size':>9}{'Used':>9}{'Free':>9}   Blksize")
    code = 0
    for name in call.arguments or ["/dev", "/sys", "/data"]:
        try:
            fd = await call.handset.running.open(call.path(name), os.O_PATH)
        except OSError as error:
            call.print(f"{name}: {error.strerror}")
            code = 1
            continue
        found = os.fstatvfs(fd)
        os.close(fd)
        total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        amounts = "".join(f"{human(value):>9}" for value in (total, total - free, free))
        call.print(f"{name:<20}{amounts}   {found.f_bsize}")
    return code


def human(size: float) -> str:
    """`1.5G` with one decimal, as toolbox prints it."""
    for unit in ("", "K", "M"):
        if size < 1024:
            return f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}G"


@command("ps")
async def ps(call: Call) -> int:
    """Toolbox's nine columns; a name or pid as argument filters."""
    living, _ = await call.handset.processes()
    page = os.sysconf("SC_PAGESIZE")
    call.print("USER     PID   PPID  VSIZE  RSS     WCHAN    PC        NAME")
    for process in living:
        name = await call.handset.process_name(process)
        wanted = [word for word in call.arguments if not word.startswith("-")]
        if wanted and wanted[0] not in (name, str(process.pid)):
            continue
        sizes = f"{process.vsize_bytes // 1024:<6} {process.rss_pages * page // 1024:<6}"
        call.print(
            f"{'shell':<9}{process.pid:<5} {process.parent:<5} {sizes} ffffffff 00000000 {process.state} {name}"
        )
    return 0


@command("top")
async def top(call: Call) -> int:
    """One page (`-n 1`); percentages since the phone was switched on."""
    living, _ = await call.handset.processes()
    page, ticks = os.sysconf("SC_PAGESIZE"), os.sysconf("SC_CLK_TCK")
    window = max(call.handset.clock.uptime_s() * ticks, 1.0)
    rows = [(100 * (p.utime_ticks + p.stime_ticks) / window, p) for p in living]
    rows.sort(key=lambda row: -row[0])
    if call.handset.profile.sdk < 26:
        call.print("\n\n\nUser 0%, System 0%, IOW 0%, IRQ 0%")
        call.print("\n  PID PR CPU% S  #THR     VSS     RSS PCY UID      Name")
        for share, p in rows:
            sizes = f"{p.vsize_bytes // 1024:>6}K {p.rss_pages * page // 1024:>6}K"
            name = await call.handset.process_name(p)
            call.print(f"{p.pid:>5}  0 {round(share):>3}% {p.state}     1 {sizes}  fg shell    {name}")
        return 0
    call.print(f"Tasks: {len(rows)} total,   1 running, {len(rows) - 1} sleeping,   0 stopped,   0 zombie")
    call.print("  PID USER         PR  NI VIRT  RES  SHR S[%CPU] %MEM     TIME+ ARGS")
    for share, p in rows:
        sizes = f"{p.vsize_bytes >> 20:>3}M {p.rss_pages * page >> 20:>3}M"
        seconds = (p.utime_ticks + p.stime_ticks) / ticks
        name = await call.handset.process_name(p)
        call.print(
            f"{p.pid:>5} shell        20   0 {sizes}   0 {p.state} {share:5.1f}  0.0"
            f" {int(seconds // 60):>3}:{seconds % 60:05.2f} {name}"
        )
    return 0
