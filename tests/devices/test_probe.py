"""What a phone is, from what its shell prints: ages and kinds of phones, and what may be missing."""

from __future__ import annotations

import re

import pytest
from probe_texts import (
    ANDROID_5,
    ANDROID_8,
    ANDROID_13,
    BOTH_LINKERS,
    LINUX_BOARD,
    NARROW_ON_WIDE,
    properties,
    text,
)

from devbench.devices.probe import PROBE_SCRIPT, device_name, read_info
from devbench.domain.device import DeviceInfo
from devbench.errors import DeviceError


def info(output: str, *, serial: str = "SERIAL", shell_v2: bool = True) -> DeviceInfo:
    return read_info(output, serial=serial, shell_v2=shell_v2)


def groups(found: DeviceInfo) -> dict[str, tuple[int, ...]]:
    return {group.name: group.cpus for group in found.core_groups}


def test_android_5_with_toolbox() -> None:
    """No uname, four equal cores: the target comes from the linkers and the ABI list."""
    found = info(ANDROID_5, shell_v2=False)
    assert (found.model, found.android_release, found.sdk) == ("A37fw", "5.1.1", 22)
    assert (found.target, found.abis) == ("android-arm64-v8a", ("arm64-v8a", "armeabi-v7a", "armeabi"))
    assert groups(found) == {"all": (0, 1, 2, 3)}
    assert found.core_groups[0].max_khz == 1209600
    assert found.ram_bytes == 1908204 * 1024
    assert not found.shell_v2


def test_android_8_has_little_and_big_cores() -> None:
    found = info(ANDROID_8)
    assert groups(found) == {"little": (0, 1, 2, 3), "big": (4, 5, 6, 7)}
    assert [group.max_khz for group in found.core_groups] == [1900800, 2457600]
    assert found.fingerprint == "google/taimen/taimen:8.1.0/OPM1.171019.011/4448085:user/release-keys"


def test_android_13_groups_by_capacity_where_clocks_are_hidden() -> None:
    found = info(ANDROID_13)
    assert groups(found) == {"little": (0, 1, 2, 3), "mid": (4, 5), "big": (6, 7)}
    assert [group.max_khz for group in found.core_groups] == [None, None, None]
    assert found.soc == "GS201"


def test_a_64_bit_kernel_under_a_32_bit_userspace_is_32_bit() -> None:
    found = info(NARROW_ON_WIDE)
    assert (found.target, found.abis) == ("android-armeabi-v7a", ("armeabi-v7a", "armeabi"))


@pytest.mark.parametrize(
    ("linkers", "machine", "cpuinfo", "target"),
    [
        (BOTH_LINKERS, "aarch64", "", "android-arm64-v8a"),
        ("/system/bin/linker", "aarch64", "", "android-armeabi-v7a"),
        ("/system/bin/linker", "", "CPU architecture: 7\n", "android-armeabi-v7a"),
        (BOTH_LINKERS, "x86_64", "", "android-x86_64"),
        ("/system/bin/linker", "i686", "", "android-x86"),
        (BOTH_LINKERS, "", "flags\t\t: fpu lm sse\n", "android-x86_64"),
        ("", "x86_64", "", "linux-x86_64"),
    ],
)
def test_without_an_abi_list_the_linkers_decide(
    linkers: str, machine: str, cpuinfo: str, target: str
) -> None:
    """linker64 means that 64-bit programs run, whatever the kernel calls itself."""
    assert info(text(linkers=linkers, machine=machine, cpuinfo=cpuinfo)).target == target


def test_old_phones_name_two_abis_instead_of_a_list() -> None:
    getprop = properties(ro__product__cpu__abi="armeabi-v7a", ro__product__cpu__abi2="armeabi")
    found = info(text(getprop=getprop, linkers="/system/bin/linker"))
    assert found.abis == ("armeabi-v7a", "armeabi")


def test_a_linux_board_without_getprop_is_a_phone_of_its_own_kind() -> None:
    """Named by its transport serial, target by its machine, everything of Android unknown."""
    found = info(LINUX_BOARD, serial="board:5555")
    assert (found.target, found.model, found.sdk) == ("linux-aarch64", "board:5555", None)
    assert (found.android_release, found.fingerprint, found.serialno) == (None, None, None)
    assert re.fullmatch(r"board-5555-[0-9a-f]{6}", found.device)


def test_carriage_returns_of_an_old_adbd_change_nothing() -> None:
    assert info(ANDROID_8.replace("\n", "\r\n")) == info(ANDROID_8)


def test_cpus_that_a_shell_may_not_use_are_in_no_group() -> None:
    """A cpuset that keeps the shell off the big cores leaves one kind."""
    found = info(ANDROID_8.replace("Cpus_allowed_list:\t0-7", "Cpus_allowed_list:\t0-3"))
    assert found.allowed_cpus == (0, 1, 2, 3)
    assert groups(found) == {"all": (0, 1, 2, 3)}
    assert len(found.cores) == 8


@pytest.mark.parametrize("output", ["", "sh: syntax error\n", ANDROID_8[: len(ANDROID_8) // 2], "== end\n"])
def test_an_answer_that_is_none_or_cut_is_an_error(output: str) -> None:
    """Half of a phone must not pass for a phone with few cores."""
    with pytest.raises(DeviceError, match="its shell does not do what a phone's does") as caught:
        info(output)
    assert caught.value.fix


def test_the_name_is_stable_and_free_of_the_serial() -> None:
    name = device_name("Pixel 2 XL", "712KPXX0000000")
    assert re.fullmatch(r"pixel-2-xl-[0-9a-f]{6}", name)
    assert name == device_name("Pixel 2 XL", "712KPXX0000000") != device_name("Pixel 2 XL", "712KPXX0000001")
    assert device_name("模型", "1").startswith("phone-")


def test_labels_come_from_the_phones_own_properties() -> None:
    getprop = properties(
        ro__devbench__labels="VIRTUAL", ro__kernel__qemu="1", ro__devbench__cooldown_min_s="0.5"
    )
    found = info(text(getprop=getprop))
    assert (found.labels, found.cooldown_min_s) == (("VIRTUAL", "EMULATOR"), 0.5)
    assert info(text()).labels == ()


def test_the_script_needs_only_what_the_oldest_shell_has() -> None:
    """Android 5's toolbox has no head, tail, sed, awk, cut, tr, find, grep for text in between, stat or nproc."""
    words = set(re.findall(r"[a-z0-9]+", PROBE_SCRIPT))
    assert not words & {
        "head",
        "tail",
        "sed",
        "awk",
        "cut",
        "tr",
        "find",
        "stat",
        "nproc",
        "wc",
        "sort",
        "xargs",
    }
    assert len(PROBE_SCRIPT) < 3500  # adbd of before Android 7 takes commands of 4 KB
