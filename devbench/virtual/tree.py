"""An extracted Android tree in front of which an adbd is put: what it is, its profile, and what runs its programs.

Its own shell, tools, linker and libraries run; only what has no service behind it there is answered by shims.
Programs of another architecture are started through an emulator, by a binfmt_misc of the phone's own (Linux 6.7);
where the host has none, only the shell itself is, and what it starts needs the host's binfmt_misc.
"""

from __future__ import annotations

import platform
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.profile import Battery, Heat, Profile

_MACHINES = {
    3: ("i386", "x86"),
    40: ("arm", "armeabi-v7a"),
    62: ("x86_64", "x86_64"),
    183: ("aarch64", "arm64-v8a"),
}
_NATIVE = {"x86_64": {3, 62}, "aarch64": {183}}
_LINKERS = ("linker64", "linker")
_PROPERTY_FILES = ("default.prop", "system/build.prop", "vendor/build.prop", "system/vendor/build.prop")
_SERVICES = ("battery", "cpuinfo", "display", "hardware_properties", "meminfo", "package", "power", "window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """`machines` are ELF machine numbers of what the tree can run, 64-bit first."""

    folder: Path
    machines: tuple[int, ...]
    properties: dict[str, str]

    @property
    def abis(self) -> tuple[str, ...]:
        """As the tree says, otherwise by the linkers that it has."""
        said = self.properties.get("ro.product.cpu.abilist")
        return tuple(said.split(",")) if said else tuple(_MACHINES[number][1] for number in self.machines)

    @property
    def sdk(self) -> int:
        said = self.properties.get("ro.build.version.sdk", "")
        return int(said) if said.isdigit() else 28


def read_tree(folder: Path) -> Tree:
    """VirtualPhoneError if there is no Android tree in `folder`."""
    if not (folder / "system/bin/sh").is_file():
        raise VirtualPhoneError(
            f"{folder} holds no system/bin/sh",
            fix="give the folder that holds system/ of an extracted Android",
        )
    found = [machine_of(folder / "system/bin" / name) for name in _LINKERS]
    machines = [number for number in found if number in _MACHINES] or [machine_of(folder / "system/bin/sh")]
    properties: dict[str, str] = {}
    for name in _PROPERTY_FILES:
        path = folder / name
        if path.is_file():
            properties = parse_properties(path.read_text(errors="replace")) | properties
    known = tuple(number for number in machines if number in _MACHINES)
    return Tree(folder=folder, machines=known, properties=properties)


def machine_of(path: Path) -> int:
    """The ELF machine of a program, 0 if it is none; links of the tree lead to places in the tree."""
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError:
        return 0
    return (
        int(struct.unpack_from("<H", header, 18)[0]) if header[:4] == b"\x7fELF" and len(header) == 20 else 0
    )


def parse_properties(text: str) -> dict[str, str]:
    """`key=value` lines; vendors leave all kinds of remarks between them."""
    return dict(re.findall(r"^([\w.-]+)=(.*?)\r?$", text, re.MULTILINE))


def tree_profile(tree: Tree, base: Profile | None, name: str) -> Profile:
    """`base` (a phone's profile) or a generic one, with the tree's own ABIs, Android version and tools."""
    profile = base or generic_profile(tree, name)
    own = {
        "ro.product.cpu.abi": tree.abis[0],
        "ro.product.cpu.abilist": ",".join(tree.abis),
        "ro.product.cpu.abilist64": ",".join(abi for abi in tree.abis if "64" in abi),
        "ro.product.cpu.abilist32": ",".join(abi for abi in tree.abis if "64" not in abi),
    }
    return replace(
        profile,
        abis=tree.abis,
        tools=(),
        absent_builtins=(),
        properties=profile.properties | tree.properties | own,
    )


def generic_profile(tree: Tree, name: str) -> Profile:
    """A phone nobody has described: adb features follow the Android version, the rest is middling."""
    sdk = tree.sdk
    release = tree.properties.get("ro.build.version.release", str(sdk))
    modern = ("shell_v2", "cmd", "stat_v2", *(("ls_v2", "fixed_push_mkdir") if sdk >= 28 else ()))
    named = {
        "ro.build.version.sdk": str(sdk), "ro.build.version.release": release, "ro.build.type": "user",
        "ro.product.name": name, "ro.product.device": name, "ro.product.model": name,
        "ro.product.manufacturer": "unknown", "ro.product.brand": "unknown",
    }  # fmt: skip
    return Profile(
        name=name, model=name, android_release=release, sdk=sdk, abis=tree.abis, ram_bytes=4 << 30,
        serialno=f"virtual{name}".lower(), adb_version=0x01000001 if sdk >= 28 else 0x01000000,
        max_payload_bytes=1 << 20 if sdk >= 28 else 1 << 18 if sdk >= 24 else 4096,
        features=modern if sdk >= 24 else (), shell_is_terminal=sdk < 24, prompt="$PWD $ ",
        not_found="/system/bin/sh: {name}: not found", absent_builtins=(),
        path="/sbin:/system/sbin:/system/bin:/system/xbin:/vendor/bin", tools=(), services=(),
        dumpsys=(*_SERVICES, *(("thermalservice",) if sdk >= 29 else ())),
        sensors=("cpu0",) if sdk >= 24 else (),
        battery=Battery(level_pct=80, capacity_uah=3000000, voltage_mv=4100, plugged="usb", technology="Li-ion"),
        heat=Heat(ambient_c=25.0, battery_rise_c=1.4, battery_tau_s=900.0, chip_rise_c=1.8, chip_tau_s=8.0),
        properties=named | tree.properties,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A static user-mode emulator for programs of one ELF machine."""

    path: Path
    machine: int

    def registration(self) -> str:
        """A line for binfmt_misc; F: opened now, since the phone cannot see its path.

        OSABI must be 0, as in all of Android's programs: the emulator itself, which has another, must not match.
        """
        bits = 2 if self.machine in (62, 183) else 1
        magic = b"\x7fELF" + bytes([bits, 1, 1]) + bytes(9) + b"\x02\0" + struct.pack("<H", self.machine)
        mask = b"\xff" * 8 + bytes(8) + b"\xfe\xff\xff\xff"
        return f":{_MACHINES[self.machine][0]}:M:0:{escaped(magic)}:{escaped(mask)}:{self.path}:F"


def escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def emulators(tree: Tree, given: Path | None) -> tuple[Emulator, ...]:
    """`given`, and its siblings for what else the tree holds (an arm64 phone's shell may be 32-bit).

    Without one, VirtualPhoneError if the tree is of another architecture than this host.
    """
    native = _NATIVE.get(platform.machine(), set())
    foreign = [number for number in tree.machines if number not in native]
    if given is None:
        if foreign and len(foreign) == len(tree.machines):
            need = _MACHINES[foreign[0]][0]
            raise VirtualPhoneError(
                f"{tree.folder} is an Android for {need}, this host is {platform.machine()}",
                fix=f"sudo apt install qemu-user-static, and --emulator /usr/bin/qemu-{need}-static",
            )
        return ()
    if not given.is_file():
        raise VirtualPhoneError(f"no emulator at {given}", fix="sudo apt install qemu-user-static")
    by_name = {name: number for number, (name, _) in _MACHINES.items()}
    words = re.split(r"[^a-z0-9_]+", given.name)
    machine = next((by_name[word] for word in words if word in by_name), tree.machines[0])
    found = [Emulator(path=given.resolve(), machine=machine)]
    for number in foreign:
        sibling = given.parent / given.name.replace(_MACHINES[machine][0], _MACHINES[number][0])
        if number != machine and sibling.is_file():
            found.append(Emulator(path=sibling.resolve(), machine=number))
    return tuple(found)
