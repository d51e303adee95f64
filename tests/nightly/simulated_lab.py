"""A lab of virtual phones whose nights pass quickly: real adb, runner and files; date and noise are planted.

Models are files of the paced engine, built anew each night, so that no two nights have the same hash. A process of
a model has a level of its own, drawn by the engine. A hot phone is slower in all but the control.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from paced import build_paced, write_paced

from devbench import virtual
from devbench.adb import Server
from devbench.cli.environment import Environment
from devbench.cli.nightly import measure_night
from devbench.conditions import GATE_IDS
from devbench.console import Progress
from devbench.domain.job import Bounds
from devbench.graph.model_file import read_variant
from devbench.nightly import LabConfig, Night, load_config
from devbench.session import RunRequest
from devbench.virtual import VirtualPhone

BRIEF = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0, steady_min_n=15, steady_min_ms=0
)
LATENCY_US = 3000.0
RUN_NOISE_PCT = 0.6 * 3**0.5  # uniform, so × √3 for a standard deviation of 0.6 %
HEAT_FILE, HEAT_BYTES, HEAT_PCT = "/data/local/tmp/hot", 1_000_000, 8.0
# a computer that is busy in some nights has two lines of each number: it is busy in all, at the least priority
_BUSY = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"
FIRST_NIGHT = datetime(2026, 1, 1, 2, 0)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """`phones` in the order of their names."""

    folder: Path
    config: LabConfig
    environment: Environment
    server: Server
    phones: tuple[VirtualPhone, ...]

    def night(
        self, number: int, *, slower_pct: dict[str, float], hot: Collection[int] = (), **also: object
    ) -> Night:
        """Night `number` (from 1): new builds of the models, slower by so much; phones `hot` by their place."""
        models = self.folder / "models"
        for name, pct in slower_pct.items():
            write_paced(models / f"{name}.tflite", **_behaviour(pct), build=number, **also)
        for place, phone in enumerate(self.phones):
            size = HEAT_BYTES if place in hot else 0
            self.server.phone(phone.serial).shell(
                f"rm -f {HEAT_FILE}; dd if=/dev/zero of={HEAT_FILE} bs={max(size, 1)} count={int(size > 0)}",
                check=True,
            )
        when = FIRST_NIGHT + timedelta(days=number - 1)
        with Progress(quiet=False) as progress:
            return measure_night(
                self.config, self.environment, progress, twist=self._brief, clock=lambda: when, look_s=0.1
            )

    def _brief(self, request: RunRequest) -> RunRequest:
        """Bounds of a test, and a control that the paced engine runs."""
        behaviour = _behaviour(0.0) | {"heat_pct": 0}
        control = dataclasses.replace(
            read_variant(write_paced(self.folder / "control.tflite", **behaviour)), control=True
        )
        own = (v for v in request.variants if not v.control)
        # not careful: the canary would take other work on this computer for heat, in some nights
        profile = dataclasses.replace(request.profile, bounds=BRIEF, passes=("latency",), careful=False)
        return dataclasses.replace(
            request, variants=(control, *own), profile=profile, allow=frozenset(GATE_IDS), tweaks=frozenset()
        )


def _behaviour(slower_pct: float) -> dict[str, object]:
    return {
        "latency_us": LATENCY_US * (1 + slower_pct / 100), "run_noise_pct": RUN_NOISE_PCT, "noise_pct": 2,
        "sleep": 1, "heat_pct": HEAT_PCT, "heat_file": HEAT_FILE, "heat_n": HEAT_BYTES,
    }  # fmt: skip


@contextlib.contextmanager
def simulated_lab(base: Path, profiles: Sequence[str], *, more: str = "") -> Iterator[Lab]:
    """`more` is TOML behind the [[run]]."""
    home = base / "home"
    (base / "models").mkdir(parents=True)
    engine = build_paced(base)
    address = virtual.private_server(home=home / "virtual")
    busy = subprocess.Popen([sys.executable, "-c", _BUSY])
    try:
        phones = virtual.up(profiles, server=address, home=home / "virtual")
        spec = ",".join(phone.serial for phone in phones)
        (base / "lab.toml").write_text(
            f'device = "{spec}"\n[[run]]\nmodels = ["models/*.tflite"]\nrounds = 5\n'
            f'engine = "tflite={engine}"\n{more}'
        )
        environment = Environment(home=home, adb_host=address.host, adb_port=address.port, adb=None)
        config = load_config(base / "lab.toml")
        yield Lab(folder=base, config=config, environment=environment, server=Server(address), phones=phones)
    finally:
        busy.kill()
        busy.wait()
        virtual.down(None, home=home / "virtual")
        virtual.stop_private_server(home=home / "virtual")
