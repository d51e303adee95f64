"""Tables that a suite declares as data: the talk's three, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from devbench.domain.codec import from_json, to_json
from devbench.domain.suite_table import SuiteTable
from devbench.errors import SuiteError
from devbench.metrics import all_metrics
from devbench.suites.load import load_suite


def test_the_talk_has_its_three_tables_with_its_figures_beside() -> None:
    suite = load_suite("talk")
    ids = {m.variant_id(v) for m in suite.models for v in m.variants}  # type: ignore[union-attr]
    classifiers, timings, mobilenet = suite.tables
    assert timings.faster_than == "patchnet"
    assert {"size", "accuracy", "execution_time", "cpu", "nodes_executed"} <= set(mobilenet.columns)
    known = {f"{m.name}.{m.phase}".rstrip(".") for m in all_metrics()}
    for table in suite.tables:
        assert set(table.columns) <= known
        assert {v for row in table.rows for v in row.variants} <= ids
        assert table.told_head == "the talk's own figures" and table.source
        assert from_json(SuiteTable, to_json(table)) == table
    assert classifiers.rows[0].told is not None and "MB" in classifiers.rows[0].told
    assert mobilenet.rows[-1].told is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('colums = ["size"]', "unknown key 'colums'"),
        ('title = "t"\ncolumns = ["size"]', "columns and rows"),
        ('title = "t"\ncolumns = ["size"]\nrows = [{ variant = "a" }]', "is no row"),
        ('title = "t"\ncolumns = ["size"]\nrows = [{ variants = ["a"], figures = "x.y" }]', "has no 'x.y'"),
        ('title = "t"\ncolumns = ["size"]\nrows = [{ variants = ["a"] }]\nfigures = "no.toml"', "cannot be read"),
    ],
)
def test_a_wrong_table_is_named_with_its_place(tmp_path: Path, table: str, said: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(f'[[model]]\npackage = ["and-gate"]\n\n[[table]]\n{table}\n')
    with pytest.raises(SuiteError) as caught:
        load_suite(str(file))
    assert said in str(caught.value) and "[[table]]" in str(caught.value)
