"""The few Linux calls that make a phone a place of its own, through ctypes, since os.unshare is Python
3.12's.

Every call raises OSError with the call's name as file name, so that `doctor` can say which step was refused.
"""

from __future__ import annotations

import ctypes
import os

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_NOATIME, _NODIRATIME, _RELATIME = 1024, 2048, 1 << 21
_ST_RELATIME = 4096
_MNT_DETACH = 2
_PR_SET_NO_NEW_PRIVS = 38
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


def _check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), call)


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(
    source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None
) -> None:
    encoded = [os.fsencode(text) if text is not None else None for text in (source, target, kind, data)]
    where = f"mount {kind or ''} on {target}".replace("  ", " ")
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]), where)


def unmount(target: str) -> None:
    _check(_libc.umount2(os.fsencode(target), _MNT_DETACH), f"unmount {target}")


def bind(source: str, target: str, *, flags: int = 0) -> None:
    """`source` at `target` with all that is mounted below it; `flags` (RDONLY, NOEXEC, …) are added to its own."""
    mount(source, target, None, BIND | REC)
    if flags:
        restrict(target, flags)


def restrict(target: str, flags: int) -> None:
    """Adds `flags` to the mount at `target`; in a user namespace the flags it has already must be repeated."""
    own = os.statvfs(target).f_flag
    kept = own & (RDONLY | NOSUID | NODEV | NOEXEC | _NOATIME | _NODIRATIME)
    if own & _ST_RELATIME:
        kept |= _RELATIME
    mount(None, target, None, BIND | REMOUNT | kept | flags)


def pivot_root(new: str) -> None:
    """Makes `new` (a mount point) the root folder and lets go of the old one: no path leads back."""
    os.chdir(new)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def act_as(uid: int) -> None:
    """From here on this process opens and makes files as user and group `uid`, but keeps its other rights."""
    _libc.setfsgid(ctypes.c_uint(uid))
    _libc.setfsuid(ctypes.c_uint(uid))


def no_new_privileges() -> None:
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
