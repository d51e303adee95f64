"""`make bench`: every measurement of devbench itself, one after the other, each with its target.

A figure is a ratio against a reference in the same run where it can be; a busy machine is said first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HELPERS = {"run.py", "bare.py", "counted.py", "phones.py", "planted_engines.py"}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 if any missed its target."""
    scripts = [path for path in sorted(HERE.glob("*.py")) if path.name not in HELPERS]
    known = {path.stem for path in scripts}
    if unknown := [name for name in names if name not in known]:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(sorted(known))}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} CPUs, load {load:.2f}" + (": not quiet, doubt the ratios" if load > 0.5 else ""))
    missed = []
    for path in scripts:
        if names and path.stem not in names:
            continue
        print(f"\n== {path.stem}", flush=True)
        if subprocess.run([sys.executable, str(path)], check=False).returncode != 0:
            missed.append(path.stem)
    print(f"\nmissed or broken: {', '.join(missed)}" if missed else "\nall within their targets")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
