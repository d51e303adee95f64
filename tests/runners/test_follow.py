"""A job is read once and whole, whatever happens to the cable meanwhile."""

from __future__ import annotations

import subprocess
import threading
from typing import Any

import pytest
from cut_phone import AGAIN, GONE, START, STARTED, CutPhone, Stream, job_file
from hypothesis import given, settings
from hypothesis import strategies as st

from devbench.errors import DeadlinePassed, DeviceGone, DeviceOffline, NotExecutable, RunnerError
from devbench.runners.base import JobInterrupted
from devbench.runners.follow import MAX_FRUITLESS, REFUSED, follow
from devbench.runners.protocol import Transcript

FILE = job_file()
LINKER = (
    b"WARNING: linker: x has unsupported flags DT_FLAGS_1=0x8000001\nWARNING: unused DT entry: type 0x1d\n"
)


def read(phone: CutPhone, react: Any = None, **limits: float) -> Transcript:
    transcript = Transcript()
    follow(phone.site(**limits), START, AGAIN, transcript, react or (lambda event: None))
    return transcript


def assert_whole(transcript: Transcript, file: bytes = FILE) -> None:
    whole = Transcript()
    phone = CutPhone(file)
    follow(phone.site(), START, AGAIN, whole, lambda event: None)
    assert [e for e in transcript.events if e["event"] != "started"] == whole.events[1:]
    assert not transcript.torn


@pytest.mark.parametrize("framed", [True, False])
def test_an_unbroken_stream_is_read_whole(framed: bool) -> None:
    phone = CutPhone(FILE, framed=framed)
    assert_whole(read(phone))
    assert phone.commands == [START]


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("noise", [b"", LINKER, LINKER + b"\xff\x00\xfe", b"caf\xe9 \xe6\xa8 "])
def test_wherever_the_cable_is_pulled_nothing_is_lost_or_doubled(framed: bool, noise: bytes) -> None:
    """Every byte is a place to be cut at: in a line, in a character, between lines, before the first."""
    for cut in range(0, len(STARTED + FILE), 7):
        streams = [Stream(bytes_=cut, noise=noise, chunk=11), Stream(noise=noise)]
        assert_whole(read(CutPhone(FILE, streams=streams, framed=framed)))


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 400), max_size=4), chunk=st.integers(1, 600), framed=st.booleans(),
    log=st.text(max_size=20).filter(lambda t: "\n" not in t), noisy=st.booleans(),
)  # fmt: skip
def test_any_number_of_cuts_anywhere(
    cuts: list[int], chunk: int, framed: bool, log: str, noisy: bool
) -> None:
    file = job_file(log=log)
    streams = [Stream(bytes_=cut, chunk=chunk, noise=LINKER if noisy else b"") for cut in cuts]
    transcript = read(CutPhone(file, streams=streams, framed=framed))
    assert_whole(transcript, file)
    assert [ns for e in transcript.all("sample") if e["phase"] == "steady" for ns in e["ns"]] == list(
        range(40)
    )


def test_reading_goes_on_at_the_byte_after_the_last_whole_line() -> None:
    """Bytes of the file, not characters, and not the lines that are not of it."""
    first_three = len(b"\n".join(FILE.split(b"\n")[:3])) + 1
    phone = CutPhone(FILE, streams=[Stream(bytes_=len(STARTED) + first_three + 5, noise=LINKER)])
    read(phone)
    assert phone.commands == [START, f"{AGAIN} offset={first_three}"]


def test_a_cable_pulled_before_the_first_line_starts_the_job_again_only_if_it_never_began() -> None:
    began = CutPhone(FILE, streams=[Stream(bytes_=0)])
    assert_whole(read(began))
    assert began.commands == [START, f"{AGAIN} offset=0"]
    never = CutPhone(FILE, streams=[Stream(refused=True)], exists=False)
    assert_whole(read(never))
    assert never.commands == [START, f"{AGAIN} offset=0", START]


def test_what_a_lost_phone_was_asked_for_is_asked_again() -> None:
    """The look from outside at `ready` fails with the phone; the line counts only once it is done."""
    tries: list[str] = []

    def react(event: dict[str, Any]) -> None:
        if event["event"] == "log":
            tries.append(event["text"])
            if len(tries) == 1:
                raise DeviceOffline("pulled", serial="S")

    phone = CutPhone(FILE)
    assert_whole(read(phone, react))
    assert tries[0] == tries[1]


def test_a_job_that_vanished_is_told() -> None:
    """Its supervisor was killed: `follow` says that nobody writes any more."""
    cut = FILE[: FILE.index(b'{"event":"end"')]
    transcript = read(CutPhone(cut, streams=[Stream(output=STARTED + cut + GONE, exit_code=3)]))
    failure = transcript.failure("")
    assert failure is not None
    assert failure.kind == "killed"


def test_a_phone_that_does_not_come_back_is_lost() -> None:
    with pytest.raises(DeviceOffline):
        read(CutPhone(FILE, streams=[Stream(bytes_=300)], backs=0), back_within_s=0.05)


def test_a_connection_that_never_lasts_is_given_up() -> None:
    phone = CutPhone(FILE, streams=[Stream(bytes_=0) for _ in range(50)])
    with pytest.raises(DeviceOffline):
        read(phone)
    assert len(phone.commands) == MAX_FRUITLESS + 1


def test_a_phone_that_is_gone_from_the_server_may_come_back_too() -> None:
    calls: list[int] = []

    def react(event: dict[str, Any]) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise DeviceGone("device 'S' not found", serial="S")

    assert_whole(read(CutPhone(FILE), react))


def test_silence_is_a_hang() -> None:
    phone = CutPhone(FILE, streams=[Stream(bytes_=300, silent=True)])
    with pytest.raises(DeadlinePassed, match=r"no line for 0\.2 s"):
        read(phone, silence_s=0.2, start_s=30)


def test_waiting_for_its_turn_is_no_silence() -> None:
    """Before the first line no engine can hang: another phone may measure on the same core."""
    phone = CutPhone(FILE, streams=[Stream(bytes_=0, silent=True)])
    with pytest.raises(DeadlinePassed, match=r"no line for 0\.6 s"):
        read(phone, silence_s=0.1, start_s=0.6)


def test_the_wish_to_stop_is_obeyed_within_a_poll() -> None:
    phone = CutPhone(FILE, streams=[Stream(bytes_=300, silent=True)])
    site = phone.site()
    threading.Timer(0.05, site.stop.set).start()
    with pytest.raises(JobInterrupted):
        follow(site, START, AGAIN, Transcript(), lambda event: None)


def test_the_wish_to_stop_is_obeyed_while_a_phone_is_waited_for() -> None:
    phone = CutPhone(FILE, streams=[Stream(bytes_=300)], backs=0)
    site = phone.site(back_within_s=30)
    threading.Timer(0.05, site.stop.set).start()
    with pytest.raises(JobInterrupted):
        follow(site, START, AGAIN, Transcript(), lambda event: None)


def refused(code: int) -> bytes:
    """What the start says of itself, in this computer's shell."""
    done = subprocess.run(["sh", "-c", f"(exit {code}){REFUSED}"], capture_output=True, check=True)
    return done.stdout


@pytest.mark.parametrize("framed", [True, False])
def test_refused_arguments_are_the_jobs_failure(framed: bool) -> None:
    """The runner said why: that is a result, and no broken protocol."""
    refusal = b'{"event":"error","kind":"usage","step":"arguments","message":"cpu_mask=80","code":22}\n'
    transcript = read(
        CutPhone(FILE, streams=[Stream(output=refusal + refused(64), exit_code=64)], framed=framed)
    )
    failure = transcript.failure("")
    assert failure is not None
    assert "cpu_mask=80" in failure.cause


def test_a_start_that_fails_says_code_and_words() -> None:
    with pytest.raises(RunnerError, match=r"exit code 139\); it said: Segmentation fault"):
        read(CutPhone(FILE, streams=[Stream(output=b"Segmentation fault\n" + refused(139))]))


@pytest.mark.parametrize("framed", [True, False])
def test_a_phone_that_executes_nothing_any_more_is_named(framed: bool) -> None:
    said = b"sh: /data/local/tmp/x: can't execute: Permission denied\n"
    with pytest.raises(NotExecutable, match="Permission denied"):
        read(CutPhone(FILE, streams=[Stream(output=said + refused(126))], framed=framed))


def test_a_file_that_somebody_removed_is_an_error_and_no_new_start() -> None:
    phone = CutPhone(FILE, streams=[Stream(bytes_=400)])

    def react(event: dict[str, Any]) -> None:
        phone.exists = False

    with pytest.raises(RunnerError, match="gone from the phone"):
        read(phone, react)
    assert phone.commands.count(START) == 1


def test_a_damaged_line_is_noticed() -> None:
    """A line lost to noise makes the transcript torn: the whole file is then read again."""
    broken = FILE.replace(b'"steady","start_ns":8', b'"steady"\xff"start_ns":8')
    assert read(CutPhone(broken)).torn
    twice = FILE.replace(b'{"event":"end"', b'{"event":"sample","phase":"steady","ns":[1]}\n{"event":"end"')
    assert read(CutPhone(twice)).torn
    assert not read(CutPhone(FILE)).torn
