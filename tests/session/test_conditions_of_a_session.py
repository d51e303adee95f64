"""What a phone is in, and what happens to it, marks its numbers: each planted fault is shown, end to end."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rig import BRIEF, NEW, SHORT_LIMITS, Rig, Session, phones_or_skip, request

from devbench.conditions import GATE_IDS
from devbench.conditions.rules import PATIENCE_S
from devbench.domain.event import Event, JobEnded, JobsAdded, JobStarted
from devbench.domain.job import Bounds, Profile
from devbench.domain.measurement import Measurement
from devbench.domain.variant import Variant
from devbench.graph.model_file import read_variant
from devbench.session import RunRequest
from devbench.summary import summarise

sys.path[:0] = [str(Path(__file__).parents[1] / "engines")]
import paced  # noqa: E402

POCO = "poco-f6"
# this computer's own state is no concern of these tests
HERE = ("BUSY", "JUST-BOOTED", "THROTTLED", "LOW-MEMORY")
STEADY = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=0, warmup_block_ms=0, steady_min_n=10, steady_min_ms=0
)


@pytest.fixture(scope="module")
def poco_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One phone with Android 14, which has a thermal service."""
    with phones_or_skip(tmp_path_factory.mktemp("poco"), (POCO,)) as rig:
        yield rig


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paced.build_paced(tmp_path_factory.mktemp("engine"))


@pytest.fixture
def phone(poco_rig: Rig) -> Iterator[Rig]:
    yield poco_rig
    poco_rig.phone(POCO).shell(
        "dumpsys battery reset; cmd thermalservice reset; settings delete global low_power; input keyevent 224"
    )
    poco_rig.mend(POCO)


def planted(folder: Path, name: str = "planted", **behaviour: object) -> Variant:
    """A model of the paced engine."""
    return read_variant(paced.write_paced(folder / f"{name}.tflite", **{"latency_us": 500, **behaviour}))


def asked(
    engine: Path, *variants: Variant, rounds: int = 1, bounds: Bounds = STEADY, max_rounds: int = 0,
    careful: bool = True, passes: tuple[str, ...] = ("latency",), allow: tuple[str, ...] = HERE, threads: int = 1,
    tweaks: tuple[str, ...] = (),
) -> RunRequest:  # fmt: skip
    profile = Profile(
        name="test", rounds=rounds, bounds=bounds, max_rounds=max_rounds, careful=careful, passes=passes
    )
    return request(
        *variants, rounds=rounds, profile=profile, allow=allow, tweaks=tweaks,
        engines=(f"tflite={engine}",), delegates=("none",), threads=(threads,),
    )  # fmt: skip


def ids(session: Session) -> list[set[str]]:
    """Taints of each measurement, without those of this computer's own state."""
    own = {*HERE, "BUSY-DURING", "NOT-READ-BACK"}
    return [{t.id for t in m.taints} - own for m in session.run.measurements]


def at_job(number: int, do: Callable[[], object], kind: type = JobStarted) -> Callable[[Event], None]:
    """Does something when the `number`th job starts, in the session's own thread: the job has not begun."""
    seen: list[Event] = []

    def look(event: Event) -> None:
        if isinstance(event, kind):
            seen.append(event)
            if len(seen) == number:
                do()

    return look


def test_a_phone_in_a_bad_condition_is_left_out_with_everything_that_needs_mending(
    phone: Rig, engine: Path, tmp_path: Path
) -> None:
    phone.phone(POCO).shell("dumpsys battery set level 12; settings put global low_power 1")
    done = phone.session(asked(engine, planted(tmp_path), rounds=2))
    assert done.statuses() == ["skipped(conditions)"] * 2
    assert done.outcome.attempted == 0
    (reason,) = done.outcome.lost.values()
    assert (
        "LOW-BATTERY" in reason
        and "BATTERY-SAVER" in reason
        and "--allow LOW-BATTERY,BATTERY-SAVER" in reason
    )
    (told,) = done.run.sessions
    assert (told.outcome, told.refused) == ("refused", ("LOW-BATTERY", "BATTERY-SAVER"))


def test_a_condition_that_is_allowed_marks_every_number(phone: Rig, engine: Path, tmp_path: Path) -> None:
    phone.phone(POCO).shell("dumpsys battery set level 12")
    done = phone.session(asked(engine, planted(tmp_path), rounds=2, allow=(*HERE, "LOW-BATTERY")))
    done.assert_complete()
    assert ids(done) == [{"LOW-BATTERY"}] * 2
    assert summarise(done.run)[0].verdict == "tainted"


def test_a_look_goes_on_whatever_it_finds(phone: Rig, engine: Path, tmp_path: Path) -> None:
    phone.phone(POCO).shell("dumpsys battery set level 12")
    done = phone.session(asked(engine, planted(tmp_path), careful=False, allow=()))
    done.assert_complete()
    assert ids(done) == [{"LOW-BATTERY"}]


def test_other_work_is_waited_for_and_then_refused_by_name(
    phone: Rig, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is shown as a countdown; here the user ends it. This computer may be busy beside."""
    monkeypatch.setitem(PATIENCE_S, "BUSY", 5.0)
    waits: list[str] = []

    def look(event: Event) -> None:
        if type(event).__name__ == "Waiting" and "BUSY" in event.reason:  # type: ignore[union-attr]
            waits.append(event.reason)  # type: ignore[union-attr]
            phone.phone(POCO).shell("kill $(cat /data/local/tmp/burner)")

    phone.phone(POCO).shell(
        "(while :; do :; done) >/dev/null 2>&1 & echo $! >/data/local/tmp/burner", check=True
    )
    allow = tuple(name for name in HERE if name != "BUSY")
    limits = dataclasses.replace(SHORT_LIMITS, look_s=1.0)
    done = phone.session(asked(engine, planted(tmp_path), allow=allow), limits=limits, on_event=look)
    assert waits and "of one core" in waits[0]
    assert set(done.statuses()) <= {"ok", "skipped(conditions)"}


def test_work_beside_a_run_is_seen(phone: Rig, engine: Path, tmp_path: Path) -> None:
    burn = "(while :; do :; done) >/dev/null 2>&1 & echo $! >/data/local/tmp/burner"
    sleepy = Bounds(warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0,
                    steady_min_n=5, steady_min_ms=1000)  # fmt: skip
    try:
        done = phone.session(
            asked(engine, planted(tmp_path, latency_us=20000, sleep=1), bounds=sleepy),
            on_event=at_job(1, lambda: phone.phone(POCO).shell(burn)),
        )
    finally:
        phone.phone(POCO).shell("kill $(cat /data/local/tmp/burner)")
    (m,) = done.run.measurements
    assert "BUSY-DURING" in {t.id for t in m.taints}


@pytest.mark.parametrize(
    ("behaviour", "threads", "found"),
    [
        ({"unpin": 1}, 1, "AFFINITY-IGNORED"),
        ({"threads_max": 1}, 4, "THREADS-DIFFER"),
    ],
)
def test_what_an_engine_does_not_honour_is_a_taint(
    phone: Rig, engine: Path, tmp_path: Path, behaviour: dict[str, object], threads: int, found: str
) -> None:
    done = phone.session(asked(engine, planted(tmp_path, **behaviour), threads=threads))
    done.assert_complete()
    assert ids(done) == [{found}]


def test_a_delegate_that_takes_nothing_in_silence_is_a_taint(
    phone: Rig, engine: Path, tmp_path: Path
) -> None:
    wanted = asked(engine, planted(tmp_path, delegate="lies"))
    wanted = dataclasses.replace(wanted, choices=dataclasses.replace(wanted.choices, delegates=("xnnpack",)))
    done = phone.session(wanted)
    assert ids(done) == [{"DELEGATE-NOT-APPLIED"}]


def test_an_early_end_is_a_failure_and_no_short_number(phone: Rig, engine: Path, tmp_path: Path) -> None:
    done = phone.session(asked(engine, planted(tmp_path, exit_at=6)))
    assert done.statuses() == ["failed(crash)"]
    assert "exit code 0, unfinished" in (done.run.measurements[0].failure or pytest.fail()).cause


def test_a_screen_that_goes_off_is_a_taint(phone: Rig, engine: Path, tmp_path: Path) -> None:
    dark = at_job(2, lambda: phone.phone(POCO).shell("input keyevent 223"))
    done = phone.session(asked(engine, planted(tmp_path), rounds=3, tweaks=("stay-awake",)), on_event=dark)
    assert ids(done)[0] == set()
    assert "SCREEN-CHANGED" in ids(done)[1]


def heat(phone: Rig, status: int) -> Callable[[], object]:
    return lambda: phone.phone(POCO).shell(f"cmd thermalservice override-status {status}")


def test_a_throttled_round_is_discarded_and_measured_again(phone: Rig, engine: Path, tmp_path: Path) -> None:
    """All jobs of that round, whole; nothing counts twice, and both attempts are kept."""
    variants = (planted(tmp_path, "a"), planted(tmp_path, "b", latency_us=700))
    hot, cool = at_job(4, heat(phone, 2)), at_job(1, heat(phone, 0), JobsAdded)

    def look(event: Event) -> None:
        hot(event)
        cool(event)

    done = phone.session(asked(engine, *variants, rounds=2), on_event=look)
    done.assert_complete()
    assert sorted(done.statuses()) == ["discarded(throttled)"] * 2 + ["ok"] * 4
    discarded = [m for m in done.run.measurements if m.status == "discarded"]
    assert {(m.round, m.attempt) for m in discarded} == {(2, 1)}
    assert all(m.samples_ns("steady") for m in discarded)
    assert {(m.round, m.attempt) for m in done.run.measurements if m.status == "ok"} == {(1, 1), (2, 2)}
    assert done.run.sessions[0].rounds_redone == 1
    assert all(
        s.verdict != "tainted" or "THROTTLED" not in {t.id for t in s.taints} for s in summarise(done.run)
    )


def test_a_phone_that_was_allowed_to_be_hot_is_measured_once(
    phone: Rig, engine: Path, tmp_path: Path
) -> None:
    heat(phone, 2)()
    done = phone.session(asked(engine, planted(tmp_path), rounds=2, allow=GATE_IDS))
    assert done.statuses() == ["ok", "ok"]
    assert all({"HOT", "THROTTLED"} <= {t.id for t in m.taints} for m in done.run.measurements)


def test_rounds_are_added_while_an_interval_is_wide(phone: Rig, engine: Path, tmp_path: Path) -> None:
    """And not more than asked for; the plan on disk grows before they are measured."""
    noisy = planted(tmp_path, "noisy", latency_us=2000, run_noise_pct=80)
    done = phone.session(asked(engine, noisy, rounds=3, max_rounds=6))
    done.assert_complete()
    assert sorted(m.round for m in done.of("noisy")) == [1, 2, 3, 4, 5, 6]
    assert [job.position for job in done.run.header.jobs] == list(range(6))
    assert done.run.sessions[0].rounds_added == 3


def test_a_slow_model_is_measured_without_a_false_taint(phone: Rig, engine: Path, tmp_path: Path) -> None:
    """600 ms an inference, by the bounds of `standard` with its waits cut to a tenth."""
    bounds = Bounds(warmup_min_ms=100, warmup_max_ms=800, warmup_block_ms=50, warmup_max_n=10,
                    steady_min_ms=200, steady_soft_ms=3000)  # fmt: skip
    done = phone.session(asked(engine, planted(tmp_path, latency_us=600_000, sleep=1), bounds=bounds))
    done.assert_complete()
    assert ids(done) == [set()]
    assert 5 <= len(done.of("planted")[0].samples_ns("steady")) <= 7


def test_marks_tell_clocks_and_heat_over_a_long_run(phone: Rig, engine: Path, tmp_path: Path) -> None:
    long = dataclasses.replace(STEADY, steady_min_ms=300, marks_ms=50)
    done = phone.session(asked(engine, planted(tmp_path), bounds=long))
    (m,) = done.run.measurements
    start, samples = next((s.start_ns, s.values_ns) for s in m.series if s.phase == "steady")
    times = [mark.t_ns for mark in m.marks]
    assert 3 <= len(times) <= 7
    assert start is not None and times == sorted(times) and times[0] > start
    assert len(samples) >= 10


def test_changed_settings_and_their_return_are_written_down(phone: Rig, engine: Path, tmp_path: Path) -> None:
    phone.phone(POCO).shell("settings put global window_animation_scale 1.5")
    during: list[str] = []
    ask = at_job(
        1,
        lambda: during.append(
            phone.phone(POCO).shell("settings get global window_animation_scale").stdout.strip()
        ),
    )
    done = phone.session(
        asked(engine, planted(tmp_path), tweaks=("animations", "fixed-performance")), on_event=ask
    )
    assert during == ["0.0"]
    assert phone.phone(POCO).shell("settings get global window_animation_scale").stdout.strip() == "1.5"
    (told,) = done.run.sessions
    assert "animations: global window_animation_scale: 1.5 → 0.0" in told.changed
    assert (told.put_back, told.differs, told.outcome) == ("host", (), "finished")
    assert done.run.measurements[0].clock_state == told.clock_state


def test_the_passes_are_processes_of_their_own_in_one_run(rig: Rig) -> None:
    """Operators with their times, memory and CPU, and latency: of the real engine."""
    profile = Profile(name="test", rounds=1, bounds=BRIEF, passes=("latency", "resources", "ops"))
    done = rig.session(request("small-cnn-fp32", profile=profile), NEW)
    done.assert_complete()
    assert [m.pass_name for m in done.run.measurements] == ["resources", "ops", "latency"]
    ops: Measurement = done.of("small-cnn-fp32", "ops")[0]
    assert {op.type for op in ops.ops} and any(op.delegate == "xnnpack" for op in ops.ops)
    assert len({m.argv for m in done.run.measurements}) == 3


def test_a_run_that_was_stopped_goes_on_with_its_added_rounds(
    phone: Rig, engine: Path, tmp_path: Path
) -> None:
    """What was added stands in run.json before it is measured."""
    noisy = planted(tmp_path, "noisy", run_noise_pct=80)
    stop = threading.Event()

    def pull(event: Event) -> None:
        if isinstance(event, JobsAdded) and not stop.is_set():
            stop.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        phone.session(asked(engine, noisy, rounds=3, max_rounds=5), on_event=pull)
    folder = max(phone.folders.iterdir())
    from devbench.store import RunFolder

    left = RunFolder(folder)
    assert len(left.read().header.jobs) == 5
    phone.resumed(left).assert_complete()


def test_events_of_jobs_and_rounds_add_up(phone: Rig, engine: Path, tmp_path: Path) -> None:
    """A progress bar that counts started + added jobs ends at its end."""
    done = phone.session(asked(engine, planted(tmp_path, run_noise_pct=80), rounds=3, max_rounds=5))
    planned = next(e.jobs for e in done.events if type(e).__name__ == "PhoneStarted")
    added = sum(e.jobs for e in done.events if isinstance(e, JobsAdded))
    assert planned + added == sum(isinstance(e, JobEnded) for e in done.events)
