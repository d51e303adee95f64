"""Phones: found, selected, explained when unusable, probed, and looked at again between jobs."""

from devbench.devices.lease import leased
from devbench.devices.probe import probe
from devbench.devices.quarantine import without_quarantined
from devbench.devices.select import Selection, select
from devbench.devices.state import read_state

__all__ = ["Selection", "leased", "probe", "read_state", "select", "without_quarantined"]
