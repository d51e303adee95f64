"""Engines too large to push: a Linux target that has such a library in a known folder runs it from there.

Which file that is stays pinned by the hash of a file here; the phone's own is hashed before it runs.
"""

from __future__ import annotations

import dataclasses

from devbench.domain.device import DeviceInfo
from devbench.engines.file import EngineFile
from devbench.engines.table import Table, engine_table
from devbench.errors import EngineError

ENGINES_FOLDER = "/opt/engines"


def placed(file: EngineFile, device: DeviceInfo, table: Table | None = None) -> EngineFile:
    """`file` as `device` is to get it: pushed, or where it is; EngineError if it is neither there nor pushed."""
    engine = (engine_table() if table is None else table).get(file.engine)
    if engine is None or not engine.in_place:
        return file
    path = next((path for path in device.engine_files if path.endswith(f"/{engine.library}")), None)
    if path is None:
        raise EngineError(
            f"{device.device} has no {engine.library} below {ENGINES_FOLDER}, "
            f"and {file.size_bytes / 1e6:.0f} MB are not pushed",
            fix=f"put the library, and those it needs beside it, into {ENGINES_FOLDER}/{engine.name} on the phone",
            kind="not-installed",
        )
    return dataclasses.replace(file, on_phone=path)
