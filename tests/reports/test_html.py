"""report.html: one self-contained file that claims only what the data hold and gives nothing away."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from made_runs import HOSTILE, SERIAL, SERIALNO, make_run, phone, variant

from devbench.domain.measurement import Failure
from devbench.reports import build_report
from devbench.reports.html_page import html


class Tags(HTMLParser):
    """Every start tag with its attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside] = self.raw.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def page(**planted: object) -> str:
    return html(build_report(make_run(**planted)))


def test_scripts_and_styles_run_by_their_hash_only() -> None:
    parsed = Tags(page(ops=True))
    policy = next(a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'")
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(parsed.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert [t for t, _ in parsed.tags].count(tag) == 1
    assert not [a for _, a in parsed.tags if "style" in a or any(name.startswith("on") for name in a)]


def test_nothing_is_loaded_from_outside() -> None:
    for tag, attributes in Tags(page(ops=True)).tags:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            target = attributes.get(name) or ""
            assert re.match(r"(data:|#|\.\./|summary\.csv|$)", target), (tag, target[:80])


def test_every_string_from_outside_is_escaped() -> None:
    hostile_failure = Failure(kind="crash", cause=HOSTILE, evidence=HOSTILE, fix=HOSTILE)
    run = make_run(
        phones=(phone(0, model=HOSTILE), phone(1, model="</title><img src=x onerror=alert(1)>")),
        variants=(variant(HOSTILE, model=HOSTILE), variant("other", model=HOSTILE)),
        failures={("phone-000001", "other"): hostile_failure},
        ops=True,
    )
    run = replace(run, warnings=(HOSTILE,), header=replace(run.header, suite=HOSTILE, notes=(HOSTILE,)))
    parsed = Tags(html(build_report(run)))
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == 1 and "img" not in tags


def test_serial_numbers_are_shown_only_when_wanted() -> None:
    tail = f"adb -s {SERIAL}-0 shell ls failed on {SERIALNO}-0"
    run = make_run(failures={("phone-000000", "int8"): Failure(kind="offline", cause=tail, evidence=tail)})
    run = replace(
        run, measurements=tuple(replace(m, log_tail=tail) if m.failure else m for m in run.measurements)
    )
    closed = html(build_report(run))
    assert SERIAL not in closed and SERIALNO not in closed and "GONE123" not in closed
    assert "adb -s phone-000000 shell ls failed on phone-000000" in closed
    opened = html(build_report(run, with_serials=True))
    assert f"{SERIAL}-0" in opened and f"{SERIALNO}-0" in opened


def test_virtual_phones_and_x86_are_declared_and_real_phones_are_not() -> None:
    virtual = page(phones=(phone(0, virtual=True), phone(1, virtual=True)))
    assert "These times are this computer&#39;s" in virtual
    assert "a difference between virtual phones means nothing" in virtual.lower()
    assert "not measured between virtual phones" in virtual
    assert "Measured on x86" in virtual
    assert "simulated</span>" in virtual
    real = page(phones=(phone(0), phone(1)))
    assert "virtual" not in Tags(real).raw.get("", "") and "this computer" not in real
    assert "Measured on x86" not in real and "simulated" not in real


def test_a_failure_stands_in_its_cell_as_words() -> None:
    failure = Failure(kind="unsupported-op", cause="LSTM", fix="use another engine")
    text = page(failures={("phone-000000", "int8"): failure})
    assert "failed: unsupported-op" in text and "LSTM" in text and "use another engine" in text


def test_the_same_run_gives_the_same_page() -> None:
    assert page(ops=True) == page(ops=True)


def test_the_home_folder_of_whoever_measured_is_not_in_the_page() -> None:
    assert "/home/somebody" not in page(ops=True)


def test_many_phones_stay_light() -> None:
    phones = tuple(phone(i) for i in range(6))
    variants = tuple(variant(f"v{i}", model=f"m{i // 4}") for i in range(32))
    text = page(phones=phones, variants=variants, rounds=3, samples=40, resources=False)
    assert len(text.encode()) < 1_500_000
    assert "more are not drawn here" in text
