"""`devbench runner export`: what it writes is what runs on phones, and its manifest says so."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from started import Devbench

from devbench import apk
from devbench.runners.binaries import ANDROID_ABIS, targets


def test_every_program_and_the_app_are_written_with_their_hashes(devbench: Devbench, tmp_path: Path) -> None:
    done = devbench("runner", "export", tmp_path / "out", "--json")
    manifest = json.loads(done.stdout)
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert set(manifest) == {*targets(), "apk", *(f"apk-{abi}" for abi in ANDROID_ABIS)}
    for entry in manifest.values():
        content = (tmp_path / "out" / entry["file"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
    app = (tmp_path / "out" / "devbench-runner.apk").read_bytes()
    assert apk.verify_apk(app, v2=True) == apk.test_key().certificate
    with zipfile.ZipFile(tmp_path / "out" / "devbench-runner.apk") as archive:
        names = archive.namelist()
    assert [f"lib/{abi}/libdevbench_runner.so" in names for abi in ANDROID_ABIS] == [True] * 4
    for abi in ANDROID_ABIS:
        single = tmp_path / "out" / f"devbench-runner-{abi}.apk"
        assert apk.verify_apk(single.read_bytes(), v2=True) == apk.test_key().certificate
        assert single.stat().st_size <= 60_000
        with zipfile.ZipFile(single) as archive:
            assert [n for n in archive.namelist() if n.startswith("lib/")] == [f"lib/{abi}/libdevbench_runner.so"]
