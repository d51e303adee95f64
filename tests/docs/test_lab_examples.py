"""The nightly job as docs/lab.md and docs/examples set it up: their own lines are run, on virtual phones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from xml.etree import ElementTree

import pytest
from webhook import webhook

from devbench import virtual

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
GATE = ROOT / "devbench" / "data" / "models" / "and-gate.tflite"
HERE = re.compile(r"/srv/lab\b")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in place of /srv/lab, with lab.toml and an installed devbench in env/."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    program = tmp_path / "env" / "bin" / "devbench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m devbench "$@"\n')
    program.chmod(0o755)
    (tmp_path / "lab.toml").write_text(here("lab.toml", tmp_path))
    return tmp_path


def here(example: str, place: Path) -> str:
    return HERE.sub(str(place), (EXAMPLES / example).read_text("utf-8"))


def shell(command: str, place: Path, **more: str) -> subprocess.CompletedProcess[str]:
    path = f"{place / 'env' / 'bin'}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "DEVBENCH_HOME": str(place / "home"),
        **more,
    }
    return subprocess.run(
        ["sh", "-ec", command],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def need_phones() -> None:
    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    pytest.importorskip("ai_edge_litert")


@pytest.mark.slow
def test_the_workflow_runs(place: Path) -> None:
    """Its `run` steps, in order, as a runner would: numbers, JUnit, step summary; and no serial anywhere."""
    need_phones()
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load(here("github-nightly.yml", place))
    assert workflow[True]["schedule"] == [
        {"cron": "15 2 * * *"}
    ]  # YAML takes `on` for a boolean; GitHub does not
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert len(commands) == 2
    summary = place / "summary.md"
    config = (place / "lab.toml").read_text() + "always = true\n"
    one = f'models = "{GATE}"\nrounds = 1\npasses = "latency"'  # minutes for the whole suite
    (place / "lab.toml").write_text(config.replace('suite = "tiny"', one))
    with webhook(200) as (url, came):
        for command in commands:
            done = shell(command, place, GITHUB_STEP_SUMMARY=str(summary), CHAT_WEBHOOK=url)
            assert done.returncode == 0, done.stderr
    assert "no alert, no pin" in done.stdout
    (body,) = map(json.loads, came)
    assert str(body["text"]).startswith("Night 2")
    suite = ElementTree.parse(place / "nightly.xml").getroot()
    assert suite.get("tests") == "2"
    assert suite.get("failures") == "0"
    told = summary.read_text() + json.dumps(body) + (place / "nightly.xml").read_text()
    assert "on 2 phones" in told
    run = next((place / "results").glob("*/run.json")).parent
    serials = {
        d[key]
        for d in json.loads((run / "run.json").read_text())["devices"]
        for key in ("serial", "serialno")
    }
    assert serials
    assert not [serial for serial in serials if serial and serial in told]
    # what was measured can be pinned and listed
    lab = f"--lab {place / 'lab'}"
    assert shell(f"devbench baseline pin latest --out results --name v1 {lab}", place).returncode == 0
    pins = json.loads(shell(f"devbench baseline list --json {lab}", place).stdout)["pins"]
    assert {pin["name"] for pin in pins} == {"v1"}
    assert len(pins) == int(suite.get("tests", "0"))
    assert shell(f"devbench baseline unpin all {lab}", place).stdout.endswith("0 left\n")


@pytest.mark.slow
def test_a_fresh_user_needs_ten_lines(tmp_path: Path) -> None:
    """The first block of docs/lab.md, as it stands, in an empty folder; then a second night, and what it made.

    A wheel is built and installed by the line itself. What it depends on is lent to the new environment, so that no
    network is needed.
    """
    need_phones()
    pytest.importorskip("hatchling")
    place = tmp_path / "lab"
    place.mkdir()
    (tmp_path / "devbench").symlink_to(ROOT)
    (tmp_path / "python3").symlink_to(sys.executable)
    block = re.findall(r"```sh\n(.*?)```", (DOCS / "lab.md").read_text("utf-8"), re.DOTALL)[0]
    venv, install, *rest = block.strip().splitlines()
    assert len(rest) + 2 <= 10

    def line(text: str) -> subprocess.CompletedProcess[str]:
        more = {"HOME": str(tmp_path), "PYTHONPATH": "", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = shell(text, place, **more, PATH=path)
        assert done.returncode == 0, done.stderr
        return done

    line(venv)
    (packages,) = (place / "env" / "lib").glob("*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    line(install)
    where = line("cd env; bin/python -c 'import devbench; print(devbench.__file__)'").stdout
    assert where.startswith(str(packages)), where
    first = line("\n".join(rest)).stdout
    second = line(rest[-1]).stdout
    for night in (first, second):
        assert night.startswith("Night 2")
        assert "on 2 phones" in night
    assert ", 2 runs" in line("env/bin/devbench history").stdout
    assert "2 phones" in line("env/bin/devbench lab status").stdout
    assert "small-cnn-int8" in (place / "lab" / "trends.html").read_text()
    assert "pixel-2-xl" in (place / "results" / "lab.html").read_text()


def test_the_cron_line_runs(place: Path) -> None:
    """Five fields, then a command: here with --dry-run, which finds phones and plans."""
    need_phones()
    (line,) = [text for text in here("crontab", place).splitlines() if not text.startswith("#")]
    *fields, command = line.split(None, 5)
    assert all(re.fullmatch(r"\*|\d+", field) for field in fields)
    done = shell(f"{command} --dry-run", place)
    assert done.returncode == 0, done.stderr
    assert "history: 0 lines, 0 pinned; open alerts: none" in done.stdout
    assert not (place / "results").exists()


def test_the_units_are_what_systemd_takes(place: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    units = []
    for name in ("devbench-nightly.service", "devbench-nightly.timer"):
        unit = tmp_path / name
        unit.write_text(here(name, place))
        units.append(str(unit))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "devbench-nightly" in line]
    assert (done.returncode, ours) == (0, [])
