"""Energy on a virtual phone, from files and an instrument whose power is known; and why there is none otherwise."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig import BRIEF, NEW, SHORT_LIMITS, Rig, request

from devbench import plan, store
from devbench.domain.job import Profile
from devbench.domain.summary import Estimate
from devbench.errors import UsageError
from devbench.reports import build_report
from devbench.reports.table import build_table
from devbench.runners import native
from devbench.runners.meter import load_meter
from devbench.session import run
from devbench.summary import summarise

FOLDER = "/data/local/tmp/power"
DOCS = Path(__file__).parents[2] / "docs" / "energy.md"
# 2.5 mJ and 0.5 mJ a millisecond, as Pixels write it
RAILS = (
    f"cd {FOLDER}; i=0; while [ -e {FOLDER} ] && [ $i -lt 6000 ]; do i=$((i+1)); read -r t rest </proc/uptime; "
    'm=${t%.*}${t#*.}0; printf "t=$m\\nCH0(T=$m)[S2M_VDD_CPUCL2], $((m*2500))\\n'
    'CH1(T=$m)[VSYS_PWR_DISP], $((m*500))\\n" >new; mv new energy_value; sleep 0.02; done'
)


@pytest.fixture(autouse=True)
def sources(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the runner reads lies in a folder of the phone that the test fills."""
    names = ("energy_value", "current_now", "voltage_now", "status")
    monkeypatch.setattr(native, "POWER_FILES", tuple(f"{FOLDER}/{name}" for name in names))
    monkeypatch.setattr(plan, "ENERGY_MS", 1600)
    phone = rig.phone(NEW)
    phone.shell(f"mkdir -p {FOLDER}; dumpsys battery unplug")
    yield
    phone.shell(f"rm -r {FOLDER}; dumpsys battery reset")


def measured(rig: Rig, *, meter: str | None = None) -> tuple[Estimate, Estimate, tuple[str, ...]]:
    """Power, energy of an inference, and the notes below the table."""
    asked = request("and-gate", profile=Profile(name="test", rounds=1, bounds=BRIEF, passes=("energy",)))
    prepared = rig.prepared(asked, NEW)
    folder = store.create(rig.folders, f"energy-{next(rig._numbers):04d}")
    folder.write_header(prepared.header)
    instrument = None if meter is None else load_meter(meter)
    run(prepared, folder, rig.server, lambda event: None, limits=SHORT_LIMITS, meter=instrument)
    found = folder.read()
    assert [m.status for m in found.measurements] == ["ok"]
    (row,) = summarise(found)
    power, energy = row.estimate("power"), row.estimate("energy_per_inference")
    assert power is not None and energy is not None
    (usage,) = [u for u in found.measurements[0].usage if u.phase == "steady"]
    if power.value is not None:
        count = len(found.measurements[0].samples_ns("steady"))
        assert energy.value == pytest.approx(power.value * usage.wall_ns / 1e9 / count)
    return power, energy, build_table(build_report(found)).notes


def fill(rig: Rig, **files: str) -> None:
    for name, text in files.items():
        rig.phone(NEW).shell(f"echo '{text}' > {FOLDER}/{name}")


def test_power_rails_are_summed_by_their_own_clock(rig: Rig) -> None:
    fill(rig, energy_value="t=0", status="Charging")
    writer = threading.Thread(target=rig.phone(NEW).shell, args=(RAILS,), daemon=True)
    writer.start()
    power, energy, _ = measured(rig)
    rig.phone(NEW).shell(f"rm -r {FOLDER}; mkdir {FOLDER}")
    writer.join(timeout=1)
    assert power.value == pytest.approx(3.0), power.reason
    assert energy.value is not None and 0 < energy.value < 1 and energy.unit == "joule"


def test_a_battery_without_charger_gives_current_times_voltage(rig: Rig) -> None:
    fill(rig, current_now="-400000", voltage_now="4000000", status="Discharging")
    power, energy, _ = measured(rig)
    assert power.value == pytest.approx(1.6), power.reason
    assert energy.value is not None and energy.value > 0


def test_with_a_charger_there_is_no_number_but_the_reason(rig: Rig) -> None:
    fill(rig, current_now="250000", voltage_now="4200000", status="Charging")
    power, energy, notes = measured(rig)
    assert power.value is None and energy.value is None
    assert "the charger is connected (battery: Charging)" in (power.reason or "")
    assert any(note.startswith("Energy is not shown: the charger is connected") for note in notes)
    rig.phone(NEW).shell("dumpsys battery reset")
    fill(rig, status="Discharging")
    assert "the charger is connected (usb)" in (measured(rig)[0].reason or "")


def test_a_phone_without_any_source_says_so(rig: Rig) -> None:
    power, _, notes = measured(rig)
    assert power.value is None and "no power rails and no battery gauge" in (power.reason or "")
    assert any("Power is not shown" in note for note in notes)


@contextlib.contextmanager
def supply(watt: str) -> Iterator[str]:
    """A bench supply on the network whose load is constant."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                assert line == b"MEAS:POW?\n"
                self.wfile.write(f"{watt}\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_documented_meter_of_thirty_lines_is_believed_before_all(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = re.search(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert code is not None and len([line for line in code[1].splitlines() if line]) <= 30
    (tmp_path / "supply.py").write_text(code[1], "utf-8")
    fill(rig, current_now="-400000", voltage_now="4000000", status="Discharging")
    with supply("3.0") as address:
        monkeypatch.setenv("SUPPLY", address)
        power, _, _ = measured(rig, meter=f"{tmp_path}/supply.py:Supply")
    assert power.value == pytest.approx(3.0, rel=0.1), power.reason


def test_a_meter_that_fails_costs_its_own_number_only(rig: Rig, tmp_path: Path) -> None:
    code = "class Broken:\n    def begin(self): pass\n    def end(self): raise OSError('no answer')\n"
    (tmp_path / "broken.py").write_text(code, "utf-8")
    power, _, _ = measured(rig, meter=f"{tmp_path}/broken.py:Broken")
    assert power.value is None and power.reason == "the meter failed: OSError: no answer"


def test_a_meter_that_is_none_is_refused_before_anything_runs() -> None:
    for text in ("nothing", "no.such.module:Meter", "json:NoSuchName", "threading:Lock"):
        with pytest.raises(UsageError, match="--meter"):
            load_meter(text)


def test_energy_is_asked_for_by_name_only() -> None:
    assert all("energy" not in profile.passes for profile in plan.PROFILES.values())
    assert "energy" in plan.PASSES
