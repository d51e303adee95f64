"""The lab's scheduler: Dask's, with TLS both ways, knowing which phones are there and which session is next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from devbench.errors import UsageError


def serve(
    listen: str, *, keys: Path, phone_wait_s: float, scratch: Path, told: Callable[[str], None]
) -> None:
    """Until Ctrl-C. `listen` is HOST:PORT (port 0: any); `told` gets the address once it listens.

    UsageError where there are no keys and `listen` is more than this computer, or where it cannot listen.
    """
    from devbench.lab.dask_settings import configure
    from devbench.lab.keys import load_security, parse_address

    host, port = parse_address(listen)
    security = load_security(keys, address=listen, make=True)
    configure(phone_wait_s=phone_wait_s)
    scratch.mkdir(parents=True, exist_ok=True)

    async def until_cancelled() -> None:
        from distributed import Scheduler

        scheduler = Scheduler(
            host=host, port=port, protocol="tls", security=security, dashboard=False,
            dashboard_address="127.0.0.1:0",
        )  # fmt: skip
        async with scheduler:
            told(scheduler.address.removeprefix("tls://"))
            await scheduler.finished()

    try:
        asyncio.run(until_cancelled())
    except (OSError, RuntimeError) as error:  # Dask wraps what its listener meets
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise UsageError(
            f"{listen} cannot be listened on: {cause.strerror}",
            fix="name another port with --listen, or end what has it",
        ) from error
