"""What is shown of lines: the table, CSV and JSON of `devbench history`, and its page in a browser."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from browser_pipe import Browser
from made_nights import changed, kept, night
from made_runs import HOSTILE, SERIAL
from made_trends import line_of, origin
from typer.testing import CliRunner, Result

from devbench.cli.app import app
from devbench.domain.history import Line, Mark
from devbench.domain.measurement import Failure
from devbench.nightly import Files, LabFolder
from devbench.nightly.pins import Pin, save_pins
from devbench.reports.history_page import history_html
from devbench.reports.history_table import ASCII, UNICODE, change_words, sparkline

FAILED = Failure(kind="crash", cause=f"{SERIAL}-0: SIGSEGV")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine nights: a new build on the fifth, a crash on the ninth."""
    folder = tmp_path_factory.mktemp("results")
    for number in range(1, 10):
        run = night(number, failures={("phone-000000", "int8"): FAILED} if number == 9 else {}, samples=5)
        kept(
            folder,
            changed(run, fingerprint="maker/product/device:9/DEF/456:user/release-keys")
            if number > 4
            else run,
        )
    return folder


def started(results: Path, *words: object) -> Result:
    index = results.parent / "index.sqlite"
    return CliRunner().invoke(app, ["history", str(results), "--index", str(index), "-q", *map(str, words)])


def test_the_table_shows_trend_change_and_why_a_segment_begins(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = started(results)
    assert done.exit_code == 0, done.output
    fp32 = next(line for line in done.stdout.splitlines() if line.startswith((" fp32", "fp32")))
    assert re.search(r"latency steady +9 +(?:19\.9|20\.\d) ms +[+−]\d\.\d % +[▁-█]{4}│[▁-█]{5}", fp32), fp32
    assert "1: 2026-01-05 new build of the phone (9/DEF/456)" in fp32
    assert "no value: crash: phone-000000: SIGSEGV" in done.stdout and SERIAL not in done.stdout
    assert "3 lines, 9 nights from 2026-01-01 to 2026-01-09, 9 runs" in done.stdout
    nothing = started(results, "--metric", "top5")
    assert nothing.exit_code == 0 and "no such number in 9 runs" in nothing.stdout


def test_json_csv_and_page_hold_the_same_nights(results: Path, tmp_path: Path) -> None:
    """And nothing of them names a serial."""
    done = started(
        results, "--json", "--variant", "fp*", "--metric", "latency,peak_rss", "--last", 3,
        "--csv", tmp_path / "h.csv", "--html", tmp_path / "h.html",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert {(x["key"]["metric"], x["key"]["phase"]) for x in data["lines"]} == {
        ("latency", "load"), ("latency", "first"), ("latency", "steady"), ("peak_rss", ""),
    }  # fmt: skip
    steady = next(x for x in data["lines"] if x["key"]["phase"] == "steady")
    assert [p["night"] for p in steady["points"]] == ["2026-01-07", "2026-01-08", "2026-01-09"]
    assert steady["key"]["text"].startswith("device=phone-000000;runner=native;engine=litert;")
    with open(tmp_path / "h.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == "steady"]
    assert [(row["night"], float(row["value"])) for row in rows] == [
        (p["night"], p["value"]) for p in steady["points"]
    ]
    row = rows[0]
    against = float(row["control_value"]) if row["basis"] == "ratio" else 1.0
    assert math.log(float(row["value"]) / against) == pytest.approx(float(row["log"]))
    page = (tmp_path / "h.html").read_text()
    assert page.count("<figure") == 4
    everything = done.stdout + page + (tmp_path / "h.csv").read_text()
    assert SERIAL not in everything


def test_alerts_and_pins_of_a_lab_are_marked_as_each_night_does(results: Path, tmp_path: Path) -> None:
    """Of `--config`, whose results are read where no folder is named."""
    (line, *_) = json.loads(started(results, "--json").stdout)["lines"]
    pin = Pin(
        line=line["key"]["text"], device="phone-000000", variant="fp32", run_id="r", night="2026-01-03", value=2e7,
        control_value=None, files=Files(model_sha256="ab" * 32, engine_sha256="cd" * 32), name="v2.1",
    )  # fmt: skip
    config = tmp_path / "lab.toml"
    config.write_text(f'results = "{results}"\n[[run]]\nsuite = "tiny"\n')
    save_pins(LabFolder(tmp_path / "lab"), [pin])
    words = ["history", "--config", str(config), "--index", str(tmp_path / "index"), "-q", "--json"]
    done = CliRunner().invoke(app, [*words, "--html", str(tmp_path / "h.html")])
    assert done.exit_code == 0, done.output
    assert {"kind": "pin", "night": "2026-01-03"}.items() <= json.loads(done.stdout)["marks"][0].items()
    assert "pinned as v2.1" in (tmp_path / "h.html").read_text()


def test_a_sparkline_has_a_sign_a_night_and_plain_ones_for_other_terminals() -> None:
    line = line_of([10.0, 11.0, None, 12.0, 12.0], origins=[origin()] * 4 + [origin(runner_sha256="b" * 64)])
    assert sparkline(line, UNICODE) == "▁▅×█│█"
    assert sparkline(line, ASCII) == "_=x#|#"
    assert sparkline(line_of([10.0, 10.01, 10.0]), UNICODE) == "▄▅▄", "0.1 % is no mountain"
    assert sparkline(line_of([0.0, 0.0, 3.0], metric="major_faults", unit="count"), UNICODE) == "▁▁█"
    assert change_words(line_of([10.0, 9.9999])) == "+0.0 %", "nothing is not less than nothing"


def many(variants: int, nights: int) -> list[Line]:
    rng = np.random.default_rng(5)
    noise = np.exp(rng.normal(0, 0.01, (variants, nights))) * 20e6
    origins = [origin(runner_sha256="ab"[i >= nights // 2] * 64) for i in range(nights)]
    return [
        line_of(row, origins=origins, variant=f"network-{i // 4:03d}") for i, row in enumerate(noise.tolist())
    ]


def test_a_page_of_a_year_stays_small() -> None:
    """1000 lines of 365 nights below 5 MB: these are a tenth of them."""
    lines = many(100, 365)
    page = history_html(lines)
    assert len(page.encode()) < 500_000
    assert page.count("<figure") == 100 and page.count("a segment begins") == 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(6)
    calm = (10e6 * np.exp(rng.normal(0, 0.004, 30))).tolist()
    hostile = line_of([*calm[:-1], 11e6], variant=HOSTILE)
    gone = line_of(
        [*calm[:-1], None],
        variant="int8",
        origins=[origin(runner_sha256=c * 64) for c in "a" * 20 + "b" * 10],
    )
    marks = [
        Mark(line=hostile.key.text, night="2026-01-30", kind="alert", sentence=f"+10 % since {HOSTILE}"),
        Mark(line=gone.key.text, night="2026-01-12", kind="step", sentence="+4.0 % from 2026-01-12 on"),
        Mark(line="another line", night="2026-01-12", kind="alert", sentence="not here"),
    ]
    path = tmp_path_factory.mktemp("page") / "history.html"
    path.write_text(history_html([hostile, gone, line_of(calm, variant="fp32")], marks))
    return path


def test_the_page_works_without_a_complaint(browser: Browser, page: Path) -> None:
    """Nothing of a name runs; the alert leads to its figure; words and the box hide what is not asked for."""
    browser.open(page)
    shown = "[...document.querySelectorAll('figure')].filter(f => f.checkVisibility()).map(f => f.id)"
    assert browser.run(shown) == ["l0", "l1", "l2"]
    first = browser.run("document.querySelector('.answer').innerText")
    assert first.startswith("1 alert.\n") and "1 of 3 lines moved by 3 % or more" in first
    assert browser.run("document.querySelector('main ul a').getAttribute('href')") == "#l0"
    browser.run("document.getElementById('moved').click()")
    assert browser.run(shown) == ["l0"]
    browser.run("location.hash = '#l1'; new Promise(r => setTimeout(r, 0))")
    assert browser.run("document.activeElement.id") == "l1", (
        "a hidden figure shows when something leads to it"
    )
    browser.run("filter.value = 'INT8 latency'; filter.dispatchEvent(new Event('input'))")
    assert browser.run(shown) == ["l1"] and browser.run("said.textContent") == "1 line"
    assert browser.complaints == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_phone_and_its_signs_can_be_seen(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, width=390, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    for sign, kind in (
        (".l", "stroke"),
        (".g", "stroke"),
        (".a path", "fill"),
        (".s path", "fill"),
        (".h", "fill"),
    ):
        colour = browser.run(f"getComputedStyle(document.querySelector('figure .tr {sign}')).{kind}")
        assert contrast(colour, paper) >= 3, sign


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two `rgb(r, g, b)`."""

    def luminance(text: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", text)[:3]]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)
