"""Builds the app's classes.dex from java/ with a JDK 17 and dx, into prebuilt/, after a change of the Java.

    python android-runner/build_java.py [--out FILE] [--dx JAR]

The Java is compiled against stubs/android, which holds what it uses of Android 5.0 (API 21) and nothing else. The
same JDK and the same dx give the same bytes; the file's hash stands beside it in prebuilt/classes.dex.sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
JAVA = HERE / "java"
STUBS = HERE / "stubs" / "android"
PREBUILT = HERE / "prebuilt" / "classes.dex"
JDK = 17
MIN_SDK = 21
DX = "com.jakewharton.android.repackaged:dalvik-dx:11.0.0_r3"


class BuildError(Exception):
    """The dex cannot be built; the message says why and what to do."""


def javac_version() -> int | None:
    """The installed compiler's major version; None without one."""
    if shutil.which("javac") is None:
        return None
    said = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).split()
    return int(words[1].partition(".")[0]) if len(words) > 1 else None


def find_tool(coordinates: str, packaging: str = "jar") -> Path:
    """The file of `GROUP:ARTIFACT:VERSION`: from the user's Maven repository, or fetched into it by jgo."""
    group, artifact, version = coordinates.split(":")
    folder = Path.home().joinpath(".m2", "repository", *group.split("."), artifact, version)
    file = folder / f"{artifact}-{version}.{packaging}"
    if file.is_file():
        return file
    try:
        from jgo.maven import MavenContext

        found = MavenContext().project(group, artifact).at_version(version).artifact(packaging=packaging)
        return Path(found.resolve())
    except ImportError as error:
        raise BuildError(f"{artifact} is fetched with jgo, which is not installed: pip install jgo") from error
    except (OSError, RuntimeError) as error:
        raise BuildError(f"{coordinates} cannot be fetched: {error}") from error


def run(command: list[str]) -> None:
    """A tool; what it says is an error even where it succeeds, since dx only warns of what a phone refuses."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0 or said:
        raise BuildError(f"{command[0]} ended with {done.returncode}:\n{said[-4000:]}")


def compile_java(sources: Path, classes: Path, *, against: Path | None) -> None:
    """All of `sources` into the new folder `classes`, as Java 8 without anything but the classes `against`."""
    classes.mkdir(parents=True)
    path = [] if against is None else ["-cp", str(against)]
    options = ["-Xlint:all,-options", "-Werror", "-proc:none", "-encoding", "UTF-8"]
    options += ["--release", "8", "-g:source,lines"]
    run(["javac", *options, *path, "-d", str(classes), *map(str, sorted(sources.rglob("*.java")))])


def build(out: Path, dx: Path) -> None:
    """Writes the dex to `out`; BuildError."""
    found = javac_version()
    if found != JDK:
        raise BuildError(f"the dex is built with JDK {JDK}; here is {found or 'none'}")
    with tempfile.TemporaryDirectory(prefix="devbench-dex-") as scratch:
        stubs, classes = Path(scratch, "stubs"), Path(scratch, "classes")
        compile_java(STUBS, stubs, against=None)
        compile_java(JAVA, classes, against=stubs)
        dex = Path(scratch, "classes.dex")
        tool = ["java", "-cp", str(dx), "com.android.dx.command.Main", "--dex", f"--min-sdk-version={MIN_SDK}"]
        run([*tool, f"--output={dex}", str(classes)])
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dex, out)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PREBUILT)
    parser.add_argument("--dx", type=Path, help=f"the jar of {DX}; default: found or fetched")
    options = parser.parse_args(argv)
    try:
        build(options.out, options.dx or find_tool(DX))
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    digest = hashlib.sha256(options.out.read_bytes()).hexdigest()
    options.out.with_name(options.out.name + ".sha256").write_text(f"{digest}  {options.out.name}\n", "utf-8")
    sys.stdout.write(f"{options.out}: {options.out.stat().st_size} bytes, SHA-256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
