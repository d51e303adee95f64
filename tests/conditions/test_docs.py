"""docs/conditions.md names every condition and every threshold as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devbench.conditions import GATE_IDS, TWEAKS
from devbench.conditions.rules import PATIENCE_S

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conditions.md").read_text("utf-8")
SOURCES = sorted((ROOT / "devbench" / "conditions").glob("*.py"))
IDS = sorted({name for path in SOURCES for name in re.findall(r'\bid="([A-Z-]+)"', path.read_text("utf-8"))})


@pytest.mark.parametrize("name", IDS)
def test_every_condition_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_gates_are_among_them() -> None:
    assert set(GATE_IDS) <= set(IDS) and len(IDS) > len(GATE_IDS)


def test_the_page_says_how_long_a_condition_is_waited_for() -> None:
    gates = PAGE[PAGE.index("## Gates") : PAGE.index("## What is changed")].splitlines()
    rows = [re.split(r"\s*\|\s*", line[2:].removesuffix("|")) for line in gates if line.startswith("| `")]
    waits = {name: cells[3].strip() for cells in rows for name in re.findall(r"`([A-Z-]+)`", cells[0])}
    for name, seconds in PATIENCE_S.items():
        assert (waits[name] == f"{seconds:g} s") == (seconds > 0), name


def test_the_tweaks_stand_in_their_order() -> None:
    places = [PAGE.index(f"| `{name}` |") for name in TWEAKS]
    assert places == sorted(places)
