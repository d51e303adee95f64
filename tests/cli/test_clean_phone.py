"""`devbench clean --phone`: what devbench brought to a phone goes, unless the phone is measured now."""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock
from rig import NEW, OLD, Rig
from started import Devbench

BASE = "/data/local/tmp/devbench"


def test_pushed_files_and_leftover_jobs_go_from_phones_that_nobody_uses(devbench: Devbench, rig: Rig) -> None:
    """Not from one that another devbench holds; what keeps settings stays; a dry run only tells."""
    for name in (NEW, OLD):
        made = f"mkdir -p {BASE}/cas {BASE}/jobs/{'0' * 16}-1; echo hello > {BASE}/cas/ab; echo s > {BASE}/settings"
        rig.phone(name).shell(made, check=True)
    dry = json.loads(devbench("clean", "--phone", "all", "--dry-run", "--json").stdout)["phones"]
    assert {p["device"]: [part["what"] for part in p["parts"]] for p in dry} == {
        rig.device(name): ["cas", "jobs"] for name in (NEW, OLD)
    }
    assert "ab" in rig.phone(NEW).shell(f"ls {BASE}/cas").stdout
    leases = Path(devbench.environment["DEVBENCH_HOME"]) / "leases"
    leases.mkdir(parents=True, exist_ok=True)
    with FileLock(leases / f"{rig.device(OLD)}.lock"):
        done = devbench("clean", "--phone", "all")
    assert done.returncode == 0 and rig.device(OLD) in done.stderr and "left as it is" in done.stderr
    assert rig.phone(NEW).shell(f"ls {BASE}").stdout.split() == ["settings"]
    assert "ab" in rig.phone(OLD).shell(f"ls {BASE}/cas").stdout
    assert devbench("clean", "--phone", "all").returncode == 0
    assert rig.phone(OLD).shell(f"ls {BASE}").stdout.split() == ["settings"]
    for name in (NEW, OLD):
        rig.phone(name).remove(BASE)


def test_without_a_phone_it_says_so(lonely: Devbench) -> None:
    assert lonely("clean", "--phone", "all").returncode == 3
