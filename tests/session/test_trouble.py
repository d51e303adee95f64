"""What goes wrong with phones: nothing measured is lost, the sweep goes on, and each failure has its name."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import JOBS, LONG, MODELS, NEW, OLD, SHORT_LIMITS, Rig, request, variant

from devbench import virtual
from devbench.domain.event import Event, FirstNumber, JobEnded, JobStarted, PhoneEnded
from devbench.domain.variant import Variant
from devbench.runners.base import Limits

QUICK_TO_GIVE_UP = Limits(silence_s=4.0, start_s=4.0, back_within_s=0.5)


def when(
    kind: type, number: int, do: Callable[[], None], *, pass_name: str | None = None
) -> Callable[[Event], None]:
    """Calls `do` once, in a thread of its own, at the `number`th event of that kind."""
    seen: list[Event] = []

    def look(event: Event) -> None:
        if isinstance(event, kind) and pass_name in (None, event.job.pass_name):  # type: ignore[attr-defined]
            seen.append(event)
            if len(seen) == number:
                threading.Thread(target=do).start()

    return look


@pytest.mark.parametrize("name", [OLD, NEW])
@pytest.mark.parametrize("pass_name", ["latency", "resources"])
def test_a_cable_pulled_and_back_in_mid_job_loses_nothing(rig: Rig, name: str, pass_name: str) -> None:
    """The job goes on without us; its samples are complete, none twice, and nothing is measured again."""
    pull = when(
        JobStarted, 1, lambda: virtual.set_faults(name, ["drop:after=1"], home=rig.home), pass_name=pass_name
    )
    done = rig.session(request("and-gate", bounds=LONG), name, on_event=pull)
    done.assert_complete()
    assert done.statuses() == ["ok", "ok"]
    (m,) = done.of("and-gate", pass_name)
    counts = [line for line in (done.folder.path / "logs" / f"{m.job_id}.txt").read_text().splitlines()
              if '"event": "end"' in line]  # fmt: skip
    assert f'"steady": {len(m.samples_ns("steady"))}' in counts[0]
    if pass_name == "resources":
        assert all(m.scrapes.values())


@pytest.mark.parametrize("after", [2, 3, 5, 8])
def test_a_cable_pulled_at_any_command_costs_nothing(rig: Rig, after: int) -> None:
    """Setting up, hashing, reading a state, fetching outputs: all may be done twice."""
    rig.forget(NEW)
    with rig.faults(NEW, f"drop:after={after},times=3"):
        done = rig.session(request("and-gate"), NEW)
    done.assert_complete()
    assert done.statuses() == ["ok", "ok"]


def test_a_phone_that_is_gone_for_good_leaves_the_others_to_finish(rig: Rig) -> None:
    """Its running job is discarded, the rest skipped, and --resume does all of them."""
    vanish = when(
        JobStarted, 2, lambda: virtual.set_faults(OLD, ["offline"], home=rig.home), pass_name="latency"
    )
    lost_device, other = rig.device(OLD), rig.device(NEW)

    def only_old(event: Event) -> None:
        if not isinstance(event, JobStarted) or event.job.device == lost_device:
            vanish(event)

    done = rig.session(
        request("and-gate", rounds=4, bounds=LONG), on_event=only_old,
        limits=dataclasses.replace(SHORT_LIMITS, back_within_s=2.0),
    )  # fmt: skip
    assert done.statuses(other) == ["ok"] * 5
    assert done.statuses(lost_device) == ["ok", "ok", "discarded(offline)", *["skipped(offline)"] * 2]
    assert list(done.outcome.lost) == [lost_device]
    assert lost_device in [e.device for e in done.events if isinstance(e, PhoneEnded) and e.reason]
    rig.mend(OLD)
    again = rig.resumed(done.folder)
    again.assert_complete()
    assert again.outcome.counts == {"ok": 3}
    assert {e.job.device for e in again.events if isinstance(e, JobStarted)} == {lost_device}


def test_a_phone_that_loses_its_authorisation_needs_a_person(rig: Rig) -> None:
    virtual.set_faults(NEW, ["unauthorized"], home=rig.home)
    from devbench.errors import NoUsableDevice

    with pytest.raises(NoUsableDevice) as caught:
        wait_for_state(rig, NEW, "unauthorized")
        rig.prepared(request("and-gate"), NEW)
    text = str(caught.value)
    for part in (rig.phones[NEW].serial, "[unauthorized]", "Allow USB debugging", "--device virtual"):
        assert part in text


def wait_for_state(rig: Rig, name: str, state: str) -> None:
    serial = rig.phones[name].serial
    end_s = time.monotonic() + 20
    while (serial, state) not in [(t.serial, t.state) for t in rig.server.transports()]:
        assert time.monotonic() < end_s


def test_a_full_phone_says_what_did_not_fit(rig: Rig) -> None:
    rig.forget(NEW)
    with rig.faults(NEW, "disk-full:bytes=200000"):
        done = rig.session(request("and-gate"), NEW)
    assert done.statuses() == ["skipped(disk-full)"] * 2
    assert done.outcome.attempted == 0
    (reason,) = done.outcome.lost.values()
    assert "no room for engine litert" in reason
    assert rig.phones[NEW].serial in reason
    failure = done.run.measurements[0].failure
    assert failure is not None
    assert "rm -r /data/local/tmp/devbench" in failure.fix


def test_a_phone_that_executes_nothing_says_so(rig: Rig) -> None:
    rig.forget(NEW)
    with rig.faults(NEW, "noexec"):
        done = rig.session(request("and-gate"), NEW)
    assert done.statuses() == ["skipped(not-executable)"] * 2
    (reason,) = done.outcome.lost.values()
    assert "Permission denied" in reason
    assert "mount" in (done.run.measurements[0].failure or pytest.fail("no failure")).fix


def test_a_hanging_job_is_stopped_and_its_cell_not_tried_again(rig: Rig, tmp_path: Path) -> None:
    """The next cell is measured; a hang would cost its time in every round."""
    done = rig.session(request("and-gate", "two-inputs", rounds=2, delegates=("xnnpack",)), NEW,
                       limits=QUICK_TO_GIVE_UP, on_event=None)  # fmt: skip
    done.assert_complete()
    with rig.faults(NEW, f"hang:match=run.*{variant('and-gate').sha256}"):
        done = rig.session(request("and-gate", "two-inputs", rounds=2), NEW, limits=QUICK_TO_GIVE_UP)
    by_variant = {
        name: [s for m, s in zip(done.run.measurements, done.statuses(), strict=True) if m.variant == name]
        for name in ("and-gate", "two-inputs")
    }
    assert by_variant == {
        "and-gate": ["failed(timeout)", *["skipped(timeout)"] * 2],
        "two-inputs": ["ok"] * 3,
    }
    failure = next(m.failure for m in done.run.measurements if m.failure)
    assert "no line for 4 s" in failure.cause
    assert "--max-silence" in failure.fix


def test_dumpsys_that_hangs_costs_its_values_only(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system server of a sick phone hangs; measuring does not need it."""
    from devbench.conditions import look
    from devbench.runners import native

    monkeypatch.setattr(sys.modules[look.__module__], "DEADLINE_S", 0.7)
    monkeypatch.setattr(native, "STATE_DEADLINE_S", 0.7)
    monkeypatch.setattr(native, "SCRAPE_DEADLINE_S", 0.7)
    with rig.faults(NEW, "hang:match=dumpsys"):
        done = rig.session(request("and-gate"), NEW)
    done.assert_complete()
    (m,) = done.of("and-gate")
    assert m.state_before is not None
    assert m.state_before.battery_level_pct is None
    assert m.state_before.missing["battery_level_pct"]
    assert m.state_before.mem_available_bytes is not None


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_linker_or_driver_that_babbles_changes_nothing(rig: Rig, name: str) -> None:
    with rig.faults(name, "garbage"):
        done = rig.session(request("and-gate"), name)
    done.assert_complete()


def test_a_model_that_the_engine_refuses_is_a_result(rig: Rig, tmp_path: Path) -> None:
    """It fails with its kind, is told once a round, and the other models are measured."""
    bad = refused_model(tmp_path)
    done = rig.session(request(bad, "and-gate", rounds=2), NEW)
    assert [m.status for m in done.of("and-gate")] == ["ok", "ok"]
    failures = [m.failure for m in done.run.measurements if m.variant == bad.variant]
    assert {f.kind for f in failures if f} == {"unsupported-op"}
    assert len(failures) == 3
    assert all(f and f.cause and f.fix for f in failures)
    again = rig.resumed(done.folder, NEW)
    assert again.outcome.counts == {"failed": 3}
    assert {m.attempt for m in again.run.measurements if m.variant == bad.variant} == {1, 2}


def refused_model(folder: Path) -> Variant:
    """A whole model whose only operator no engine has."""
    from made_models import write_unknown_operator

    from devbench.graph.model_file import read_variant

    return read_variant(write_unknown_operator(folder / "dance.tflite"))


def test_a_model_that_changed_after_it_was_planned_is_named(rig: Rig, tmp_path: Path) -> None:
    """The phone gets the bytes that were planned, or the run says that the file changed; others are measured."""
    path = tmp_path / "m.tflite"
    path.write_bytes((MODELS / "two-inputs.tflite").read_bytes())
    from devbench.graph.model_file import read_variant

    rig.forget(NEW)
    planned = read_variant(path)
    prepared = rig.prepared(request(planned, "and-gate"), NEW)
    os.truncate(path, 100)
    from devbench import store

    folder = store.create(rig.folders, f"cut-{tmp_path.name}")
    folder.write_header(prepared.header)
    done = rig.go(prepared, folder)
    changed = {m.variant: m.failure for m in done.run.measurements if m.status == "skipped"}
    assert list(changed) == ["m"]
    assert "m.tflite has changed since the run was planned" in (changed["m"] or pytest.fail("no failure")).cause
    assert [m.status for m in done.of("and-gate")] == ["ok"]
    assert done.outcome.lost == {}


def test_a_process_killed_in_mid_job_is_told_with_its_signal(rig: Rig) -> None:
    """As by Android's low-memory killer; the next job is measured."""
    phone = rig.phone(NEW)

    def kill() -> None:
        # the pid that the measuring process says of itself
        while (said := re.search(r'"pid":(\d+)', phone.shell(f"cat {JOBS}/*/out.jsonl").stdout)) is None:
            pass
        phone.shell(f"kill -9 {said[1]}", check=True)

    done = rig.session(
        request("and-gate", bounds=LONG, rounds=2),
        NEW,
        on_event=when(JobStarted, 1, kill, pass_name="latency"),
    )
    assert done.statuses() == ["ok", "failed(killed)", "ok"]
    (failed, _) = done.of("and-gate")
    assert (failed.signal, failed.exit_code) == (9, None)
    assert failed.samples_ns("load"), "what was measured before is kept"


def test_first_numbers_come_while_measuring(rig: Rig) -> None:
    done = rig.session(request("and-gate"), NEW)
    kinds = [type(event) for event in done.events]
    assert kinds.index(FirstNumber) < kinds.index(JobEnded)
