"""The talk's tables as its suite prints them: built, run and judged by one command on two virtual phones."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from started import make_devbench

from devbench import virtual

TITLES = {
    "Three image classifiers",
    "Nodes and timings",
    "MobileNet: original, quantize_weights, more options",
}
TEXTS = {"Variant", "Engine", "Verdict", "the talk's own figures"}


@pytest.mark.slow
def test_the_talks_tables_are_measured_by_one_command(tmp_path: Path) -> None:
    """Three tables a phone, and in each a number in every field that is not a word: none is typed in."""
    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("the models are made by TensorFlow: pip install 'devbench[models]'")
    devbench = make_devbench(tmp_path, tmp_path / "home", 1)
    done = devbench(
        "run", "--suite", "talk", "--fast", "--device", "virtual", "--allow", "BUSY,THROTTLED", timeout=1500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((tmp_path / done.stdout.splitlines()[-1] / "report" / "report.json").read_text())
    tables = report["tables"]
    assert {(table["device"], table["title"]) for table in tables} == {
        (device, title) for device in {table["device"] for table in tables} for title in TITLES
    }
    assert len({table["device"] for table in tables}) == 2
    wrong = "swapped-channels"  # shown with its accuracy only: a mistake is not worth a latency
    for table in tables:
        for row in table["rows"]:
            fields = dict(zip(table["heads"], row, strict=True))
            empty = [head for head, value in fields.items() if head not in TEXTS and not value[:1].isdigit()]
            if wrong in fields["Variant"]:
                assert float(fields["Accuracy"].split()[0]) < 0.9
            else:
                assert empty == [], (table["title"], fields)
