"""The keys of a lab: one pair that every host of it holds, made once and copied; without it nobody gets in.

Dask's connections carry pickled code, so whoever can connect can run programs on every host. Hence TLS both ways
always, by a certificate that is its own authority.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from distributed.security import Security

CERTIFICATE, KEY = "lab.pem", "lab.key"


def require_dask() -> None:
    """MissingExtra, with the way out, where Dask is not installed."""
    from importlib.util import find_spec

    if find_spec("distributed") is None or find_spec("cryptography") is None:
        raise MissingExtra("several hosts need Dask", fix="pip install 'devbench[dask]'")


def make_keys(folder: Path) -> None:
    """A new pair in `folder`, readable by its owner only; UsageError if there is one already."""
    require_dask()
    from distributed.security import Security

    if (folder / KEY).exists():
        raise UsageError(f"{folder} holds keys already", fix="remove them first; hosts with the old ones are out")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Security.temporary()
    for name, text in ((CERTIFICATE, made.tls_ca_file), (KEY, made.tls_scheduler_key)):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)


def valid_until(folder: Path) -> str:
    """The last day of the certificate, as in `2027-01-31`."""
    from cryptography import x509

    return f"{x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes()).not_valid_after_utc:%Y-%m-%d}"


def require_keys(folder: Path, *, address: str, make: bool = False) -> None:
    """UsageError if there are no keys; they are made if `make` and `address` stays on this computer."""
    require_dask()
    if (folder / KEY).is_file():
        return
    if not (make and is_loopback(parse_address(address)[0])):
        raise UsageError(
            f"there are no keys of the lab in {folder}, and without them nothing listens or connects",
            fix=f"devbench lab keys {folder}, then copy that folder to every host of the lab",
        )
    make_keys(folder)


def load_security(folder: Path, *, address: str, make: bool = False) -> Security:
    """What connections need, from keys that are there as `require_keys` wants them."""
    require_keys(folder, address=address, make=make)
    from distributed.security import Security

    certificate, key = str(folder / CERTIFICATE), str(folder / KEY)
    return Security(
        require_encryption=True, tls_ca_file=certificate,
        tls_client_cert=certificate, tls_client_key=key,
        tls_scheduler_cert=certificate, tls_scheduler_key=key,
        tls_worker_cert=certificate, tls_worker_key=key,
    )  # fmt: skip


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`; UsageError if it is not."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{text}: expected HOST:PORT")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach it; a name other than localhost may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
