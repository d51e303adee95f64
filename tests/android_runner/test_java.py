"""The app's Java: its dex is what the sources give, it uses nothing newer than Android 5, it runs the C core."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .conftest import MODELS, ROOT, Ended, Runner, read_lines
from .test_golden import golden, shapes

PREBUILT = ROOT / "android-runner" / "prebuilt"
# what the app may use of Java's own classes: checked against the signatures of API 21 when a line was added
ALLOWED = ROOT / "android-runner" / "java" / "api21.txt"
SNIFFER = ("org.codehaus.mojo:animal-sniffer:1.23", "org.ow2.asm:asm:9.4")
API_21 = "net.sf.androidscents.signature:android-api-level-21:5.0.1_r2"


def load_build_java() -> ModuleType:
    spec = importlib.util.spec_from_file_location("java_build", ROOT / "android-runner" / "build_java.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build_java() -> ModuleType:
    module = load_build_java()
    if module.javac_version() != module.JDK:
        pytest.skip(f"JDK {module.JDK} is not installed")
    return module


@pytest.fixture(scope="session")
def classes(build_java: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's classes, compiled against the stubs, warnings being errors."""
    folder = tmp_path_factory.mktemp("java")
    build_java.compile_java(build_java.STUBS, folder / "stubs", against=None)
    build_java.compile_java(build_java.JAVA, folder / "classes", against=folder / "stubs")
    return folder / "classes"


def test_the_dex_has_the_hash_beside_it() -> None:
    written = (PREBUILT / "classes.dex.sha256").read_text().split()[0]
    assert hashlib.sha256((PREBUILT / "classes.dex").read_bytes()).hexdigest() == written


def test_the_dex_is_what_the_sources_give(build_java: ModuleType, tmp_path: Path) -> None:
    """Byte for byte; dx is fetched by its coordinates where it is not there yet."""
    try:
        dx = build_java.find_tool(build_java.DX)
    except build_java.BuildError as error:
        pytest.skip(str(error))
    build_java.build(tmp_path / "classes.dex", dx)
    assert (tmp_path / "classes.dex").read_bytes() == (PREBUILT / "classes.dex").read_bytes()


def test_a_class_with_a_warning_is_not_built(build_java: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "A.java"
    source.write_text("class A { java.util.List raw; }\n")
    with pytest.raises(build_java.BuildError, match="rawtypes"):
        build_java.compile_java(tmp_path, tmp_path / "out", against=None)


def used_members(classes: Path) -> set[str]:
    """`java/io/File.getName:()Ljava/lang/String;` for all that the classes use of packages other than their own."""
    files = [str(path) for path in classes.rglob("*.class")]
    text = subprocess.run(["javap", "-v", "-p", *files], capture_output=True, text=True, check=True).stdout
    pattern = r"= (?:Interface)?(?:Method|Field)ref +\S+ +// +(\S+)"
    members = {found.replace('"', "") for found in re.findall(pattern, text)}
    return {member for member in members if member.startswith("java/")}


def test_nothing_of_java_is_used_that_android_5_lacks(classes: Path) -> None:
    """Android's own classes are those of stubs/android. A new line in api21.txt needs a look at API 21's list."""
    assert used_members(classes) == set(ALLOWED.read_text().split())


def test_the_list_of_allowed_members_agrees_with_the_signatures_of_api_21(
    build_java: ModuleType, classes: Path, tmp_path: Path
) -> None:
    """By animal-sniffer, fetched by its coordinates where it is not there yet."""
    try:
        jars = [build_java.find_tool(coordinates) for coordinates in SNIFFER]
        signature = build_java.find_tool(API_21, "signature")
    except build_java.BuildError as error:
        pytest.skip(str(error))
    path = ":".join(map(str, jars))
    source = Path(__file__).with_name("Sniff.java")
    subprocess.run(["javac", "-cp", path, "-d", tmp_path, source], check=True)
    done = subprocess.run(
        ["java", "-cp", f"{path}:{tmp_path}", "Sniff", signature, classes], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def java(classes: Path, *words: object) -> Ended:
    command = ["java", "-cp", str(classes), "dev.devbench.runner.Main", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return Ended(code=done.returncode, events=read_lines(done.stdout), stderr=done.stderr)


@pytest.fixture(scope="session")
def library(build: ModuleType, runner: Runner) -> Path:
    """The C core as a library for the virtual machine of this computer."""
    return Path(build.DEFAULT_OUT / f"linux-{platform.machine()}" / "libdevbench_runner.so")


def test_a_virtual_machine_gives_the_golden_lines_of_the_program(
    classes: Path, runner: Runner, library: Path, tmp_path: Path
) -> None:
    """The same core: behind the line of the app itself come the same keys, types and order."""
    ended = java(classes, f"lib={library}", "1", "run", *runner.keys(MODELS / "two-inputs.tflite", threads=2),
                 f"outputs={tmp_path / 'outputs'}", f"err={tmp_path / 'err'}", "nonce=n")  # fmt: skip
    app, *rest = ended.events
    assert ended.code == 0
    assert app["event"] == "app" and app["mode"] == "app_process" and app["pid"] == ended.one("hello")["pid"]
    assert shapes(rest) == shapes(golden("run_ok.jsonl"))


def test_threads_of_the_virtual_machine_are_not_counted(classes: Path, runner: Runner, library: Path) -> None:
    """A JVM has a dozen of its own: what is read back are the engine's."""
    ended = java(classes, f"lib={library}", "1", "run", *runner.keys(MODELS / "small-cnn-fp32.tflite", threads=1))
    assert ended.one("readback")["threads"] == 1


def test_the_pinned_cpus_are_those_of_the_measuring_thread(classes: Path, runner: Runner, library: Path) -> None:
    """The main thread of a virtual machine is another one, and is not pinned."""
    ended = java(classes, f"lib={library}", "1", "run", *runner.keys(MODELS / "and-gate.tflite", cpu_mask="1"))
    assert ended.one("readback")["cpus_allowed"] == "0"


def test_a_library_that_is_not_there_is_an_error_line(classes: Path) -> None:
    ended = java(classes, "lib=/nowhere.so", "1", "run")
    assert ended.code == 1
    assert ended.one("error")["kind"] == "link" and "/nowhere.so" in ended.one("error")["message"]


def start_job(runner: Runner, classes: Path, library: Path, folder: Path, keys: list[str]) -> Path:
    """As the host does it in mode app_process: `exec` detaches the machine, which writes lines of its own."""
    lines = folder / "lines.jsonl"
    words = ["dev.devbench.runner.Main", f"lib={library}", "1", "run", *keys]
    words += [f"out={lines}", f"err={folder / 'err'}"]
    arguments = [f"program={shutil.which('java')}", *(f"arg={word}" for word in words)]
    started = runner.call(
        "exec", *arguments, f"out={folder / 'out.jsonl'}",
        f"stdout={folder / 'words'}", f"stderr={folder / 'words'}", "detach=1",
        env={**os.environ, "CLASSPATH": str(classes)},
    )  # fmt: skip
    assert started.one("started")["out"] == str(folder / "out.jsonl")
    return lines


def test_a_job_in_a_virtual_machine_outlives_its_caller(
    classes: Path, runner: Runner, library: Path, tmp_path: Path
) -> None:
    """`follow` waits for its file and ends with its last line, which the process writes itself."""
    lines = start_job(runner, classes, library, tmp_path, runner.keys(MODELS / "and-gate.tflite"))
    ended = runner.call("follow", lines, "app_wait_ms=60000")
    assert ended.code == 0
    assert [e["event"] for e in ended.events[:2]] == ["app", "hello"]
    assert ended.events[-2]["status"] == "ok"
    assert ended.events[-1] == {"event": "exit", "code": 0, "signal": None}
    assert lines.read_bytes().count(b'"event":"exit"') == 1


def test_a_job_in_a_virtual_machine_is_stopped_and_then_gone(
    classes: Path, runner: Runner, library: Path, tmp_path: Path
) -> None:
    """By the file of `exec`, whose process group it is in; a follower of its lines is told so."""
    keys = runner.keys(MODELS / "and-gate.tflite", steady_min_ms=600000, steady_max_n=10**9)
    lines = start_job(runner, classes, library, tmp_path, keys)
    following = subprocess.Popen(
        [runner.binary, "1", "follow", lines, "app_wait_ms=60000"], stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    assert '"app"' in following.stdout.readline()
    assert runner.call("stop", tmp_path / "out.jsonl").one("stopped")["pid"] > 0
    rest, _ = following.communicate(timeout=60)
    assert following.returncode == 3 and rest.splitlines()[-1] == '{"event":"gone"}'
    ran = runner.call("follow", tmp_path / "out.jsonl").one("ran")
    assert ran["signal"] == 15 or ran["code"] == 143  # a machine may handle the signal itself


def test_follow_gives_up_on_a_file_that_never_comes(runner: Runner, tmp_path: Path) -> None:
    ended = runner.call("follow", tmp_path / "never", "app_wait_ms=100")
    assert ended.code == 64 and "not there after 100 ms" in ended.one("error")["message"]


@pytest.fixture(scope="session")
def with_assets(classes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Classes that hand an asset manager to the core as the app does, and a folder with a libandroid.so of ours."""
    folder = tmp_path_factory.mktemp("assets")
    source = folder / "WithAssets.java"
    source.write_text("""package dev.devbench.runner;
        class WithAssets {
            public static void main(String[] words) throws Exception {
                System.load(words[0]);
                Native.run(words[1].replace('\\n', '\\0').getBytes("UTF-8"), null, null, new Object());
            }
        }""")
    subprocess.run(["javac", "-cp", classes, "-d", folder, source], check=True)
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-gnu.2.17", "-shared"]
    toy = Path(__file__).with_name("toy_assets.c")
    subprocess.run([*zig, "-fPIC", "-w", "-fno-sanitize=all", toy, "-o", folder / "libandroid.so"], check=True)
    return folder, classes


def run_with_assets(with_assets: tuple[Path, Path], library: Path, *keys: str) -> Ended:
    folder, classes = with_assets
    words = "\n".join(("1", "run", *keys, ""))
    command = ["java", "-cp", f"{classes}:{folder}", "dev.devbench.runner.WithAssets", str(library), words]
    env = {**os.environ, "LD_LIBRARY_PATH": str(folder), "TOY_ASSETS": str(MODELS)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=env)
    return Ended(code=done.returncode, events=read_lines(done.stdout), stderr=done.stderr)


def test_an_asset_computes_what_its_file_does(
    with_assets: tuple[Path, Path], runner: Runner, library: Path, tmp_path: Path
) -> None:
    """Opened twice, the first time to be as warm as a file; the time to bring it is in that of the model."""
    model = MODELS / "small-cnn-fp32.tflite"
    ended = run_with_assets(with_assets, library, *runner.keys(model), "load=asset", f"asset={model.name}")
    assert ended.one("end")["status"] == "ok"
    assert ended.stderr.count(f"asset {model.name} mode 3") == 2
    assert ended.one("loaded")["load_steps_ns"]["model"] > 0
    assert ended.one("output")["sha256"] == runner.run(model).one("output")["sha256"]


def test_an_asset_that_is_not_there_is_told_by_its_name(
    with_assets: tuple[Path, Path], runner: Runner, library: Path
) -> None:
    keys = [*runner.keys(MODELS / "and-gate.tflite"), "load=asset"]
    missing = run_with_assets(with_assets, library, *keys, "asset=nowhere").one("error")
    assert (missing["kind"], missing["message"]) == ("bad-model", "the app has no asset nowhere")
