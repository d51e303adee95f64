"""The layer table of docs/develop.md, checked against the imports in the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "devbench"

# a module may import what stands before it; members of one tuple do not know each other
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",), ("units",), ("domain",), ("hashing",),
    ("parse", "stats", "apk", "precision"), ("plan",),
    ("adb",), ("engines", "store"),
    ("devices",), ("conditions",),
    ("graph",), ("variants",), ("suites",),
    ("metrics",), ("summary",), ("budget", "pairing", "noise", "delivery"), ("runners",),
    ("session", "imports"), ("history",), ("nightly", "lab", "lab_state"), ("housekeeping",),
    ("reports",),
    ("console",), ("cli",), ("__main__",),
)  # fmt: skip
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# suites names the steps of variants, and variants builds a suite's recipes: one noun in two folders
PAIRS = {("variants", "suites")}
HEAVY = {
    "tensorflow", "keras", "pandas", "matplotlib", "adbutils", "dask", "numpy", "jinja2", "rich", "scipy",
    "ruptures",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.parts)


def layer_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_layers(path: Path) -> set[tuple[str, int]]:
    """(layer, line) of each devbench module that `path` imports, also inside functions."""
    found: set[tuple[str, int]] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "devbench":
                names = [f"devbench.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "devbench" and len(parts) > 1 and parts[1] != "__version__":
                found.add((parts[1], node.lineno))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_the_layer_table_only(path: Path) -> None:
    """Nothing imports from a layer above its own; only cli and tests know virtual phones."""
    own = layer_of(path)
    for layer, line in imported_layers(path):
        where = f"{path.relative_to(PACKAGE)}:{line} imports devbench.{layer}"
        if layer == own or own == "__init__":
            continue
        if layer == "virtual":
            assert own == "cli", f"{where}: only cli may know virtual phones"
            continue
        if own == "virtual":
            assert layer in RANK and RANK[layer] <= RANK["devices"], f"{where}: virtual uses words and edges only"
            continue
        assert layer in RANK and own in RANK, f"{where}: a layer is missing in the table"
        assert RANK[layer] < RANK[own] or (own, layer) in PAIRS, f"{where}: that is above it"


def test_no_module_but_virtual_asks_whether_a_phone_is_virtual_to_behave_differently() -> None:
    """`virtual` may be shown (reports, console, summary) but decides nothing in measuring."""
    for path in modules():
        if layer_of(path) in ("adb", "devices", "engines", "plan", "runners", "session", "store"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                asks = isinstance(node, ast.Attribute) and node.attr == "virtual"
                assert not asks, f"{path.name} asks whether a phone is virtual"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_small(path: Path) -> None:
    """A file has fewer than 400 lines and a function fewer than 50."""
    text = path.read_text("utf-8")
    assert text.count("\n") < 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60 if layer_of(path) == "cli" else lines <= 50, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_face_prints_exits_or_reads_the_environment(path: Path) -> None:
    """print, sys.exit and os.environ stand in cli, console and the entry points of child processes only."""
    if layer_of(path) in ("cli", "console", "__main__", "virtual") or path.name in ("worker.py",):
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        exits = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (
            (node.value.id, node.attr) in {("sys", "exit"), ("os", "environ")}
        )
        assert not called and not exits, f"{path.relative_to(PACKAGE)}:{node.lineno}"


def test_only_the_adb_edge_imports_adbutils() -> None:
    """One importer, so that errors are translated once; virtual may use it for its own private server."""
    for path in modules():
        if layer_of(path) not in ("adb",):
            assert not re.search(r"^\s*(import|from) adbutils", path.read_text("utf-8"), re.MULTILINE), path


def test_starting_the_command_line_loads_nothing_heavy() -> None:
    """`devbench --version` must not wait for TensorFlow, pandas or matplotlib."""
    code = (
        "import sys; import devbench.cli.app; "
        f"print(sorted({HEAVY!r} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
