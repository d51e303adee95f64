"""Every client gets the same answers from a virtual phone: adb 29, the newest adb, adbutils, and a client in
JavaScript that shares no code with them, once through the adb server and once straight to the phone."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asking import Adbutils, Client, Node, Program, Refused

from devbench.virtual import VirtualPhone
from tests.virtual.conftest import Lab, debian_adb, wheel_adb
from tests.virtual.test_android import make_apk
from tests.virtual.test_conformance import tree_of

HERE = Path(__file__).parent
PHONES = {"oppo-a37f": "A37fw", "pixel-2-xl": "Pixel 2 XL", "poco-f6": "24069PC21G"}
CLIENTS = ("adb-29", "adb-newest", "adbutils", "node", "node-direct")
BENCHES = [f"{client}:{phone}" for phone in PHONES for client in CLIENTS]
EVERY_BYTE = bytes(range(256)) * 300
_UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A client at a phone, with a folder on either side that is its own."""

    client: Client
    lab: Lab
    phone: VirtualPhone
    remote: str
    local: Path

    @property
    def terminal(self) -> bool:
        """Before Android 7 a shell has a terminal, hence CR LF, and no exit code."""
        return self.phone.profile == "oppo-a37f"

    def ended(self, text: bytes) -> bytes:
        return text.replace(b"\n", b"\r\n") if self.terminal else text


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """conformance.mjs with what package-lock.json names beside it, outside the checkout."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node or npm is not on PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < 20:
        pytest.skip(f"the Node.js client needs node 20, this is {version.strip()}")
    folder = tmp_path_factory.mktemp("clients")
    for name in ("package.json", "package-lock.json", "conformance.mjs"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--prefer-offline", "--loglevel=error"]
    command += ["--no-audit", "--no-fund", "--fetch-retries=0", "--omit-lockfile-registry-resolved=true"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0 and _UNREACHABLE.search(done.stderr):
        pytest.skip("the package registry is out of reach")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def lab_of(make_lab: Callable[[str | None], Lab]) -> Callable[[str], Lab]:
    labs: dict[str, Lab] = {}

    def find(adb: str) -> Lab:
        if adb not in labs:
            labs[adb] = make_lab(adb)
        return labs[adb]

    return find


@pytest.fixture(scope="module")
def bench(
    request: pytest.FixtureRequest, lab_of: Callable[[str], Lab], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    name, _, profile = request.param.partition(":")
    adb = debian_adb() if name == "adb-29" else wheel_adb()
    if adb is None:
        pytest.skip("Debian's adb 29 is not on PATH")
    lab = lab_of(adb)
    phone = lab.up(profile)[0]
    local = tmp_path_factory.mktemp("local")
    client = make_client(name, request, lab, phone, local)
    remote = f"/data/local/tmp/{name}"
    client.old_shell(f"mkdir -p {remote}")
    yield Bench(client=client, lab=lab, phone=phone, remote=remote, local=local)
    client.close()


def make_client(
    name: str, request: pytest.FixtureRequest, lab: Lab, phone: VirtualPhone, local: Path
) -> Client:
    if name.startswith("adb-"):
        return Program(lab, phone, local)
    if name == "adbutils":
        return Adbutils(lab, phone)
    script = str(request.getfixturevalue("packages") / "conformance.mjs")
    if name == "node":
        return Node(["node", script, "server", str(lab.server.port), phone.serial])
    key = lab.home / "adb" / ".android" / "adbkey"
    return Node(["node", script, "direct", str(phone.port), phone.serial, str(key)])


def make_tree(folder: Path) -> Path:
    """Three files with a mode, a time and a size each; names that need quoting."""
    for number, mode in enumerate((0o600, 0o644, 0o755)):
        file = folder / f"folder {number}" / "ünï.bin"
        file.parent.mkdir(parents=True)
        file.write_bytes(os.urandom(70_001 * number))
        file.chmod(mode)
        os.utime(file, (1_500_000_000 + number, 1_500_000_000 + number))
    return folder


# what is asked, and what every client has to answer


def listed(bench: Bench) -> object:
    return bench.client.state(), bench.client.model()


def framed(bench: Bench) -> object:
    """Both streams and the exit code apart; a binary output untouched."""
    if "shell_v2" not in bench.client.features():
        return "no shell v2"
    done = bench.client.shell("echo out; echo err >&2; exit 37")
    return done, bench.client.shell("kill -9 $$")[2], bench.client.shell("true")[2]


def one_stream(bench: Bench) -> object:
    return bench.client.old_shell("echo out; echo err >&2; (exit 37); echo $?")


def binary(bench: Bench) -> object:
    """Through the file protocol in, through a raw stream and a shell out."""
    name = f"{bench.remote}/bytes"
    bench.client.write(name, EVERY_BYTE)
    through = bench.client.old_shell if bench.terminal else lambda command: bench.client.shell(command)[0]
    return bench.client.read(name), bench.client.raw(f"cat {name}"), through(f"cat {name}")


def pushed(bench: Bench) -> object:
    """Modes, sizes and times as the phone's own adb server lists them afterwards, and as the client does."""
    tree = make_tree(bench.local / "push")
    bench.client.push(tree, f"{bench.remote}/push")
    timed = "push times" not in bench.client.lacks
    witness = Program(bench.lab, bench.phone, bench.local)
    witness.pull(f"{bench.remote}/push", fresh(bench.local / "witness"))
    same = []
    for name, (mode, time, data) in tree_of(tree).items():
        folder, _, file = name.partition("/")
        seen = bench.client.listing(f"{bench.remote}/push/{folder}")[file]
        kept = tree_of(bench.local / "witness")[name]
        wanted = (stat.S_IFREG | mode, len(data), time)
        same.append(seen[:2] == wanted[:2] and (seen == wanted or not timed))
        same.append(kept == (mode, time if timed else kept[1], data))
    return same


def pulled(bench: Bench) -> object:
    tree = make_tree(bench.local / "pull")
    Program(bench.lab, bench.phone, bench.local).push(tree, f"{bench.remote}/pull")
    bench.client.pull(f"{bench.remote}/pull", fresh(bench.local / "back"))
    return tree_of(bench.local / "back") == tree_of(tree)


def fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def large(bench: Bench) -> object:
    data = os.urandom(1 << 20) * 5 + b"end"
    bench.client.write(f"{bench.remote}/large", data)
    return bench.client.read(f"{bench.remote}/large") == data


def refused(bench: Bench) -> object:
    """A refusal carries the phone's reason, and the next request works."""
    reasons = []
    for ask in (
        lambda: bench.client.read(f"{bench.remote}/nothing"),
        lambda: bench.client.write("/system/bin/f", b"x"),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        reasons.append(str(caught.value))
    bench.client.write(f"{bench.remote}/after", b"fine")
    second = "push reasons" in bench.client.lacks or "Read-only file system" in reasons[1]
    # an adb that looks first says it in its own words
    missing = re.search("No such file or directory|does not exist", reasons[0]) is not None
    return missing, second, bench.client.read(f"{bench.remote}/after")


def installed(bench: Bench) -> object:
    package = f"dev.example.{bench.client.__class__.__name__.lower()}"
    apk = bench.local / "a.apk"
    make_apk(apk, package)
    bench.client.install(apk)
    there = bench.client.raw(f"pm path {package}")
    versions = bench.client.raw(f"dumpsys package {package} | grep -c versionCode=41")
    bench.client.uninstall(package)
    (bench.local / "b.apk").write_bytes(b"not a zip")
    with pytest.raises(Refused, match="INSTALL_PARSE_FAILED_NOT_APK"):
        bench.client.install(bench.local / "b.apk")
    gone = bench.client.raw(f"pm path {package}")
    return there == f"package:/data/app/{package}-1/base.apk\n".encode(), versions, gone


def logged(bench: Bench) -> object:
    bench.client.clear_log()
    bench.client.old_shell("log -p e -t runner it broke: twice; log -t other ünï; log plain")
    return [entry for entry in bench.client.log() if entry[1] in ("runner", "other", "log")]


def forwarded(bench: Bench) -> object:
    """Host → phone → host, bytes both ways: a forward into a reverse."""
    remote = f"tcp:{7100 + CLIENTS.index(bench.remote.rpartition('/')[2])}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        bench.client.reverse(remote, listener.getsockname()[1])
        with socket.create_connection(("127.0.0.1", bench.client.forward(remote)), timeout=30) as outer:
            inner, _ = listener.accept()
            with inner:
                inner.settimeout(30)
                outer.sendall(EVERY_BYTE)
                there = exactly(inner, len(EVERY_BYTE))
                inner.sendall(EVERY_BYTE[::-1])
                back = exactly(outer, len(EVERY_BYTE))
                outer.shutdown(socket.SHUT_WR)
                ended = inner.recv(1)
    bench.client.unreverse(remote)
    return there, back, ended


def exactly(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := end.recv(size - len(data))):
        data += part
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    ask: Callable[[Bench], object]
    answer: Callable[[Bench], object]


PROMISES = {
    "devices": Promise(ask=listed, answer=lambda b: ("device", PHONES[b.phone.profile])),
    "shell v2": Promise(
        ask=framed,
        answer=lambda b: "no shell v2" if b.terminal else ((b"out\n", b"err\n", 37), 137, 0),
    ),
    "shell v1": Promise(ask=one_stream, answer=lambda b: b.ended(b"out\nerr\n37\n")),
    "binary output": Promise(ask=binary, answer=lambda b: (EVERY_BYTE, EVERY_BYTE, b.ended(EVERY_BYTE))),
    "push a tree": Promise(ask=pushed, answer=lambda _: [True] * 6),
    "pull a tree": Promise(ask=pulled, answer=lambda _: True),
    "5 MB there and back": Promise(ask=large, answer=lambda _: True),
    "refusals": Promise(ask=refused, answer=lambda _: (True, True, b"fine")),
    "install": Promise(ask=installed, answer=lambda _: (True, b"1\n", b"")),
    "logcat": Promise(
        ask=logged,
        answer=lambda _: [("E", "runner", "it broke: twice"), ("I", "other", "ünï"), ("I", "log", "plain")],
    ),
    "forward": Promise(ask=forwarded, answer=lambda _: (EVERY_BYTE, EVERY_BYTE[::-1], b"")),
}


OTHER_PHONES = [bench for bench in BENCHES if not bench.endswith(":pixel-2-xl")]
# a client of its own process each: every phone has been asked by the others
MANY = [bench for bench in OTHER_PHONES if bench.startswith("node")]
# after a reboot an adb server waits 3 or, in adb 29, 10 seconds before it looks again: by default one phone is
# asked, and those programs only in the tests of virtual phones
PATIENT = [bench for bench in BENCHES if bench in OTHER_PHONES or bench.startswith("adb-")]


def benches(slow: list[str]) -> list[Any]:
    return [pytest.param(bench, marks=[pytest.mark.slow] if bench in slow else []) for bench in BENCHES]


@pytest.mark.parametrize("name", PROMISES)
@pytest.mark.parametrize("bench", benches(MANY), indirect=True, scope="module")
def test_every_client_gets_the_promised_answer(bench: Bench, name: str) -> None:
    promise = PROMISES[name]
    assert promise.ask(bench) == promise.answer(bench)


@pytest.mark.parametrize("bench", benches(PATIENT), indirect=True, scope="module")
def test_every_client_finds_the_phone_again_after_a_reboot(bench: Bench) -> None:
    """What persists is there, what does not is gone."""
    kept = f"{bench.remote}/kept"
    bench.client.old_shell(f"setprop persist.x kept; setprop debug.x lost; touch {kept}")
    bench.client.reboot()
    answer = bench.client.raw(f"getprop persist.x; getprop debug.x; ls {kept}")
    assert answer.decode() == f"kept\n\n{kept}\n"
    assert bench.client.state() == "device"


def test_the_lock_pins_every_package_and_names_no_host() -> None:
    text = (HERE / "package-lock.json").read_text()
    assert "://" not in text
    assert "resolved" not in text
    named = re.findall(r'"node_modules/(.+)": \{\n +"version": "([\d.]+)",\n +"integrity": "sha512-', text)
    assert len(named) == text.count('"node_modules/') > 4
