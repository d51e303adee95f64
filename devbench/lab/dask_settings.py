"""How we want Dask: a session is never stolen or given up lightly, and no page is served to anybody."""

from __future__ import annotations

from typing import Any

DESK = "devbench"  # the operation of a phone's process that answers us, beside Dask's own
SERIAL, TYPE = "serial:", "type:"
# a host that is silent for so long is gone; its phones' sessions wait for it
HOST_SILENT_S = 60
LOST_WORKERS = 5


def resources_of(device: str, model: str) -> dict[str, float]:
    """What a phone's process offers: its own name, which is free of its serial number, and its model."""
    return {f"{SERIAL}{device}": 1, f"{TYPE}{model}": 1}


def configure(*, phone_wait_s: float | None = None) -> None:
    """For this process. `phone_wait_s`: how long a session waits for a phone that is not there."""
    import logging

    import dask
    import distributed

    # a lost connection is no error here, and its traces would bury our own words
    logging.getLogger(distributed.__name__).setLevel(logging.CRITICAL)
    settings: dict[str, Any] = {
        "distributed.scheduler.allowed-failures": LOST_WORKERS,
        "distributed.scheduler.work-stealing": False,
        "distributed.scheduler.worker-ttl": f"{HOST_SILENT_S}s",
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.comm.timeouts.connect": "60s",  # a fifth of it for each try, which a busy host may well need
        "distributed.comm.timeouts.tcp": "60s",
        "distributed.admin.log-length": 0,
        "distributed.worker.profile.enabled": False,
    }
    if phone_wait_s is not None:
        settings["distributed.scheduler.no-workers-timeout"] = f"{phone_wait_s}s"
    dask.config.set(settings)
