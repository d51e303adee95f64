"""Process 1 of a virtual phone: makes its root folder, then starts commands and opens files for the daemon.

It is forked before it enters its root folder, so that nothing needs to be imported later; it reaps orphans,
and with it everything in the phone ends: killing it is how a phone is switched off. Started by phone.py with
one descriptor.
"""
# plain os calls, since each is one system call and this process imports little:
# ruff: noqa: PTH101, PTH103, PTH104, PTH106, PTH108, PTH112, PTH115, PTH116, PTH120, PTH208, PTH211

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from typing import Any

from devbench.virtual import space, wire
from devbench.virtual.filled import fill

SHELL_UID = 2000
BINFMT = "/proc/sys/fs/binfmt_misc"
STAT_FIELDS = ("mode", "ino", "dev", "nlink", "uid", "gid", "size", "atime", "mtime", "ctime")
_SPACES = space.NEWNS | space.NEWPID | space.NEWIPC | space.NEWUTS | space.NEWNET


def main() -> None:
    """`init.py FD`: FD is one end of a wire; the first message on it is the layout of layout.py."""
    end = socket.socket(fileno=int(sys.argv[1]))
    spec, _ = wire.receive(end)
    is_root = os.geteuid() == 0
    try:
        emulates = enter_spaces(is_root, spec["emulators"])
        pid = os.fork()
        if pid == 0:
            serve_phone(end, spec, is_root=is_root, emulates=emulates)
    except OSError as error:
        report(end, error)
        os._exit(1)
    wire.send(end, {"init_pid": pid})
    end.close()
    os._exit(0 if os.waitpid(pid, 0)[1] == 0 else 1)


def report(end: socket.socket, error: OSError) -> None:
    wire.send(end, {"failed": str(error.filename), "errno": error.errno or 0})


def enter_spaces(is_root: bool, emulators: list[str]) -> bool:
    """New namespaces; whether the emulators are registered in them.

    Root drops its rights per command; anyone else gets a user namespace with one user in it. A binfmt_misc of the
    phone's own belongs to a user namespace with a root in it, so with emulators there is one around all.
    """
    registered = False
    user, group = os.getuid(), os.getgid()
    if emulators:
        with mapped(
            f"0 0 1\n{SHELL_UID} {SHELL_UID} 1" if is_root else f"0 {user} 1", f"0 {group} 1", is_root
        ):
            space.unshare(space.NEWUSER | space.NEWNS)
        registered = register(emulators)
        user = group = 0
    if is_root:
        space.unshare(_SPACES)
    else:
        with mapped(f"{SHELL_UID} {user} 1", f"{SHELL_UID} {group} 1", False):
            space.unshare(_SPACES | space.NEWUSER)
    return registered


@contextlib.contextmanager
def mapped(users: str, groups: str, several: bool) -> Iterator[None]:
    """The maps of the user namespace that is entered inside; `several` users need a process outside."""
    if several:
        with mapped_by_child(users):
            yield
        return
    yield
    write_text("/proc/self/setgroups", "deny")
    write_text("/proc/self/uid_map", users)
    write_text("/proc/self/gid_map", groups)


def register(lines: list[str]) -> bool:
    """A binfmt_misc of this phone's own; False where the kernel has none (before 6.7)."""
    try:
        space.mount(None, "/", None, space.REC | space.PRIVATE)
        space.mount("binfmt_misc", BINFMT, "binfmt_misc", space.NOSUID | space.NODEV | space.NOEXEC)
        for line in lines:
            write_text(f"{BINFMT}/register", line)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def mapped_by_child(users: str) -> Iterator[None]:
    """A map of several users must be written from outside: by a child forked before."""
    parent = os.getpid()  # its namespace is entered by then
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        for name in ("uid_map", "gid_map"):
            write_text(f"/proc/{parent}/{name}", users)
        os._exit(0)
    os.close(reading)
    yield
    os.close(writing)
    os.waitpid(child, 0)


def write_text(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def serve_phone(end: socket.socket, spec: dict[str, Any], *, is_root: bool, emulates: bool) -> None:
    """The child: root folder, network, then requests until the daemon is gone. Never returns."""
    try:
        build_root(spec, emulates)
        socket.sethostname("localhost")
        loopback_up()
        listener = listen_for_services(spec["socket"])
        space.restrict("/", space.RDONLY | space.NOSUID)
    except OSError as error:
        report(end, error)
        os._exit(1)
    if is_root:
        space.act_as(SHELL_UID)
    wire.send(end, {"ready": True, "emulates": emulates}, (listener,))
    os.close(listener)
    os.umask(0)
    try:
        Init(end, is_root).loop()
    except (EOFError, OSError):
        os._exit(0)
    os._exit(0)


def build_root(spec: dict[str, Any], emulates: bool) -> None:
    """A small tmpfs with what the layout says, then made the root folder."""
    top = spec["mount_at"]
    space.mount(None, "/", None, space.REC | space.PRIVATE)
    space.mount("phone", top, "tmpfs", space.NOSUID, "size=16m,mode=755")
    for path, mode in spec["folders"]:
        os.makedirs(top + path, exist_ok=True)
        os.chmod(top + path, mode)
    for source, target, mode in spec["binds"]:
        bind_one(source, top + target, mode)
    for text, path, mode in spec["files"]:
        with open(top + path, "w") as file:
            file.write(text)
        os.chmod(top + path, mode)
    for target, path in spec["links"]:
        os.symlink(target, top + path)
    stub, code = spec["stub"]
    with open(top + stub, "wb") as file:
        file.write(bytes.fromhex(code))
    os.chmod(top + stub, 0o755)
    for path in spec["services"]:
        os.link(top + stub, top + path)
    space.mount("proc", top + "/proc", "proc", space.NOSUID | space.NODEV | space.NOEXEC)
    space.mount("devpts", top + "/dev/pts", "devpts", space.NOSUID, "newinstance,ptmxmode=0666,mode=0620")
    if os.path.isdir("/sys/kernel"):
        space.bind("/sys", top + "/sys", flags=space.RDONLY | space.NOSUID | space.NOEXEC)
    if emulates:
        space.bind(BINFMT, top + BINFMT)
    space.pivot_root(top)


def bind_one(source: str, target: str, mode: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "a"):
            pass
    flags = {"ro": space.RDONLY | space.NOSUID | space.NODEV, "rw": space.NOSUID | space.NODEV, "dev": 0}[
        mode
    ]
    space.bind(source, target, flags=flags)


def loopback_up() -> None:
    """127.0.0.1 of the phone's own network: nothing outside is reachable, and nothing there from outside."""
    request = struct.pack("16sH14x", b"lo", 0x1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, request)


def listen_for_services(path: str) -> int:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(64)
    return listener.detach()


class Init:
    """Requests in, replies and exits out; one thread, and no request may block it."""

    def __init__(self, end: socket.socket, is_root: bool) -> None:
        self._end = end
        self._is_root = is_root
        self._children: set[int] = set()
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        self._requests: dict[str, Callable[..., tuple[Any, tuple[int, ...]]]] = {
            "spawn": self._spawn,
            "open": self._open,
            "terminal": self._terminal,
            "fs": self._fs,
            "socket": self._socket,
            "signal": self._signal,
            "processes": self._processes,
            "overlay": self._overlay,
        }

    def loop(self) -> None:
        while True:
            ready, _, _ = select.select([self._end.fileno(), self._wake], [], [])
            if self._wake in ready:
                os.read(self._wake, 4096)
                self._reap()
            if self._end.fileno() in ready:
                self._serve(*wire.receive(self._end))

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in self._children:
                    self._children.discard(ended[0])
                    wire.send(self._end, {"exit": ended[0], "code": os.waitstatus_to_exitcode(ended[1])})

    def _serve(self, message: dict[str, Any], fds: list[int]) -> None:
        reply: dict[str, Any] = {"id": message["id"]}
        out: tuple[int, ...] = ()
        try:
            reply["value"], out = self._requests[message["do"]](fds=fds, **message["with"])
        except OSError as error:
            reply["errno"] = error.errno or errno.EIO
        finally:
            for fd in fds:
                os.close(fd)
        wire.send(self._end, reply, out)
        for fd in out:
            os.close(fd)

    def _spawn(
        self, *, fds: list[int], argv: list[str], env: dict[str, str], cpus: list[int], terminal: bool
    ) -> tuple[int, tuple[int, ...]]:
        """Starts argv with the first three descriptors as its streams (a fourth, a lock, stays open); its pid."""
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                self._become(fds, argv, env, cpus, terminal)
            os._exit(127)
        self._children.add(pid)
        return pid, ()

    def _become(
        self, fds: list[int], argv: list[str], env: dict[str, str], cpus: list[int], terminal: bool
    ) -> None:
        os.setsid()
        if terminal:
            fcntl.ioctl(fds[0], termios.TIOCSCTTY, 0)
        kept = [fcntl.fcntl(fd, fcntl.F_DUPFD, 32) for fd in fds]
        for number, fd in enumerate(kept[:3]):
            os.dup2(fd, number)
        if len(kept) > 3:
            os.dup2(kept[3], 3)
        os.closerange(4 if len(kept) > 3 else 3, 1024)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        if cpus:
            os.sched_setaffinity(0, cpus)
        if self._is_root:
            os.setgroups([SHELL_UID])
            os.setresgid(SHELL_UID, SHELL_UID, SHELL_UID)
            os.setresuid(SHELL_UID, SHELL_UID, SHELL_UID)
        space.no_new_privileges()
        os.chdir("/")
        try:
            os.execve(argv[0], argv, env)
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())

    def _open(self, *, fds: list[int], path: str, flags: int, mode: int) -> tuple[None, tuple[int, ...]]:
        return None, (os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode),)

    def _terminal(self, *, fds: list[int]) -> tuple[None, tuple[int, ...]]:
        """Both ends of a new terminal of this phone: master, slave."""
        master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        fcntl.ioctl(master, 0x40045431, struct.pack("i", 0))  # TIOCSPTLCK
        number = struct.unpack("i", fcntl.ioctl(master, 0x80045430, bytes(4)))[0]  # TIOCGPTN
        return None, (master, os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))

    def _fs(self, *, fds: list[int], name: str, path: str, extra: Any = None) -> tuple[Any, tuple[int, ...]]:
        if name in ("stat", "lstat"):
            found = os.stat(path) if name == "stat" else os.lstat(path)
            return [int(getattr(found, f"st_{field}")) for field in STAT_FIELDS], ()
        if name == "unlink":
            os.unlink(path)
        elif name == "rmdir":
            os.rmdir(path)
        elif name == "folders":
            os.makedirs(path, 0o775, exist_ok=True)
        elif name == "symlink":
            os.symlink(extra, path)
        elif name == "rename":
            os.rename(path, extra)
        elif name == "readlink":
            return os.readlink(path), ()
        else:
            raise OSError(errno.EINVAL, "unknown request")
        return None, ()

    def _socket(self, *, fds: list[int], name: str, family: str, address: Any) -> tuple[Any, tuple[int, ...]]:
        """A socket of this phone's network: `connect`ed (it may still be under way) or `listen`ing."""
        kind = {"inet": socket.AF_INET, "unix": socket.AF_UNIX}[family]
        target: Any = tuple(address) if family == "inet" else address
        with socket.socket(kind, socket.SOCK_STREAM) as made:
            if name == "listen":
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind(target)
                made.listen(64)
            else:
                made.connect(target)
            bound = made.getsockname()
            return list(bound) if family == "inet" else None, (made.detach(),)

    def _signal(self, *, fds: list[int], pid: int, number: int, group: bool) -> tuple[None, tuple[int, ...]]:
        if pid > 1:
            (os.killpg if group else os.kill)(pid, number)
        return None, ()

    def _processes(self, *, fds: list[int]) -> tuple[Any, tuple[int, ...]]:
        """Clock ticks of all that ran here: of the ended ones (reaped), and each living one's stat line."""
        ended = os.times()
        ticks = os.sysconf("SC_CLK_TCK")
        living = []
        for name in os.listdir("/proc"):
            if name.isdigit() and name != "1":
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
                    living.append(file.read())
        reaped = [round(ended.children_user * ticks), round(ended.children_system * ticks)]
        return {"reaped": reaped, "living": living}, ()

    def _overlay(
        self, *, fds: list[int], path: str, kind: str, value: str = ""
    ) -> tuple[Any, tuple[int, ...]]:
        """What a fault does to a folder: `noexec`, `full` (there is room for so many bytes), or `off` again."""
        if kind == "off":
            space.unmount(path)
        elif kind == "noexec":
            space.bind(path, path, flags=space.NOEXEC | space.NOSUID | space.NODEV)
        else:
            fill(path, int(value))
        return None, ()


if __name__ == "__main__":
    main()
