#!/usr/bin/env python3
"""Print devbench/engines/engines.toml with pins computed from the artefacts themselves.

    pip install '.[android]' pyelftools
    python scripts/pin_engines.py > engines.toml && mv engines.toml devbench/engines/engines.toml

A new version is a line in RELEASES; nothing in the table is written by hand. What a library exports and was built
for is read by pyelftools here and by devbench's own reader at run time, so each checks the other.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tempfile
import zipfile
from pathlib import Path

from elftools.elf.elffile import ELFFile
from jgo.maven import MavenContext

ABIS = ("arm64-v8a", "armeabi-v7a", "x86_64", "x86")

HEADER = """\
# Engines and their pins. Made by scripts/pin_engines.py from the artefacts themselves; do not edit by hand.
#
# coordinates           group:artifact:version:packaging in a Maven repository (Maven Central unless `repository`)
# sha256, size_bytes    of the archive, and below `target` of each library in it
# delegates             those whose C functions the libraries export
# minimal_api           the larger of what the library and the archive's manifest were built for; left out where
#                       neither says
# load_alignment_bytes  of the ELF segments: a phone with larger pages cannot load the library
# in_place              too large to push: the phone must have it in its folder of engines

schema = 1
"""

# name → (title, model formats, library, further lines)
ENGINES: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "litert": (
        "LiteRT 2, C API",
        ("tflite",),
        "libLiteRt.so",
        '\n[engine.litert.wheel]\ndistribution = "ai-edge-litert"\npackage = "ai_edge_litert"\n'
        'targets = ["linux-x86_64", "linux-aarch64"]\ndelegates = ["xnnpack"]\n',
    ),
    "tflite": ("TensorFlow Lite, C API", ("tflite",), "libtensorflowlite_jni.so", 'default = "2.16.1"\n'),
    "tflite-gpu": (
        "TensorFlow Lite's GPU delegate",
        (),
        "libtensorflowlite_gpu_jni.so",
        'default = "2.16.1"\ndelegate_of = "tflite"\n',
    ),
    "tfmobile": ("TensorFlow Mobile, JNI", ("pb",), "libtensorflow_inference.so", 'default = "1.13.1"\n'),
    "tensorflow": (
        "TensorFlow 2, C API",
        ("pb",),
        "libtensorflow_cc.so.2",
        'in_place = true\n\n[engine.tensorflow.wheel]\ndistribution = "tensorflow-cpu"\npackage = "tensorflow"\n'
        'extra = "models"\ntargets = ["linux-x86_64", "linux-aarch64"]\ndelegates = []\n',
    ),
}
RELEASES = (
    ("tflite", "org.tensorflow:tensorflow-lite:2.4.0:aar"),
    ("tflite", "org.tensorflow:tensorflow-lite:2.14.0:aar"),
    ("tflite", "org.tensorflow:tensorflow-lite:2.16.1:aar"),
    ("tflite-gpu", "org.tensorflow:tensorflow-lite-gpu:2.16.1:aar"),
    ("tfmobile", "org.tensorflow:tensorflow-android:1.4.0:aar"),
    ("tfmobile", "org.tensorflow:tensorflow-android:1.12.0:aar"),
    ("tfmobile", "org.tensorflow:tensorflow-android:1.13.1:aar"),
)
DELEGATE_FUNCTIONS = {
    "xnnpack": "TfLiteXNNPackDelegateCreate",
    "nnapi": "TfLiteNnapiDelegateCreate",
    "gpu": "TfLiteGpuDelegateV2Create",
}


def main() -> None:
    out = [HEADER]
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        for name, (title, formats, library, more) in ENGINES.items():
            out.append(f'\n[engine.{name}]\ntitle = "{title}"\nformats = {_list(formats)}\n')
            out.append(f'library = "{library}"\n{more}')
            for engine, coordinates in RELEASES:
                if engine == name:
                    print(coordinates, file=sys.stderr)
                    out.append(_release(name, library, coordinates, _fetch(context, coordinates)))
    print("".join(out), end="")


def _fetch(context: MavenContext, coordinates: str) -> bytes:
    group, artifact, version, packaging = coordinates.split(":")
    path = context.project(group, artifact).at_version(version).artifact(packaging=packaging).resolve()
    return bytes(path.read_bytes())


def _release(engine: str, library: str, coordinates: str, archive: bytes) -> str:
    version = coordinates.split(":")[2]
    head = f'[engine.{engine}.release."{version}"'
    lines, delegates = [], set(DELEGATE_FUNCTIONS)
    with zipfile.ZipFile(io.BytesIO(archive)) as aar:
        manifest = aar.read("AndroidManifest.xml").decode("utf-8")
        for abi in ABIS:
            data = aar.read(f"jni/{abi}/{library}")
            elf = ELFFile(io.BytesIO(data))
            symbols = elf.get_section_by_name(".dynsym").iter_symbols()
            names = {symbol.name for symbol in symbols if symbol["st_shndx"] != "SHN_UNDEF"}
            delegates &= {name for name, function in DELEGATE_FUNCTIONS.items() if function in names}
            api = _minimal_api(elf, manifest)
            lines += [
                f"\n{head}.target.android-{abi}]",
                f'path = "jni/{abi}/{library}"',
                f'sha256 = "{_sha256(data)}"',
                f"size_bytes = {len(data)}",
                *([f"minimal_api = {api}"] if api is not None else []),
                f"load_alignment_bytes = {_alignment(elf)}",
            ]
    top = [
        f"\n{head}]",
        f'coordinates = "{coordinates}"',
        f'sha256 = "{_sha256(archive)}"',
        f"size_bytes = {len(archive)}",
        f"delegates = {_list(tuple(name for name in DELEGATE_FUNCTIONS if name in delegates))}",
    ]
    return "\n".join([*top, *lines]) + "\n"


def _minimal_api(elf: ELFFile, manifest: str) -> int | None:
    """The manifest's minSdkVersion is what the Java half was built for; the library's own note may say more."""
    said = re.search(r'minSdkVersion="(\d+)"', manifest)
    note = elf.get_section_by_name(".note.android.ident")
    built_for = None
    for entry in note.iter_notes() if note is not None else ():
        built_for = int.from_bytes(_octets(entry["n_desc"])[:4], "little")
    known = [
        int(said[1]) if said else None,
        built_for,
        21 if elf.elfclass == 64 else None,
        23 if elf.get_section_by_name(".hash") is None else None,
    ]
    return max((api for api in known if api is not None), default=None)


def _octets(description: str | bytes) -> bytes:
    return description.encode("latin-1") if isinstance(description, str) else description


def _alignment(elf: ELFFile) -> int:
    return min(s["p_align"] for s in elf.iter_segments() if s["p_type"] == "PT_LOAD")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


if __name__ == "__main__":
    main()
