"""docs/suites.md is true: its example loads, and it names every key, step, network and source there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from devbench.suites import load
from devbench.suites.load import list_suites, load_suite
from devbench.variants.source import schemes
from devbench.variants.steps import load_step, step_names

DOCS = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")


def test_the_example_loads(tmp_path: Path) -> None:
    example, table = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "my-suite.toml").write_text(example)
    assert tomllib.loads(table)["table"][0]["rows"]
    suite = load_suite(str(tmp_path / "my-suite.toml"))
    assert suite.name == "my-suite" and len(suite.models) == 3


def test_every_key_is_described() -> None:
    for key in (*load._TOP, *load._BACKENDS, *load._VARIANT):
        assert re.search(rf"\b{key}\b", DOCS), key
    for key in load._MODEL:
        assert f"| `{key}` |" in DOCS, key
    for name in step_names():
        assert f"| `{name}` |" in DOCS, name
        for parameter in load_step(name).PARAMETERS:
            assert f"`{parameter}`" in DOCS, parameter
    for scheme in schemes():
        assert re.search(f"`{scheme}:(NAME|PATH)`", DOCS), scheme
    for suite in list_suites():
        assert f"`{suite.name}`" in DOCS
