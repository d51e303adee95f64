"""After a crash or a kill the failure says what the phone's log knows of it; what nobody knows stays unknown."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from devbench.adb.phone import ShellResult
from devbench.domain.measurement import Failure
from devbench.errors import DeadlinePassed, DeviceError
from devbench.runners.base import Site, Talk
from devbench.runners.evidence import Ended, explained, script, sharpened
from devbench.runners.protocol import PROTOCOL, Transcript

CAS = "/data/local/tmp/devbench/cas"
PROGRAM = f"{CAS}/0123456789abcdef0123"
COMM = "0123456789abcde"
PID = 4321
SEEN = Failure(
    kind="crash", cause="the process was ended by signal 11", evidence="INFO: loaded", fix="see the log"
)

CRASH = f"""--------- beginning of crash
10-16 10:00:00.000   300   300 F libc    : Fatal signal 6 (SIGABRT), code -6 in tid 300 (other), pid 300 (other)
10-16 10:00:01.000  {PID}  4330 E tflite  : about to fail
10-16 10:00:01.100  {PID}  4330 F libc    : Fatal signal 11 (SIGSEGV), code 1, fault addr 0x0 in tid 4330 ({COMM}), pid {PID} ({COMM})
10-16 10:00:01.200  4400  4400 F DEBUG   : *** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
10-16 10:00:01.200  4400  4400 F DEBUG   : pid: {PID}, tid: 4330, name: {COMM}  >>> {PROGRAM} <<<
10-16 10:00:01.200  4400  4400 F DEBUG   : signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0
10-16 10:00:01.200  4400  4400 F DEBUG   :     x0  0000000000000000  x1  0000000000000001
10-16 10:00:01.200  1000  1000 I Noise   : nothing of ours on SER123
10-16 10:00:01.200  4400  4400 F DEBUG   : backtrace:
10-16 10:00:01.200  4400  4400 F DEBUG   :       #00 pc 0000000000088dd0  {CAS}/libtensorflowlite.so (Invoke+16)
10-16 10:00:01.200  4400  4400 F DEBUG   :       #01 pc 0000000000012345  {PROGRAM} (main+4)
"""  # noqa: E501
LMKD = (
    f"10-16 10:00:01.000   600   600 I lowmemorykiller: Kill '{PROGRAM}' ({PID}), uid 2000, oom_score_adj 0 "
    "to free 812345kB rss, 0kB swap; reason: low watermark is breached\n"
)
KERNEL = (
    f"[  100.000000] Out of memory: Killed process {PID} ({COMM}) total-vm:1kB, anon-rss:2kB, file-rss:3kB\n"
)
TOMBSTONE = f"""*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'example/example/example:5.1.1/X/1:user/release-keys'
pid: {PID}, tid: {PID}, name: {COMM}  >>> {PROGRAM} <<<
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0

backtrace:
    #00 pc 00028a88  {CAS}/libold.so (run+13)
"""


class FakePhone:
    """A phone that answers the one script and nothing else."""

    serial = "SER123"

    def __init__(self, log: str = "", tombstone: str = "", error: DeviceError | None = None) -> None:
        self.asked = 0
        self._text, self._error = f"{log}\n== devbench-tombstone\n{tombstone}", error

    def shell(self, command: str, *, deadline_s: float) -> ShellResult:
        assert command == script(PID)
        assert 0 < deadline_s <= 15
        self.asked += 1
        if self._error is not None:
            raise self._error
        return ShellResult(stdout=self._text, stderr="", exit_code=0)


def explain(
    phone: FakePhone, signal: int | None = 11, words: str = "INFO: loaded", kind: str = "crash"
) -> Failure:
    ended = Ended(pid=PID, program=PROGRAM, signal=signal, words=words)
    return explained(_site(phone), replace(SEEN, kind=kind), ended)


def _site(phone: FakePhone) -> Site:
    info: Any = SimpleNamespace(serialno="SER123")
    talk = Talk(pushed=lambda *_: None, sample=lambda *_: None)
    return Site(phone=phone, info=info, stop=Event(), talk=talk)  # type: ignore[arg-type]


def test_a_crash_has_its_library_and_frames_from_the_log() -> None:
    found = explain(FakePhone(CRASH))
    assert found.kind == "crash"
    assert found.cause == "the process was ended by SIGSEGV (signal 11) in libtensorflowlite.so"
    assert "libtensorflowlite.so" in found.fix
    lines = found.evidence.splitlines()
    assert lines[0].startswith("#00 pc 0000000000088dd0")
    assert "libtensorflowlite.so (Invoke+16)" in lines[0]
    assert any("about to fail" in line for line in lines)
    assert "INFO: loaded" in found.evidence


def test_lines_of_others_and_serial_numbers_stay_out() -> None:
    found = explain(FakePhone(CRASH.replace("about to fail", "about to fail on SER123")))
    for foreign in ("SER123", "Noise", "(other)", "x0  0000"):
        assert foreign not in found.evidence
    assert "about to fail on SERIAL" in found.evidence


def test_a_readable_tombstone_helps_where_the_log_is_silent() -> None:
    found = explain(FakePhone("10-16 10:00:00.000   1   1 I x       : y\n", TOMBSTONE))
    assert found.cause.endswith("in libold.so")
    assert found.evidence.startswith("#00 pc 00028a88")


@pytest.mark.parametrize(
    "log",
    [
        LMKD,
        LMKD.replace("lowmemorykiller:", "lmkd    :"),
        f"10-16 10:00:01.000   600   600 I killinfo: [{PID},2000,0,0,812345]\n",
    ],
    ids=["lowmemorykiller", "lmkd", "killinfo"],
)
def test_the_low_memory_killer_is_named_with_its_reason(log: str) -> None:
    found = explain(FakePhone(log), signal=9, kind="killed")
    assert found.kind == "killed"
    assert found.cause == "the phone's low-memory killer ended the process (by SIGKILL (signal 9))"
    assert log.strip() in found.evidence
    assert "smaller variant" in found.fix


def test_the_kernels_own_killer_means_that_memory_ran_out() -> None:
    found = explain(FakePhone(KERNEL), signal=9, kind="killed")
    assert found.kind == "out-of-memory"
    assert "Killed process" in found.evidence


@pytest.mark.parametrize(
    "log",
    [
        CRASH.replace(PROGRAM, "/system/bin/elsewhere").replace(COMM, "elsewhere"),
        CRASH.replace(str(PID), "9999"),
        "",
    ],
    ids=["a number used before by another program", "another process", "an empty log"],
)
def test_what_the_log_does_not_say_is_not_made_up(log: str) -> None:
    found = explain(FakePhone(log))
    assert found.kind == "crash"
    assert found.cause == "the process was ended by SIGSEGV (signal 11); the phone's log does not name it"
    assert found.evidence == "its own last words:\nINFO: loaded"


def test_a_board_without_logcat_says_so() -> None:
    assert explain(FakePhone("no logcat\n")).cause.endswith("; this phone has no logcat")


def test_a_phone_that_does_not_answer_costs_the_evidence_only() -> None:
    found = explain(FakePhone(error=DeadlinePassed("no answer for 10 s", serial="SER123")))
    assert found.kind == "crash"
    assert "the phone's log could not be read: SERIAL: no answer for 10 s" in found.cause
    assert "SER123" not in found.cause


def test_a_linkers_line_decides_for_a_program_that_ended_by_itself() -> None:
    said = f'CANNOT LINK EXECUTABLE "{PROGRAM}": library "libz9.so" not found'
    words = f"WARNING: linker: {PROGRAM}: unused DT entry\n{said}"
    phone = FakePhone()
    found = explain(phone, signal=None, words=words)
    assert (found.kind, phone.asked) == ("link", 0)
    assert "libz9.so" in found.cause
    assert found.evidence.startswith("CANNOT LINK EXECUTABLE")


def test_a_library_that_an_engine_looked_for_in_vain_does_not_explain_a_crash() -> None:
    words = 'dlopen failed: library "libOpenCL.so" not found'
    assert explain(FakePhone(), words=words).kind == "crash"


def test_an_abort_for_lack_of_memory_is_no_bug() -> None:
    found = explain(
        FakePhone(), signal=6, words="terminating due to uncaught exception of type std::bad_alloc"
    )
    assert found.kind == "out-of-memory"
    assert "std::bad_alloc" in found.evidence


def test_an_illegal_instruction_has_its_own_next_step() -> None:
    assert "instructions that this CPU lacks" in explain(FakePhone(), signal=4).fix


@pytest.mark.parametrize("failure", [None, replace(SEEN, kind="timeout"), replace(SEEN, kind="bad-model")])
def test_jobs_that_are_ok_or_told_their_reason_cost_nothing(failure: Failure | None) -> None:
    phone, transcript = FakePhone(), Transcript()
    assert sharpened(_site(phone), failure, transcript, PROGRAM) is failure
    transcript.keep({"event": "error", "kind": "engine", "message": "no"})
    assert sharpened(_site(phone), SEEN, transcript, PROGRAM) is SEEN
    assert phone.asked == 0


def test_the_process_is_known_from_its_own_lines() -> None:
    phone, transcript = FakePhone(CRASH), Transcript()
    transcript.keep({"event": "hello", "protocol": PROTOCOL, "pid": PID})
    transcript.keep({"event": "exit", "code": None, "signal": 11})
    found = sharpened(_site(phone), transcript.failure("INFO: loaded"), transcript, PROGRAM)
    assert found is not None
    assert found.cause.endswith("in libtensorflowlite.so")
    assert phone.asked == 1
