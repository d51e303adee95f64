"""What a file that should be a model really is, because "not a model" sends nobody in the right direction."""

from __future__ import annotations

from pathlib import Path

from devbench.errors import ModelError

TFLITE_IDENTIFIER = b"TFL3"

# First bytes → what they are and the way to a model. The order matters only for the reader.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs.github.com/",
        "a Git LFS pointer, not the model itself",
        "fetch the real file: git lfs pull",
    ),
    (b"/annex/objects/", "a git-annex pointer, not the model itself", "fetch the real file: git annex get"),
    (b"PK\x03\x04", "a zip archive", "unpack it and give the .tflite inside (a .keras file: convert it)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras weights or model)", "convert it to .tflite first"),
    (b"\x1f\x8b", "gzip-compressed", "unpack it first: gunzip"),
    (b"\x7fELF", "an ELF library or program", "give a .tflite file"),
    (b"\x93NUMPY", "a NumPy array", "give a .tflite file"),
)
_FREEZE = (
    "convert the SavedModel folder to .tflite, or freeze it to one .pb: TensorFlow's"
    " convert_variables_to_constants_v2 on its signature does that (docs/transforms.md has the lines)"
)
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head")


def model_format(path: Path) -> str:
    """`tflite` or `pb` by content, then by name; ModelError says what the file is instead.

    Reads no more than the first kilobyte.
    """
    head = _head(path)
    if head[4:8] == TFLITE_IDENTIFIER:
        return "tflite"
    found = _foreign(head)
    if found is not None:
        what, fix = found
        raise ModelError(f"{path} is {what}", fix=fix)
    if head.startswith(b"\x08\x01\x12"):
        raise ModelError(
            f"{path} is a SavedModel's graph or another protocol buffer, not a frozen graph", fix=_FREEZE
        )
    if _is_text_graph(head):
        raise ModelError(
            f"{path} is a TensorFlow graph as text, not as a binary .pb",
            fix="`devbench transform --in-graph` takes it and writes a binary one",
        )
    if path.suffix == ".pb" or _is_graph_def(head):
        return "pb"
    raise ModelError(
        f"{path} is not a TFLite model: its identifier is {head[4:8]!r} instead of {TFLITE_IDENTIFIER!r}"
        if len(head) >= 8
        else f"{path} is not a TFLite model: it has only {len(head)} bytes"
    )


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise _folder(path)
    if not path.exists():
        raise ModelError(f"{path} does not exist")
    if not path.is_file():
        raise ModelError(f"{path} is not a regular file")
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as e:
        raise ModelError(f"{path} cannot be read: {e.strerror}") from e
    if not head:
        raise ModelError(f"{path} is empty", fix="fetch or build it again")
    return head


def _folder(path: Path) -> ModelError:
    if (path / "saved_model.pb").exists() or (path / "saved_model.pbtxt").exists():
        return ModelError(f"{path} is a SavedModel folder", fix=_FREEZE)
    inside = sorted(p.name for p in path.glob("*.tflite"))
    fix = f"give the files in it, for example {path / inside[0]}" if inside else "give a .tflite file"
    return ModelError(f"{path} is a folder", fix=fix)


def _foreign(head: bytes) -> tuple[str, str] | None:
    for magic, what, fix in _MAGIC:
        if head.startswith(magic):
            return what, fix
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_WEB_PAGE):
        return "a web page", "the download gave a page instead of the file: check the address"
    if text.startswith(b"<?xml"):
        return "an XML document", "the download may have answered with an error: look into the file"
    if text.startswith((b"{", b"[")) and b"\x00" not in head:
        return "a JSON text", "the download may have answered with an error: look into the file"
    if head[8:12] == TFLITE_IDENTIFIER:
        return "a size-prefixed TFLite model", "cut off its first four bytes"
    return None


def _is_text_graph(head: bytes) -> bool:
    text = head.lstrip()
    return text.startswith((b"node {", b"node{", b"node: {")) and b"\x00" not in head


def _is_graph_def(head: bytes) -> bool:
    """A GraphDef starts with a node (field 1), which starts with its name (field 1)."""
    if not head.startswith(b"\x0a"):
        return False
    end_of_length = next((i for i, byte in enumerate(head[1:11], start=1) if byte < 0x80), None)
    return end_of_length is not None and head[end_of_length + 1 : end_of_length + 2] == b"\x0a"
