"""Real outputs of real phones: values read by eye stand here, and no file is left out.

The files are not ours and lie outside the project, in the folder that DEVBENCH_CAPTURES names.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from devbench.errors import ParseError
from devbench.parse import guess_kind, parse

_FOLDER = os.environ.get("DEVBENCH_CAPTURES")
pytestmark = pytest.mark.skipif(not _FOLDER, reason="DEVBENCH_CAPTURES is not set")
KIB = 1024


class Row(dict[str, Any]):
    """Expected keys of one row of a list, found by its pid or name."""


# file → (kind that is guessed, values); a list of Rows means that these are among the rows.
EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "dumpsys_battery/emulator-x86-a9.txt": (
        "battery",
        {
            "level_pct": 100,
            "temperature_c": 25.0,
            "voltage_mv": 5000,
            "status": "not-charging",
            "plugged": "none",
        },
    ),
    "dumpsys_battery/nexusone-miui-a2.3-aidldeadlock.txt": (
        "battery",
        {
            "level_pct": 96,
            "temperature_c": 28.5,
            "voltage_mv": 4060,
            "status": "charging",
            "charge_uah": None,
        },
    ),
    "dumpsys_battery/nexusone-miui-a2.3-deadlock.txt": (
        "battery",
        {"level_pct": 80, "temperature_c": 25.2, "voltage_mv": 3874, "plugged": "usb", "health": "good"},
    ),
    "dumpsys_battery/pixel-sailfish-a8.1.txt": (
        "battery",
        {"level_pct": 100, "temperature_c": 30.5, "status": "full", "plugged": "ac", "charge_uah": 2520335},
    ),
    # Whole volts and degrees; a charge counter that counts nothing.
    "dumpsys_battery/rk3399-hs3314-a9.txt": (
        "battery",
        {
            "level_pct": 50,
            "temperature_c": 26.0,
            "voltage_mv": 3000,
            "status": "discharging",
            "charge_uah": None,
        },
    ),
    "dumpsys_battery/sunmi-t2slite-a9.txt": (
        "battery",
        {"level_pct": 58, "temperature_c": 25.0, "voltage_mv": 3952, "plugged": "usb", "charge_uah": 1083381},
    ),
    "dumpsys_battery/vivo-x9-a7.1.2.txt": (
        "battery",
        {"level_pct": 55, "temperature_c": 26.7, "voltage_mv": 3817, "plugged": "none", "charge_uah": None},
    ),
    "dumpsys_cpuinfo/aaos-renesas-rcar-a9.txt": (
        "cpuinfo",
        {
            "load_1": 4.39,
            "load_15": 1.58,
            "window_ms": 300421,
            "total_pct": 6.5,
            "processes": [
                Row(pid=1625, process="android.hardware.automotive.vehicle@2.0-service.dylcr", total_pct=6.1),
                Row(pid=1, process="/init", user_pct=0.1),
                Row(pid=453, process="kworker/0:1", kernel_pct=0.5),
            ],
        },
    ),
    "dumpsys_cpuinfo/meizu-mx6-a7.1.1.txt": (
        "cpuinfo",
        {
            "window_ms": 458547,
            "total_pct": 50,
            "user_pct": 30,
            "kernel_pct": 19,
            "processes": [Row(pid=989, process="system_server", total_pct=32, user_pct=20, kernel_pct=12)],
        },
    ),
    "dumpsys_cpuinfo/nexusone-miui-a2.3-aidldeadlock.txt": (
        "cpuinfo",
        {
            "load_1": 0.67,
            "load_5": 0.15,
            "load_15": 0.05,
            "window_ms": 16991,
            "total_pct": 43,
            "processes": [],
        },
    ),
    "dumpsys_cpuinfo/pixel-sailfish-a10.txt": (
        "cpuinfo",
        {
            "window_ms": 5505,
            "total_pct": 92,
            "processes": [
                Row(pid=929, process="system_server", total_pct=82, user_pct=60, kernel_pct=22),
                Row(pid=2323, process="irq/19-408000.q", total_pct=0),
            ],
        },
    ),
    "dumpsys_cpuinfo/pixel-sailfish-a8.1.txt": (
        "cpuinfo",
        {
            "window_ms": 9527,
            "total_pct": 43,
            "processes": [Row(pid=11420, process="com.tencent.mm:push", user_pct=1.7)],
        },
    ),
    "dumpsys_cpuinfo/smartron-t5911-a8.1.txt": (
        "cpuinfo",
        {
            "load_5": 3.6,
            "total_pct": 17,
            "processes": [Row(pid=3007, process=".dataservices", total_pct=0.1)],
        },
    ),
    "dumpsys_cpuinfo/sunmi-t2slite-a9.txt": (
        "cpuinfo",
        {"window_ms": 39155, "total_pct": 1.2, "processes": [Row(pid=1893, process="adbd", total_pct=0)]},
    ),
    "dumpsys_hardware_properties/emulator-x86-a9.txt": ("thermal", {"status": None, "temperatures": []}),
    "dumpsys_hardware_properties/rk3399-hs3314-a9.txt": ("thermal", {"status": None, "temperatures": []}),
    "dumpsys_hardware_properties/sunmi-t2slite-a9.txt": (
        "thermal",
        {
            "status": None,
            "temperatures": [Row(name="CPU6", type=0, value_c=73.5), Row(name="Skin", type=3, value_c=51.0)],
        },
    ),
    # The cached 54.8 °C of sensor 10 are old; the HAL says 37.
    "dumpsys_thermalservice/pixel-sailfish-a10.txt": (
        "thermal",
        {
            "status": 0,
            "temperatures": [
                Row(name="tsens_tz_sensor10", type=0, value_c=37.0, status=0),
                Row(name="battery", type=2, value_c=26.500002, status=0),
            ],
            "cooling_devices": [],
        },
    ),
    "dumpsys_meminfo_proc/android6-parsememinfo-keepass.txt": (
        "meminfo",
        {
            "pid": 5964,
            "process": "com.android.keepass",
            "total_pss_bytes": 6885 * KIB,
            "total_swap_bytes": 104 * KIB,
            "total_rss_bytes": None,
            "native_heap_pss_bytes": 1193 * KIB,
            "dalvik_heap_pss_bytes": 1619 * KIB,
        },
    ),
    "dumpsys_meminfo_proc/android6-parsememinfo-vlc.txt": (
        "meminfo",
        {"pid": 4812, "total_pss_bytes": 83433 * KIB, "native_heap_pss_bytes": 11800 * KIB},
    ),
    "dumpsys_meminfo_proc/emulator-x86-a9-first.txt": (
        "meminfo",
        {
            "pid": 2478,
            "total_pss_bytes": 49207 * KIB,
            "total_swap_bytes": 0,
            "dalvik_heap_pss_bytes": 5032 * KIB,
        },
    ),
    "dumpsys_meminfo_proc/nexusone-miui-a2.3-deadlock.txt": (
        "meminfo",
        {
            "pid": 272,
            "process": "com.google.process.gapps",
            "total_pss_bytes": 8954 * KIB,
            "native_heap_pss_bytes": 1484 * KIB,
            "dalvik_heap_pss_bytes": 2595 * KIB,
            "total_swap_bytes": None,
        },
    ),
    "dumpsys_meminfo_proc/pixel-sailfish-a10-checkin-all.txt": (
        "meminfo",
        {
            "pid": 1878,
            "process": "com.android.launcher3",
            "total_pss_bytes": 56653 * KIB,
            "native_heap_pss_bytes": 9729 * KIB,
            "dalvik_heap_pss_bytes": 2877 * KIB,
            "total_swap_bytes": 0,
        },
    ),
    "dumpsys_meminfo_proc/pixel-sailfish-a8.1-first.txt": (
        "meminfo",
        {"pid": 9413, "total_pss_bytes": 125868 * KIB, "total_swap_bytes": 81 * KIB},
    ),
    "dumpsys_meminfo_proc/rk3399-hs3314-a9-first.txt": (
        "meminfo",
        {"pid": 654, "total_pss_bytes": 44398 * KIB, "native_heap_pss_bytes": 24290 * KIB},
    ),
    "dumpsys_meminfo_proc/sunmi-t2slite-a9-first.txt": (
        "meminfo",
        {"pid": 2210, "total_pss_bytes": 95089 * KIB, "dalvik_heap_pss_bytes": 0},
    ),
    "dumpsys_meminfo_proc/vivo-x9-a7.1.2-first.txt": (
        "meminfo",
        {"pid": 3446, "total_pss_bytes": 200258 * KIB, "total_swap_bytes": 87239 * KIB},
    ),
    "dumpsys_meminfo_system/aaos-renesas-rcar-a9.txt": (
        "meminfo-system",
        {
            "total_ram_bytes": 3845012 * KIB,
            "lost_ram_bytes": -11223 * KIB,
            "zram_bytes": None,
            "processes": [Row(pid=5187, process="com.google.android.car.kitchensink", pss_bytes=40302 * KIB)],
        },
    ),
    "dumpsys_meminfo_system/emulator-x86-a9.txt": (
        "meminfo-system",
        {"free_ram_bytes": 756592 * KIB, "used_ram_bytes": 715526 * KIB, "lost_ram_bytes": 58590 * KIB},
    ),
    "dumpsys_meminfo_system/meizu-mx6-a7.1.1.txt": (
        "meminfo-system",
        {
            "used_ram_bytes": 2238262 * KIB,
            "lost_ram_bytes": -164063 * KIB,
            "zram_bytes": 107792 * KIB,
            "processes": [
                Row(pid=1420, process="com.android.systemui", pss_bytes=204872 * KIB, rss_bytes=None)
            ],
        },
    ),
    "dumpsys_meminfo_system/pixel-sailfish-a10.txt": (
        "meminfo-system",
        {
            "total_ram_bytes": 3855820 * KIB,
            "zram_bytes": 4 * KIB,
            "processes": [Row(pid=929, pss_bytes=134665 * KIB)],
        },
    ),
    "dumpsys_meminfo_system/pixel-sailfish-a8.1.txt": (
        "meminfo-system",
        {"zram_bytes": 60716 * KIB, "processes": [Row(pid=9413, process="com.xianwei.drivermiles")]},
    ),
    "dumpsys_meminfo_system/smartron-t5911-a8.1.txt": ("meminfo-system", {"lost_ram_bytes": 379515 * KIB}),
    "dumpsys_meminfo_system/sunmi-t2slite-a9.txt": (
        "meminfo-system",
        {"lost_ram_bytes": -41009 * KIB, "zram_bytes": 5988 * KIB},
    ),
    "procrank/nexusone-miui-a2.3-deadlock.txt": (
        "meminfo-system",
        {
            "processes": [
                # 132 KiB resident cannot hold 2195456 KiB proportional.
                Row(pid=122, pss_bytes=None, rss_bytes=None),
                Row(pid=609, process="com.miui.uac", pss_bytes=403 * KIB, rss_bytes=403 * KIB),
            ]
        },
    ),
    "procrank/pixel-sailfish-a10.txt": (
        "meminfo-system",
        {
            "total_ram_bytes": 3855820 * KIB,
            "free_ram_bytes": 1754460 * KIB,
            "processes": [
                Row(pid=929, process="system_server", pss_bytes=136427 * KIB, rss_bytes=269040 * KIB)
            ],
        },
    ),
    "getprop/device-infra-testdata.txt": ("getprop", {"properties": Row({"ro.product.model": "Pixel 5"})}),
    "getprop/honor-view10-kirin970-a8.0.txt": (
        "getprop",
        {"properties": Row({"ro.product.model": "BKL-L09", "ro.build.version.sdk": "26"})},
    ),
    "getprop/lg-v60-timelm-a11.txt": (
        "getprop",
        {
            "properties": Row(
                {
                    "ro.product.model": "LM-V600",
                    "persist.sys.boot.reason.history": "reboot,atd,1626759463\n"
                    "reboot,factory_reset,1626759434\ncold,1626759378",
                }
            )
        },
    ),
    "getprop/oneplus-n10-be2028-a11.txt": ("getprop", {"properties": Row({"ro.product.model": "BE2028"})}),
    "getprop/pixel-8-pro-husky-a16.txt": (
        "getprop",
        {"properties": Row({"ro.product.cpu.abilist": "arm64-v8a", "ro.build.version.sdk": "36"})},
    ),
    "getprop/poco-f6-peridot-a15.txt": ("getprop", {"properties": Row({"ro.product.model": "24069PC21I"})}),
    "device_files/oppo-a37f-ramdisk-default.prop.txt": (
        "getprop",
        {"source": "build.prop", "properties": Row({"ro.zygote": "zygote64_32", "ro.secure": "1"})},
    ),
    "proc_cpuinfo/fiio-m17-sdm660.txt": (
        "proc-cpuinfo",
        {
            "hardware": "Qualcomm Technologies, Inc SDA660",
            "cores": [
                Row(processor=0, implementer="0x51", part="0x801", variant="0xa", bogomips=38.4),
                Row(processor=7, part="0x800"),
            ],
        },
    ),
    "proc_meminfo/catapult-proc-meminfo.txt": (
        "proc-meminfo",
        {"mem_total_bytes": 65897648 * KIB, "mem_available_bytes": None, "swap_free_bytes": 8 * KIB},
    ),
    "proc_meminfo/goadb-4gb-phone.txt": (
        "proc-meminfo",
        {
            "mem_total_bytes": 3681628 * KIB,
            "mem_available_bytes": 2243756 * KIB,
            "cached_bytes": 1855852 * KIB,
        },
    ),
    "proc_meminfo/letv-tv-648-then-dumpsys.txt": (
        "proc-meminfo",
        {"mem_total_bytes": 1943260 * KIB, "mem_free_bytes": 278352 * KIB, "buffers_bytes": 8308 * KIB},
    ),
    "proc_meminfo/nexusone-miui-a2.3-deadlock.txt": (
        "proc-meminfo",
        {"mem_total_bytes": 415248 * KIB, "buffers_bytes": 0, "swap_total_bytes": 0},
    ),
    "proc_meminfo/pixel-sailfish-a10.txt": ("proc-meminfo", {"mem_available_bytes": 2637240 * KIB}),
    "proc_meminfo/rk3399-hs3314-a9.txt": ("proc-meminfo", {"swap_free_bytes": 1968096 * KIB}),
    "proc_meminfo/smartron-t5911-a8.1.txt": ("proc-meminfo", {"mem_free_bytes": 762116 * KIB}),
    "proc_meminfo/vivo-x9-a7.1.2.txt": (
        "proc-meminfo",
        {"mem_free_bytes": 36532 * KIB, "buffers_bytes": 62484 * KIB},
    ),
    "proc_pid_stat/catapult-stat.txt": (
        "procstat",
        {
            "pid": 12911,
            "comm": "chrome",
            "state": "S",
            "utime_ticks": 831,
            "stime_ticks": 71,
            "num_threads": 4,
            "processor": 23,
            "minflt": 145133,
            "majflt": 0,
            "rss_pages": 20508,
            "starttime_ticks": 62513410,
        },
    ),
    "proc_pid_status/catapult-status.txt": (
        "procstatus",
        {
            "name": "chrome",
            "pid": 12911,
            "threads": 4,
            "vm_hwm_bytes": 141160 * KIB,
            "vm_rss_bytes": 82032 * KIB,
        },
    ),
    "proc_pid_status/catapult-status-nohwm.txt": (
        "procstatus",
        {"vm_hwm_bytes": None, "cpus_allowed_list": "0-31", "voluntary_ctxt_switches": 3063},
    ),
    "sysfs_cpufreq/emulator-x86-a9-time_in_state.txt": (
        "cpufreq",
        {"files": Row(time_in_state="3000000000 13")},
    ),
    "sysfs_cpufreq/nexusone-miui-a2.3-deadlock.txt": ("cpufreq", {"source": "time_in_state"}),
    "sysfs_cpufreq/pixel-sailfish-a10-time_in_state.txt": ("cpufreq", {"source": "time_in_state"}),
    "sysfs_cpufreq/rk3399-hs3314-a9-time_in_state.txt": (
        "cpufreq",
        {
            "files": Row(
                time_in_state="408000 106446\n600000 5958\n816000 1521\n1008000 1112\n1200000 48282\n1416000 7772"
            )
        },
    ),
    "sysfs_cpufreq/smartron-t5911-a8.1-time_in_state.txt": ("cpufreq", {"source": "time_in_state"}),
    "sysfs_cpufreq/vivo-x9-a7.1.2-time_in_state.txt": ("cpufreq", {"source": "time_in_state"}),
    "top/emulator-x86-a9-head.txt": (
        "top",
        {
            "source": "toybox top",
            # adbd: 33.3, 7.6 and 2.5 of three threads listed.
            "processes": [
                Row(pid=30004, process="top", cpu_pct=33.3),
                Row(pid=2385, process="adbd", cpu_pct=43.4),
            ],
        },
    ),
    "top/meizu-mx6-a7.1.1.txt": (
        "top",
        {
            "source": "toolbox top",
            "processes": [
                Row(pid=1802, process="top", cpu_pct=22, rss_bytes=3032 * KIB),
                Row(pid=276, process="/system/bin/logd", cpu_pct=16),
                Row(pid=15, process="migration/2", rss_bytes=0),
            ],
        },
    ),
    "top/nexusone-miui-a2.3-deadlock.txt": (
        "top",
        {"processes": [Row(pid=120, process="/system/bin/akmd", cpu_pct=1, rss_bytes=320 * KIB)]},
    ),
    "top/pixel-sailfish-a8.1-head.txt": (
        "top",
        {
            "processes": [
                Row(pid=10165, process="top", cpu_pct=62.0),
                Row(pid=1783, process="perfd", rss_bytes=988 * KIB),
                Row(pid=31034, process="com.ubercab", rss_bytes=143 * KIB * KIB),
            ]
        },
    ),
    "top/rk3399-hs3314-a9-head.txt": (
        "top",
        {"processes": [Row(pid=414, process="cameraserver", cpu_pct=0)]},
    ),
    "top/sunmi-t2slite-a9-head.txt": (
        "top",
        {
            "processes": [
                Row(pid=20949, process="[kworker/u16:14]", cpu_pct=1.8),
                Row(pid=934, process="statsd"),
            ]
        },
    ),
    "top/vivo-x9-a7.1.2.txt": (
        "top",
        {"processes": [Row(pid=30906, process="com.tencent.mm", rss_bytes=193696 * KIB)]},
    ),
    "adb_output/logcat-with-daemon-start-noise.txt": ("exit", {"events": [], "source": "logcat"}),
    "logcat_kill_crash/catapult-gobo-8.1-segv.txt": (
        "exit",
        {"failure_kind": "crash", "pid": 16629, "process": "com.google.android.apps.chrome", "signal": 11},
    ),
    "logcat_kill_crash/device-infra-dropbox-anr.txt": (
        "exit",
        {
            "events": [
                Row(pid=4251, process="com.test.app.anr", failure_kind="timeout"),
                Row(pid=6718, process="com.test.app.anr2", failure_kind="timeout"),
            ]
        },
    ),
    "logcat_kill_crash/device-infra-dropbox-native.txt": (
        "exit",
        {
            "events": [
                Row(pid=31426, process="com.test.app.native", signal=11, library="libcrasher.so"),
                Row(pid=2976, process="com.test.app.native1", signal=11, library="libcrasher.so"),
            ]
        },
    ),
    "logcat_kill_crash/device-infra-native-crash.txt": (
        "exit",
        {"failure_kind": "crash", "pid": 12345, "process": "com.example.app", "signal": 11, "library": None},
    ),
    "logcat_kill_crash/lineage-killing-lines.txt": (
        "exit",
        {"events": [Row(pid=31480, process="su.sniff.cepter", failure_kind="killed")]},
    ),
    "logcat_kill_crash/meizu-mx6-a7.1.1-am_kill.txt": (
        "exit",
        {
            "events": [
                Row(pid=5064, process="deep.com.myapplication", failure_kind="killed"),
                Row(pid=10420, process="com.tencent.mobileqq:TMAssistantDownloadSDKService"),
            ]
        },
    ),
    "logcat_kill_crash/meizu-mx6-a7.1.1-native-crash.txt": (
        "exit",
        {
            "failure_kind": "crash",
            "pid": 5139,
            "process": "com.umeng.demo",
            "signal": 11,
            "library": "libandroid_runtime.so",
        },
    ),
    "logcat_kill_crash/pixel-sailfish-a8.1-am_kill.txt": (
        "exit",
        {"events": [Row(pid=538, process="com.android.chrome:sandboxed_process2", failure_kind="killed")]},
    ),
    "logcat_kill_crash/pixel-sailfish-a8.1-fatal-exception.txt": (
        "exit",
        {"failure_kind": "crash", "pid": 6188, "process": "com.xianwei.drivermiles", "signal": None},
    ),
    "logcat_kill_crash/smartron-t5911-a8.1-killing.txt": (
        "exit",
        {
            "events": [
                Row(pid=2092, process=".dataservices"),
                Row(pid=4892, process="com.google.android.apps.photos"),
            ]
        },
    ),
    "logcat_kill_crash/tele2-maxi-lte-mt6735-boot-head.txt": ("exit", {"events": []}),
    "logcat_kill_crash/vivo-x9-a7.1.2-kernel-lowmemorykiller.txt": (
        "exit",
        {"events": [Row(pid=27579, process="nt.mm:appbrand1", failure_kind="killed")]},
    ),
    "shell_errors/letv-procrank-not-found.txt": (
        "exit",
        {"failure_kind": "not-installed", "process": "procrank"},
    ),
    "tombstone/emulator-arm64-a16.txt": (
        "exit",
        {"pid": 20099, "process": "com.example.nativewrapper.test", "signal": 11, "library": "base.apk"},
    ),
    "tombstone/memfault-1.txt": (
        "exit",
        {"pid": 1300, "process": "com.memfault.bort_e2e_helper", "signal": 11, "library": "libc.so"},
    ),
    "tombstone/mvt-testdata.txt": (
        "exit",
        {
            "failure_kind": "crash",
            "pid": 9850,
            "process": "/system/bin/adbd",
            "signal": 6,
            "library": "libc.so",
        },
    ),
    "tombstone/samsung-j3-a8.0-segv.txt": (
        "exit",
        {"pid": 4330, "process": "com.android.chrome:privileged_process1", "signal": 11},
    ),
    "benchmark_model/licheerv-cpu.txt": (
        "benchmark_model",
        {
            "tool": None,
            "runs": [
                Row(
                    tool="L",
                    era="E5",
                    failed=False,
                    init_us=505977,
                    first_inference_us=7651111,
                    warmup_avg_us=7651110,
                    inference_avg_us=2614930,
                    count=50,
                    min_us=2576560,
                    max_us=3976752,
                    std_us=194605,
                    median_us=None,
                    model_size_bytes=16900800,
                    nodes_executed=None,
                    delegate=None,
                ),
                Row(inference_avg_us=10293000, count=15, min_us=10267256),
                Row(inference_avg_us=399600, init_us=489331, count=50),
            ],
        },
    ),
    "benchmark_model/raspi5-tf2.18.txt": (
        "benchmark_model",
        {
            "runs": [
                Row(
                    era="E6",
                    init_us=224228,
                    first_inference_us=151333,
                    warmup_avg_us=113841,
                    inference_avg_us=104012,
                    delegate={"name": "XNNPACK", "nodes": None, "of": None, "partitions": 13},
                ),
                Row(inference_avg_us=72881.7, warmup_avg_us=76521.3),
                # The last run is cut off after its model was loaded.
                Row(failed=True, era=None, inference_avg_us=None, count=None),
            ]
        },
    ),
    "benchmark_model/visionfive2-gpu-delegate.txt": (
        "benchmark_model",
        {
            "runs": [
                Row(
                    era="E5",
                    init_us=5086595,
                    first_inference_us=1010898,
                    warmup_avg_us=1010900,
                    inference_avg_us=436080,
                    delegate={"name": "GPU", "nodes": None, "of": None, "partitions": 1},
                ),
                Row(inference_avg_us=1073370, min_us=1038585, max_us=1175471, std_us=48810),
                Row(failed=True, init_us=None),
            ]
        },
    ),
}

REFUSED = {
    "device_files/oppo-a37f-thermal-engine.conf.txt": "other-kind",
    "device_files/pixel2xl-taimen-thermal-engine.conf.txt": "other-kind",
    "instrumentation/letv-tv-am-instrument-r.txt": "other-kind",
    "tombstone/samsung-j3-a8.0-native-backtrace.txt": "no-exit",
}

COUNTED = {
    "logcat_kill_crash/lineage-killing-lines.txt": ("events", 36),
    "logcat_kill_crash/meizu-mx6-a7.1.1-am_kill.txt": ("events", 37),
    "logcat_kill_crash/pixel-sailfish-a8.1-am_kill.txt": ("events", 43),
    "logcat_kill_crash/vivo-x9-a7.1.2-kernel-lowmemorykiller.txt": ("events", 4),
    "getprop/lg-v60-timelm-a11.txt": ("properties", 1158),
    "getprop/device-infra-testdata.txt": ("properties", 566),
    "benchmark_model/licheerv-cpu.txt": ("runs", 8),
    "benchmark_model/raspi5-tf2.18.txt": ("runs", 5),
    "benchmark_model/visionfive2-gpu-delegate.txt": ("runs", 4),
    "dumpsys_thermalservice/pixel-sailfish-a10.txt": ("temperatures", 7),
    "proc_cpuinfo/fiio-m17-sdm660.txt": ("cores", 8),
    "tombstone/memfault-1.txt": ("frames", 42),
}


def _bytes(name: str) -> bytes:
    return (Path(_FOLDER or "") / name).read_bytes()


def _holds(row: Any, expected: dict[str, Any]) -> bool:
    return all(row.get(key) == value for key, value in expected.items())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_values_are_those_read_by_eye(name: str) -> None:
    kind, expected = EXPECTED[name]
    data = _bytes(name)
    assert guess_kind(data) == kind
    found = parse(kind, data).to_json()
    for key, value in expected.items():
        if isinstance(value, Row):
            assert _holds(found[key], value), key
        elif isinstance(value, list) and value:
            rows = found[key]
            assert isinstance(rows, list)
            assert [row for row in value if not any(_holds(one, row) for one in rows)] == []
        else:
            assert found[key] == value, key


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_output_of_a_kind_is_refused_by_name(name: str) -> None:
    with pytest.raises(ParseError) as caught:
        data = _bytes(name)
        parse(guess_kind(data), data)
    assert caught.value.reason == REFUSED[name]


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_nothing_is_lost_or_made_up(name: str) -> None:
    key, count = COUNTED[name]
    found = parse(EXPECTED[name][0], _bytes(name)).values[key]
    assert isinstance(found, list | dict)
    assert len(found) == count


def test_every_capture_has_its_expectation() -> None:
    folder = Path(_FOLDER or "")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.txt")}
    assert there == set(EXPECTED) | set(REFUSED)
