"""`devbench runner export`: the programs that run on phones, for people who want them in their hands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The program that runs on phones.")


@app.command("export", epilog="[bold]Example[/bold]: `devbench runner export ./runners`")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; made if missing.")],
    json_: Annotated[bool, typer.Option("--json", help="The manifest as JSON on stdout.")] = False,
) -> None:
    """Write DIR/<target>/devbench-runner for every target, and DIR/manifest.json with the SHA-256 of each."""
    import json
    import shutil

    from devbench.console import print_json, print_line
    from devbench.errors import StoreError
    from devbench.runners.binaries import runner_binary, targets

    manifest = {}
    try:
        for target in targets():
            binary = runner_binary(target)
            place = folder / target / "devbench-runner"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(binary.path, place)
            place.chmod(0o755)
            manifest[target] = {
                "file": f"{target}/devbench-runner",
                "sha256": binary.sha256,
                "bytes": binary.size_bytes,
                "version": binary.version,
            }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
    if json_:
        print_json(manifest)
        return
    for entry in manifest.values():
        print_line(str(folder / str(entry["file"])))
