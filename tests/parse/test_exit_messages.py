"""What a shell, a linker, an installer or a kernel says when a program ends, one message each."""

import pytest

from devbench.parse import ExitEvent, guess_kind, parse_exit

CASES: list[tuple[str, ExitEvent]] = [
    ("Segmentation fault \n", ExitEvent(failure_kind="crash", signal=11)),
    ("Aborted (core dumped)\n", ExitEvent(failure_kind="crash", signal=6)),
    ("Bad system call\n", ExitEvent(failure_kind="crash", signal=31)),
    ("Killed \n", ExitEvent(failure_kind="killed", signal=9)),
    (
        "[1] + Killed               ./runner --x\n",
        ExitEvent(failure_kind="killed", process="./runner --x", signal=9),
    ),
    (
        "bash: line 1: 12 Bus error  (core dumped) ./x",
        ExitEvent(failure_kind="crash", pid=12, process="./x", signal=7),
    ),
    ("/system/bin/sh: ./x: not executable: 64-bit ELF file", ExitEvent(failure_kind="abi", process="./x")),
    ("sh: ./x: cannot execute binary file: Exec format error", ExitEvent(failure_kind="abi", process="./x")),
    ("./x[1]: syntax error: '\x7fELF\x01' unexpected", ExitEvent(failure_kind="abi")),
    ('"/data/libx.so" is 32-bit instead of 64-bit', ExitEvent(failure_kind="abi")),
    ('"libx.so" has unexpected e_machine: 183 (EM_AARCH64)', ExitEvent(failure_kind="abi")),
    (
        'WARNING: linker: x\nCANNOT LINK EXECUTABLE "/data/b": library "libOpenCL.so" not found',
        ExitEvent(failure_kind="link", process="/data/b", library="libOpenCL.so"),
    ),
    (
        'CANNOT LINK EXECUTABLE: could not load library "a.so" needed by "x"; caused by library "b.so" not found',
        ExitEvent(failure_kind="link", library="b.so"),
    ),
    (
        "./x: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file",
        ExitEvent(failure_kind="link", library="libz.so.1"),
    ),
    (
        "error: only position independent executables (PIE) are supported.",
        ExitEvent(failure_kind="not-executable"),
    ),
    ("sh: ./x: can't execute: Permission denied", ExitEvent(failure_kind="not-executable", process="./x")),
    (
        "/system/bin/sh: ./x: inaccessible or not found",
        ExitEvent(failure_kind="not-installed", process="./x"),
    ),
    ("Failure [INSTALL_FAILED_NO_MATCHING_ABIS: res=-113]", ExitEvent(failure_kind="abi")),
    ("Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE]", ExitEvent(failure_kind="disk-full")),
    ("Failure [INSTALL_FAILED_OLDER_SDK]", ExitEvent(failure_kind="not-installed")),
    ("dd: /data/x: No space left on device", ExitEvent(failure_kind="disk-full")),
    ("adb: error: failed to copy: device offline", ExitEvent(failure_kind="offline")),
    ("terminate called after throwing std::bad_alloc", ExitEvent(failure_kind="out-of-memory")),
    ("No OpKernel was registered to support Op 'LSTM'", ExitEvent(failure_kind="unsupported-op")),
    (
        "F/libc    ( 77): Fatal signal 11 (SIGSEGV) at 0x0 (code=1), thread 78 (Thread-9)",
        ExitEvent(failure_kind="crash", pid=77, signal=11),
    ),
    (
        "<6>[ 12.345678] lowmemorykiller: Killing 'x.y' (42), adj 15,",
        ExitEvent(failure_kind="killed", pid=42, process="x.y"),
    ),
    (
        "[ 99.000000] Out of memory: Kill process 43 (z) score 9 or sacrifice child\n"
        "[ 99.000100] Killed process 43 (z) total-vm:1kB, anon-rss:1kB",
        ExitEvent(failure_kind="out-of-memory", pid=43, process="z"),
    ),
    (
        "I/ActivityManager(  300): No longer want org.x (pid 44): hidden #16",
        ExitEvent(failure_kind="killed", pid=44, process="org.x"),
    ),
    (
        "I/ActivityManager(  300): Killing proc 46:org.z/10046: too many background",
        ExitEvent(failure_kind="killed", pid=46, process="org.z"),
    ),
    (
        "I/Process ( 300): Sending signal. PID: 47 SIG: 9",
        ExitEvent(failure_kind="killed", pid=47, signal=9),
    ),
    (
        "I/am_proc_died(  300): [45,org.y]",
        ExitEvent(failure_kind="killed", pid=45, process="org.y"),
    ),
    ("INSTRUMENTATION_RESULT: shortMsg=Process crashed.", ExitEvent(failure_kind="crash")),
    ("INSTRUMENTATION_FAILED: org.x/.Runner", ExitEvent(failure_kind="not-installed")),
    ("run-as: Package 'org.x' is unknown", ExitEvent(failure_kind="not-installed")),
    ("adb: error: connect failed: closed", ExitEvent(failure_kind="offline")),
    (
        'WARNING: linker: x\n"/data/x": error: Android 5.0 and later only support position-independent '
        "executables (-fPIE).",
        ExitEvent(failure_kind="not-executable"),
    ),
    (
        'error: "./x": executable\'s TLS segment is underaligned: alignment is 8, needs to be at least 64 for '
        "ARM64 Bionic",
        ExitEvent(failure_kind="link"),
    ),
    (
        'CANNOT LINK EXECUTABLE "./x": "/data/liba.so" program alignment (4096) cannot be smaller than system '
        "page size (16384)",
        ExitEvent(failure_kind="link", process="./x", library="liba.so"),
    ),
    (
        "link_image[1891]: 12 could not load needed library 'libfoo.so' for './x' (load_library[1093]: Library "
        "'libfoo.so' not found)CANNOT LINK EXECUTABLE",
        ExitEvent(failure_kind="link", library="libfoo.so"),
    ),
    (
        "==42==ERROR: AddressSanitizer: SEGV on unknown address 0x000",
        ExitEvent(failure_kind="crash", pid=42),
    ),
    (
        "[1] + Segmentation fault   LD_LIBRARY_PATH=. ./x",
        ExitEvent(failure_kind="crash", process="LD_LIBRARY_PATH=. ./x", signal=11),
    ),
    # The abort is the end that the lack of memory led to.
    (
        "terminating due to uncaught exception of type std::bad_alloc\nAborted \n",
        ExitEvent(failure_kind="out-of-memory", signal=6),
    ),
    (
        "10-16 10:00:00.100  900  930 W Watchdog: *** WATCHDOG KILLING SYSTEM PROCESS: Blocked in handler\n"
        "10-16 10:00:00.200  900  930 I Process : Sending signal. PID: 900 SIG: 9",
        ExitEvent(failure_kind="timeout", pid=900, process="system_server", signal=9),
    ),
    (
        "10-16 10:00:00.100  900  930 I ActivityManager: Process org.x (pid 48) (adj 0) has died.",
        ExitEvent(failure_kind="killed", pid=48, process="org.x"),
    ),
    (
        "10-16 10:00:00.100  900  930 W ActivityManager: Process org.x (pid 49) has crashed too many times: "
        "killing!",
        ExitEvent(failure_kind="crash", pid=49, process="org.x"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_message(text: str, expected: ExitEvent) -> None:
    assert parse_exit(text).events == (expected,)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_message_is_guessed_to_be_one(text: str, expected: ExitEvent) -> None:
    assert guess_kind(text) == "exit"


def test_the_only_event_stands_at_the_top_too() -> None:
    found = parse_exit("Killed\n")
    assert (found.failure_kind, found.signal, found.frames) == ("killed", 9, ())


def test_words_of_a_log_are_no_ends_of_processes() -> None:
    text = (
        "01-01 00:00:00.000   1   1 E vold    : Failed to chmod /data/x: No such file or directory\n"
        "01-01 00:00:00.000   1   1 I lowmemorykiller: Using in-kernel low memory killer interface\n"
        '01-01 00:00:00.000   1   1 W linker  : library "libx.so" not found\n'
        "01-01 00:00:00.000   1   1 I Finsky  : Permission denied\n"
        "cat: /proc/1/smaps: Permission denied\n"
        "/system/bin/sh: cat: /sys/x: No such file or directory\n"
        "I/Process ( 300): Sending signal. PID: 48 SIG: 3\n"
    )
    assert parse_exit(text).events == ()


def test_a_pid_used_again_is_another_process() -> None:
    text = (
        "01-01 00:00:00.000 1 1 I am_kill : [0,50,org.a,900,empty]\n"
        "01-01 09:00:00.000 1 1 I am_kill : [0,50,org.b,900,empty]\n"
    )
    assert [event.process for event in parse_exit(text).events] == ["org.a", "org.b"]
