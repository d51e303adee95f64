"""What is changed on which phone, in which order, and that each undo undoes: its shell text runs here for real."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cpufreq import CpuFiles
from hypothesis import given
from hypothesis import strategies as st

from devbench.adb import ShellResult
from devbench.conditions import Guard, tweaked
from devbench.conditions.clocks import CPU_FOLDER, CpuClock, held, target_khz
from devbench.conditions.safety import _chunks
from devbench.conditions.tweaks import Change, Left, Readings, parse_readings, plan_tweaks
from devbench.errors import DeviceError, DeviceOffline

from .made import info

USUAL = {
    "stay_on_while_plugged_in": "0", "window_animation_scale": "1.0", "transition_animation_scale": "null",
    "animator_duration_scale": "0.0", "wifi_scan_always_enabled": "1", "ble_scan_always_enabled": "null",
}  # fmt: skip


def readings(**changes: Any) -> Readings:
    return Readings(**({"settings": USUAL, "screen_on": False} | changes))


def lines(sdk: int | None, now: Readings, **more: Any) -> list[str]:
    plan = plan_tweaks(info(sdk=sdk), now, **more)
    return [f"{change.tweak}: {change.do}  #  {change.undo}" for change in plan.changes]


def test_changes_come_in_one_order_and_only_where_something_differs() -> None:
    """What is off already (animator, Bluetooth scans) is not touched; an unset key becomes unset again."""
    assert lines(34, readings()) == [
        "stay-awake: settings put global stay_on_while_plugged_in 7  #  "
        '[ "$(settings get global stay_on_while_plugged_in)" = 7 ] && '
        "settings put global stay_on_while_plugged_in 0",
        "stay-awake: input keyevent 224  #  input keyevent 223",
        "animations: settings put global window_animation_scale 0.0  #  "
        '[ "$(settings get global window_animation_scale)" = 0.0 ] && '
        "settings put global window_animation_scale 1.0",
        "animations: settings put global transition_animation_scale 0.0  #  "
        '[ "$(settings get global transition_animation_scale)" = 0.0 ] && '
        "settings delete global transition_animation_scale",
        "background: settings put global wifi_scan_always_enabled 0  #  "
        '[ "$(settings get global wifi_scan_always_enabled)" = 0 ] && '
        "settings put global wifi_scan_always_enabled 1",
        "background: cmd package bg-dexopt-job --disable  #  cmd package bg-dexopt-job --enable",
        "fixed-performance: cmd power set-fixed-performance-mode-enabled true  #  "
        "cmd power set-fixed-performance-mode-enabled false",
    ]


@pytest.mark.parametrize(
    ("sdk", "names"),
    [
        (None, []),
        (19, ["stay-awake", "animations", "background"]),
        (22, ["stay-awake", "animations", "background"]),
        (29, ["stay-awake", "animations", "background"]),
        (30, ["stay-awake", "animations", "background", "fixed-performance"]),
    ],
)
def test_what_an_android_does_not_have_is_not_tried(sdk: int | None, names: list[str]) -> None:
    now = readings() if sdk else Readings()
    plan = plan_tweaks(info(sdk=sdk), now)
    assert list(dict.fromkeys(change.tweak for change in plan.changes)) == names
    assert {"fixed-performance", "clock-lock"} - set(names) <= {left.tweak for left in plan.left}


def test_what_could_not_be_put_back_is_not_changed() -> None:
    """Old Androids cannot unset a key, and cannot wake without toggling."""
    plan = plan_tweaks(info(sdk=19), readings())
    assert not any("transition" in change.do or "keyevent" in change.do for change in plan.changes)
    assert sum("cannot unset" in left.reason or "no wake-up" in left.reason for left in plan.left) == 2


@pytest.mark.parametrize("answer", ["", "7;reboot", "$(reboot)", "Failure calling service settings"])
def test_a_setting_that_is_no_number_is_left_alone(answer: str) -> None:
    """It would stand in a shell command."""
    settings = USUAL | {"window_animation_scale": answer}
    plan = plan_tweaks(info(sdk=34), readings(settings=settings), wanted={"animations"})
    assert [change.setting for change in plan.changes] == [("transition_animation_scale", "0.0")]
    assert plan.left[0].reason.startswith("settings does not tell window_animation_scale")


def test_only_what_is_wanted_is_planned() -> None:
    assert lines(34, readings(), wanted={"clock-lock"}) == []
    assert all(line.startswith("animations") for line in lines(34, readings(), wanted={"animations"}))


STEPS = (300_000, 600_000, 900_000, 1_200_000, 1_500_000)


@pytest.mark.parametrize(
    ("steps", "khz"),
    [
        (STEPS, 1_200_000),
        ((300_000, 1_500_000), 1_500_000),  # never the lowest
        ((1_500_000,), None),
        ((), 1_500_000),
    ],
)
def test_the_clock_is_a_calm_step_but_never_the_lowest(steps: tuple[int, ...], khz: int | None) -> None:
    clock = CpuClock(
        cpu=0,
        cur_khz=300_000,
        min_khz=300_000,
        max_khz=1_500_000,
        hardware_max_khz=1_500_000,
        steps_khz=steps,
    )
    assert target_khz(clock) == khz


@given(st.lists(st.integers(100_000, 4_000_000), max_size=12, unique=True), st.integers(100_000, 4_000_000))
def test_a_lock_at_the_lowest_step_never_counts_as_held(steps: list[int], top: int) -> None:
    clock = CpuClock(
        cpu=0, cur_khz=top, min_khz=top, max_khz=top, hardware_max_khz=top, steps_khz=tuple(sorted(steps))
    )
    khz = target_khz(clock)
    assert khz is None or not steps or khz > min(steps)
    assert not steps or not held(clock, min(steps))


class Board:
    """A rooted board without Android: its shell is this computer's, its cpufreq files lie in a folder."""

    serial = "board"

    def __init__(
        self, folder: Path, *, deaf: str = "", watchdog: str = '{"event":"started","pid":1}'
    ) -> None:
        self.folder, self.watchdog, self.deaf = folder / "cpus", watchdog, deaf
        self.commands: list[str] = []
        self.gone = False
        steps = (300_000, 900_000, 1_200_000, 1_500_000, 2_000_000)
        self._cpus = CpuFiles(self.folder, {0: 1_500_000, 1: 2_000_000}, steps)

    def shell(self, command: str, *, deadline_s: float = 30, check: bool = False) -> ShellResult:
        if self.gone:
            raise DeviceOffline("the cable is out", serial=self.serial)
        self.commands.append(command)
        if " watchdog " in command:
            return ShellResult(stdout=self.watchdog + "\n", stderr="", exit_code=0)
        text = command.replace(CPU_FOLDER, str(self.folder)).replace("; id;", "; echo 'uid=0(root)';")
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
        self._kernel()
        if check and done.returncode:
            raise DeviceError(done.stderr, serial=self.serial)
        out = done.stdout.replace(str(self.folder), CPU_FOLDER)
        return ShellResult(stdout=out, stderr=done.stderr, exit_code=done.returncode)

    def _kernel(self) -> None:
        """Clocks follow their limits; a deaf CPU's limits are what its vendor's daemon says."""
        for files in self.folder.glob("cpu*/cpufreq"):
            if files.parent.name == self.deaf:
                (files / "scaling_min_freq").write_text("300000\n")
        self._cpus.follow()

    def limits(self) -> list[tuple[int, int]]:
        return self._cpus.limits()


FREE = [(300_000, 1_500_000), (300_000, 2_000_000)]
GUARD = Guard(runner="/runner", protocol="1", jobs="/jobs", timeout_s=5)
BOARD = info(sdk=None)


def undo_folder(tmp_path: Path) -> str:
    return str(tmp_path / "undo")


def test_root_locks_the_clocks_reads_them_back_and_frees_them(tmp_path: Path) -> None:
    board = Board(tmp_path)
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path)) as tweaks:
        assert board.limits() == [(1_200_000, 1_200_000), (1_500_000, 1_500_000)]
        assert tweaks.locked_khz == {0: 1_200_000, 1: 1_500_000}
        assert (tweaks.clock_state, tweaks.clock_label) == ("locked", "CLOCK-LOCKED")
    assert board.limits() == FREE
    assert list((tmp_path / "undo").iterdir()) == []


def test_a_lock_that_is_not_held_is_told_and_no_lock(tmp_path: Path) -> None:
    """It stays asked for, so that every run says CLOCK-NOT-HELD."""
    with tweaked(Board(tmp_path, deaf="cpu1"), BOARD, GUARD, folder=undo_folder(tmp_path)) as tweaks:
        assert tweaks.clock_state == "free"
        assert tweaks.left[-1].reason.endswith("it runs at 300000 kHz within 300000-1500000")
        assert set(tweaks.locked_khz) == {0, 1}


def test_the_net_is_spread_before_the_first_change(tmp_path: Path) -> None:
    """Order of events: undo list, heartbeat, watchdog, then the changes; and the list last of all."""
    board = Board(tmp_path)
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path)):
        pass
    events = [
        "watch" if " watchdog " in c else "change" if c.startswith("{ echo") else "list"
        for c in board.commands
        if " watchdog " in c or c.startswith(("{ echo", "cat >>"))
    ]
    assert events == ["list", "watch", "change", "change"]
    (watch,) = [c for c in board.commands if " watchdog " in c]
    assert watch.startswith(f"/runner 1 watchdog undo={tmp_path}/undo/")
    assert watch.endswith(".heartbeat timeout_s=5 detach=1") and " job=/jobs " in watch


def test_without_a_watchdog_nothing_is_changed(tmp_path: Path) -> None:
    board, told = Board(tmp_path, watchdog='{"event":"error","message":"no such file"}'), []
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path), told=told.append) as tweaks:
        assert board.limits() == FREE
        assert tweaks.applied == [] and tweaks.heartbeat()
    assert "no such file" in told[0]
    assert list((tmp_path / "undo").iterdir()) == []


def test_a_pulled_cable_leaves_the_list_to_the_watchdog(tmp_path: Path) -> None:
    board, told = Board(tmp_path), []
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path), told=told.append):
        board.gone = True
    assert "puts its settings back itself" in told[0]
    (undo,) = (tmp_path / "undo").glob("*.undo")
    assert len(undo.read_text().splitlines()) == 2


def test_the_next_session_finds_what_a_phone_kept_through_a_reboot(tmp_path: Path) -> None:
    """The watchdog died with the phone; the list did not. Also one that a watchdog had begun with."""
    board, told = Board(tmp_path), []
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path)):
        board.gone = True
    board.gone = False
    (undo,) = (tmp_path / "undo").glob("*.undo")
    assert board.limits() != FREE
    with tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path), told=told.append, wanted={"animations"}):
        assert board.limits() == FREE
    assert told == ["settings that an earlier session left changed were put back"]
    assert not undo.exists()


def test_a_host_that_comes_back_too_late_learns_it(tmp_path: Path) -> None:
    with tweaked(Board(tmp_path), BOARD, GUARD, folder=undo_folder(tmp_path)) as tweaks:
        assert tweaks.heartbeat() and tweaks.taints == ()
        for undo in (tmp_path / "undo").glob("*.undo"):
            undo.unlink()  # as the watchdog does
        assert not tweaks.heartbeat()
        assert [taint.id for taint in tweaks.taints] == ["TWEAKS-LOST"]


def test_an_error_in_the_session_is_not_hidden(tmp_path: Path) -> None:
    board = Board(tmp_path)
    with pytest.raises(ZeroDivisionError), tweaked(board, BOARD, GUARD, folder=undo_folder(tmp_path)):
        assert board.limits() != FREE
        raise ZeroDivisionError
    assert board.limits() == FREE


@given(st.lists(st.text("ab c", min_size=1, max_size=400), max_size=30))
def test_a_long_list_travels_in_commands_that_old_phones_take(listed: list[str]) -> None:
    chunks = list(_chunks(listed))
    assert "\n".join(chunks) == "\n".join(listed)
    assert all(len(chunk) <= 1500 for chunk in chunks)


def test_readings_of_nothing_change_nothing() -> None:
    plan = plan_tweaks(info(sdk=29), parse_readings(""))
    assert plan.changes == ()
    assert all(isinstance(left, Left) and left.reason for left in plan.left)


def test_every_change_can_be_undone_by_one_line() -> None:
    """The watchdog gives each line to a shell of its own."""
    clocks = (
        CpuClock(
            cpu=0,
            cur_khz=None,
            min_khz=1_000_000,
            max_khz=2_000_000,
            hardware_max_khz=2_000_000,
            steps_khz=(),
        ),
    )
    plan = plan_tweaks(info(sdk=34), readings(root=True, clocks=clocks))
    assert {change.tweak for change in plan.changes} == {
        "stay-awake",
        "animations",
        "background",
        "clock-lock",
    }
    for change in plan.changes:
        assert isinstance(change, Change) and change.undo and "\n" not in change.undo
        assert subprocess.run(["sh", "-n", "-c", change.undo], check=False).returncode == 0
