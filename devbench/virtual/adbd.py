"""An adbd and the phone behind it: connections in, services by name, faults in between, off and on again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from devbench.virtual.android import commands
from devbench.virtual.android.body import Body
from devbench.virtual.android.handset import Handset
from devbench.virtual.android.log import Log
from devbench.virtual.android.state import load_state
from devbench.virtual.auth import PublicKey, allowed_keys
from devbench.virtual.clock import Clock
from devbench.virtual.cores import Core
from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.faults import Fault, parse_faults
from devbench.virtual.forward import FORWARDS, Reverse, serve_forward
from devbench.virtual.init import SHELL_UID
from devbench.virtual.layout import EMULATOR, Place, app_abis, environment, layout
from devbench.virtual.link import Identity, Link, Stream
from devbench.virtual.phone import Init
from devbench.virtual.profile import Profile, load_profile, profile_names
from devbench.virtual.records import PhoneSpec
from devbench.virtual.shell import parse_request, serve_shell
from devbench.virtual.sync import serve_sync
from devbench.virtual.tree import emulators, read_tree, tree_profile

_BOOT_S = 0.8
_PLAIN_ANSWERS = {
    "root": "adbd cannot run as root in production builds\n",
    "unroot": "adbd not running as root\n",
    "remount": 'Not running as root. Try "adb root" first.\n',
    "disable-verity": "verity cannot be disabled/enabled - USER build\n",
    "enable-verity": "verity cannot be disabled/enabled - USER build\n",
    "usb": "restarting in USB mode\n",
}


def described(folder: Path, spec: PhoneSpec) -> tuple[Profile, Place]:
    """What the phone is and where it lives, from its spec."""
    if spec.tree is None:
        return replace(load_profile(spec.profile), serialno=spec.serialno), Place(
            folder=folder, engines=Path(spec.engines) if spec.engines else None
        )
    tree = read_tree(Path(spec.tree))
    base = load_profile(spec.profile) if spec.profile in profile_names() else None
    profile = replace(tree_profile(tree, base, spec.name), serialno=spec.serialno)
    given = Path(spec.emulator) if spec.emulator else None
    return profile, Place(folder=folder, tree=tree.folder, emulators=emulators(tree, given))


class Silence(asyncio.Protocol):
    """A connection that is accepted and never answered, until it is dropped."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def drop(self) -> None:
        self._transport.close()


class Adbd:
    """One phone: `switch_on`, connections, `reboot`, `switch_off`."""

    def __init__(self, folder: Path, spec: PhoneSpec, *, keys: Sequence[Path], machine: str) -> None:
        self._spec = spec
        self._keys = keys
        self.profile, self._place = described(folder, spec)
        self._core = Core(Path(spec.home), spec.core, spec.name, shared=spec.share_cores)
        self._faults: tuple[Fault, ...] = parse_faults(spec.faults)
        self._links: set[Link] = set()
        self._silences: list[Silence] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = spec.port
        clock = Clock()
        labels = ("VIRTUAL", "SHARED-CORES") if spec.share_cores else ("VIRTUAL",)
        state = load_state(folder / "state.json", self.profile, labels=labels)
        body = Body(self.profile, seed=spec.seed, name=spec.name, now_s=clock.now_s(), kept=state.body)
        self.handset = Handset(self.profile, state, clock, body, Log())
        self.handset.cpus = [self._core.cpu]
        self.handset.abis = app_abis(self.profile, self._place)
        self._reverse: Reverse | None = None

    @property
    def init(self) -> Init:
        return self.handset.running

    def environment(self) -> dict[str, str]:
        return environment(self.profile, self._place)

    def shell(self) -> list[str]:
        """What starts a shell: where no emulator is registered, one in front of it."""
        if self._place.emulators and not self.init.emulates:
            return [EMULATOR, "/system/bin/sh"]
        return ["/system/bin/sh"]

    def measuring_place(
        self, command: str, given_up: Callable[[], Coroutine[Any, Any, None]]
    ) -> AbstractAsyncContextManager[tuple[list[int], int | None]]:
        return self._core.place(command, given_up)

    # off and on

    async def switch_on(self) -> None:
        self._make_folders()
        init = Init(layout(self.profile, self._place))
        await init.start()
        self.handset.init = init
        self.handset.clock.booted()
        self._reverse = Reverse(init)
        self._spawn(commands.serve(init.listener, self.handset, self.reboot))
        self._spawn(self._watch(init))
        for fault in self._faults:
            await fault.begin(self)
        await self._listen()

    async def _watch(self, init: Init) -> None:
        """A phone whose first process ends, for whatever reason, starts again as a crashed one does."""
        await init.gone.wait()
        if not init.killed:
            await self._reboot()

    def _make_folders(self) -> None:
        """What persists of the phone, with the owners and modes of a real one."""
        root = self._place.root
        (self._place.folder / "mnt").mkdir(parents=True, exist_ok=True)
        for name, mode in (
            ("data/local/tmp", 0o771),
            ("data/app", 0o771),
            ("sdcard", 0o771),
            ("data", 0o771),
        ):
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name).chmod(mode)
        if os.geteuid() == 0:
            for name in ("data/local/tmp", "data/app", "sdcard"):
                os.chown(root / name, SHELL_UID, SHELL_UID)

    async def _listen(self) -> None:
        """On the port it had before if that is free: an address that lasts is what a host reconnects to."""
        for port in (self.port, 0) if self.port else (0,):
            try:
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(
                    self._connected, "127.0.0.1", port, reuse_address=True
                )
            except OSError as error:
                if port == 0:
                    raise VirtualPhoneError(f"no port to listen on: {error}") from error
                continue
            break
        assert self._server is not None
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        """Everything in the phone ends; what a real phone remembers is saved."""
        if self._server is not None:
            self._server.close()
        self.drop_links()
        if self._reverse is not None:
            self._reverse.clear()
        with contextlib.suppress(OSError):
            self.handset.state.body = (await self.handset.feel()).snapshot()
            self.handset.state.save()
        if self.handset.init is not None:
            await asyncio.to_thread(self.handset.init.kill)

    def reboot(self) -> None:
        """Off now, on again a moment later, on the same port."""
        self._spawn(self._reboot())

    async def _reboot(self) -> None:
        await self.switch_off()
        self.handset.body.rebooted()
        self.handset.state = load_state(self.handset.state.path, self.profile)
        self.handset.log.clear(frozenset({"main", "system", "crash", "events", "radio"}))
        await asyncio.sleep(_BOOT_S)
        await self.switch_on()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logging.error("task ended", exc_info=task.exception())

    # for control.py and faults.py

    async def set_faults(self, specs: Sequence[str]) -> None:
        new = parse_faults(specs)
        for fault in self._faults:
            await fault.end(self)
        self._faults = new
        for fault in new:
            await fault.begin(self)

    def advance_clock(self, seconds: float) -> None:
        self.handset.clock.advance(seconds)

    def drop_links(self) -> None:
        for link in tuple(self._links):
            link.drop()
        for silence in self._silences:
            silence.drop()
        self._silences.clear()

    # connections and services

    def _identity(self) -> Identity:
        properties = self.handset.state.properties
        names = ("ro.product.name", "ro.product.model", "ro.product.device")
        banner = "device::" + "".join(f"{name}={properties[name]};" for name in names)
        # before Android 7 a banner names no features and ends in NUL
        banner += f"features={','.join(self.profile.features)}" if self.profile.features else "\0"
        return Identity(
            banner=banner,
            version=self.profile.adb_version,
            max_payload_bytes=self.profile.max_payload_bytes,
            allowed=self._allowed_keys,
        )

    def _allowed_keys(self) -> tuple[PublicKey, ...]:
        return () if any(fault.hides_keys() for fault in self._faults) else allowed_keys(self._keys)

    def _connected(self) -> Link | Silence:
        if any(fault.is_silent() for fault in self._faults):
            silence = Silence()
            self._silences.append(silence)
            return silence
        link = Link(self._identity(), self._serve)
        self._links = {other for other in self._links if not other.ended.is_set()} | {link}
        return link

    async def _serve(self, link: Link, stream: Stream, service: str) -> None:
        for fault in self._faults:
            await fault.on_service(self, link, stream, service)
        kind = service.partition(":")[0].partition(",")[0]
        rest = service.partition(":")[2]
        if kind in ("shell", "exec", "abb", "abb_exec"):
            request = parse_request(service, always_terminal=self.profile.shell_is_terminal)
            noise = b"".join(fault.noise(service) for fault in self._faults)
            await serve_shell(stream, request, self, noise=noise)
        elif kind == "sync":
            await serve_sync(stream, self.init)
        elif kind in FORWARDS:
            await serve_forward(stream, service, self.init)
        elif kind == "reverse" and self._reverse is not None:
            await self._reverse.serve(stream, link, rest)
        elif kind == "reboot":
            stream.accept()
            self.reboot()
        elif kind == "reconnect":
            stream.accept()
            await stream.write(b"done")
            link.drop()
        elif kind in _PLAIN_ANSWERS:
            stream.accept()
            await stream.write(_PLAIN_ANSWERS[kind].encode())
