"""A simulated output and a real one of the same age obey one line grammar: a fake is no mirror of its parser.

Each line of both must match one rule in full; each rule marked `must` has to be met by both.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from devbench.parse import parse
from devbench.virtual import VirtualPhone
from tests.virtual.conftest import Lab

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
must = {
    "battery": [
        r"Current Battery Service state:",
        *(rf"  {name} powered: (true|false)" for name in ("AC", "USB", "Wireless")),
        r"  Max charging (current|voltage): \d+",
        r"  Charge counter: \d+",
        r"  (status|health): \d",
        r"  present: true",
        r"  level: \d{1,3}",
        r"  scale: 100",
        r"  voltage: \d{4}",
        r"  temperature: \d{3}",
        r"  technology: Li-ion",
    ],
    "cpuinfo": [
        r"Load: [\d.]+ / [\d.]+ / [\d.]+",
        rf"CPU usage from \d+ms to \d+ms ago \({STAMP} to {STAMP}\):",
        r" {1,2}\+?[\d.]+% \d+/[^ ].*: [\d.]+% user \+ [\d.]+% kernel( / faults:( \d+ minor)?( \d+ major)?)?",
        r"[\d.]+% TOTAL: [\d.]+% user \+ [\d.]+% kernel( \+ [\d.]+% (iowait|irq|softirq))*",
    ],
    "meminfo -a": [
        r"Applications Memory Usage \(in Kilobytes\):",
        r"Uptime: \d+ Realtime: \d+",
        r"",
        r"\*\* MEMINFO in pid \d+ \[[^]]+\] \*\*",
        r" {19}Pss {6}Pss {3}Shared {2}Private {3}Shared {2}Private {2}SwapPss {5}Heap {5}Heap {5}Heap",
        r" {17}Total {4}Clean {4}Dirty {4}Dirty {4}Clean {4}Clean {4}Dirty {5}Size {4}Alloc {5}Free",
        r" {13}( {3}------){10}",
        r"  (Native|Dalvik) Heap( [ \d]{8}){10}",
        r"[ .\w]{13}( [ \d]{8}){7} {27}",
        r" {8}TOTAL( [ \d]{8}){10}",
        r" ",
        r" App Summary",
        r" {23}Pss\(KB\)",
        r" {24}------",
        r" *(Java Heap|Native Heap|Code|Stack|Graphics|Private Other|System):  [ \d]{7}",
        r" {15}TOTAL:  [ \d]{7}       TOTAL SWAP PSS:  [ \d]{7}",
    ],
    "meminfo": [
        r"Total PSS by process:",
        r" {0,10}[\d,]+K: .+ \(pid \d+( / activities)?\) +\( *[\d,]+K in swap\)",
        r"Total RAM: [\d,]+K \(status \w+\)",
        r" Free RAM: [\d,]+K \( *[\d,]+K cached pss \+ *[\d,]+K cached kernel \+ *[\d,]+K free\)",
        r" Used RAM: [\d,]+K \( *[\d,]+K used pss \+ *[\d,]+K kernel\)",
        r" Lost RAM: +[\d,]+K",
        r"   Tuning: \d+ \(large \d+\), oom +[\d,]+K, restore limit +[\d,]+K \(high-end-gfx\)",
    ],
    "thermalservice": [
        r"IsStatusOverride: (true|false)",
        r"Thermal(Event|Status)Listeners:",
        r"\t(callbacks|killed|broadcasts count): [\w-]+",
        r"Thermal Status: [0-6]",
        r"(Cached temperatures|Current (temperatures|cooling devices) from HAL):",
        r"\tTemperature\{mValue=[\d.]+, mType=\d, mName=[\w-]+, mStatus=[0-6]\}",
        r"HAL Ready: true",
        r"HAL connection:",
        r"\tThermalHAL 2.0 connected: yes",
    ],
    "hardware_properties": [
        r"\*{6} Dump of HardwarePropertiesManagerService \*{6}",
        r"(CPU|GPU|Battery|Skin) temperatures: \[[\d., ]*\]",
        r"(CPU|GPU|Battery|Skin) (throttling|shutdown|vr throttling) temperatures: \[(-3.4028235E38(, )?)*\]",
        r"Fan speed: \[\]",
        r"",
        r"Cpu usage of core: \d, active = \d+, total = \d+",
        r"\*{6} End of HardwarePropertiesManagerService dump \*{6}",
    ],
    "getprop": [r"\[[\w.:/-]+\]: \[.*\]"],
}
# what only a phone with a framework, swap or cooling devices says
may = {
    "meminfo -a": [r"[ .\w]+:? .*", r" [A-Z][A-Za-z ]+"],
    "meminfo": [r".+", r""],
    # a value may hold line ends
    "getprop": [r"\[[\w.:/-]+\]: \[[^]]*", r"[^\[].*"],
    "thermalservice": [r"\tCoolingDevice\{mValue=\d+, mType=\d+, mName=[\w-]+\}"],
}
PAIRS = [
    ("battery", "dumpsys_battery/pixel-sailfish-a8.1.txt", "pixel-2-xl"),
    ("battery", "dumpsys_battery/vivo-x9-a7.1.2.txt", "pixel-2-xl"),
    ("cpuinfo", "dumpsys_cpuinfo/pixel-sailfish-a8.1.txt", "pixel-2-xl"),
    ("meminfo -a", "dumpsys_meminfo_proc/pixel-sailfish-a8.1-first.txt", "pixel-2-xl"),
    ("meminfo", "dumpsys_meminfo_system/pixel-sailfish-a8.1.txt", "pixel-2-xl"),
    ("thermalservice", "dumpsys_thermalservice/pixel-sailfish-a10.txt", "lg-v60"),
    ("hardware_properties", "dumpsys_hardware_properties/sunmi-t2slite-a9.txt", "samsung-a10"),
    ("getprop", "getprop/lg-v60-timelm-a11.txt", "lg-v60"),
]
KINDS = {
    "battery": "battery", "cpuinfo": "cpuinfo", "meminfo -a": "meminfo", "meminfo": "meminfo-system",
    "thermalservice": "thermal", "getprop": "getprop",
}  # fmt: skip


def breaches(dump: str, text: str) -> list[str]:
    """Lines that match no rule, and `must` rules that no line matches."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    rules = [*must[dump], *may.get(dump, [])]
    odd = [line for line in lines if not any(re.fullmatch(rule, line) for rule in rules)]
    unmet = [rule for rule in must[dump] if not any(re.fullmatch(rule, line) for line in lines)]
    return odd + unmet


def simulated(lab: Lab, phone: VirtualPhone, dump: str) -> str:
    if dump == "getprop":
        return lab.shell(phone, "getprop")
    if dump == "meminfo -a":
        return lab.shell(phone, "sleep 60 > /dev/null & dumpsys meminfo -a $!; kill $!")
    return lab.shell(phone, f"sleep 60 > /dev/null & dumpsys {dump}; kill $!")


@pytest.mark.parametrize(("dump", "profile"), sorted({(dump, profile) for dump, _, profile in PAIRS}))
def test_the_simulated_obeys_the_grammar_and_is_understood(lab: Lab, dump: str, profile: str) -> None:
    (phone,) = lab.up(profile)
    text = simulated(lab, phone, dump)
    assert breaches(dump, text) == []
    if dump in KINDS:
        assert parse(KINDS[dump], text).values


@pytest.mark.parametrize(("dump", "capture"), [(dump, capture) for dump, capture, _ in PAIRS])
def test_the_real_obeys_the_same_grammar(dump: str, capture: str) -> None:
    folder = os.environ.get("DEVBENCH_CAPTURES")
    if folder is None:
        pytest.skip("DEVBENCH_CAPTURES is not set")
    assert breaches(dump, (Path(folder) / capture).read_text()) == []
