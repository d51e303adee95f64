"""TFLite's benchmark app: installed, started by `am`, and read from Android's log, whatever else stands in that."""

from __future__ import annotations

import platform
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import LATENCY, NEW, OLD, Rig, request
from stock import assert_average, build_stand_in, model_in, only, stock_tool

from devbench import apk
from devbench.apk.archive import stored
from devbench.apk.binary_xml import Element, encode
from devbench.apk.sign import signed_apk
from devbench.domain.variant import Variant
from devbench.runners.app_package import apk_abi
from devbench.runners.binaries import build_app
from devbench.runners.stock_app import PACKAGE, AppLog, app_help
from devbench.summary import setup_words, summarise
from devbench.summary.modes import mode_costs

ABI = apk_abi(platform.machine())
LIBRARY = "libtensorflowlite_benchmark.so"


def benchmark_apk(path: Path, library: bytes, *, abi: str = ABI, key: apk.SigningKey | None = None) -> Path:
    """An APK of the tool's package for one ABI, as bazel builds it, with a library of ours."""
    activity = Element(tag="activity", android={"name": f"{PACKAGE}.BenchmarkModelActivity", "exported": True})
    manifest = Element(
        tag="manifest",
        plain={"package": PACKAGE},
        android={"versionCode": 1, "versionName": "1"},
        children=(
            Element(tag="uses-sdk", android={"minSdkVersion": 21, "targetSdkVersion": 21}),
            Element(tag="application", children=(activity,)),
        ),
    )
    entries = (stored("AndroidManifest.xml", encode(manifest)), stored(f"lib/{abi}/{LIBRARY}", library))
    path.write_bytes(signed_apk(entries, key or apk.test_key()))
    return path


def damaged_manifest(path: Path) -> None:
    """A string pool that is cut behind its head."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("AndroidManifest.xml", bytes(8) + struct.pack("<HHI", 1, 28, 28))


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The word of --runner for an app that prints an era."""
    folder = tmp_path_factory.mktemp("apps")
    program = build_stand_in(folder)

    def word(era: str) -> str:
        tool = stock_tool(program, era, folder)
        return f"benchmark_model={benchmark_apk(folder / f'{era}.apk', tool.read_bytes())}"

    return word


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Variant]:
    return model_in(tmp_path)


@pytest.mark.parametrize(("era", "phone"), [("l-e4", OLD), ("l-e4", NEW), ("l-e6", OLD), ("l-e8", NEW)])
def test_an_app_of_any_era_gives_its_average_as_one_value(
    rig: Rig, app: Callable[[str], str], model: Callable[..., Variant], era: str, phone: str
) -> None:
    asked = request(model(latency_us=300), runners=(app(era),), threads=(2,))
    session = rig.session(asked, phone)
    session.assert_complete()
    found = only(session)
    told = assert_average(found, least_ns=300_000)
    assert found.actual is not None
    assert (told.tool, found.actual.delegate, found.actual.threads) == ("L", "xnnpack", 2)
    assert found.exit_code is None and found.usage == ()
    (cell,) = [row.cell for row in summarise(session.run)]
    assert cell.backend.is_app and setup_words(cell)["runner"] == "benchmark_model, app (simulated)"
    assert rig.phone(phone).shell(f"pm path {PACKAGE}").stdout.startswith("package:")


def test_the_program_and_the_app_are_rows_of_their_own(
    rig: Rig, app: Callable[[str], str], model: Callable[..., Variant], tmp_path: Path
) -> None:
    """The same tool, started by a shell and by Android: two engines of one runner, by their hashes."""
    (tmp_path / "tools").mkdir()
    program = stock_tool(build_stand_in(tmp_path), "l-e6", tmp_path / "tools")
    words = ("native", f"benchmark_model={program}", app("l-e6"))
    session = rig.session(request(model(latency_us=300), runners=words, profile=LATENCY), NEW)
    session.assert_complete()
    rows = summarise(session.run)
    versions = [str(row.cell.backend.engine_version) for row in rows if row.cell.runner == "benchmark_model"]
    assert sorted(version.startswith("app-") for version in versions) == [False, True]
    modes = {cost.mode for cost in mode_costs(rows)}
    assert modes == {"native", *(f"benchmark_model {version}" for version in versions)}


def test_lines_of_other_processes_are_no_part_of_it(
    rig: Rig, app: Callable[[str], str], model: Callable[..., Variant]
) -> None:
    """Any app may write under the tag `tflite`; an earlier start may have written the very same lines."""
    phone = rig.phone(NEW)
    phone.shell("log -t tflite 'Inference timings in us: Init: 1, Warmup (avg): 1, Inference (avg): 1'")
    rig.session(request(model(latency_us=9000), runners=(app("l-e6"),), profile=LATENCY), NEW)
    found = only(rig.session(request(model(latency_us=300), runners=(app("l-e6"),), profile=LATENCY), NEW))
    assert found.told is not None and 300_000 <= found.told.avg_ns < 9_000_000


def test_a_lost_connection_loses_no_start(
    rig: Rig, app: Callable[[str], str], model: Callable[..., Variant]
) -> None:
    """The log is read again from its beginning, each line once."""
    with rig.faults(NEW, "drop:after=8"):
        session = rig.session(request(model(latency_us=20_000), runners=(app("l-e6"),)), NEW)
    session.assert_complete()


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        ({"silent": 1, "signal": 11}, "crash", "SIGSEGV"),
        ({"silent": 1, "silence_s": 60}, "unparsed", "no line sums the run up"),
        ({"fail": 1}, "unparsed", "the tool failed"),
    ],
)
def test_a_start_without_a_whole_summary_is_a_failure(
    rig: Rig, app: Callable[[str], str], model: Callable[..., Variant], behaviour: dict[str, object], kind: str,
    words: str,
) -> None:  # fmt: skip
    """Whether its process is gone, or rests and says nothing more."""
    found = only(rig.session(request(model(**behaviour), runners=(app("l-e6"),), profile=LATENCY), NEW))
    assert (found.status, found.series) == ("failed", ())
    assert found.failure is not None and found.failure.kind == kind and words in found.failure.cause


def test_flags_are_those_that_the_apps_library_names(app: Callable[[str], str], tmp_path: Path) -> None:
    """It has no `--help`; a library that names none forbids nothing."""
    library = b"\0graph\0max_num_runs\0use_gpu\0warmup_min_secs\0use_nnapi_not\0"
    told = app_help(benchmark_apk(tmp_path / "a.apk", library), ABI)
    assert told.tool == "L" and told.flags == {"graph", "num_runs", "use_gpu", "min_secs", "warmup_min_secs"}
    assert app_help(benchmark_apk(tmp_path / "b.apk", b"\0nothing\0"), ABI).flags == frozenset()


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda path: path.write_bytes(b"PK\3\4 no archive"), "not-installed", "is no APK"),
        (damaged_manifest, "not-installed", "is no APK"),
        (lambda path: path.write_bytes(build_app(())), "not-installed", "is the app dev.devbench.runner"),
        (lambda path: benchmark_apk(path, b"\x7fELF", abi="mips"), "abi", "is built for mips"),
    ],
)  # fmt: skip
def test_what_is_no_app_for_this_phone_is_refused_before_anything_is_pushed(
    rig: Rig, model: Callable[..., Variant], tmp_path: Path, make: Callable[[Path], object], kind: str, words: str
) -> None:
    make(tmp_path / "tool.apk")
    asked = request(model(), runners=("native", f"benchmark_model={tmp_path / 'tool.apk'}"))
    session = rig.session(asked, NEW)
    (found,) = [m for m in session.run.measurements if (m.runner, m.pass_name) == ("benchmark_model", "latency")]
    assert found.status == "skipped"
    assert found.failure is not None and found.failure.kind == kind and words in found.failure.cause
    assert not [pushed for pushed in session.pushed if "benchmark_model" in pushed.what]


def test_an_app_that_a_virtual_phone_has_no_stand_in_for_says_so(
    rig: Rig, model: Callable[..., Variant], tmp_path: Path
) -> None:
    """A real APK's library needs Android's virtual machine: no number, and the phone's own words."""
    real = benchmark_apk(tmp_path / "real.apk", b"\x7fELF a library of Android")
    found = only(rig.session(request(model(), runners=(f"benchmark_model={real}",)), NEW))
    assert found.failure is not None and found.failure.kind == "not-installed"
    assert "no virtual machine" in found.failure.cause


def test_a_line_of_the_log_belongs_to_the_process_that_named_the_nonce() -> None:
    log = AppLog(nonce="n-1")
    entry = "11-20 10:00:00.123  {0}  {0} I {1:<8}: {2}"
    summary = entry.format(8, "tflite", "Inference timings in us: Init: 2")
    assert not log.take(entry.format(7, "tflite", "Loaded model /m"))
    assert log.take(entry.format(8, "tflite_BenchmarkModelActivity", "… args: --benchmark_name=n-1"))
    assert not log.take(entry.format(7, "tflite", "Inference timings in us: Init: 1"))
    assert log.take(summary)
    assert (log.pid, log.summed, log.lines) == (8, True, [summary])
