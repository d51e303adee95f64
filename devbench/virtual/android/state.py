"""What a phone remembers: properties, settings, packages. Some of it survives a reboot, as on a real one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devbench.virtual.android.body import Snapshot
from devbench.virtual.profile import Profile

_SETTINGS = {
    "global": {"stay_on_while_plugged_in": "0", "adb_enabled": "1", "airplane_mode_on": "0", "low_power": "0",
               "window_animation_scale": "1.0", "transition_animation_scale": "1.0",
               "animator_duration_scale": "1.0"},
    "system": {"screen_brightness": "102", "screen_brightness_mode": "0", "screen_off_timeout": "60000"},
    "secure": {"android_id": "9774d56d682e549c", "install_non_market_apps": "0"},
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class State:
    """`save` writes what survives: settings, packages, persist.* properties, the battery."""

    path: Path
    properties: dict[str, str]
    settings: dict[str, dict[str, str]]
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    body: Snapshot | None = None
    screen_on: bool = False
    fixed_performance: bool = False
    low_power: bool = False

    def save(self) -> None:
        kept = {
            "properties": {
                key: value for key, value in self.properties.items() if key.startswith("persist.")
            },
            "settings": self.settings,
            "packages": self.packages,
            "body": asdict(self.body) if self.body else None,
        }
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(kept, indent=1))
        draft.replace(self.path)


def load_state(path: Path, profile: Profile, *, labels: Sequence[str] = ("VIRTUAL",)) -> State:
    """The state of a phone that is switched on: its profile's, with what survived from before."""
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    properties = dict(profile.properties)
    properties |= {
        "ro.serialno": profile.serialno,
        "ro.boot.serialno": profile.serialno,
        "ro.devbench.labels": ",".join(labels),
        "ro.devbench.simulated": "soc,clocks,ram,battery,thermal,app",
        "ro.devbench.cooldown_min_s": "0",
        "sys.boot_completed": "1",
        "dev.bootcomplete": "1",
        "init.svc.adbd": "running",
        "init.svc.bootanim": "stopped",
        "gsm.version.baseband": "",
    }
    body = kept.get("body")
    return State(
        path=path,
        properties=properties | kept.get("properties", {}),
        settings=kept.get("settings") or {name: dict(values) for name, values in _SETTINGS.items()},
        packages=kept.get("packages", {}),
        body=Snapshot(**body) if body else None,
    )
