"""What a host of a lab accepts from outside: names stay in their folders, files are what they are said to be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run

from devbench.adb import Server, ServerAddress
from devbench.lab.desk import Desk, Places, answer

INFO = make_run().header.devices[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    places = Places(**{name: tmp_path / name for name in ("lab", "leases", "phones", "quarantine")})
    return Desk(Server(ServerAddress(port=1)), INFO, places)


def asked(desk: Desk, data: bytes = b"", **request: Any) -> dict[str, Any]:
    reply, _ = answer(desk, json.dumps(request).encode(), data)
    found: dict[str, Any] = json.loads(reply)
    return found


def test_a_phone_says_who_it_is_without_its_serial_numbers(desk: Desk) -> None:
    reply = asked(desk, do="who")
    assert reply["device"] == INFO.device
    text = json.dumps(reply)
    assert INFO.serial not in text and str(INFO.serialno) not in text


@pytest.mark.parametrize("name", ["../../etc", "..", "", "a/b", "/etc", "x" * 200, ".hidden"])
def test_a_name_that_leaves_its_folder_is_refused(desk: Desk, name: str) -> None:
    for do in ("look", "forget", "read"):
        assert "is no name of a run" in asked(desk, do=do, run=name, name="y", offset=0, offsets={})["error"], do
    assert "is no name of a run" in asked(desk, do="read", run="run", name=name, offset=0)["error"]


def test_files_come_in_pieces_and_are_there_only_if_right(desk: Desk, tmp_path: Path) -> None:
    content = b"model" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    assert asked(desk, do="missing", sha256s=[sha256]) == {"missing": [sha256]}
    asked(desk, content[:4000], do="keep", sha256=sha256, offset=0, last=False)
    assert asked(desk, do="missing", sha256s=[sha256]) == {"missing": [sha256]}
    assert asked(desk, content[4000:], do="keep", sha256=sha256, offset=4000, last=True) == {}
    assert asked(desk, do="missing", sha256s=[sha256]) == {"missing": []}
    assert (tmp_path / "lab" / "files" / sha256).read_bytes() == content
    other = hashlib.sha256(b"other").hexdigest()
    assert "damaged" in asked(desk, b"wrong", do="keep", sha256=other, offset=0, last=True)["error"]
    assert asked(desk, do="missing", sha256s=[other]) == {"missing": [other]}
    assert "no SHA-256" in asked(desk, b"", do="keep", sha256="../x", offset=0, last=True)["error"]


@pytest.mark.parametrize("request_", [b"", b"[]", b"{}", b'{"do": "plan"}', b'{"do": "shell", "command": "id"}'])
def test_what_is_not_understood_is_an_answer(desk: Desk, request_: bytes) -> None:
    reply, data = answer(desk, request_, b"")
    assert "error" in json.loads(reply) and data == b""
