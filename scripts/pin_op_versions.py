"""Makes devbench/data/op_versions/*.json: which versions of builtin operators TensorFlow Lite's releases have.

    python scripts/pin_op_versions.py table runtime_version.cc     # first-release.json, from TensorFlow's own table
    python scripts/pin_op_versions.py library 2.4.0 ROOT           # tflite-2.4.0.json, asked of the library itself

`runtime_version.cc` is a file of LiteRT (tflite/converter/tools/versioning). ROOT is an x86_64 Android userland to
chroot into (as root); the library comes from the cache of engines. The interpreter is made of a model that declares
one operator in one version: what the library says is what its registry holds.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from devbench.cli.environment import read_environment
from devbench.engines import parse_engine, resolve
from devbench.graph.tflite_names import OPERATORS
from devbench.runners.binaries import runner_binary

FOLDER = Path(__file__).parent.parent / "devbench" / "data" / "op_versions"
TARGET = "android-x86_64"
MORE = 3  # versions that are asked for beyond the newest one found
NO_RELEASE = {"2.14.4"}  # the table names one that there never was; 2.16.1 does not have that version
CUSTOM = ("AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess")
_ENTRY = re.compile(r'\{\{BuiltinOperator_(\w+),\s*(\d+)\},\s*"([0-9.]+)"\}')
_LACKS = re.compile("Didn't find op|unresolved custom op|Op builtin_code out of range")


def table(source: str) -> None:
    found: dict[str, dict[str, str]] = {}
    for op, version, release in _ENTRY.findall(Path(source).read_text("utf-8")):
        if release not in NO_RELEASE:
            found.setdefault(op, {})[version] = release
    _write("first-release", {"source": "tflite/converter/tools/versioning/runtime_version.cc of LiteRT"}, found)


def library(release: str, root: str) -> None:
    phone = Path(root) / "data/local/tmp"
    engine = resolve(parse_engine(f"tflite@{release}"), TARGET, cache_dir=read_environment().engines)
    shutil.copy(engine.path, phone / "probed.so")
    shutil.copy(runner_binary(TARGET).path, phone / "probe")
    (phone / "probe").chmod(0o755)
    found: dict[str, list[int]] = {}
    for number, name in [*enumerate(OPERATORS), *((32, custom) for custom in CUSTOM)]:
        if name == "CUSTOM":
            continue
        has: list[int] = []
        version = 1
        while version <= max(has, default=0) + MORE:
            has += [version] if _has(Path(root), phone, number, name, version) else []
            version += 1
        if has:
            found[name] = [has[0], has[-1]]
            assert has == list(range(has[0], has[-1] + 1)), (name, has)
    _write(f"tflite-{release}", {"sha256": engine.sha256}, found)


def _has(root: Path, phone: Path, number: int, name: str, version: int) -> bool:
    _write_model(phone / "probed.tflite", number, name, version)
    words = ["engine=tflite", "lib=/data/local/tmp/probed.so", "model=/data/local/tmp/probed.tflite",
             "delegate=none", "err=/data/local/tmp/words", "steady_min_n=1", "steady_max_n=1", "steady_min_ms=0",
             "warmup_min_ms=0", "warmup_max_ms=0"]  # fmt: skip
    (phone / "words").unlink(missing_ok=True)
    command = ["chroot", root, "/data/local/tmp/probe", "1", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout + (phone / "words").read_text("utf-8", "replace")
    lacks = _LACKS.search(said) is not None
    loaded = '"event":"loaded"' in done.stdout
    if not lacks and not loaded and name not in CUSTOM:
        raise SystemExit(f"{name} version {version}: neither loaded nor refused:\n{said}")
    return not lacks


def _write_model(path: Path, number: int, name: str, version: int) -> None:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as s

    tensor = s.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = "x", [1], s.TensorType.FLOAT32, 0
    graph = s.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [tensor], [], [0], [0]
    if name in CUSTOM:  # one that nothing uses is not looked for
        graph.operators = [s.OperatorT()]
        graph.operators[0].inputs, graph.operators[0].outputs = [0], [0]
    code = s.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
    code.customCode = name.encode() if number == OPERATORS.index("CUSTOM") else None
    model = s.ModelT()
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], [s.BufferT()], [code]
    builder = flatbuffers.Builder(512)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def _write(name: str, facts: dict[str, Any], ops: dict[str, Any]) -> None:
    head = "".join(f'"{key}": {json.dumps(value)}, ' for key, value in facts.items())
    lines = [f"  {json.dumps(op)}: {json.dumps(value)}" for op, value in sorted(ops.items())]
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = f'{{"schema": 1, {head}"ops": {{\n' + ",\n".join(lines) + "\n}}\n"
    (FOLDER / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    {"table": table, "library": library}[sys.argv[1]](*sys.argv[2:])
