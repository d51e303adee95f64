"""docs/results-format.md names every key and column that is written."""

import dataclasses
import re
import typing
from pathlib import Path

import pytest

from devbench.domain.history import Line, Mark
from devbench.domain.journal import JournalEntry
from devbench.domain.measurement import Measurement
from devbench.domain.phone_session import PhoneSession
from devbench.domain.run import RunHeader
from devbench.domain.summary import Comparison, Estimate
from devbench.history import Refreshed, Skipped
from devbench.metrics import all_metrics, all_scrapes
from devbench.reports.csv_files import PROCESS_COLUMNS, SAMPLE_COLUMNS, SUMMARY_COLUMNS
from devbench.reports.history_table import CSV_COLUMNS
from devbench.reports.pictures import all_pictures
from devbench.summary.series import SeriesKey

DOCUMENT = Path(__file__).parents[2] / "docs" / "results-format.md"
NAMED = set(re.findall(r"`([a-z_0-9A-Z-]+)(?:\[\])?`", DOCUMENT.read_text("utf-8")))


def nouns(kind: object, seen: set[type]) -> set[type]:
    """`kind` and every dataclass that its fields reach."""
    for inner in typing.get_args(kind):
        nouns(inner, seen)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind not in seen:
        seen.add(kind)
        for hint in typing.get_type_hints(kind).values():
            nouns(hint, seen)
    return seen


NOUNS = {Estimate, Comparison, SeriesKey, Refreshed, Skipped}
for _root in (RunHeader, Measurement, PhoneSession, JournalEntry, Line, Mark):
    nouns(_root, NOUNS)


@pytest.mark.parametrize(
    "noun",
    sorted(NOUNS, key=lambda kind: kind.__name__),
)
def test_every_key_of_every_noun_is_explained(noun: type) -> None:
    assert {field.name for field in dataclasses.fields(noun)} - NAMED == set()


def test_every_column_metric_scrape_and_picture_is_explained() -> None:
    names = {*SUMMARY_COLUMNS, *SAMPLE_COLUMNS, *PROCESS_COLUMNS, *CSV_COLUMNS}
    names |= (
        {m.name for m in all_metrics()} | {s.name for s in all_scrapes()} | {p.name for p in all_pictures()}
    )
    assert names - NAMED == set()
