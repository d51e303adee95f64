"""The command line: one file a command; errors become a message on stderr and an exit code."""

from devbench.cli.app import main

__all__ = ["main"]
