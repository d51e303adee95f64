"""From a submitter to a lab: who is there, requests to phones' desks, sessions to Dask's queue."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import devbench
from devbench.devices import Selection
from devbench.devices.select import choose
from devbench.domain.codec import from_json
from devbench.domain.device import DeviceInfo, Reject
from devbench.errors import DevbenchError
from devbench.lab.dask_settings import DESK, SERIAL, configure
from devbench.lab.files import CHUNK_BYTES
from devbench.lab.task import attend

ANSWER_S = 180.0  # more than a host that is gone without a word takes to be noticed
CONNECT_S = 20.0
T = TypeVar("T")


class LabLost(DevbenchError):
    """The scheduler cannot be reached, or not any more."""

    exit_code = 3


class DeskError(DevbenchError):
    """A phone's desk refused a request, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Where the scheduler is, and the folder of keys."""

    address: str
    keys: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A phone of a lab: the address of its host, the run that is measured on it now, and its host's devbench."""

    host: str
    device: str
    run_id: str | None
    version: str
    alike: bool


class Link:
    """A connection to a scheduler. LabLost from every call once that is gone."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def look(self, request: dict[str, Any]) -> dict[str, tuple[dict[str, Any], bytes]]:
        """The answers of all phones' desks, by the address of each; who does not answer is left out."""
        return self._broadcast(request, b"", None)

    def ask(self, desk: str, request: dict[str, Any], data: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """One desk's answer; DeskError if it refuses or is gone."""
        found = self._broadcast(request, data, [desk])
        if desk not in found:
            raise DeskError("the phone's host went away")
        answer, with_it = found[desk]
        if "error" in answer:
            raise DeskError(f"the phone's host refuses {request['do']}: {answer['error']}")
        return answer, with_it

    def send_file(self, desk: str, run_id: str, sha256: str, path: Path) -> None:
        """In pieces, so that neither the scheduler nor the host holds it whole."""
        size, offset = path.stat().st_size, 0
        with open(path, "rb") as file:
            while True:
                data = file.read(CHUNK_BYTES)
                last = offset + len(data) >= size
                keep = {"do": "keep", "run": run_id, "sha256": sha256, "offset": offset, "last": last}
                self.ask(desk, keep, data)
                offset += len(data)
                if last:
                    return

    def fetch_file(self, desk: str, run_id: str, name: str) -> bytes:
        """An output of a session, by its name."""
        pieces = b""
        while True:
            request = {"do": "read", "run": run_id, "name": name.rpartition("/")[2], "offset": len(pieces)}
            answer, data = self.ask(desk, request)
            pieces += data
            if len(pieces) >= answer["size"] or not data:
                return pieces

    def submit(self, run_id: str, device: str, number: int) -> Any:
        """A phone's session as a task that only this phone's process can take; a Future."""
        key = f"{run_id}-{device}-{number}"
        resources = {f"{SERIAL}{device}": 1}
        return self._guarded(lambda: self._client.submit(attend, run_id, key=key, resources=resources, pure=False))

    def _broadcast(
        self, request: dict[str, Any], data: bytes, desks: list[str] | None
    ) -> dict[str, tuple[dict[str, Any], bytes]]:
        message = {"op": DESK, "request": json.dumps(request).encode(), "data": data}
        call = self._client.scheduler.broadcast
        found = self._guarded(lambda: self._client.sync(
            call, msg=message, workers=desks, on_error="ignore", callback_timeout=ANSWER_S))  # fmt: skip
        return {desk: (json.loads(reply[0]), bytes(reply[1])) for desk, reply in found.items()}

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            if self._client.status != "running":
                raise LabLost(f"the connection to the lab at {self._address} was lost")
            return call()
        except (OSError, TimeoutError) as error:
            raise LabLost(f"the lab at {self._address} does not answer: {error or type(error).__name__}") from error


@contextlib.contextmanager
def connected(lab: Lab) -> Iterator[Link]:
    """A connection until the end of the block; LabLost if there is none to be had."""
    from devbench.lab.keys import load_security, parse_address

    parse_address(lab.address)
    security = load_security(lab.keys, address=lab.address)
    configure()
    from distributed import Client

    try:
        client = Client(f"tls://{lab.address}", security=security, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise LabLost(
            f"no lab answers at {lab.address}: {error or type(error).__name__}",
            fix="devbench lab scheduler starts one; all hosts of a lab hold the same keys",
        ) from error
    try:
        yield Link(client, lab.address)
    finally:
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            client.close(timeout=5)


def phones_of(link: Link, spec: str) -> Selection:
    """The phones that the lab's hosts offer, as far as SPEC names them; those of another devbench are rejects."""
    infos: dict[str, DeviceInfo] = {}
    rejects: list[Reject] = []
    for answer, _ in link.look({"do": "who"}).values():
        if answer.get("version") != devbench.__version__:
            device = str(answer.get("device", "a phone"))
            reason = f"its host has devbench {answer.get('version')}, this one is {devbench.__version__}"
            rejects.append(Reject(serial=device, state="unlike", reason=reason, fix="one version everywhere"))
        elif answer["device"] in infos:
            reason = "two hosts offer it: one phone by cable and Wi-Fi, or two phones of one serial number"
            fix = "either host may measure it; to choose, leave it out of the other's --device"
            rejects.append(Reject(serial=str(answer["device"]), state="twin", reason=reason, fix=fix))
        else:
            infos[answer["device"]] = from_json(DeviceInfo, answer["info"])
    chosen, unmatched = choose([infos[name] for name in sorted(infos)], spec)
    return Selection(devices=chosen, rejects=tuple(rejects), unmatched=unmatched)


def offers_of(link: Link) -> tuple[Offer, ...]:
    """Every phone that a host of the lab offers, by host and name."""
    found = [
        Offer(
            host=desk.partition("://")[2].rpartition(":")[0].strip("[]"), device=str(answer["device"]),
            run_id=answer.get("busy"), version=str(answer.get("version")),
            alike=answer.get("version") == devbench.__version__,
        )
        for desk, (answer, _) in link.look({"do": "who"}).items()
        if "error" not in answer
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda offer: (offer.host, offer.device)))
