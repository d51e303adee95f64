"""The adb edge: the only importer of adbutils, with what it lacks — deadlines, exit codes, our errors."""

from devbench.adb.phone import Phone, ShellResult, ShellStream
from devbench.adb.push_slots import PushSlots
from devbench.adb.server import Server, ServerAddress, Transport

__all__ = ["Phone", "PushSlots", "Server", "ServerAddress", "ShellResult", "ShellStream", "Transport"]
