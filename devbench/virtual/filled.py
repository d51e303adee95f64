"""A folder that has room for some more bytes only: a file system of its own with what was there."""
# plain os calls and no more imports, as in init.py:
# ruff: noqa: PTH101, PTH102, PTH115, PTH116, PTH118, PTH211

from __future__ import annotations

import os

from devbench.virtual import space

_PAGE_BYTES = 4096


def fill(path: str, room_bytes: int) -> None:
    """Puts it over `path`; `space.unmount(path)` shows what is below it again."""
    below = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        size = _pages_bytes(path) + room_bytes
        space.mount("filled", path, "tmpfs", space.NOSUID | space.NODEV, f"size={size}")
        try:
            _copy(f"/proc/self/fd/{below}", path)
        except OSError:
            space.unmount(path)
            raise
    finally:
        os.close(below)


def _pages_bytes(folder: str) -> int:
    """What its files take in a file system of pages."""
    total = 0
    for here, _, names in os.walk(folder):
        sizes = (os.lstat(os.path.join(here, name)).st_size for name in names)
        total += sum(-(-size // _PAGE_BYTES) * _PAGE_BYTES for size in sizes)
    return total


def _copy(source: str, target: str) -> None:
    """Folders, files and links with their modes and owners, `source` itself too."""
    for entry in os.scandir(source):
        there = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), there)
        elif entry.is_dir():
            os.mkdir(there)
            _copy(entry.path, there)
        elif entry.is_file():
            with open(entry.path, "rb") as old, open(there, "wb") as new:
                while os.sendfile(new.fileno(), old.fileno(), None, 1 << 20):
                    pass
            _own(there, entry.stat())
    _own(target, os.stat(source))


def _own(path: str, like: os.stat_result) -> None:
    os.chown(path, like.st_uid, like.st_gid)
    os.chmod(path, like.st_mode & 0o7777)
