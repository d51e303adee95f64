"""`dumpsys thermalservice` (Android 10) and `dumpsys hardware_properties` (Android 7) from the phone's body."""

from __future__ import annotations

from devbench.virtual.android.body import Body
from devbench.virtual.android.call import Call

_UNDEFINED = "-3.4028235E38"
_CPU, _BATTERY, _SKIN = 0, 2, 3


async def dump(call: Call, _words: list[str]) -> int:
    body = await call.handset.feel()
    readings = temperatures(call, body)
    call.print("IsStatusOverride: " + str("thermal" in body.forced).lower())
    for title in ("ThermalEventListeners", "ThermalStatusListeners"):
        call.print(f"{title}:\n\tcallbacks: 1\n\tkilled: false\n\tbroadcasts count: -1")
    call.print(f"Thermal Status: {body.thermal_status}")
    call.print("Cached temperatures:")
    for line in readings:
        call.print(f"\t{line}")
    call.print("HAL Ready: true\nHAL connection:\n\tThermalHAL 2.0 connected: yes")
    call.print("Current temperatures from HAL:")
    for line in readings:
        call.print(f"\t{line}")
    call.print("Current cooling devices from HAL:")
    if call.handset.profile.sdk >= 30:
        for number in range(2):
            call.print(f"\tCoolingDevice{{mValue=0, mType=2, mName=thermal-cpufreq-{number}}}")
    return 0


def temperatures(call: Call, body: Body) -> list[str]:
    status = body.thermal_status
    rows = [(body.temperature_c, _BATTERY, "battery", 0), (body.skin_c, _SKIN, "skin", status)]
    rows += [(body.sensor_c(i), _CPU, name, 0) for i, name in enumerate(call.handset.profile.sensors)]
    return [
        f"Temperature{{mValue={value:.1f}, mType={kind}, mName={name}, mStatus={severity}}}"
        for value, kind, name, severity in rows
    ]


async def dump_hardware_properties(call: Call, _words: list[str]) -> int:
    body = await call.handset.feel()
    sensors = [f"{body.sensor_c(i):.1f}" for i in range(len(call.handset.profile.sensors))]
    call.print("****** Dump of HardwarePropertiesManagerService ******")
    for title, values in (
        ("CPU", sensors), ("GPU", [f"{body.chip_c - 1:.1f}"]),
        ("Battery", [f"{body.temperature_c:.1f}"]), ("Skin", [f"{body.skin_c:.1f}"]),
    ):  # fmt: skip
        call.print(f"{title} temperatures: [{', '.join(values)}]")
        for limit in ("throttling", "shutdown", "vr throttling"):
            call.print(f"{title} {limit} temperatures: [{', '.join([_UNDEFINED] * len(values))}]")
    call.print("Fan speed: []\n")
    lines = (await call.handset.read_text("/proc/stat")).splitlines()
    for number, line in enumerate(line for line in lines if line.startswith("cpu") and line[3].isdigit()):
        ticks = [int(field) for field in line.split()[1:9]]
        total = sum(ticks)
        call.print(f"Cpu usage of core: {number}, active = {total - ticks[3]}, total = {total}")
    call.print("****** End of HardwarePropertiesManagerService dump ******")
    return 0
