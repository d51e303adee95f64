"""Who measures waits for the core; who only looks does not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from devbench.virtual.cores import Core, choose_core, measures

RUNNER = "/data/local/tmp/devbench/cas/ab12"


@pytest.mark.parametrize(
    "command",
    [
        f"{RUNNER} 1 run engine=litert model=/data/local/tmp/m detach=1",
        f"{RUNNER} 1 canary",
        "/data/local/tmp/benchmark_model --graph=m.tflite",
        "cd /data/local/tmp && ./benchmark_model",
        "cd /data/local/tmp/x; LD_LIBRARY_PATH=. ./y 2>&1",
        f"nohup {RUNNER} 1 run a=b > /dev/null &",
        f"echo first; {RUNNER} run",
        "exec /data/local/tmp/program 'quoted; words'",
        "/data/local/tmp/a 'unbalanced",
    ],
)
def test_programs_of_the_workplace_measure(command: str) -> None:
    assert measures(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "ls /data/local/tmp",
        "getprop; dumpsys battery | cat",
        f"chmod 755 {RUNNER} && mv {RUNNER}.part {RUNNER}",
        *(f"{RUNNER} 1 {name} x" for name in ("info", "sha256", "follow", "stop", "sample", "watchdog")),
        f"{RUNNER} info",
        "cat < /data/local/tmp/x",
        "cd /data/local/tmp/../../../system/bin && ./ls",
    ],
)
def test_looking_does_not(command: str) -> None:
    assert not measures(command)


def test_a_new_phone_gets_the_core_with_the_fewest_phones() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    assert choose_core([]) == allowed[0]
    assert choose_core(allowed) == allowed[0]
    assert choose_core([allowed[0]]) == allowed[len(allowed) > 1]


async def never() -> None:
    await asyncio.Event().wait()


def test_phones_on_one_core_take_turns_and_a_detached_job_keeps_its_turn(tmp_path: Path) -> None:
    """Order of events: what a job inherits holds the core after its stream has ended."""

    async def story() -> list[str]:
        events: list[str] = []
        inherited = -1
        async with Core(tmp_path, 0, "a").place(f"{RUNNER} 1 run", never) as (cpus, lock):
            assert cpus == [0]
            assert lock is not None
            inherited = os.dup(lock)
            events.append("a starts")

        async def other() -> None:
            async with Core(tmp_path, 0, "b").place(f"{RUNNER} 1 run", never):
                events.append("b starts")

        waiting = asyncio.create_task(other())
        async with Core(tmp_path, 0, "b").place(f"{RUNNER} 1 info", never) as (_, lock):
            assert lock is None
            events.append("b looks")
        async with Core(tmp_path, 0, "a").place(f"{RUNNER} 1 canary", never) as (_, lock):
            assert lock is None
            events.append("a starts another")
        done, _ = await asyncio.wait({waiting}, timeout=0.05)
        events.append("b waits" if not done else "b did not wait")
        os.close(inherited)
        events.append("a ends")
        await waiting
        return events

    assert asyncio.run(story()) == [
        "a starts",
        "b looks",
        "a starts another",
        "b waits",
        "a ends",
        "b starts",
    ]


def test_who_leaves_the_queue_never_starts(tmp_path: Path) -> None:
    async def story() -> None:
        async def at_once() -> None:
            return

        async with Core(tmp_path, 0, "a").place(f"{RUNNER} 1 run", never):
            with pytest.raises(ConnectionAbortedError):
                async with Core(tmp_path, 0, "b").place(f"{RUNNER} 1 run", at_once):
                    raise AssertionError("started")

    asyncio.run(story())


def test_cores_of_their_own_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def story() -> bool:
        async with (
            Core(tmp_path, 0, "a").place(f"{RUNNER} 1 run", never) as (_, first),
            Core(tmp_path, 1, "b").place(f"{RUNNER} 1 run", never) as (_, second),
        ):
            return first is not None and second is not None

    assert asyncio.run(story())


def test_phones_that_share_cores_do_not_queue(tmp_path: Path) -> None:
    async def story() -> list[int | None]:
        command = f"{RUNNER} 1 run"
        async with (
            Core(tmp_path, 0, "a", shared=True).place(command, never) as (_, first),
            Core(tmp_path, 0, "b", shared=True).place(command, never) as (_, second),
        ):
            return [first, second]

    assert asyncio.run(story()) == [None, None]
