"""What the fixtures hold, read by eye: file → values."""

from typing import Any

KIB = 1024
_CPU = "/sys/devices/system/cpu"

# A tuple is matched against the list's items by the keys it gives, in order.
EXPECTED: dict[str, dict[str, Any]] = {
    "battery/android15-dock.txt": {
        "level_pct": 71,
        "temperature_c": 31.8,
        "voltage_mv": 4201,
        "status": "charging",
        "plugged": "dock",
        "health": "good",
        "charge_uah": 3121000,
        "warnings": [],
    },
    # 150 of 200, microvolts, below freezing, tabs, noise in front.
    "battery/updates-stopped-noise.txt": {
        "level_pct": 75,
        "temperature_c": -5.5,
        "voltage_mv": 3817,
        "status": "discharging",
        "plugged": "ac",
        "health": "cold",
        "charge_uah": None,
    },
    "battery/cut-crcrlf.txt": {
        "level_pct": 9,
        "temperature_c": None,
        "voltage_mv": None,
        "status": "full",
        "plugged": "usb",
        "health": "overheat",
    },
    "battery/uevent.txt": {
        "source": "uevent",
        "level_pct": 83,
        "temperature_c": 28.7,
        "voltage_mv": 4123,
        "status": "not-charging",
        "plugged": None,
    },
    "meminfo/android41.txt": {
        "pid": 77,
        "total_pss_bytes": 5500 * KIB,
        "native_heap_pss_bytes": 120 * KIB,
        "dalvik_heap_pss_bytes": 4500 * KIB,
        "total_swap_bytes": None,
    },
    "meminfo/android44.txt": {
        "process": "org.example.bench",
        "total_pss_bytes": 9000 * KIB,
        "total_swap_bytes": 0,
        "warnings": ["not in the text: rss"],
    },
    "meminfo/android12-rss.txt": {
        "total_pss_bytes": 21050 * KIB,
        "total_rss_bytes": 56000 * KIB,
        "total_swap_bytes": 50 * KIB,
        "warnings": [],
    },
    "meminfo/noisy-rows.txt": {"total_pss_bytes": 1750 * KIB, "native_heap_pss_bytes": 1000 * KIB},
    "meminfo/checkin-v3.txt": {
        "source": "checkin",
        "pid": 4242,
        "total_pss_bytes": 3000 * KIB,
        "native_heap_pss_bytes": 800 * KIB,
        "dalvik_heap_pss_bytes": 1500 * KIB,
    },
    "meminfo-system/android13.txt": {
        "total_ram_bytes": 7812345 * KIB,
        "zram_bytes": 51200 * KIB,
        "processes": (
            {"pid": 1500, "pss_bytes": 250000 * KIB, "rss_bytes": 401000 * KIB},
            {"pid": 2000, "process": "org.example.a", "pss_bytes": 80123 * KIB},
            {"pid": 99, "pss_bytes": None, "rss_bytes": 3000 * KIB},
        ),
    },
    "meminfo-system/android44.txt": {
        "total_ram_bytes": 1900000 * KIB,
        "lost_ram_bytes": 50000 * KIB,
        "zram_bytes": 12 * KIB,
        "processes": ({"pid": 700, "pss_bytes": 50000 * KIB}, {"pid": 600}),
    },
    "meminfo-system/compact.txt": {
        "source": "compact",
        "lost_ram_bytes": -1234 * KIB,
        "used_ram_bytes": 4100000 * KIB,
        "processes": ({"pid": 1500, "process": "system"}, {"pid": 2000, "pss_bytes": 80123 * KIB}),
    },
    # Rows of threads are not processes.
    "cpuinfo/anr-threads.txt": {
        "load_1": None,
        "window_ms": 5123,
        "total_pct": 24,
        "processes": (
            {"pid": 1000, "total_pct": 91, "kernel_pct": 3.2},
            {"pid": 1100},
            {"pid": 1050, "process": "old name: with colon"},
        ),
    },
    "cpuinfo/cut.txt": {
        "load_15": 3,
        "total_pct": None,
        "processes": ({"pid": 1, "kernel_pct": 8}, {"pid": 2, "user_pct": None}),
    },
    "thermal/android13.txt": {
        "status": 2,
        "temperatures": (
            {"name": "VIRTUAL-SKIN (front, top)", "type": 3, "value_c": 44.25, "status": 2},
            {"name": "gpu", "value_c": None},
            {"name": "CPU0", "value_c": 38.5},
        ),
        "cooling_devices": ({"name": "thermal-cpufreq-0", "value": 3}, {"name": "battery", "value": 0}),
    },
    "thermal/hal-not-ready.txt": {"status": 0, "temperatures": ({"name": "battery", "value_c": 30.5},)},
    "thermal/zones.txt": {
        "status": None,
        "temperatures": (
            {"name": "cpu-0-0", "value_c": 41},
            {"value_c": 37},
            {"name": "battery", "value_c": None},
        ),
    },
    "getprop/awkward.txt": {
        "properties": {
            "ro.product.model": "A [brackets] B",
            "ro.empty": "",
            "persist.sys.boot.reason.history": "reboot,ota,2\nshutdown,,1",
            "dalvik.vm.heapsize": "256m",
        }
    },
    "procstat/odd-name.txt": {
        "pid": 4242,
        "comm": "a b) R (c)",
        "state": "S",
        "processor": 3,
        "rss_pages": 777,
    },
    "procstat/cut.txt": {"pid": 5151, "utime_ticks": 50, "stime_ticks": None, "processor": None},
    "procstatus/kernel44.txt": {
        "vm_hwm_bytes": 100000 * KIB,
        "rss_anon_bytes": 60000 * KIB,
        "cpus_allowed_list": "4-7",
        "nonvoluntary_ctxt_switches": 3456,
        "warnings": [],
    },
    "procstatus/kernel-thread-cut.txt": {
        "name": "kworker/0:1",
        "pid": 15,
        "vm_rss_bytes": None,
        "vm_hwm_bytes": None,
    },
    # More available than there is, and a number that lost its unit.
    "proc-meminfo/kernel5.txt": {
        "mem_total_bytes": 7812345 * KIB,
        "mem_available_bytes": None,
        "swap_total_bytes": 4194300 * KIB,
        "swap_free_bytes": None,
    },
    "proc-cpuinfo/armv7-once.txt": {
        "hardware": "QCT APQ8064 MAKO",
        "cores": (
            {"processor": 0, "implementer": "0x51", "part": "0x06f", "bogomips": 13.52},
            {"processor": 1, "implementer": "0x51", "variant": "0x1", "bogomips": 13.53},
        ),
    },
    "proc-cpuinfo/x86.txt": {
        "hardware": None,
        "cores": (
            {"model_name": "Intel(R) Atom(TM) CPU  Z3580  @ 1.33GHz", "part": None},
            {"bogomips": 2666.66},
        ),
    },
    "smaps/rollup.txt": {"pss_bytes": 6000 * KIB, "uss_bytes": 5500 * KIB, "swap_bytes": 0},
    "smaps/two-mappings.txt": {
        "source": "smaps",
        "pss_bytes": 65 * KIB,
        "uss_bytes": 64 * KIB,
        "swap_bytes": None,
    },
    "cpufreq/grep.txt": {
        "files": {
            f"{_CPU}/cpu0/cpufreq/scaling_cur_freq": 1209600,
            f"{_CPU}/cpu0/cpufreq/scaling_governor": "interactive",
            f"{_CPU}/cpu0/cpufreq/scaling_available_frequencies": "200000 400000 1209600",
            f"{_CPU}/cpu0/cpufreq/cpuinfo_transition_latency": "500000",
            f"{_CPU}/cpu1/cpufreq/scaling_max_freq": 3000000,
            f"{_CPU}/cpu0/cpufreq/cpuinfo_cur_freq": None,
            f"{_CPU}/cpu2/cpufreq/scaling_min_freq": None,
        }
    },
    "cpufreq/head.txt": {
        "files": {
            f"{_CPU}/cpu0/cpufreq/scaling_cur_freq": 300000,
            f"{_CPU}/cpu0/cpufreq/stats/time_in_state": "300000 10\n600000 20",
            f"{_CPU}/cpu4/cpufreq/scaling_cur_freq": 2457600,
        }
    },
    "top/toybox-processes.txt": {
        "source": "toybox top",
        "processes": (
            {"pid": 1234, "process": "top -n 1 -b", "cpu_pct": 31.2, "rss_bytes": 3670016},
            {"pid": 2000, "process": "org.example.bench", "rss_bytes": 210 * KIB * KIB},
            {"pid": 99, "process": "[kswapd0]", "rss_bytes": 0},
            {"pid": 7777, "process": None, "cpu_pct": None, "rss_bytes": None},
        ),
    },
    # An empty PCY column, and a pid that is wider than its column.
    "top/toolbox-processes.txt": {
        "source": "toolbox top",
        "processes": (
            {"pid": 2100, "process": "top", "cpu_pct": 4},
            {"pid": 600, "process": "system_server"},
            {"pid": 123456, "process": "org.example.bench", "rss_bytes": 40000 * KIB},
        ),
    },
    "top/busybox.txt": {
        "source": "busybox top",
        "processes": (
            {"process": "/data/local/tmp/runner run", "cpu_pct": 9, "rss_bytes": None},
            {"pid": 1001},
        ),
    },
    "top/procps.txt": {
        "source": "procps top",
        "processes": ({"pid": 4321, "cpu_pct": 100, "rss_bytes": 40960 * KIB}, {"rss_bytes": 1181116006}),
    },
    "ps/toolbox.txt": {
        "source": "toolbox ps",
        "processes": (
            {"pid": 1, "ppid": 0, "user": "root", "process": "/init", "state": "S", "rss_bytes": 820 * KIB},
            {"pid": 2345, "process": "org.example.bench"},
        ),
    },
    "ps/toybox.txt": {
        "source": "toybox ps",
        "processes": (
            {"process": "init", "rss_bytes": 5120 * KIB, "state": "S"},
            {"pid": 2222, "ppid": 400, "user": "shell", "state": "R"},
        ),
    },
    "exit/kill-story.txt": {
        "events": (
            {"failure_kind": "killed", "pid": 4321, "process": "org.example.bench"},
            {"failure_kind": "killed", "pid": 4400, "process": "org.example.quiet", "signal": None},
            {"failure_kind": "killed", "pid": 4500, "process": "org.example.big", "signal": 9},
            {"failure_kind": "timeout", "pid": 4600},
        ),
        "failure_kind": None,
    },
    "exit/android44-crash.txt": {
        "failure_kind": "crash",
        "pid": 5000,
        "process": "org.example.bench",
        "signal": 11,
        "library": "libtensorflow_inference.so",
        "frames": [
            "#00 pc 00028a88  /data/app-lib/org.example.bench-1/libtensorflow_inference.so (run+13)",
            "#01 pc 0000d3dc  /system/lib/libc.so",
        ],
    },
    "exit/java.txt": {
        "events": (
            {"failure_kind": "out-of-memory", "pid": 7000, "process": "org.example.one"},
            {"failure_kind": "link", "pid": 7100, "library": "libGone.so"},
            {"failure_kind": "timeout", "pid": 7200, "process": "org.example.three", "frames": []},
        )
    },
    "exit/abort-oom-tombstone.txt": {
        "failure_kind": "out-of-memory",
        "pid": 8100,
        "signal": 6,
        "library": "libc.so",
    },
    "exit/exit-info.txt": {
        "source": "exit-info",
        "events": (
            {"failure_kind": "killed", "pid": 5000},
            {"failure_kind": "crash", "pid": 4900, "signal": 11},
            {"failure_kind": None, "pid": 4800},
        ),
    },
    # No battery: its zeros mean nothing.
    "battery/tv-without-battery.txt": {
        "level_pct": None,
        "temperature_c": None,
        "voltage_mv": None,
        "status": "unknown",
        "plugged": "ac",
        "charge_uah": None,
    },
    # A vendor's own lines below repeat names of the first.
    "battery/samsung-tail.txt": {
        "level_pct": 63,
        "temperature_c": 29.1,
        "charge_uah": 2954000,
        "plugged": "usb",
        "warnings": [],
    },
    "battery/damaged.txt": {
        "level_pct": None,
        "temperature_c": None,
        "voltage_mv": None,
        "status": None,
        "health": None,
        "plugged": None,
    },
    "thermal/samsung.txt": {
        "status": 0,
        "temperatures": ({"name": "TYPE_CPU", "value_c": 24.0}, {"type": 6, "value_c": None}),
        "cooling_devices": ({"name": "TYPE_CPU", "value": 0}, {"name": "TYPE_MODEM", "value": 1}),
    },
    # Volts and percent of the battery among the sensors; thresholds behind them.
    "thermal/android15-bcl.txt": {
        "status": 1,
        "temperatures": (
            {"name": "VIRTUAL-SKIN", "value_c": 39.4, "status": 1},
            {"name": "TPU", "value_c": None},
            {"name": "vbat", "type": 6, "value_c": None},
            {"name": "soc", "type": 8, "value_c": None},
        ),
        "cooling_devices": ({"name": "battery", "value": 2},),
    },
    "thermal/zones-head.txt": {
        "source": "sysfs thermal zones",
        "temperatures": (
            {"name": "mtktscpu", "value_c": 43.1},
            {"name": "mtktswmt", "value_c": None},
            {"name": "ambiguous", "value_c": None},
        ),
        "cooling_devices": ({"name": "mtk-cl-cpu00", "value": 1},),
    },
    "thermal/hardware-properties.txt": {
        "status": None,
        "temperatures": (
            {"name": "CPU0", "type": 0, "value_c": 45.0},
            {"name": "CPU1", "value_c": 46.2},
            {"name": "CPU2", "value_c": None},
            {"name": "GPU", "type": 1, "value_c": 44.0},
            {"name": "Battery", "type": 2, "value_c": 30.1},
            {"name": "Skin", "type": 3, "value_c": 33.5},
        ),
    },
    "meminfo-system/shield.txt": {
        "total_ram_bytes": 3016708 * KIB,
        "zram_bytes": 10000 * KIB,
        "processes": (
            {"pid": 3703, "process": "system", "pss_bytes": 183873 * KIB},
            {"pid": 4799, "process": "org.example.launcher"},
            {"pid": 3387},
            {"pid": 12, "process": "org.example.x", "pss_bytes": 10000 * KIB},
            {"pid": 13, "process": "org.example.y", "pss_bytes": 9000 * KIB},
            {"pid": 14, "process": "odd (name)"},
        ),
        "warnings": [],
    },
    "meminfo-system/compact-bytes.txt": {
        "total_ram_bytes": 7812345 * KIB,
        "free_ram_bytes": 3500000 * KIB,
        "zram_bytes": 51200 * KIB,
        "processes": ({"pid": 312}, {"pid": 2000, "pss_bytes": 80123 * KIB}),
    },
    "meminfo/summary-only.txt": {
        "source": "app summary",
        "pid": 77,
        "total_pss_bytes": 18340 * KIB,
        "total_rss_bytes": 67234 * KIB,
        "native_heap_pss_bytes": None,
        "categories": {},
    },
    "cpuinfo/pressure.txt": {
        "load_1": 11.2,
        "window_ms": 110000,
        "total_pct": 27,
        "processes": (
            {"pid": 1555, "user_pct": 27},
            {"process": "kworker/u16:4-events_unbound"},
            {"process": "org.example.x:y/z", "total_pct": 0},
        ),
    },
    "cpufreq/all-time-in-state.txt": {
        "source": "all_time_in_state",
        "files": {"all_time_in_state": "freq\t\tcpu0\t\tcpu4\n300000\t\t1234\t\tN/A\n2457600\t\tN/A\t\t56"},
    },
    "cpufreq/cat-android4.txt": {
        "files": {
            f"{_CPU}/cpu0/cpufreq/scaling_cur_freq": 1209600,
            f"{_CPU}/cpu0/cpufreq/cpuinfo_cur_freq": None,
            f"{_CPU}/cpu1/cpufreq/scaling_cur_freq": None,
            f"{_CPU}/cpu0/cpufreq/scaling_setspeed": "<unsupported>",
        }
    },
    "top/toybox-threads.txt": {
        "source": "toybox top",
        "processes": (
            {"pid": None, "process": "top", "cpu_pct": 44.8},
            {"pid": None, "process": "system_server", "cpu_pct": 15.3, "rss_bytes": 320 * KIB * KIB},
        ),
    },
    # A state with a blank in it, and two cells that ran into each other.
    "top/busybox-flags.txt": {
        "source": "busybox top",
        "processes": (
            {"pid": 1234, "process": "/data/local/tmp/runner run", "cpu_pct": 5},
            {"pid": 1235, "cpu_pct": 0},
            {"pid": 1236, "process": None, "cpu_pct": None},
            {"pid": 1237, "process": "{main} /sbin/z -a b", "cpu_pct": 1},
        ),
    },
    "top/toybox-terminal.txt": {
        "source": "toybox top",
        "processes": (
            {"pid": 17890, "process": "top -n 1", "cpu_pct": 26.6},
            {"pid": 200, "rss_bytes": 0},
            {"pid": 201, "cpu_pct": 120, "rss_bytes": 1181116006},
        ),
    },
    "ps/toolbox-policy.txt": {
        "source": "toolbox ps",
        "processes": (
            {"process": "/init", "state": "S", "rss_bytes": 844 * KIB},
            {"pid": 2345, "ppid": 200, "user": "u0_a45", "process": "org.example.bench", "state": "S"},
        ),
    },
    "ps/toolbox-label.txt": {
        "source": "toolbox ps",
        "processes": (
            {"process": "/init", "user": "root", "state": None, "rss_bytes": None},
            {"pid": 3456, "ppid": 200},
        ),
    },
    "ps/toybox-full.txt": {
        "source": "toybox ps",
        "processes": (
            {"pid": 1, "user": "root", "process": "init second_stage", "state": None},
            {"pid": 2345, "ppid": 987, "user": "u0_a123", "rss_bytes": None},
        ),
    },
    "ps/toybox-threads.txt": {
        "processes": (
            {"pid": 2345, "process": "org.example", "state": "S"},
            {"pid": 9999, "process": "ps"},
        )
    },
    # The name in the middle.
    "ps/toybox-columns.txt": {
        "processes": (
            {"pid": 2345, "ppid": 987, "process": "org.example.bench --a", "rss_bytes": 123456 * KIB},
            {"pid": 2346, "ppid": 2, "process": "[kworker/0:1]", "state": "I", "rss_bytes": 0},
        )
    },
    "ps/busybox.txt": {
        "source": "busybox ps",
        "processes": ({"user": "root", "process": "/init", "ppid": None}, {"pid": 2345, "user": "10045"}),
    },
    "ps/busybox-state.txt": {
        "processes": ({"state": "S"}, {"state": "SW<"}, {"state": "S <", "process": "org.example.bench"})
    },
    "ps/procps.txt": {
        "source": "procps ps",
        "processes": (
            {"pid": 1, "process": "/sbin/init splash", "state": "Ss", "rss_bytes": 11796 * KIB},
            {"pid": 4321, "user": "pi", "process": "./benchmark_model --graph=m.tflite"},
        ),
    },
    "meminfo-system/procrank-zram.txt": {
        "source": "procrank",
        "total_ram_bytes": 3855820 * KIB,
        "free_ram_bytes": 1754460 * KIB,
        "zram_bytes": 400 * KIB,
        "processes": (
            {"pid": 1555, "process": "system_server", "pss_bytes": 234567 * KIB, "rss_bytes": 345678 * KIB},
            {"pid": 2000, "process": "/system/bin/x y"},
        ),
    },
    "exit/android-studio.txt": {
        "source": "logcat",
        "events": (
            {
                "failure_kind": "crash",
                "pid": 4321,
                "process": "org.example.old",
                "frames": ["at org.example.A.b(A.kt:12)"],
            },
            {
                "failure_kind": "crash",
                "pid": 4322,
                "process": "org.example.bench",
                "frames": ["at org.example.C.d(C.kt:34)"],
            },
            {"failure_kind": "crash", "pid": 4323, "process": "org.example.native", "signal": 6},
        ),
    },
    # What a program logs is not what the system says.
    "exit/long-format.txt": {
        "source": "logcat",
        "events": (
            {"failure_kind": "killed", "pid": 1234, "process": "org.example.a"},
            {"pid": 1240, "process": "org.example.b", "signal": 11, "library": "libx.so"},
        ),
    },
    "exit/other-formats.txt": {
        "source": "logcat",
        "events": (
            {"pid": 101, "process": "org.example.process"},
            {"pid": 102, "process": "org.example.thread"},
            {"pid": 103, "process": "org.example.time"},
            {"pid": 104, "process": "org.example.zone"},
            {"pid": 105, "process": "org.example.monotonic"},
            {"failure_kind": "killed", "pid": 106, "process": "org.example.named"},
        ),
    },
    "exit/lmkd.txt": {
        "events": (
            {"failure_kind": "killed", "pid": 2101, "process": "org.example.a"},
            {"failure_kind": "killed", "pid": 2102, "process": "org.example.b"},
            {"failure_kind": "killed", "pid": 2103, "process": "org.example.c"},
        )
    },
    "exit/kernel.txt": {
        "source": "kernel log",
        "events": (
            {"failure_kind": "killed", "pid": 1234, "process": "d.process.media"},
            {"failure_kind": "crash", "pid": 2201, "process": "runner", "signal": 11, "library": "libx.so"},
            {"failure_kind": "crash", "pid": 2202, "process": "other", "signal": 4, "library": None},
            {"failure_kind": "crash", "pid": 2203, "process": "third", "signal": 11},
            {"failure_kind": "out-of-memory", "pid": 2204, "process": "runner"},
            {"failure_kind": "killed", "pid": 2205, "signal": 9},
        ),
    },
    "exit/kernel-quiet.txt": {"source": "kernel log", "events": []},
    "exit/tombstone-with-log.txt": {
        "source": "tombstone",
        "failure_kind": "crash",
        "pid": 698,
        "process": "/data/local/tmp/runner",
        "signal": 6,
        "library": "libc.so",
    },
}
