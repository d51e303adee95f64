"""The answer says what the data say, with its doubt, and nothing more."""

from made_runs import LOW_BATTERY, backend, make_run, phone, variant

from devbench.domain.measurement import Failure
from devbench.reports import build_report
from devbench.reports.answer import answer_details, answer_sentences, trust_line, warnings_of
from devbench.reports.html_page import html
from devbench.reports.table import build_table


def answer(**planted: object) -> str:
    return " ".join(answer_sentences(build_report(make_run(**planted))))


def test_a_faster_variant_is_named_with_its_interval_and_size() -> None:
    assert answer(latencies_ns={"fp32": 20e6, "int8": 10e6}) == (
        "On OPPO A37f, int8 is 2.00× faster (1.99–2.01) than fp32 and 3.6× smaller."
    )


def test_no_variant_is_called_faster_when_none_is() -> None:
    assert "no variant is faster than fp32: the closest, int8, is 1.5" in answer(
        latencies_ns={"fp32": 10e6, "int8": 15e6}
    )


def test_equal_variants_are_called_equal() -> None:
    assert "take the same time within 3 %" in answer(latencies_ns={"fp32": 10e6, "int8": 10e6}, seed=3)


def test_an_undecided_comparison_says_what_would_decide_it() -> None:
    text = answer(latencies_ns={"fp32": 10e6, "int8": 10e6}, spread=0.1, rounds=3, samples=3)
    assert "undecided" in text and "rounds would settle it" in text


def test_an_interval_without_1_may_still_be_chance_among_many() -> None:
    variants = tuple(variant(f"v{i}") for i in range(8))
    latencies_ns = {"v0": 20e6} | {f"v{i}": 17e6 for i in range(1, 8)}
    text = answer(variants=variants, latencies_ns=latencies_ns, spread=0.04, rounds=3, samples=3, seed=10)
    assert "is undecided (ratio 0.850, 0.752–0.960, 3 rounds; p 0.17 once corrected for" in text


def test_one_round_claims_nothing() -> None:
    text = answer(rounds=1)
    assert "undecided" in text and "no interval from one round" in text and "faster (" not in text


def test_one_variant_on_one_phone_is_told_plainly() -> None:
    text = answer(variants=(variant("only"),), latencies_ns={"only": 12.3e6})
    assert text.startswith("On OPPO A37f, only takes 12.3 ms (12.")


def test_seven_lone_models_are_told_from_fastest_to_slowest() -> None:
    variants = tuple(variant(f"m{i}", model=f"m{i}") for i in range(7))
    text = answer(variants=variants, latencies_ns={f"m{i}": (i + 1) * 1e6 for i in range(7)})
    assert "7 cells take from 1.00 ms (m0 on OPPO A37f) to 7." in text


def test_many_phones_are_pooled_as_ratios_never_as_times() -> None:
    text = answer(phones=tuple(phone(i) for i in range(5)), latencies_ns={"fp32": 20e6, "int8": 10e6})
    assert text.startswith("Over 5 phones, int8 is 2.0") and "geometric mean of ratios" in text


def test_failures_are_counted_by_kind() -> None:
    crash = Failure(kind="crash", cause="signal 11")
    text = answer(failures={("phone-000000", "fp32"): crash})
    assert "1 of 2 cells failed (crash)." in text
    assert "nothing can be compared with fp32" in text


def test_a_run_with_nothing_in_it_says_so() -> None:
    report = build_report(make_run(variants=(), control=False))
    assert answer_sentences(report) == ()
    assert trust_line(report) == "Nothing was measured."


def test_the_trust_line_counts_and_names_conditions() -> None:
    report = build_report(make_run(trend=0.1))
    assert trust_line(report) == "Of 2 cells: 2 tainted (TREND)."


def test_a_quick_look_calls_itself_one() -> None:
    assert answer(profile="quick", rounds=3).endswith("This was a quick look of 3 rounds.")


def test_a_real_arm_phone_needs_no_warning() -> None:
    assert warnings_of(build_report(make_run())) == ()


def test_a_claim_names_the_conditions_it_was_measured_under() -> None:
    taints = {("phone-000000", "int8"): (LOW_BATTERY,)}
    text = answer(latencies_ns={"fp32": 20e6, "int8": 10e6}, taints=taints)
    assert text.endswith("than fp32 and 3.6× smaller, measured under LOW-BATTERY.")
    single = answer(variants=(variant("only"),), taints={("phone-000000", "only"): (LOW_BATTERY,)})
    assert single.endswith("an inference, measured under LOW-BATTERY.")


def test_one_process_of_one_variant_has_no_interval_and_says_so() -> None:
    assert "(one process) an inference" in answer(variants=(variant("only"),), rounds=1)


def test_over_phones_nothing_is_claimed_that_the_interval_does_not_say() -> None:
    text = answer(phones=tuple(phone(i) for i in range(5)), latencies_ns={"fp32": 10e6, "int8": 10e6}, seed=2)
    assert "Over 5 phones, whether int8 is faster than fp32 is undecided (geometric mean of ratios" in text


def test_virtual_phones_are_never_pooled() -> None:
    text = answer(
        phones=tuple(phone(i, virtual=True) for i in range(5)), latencies_ns={"fp32": 20e6, "int8": 10e6}
    )
    assert "Over 5 phones" not in text and "nothing can be said over phones" in text


def test_what_an_accelerator_hides_is_said_where_one_ran() -> None:
    gpu = build_table(build_report(make_run(backends=(backend(delegate="gpu"),))))
    assert any(note.startswith("gpu ran: CPU, RSS and PSS") for note in gpu.notes)
    assert not any("accelerator" in note for note in build_table(build_report(make_run())).notes)


def test_many_comparisons_are_summed_up_and_each_is_a_click_away() -> None:
    """The count by verdict, the clearest, the least sure; the page holds the others folded."""
    variants, latencies = [], {}
    for i in range(6):
        variants += [variant(f"m{i}-a", model=f"m{i}"), variant(f"m{i}-b", model=f"m{i}")]
        latencies |= {f"m{i}-a": 10e6, f"m{i}-b": 10e6 / (4 if i == 2 else 2) if i < 4 else 15e6}
    planted = {"variants": tuple(variants), "latencies_ns": latencies, "control": False}
    report = build_report(make_run(**planted))
    whole, clearest, doubt = answer_sentences(report)
    assert whole.startswith("Of 6 comparisons with a baseline (6 models on 1 phone), 4 show a faster variant, 2 ")
    assert clearest.startswith("The clearest: on OPPO A37f, m2-b is 4.0")
    assert doubt.startswith("The least sure: on OPPO A37f, ")
    details = answer_details(report)
    assert len(details) == 6 and sum("faster (" in sentence for sentence in details) == 4
    page = html(report)
    assert page.count("Each of the 6 findings") == 1 and "<li>On OPPO A37f, m3-b is 2.00× faster" in page
    assert answer_details(build_report(make_run())) == () and "Each of the" not in html(build_report(make_run()))
