"""Each number leads to its evidence: every process in order, what was discarded or added, why the verdict."""

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

from made_runs import HOSTILE, make_run, phone, variant
from made_sessions import eventful_run, redone, session

from devbench.domain.measurement import Failure, Mark, Measurement
from devbench.domain.run import Run
from devbench.reports import build_report, write_reports
from devbench.reports.evidence import MOST_PICTURES, Evidence, evidence_by_phone
from devbench.reports.html_page import html
from devbench.reports.json_file import as_json
from devbench.reports.session_cards import session_cards
from devbench.summary import summarise
from devbench.summary.processes import processes_of


def evidence(run: Run, label: str = "fp32") -> Evidence:
    return next(e for e in evidence_by_phone(build_report(run))[0].cells if e.label == label)


def test_every_measured_number_links_to_the_evidence_of_its_row_and_failures_to_their_reason() -> None:
    crash = Failure(kind="crash", cause="signal 11")
    text = html(build_report(make_run(failures={("phone-000000", "int8"): crash})))
    table = text[text.index('id="results"') : text.index("</table>")]
    targets = set(re.findall(r'href="#(\w+)"', table))
    assert targets == {"e0", "f0"}
    for target in targets:
        assert text.count(f'id="{target}"') == 1
    row = next(r for r in table.split("<tr") if 'class="trusted"' in r)
    numbers = re.findall(r'<td class="num w\d".*?</td>', row, re.DOTALL)
    linked = [n for n in numbers if 'href="#e0"' in n]
    assert len(numbers) - len(linked) == 1, "the size alone is no measurement"


def test_processes_stand_in_the_order_in_which_they_ran_with_what_became_of_them() -> None:
    found = evidence(eventful_run())
    assert [(r.round, r.words) for r in found.rows[:5]] == [
        ("1", "ok"), ("2", "ok"), ("3", "discarded: throttled"), ("3·2", "ok"), ("4", "ok"),
    ]  # fmt: skip
    assert [r.round for r in found.rows[-2:]] == ["+7", "+8"]
    notes = " ".join(found.notes)
    assert "Round 3 discarded as throttled (the frequency ceiling fell); 1 of 1 measured again" in notes
    assert "Rounds 7, 8 added because the interval was still wide." in notes
    assert found.picture.count("✗ discarded") == 1


def test_a_discarded_process_enters_no_number() -> None:
    run = make_run()
    slow = replace(
        run,
        measurements=tuple(
            _ten_times(m) if m.status == "discarded" else m for m in redone(run, 3).measurements
        ),
    )
    clean = summarise(run)[0].estimate("latency", "steady")
    assert summarise(slow)[0].estimate("latency", "steady") == clean


def _ten_times(m: Measurement) -> Measurement:
    series = tuple(replace(s, values_ns=tuple(10 * ns for ns in s.values_ns)) for s in m.series)
    return replace(m, series=series)


def test_the_verdict_says_why() -> None:
    assert evidence(make_run()).why.startswith("8 processes agree within ±")
    assert "at least 5 are needed" in evidence(make_run(rounds=4)).why
    assert "3% is the limit" in evidence(make_run(spread=0.09, seed=1)).why
    assert "one process gives no interval" in evidence(make_run(rounds=1)).why
    assert evidence(make_run(profile="quick", rounds=3)).why.startswith("A quick look: 3 processes agree")
    tainted = evidence(eventful_run())
    assert tainted.why == "Measured under a bad condition: LOW-BATTERY."
    assert [t.id for t in tainted.taints] == ["LOW-BATTERY"]


def test_what_the_gate_let_pass_marks_every_number_of_its_phone_and_of_no_other() -> None:
    run = replace(make_run(phones=(phone(0), phone(1))), sessions=(session(),))
    ids = {(s.cell.device.device, s.cell.variant.variant): [t.id for t in s.taints] for s in summarise(run)}
    assert ids["phone-000000", "fp32"] == ids["phone-000000", "int8"] == ["LOW-BATTERY"]
    assert ids["phone-000001", "fp32"] == []
    refused = replace(run, sessions=(session(refused=("LOW-BATTERY",), outcome="refused"),))
    assert all(not s.taints for s in summarise(refused))


def test_marks_draw_heat_and_clocks_inside_the_process() -> None:
    run = make_run(rounds=2)
    marks = tuple(
        Mark(t_ns=10**9 + i * 10**8, cpu_khz={"0": 1_900_000 - i * 100_000}, temperatures_c={"cpu": 40.0 + i})
        for i in range(5)
    )
    marked = tuple(_started(replace(m, marks=marks)) if m.round == 1 else m for m in run.measurements)
    plain, drawn = (evidence(r).picture for r in (run, replace(run, measurements=marked)))
    curves = [re.findall(r'class="t" d="([^"]+)"', text) for text in (plain, drawn)]
    assert [len(c) for c in curves] == [2, 2]
    assert curves[1][0].count("M") == curves[0][0].count("M") + 5
    assert ">1500<" in drawn and ">1900<" in drawn


def _started(m: Measurement) -> Measurement:
    series = tuple(replace(s, start_ns=10**9) if s.phase == "steady" else s for s in m.series)
    return replace(m, series=series)


def test_no_spike_is_lost_in_the_picture() -> None:
    run = make_run(rounds=3, samples=5000)
    first = next(m for m in run.measurements if m.variant == "fp32" and m.pass_name == "latency")
    steady = next(s for s in first.series if s.phase == "steady")
    spiked = replace(steady, values_ns=(*steady.values_ns[:2500], 10**9, *steady.values_ns[2501:]))
    series = tuple(spiked if s.phase == "steady" else s for s in first.series)
    ms = tuple(replace(m, series=series) if m is first else m for m in run.measurements)
    picture = evidence(replace(run, measurements=ms)).picture
    tops = [float(y) for y in re.findall(r"V([\d.]+)", re.search(r'class="s" d="([^"]+)"', picture)[1])]
    assert min(tops) < 20 and sorted(tops)[1] > 100
    assert ">1000<" in picture, "the axis reaches the spike"


def test_hostile_names_leave_the_picture_well_formed() -> None:
    found = evidence(make_run(variants=(variant(HOSTILE), variant("b"))), HOSTILE)
    root = ElementTree.fromstring(found.picture)
    assert HOSTILE in (root.get("aria-label") or "")
    assert not [e for e in root.iter() if e.tag.endswith("script")]


def test_a_large_page_draws_the_doubtful_numbers_and_lists_the_others() -> None:
    variants = tuple(variant(f"v{i}", model=f"m{i}") for i in range(MOST_PICTURES + 20))
    late = replace(variants[-1], variant="late")
    run = make_run(variants=(*variants[:-1], late), rounds=5, samples=40, resources=False)
    ms = tuple(replace(m, warmup_status="capped") if m.variant == "late" else m for m in run.measurements)
    cells = evidence_by_phone(build_report(replace(run, measurements=ms)))[0].cells
    assert sum(1 for e in cells if e.picture) == MOST_PICTURES
    assert next(e for e in cells if e.label == "late").picture
    text = html(build_report(replace(run, measurements=ms)))
    assert f"has room for {MOST_PICTURES}" in text
    assert all(text.count(f'id="{e.anchor}"') == 1 for e in cells)


def test_processes_csv_has_a_row_an_attempt(tmp_path: Path) -> None:
    run = eventful_run()
    path = write_reports(build_report(run), ["csv"], tmp_path)[2]
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(m.pass_name == "latency" for m in run.measurements)
    mine = [r for r in rows if r["variant"] == "int8"]
    assert [r["order"] for r in mine] == [str(i) for i in range(1, 10)]
    assert (mine[2]["status"], mine[2]["reason"], mine[2]["attempt"]) == ("discarded", "throttled", "1")
    assert [r["added"] for r in mine].count("true") == 2
    cell = next(s.cell for s in summarise(run) if s.cell.variant.variant == "int8")
    expected = processes_of(run.header, cell)[0]
    assert float(mine[0]["median_ns"]) == expected.median_ns
    assert mine[0]["clock_state"] == ""


def test_a_phones_card_tells_gate_changes_rests_and_outcome() -> None:
    limited = session(
        outcome="thermal-limited", reason="4.1 °C above the start", differs=("screen: on, was off",)
    )
    run = replace(make_run(), sessions=(limited,))
    (card,) = session_cards(build_report(run), "phone-000000")
    assert card.limited and "would not cool down" in card.outcome and "4.1 °C above the start" in card.outcome
    facts = dict(card.facts)
    assert facts["clocks"] == "Android's fixed-performance mode"
    assert facts["waiting"] == "12 s at the gate, 4.0 min between processes"
    assert facts["rounds"] == "2 added, 1 measured again"
    assert facts["canary"] == "big 12.3 ms, little 30.0 ms; 1.04 × the best ever seen here"
    text = html(build_report(run))
    for words in (
        "screen: off → on", "put back by this host", "its shell is not root", "thermal status came with Android 10",
        "screen: on, was off", "gone on with", "charge the phone",
    ):  # fmt: skip
        assert words in text, words


def test_a_resumed_run_shows_each_of_its_sessions() -> None:
    run = replace(make_run(), sessions=(session(outcome="interrupted"), session(taints=())))
    cards = session_cards(build_report(run), "phone-000000")
    assert [c.title for c in cards] == ["Session 1 of 2", "Session 2 of 2"]
    assert [c.limited for c in cards] == [True, False]
    assert not cards[1].gate


def test_how_a_phone_was_lost_and_sought_is_told_without_its_addresses() -> None:
    away = "192.0.2.7:5555"
    sessions = (
        session(outcome="restarted", reason="it started anew", connections_lost=1, away_s=41.0),
        session(
            outcome="lost", reason=f"{away}: it is not on the adb server", connections_lost=2, away_s=130.0,
            ladder=("reconnect", "reboot"), addresses=(away,),
        ),
    )  # fmt: skip
    report = build_report(replace(eventful_run(), sessions=sessions))
    text, data = html(report), json.dumps(as_json(report))
    assert away not in text + data
    for part in (
        "Session 2 of 2", "started anew", "lost once, 41 s away", "is not on the adb server",
        "lost 2 times, 2.2 min away; steps of the ladder: reconnect, reboot",
    ):  # fmt: skip
        assert part in text
    told = json.loads(data)["sessions"]
    assert [s["outcome"] for s in told] == ["restarted", "lost"]
    assert "devbench run --resume" in told[1]["ended"]
