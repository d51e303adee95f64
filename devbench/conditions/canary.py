"""Throttling seen from speed, for phones that tell no thermal status: the runner's canary by its best so far."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from devbench.conditions.look import Shell
from devbench.domain.cpus import mask_of
from devbench.domain.device import CoreGroup, DeviceInfo

CANARY_DEADLINE_S = 60.0


def canary_script(runner: str, protocol: str, groups: Sequence[CoreGroup]) -> str:
    """One canary a core group, pinned to it; `runner` is the program's path on the phone."""
    calls = [
        f"echo '== {group.name}'; {runner} {protocol} canary cpu_mask={mask_of(group.cpus):x}"
        for group in groups
    ]
    return "; ".join(calls)


def read_canary(phone: Shell, info: DeviceInfo, *, runner: str, protocol: str) -> dict[str, float]:
    """Nanoseconds a round by core group; a group whose canary failed is left out."""
    script = canary_script(runner, protocol, info.core_groups)
    return parse_canary(phone.shell(script, deadline_s=CANARY_DEADLINE_S).stdout)


def parse_canary(text: str) -> dict[str, float]:
    """Nanoseconds a round by group from the output of `canary_script`."""
    found: dict[str, float] = {}
    group = ""
    for line in text.splitlines():
        heading = re.fullmatch(r"== (\S+)\s*", line)
        if heading:
            group = heading[1]
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue  # linker warnings of old Androids stand between the lines
        value = event.get("ns_per_round") if isinstance(event, dict) else None
        if isinstance(value, int | float) and value > 0:
            found[group] = float(value)
    return found


def canary_ratio(now: Mapping[str, float], baseline: Mapping[str, float]) -> float | None:
    """The slowest group by its baseline; None when no group has one."""
    ratios = [now[group] / baseline[group] for group in now if baseline.get(group, 0) > 0]
    return max(ratios, default=None)


def better_baseline(now: Mapping[str, float], baseline: Mapping[str, float]) -> dict[str, float]:
    """The fastest ever seen of each group: a first look at a warm phone must not hide heat for ever."""
    return {
        group: min(value for value in (now.get(group), baseline.get(group)) if value is not None)
        for group in {**baseline, **now}
    }


def load_baseline(folder: Path, info: DeviceInfo, runner_sha256: str) -> dict[str, float]:
    """What this phone's build did with this very runner; empty at the first time."""
    try:
        data = json.loads(_file(folder, info).read_text("utf-8"))
        same = data["runner_sha256"] == runner_sha256 and data["fingerprint"] == info.fingerprint
        return {str(group): float(value) for group, value in data["ns_per_round"].items()} if same else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_baseline(folder: Path, info: DeviceInfo, runner_sha256: str, baseline: Mapping[str, float]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "runner_sha256": runner_sha256,
        "fingerprint": info.fingerprint,
        "ns_per_round": dict(baseline),
    }
    part = _file(folder, info).with_suffix(".part")
    part.write_text(json.dumps(data), "utf-8")
    part.replace(_file(folder, info))


def _file(folder: Path, info: DeviceInfo) -> Path:
    return folder / f"canary-{info.device}.json"
