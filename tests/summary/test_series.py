"""The series key: alike for what may be compared over nights, different for what may not; free of serials."""

from dataclasses import replace

from made_runs import LOW_BATTERY, SERIAL, SERIALNO, backend, make_run, variant

from devbench.domain.phone_session import PhoneSession
from devbench.domain.run import Run
from devbench.summary import cells_of
from devbench.summary.series import SeriesKey, series_of


def key(run: Run, name: str = "fp32") -> SeriesKey:
    return series_of(run, next(c for c in cells_of(run) if c.variant.variant == name))


def session(**changes: object) -> PhoneSession:
    base = PhoneSession(device="phone-000000", started_at="", ended_at="", outcome="finished")
    return replace(base, **changes)  # type: ignore[arg-type]


def with_clocks(run: Run, *states: str | None) -> Run:
    marked = tuple(replace(m, clock_state=states[m.round % len(states)]) for m in run.measurements)
    return replace(run, measurements=marked)


def test_the_same_phone_setup_and_variant_give_the_same_text_on_another_night() -> None:
    first, second = make_run(seed=1), make_run(seed=2)
    second = replace(
        second, header=replace(second.header, run_id="another", created_at="2027-01-01T00:00:00Z")
    )
    assert key(first).text == key(second).text
    assert key(first).of("latency", "steady").text.endswith("metric=latency;phase=steady")


def test_whatever_must_not_be_mixed_makes_another_series() -> None:
    run = make_run()
    others = [
        key(run, "int8"),
        key(make_run(backends=(backend(threads=1),))),
        key(make_run(backends=(backend(engine_sha256="ee" * 32),))),
        key(make_run(backends=(backend(delegate="none"),))),
        key(make_run(profile="tail")),
        key(with_clocks(run, "locked")),
        key(with_clocks(run, "locked", "free")),
        key(replace(run, sessions=(session(taints=(LOW_BATTERY,)),))),
        key(run).of("latency", "load"),
    ]
    texts = {k.text for k in others}
    assert len(texts) == len(others) and key(run).text not in texts


def test_a_new_file_of_the_same_variant_stays_in_its_series() -> None:
    changed = replace(variant("fp32"), sha256="99" * 32, size_bytes=5)
    assert key(make_run(variants=(changed, variant("int8")))) == key(make_run())


def test_conditions_gone_on_with_stand_sorted_and_refused_ones_do_not() -> None:
    hot = replace(LOW_BATTERY, id="HOT")
    allowed = session(taints=(LOW_BATTERY, hot))
    assert key(replace(make_run(), sessions=(allowed,))).allowed == ("HOT", "LOW-BATTERY")
    refused = session(taints=(hot,), refused=("HOT",), outcome="refused")
    assert key(replace(make_run(), sessions=(refused,))).allowed == ()


def test_what_is_unknown_says_so_and_no_serial_is_told() -> None:
    found = key(make_run())
    assert found.clock_state == "unknown"
    assert SERIAL not in found.text and SERIALNO not in found.text
    assert (
        ";"
        not in key(make_run(variants=(variant("a;b=c"), variant("x"))), "a;b=c")
        .text.partition("variant=")[2]
        .partition(";inputs")[0]
    )
