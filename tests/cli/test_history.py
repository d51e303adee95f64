"""`devbench history` over real runs: two measured on a virtual phone are two nights of each line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from rig import MODELS, NEW, Rig
from started import Devbench

GATE = MODELS / "and-gate.tflite"


@contextlib.contextmanager
def busy(rig: Rig) -> Iterator[None]:
    """Work on the phone all the while: what a gate finds is in a key, and this computer's own comes and goes."""
    phone = rig.phone(NEW)
    burner = phone.shell("(while :; do :; done) >/dev/null 2>&1 & echo $!", check=True).stdout.strip()
    try:
        yield
    finally:
        phone.shell(f"kill {burner}", check=True)


def test_two_runs_are_two_points_of_each_line(devbench: Devbench, rig: Rig) -> None:
    """The phone's serial is nowhere; nothing is read twice; one run's report and its point agree."""
    serial = rig.phones[NEW].serial
    with busy(rig):
        for _ in range(2):
            done = devbench("run", GATE, "--device", serial, "--rounds", 1)
            assert done.returncode == 0, done.stderr
    found = devbench("history", "--json", "--metric", "*")
    assert found.returncode == 0, found.stderr
    data = json.loads(found.stdout)
    assert (data["refreshed"]["runs"], data["refreshed"]["added"]) == (2, 2)
    lines = {(x["key"]["metric"], x["key"]["phase"]): x for x in data["lines"]}
    assert set(lines) >= {
        ("latency", "steady"),
        ("latency", "load"),
        ("size", ""),
        ("peak_rss", ""),
        ("pss", ""),
    }
    steady = lines["latency", "steady"]
    assert len(steady["points"]) == 2 and len(steady["segments"]) == 1
    assert all(point["value"] > 0 and point["status"] == "ok" for point in steady["points"])
    assert serial not in found.stdout
    newest = devbench.folder / "results" / steady["points"][1]["run_id"] / "report" / "report.json"
    (cell,) = json.loads(newest.read_text())["cells"]
    reported = next(e for e in cell["estimates"] if (e["metric"], e["phase"]) == ("latency", "steady"))
    assert reported["value"] == steady["points"][1]["value"]
    table = devbench("history")
    assert table.returncode == 0 and "and-gate" in table.stdout and "1 line, 1 night from" in table.stdout
