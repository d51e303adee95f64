"""What a phone is, from one script and its properties, with nothing but the tools of the oldest shell."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from devbench.devices.profiles import PhoneProfile, profile_for
from devbench.domain.cpus import parse_cpu_list
from devbench.domain.device import Core, CoreGroup, DeviceInfo
from devbench.errors import DeviceError, ParseError
from devbench.parse import parse_getprop

if TYPE_CHECKING:
    from devbench.adb import Phone

PROBE_DEADLINE_S = 30.0
# engine libraries that a Linux board has itself (engines/place.py)
_ENGINE_FILES = "/opt/engines/*/lib*.so*"
_CPU_FILES = "online cpu_capacity cpufreq/cpuinfo_min_freq cpufreq/cpuinfo_max_freq"
# one process start a file is what an old phone without `head` and globbing tools can afford
PROBE_SCRIPT = f"""echo '== getprop'; getprop
echo '== status'; cat /proc/self/status
echo '== meminfo'; cat /proc/meminfo
echo '== version'; cat /proc/version
echo '== machine'; uname -m
echo '== cpuinfo'; cat /proc/cpuinfo
echo '== pages'; grep KernelPageSize /proc/self/smaps
echo '== linkers'; ls /system/bin/linker64 /system/bin/linker
echo '== cpus'; for c in /sys/devices/system/cpu/cpu[0-9]*; do for f in {_CPU_FILES}; do
[ -r $c/$f ] && echo "$c $f $(cat $c/$f)"; done; echo "$c present 1"; done
echo '== engines'; ls {_ENGINE_FILES}
echo '== end'"""


def probe(phone: Phone) -> DeviceInfo:
    """`DeviceInfo` of a phone in state `device`. Unknown values are None."""
    result = phone.shell(f"({PROBE_SCRIPT}) 2>/dev/null", deadline_s=PROBE_DEADLINE_S)
    return read_info(result.stdout, serial=phone.serial, shell_v2=phone.shell_v2)


def read_info(text: str, *, serial: str, shell_v2: bool) -> DeviceInfo:
    """`DeviceInfo` from the output of PROBE_SCRIPT; DeviceError if it is not that, or not all of it."""
    sections = _sections(text)
    if "end" not in sections or not sections.get("status"):
        said = text.strip()[-200:] or "nothing"
        raise DeviceError(
            f"its shell does not do what a phone's does; it said: {said}",
            serial=serial,
            fix="`adb shell cat /proc/self/status` must show a process; see what the shell prints instead",
        )
    properties = _properties(sections.get("getprop", ""))
    model = properties.get("ro.product.model") or serial
    profile = profile_for(model)
    cores = _cores(sections.get("cpus", ""))
    allowed = _allowed_cpus(sections.get("status", ""), cores)
    simulated = _words(properties.get("ro.devbench.simulated", ""))
    serialno = properties.get("ro.serialno") or properties.get("ro.boot.serialno") or None
    target, abis = _target(sections, properties)
    return DeviceInfo(
        device=device_name(model, serialno or serial),
        serial=serial,
        serialno=serialno,
        manufacturer=properties.get("ro.product.manufacturer") or None,
        model=model,
        product=properties.get("ro.product.name") or None,
        android_release=properties.get("ro.build.version.release") or None,
        sdk=_int(properties.get("ro.build.version.sdk")),
        fingerprint=properties.get("ro.build.fingerprint") or None,
        build_type=properties.get("ro.build.type") or None,
        soc=_soc(properties, profile),
        target=target,
        abis=abis,
        cores=cores,
        core_groups=_groups(cores, allowed, None if "clocks" in simulated else profile),
        allowed_cpus=allowed,
        ram_bytes=_mem_total(sections.get("meminfo", "")),
        page_size_bytes=_page_size(sections.get("pages", "")),
        kernel=sections.get("version", "").strip() or None,
        shell_v2=shell_v2,
        labels=_labels(properties),
        simulated=simulated,
        cooldown_min_s=_cooldown_s(properties, profile),
        engine_files=tuple(sections.get("engines", "").split("\n")) if sections.get("engines") else (),
    )


def _properties(text: str) -> dict[str, str]:
    """The properties, or none: a Linux board behind an adbd has no getprop and is measured all the same."""
    try:
        return parse_getprop(text)
    except ParseError:
        return {}


def device_name(model: str, serialno: str) -> str:
    """`<model slug>-<6 hex>`: stable over reboots and transports, and free of the serial."""
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") or "phone"
    return f"{slug}-{hashlib.sha256(serialno.encode()).hexdigest()[:6]}"


def _sections(text: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        # a linker that babbles may stand before the first title, without a line's end of its own
        if title := re.search(r"== (\w+)\s*$", line):
            current = found.setdefault(title[1], [])
        else:
            current.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _int(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdigit() else None


def _labels(properties: dict[str, str]) -> tuple[str, ...]:
    """What a phone says of itself: its own labels, and EMULATOR as Android's emulator declares it."""
    labels = _words(properties.get("ro.devbench.labels", ""))
    emulated = properties.get("ro.kernel.qemu") == "1" or properties.get("ro.boot.qemu") == "1"
    return (*labels, "EMULATOR") if emulated else labels


def _soc(properties: dict[str, str], profile: PhoneProfile | None) -> str | None:
    named = properties.get("ro.soc.model") or properties.get("ro.board.platform")
    return (profile.soc if profile else None) or named or None


_LINUX_TARGETS = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}


def _target(sections: dict[str, str], properties: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """(target, ABIs), the userspace's: a bionic linker makes it Android, and not the kernel's `uname -m`."""
    linkers = sections.get("linkers", "")
    machine = sections.get("machine", "").strip() or _machine(sections.get("cpuinfo", ""))
    if "/system/bin/linker" not in linkers:
        return _LINUX_TARGETS.get(machine, f"linux-{machine}"), (machine,)
    abis = _words(properties.get("ro.product.cpu.abilist", "")) or _words(
        ",".join(properties.get(key, "") for key in ("ro.product.cpu.abi", "ro.product.cpu.abi2"))
    )
    if not abis:
        wide = "linker64" in linkers
        arm = machine.startswith(("arm", "aarch"))
        abis = (("arm64-v8a" if wide else "armeabi-v7a") if arm else ("x86_64" if wide else "x86"),)
    return f"android-{abis[0]}", abis


def _machine(cpuinfo: str) -> str:
    """What `uname -m` would say, for phones of before toybox, which have no uname."""
    if re.search(r"^flags\s*:.*\blm\b", cpuinfo, re.MULTILINE):
        return "x86_64"
    if re.search(r"^CPU architecture\s*:\s*(8|AArch64)", cpuinfo, re.MULTILINE):
        return "aarch64"
    if re.search(r"^CPU architecture\s*:\s*7", cpuinfo, re.MULTILINE):
        return "armv7l"
    return "unknown"


def _cooldown_s(properties: dict[str, str], profile: PhoneProfile | None) -> float:
    """The least pause between processes: what the phone itself declares, else its profile, else 5 s."""
    declared = properties.get("ro.devbench.cooldown_min_s", "")
    if re.fullmatch(r"\d+(\.\d+)?", declared):
        return float(declared)
    return profile.cooldown_min_s if profile else 5.0


def _cores(text: str) -> tuple[Core, ...]:
    values: dict[int, dict[str, str]] = {}
    for line in text.splitlines():
        match = re.match(r"/sys/devices/system/cpu/cpu(\d+) (\S+) (\S+)", line)
        if match:
            values.setdefault(int(match[1]), {})[match[2].rpartition("/")[2]] = match[3]
    return tuple(
        Core(
            cpu=cpu,
            online=files.get("online", "1") == "1",
            min_khz=_int(files.get("cpuinfo_min_freq")),
            max_khz=_int(files.get("cpuinfo_max_freq")),
            capacity=_int(files.get("cpu_capacity")),
        )
        for cpu, files in sorted(values.items())
    )


def _allowed_cpus(status: str, cores: tuple[Core, ...]) -> tuple[int, ...]:
    """CPUs that a shell on the phone may use: what a harness can pin to."""
    match = re.search(r"^Cpus_allowed_list:\s*(\S+)", status, re.MULTILINE)
    allowed = parse_cpu_list(match[1]) if match else ()
    known = {core.cpu for core in cores}
    return tuple(cpu for cpu in allowed if cpu in known or not known) or tuple(sorted(known))


def _groups(
    cores: tuple[Core, ...], allowed: tuple[int, ...], profile: PhoneProfile | None
) -> tuple[CoreGroup, ...]:
    """Groups by capacity, else by top frequency, else by profile; `little` first, `big` last.

    Only CPUs that a shell may use are in a group; with one kind of CPU there is one group, `all`.
    """
    usable = [core for core in cores if core.cpu in allowed]
    keys = {core.cpu: core.max_khz or core.capacity for core in usable}
    if None not in keys.values() and len(set(keys.values())) > 1:
        ranks = sorted({key for key in keys.values() if key is not None})
        middle = ("mid",) if len(ranks) == 3 else tuple(f"mid{i}" for i in range(1, len(ranks) - 1))
        names = ("little", *middle, "big")
        return tuple(
            CoreGroup(
                name=name,
                cpus=tuple(core.cpu for core in usable if keys[core.cpu] == rank),
                max_khz=max((c.max_khz or 0 for c in usable if keys[c.cpu] == rank), default=0) or None,
            )
            for name, rank in zip(names, ranks, strict=True)
        )
    if profile is not None and {cpu for g in profile.core_groups for cpu in g.cpus} == set(allowed):
        return profile.core_groups
    top = max((core.max_khz or 0 for core in usable), default=0) or None
    return (CoreGroup(name="all", cpus=allowed, max_khz=top),)


def _page_size(text: str) -> int | None:
    """The smallest page of our own mappings: a phone before Android 15 has no `getconf PAGE_SIZE` to ask."""
    sizes = [int(size) for size in re.findall(r"^KernelPageSize:\s+(\d+) kB", text, re.MULTILINE)]
    return min(sizes) * 1024 if sizes else None


def _mem_total(text: str) -> int | None:
    match = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None
