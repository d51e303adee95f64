"""The app's modes on virtual phones: real `pm install` of the real APK, `am start`, the same core, modes apart."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from rig import BRIEF, LATENCY, LONG, NEW, OLD, SHORT_LIMITS, Rig, Session, request

from devbench import virtual
from devbench.adb.sync import push
from devbench.domain.event import Event, JobStarted
from devbench.domain.measurement import Measurement
from devbench.graph.model_file import read_variant
from devbench.reports import build_report
from devbench.reports.pictures.modes import PICTURE
from devbench.reports.suite_tables import suite_tables
from devbench.runners.app_package import PACKAGE
from devbench.runners.binaries import build_app
from devbench.summary import setup_words, summarise

from ..engines.paced import build_paced, write_paced

MODES = ("native", "apk", "apk-background", "app_process")
FILES = f"/sdcard/Android/data/{PACKAGE}/files"


def app_lines(session: Session, measurement: Measurement) -> list[dict[str, object]]:
    """What the app said of itself, out of the job's log."""
    text = (session.folder.path / "logs" / f"{measurement.job_id}.txt").read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"event": "app"')]


def forget_app(rig: Rig, name: str) -> None:
    rig.phone(name).shell(f"pm uninstall {PACKAGE}; rm -r {FILES}")


@pytest.fixture(scope="module")
def modes(shared_rig: Rig) -> Session:
    """One run of four modes on both phones, of which one has the shell of Android 5."""
    return shared_rig.session(request("two-inputs", runners=MODES, bounds=BRIEF), OLD, NEW)


def test_four_modes_are_measured_in_one_run(modes: Session) -> None:
    modes.assert_complete()
    assert set(modes.statuses()) == {"ok"}
    for m in modes.run.measurements:
        said = [line["mode"] for line in app_lines(modes, m)]
        expected = {"apk": ["foreground"], "apk-background": ["background"], "app_process": ["app_process"]}
        assert said == expected.get(m.runner, []), m.runner
        assert m.exit_code == 0 and m.actual is not None and m.actual.threads is not None


def test_modes_are_never_pooled(modes: Session) -> None:
    rows = summarise(modes.run)
    assert sorted((row.cell.device.device, row.cell.runner) for row in rows) == sorted(
        (device.device, mode) for device in modes.run.header.devices for mode in MODES
    )


def test_every_mode_computes_the_same(modes: Session) -> None:
    """Outputs are fetched from where the app may write, too."""
    hashes = {
        tuple(output.sha256 for output in m.outputs) for m in modes.run.measurements if m.pass_name == "resources"
    }
    assert len(hashes) == 1
    files = [output.file for m in modes.run.measurements for output in m.outputs if m.pass_name == "resources"]
    assert files and all(file is not None and (modes.folder.path / file).is_file() for file in files)


def test_the_rows_say_that_the_app_was_simulated(modes: Session) -> None:
    """By what the phone declares: a real phone's rows do not."""
    cells = {row.cell.runner: row.cell for row in summarise(modes.run)}
    assert setup_words(cells["apk"])["runner"] == "apk, app (simulated)"
    assert setup_words(cells["native"])["runner"] == "native"
    real = dataclasses.replace(cells["apk"], device=dataclasses.replace(cells["apk"].device, simulated=()))
    assert setup_words(real)["runner"] == "apk"


def test_the_report_compares_the_modes(modes: Session) -> None:
    """Against `native` on the same phone, each with its own value; and it is drawn."""
    report = build_report(modes.run)
    head, *rows = PICTURE.rows(report)
    assert head == ("variant", "device", "mode", "steady_ns", "against", "delta_pct")
    assert [row[2] for row in rows] == [*MODES, *MODES]
    for row in rows:
        base = next(other for other in rows if (other[1], other[2]) == (row[1], "native"))
        assert row[5] == pytest.approx(100 * (float(str(row[3])) / float(str(base[3])) - 1))
    tables = [view for view in suite_tables(report) if view.title.startswith("What the way of running costs")]
    assert len(tables) == 2 and [row[1].partition(",")[0] for row in tables[0].rows] == list(MODES)
    assert [drawing.draw() is not None for drawing in PICTURE.drawings(report)] == [True, True]


def test_the_app_that_is_there_is_not_installed_again(rig: Rig, modes: Session) -> None:
    again = rig.session(request("two-inputs", runners=("apk",)), NEW)
    again.assert_complete()
    assert [event.what for event in again.pushed if "app" in event.what] == []


def test_another_engine_or_key_replaces_the_app(rig: Rig, tmp_path: Path) -> None:
    """An app of the same name and another key is refused by Android; ours replaces it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    (tmp_path / "both.pem").write_text(key.read_text() + cert.read_text())
    (tmp_path / "other.apk").write_bytes(build_app(key=tmp_path / "both.pem"))
    phone = rig.phone(NEW)
    phone.shell(f"pm uninstall {PACKAGE}")
    push(phone, tmp_path / "other.apk", "/data/local/tmp/other.apk")
    assert "Success" in phone.shell("pm install -r /data/local/tmp/other.apk; rm /data/local/tmp/other.apk").stdout
    done = rig.session(request("and-gate", runners=("apk",)), NEW)
    done.assert_complete()


def test_a_phone_that_installs_nothing_fails_these_jobs_only(rig: Rig) -> None:
    """The phone's word is in the cause; native goes on."""
    forget_app(rig, NEW)
    place = rig.phones[NEW].root / "data" / "app"
    place.chmod(0)
    try:
        done = rig.session(request("and-gate", runners=("native", "apk")), NEW)
    finally:
        place.chmod(0o771)
    assert {m.runner: m.status for m in done.run.measurements} == {"native": "ok", "apk": "failed"}
    failed = [m.failure for m in done.run.measurements if m.runner == "apk"]
    assert {f.kind for f in failed if f} == {"not-installed"}
    assert all(f is not None and "INSTALL_" in f.cause and f.fix for f in failed)


def test_a_cable_pulled_in_mid_job_loses_nothing(rig: Rig) -> None:
    """The app goes on without us; its file is read on from where we were."""
    pulled = []

    def pull(event: Event) -> None:
        if isinstance(event, JobStarted) and event.job.pass_name == "latency" and not pulled:
            pulled.append(event)
            virtual.set_faults(NEW, ["drop:after=2"], home=rig.home)

    done = rig.session(request("and-gate", bounds=LONG, runners=("apk",)), NEW, on_event=pull)
    done.assert_complete()
    assert done.statuses() == ["ok", "ok"] and pulled


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"tflite@2.16.1={build_paced(tmp_path_factory.mktemp('engine'))}"


def test_an_app_that_falls_silent_is_stopped(rig: Rig, tmp_path: Path, engine: str) -> None:
    """`am force-stop` ends it: no process and no file of it is left."""
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=1000, hang_at=4))
    impatient = dataclasses.replace(SHORT_LIMITS, silence_s=2.0, start_s=2.0)
    done = rig.session(request(model, runners=("apk",), engines=(engine,)), NEW, limits=impatient)
    assert done.statuses() == ["failed(timeout)", "skipped(timeout)"]
    assert rig.processes(NEW) == []
    assert rig.phone(NEW).shell(f"ls {FILES}").stdout.split() == []


def test_a_crash_in_the_app_is_a_result(rig: Rig, tmp_path: Path, engine: str) -> None:
    """There is no supervisor: that the process is gone is seen, and the phone's log says why."""
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=10, crash_at=3))
    done = rig.session(request(model, runners=("apk",), engines=(engine,), profile=LATENCY), NEW)
    assert [status.partition("(")[0] for status in done.statuses()] == ["failed"]
    failure = done.of("paced")[0].failure
    assert failure is not None and failure.kind == "crash" and "SIGSEGV" in failure.cause


def test_a_plan_too_long_for_a_command_line_goes_as_a_file(rig: Rig) -> None:
    """As many shapes as a model may have inputs; `loaded` shows that they arrived."""
    shapes = {f"unused-{number}-{'x' * 60}": "1" for number in range(40)}
    done = rig.session(request("and-gate", runners=("apk",), input_shapes=shapes), OLD)
    (m, *_) = done.run.measurements
    assert "plan_file" in m.argv
    # the core was started with all of them, and says that the model has no such inputs
    assert m.failure is not None and "unused-0" in m.failure.cause


def test_where_the_shell_may_not_read_the_apps_files_the_log_is_read(rig: Rig) -> None:
    """The first job finds out; both are whole, samples and all."""
    with rig.faults(NEW, "app-files-private"):
        done = rig.session(request("and-gate", runners=("apk",)), NEW)
    done.assert_complete()
    assert all(len(m.samples_ns("steady")) >= 5 for m in done.of("and-gate"))


def test_the_screen_that_the_app_lights_is_no_change_of_conditions(rig: Rig) -> None:
    """It is lit before the first look, so modes beside the app see the same screen as the app."""
    rig.phone(NEW).shell("input keyevent 223")
    done = rig.session(request("and-gate", runners=("native", "apk")), NEW)
    done.assert_complete()
    ids = {taint.id for m in done.run.measurements for taint in m.taints}
    assert not ids & {"SCREEN-CHANGED", "SCREEN-OFF", "SCREEN-LOCKED"}
    assert all(m.state_before and m.state_before.screen_on for m in done.run.measurements)
