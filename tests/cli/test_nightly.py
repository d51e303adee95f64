"""`devbench nightly` from its file to what it tells, and what it measured as a baseline."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from rig import MODELS, NEW, Rig
from started import Devbench


def test_a_night_is_measured_told_and_can_be_pinned(devbench: Devbench, rig: Rig) -> None:
    """No serial in what goes elsewhere."""
    serial = rig.phones[NEW].serial
    (devbench.folder / "lab.toml").write_text(
        f'device = "{serial}"\nresults = "results"\nlab = "lab"\n[notify]\njunit = "nightly.xml"\n'
        f'[[run]]\nmodels = "{MODELS / "and-gate.tflite"}"\nprofile = "quick"\nrounds = 1\npasses = "latency"\n'
    )
    done = devbench("nightly", "--config", "lab.toml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Night 2") and "on 1 phone" in done.stdout
    suite = ElementTree.parse(devbench.folder / "nightly.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert serial not in done.stdout + (devbench.folder / "nightly.xml").read_text()
    page = (devbench.folder / "results" / "lab.html").read_text()
    assert "1 phone: 1 idle" in page and "run under way" not in page, "the night has ended"
    trends = (devbench.folder / "lab" / "trends.html").read_text()
    assert "with too few nights to tell what moved" in trends and "None of" not in trends
    assert devbench("baseline", "pin", "latest", "--name", "v1").returncode == 0
    (pin,) = json.loads(devbench("baseline", "list", "--json").stdout)["pins"]
    assert pin["name"] == "v1"
    assert devbench("baseline", "unpin", "all").stdout.endswith("0 left\n")
