"""What a phone's own commands answer: in its Android's format, from its own state, also in pipes and scripts."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import apk, virtual
from devbench.apk.archive import stored
from devbench.apk.sign import signed_apk
from devbench.virtual import VirtualPhone
from devbench.virtual.profile import load_profile, profile_names
from tests.virtual.conftest import Lab


def test_there_are_five_makers_and_the_default_phones() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    assert {"oppo-a37f", "pixel-2-xl"} <= {profile.name for profile in profiles}
    assert len({profile.properties["ro.product.manufacturer"] for profile in profiles}) >= 5
    assert any(all("arm64" not in abi for abi in profile.abis) for profile in profiles)
    assert max(profile.sdk for profile in profiles) >= 33


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_agrees_with_its_properties(name: str) -> None:
    profile = load_profile(name)
    assert profile.properties["ro.build.version.release"] == profile.android_release
    assert profile.properties["ro.build.version.sdk"] == str(profile.sdk)
    assert profile.properties["ro.product.cpu.abilist"] == ",".join(profile.abis)
    assert ("shell_v2" in profile.features) == (profile.sdk >= 24)
    assert ("thermalservice" in profile.dumpsys) == (profile.sdk >= 29)
    assert not set(profile.tools) & set(profile.services)


def test_it_says_that_it_is_virtual_and_what_is_simulated(lab: Lab, pixel: VirtualPhone) -> None:
    assert lab.shell(pixel, "getprop ro.devbench.labels") == "VIRTUAL\n"
    assert lab.shell(pixel, "getprop ro.devbench.simulated") == "soc,clocks,ram,battery,thermal,app\n"
    assert not any("linker" in name for name in lab.shell(pixel, "ls /system/bin").split())


def test_properties_in_scripts(lab: Lab, pixel: VirtualPhone) -> None:
    script = 'x=$(getprop ro.serialno); setprop debug.x "a b"; getprop | grep debug.x; echo $x; '
    script += "getprop nope; getprop nope d"
    assert lab.shell(pixel, script) == f"[debug.x]: [a b]\n{pixel.serialno}\n\nd\n"
    refused = lab.run(pixel, "shell", "setprop ro.serialno x")
    assert (refused.returncode, refused.stderr) == (
        1,
        b"setprop: failed to set property 'ro.serialno' to 'x'\n",
    )


def test_output_goes_where_the_script_says(lab: Lab, pixel: VirtualPhone) -> None:
    script = "cd /data/local/tmp; echo first > o; getprop ro.product.device >> o; cat o; "
    script += "{ echo a; getprop nope; echo b; } > o; cat o"
    assert lab.shell(pixel, script) == "first\ntaimen\na\n\nb\n"
    assert lab.run(pixel, "shell", "getprop ro.product.device >&-").stdout == b""


def test_a_missing_tool_is_missed_in_the_phones_own_words(
    lab: Lab, oppo: VirtualPhone, pixel: VirtualPhone, poco: VirtualPhone
) -> None:
    for tool in ("head", "sha256sum", "taskset", "timeout", "setsid", "nproc", "printf"):
        assert lab.shell(oppo, f"{tool} x; echo $?") == f"/system/bin/sh: {tool}: not found\n127\n"
    done = lab.run(pixel, "shell", "nproc")
    assert (done.returncode, done.stderr) == (127, b"/system/bin/sh: nproc: not found\n")
    done = lab.run(poco, "shell", "x=$(nope 2>&1); echo $x")
    assert done.stdout == b"/system/bin/sh: nope: inaccessible or not found\n"
    assert lab.run(poco, "shell", "command -v nope").returncode == 1


def test_battery_in_the_format_of_its_android(
    lab: Lab, oppo: VirtualPhone, pixel: VirtualPhone, poco: VirtualPhone
) -> None:
    old, middle, new = (lab.shell(phone, "dumpsys battery") for phone in (oppo, pixel, poco))
    assert "Charge counter" not in old
    assert re.search(r"^  Max charging current: 500000$", middle, re.MULTILINE)
    assert "Dock powered: false" in new
    for text in (old, middle, new):
        assert re.search(
            r"^  status: 2\n  health: 2\n  present: true\n  level: \d+\n  scale: 100\n  voltage: \d{4}\n",
            text,
            re.MULTILINE,
        )
        assert re.search(r"^  temperature: 2\d\d\n  technology: Li-ion$", text, re.MULTILINE)


def battery(lab: Lab, phone: VirtualPhone, key: str) -> int:
    found = re.search(rf"^  {key}: (\d+)$", lab.shell(phone, "dumpsys battery"), re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_an_unplugged_phone_empties_and_a_plugged_one_fills(lab: Lab, pixel: VirtualPhone) -> None:
    lab.shell(pixel, "dumpsys battery unplug")
    full = battery(lab, pixel, "level")
    assert battery(lab, pixel, "status") == 3
    virtual.advance_clock(pixel.name, 8 * 3600, home=lab.home)
    low = battery(lab, pixel, "level")
    assert low < full
    lab.shell(pixel, "dumpsys battery reset")
    virtual.advance_clock(pixel.name, 2 * 3600, home=lab.home)
    assert battery(lab, pixel, "level") > low
    lab.shell(pixel, "dumpsys battery set level 7")
    assert battery(lab, pixel, "level") == 7
    lab.shell(pixel, "dumpsys battery reset")


def test_a_service_that_its_android_lacks_is_not_found(
    lab: Lab, pixel: VirtualPhone, oppo: VirtualPhone
) -> None:
    done = lab.run(pixel, "shell", "dumpsys thermalservice")
    assert (done.stdout, done.stderr) == (b"", b"Can't find service: thermalservice\n")
    assert lab.shell(oppo, "dumpsys hardware_properties") == "Can't find service: hardware_properties\n"


def test_thermal_status_can_be_overridden(lab: Lab, poco: VirtualPhone) -> None:
    text = lab.shell(poco, "dumpsys thermalservice")
    assert "\nThermal Status: 0\n" in text
    assert re.search(
        r"^\tTemperature\{mValue=\d\d\.\d, mType=3, mName=skin, mStatus=0\}$", text, re.MULTILINE
    )
    lab.shell(poco, "cmd thermalservice override-status 3")
    assert "\nThermal Status: 3\n" in lab.shell(poco, "dumpsys thermalservice")
    lab.shell(poco, "cmd thermalservice reset")


def test_fixed_performance_mode_exists_from_android_11(
    lab: Lab, pixel: VirtualPhone, poco: VirtualPhone
) -> None:
    ask = "cmd power set-fixed-performance-mode-enabled true"
    assert lab.run(pixel, "shell", ask).returncode != 0
    assert lab.run(poco, "shell", ask).returncode == 0


def test_settings_are_kept(lab: Lab, pixel: VirtualPhone) -> None:
    script = "settings put system a 'b c'; settings get system a; settings delete system a; settings get system a; "
    script += "svc power stayon usb; settings get global stay_on_while_plugged_in; svc power stayon false"
    assert lab.shell(pixel, script) == "b c\nDeleted 1 rows\nnull\n2\n"


def test_meminfo_of_a_process_is_its_own(lab: Lab, pixel: VirtualPhone, poco: VirtualPhone) -> None:
    # who else maps a page has part of its PSS: it is read by the shell itself, until nobody came or went meanwhile
    pss = "while read k v u; do [ $k = Pss: ] && echo \"$k $v $u\" && break; done </proc/$!/smaps_rollup"
    script = (
        f'sleep 60 > /dev/null & n=0; while a="$({pss})"; m="$(dumpsys meminfo $!)"; b="$({pss})"; '
        '[ "$a" != "$b" ] && [ $n -lt 50 ]; do n=$((n+1)); done; echo "$m"; echo "$b"; kill $!'
    )
    for phone in (pixel, poco):
        text = lab.shell(phone, script)
        assert re.search(r"^\*\* MEMINFO in pid \d+ \[sleep\] \*\*$", text, re.MULTILINE)
        shown = re.search(r"^        TOTAL +(\d+)", text, re.MULTILINE)
        true = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
        assert shown is not None
        assert true is not None
        # each mapping's PSS is rounded down on its own
        assert 0.7 * int(true[1]) - 20 <= int(shown[1]) <= int(true[1])
    assert "TOTAL RSS:" in lab.shell(poco, script)
    assert lab.shell(pixel, "dumpsys meminfo 99999") == "No process found for: 99999\n"


def test_cpuinfo_names_who_was_busy(lab: Lab, pixel: VirtualPhone) -> None:
    script = "dumpsys cpuinfo > /dev/null; yes > /dev/null & sleep 0.5; dumpsys cpuinfo; kill $!"
    text = lab.shell(pixel, script)
    assert re.match(r"Load: [\d.]+ / [\d.]+ / [\d.]+\nCPU usage from \d+ms to 0ms ago \(", text)
    assert re.search(r"^  \+?\d[\d.]*% \d+/yes: \d[\d.]*% user \+ \d[\d.]*% kernel", text, re.MULTILINE)
    assert re.search(r"^[\d.]+% TOTAL: [\d.]+% user \+ [\d.]+% kernel", text, re.MULTILINE)


def test_the_binary_log_has_the_headers_of_its_android(
    lab: Lab, oppo: VirtualPhone, pixel: VirtualPhone
) -> None:
    """24 bytes on Android 5; on 7 and newer 28, with the writer's uid at the end."""
    payload = b"\x06runner\0it broke\0"
    for phone, size, uid in ((oppo, 24, b""), (pixel, 28, struct.pack("<I", 2000))):
        lab.run(phone, "logcat", "-c")
        lab.shell(phone, "log -p e -t runner it broke")
        data = lab.run(phone, "exec-out", "logcat", "-B", "-d").stdout
        assert struct.unpack_from("<HHII", data) == (len(payload), size, 0, 0)
        assert data[24:] == uid + payload


def test_a_toolbox_phone_has_toolbox_tools(lab: Lab, oppo: VirtualPhone) -> None:
    assert (
        lab.shell(oppo, "cd /data/local/tmp; echo -n abc > m; md5 m")
        == "900150983cd24fb0d6963f7d28e17f72  m\n"
    )
    assert lab.shell(oppo, "ps").startswith("USER     PID   PPID  VSIZE  RSS     WCHAN    PC        NAME\n")
    assert re.match(r"Filesystem +Size +Used +Free +Blksize\n/data +[\d.]+[MG]", lab.shell(oppo, "df /data"))
    assert lab.shell(oppo, "uptime").startswith("up time: 00:0")


def make_apk(path: Path, package: str, split: str = "") -> None:
    """The smallest file that is an APK to `pm`: a binary manifest with a package name and a version."""
    strings = ["manifest", "package", "versionCode", package, "split", split]
    data, offsets = b"", []
    for text in strings:
        offsets.append(len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    start = 28 + 4 * len(strings)
    pool = struct.pack("<HHI5I", 1, 28, start + len(data), len(strings), 0, 0, start, 0)
    pool += struct.pack(f"<{len(strings)}I", *offsets) + data
    none = 0xFFFFFFFF
    attributes = struct.pack("<IIIHBBI", none, 1, 3, 8, 0, 3, 3) + struct.pack(
        "<IIIHBBI", none, 2, none, 8, 0, 16, 41
    )
    if split:
        attributes += struct.pack("<IIIHBBI", none, 4, 5, 8, 0, 3, 5)
    element = struct.pack("<HHIII", 0x102, 16, 36 + len(attributes), 1, none)
    element += struct.pack("<IIHHHHHH", none, 0, 20, 20, 3 if split else 2, 0, 0, 0) + attributes
    body = pool + element
    document = struct.pack("<HHI", 3, 8, 8 + len(body)) + body
    path.write_bytes(signed_apk([stored("AndroidManifest.xml", document)], apk.test_key()))


def test_install_list_path_uninstall(
    lab: Lab, oppo: VirtualPhone, pixel: VirtualPhone, poco: VirtualPhone, tmp_path: Path
) -> None:
    """By push on Android 5, through `cmd package` on 8, through abb_exec on 14."""
    make_apk(tmp_path / "a.apk", "dev.example.app")
    for phone in (oppo, pixel, poco):
        done = lab.run(phone, "install", str(tmp_path / "a.apk"))
        assert b"Success" in done.stdout, (phone.name, done)
        assert b"Success" in lab.run(phone, "install", "-r", str(tmp_path / "a.apk")).stdout
        assert lab.shell(phone, "pm list packages -3") == "package:dev.example.app\n"
        assert lab.shell(phone, "pm path dev.example.app") == "package:/data/app/dev.example.app-1/base.apk\n"
        assert "versionCode=41" in lab.shell(phone, "dumpsys package dev.example.app")
        assert b"Success" in lab.run(phone, "uninstall", "dev.example.app").stdout
        assert lab.shell(phone, "pm list packages -3") == ""


def test_install_multiple_keeps_all_parts(
    lab: Lab, pixel: VirtualPhone, poco: VirtualPhone, tmp_path: Path
) -> None:
    make_apk(tmp_path / "base.apk", "dev.example.split")
    make_apk(tmp_path / "config.apk", "dev.example.split", split="config.en")
    for phone in (pixel, poco):
        done = lab.run(phone, "install-multiple", str(tmp_path / "config.apk"), str(tmp_path / "base.apk"))
        assert b"Success" in done.stdout, (phone.name, done)
        paths = lab.shell(phone, "pm path dev.example.split").splitlines()
        assert len(paths) == 2
        assert (
            lab.shell(phone, f"stat -c %s {paths[0].removeprefix('package:')}")
            == f"{(tmp_path / 'base.apk').stat().st_size}\n"
        )
        assert b"Success" in lab.run(phone, "uninstall", "dev.example.split").stdout


def test_an_apk_that_was_changed_after_signing_is_not_installed(
    lab: Lab, oppo: VirtualPhone, pixel: VirtualPhone, tmp_path: Path
) -> None:
    """Android 5 looks at v1, Android 8 at v2."""
    make_apk(tmp_path / "a.apk", "dev.example.app")
    raw = (tmp_path / "a.apk").read_bytes()
    at = raw.index(b"AndroidManifest.xml") + 60
    (tmp_path / "a.apk").write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    for phone in (oppo, pixel):
        done = lab.run(phone, "install", str(tmp_path / "a.apk"))
        assert b"INSTALL_PARSE_FAILED" in done.stdout + done.stderr, phone.name
        assert lab.shell(phone, "pm list packages -3") == ""


def test_an_activity_that_is_not_installed_is_not_started(lab: Lab, pixel: VirtualPhone) -> None:
    said = lab.shell(pixel, "am start -n dev.example.absent/.Main 2>&1")
    assert "Error: Activity class {dev.example.absent/dev.example.absent.Main} does not exist." in said


def test_what_is_no_apk_is_not_installed(lab: Lab, pixel: VirtualPhone, tmp_path: Path) -> None:
    (tmp_path / "a.apk").write_bytes(b"not a zip")
    done = lab.run(pixel, "install", str(tmp_path / "a.apk"))
    assert b"INSTALL_PARSE_FAILED_NOT_APK" in done.stdout + done.stderr
    assert done.returncode != 0


def test_a_screen_turns_on_and_off(lab: Lab, pixel: VirtualPhone) -> None:
    ask = "dumpsys power | grep mWakefulness="
    wake = f"input keyevent KEYCODE_WAKEUP; {ask}; input keyevent 223; {ask}"
    assert lab.shell(pixel, wake) == "  mWakefulness=Awake\n  mWakefulness=Asleep\n"


def test_a_phone_of_another_seed_is_another_individual(make_lab: Callable[[str | None], Lab]) -> None:
    temperatures = []
    for seed in (1, 2, 1):
        lab = make_lab(None)
        (phone,) = lab.up("pixel-2-xl", seed=seed)
        temperatures.append(battery(lab, phone, "temperature"))
        virtual.down(None, home=lab.home)
    assert temperatures[0] == temperatures[2] != temperatures[1]
