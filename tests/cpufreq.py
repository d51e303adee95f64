"""A board's cpufreq folders as plain files, in which a test is the kernel and the vendor's daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

LOWEST_KHZ = 300_000


class CpuFiles:
    """`cpuN/cpufreq` below `folder` for each CPU and its highest clock, free at first: lowest to highest."""

    def __init__(self, folder: Path, tops_khz: Mapping[int, int], steps_khz: Sequence[int]) -> None:
        self.folder = folder
        for cpu, top_khz in tops_khz.items():
            files = folder / f"cpu{cpu}" / "cpufreq"
            files.mkdir(parents=True)
            (files / "cpuinfo_max_freq").write_text(f"{top_khz}\n")
            (files / "scaling_available_frequencies").write_text(" ".join(map(str, steps_khz)) + " \n")
            _put(files, LOWEST_KHZ, top_khz)

    def put(self, low_khz: int, high_khz: int) -> None:
        """What a vendor's daemon does: limits of its own on every CPU, and the clock that follows from them."""
        for files in self._each():
            _put(files, low_khz, high_khz)

    def follow(self) -> None:
        """What a kernel does: the clock is where its limits put it."""
        for files in self._each():
            (files / "scaling_cur_freq").write_text((files / "scaling_min_freq").read_text())

    def limits(self) -> list[tuple[int, int]]:
        """Lowest and highest of each CPU, in kHz."""
        return [
            (int((files / "scaling_min_freq").read_text()), int((files / "scaling_max_freq").read_text()))
            for files in self._each()
        ]

    def _each(self) -> list[Path]:
        return sorted(self.folder.glob("cpu*/cpufreq"))


def _put(files: Path, low_khz: int, high_khz: int) -> None:
    for name, khz in (("min", low_khz), ("max", high_khz), ("cur", low_khz)):
        (files / f"scaling_{name}_freq").write_text(f"{khz}\n")
