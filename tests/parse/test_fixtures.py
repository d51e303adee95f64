"""Each format as Android 4.1 to 16 and its relatives print it, with the oddities that have been seen."""

from pathlib import Path
from typing import Any

import pytest

from devbench.parse import guess_kind, parse

_FIXTURES = Path(__file__).parent / "fixtures"
KIB = 1024
_CPU = "/sys/devices/system/cpu"

# file → values; a tuple is matched against the list's items by the keys it gives, in order.
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
    "top/ps-toolbox.txt": {
        "processes": ({"process": "/init"}, {"process": "org.example.bench", "cpu_pct": None})
    },
    "top/ps-toybox.txt": {
        "source": "ps",
        "processes": ({"process": "init", "rss_bytes": 5120 * KIB}, {"pid": 2222}),
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
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_values(name: str) -> None:
    kind = name.split("/")[0]
    found = parse(kind, (_FIXTURES / name).read_bytes()).to_json()
    for key, value in EXPECTED[name].items():
        if isinstance(value, tuple):
            rows = found[key]
            assert isinstance(rows, list)
            assert len(rows) == len(value)
            for row, wanted in zip(rows, value, strict=True):
                assert isinstance(row, dict)
                assert {part: row[part] for part in wanted} == wanted
        else:
            assert found[key] == value, key


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_kind_is_guessed(name: str) -> None:
    assert guess_kind((_FIXTURES / name).read_bytes()) == name.split("/")[0]


def test_every_fixture_has_its_expectation() -> None:
    there = {str(path.relative_to(_FIXTURES)) for path in _FIXTURES.glob("*/*.txt")}
    assert {name for name in there if not name.startswith("benchmark_model/")} == set(EXPECTED)


def test_a_lost_row_of_meminfo_is_noticed() -> None:
    """The categories no longer add up to the total, and the damaged row is not half reported."""
    found = parse("meminfo", (_FIXTURES / "meminfo/noisy-rows.txt").read_bytes())
    assert any("sum to 1250 KiB of 1750" in warning for warning in found.warnings)
    categories = found.values["categories"]
    assert isinstance(categories, dict)
    assert sorted(categories) == ["Native Heap", "Other mmap"]


def test_app_summary_of_android_12_has_both_columns() -> None:
    summary = parse("meminfo", (_FIXTURES / "meminfo/android12-rss.txt").read_bytes()).values["summary"]
    assert isinstance(summary, dict)
    assert (summary["code_bytes"], summary["code_rss_bytes"]) == (2700 * KIB, 30000 * KIB)
    assert summary["unknown_rss_bytes"] == 1234 * KIB
    assert "unknown_bytes" not in summary
