"""What can go wrong with a phone, on demand: each fault is one class here (or in another file that calls
`fault`).

A spec is `NAME` or `NAME:KEY=VALUE,…`, for example `hang:match=^dumpsys`, `drop:after=3`, `slow:ms=200`.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from devbench.virtual.android.handset import Handset
from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.link import Link, Stream
from devbench.virtual.phone import Init

WORKPLACE = "/data/local/tmp"


class Faulty(Protocol):
    """What a fault may reach of its phone."""

    @property
    def init(self) -> Init: ...

    @property
    def handset(self) -> Handset: ...

    def drop_links(self) -> None: ...


class Fault:
    """Nothing is wrong: subclasses override what they disturb. `options` holds their defaults."""

    options: dict[str, str] = {}  # noqa: RUF012 - read only, one for each class

    def __init__(self, spec: str, values: dict[str, str]) -> None:
        self.spec = spec
        self.values = self.options | values

    async def begin(self, phone: Faulty) -> None:
        """Set now, or the phone was switched on with it."""

    async def end(self, phone: Faulty) -> None:
        """No longer set."""

    def hides_keys(self) -> bool:
        """Whether no key is accepted."""
        return False

    def is_silent(self) -> bool:
        """Whether connections are accepted and never answered."""
        return False

    async def on_service(self, phone: Faulty, link: Link, stream: Stream, service: str) -> None:
        """Before a service starts; it may wait, or end the connection."""

    def noise(self, service: str) -> bytes:
        """What comes before a command's own output."""
        return b""


FAULTS: dict[str, type[Fault]] = {}


def fault(name: str) -> Callable[[type[Fault]], type[Fault]]:
    def register(kind: type[Fault]) -> type[Fault]:
        FAULTS[name] = kind
        return kind

    return register


def parse_fault(spec: str) -> Fault:
    """VirtualPhoneError names the nearest fault or option."""
    name, _, rest = spec.partition(":")
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, n=1) or sorted(FAULTS)
        raise VirtualPhoneError(f"no fault is called {name!r}", fix=f"try {', '.join(near)}")
    kind, values = FAULTS[name], {}
    # a value may hold commas and equals signs: only `,known=` starts the next one
    keys = "|".join(map(re.escape, kind.options))
    for part in re.split(rf",(?=(?:{keys})=)", rest) if rest else ():
        key, equals, value = part.partition("=")
        if key not in kind.options or not equals:
            known = ", ".join(kind.options) or "none"
            raise VirtualPhoneError(f"fault {name} has no option {key!r}", fix=f"its options: {known}")
        values[key] = value
    return kind(spec, values)


def parse_faults(specs: Sequence[str]) -> tuple[Fault, ...]:
    return tuple(parse_fault(spec) for spec in specs)


@fault("offline")
class Offline(Fault):
    """The phone is there but does not answer."""

    async def begin(self, phone: Faulty) -> None:
        phone.drop_links()

    async def end(self, phone: Faulty) -> None:
        phone.drop_links()

    def is_silent(self) -> bool:
        return True


@fault("unauthorized")
class Unauthorized(Offline):
    """Nobody has accepted this computer's key on the phone's screen."""

    def is_silent(self) -> bool:
        return False

    def hides_keys(self) -> bool:
        return True


@fault("disk-full")
class DiskFull(Fault):
    """/data/local/tmp has room for `bytes` more; when the fault ends, it is as it was before.

    What is written from then on lies elsewhere: a process that runs goes on in the files that it has open.
    """

    options = {"bytes": "65536"}  # noqa: RUF012

    async def begin(self, phone: Faulty) -> None:
        await phone.init.ask("overlay", path=WORKPLACE, kind="full", value=self.values["bytes"])

    async def end(self, phone: Faulty) -> None:
        await phone.init.ask("overlay", path=WORKPLACE, kind="off")


@fault("noexec")
class NoExec(Fault):
    """Nothing in /data/local/tmp may be executed."""

    async def begin(self, phone: Faulty) -> None:
        await phone.init.ask("overlay", path=WORKPLACE, kind="noexec")

    async def end(self, phone: Faulty) -> None:
        await phone.init.ask("overlay", path=WORKPLACE, kind="off")


class Matching(Fault):
    """Faults of the services whose name (`shell:ls -l`, `sync:`) the expression `match` is found in."""

    options = {"match": ""}  # noqa: RUF012

    def __init__(self, spec: str, values: dict[str, str]) -> None:
        super().__init__(spec, values)
        try:
            self._pattern = re.compile(self.values["match"])
        except re.error as error:
            raise VirtualPhoneError(f"fault {spec}: {error}", fix="match is a regular expression") from error

    def matches(self, service: str) -> bool:
        return bool(self._pattern.search(service.partition(":")[2]) or self._pattern.search(service))


@fault("drop")
class Drop(Matching):
    """The cable is pulled when so many matching services have been opened (`after`), so many times (`times`)."""

    options = {"match": "", "after": "1", "times": "1"}  # noqa: RUF012

    def __init__(self, spec: str, values: dict[str, str]) -> None:
        super().__init__(spec, values)
        self._opened = 0
        self._left = int(self.values["times"])

    async def on_service(self, phone: Faulty, link: Link, stream: Stream, service: str) -> None:
        self._opened += self.matches(service)
        if self._left and self._opened >= int(self.values["after"]):
            self._opened = 0
            self._left -= 1
            link.drop()
            await asyncio.sleep(0)


@fault("hang")
class Hang(Matching):
    """Matching commands are accepted and never answered."""

    async def on_service(self, phone: Faulty, link: Link, stream: Stream, service: str) -> None:
        if self.matches(service):
            stream.accept()
            await stream.wait_closed()
            raise ConnectionAbortedError(service)


@fault("slow")
class Slow(Matching):
    """Matching services start `ms` late."""

    options = {"match": "", "ms": "200"}  # noqa: RUF012

    async def on_service(self, phone: Faulty, link: Link, stream: Stream, service: str) -> None:
        if self.matches(service):
            await asyncio.sleep(int(self.values["ms"]) / 1000)


@fault("garbage")
class Garbage(Matching):
    """Matching commands' output has noise in front, as from a linker that warns or a driver that babbles."""

    options = {"match": "", "text": "WARNING: linker: unused DT entry: type 0x1d arg 0x9a\\n\\xff\\x00\\xfe"}  # noqa: RUF012

    def __init__(self, spec: str, values: dict[str, str]) -> None:
        super().__init__(spec, values)
        self._noise = self.values["text"].encode().decode("unicode_escape").encode("latin-1")

    def noise(self, service: str) -> bytes:
        return self._noise if self.matches(service) else b""


@fault("app-files-private")
class AppFilesPrivate(Fault):
    """The shell may not read the files of apps, as on phones of some vendors since Android 11."""

    async def begin(self, phone: Faulty) -> None:
        phone.handset.private_files = True

    async def end(self, phone: Faulty) -> None:
        phone.handset.private_files = False
