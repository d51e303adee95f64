"""`devbench runner export`: the programs and the app that run on phones, for who wants them in their hands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The programs that run on phones.")


@app.command("export", epilog="[bold]Example[/bold]: `devbench runner export ./runners`")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; made if missing.")],
    key: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="PEM",
            help="RSA key and certificate in one PEM file, to sign the app with. Default: a test key.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The manifest as JSON on stdout.")] = False,
) -> None:
    """Write DIR/<target>/devbench-runner for every target, the app for all ABIs (DIR/devbench-runner.apk) and for
    each one (DIR/devbench-runner-<abi>.apk), and DIR/manifest.json with the SHA-256 of each."""
    import json
    import shutil

    from devbench.console import print_json, print_line
    from devbench.errors import StoreError
    from devbench.runners.binaries import ANDROID_ABIS, build_app, runner_binary, targets

    manifest = {}
    apps = {"apk": build_app(key=key)}
    apps |= {f"apk-{abi}": build_app((abi,), key=key) for abi in ANDROID_ABIS}
    try:
        for target in targets():
            binary = runner_binary(target)
            place = folder / target / "devbench-runner"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(binary.path, place)
            place.chmod(0o755)
            manifest[target] = _entry(f"{target}/devbench-runner", binary.path.read_bytes())
        for name, apk in apps.items():
            file = f"devbench-runner{name.removeprefix('apk')}.apk"
            (folder / file).write_bytes(apk)
            manifest[name] = _entry(file, apk)
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
    if json_:
        print_json(manifest)
        return
    for entry in manifest.values():
        print_line(str(folder / str(entry["file"])))


def _entry(file: str, content: bytes) -> dict[str, str | int]:
    import hashlib

    import devbench

    return {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "version": devbench.__version__,
    }
