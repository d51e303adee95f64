"""Who may connect: the keys of the user who started the phone, because a shell open to every local user is a
hole.

An adb key file holds the public key in adb's own struct, base64: word count, n0inv, modulus, R², exponent.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TOKEN_BYTES = 20
_KEY_BYTES = 256
_SHA1_PREFIX = bytes.fromhex("3021300906052b0e03021a05000414")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    modulus: int
    exponent: int

    def signed(self, token: bytes, signature: bytes) -> bool:
        """Whether `signature` (256 bytes, RSA PKCS#1 v1.5 over the raw token) was made with this key."""
        if len(signature) != _KEY_BYTES:
            return False
        padding = b"\xff" * (_KEY_BYTES - 3 - len(_SHA1_PREFIX) - TOKEN_BYTES)
        expected = b"\0\1" + padding + b"\0" + _SHA1_PREFIX + token
        found = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
        return hmac.compare_digest(found.to_bytes(_KEY_BYTES, "big"), expected)


def parse_key(text: str) -> PublicKey | None:
    """The key of a `.pub` file's text, None if it is not one."""
    try:
        raw = base64.b64decode(text.split()[0], validate=True)
        words, _n0inv = struct.unpack_from("<II", raw)
        (exponent,) = struct.unpack_from("<I", raw, 8 + 2 * _KEY_BYTES)
    except (IndexError, ValueError, binascii.Error, struct.error):
        return None
    if words * 4 != _KEY_BYTES:
        return None
    return PublicKey(modulus=int.from_bytes(raw[8 : 8 + _KEY_BYTES], "little"), exponent=exponent)


def key_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The `.pub` files an adb server of this user would sign with: its own, and those of ADB_VENDOR_KEYS."""
    homes = [environ[name] for name in ("ANDROID_SDK_HOME", "HOME") if environ.get(name)]
    found = [Path(home) / ".android" / "adbkey.pub" for home in homes]
    for entry in filter(None, environ.get("ADB_VENDOR_KEYS", "").split(":")):
        path = Path(entry)
        if path.is_dir():
            found += [Path(f"{key}.pub") for key in sorted(path.glob("*.adb_key"))]
        else:
            found.append(path if path.suffix == ".pub" else Path(f"{path}.pub"))
    return tuple(found)


def allowed_keys(files: Iterable[Path]) -> tuple[PublicKey, ...]:
    """The keys of those files that can be read; anew for each connection, as a server may just have made one."""
    keys = []
    for path in files:
        try:
            key = parse_key(path.read_text())
        except (OSError, UnicodeDecodeError):
            continue
        if key is not None:
            keys.append(key)
    return tuple(keys)
