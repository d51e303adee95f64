"""Checks an APK's v1 and v2 signatures as a phone does before it installs one (RSA with SHA-256)."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from hashlib import sha256

from devbench.apk.der import nodes
from devbench.apk.key import Certificate, parse_certificate
from devbench.apk.sign import BLOCK, MAGIC, MANIFEST, RSA_SHA256, SIGNATURE, V2_ID, contents_digest


class ApkError(ValueError):
    """The file is no APK, or its signature is not what it should be."""


def verify_apk(apk: bytes, *, v2: bool) -> Certificate:
    """Who signed `apk`, or ApkError: by v2 if that is known (since Android 7) and the file has it, else by v1."""
    try:
        if v2 and (signer := _verify_v2(apk)) is not None:
            return signer
        return _verify_v1(apk, stripped_is_refused=v2)
    except (ValueError, IndexError, KeyError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, ApkError):
            raise
        raise ApkError(f"not a signed APK: {error}") from error


def _verify_v2(apk: bytes) -> Certificate | None:
    """The signer of the v2 block; None without one."""
    at = apk.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<II", apk, at + 12)
    if start < 32 or apk[start - 16 : start] != MAGIC:
        return None
    (block_size,) = struct.unpack_from("<Q", apk, start - 24)
    block_start = start - block_size - 8
    block = _pair(apk[block_start + 8 : start - 24])
    if block is None:
        return None
    (signers,) = _split(block)
    data, signatures, public_key = _split(_split(signers)[0])
    digests, certificates, *_ = _split(data)
    certificate = parse_certificate(_split(certificates)[0])
    if certificate.public_key_info != public_key:
        raise ApkError("v2: the public key is not the certificate's")
    if not certificate.public.verifies(_of_algorithm(signatures), data):
        raise ApkError("v2: the signature is not the certificate's")
    end = apk[at : at + 16] + struct.pack("<I", block_start) + apk[at + 20 :]
    if contents_digest(apk[:block_start], apk[start : start + size], end) != _of_algorithm(digests):
        raise ApkError("v2: the contents were changed after they were signed")
    return certificate


def _pair(pairs: bytes) -> bytes | None:
    """The value of v2's id in a signing block."""
    at = 0
    while at < len(pairs):
        size, ident = struct.unpack_from("<QI", pairs, at)
        if ident == V2_ID:
            return pairs[at + 12 : at + 8 + size]
        at += 8 + size
    return None


def _of_algorithm(items: bytes) -> bytes:
    """The value for RSA with SHA-256 among several of (algorithm, value)."""
    for item in _split(items):
        if struct.unpack_from("<I", item)[0] == RSA_SHA256:
            return _split(item[4:])[0]
    raise ApkError("v2: signed with another algorithm than RSA with SHA-256")


def _split(data: bytes) -> list[bytes]:
    """What `data` is made of: values behind their lengths."""
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            raise ApkError("v2: the block ends early")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _verify_v1(apk: bytes, *, stripped_is_refused: bool) -> Certificate:
    with zipfile.ZipFile(io.BytesIO(apk)) as archive:
        names = archive.namelist()
        if MANIFEST not in names or SIGNATURE not in names or BLOCK not in names:
            raise ApkError("there is no signature")
        manifest, signature = archive.read(MANIFEST), archive.read(SIGNATURE)
        certificate = _signer_of(archive.read(BLOCK), signature)
        main, *_ = _sections(signature)
        if stripped_is_refused and "2" in main.get("X-Android-APK-Signed", ""):
            raise ApkError("the v2 signature was removed")
        if main.get("SHA-256-Digest-Manifest") != _digest(manifest):
            raise ApkError("v1: the manifest was changed after it was signed")
        digests = {section["Name"]: section["SHA-256-Digest"] for section in _sections(manifest)[1:]}
        for name in names:
            if name not in (MANIFEST, SIGNATURE, BLOCK) and digests.pop(name, None) != _digest(archive.read(name)):
                raise ApkError(f"v1: {name} was changed or added after the APK was signed")
        if digests:
            raise ApkError(f"v1: {next(iter(digests))} is missing")
    return certificate


def _signer_of(block: bytes, data: bytes) -> Certificate:
    """Of a PKCS#7 detached signature without signed attributes, over `data`."""
    signed = nodes(block)[0].children()[1].children()[0].children()
    certificate = parse_certificate(signed[3].children()[0].whole)
    signer = signed[-1].children()[0].children()
    if not certificate.public.verifies(signer[-1].content, data):
        raise ApkError("v1: the signature is not the certificate's")
    return certificate


def _digest(data: bytes) -> str:
    return base64.b64encode(sha256(data).digest()).decode()


def _sections(text: bytes) -> list[dict[str, str]]:
    """Of a JAR manifest: its main section, then one a file."""
    lines = text.decode().replace("\r\n ", "").split("\r\n")
    sections: list[dict[str, str]] = [{}]
    for line in lines:
        name, _, value = line.partition(": ")
        if not line:
            sections.append({})
        else:
            sections[-1][name] = value
    return [section for section in sections if section]
