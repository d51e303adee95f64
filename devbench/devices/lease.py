"""One devbench a phone at a time: two measuring at once would each see the other as noise."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.device import DeviceInfo, Reject

if TYPE_CHECKING:
    from devbench.devices.select import Selection


@contextlib.contextmanager
def leased(folder: Path, selection: Selection) -> Iterator[Selection]:
    """`selection` with its phones held for this process; those that another holds are rejects, with the holder.

    The kernel frees them when we die.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    held: list[DeviceInfo] = []
    busy: list[Reject] = []
    with contextlib.ExitStack() as stack:
        for info in selection.devices:
            lock = FileLock(folder / f"{info.device}.lock", timeout=0, thread_local=False)
            try:
                stack.enter_context(lock)
            except Timeout:
                busy.append(_busy(info, folder))
                continue
            owner = _owner_file(folder, info)
            stack.callback(owner.unlink, missing_ok=True)
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            owner.write_text(json.dumps({"pid": os.getpid(), "since": now}), "utf-8")
            held.append(info)
        yield dataclasses.replace(selection, devices=tuple(held), rejects=(*selection.rejects, *busy))


def _busy(info: DeviceInfo, folder: Path) -> Reject:
    try:
        owner = json.loads(_owner_file(folder, info).read_text("utf-8"))
        holder = f" (process {owner['pid']}, since {owner['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        holder = ""  # it is just beginning or ending
    return Reject(
        serial=info.serial,
        state="busy",
        reason=f"{info.device} is measured by another devbench{holder}",
        fix="wait for it to end, or stop it; `--device` takes another phone",
    )


def _owner_file(folder: Path, info: DeviceInfo) -> Path:
    return folder / f"{info.device}.json"
