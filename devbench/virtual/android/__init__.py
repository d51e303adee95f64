"""The commands that the daemon answers itself, each in the format of its Android: one file a family.

A handler takes a `Call` and returns the exit code; registering it under a name makes it a command of every
phone whose profile lists that name.
"""
