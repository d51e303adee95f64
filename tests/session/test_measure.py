"""A session on real adb: what is measured, kept, pushed, and left on a phone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rig import NEW, OLD, Rig, request, variant

from devbench.domain.event import FirstNumber, JobEnded, JobStarted, PhoneEnded, PhoneStarted


def test_every_job_is_measured_on_both_ages_of_shell(rig: Rig) -> None:
    """Android 5 tells no exit codes and ends lines in CR LF; Android 8 does neither."""
    done = rig.session(request("and-gate", "two-inputs", rounds=2))
    done.assert_complete()
    assert done.outcome.counts == {"ok": 12}
    assert not done.outcome.lost
    for device in (rig.device(OLD), rig.device(NEW)):
        kinds = [type(e) for e in done.events if getattr(getattr(e, "job", e), "device", device) == device]
        assert kinds.count(JobStarted) == kinds.count(JobEnded) == 6
    assert sum(isinstance(e, PhoneStarted) for e in done.events) == 2
    assert [e.reason for e in done.events if isinstance(e, PhoneEnded)] == [None, None]
    assert {e.job.variant for e in done.events if isinstance(e, FirstNumber)} == {"and-gate", "two-inputs"}


def test_a_measurement_holds_what_a_reader_needs_to_trust_it(rig: Rig) -> None:
    done = rig.session(request("two-inputs", threads=(1,), delegates=("none",)), NEW)
    (latency,), (resources,) = done.of("two-inputs"), done.of("two-inputs", "resources")
    assert [series.phase for series in latency.series] == ["load", "first", "warmup", "steady"]
    assert len(latency.samples_ns("steady")) == 5
    assert all(ns > 0 for ns in latency.samples_ns("steady"))
    assert latency.actual is not None
    assert (latency.actual.engine, latency.actual.delegate, latency.actual.threads) == ("litert", "none", 1)
    assert latency.exit_code == 0
    assert any(word.startswith("model=/data/local/tmp/devbench/cas/") for word in latency.argv)
    for state in (latency.state_before, latency.state_after):
        assert state is not None
        assert state.battery_level_pct is not None
        assert state.mem_available_bytes is not None
    assert {"smaps_rollup", "dumpsys_meminfo"} & {name.replace("-", "_") for name in resources.scrapes}
    assert all(text.strip() for text in resources.scrapes.values())
    assert [usage.phase for usage in resources.usage] == ["load", "steady"]
    log = (done.folder.path / "logs" / f"{latency.job_id}.txt").read_text()
    assert log.startswith("# attempt 1\nargv: ")


def test_outputs_are_pulled_and_hashed(rig: Rig) -> None:
    from hashlib import sha256

    (m,) = rig.session(request("two-inputs"), OLD).of("two-inputs", "resources")
    folder = next(rig.folders.glob(f"*/outputs/{m.job_id}-1-0.bin")).parents[1]
    assert m.outputs
    for output in m.outputs:
        assert output.file is not None
        data = (folder / output.file).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (output.size_bytes, output.sha256)


def test_a_second_session_pushes_nothing(rig: Rig) -> None:
    rig.forget(NEW)
    first = rig.session(request("and-gate"), NEW)
    assert {p.what.split()[0] for p in first.pushed} == {"the", "engine", "model"}
    assert all(p.size_bytes > 0 for p in first.pushed)
    assert rig.session(request("and-gate"), NEW).pushed == []


def test_only_what_is_missing_or_damaged_travels_again(rig: Rig) -> None:
    """A file that changed on the phone is found by its hash, not by its time."""
    rig.session(request("and-gate"), NEW)
    sha256 = variant("and-gate").sha256
    rig.phone(NEW).shell(f"echo x >> /data/local/tmp/devbench/cas/{sha256}", check=True)
    assert [p.what for p in rig.session(request("and-gate"), NEW).pushed] == ["model and-gate"]


def test_the_phone_keeps_nothing_but_content(rig: Rig) -> None:
    rig.session(request("and-gate"), OLD)
    phone = rig.phone(OLD)
    assert phone.shell("ls /data/local/tmp/devbench").stdout.split() == ["cas", "jobs"]
    names = phone.shell("ls /data/local/tmp/devbench/cas").stdout.split()
    # `.seen`: that a file which the phone has elsewhere was hashed
    assert [name for name in names if len(name.removesuffix(".seen")) != 64] == []
    # a command before Android 7 sees the file of its own stderr
    first, second = (set(phone.shell("ls -a /data/local/tmp").stdout.split()) for _ in range(2))
    assert first & second == {".", "..", "devbench"}


def test_pieces_of_a_push_that_was_killed_are_removed(rig: Rig) -> None:
    rig.session(request("and-gate"), NEW)
    rig.phone(NEW).shell("echo half > /data/local/tmp/devbench/cas/abc.part", check=True)
    rig.session(request("and-gate"), NEW)
    assert ".part" not in rig.phone(NEW).shell("ls /data/local/tmp/devbench/cas").stdout


def test_forty_models_fit_through_the_short_command_line_of_an_old_adbd(rig: Rig, tmp_path: Path) -> None:
    """Before Android 7 a command has at most 4 KB."""
    import dataclasses

    from devbench.domain.device import DeviceInfo
    from devbench.runners.binaries import runner_binary
    from devbench.runners.cas import LocalFile, ensure_files, ensure_runner

    info: DeviceInfo = rig.selection(OLD).devices[0]
    binary = runner_binary(info.target)
    runner = LocalFile(
        what="r", path=binary.path, sha256=binary.sha256, size_bytes=binary.size_bytes, executable=True
    )
    files = []
    for number in range(40):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes([number]))
        from devbench.hashing import sha256_of

        files.append(LocalFile(what=f"f{number}", path=path, sha256=sha256_of(path), size_bytes=1))
    told: list[str] = []
    phone = rig.phone(OLD)
    ensure_runner(phone, runner, lambda file, s: None)
    ensure_files(phone, runner, files, lambda file, s: told.append(file.what))
    assert len(told) == 40
    ensure_files(phone, runner, files, lambda file, s: told.append(file.what))
    assert len(told) == 40
    assert dataclasses.is_dataclass(runner)


def test_input_files_and_shapes_reach_the_engine(rig: Rig, tmp_path: Path) -> None:
    import numpy as np

    from devbench.hashing import sha256_of

    both = tmp_path / "both.bin"
    both.write_bytes(np.array([[1, 1]], dtype="<f4").tobytes())
    given = {"bits": str(both)}
    asked = request("and-gate", input_files=given, input_sha256={"bits": sha256_of(both)})
    session = rig.session(asked, OLD)
    (m,) = session.of("and-gate", "resources")
    assert m.status == "ok", m.failure
    file = m.outputs[0].file
    assert file is not None
    assert np.frombuffer((session.folder.path / file).read_bytes(), "<f4")[0] > 0.5
    assert rig.session(asked, OLD).pushed == []


def test_open_dimensions_are_one_unless_given(rig: Rig) -> None:
    open_model = variant("dynamic-batch")
    name = open_model.inputs[0].name
    shape = ",".join("3" if size is None else str(size) for size in open_model.inputs[0].shape)
    for shapes, batch in (({}, 1), ({name: shape}, 3)):
        (m,) = rig.session(request(open_model, input_shapes=shapes), NEW).of("dynamic-batch", "resources")
        assert m.status == "ok", m.failure
        assert m.outputs[0].shape[0] == batch


def test_a_session_on_ready_files_loads_nothing_heavy(rig: Rig) -> None:
    """A child process runs a whole session on ready files and names the heavy modules it has loaded."""
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from pathlib import Path
from rig import Rig, request, NEW
from devbench import virtual
from devbench.adb import Server, ServerAddress
rig = Rig(home=Path({str(rig.home)!r}), server=Server(ServerAddress(port={rig.server.address.port})),
          phones={{p.name: p for p in virtual.running(home=Path({str(rig.home)!r}))}},
          folders=Path({str(rig.folders / "child")!r}))
session = rig.session(request("and-gate"), NEW)
session.assert_complete()
heavy = {{"tensorflow", "keras", "pandas", "matplotlib", "ai_edge_litert"}}
import json
print(json.dumps({{"heavy": sorted(heavy & set(sys.modules)), "pushed": [p.what for p in session.pushed]}}))
"""
    rig.session(request("and-gate"), NEW)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"heavy": [], "pushed": []}


@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_job_left_by_a_killed_devbench_is_stopped_and_cleaned(rig: Rig, name: str) -> None:
    from devbench.engines import parse_engine, resolve
    from devbench.runners.cas import CAS

    rig.session(request("and-gate"), name)
    info = rig.selection(name).devices[0]
    engine = resolve(parse_engine("litert"), info.target, cache_dir=rig.home)
    runner = next(a for a in rig.prepared(request("and-gate"), name).header.artifacts if a.role == "runner")
    job = f"{CAS}/../jobs/0123456789abcdef-1"
    start = (
        f"mkdir -p {job} && {CAS}/{runner.sha256} 1 run detach=1 out={job}/out.jsonl engine=litert delegate=none "
        f"lib={CAS}/{engine.sha256} model={CAS}/{variant('and-gate').sha256} "
        "steady_min_ms=600000 steady_max_n=1000000000"
    )
    assert '"started"' in rig.phone(name).shell(start).stdout
    assert rig.processes(name)
    rig.session(request("and-gate"), name).assert_complete()
    assert rig.processes(name) == []
    assert rig.leftovers(name) == []
