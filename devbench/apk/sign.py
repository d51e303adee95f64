"""APK signatures v1 (a signed JAR, for Android 5 and 6) and v2 (over the whole file, since Android 7).

v2 is laid out at source.android.com/docs/security/features/apksigning/v2, v1 in the JAR file specification.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence

from devbench.apk.archive import Entry, deflated, zip_parts
from devbench.apk.der import CONTEXT_0, INTEGER, NULL, OCTETS, SEQUENCE, SET, der, oid
from devbench.apk.key import SigningKey

MANIFEST, SIGNATURE, BLOCK = "META-INF/MANIFEST.MF", "META-INF/CERT.SF", "META-INF/CERT.RSA"
V2_ID = 0x7109871A
RSA_SHA256 = 0x0103  # RSASSA-PKCS1-v1_5 with SHA2-256
MAGIC = b"APK Sig Block 42"
_CHUNK_BYTES = 1 << 20
_SHA256, _RSA = "608648016503040201", "2a864886f70d010101"
_DATA, _SIGNED = "2a864886f70d010701", "2a864886f70d010702"


def signed_apk(entries: Sequence[Entry], key: SigningKey) -> bytes:
    """The APK of `entries` with both signatures."""
    return _with_v2(*zip_parts([*entries, *_v1_entries(entries, key)]), key)


def _v1_entries(entries: Iterable[Entry], key: SigningKey) -> list[Entry]:
    head = _attribute("Created-By", "devbench")
    sections = {
        e.name: _attribute("Name", e.name) + _attribute("SHA-256-Digest", _digest(e.content)) + b"\r\n"
        for e in sorted(entries, key=lambda entry: entry.name)
    }
    manifest = _attribute("Manifest-Version", "1.0") + head + b"\r\n" + b"".join(sections.values())
    signature = _attribute("Signature-Version", "1.0") + head
    signature += _attribute("SHA-256-Digest-Manifest", _digest(manifest))
    # who removes v2 to change the files is found out by this
    signature += _attribute("X-Android-APK-Signed", "2") + b"\r\n"
    for name, section in sections.items():
        signature += _attribute("Name", name) + _attribute("SHA-256-Digest", _digest(section)) + b"\r\n"
    block = _pkcs7(signature, key)
    return [deflated(MANIFEST, manifest), deflated(SIGNATURE, signature), deflated(BLOCK, block)]


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _attribute(name: str, value: str) -> bytes:
    """One attribute; a line has at most 72 bytes with its end, the next ones begin with a space."""
    text = f"{name}: {value}".encode()
    lines = [text[:70], *(b" " + text[at : at + 69] for at in range(70, len(text), 69))]
    return b"\r\n".join(lines) + b"\r\n"


def _pkcs7(data: bytes, key: SigningKey) -> bytes:
    """A detached signature over `data`, as `jarsigner` writes it."""
    certificate, one, null = key.certificate, der(INTEGER, b"\1"), der(NULL)
    sha256, rsa = der(SEQUENCE, oid(_SHA256), null), der(SEQUENCE, oid(_RSA), null)
    name = der(SEQUENCE, certificate.issuer, certificate.serial)
    signer = der(SEQUENCE, one, name, sha256, rsa, der(OCTETS, key.sign(data)))
    content = der(SEQUENCE, oid(_DATA))
    signed = der(SEQUENCE, one, der(SET, sha256), content, der(CONTEXT_0, certificate.whole), der(SET, signer))
    return der(SEQUENCE, oid(_SIGNED), der(CONTEXT_0, signed))


def _with_v2(body: bytes, directory: bytes, end: bytes, key: SigningKey) -> bytes:
    algorithm = struct.pack("<I", RSA_SHA256)
    digest = contents_digest(body, directory, end)
    data = _prefixed(_prefixed(algorithm, _prefixed(digest)))
    data += _prefixed(_prefixed(key.certificate.whole)) + _prefixed()
    signatures = _prefixed(_prefixed(algorithm, _prefixed(key.sign(data))))
    signer = _prefixed(data) + signatures + _prefixed(key.certificate.public_key_info)
    block = _prefixed(_prefixed(signer))
    pair = struct.pack("<QI", 4 + len(block), V2_ID) + block
    size = struct.pack("<Q", len(pair) + 8 + len(MAGIC))
    whole = size + pair + size + MAGIC
    moved = end[:16] + struct.pack("<I", len(body) + len(whole)) + end[20:]
    return b"".join((body, whole, directory, moved))


def contents_digest(body: bytes, directory: bytes, end: bytes) -> bytes:
    """The digest that v2 signs: of 1 MiB chunks, in `end` with the directory's place as if unsigned."""
    digests = []
    for part in (body, directory, end):
        view = memoryview(part)
        for at in range(0, len(part), _CHUNK_BYTES):
            chunk = view[at : at + _CHUNK_BYTES]
            digest = hashlib.sha256(b"\xa5" + struct.pack("<I", len(chunk)))
            digest.update(chunk)
            digests.append(digest.digest())
    return hashlib.sha256(b"\x5a" + struct.pack("<I", len(digests)) + b"".join(digests)).digest()


def _prefixed(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<I", len(body)) + body
