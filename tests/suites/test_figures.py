"""The talk's figures stand in one file, marked as the talk's, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import devbench
from devbench.suites.figures import FILE, talk_tables

PACKAGE = Path(devbench.__file__).parent
# those that could not stand anywhere by chance
TELLING = ("77.4", "85.9", "11.6", "368284", "35551.5", "1282280", "1.28228e6", "0.9633", "507", "704")


def test_the_figures_are_read_as_the_talks() -> None:
    tables = talk_tables()
    assert set(tables.classifiers) == {"retrained-inception", "retrained-mobilenet", "patchnet"}
    assert set(tables.mobilenet) == {"original", "quantize-weights", "more-options"}
    patchnet, inception = tables.classifiers["patchnet"], tables.classifiers["retrained-inception"]
    assert patchnet.average_us is not None and inception.average_us is not None
    assert 3 < patchnet.average_us / inception.average_us < 4
    assert tables.mobilenet["original"].average_us is None
    assert "the talk's own figures" in FILE.read_text(encoding="utf-8").lower()


def test_no_other_file_of_the_package_holds_them() -> None:
    """Numbers in tables are measured, not typed in."""
    text_files = [
        file
        for suffix in ("py", "toml", "j2", "js", "css")
        for file in PACKAGE.rglob(f"*.{suffix}")
        if file != FILE and "__pycache__" not in file.parts
    ]
    assert len(text_files) > 100
    for number in TELLING:
        found = re.compile(rf"(?<![\w.]){re.escape(number)}(?![\w.]*\d)")
        assert found.search(FILE.read_text(encoding="utf-8")) or "e6" in number
        holders = [file for file in text_files if found.search(file.read_text(encoding="utf-8"))]
        assert holders == [], f"{number} stands in {holders}"
