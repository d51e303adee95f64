"""What PROBE_SCRIPT prints on phones of several ages, written by hand after their shells."""

from __future__ import annotations

STATUS = "Name:\tcat\nPid:\t4711\nCpus_allowed:\tf\nCpus_allowed_list:\t{cpus}\n"


def text(
    *, getprop: str = "", status: str = STATUS.format(cpus="0-3"), meminfo: str = "MemTotal:  1908204 kB\n",
    version: str = "Linux version 3.10.49", machine: str = "", cpuinfo: str = "", linkers: str = "", cpus: str = "",
) -> str:  # fmt: skip
    sections = {
        "getprop": getprop, "status": status, "meminfo": meminfo, "version": version, "machine": machine,
        "cpuinfo": cpuinfo, "linkers": linkers, "cpus": cpus, "end": "",
    }  # fmt: skip
    return "".join(f"== {name}\n{body}" + ("" if body.endswith("\n") or not body else "\n")
                   for name, body in sections.items())  # fmt: skip


def properties(**values: str) -> str:
    return "".join(f"[{key.replace('__', '.')}]: [{value}]\n" for key, value in values.items())


def cores(*max_khz: int | None, capacity: tuple[int, ...] = ()) -> str:
    lines = []
    for cpu, khz in enumerate(max_khz):
        folder = f"/sys/devices/system/cpu/cpu{cpu}"
        if cpu:
            lines.append(f"{folder} online 1")
        if capacity:
            lines.append(f"{folder} cpu_capacity {capacity[cpu]}")
        if khz is not None:
            lines += [f"{folder} cpufreq/cpuinfo_min_freq 200000", f"{folder} cpufreq/cpuinfo_max_freq {khz}"]
        lines.append(f"{folder} present 1")
    return "\n".join(lines)


BOTH_LINKERS = "/system/bin/linker\n/system/bin/linker64"

ANDROID_5 = text(
    getprop=properties(
        ro__product__model="A37fw", ro__product__manufacturer="OPPO", ro__product__name="A37fw",
        ro__build__version__release="5.1.1", ro__build__version__sdk="22", ro__serialno="ab12cd34",
        ro__build__fingerprint="OPPO/A37fw/A37fw:5.1.1/LMY47V/1519717163:user/release-keys",
        ro__build__type="user", ro__product__cpu__abilist="arm64-v8a,armeabi-v7a,armeabi",
        ro__board__platform="msm8916",
    ),
    # toolbox has no uname: what it says goes to stderr, and the section stays empty
    cpuinfo="Processor\t: AArch64 Processor rev 0 (aarch64)\nCPU architecture: 8\n",
    linkers=BOTH_LINKERS,
    cpus=cores(1209600, 1209600, 1209600, 1209600),
)  # fmt: skip

ANDROID_8 = text(
    getprop=properties(
        ro__product__model="Pixel 2 XL", ro__product__manufacturer="Google", ro__product__name="taimen",
        ro__build__version__release="8.1.0", ro__build__version__sdk="27", ro__serialno="712KPXX0000000",
        ro__build__fingerprint="google/taimen/taimen:8.1.0/OPM1.171019.011/4448085:user/release-keys",
        ro__build__type="user", ro__product__cpu__abilist="arm64-v8a,armeabi-v7a,armeabi",
    ),
    status=STATUS.format(cpus="0-7"),
    version="Linux version 4.4.88-g",
    machine="aarch64",
    linkers=BOTH_LINKERS,
    cpus=cores(*[1900800] * 4, *[2457600] * 4),
)  # fmt: skip

# a phone of Android 13 that shows no clocks to the shell, but capacities; three kinds of cores
ANDROID_13 = text(
    getprop=properties(
        ro__product__model="Pixel 7", ro__build__version__release="13", ro__build__version__sdk="33",
        ro__serialno="2A021FDH2000XX", ro__product__cpu__abilist="arm64-v8a", ro__build__type="user",
        ro__soc__model="GS201",
    ),
    status=STATUS.format(cpus="0-7"),
    machine="aarch64",
    linkers="/system/bin/linker64",
    cpus=cores(*[None] * 8, capacity=(124, 124, 124, 124, 427, 427, 1024, 1024)),
)  # fmt: skip

# Galaxy A10: a 64-bit kernel under a 32-bit userspace
NARROW_ON_WIDE = text(
    getprop=properties(
        ro__product__model="SM-A105F", ro__build__version__sdk="28", ro__serialno="R58M1",
        ro__product__cpu__abilist="armeabi-v7a,armeabi",
    ),
    machine="armv8l",
    linkers="/system/bin/linker",
    cpus=cores(1352000, 1352000, 1560000, 1560000),
)  # fmt: skip

LINUX_BOARD = text(
    status=STATUS.format(cpus="0-1"),
    version="Linux version 6.1.0 (buildroot)",
    machine="aarch64",
    cpus=cores(1800000, 1800000),
)
