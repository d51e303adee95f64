"""The one error of virtual phones, because a caller needs to know only that there is none and what mends it."""

from __future__ import annotations

from devbench.errors import DevbenchError


class VirtualPhoneError(DevbenchError):
    """A virtual phone could not be started, found or stopped; exit code 3 like any missing phone."""

    exit_code = 3
