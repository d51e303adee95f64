"""Build hook: compiles the runners into devbench/data/runners, so that a wheel needs no compiler at the user's."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def runner_build(root: Path) -> ModuleType:
    """android-runner/build.py as a module (its folder's name is no Python name)."""
    spec = importlib.util.spec_from_file_location(
        "devbench_runner_build", root / "android-runner" / "build.py"
    )
    if spec is None or spec.loader is None:
        raise RuntimeError("android-runner/build.py is missing from this source tree")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class RunnerBuildHook(BuildHookInterface[Any]):
    """Runs for wheels and for editable installs; does nothing while the sources are unchanged."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        module = runner_build(Path(self.root))
        out = Path(self.root) / "devbench" / "data" / "runners"
        try:
            built = module.ensure(out)
        except module.BuildError as error:
            raise RuntimeError(f"devbench-runner: {error}") from error
        self.app.display_info(f"devbench-runner: {'built' if built else 'up to date'} in {out}")
