"""devbench: on-device machine-learning benchmarks over ADB.

The version stands here and nowhere else; everything heavy is imported where it is used.
"""

__version__ = "0.1.0"
