"""The one function that Dask runs: apart, so that whoever submits it needs to load nothing else."""

from __future__ import annotations

import json

from devbench.lab.dask_settings import DESK


def attend(run_id: str) -> bytes:
    """One phone's whole session of a run, on the phone's host. JSON bytes, as everything of ours that travels."""
    from distributed import get_worker

    link = get_worker().plugins[DESK]
    return json.dumps(link.desk.attend(run_id, link.gone)).encode()
