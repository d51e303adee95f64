"""The page in a real browser: no complaint, sorts on click, fits, and is readable in light and dark."""

from pathlib import Path

import pytest
from browser_pipe import Browser
from made_runs import HOSTILE, LOW_BATTERY, make_run, phone, variant

from devbench.domain.measurement import Failure
from devbench.reports import build_report, write_reports

LATENCIES = {"a-fp32": 20e6, "b-int8": 9e6, "c-fp16": 12e6}


def write_page(folder: Path, **planted: object) -> Path:
    (page,) = write_reports(build_report(make_run(**planted)), ["html"], folder)
    return page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    variants = (*(variant(name) for name in LATENCIES), variant("d-lstm"), variant(HOSTILE, model=HOSTILE))
    return write_page(
        tmp_path_factory.mktemp("page"),
        phones=(phone(0, virtual=True), phone(1, virtual=True)),
        variants=variants,
        latencies_ns={**LATENCIES, "d-lstm": 5e6, HOSTILE: 1e6},
        failures={("phone-000000", "d-lstm"): Failure(kind="unsupported-op", cause="LSTM")},
        taints={("phone-000001", "b-int8"): (LOW_BATTERY,)},
        ops=True,
    )


def column(browser: Browser, name: str) -> int:
    return int(
        browser.run(
            "[...document.querySelectorAll('#results thead th')].findIndex("
            f"th => th.querySelector('button').textContent === '{name}')"
        )
    )


def first_phone_order(browser: Browser) -> list[str]:
    return browser.run(
        "[...document.querySelectorAll('#results tbody tr')].filter(r => r.cells[1].textContent === 'OPPO A37f')"
        ".map(r => r.cells[0].textContent).filter(name => name.length < 20)"
    )


def test_sorting_on_click_and_copying_work_without_a_complaint(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert first_phone_order(browser) == ["a-fp32", "b-int8", "c-fp16", "d-lstm"]
    steady = column(browser, "Steady")
    click = f"document.querySelectorAll('#results thead th button')[{steady}].click()"
    state = f"document.querySelectorAll('#results thead th')[{steady}].getAttribute('aria-sort')"
    browser.run(click)
    assert browser.run(state) == "ascending"
    assert first_phone_order(browser) == ["b-int8", "c-fp16", "a-fp32", "d-lstm"]
    browser.run(click)
    assert browser.run(state) == "descending"
    assert first_phone_order(browser) == ["a-fp32", "c-fp16", "b-int8", "d-lstm"], "failures stay last"
    browser.run("document.getElementById('keep').click()")
    assert browser.run("document.querySelector('#results tbody tr').cells[0].textContent") == "a-fp32"
    browser.run(click)
    text = browser.run("asCsv()")
    assert text.splitlines()[1].startswith('"a-fp32","OPPO A37f",')
    browser.run("document.getElementById('copy').click()")
    assert browser.complaints == []


def test_a_hostile_name_is_text_and_nothing_else(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.run("document.scripts.length") == 1
    assert browser.run(
        "[...document.querySelectorAll('#results tbody tr')].some("
        "r => r.cells[0].textContent.startsWith('<script>alert'))"
    )
    assert browser.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_never_scrolls_sideways(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.run("document.documentElement.scrollWidth") <= width


CONTRAST = """
(() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!c.endsWith(', 0)')) return c;
    }
    return 'rgb(255, 255, 255)';
  };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const ink = e.namespaceURI.endsWith('svg') ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${e.tagName} ${ink} ${e.textContent.slice(0, 30)}`);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_enough_contrast(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 254)")
    assert browser.run(CONTRAST) == []


def test_a_page_without_a_single_number_opens_too(browser: Browser, tmp_path: Path) -> None:
    crash = Failure(kind="crash", cause="signal 11")
    failures = {("phone-000000", name): crash for name in ("fp32", "int8", "control")}
    browser.open(write_page(tmp_path, failures=failures))
    assert "2 of 2 cells failed" in browser.run("document.querySelector('.answer').textContent")
    assert browser.complaints == []


def test_a_number_opens_its_evidence_by_mouse_and_by_keyboard(browser: Browser, page: Path) -> None:
    browser.open(page)
    open_ = "document.querySelector('#e1').closest('details').open"
    assert browser.run(open_) is False
    link = "document.querySelector('#results a[href=\"#e1\"]')"
    assert browser.run(f"{link}.tabIndex") == 0
    browser.run(f"{link}.click(); new Promise((done) => setTimeout(done))")
    assert browser.run(open_) is True
    assert browser.run("document.activeElement.id") == "e1"
    assert browser.run("document.querySelector('#e1 svg.ev').getBoundingClientRect().width") > 500
    browser.run("document.querySelector('#e1').closest('details').open = false")
    browser.run(f"{link}.click(); new Promise((done) => setTimeout(done))")
    assert browser.run(open_) is True, "the same number again"
    assert browser.complaints == []
