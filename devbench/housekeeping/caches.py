"""What an agent of a lab and the building of variants keep in DEVBENCH_HOME: copies go, what only lies here stays.

`lab-file`: models, engines and inputs that a submitter sends again when they are missing. `variant`: built models
and what was trained for them. `ledger`: measurements of a run that nobody has resumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devbench.errors import StoreError
from devbench.housekeeping.host import Leftover, leftover
from devbench.store import HEADER, read_header


def lab_leftovers(lab: Path, in_use: str | None) -> Iterator[Leftover]:
    """Below an agent's folder; `in_use` says why files may be needed at this moment. Keys are no leftovers."""
    for file in _inside(lab / "files"):
        yield from leftover("lab-file", file.name[:12], (file,), in_use)
    waits = "its measurements are in no run yet: devbench run --resume RUN --lab … where it was begun"
    for run in _inside(lab / "runs"):
        yield from leftover("ledger", run.name, (run,), waits)


def variant_leftovers(variants: Path, results: Path) -> Iterator[Leftover]:
    """Of the cache of built variants, what no run in `results` was made with."""
    named = frozenset(_named(results))
    for family in _inside(variants):
        for folder in _inside(family):
            if (folder / "entry.json").is_file() or family.name == "training":
                used = any(path.is_relative_to(folder) for path in named)
                kept = "a run was made with it, and --resume needs the same file" if used else None
                yield from leftover("variant", f"{family.name[:12]}/{folder.name[:12]}", (folder,), kept)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _named(results: Path) -> Iterator[Path]:
    """Files and folders of held-out sets that runs name."""
    for header in results.glob(f"*/{HEADER}"):
        try:
            found = read_header(header.parent).variants
        except StoreError:
            continue  # damaged, or of a newer devbench
        for variant in found:
            yield Path(variant.path)
            if variant.held_out is not None:
                yield Path(variant.held_out.folder)
