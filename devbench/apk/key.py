"""RSA keys and certificates for APKs: the test key in the package, or the user's own.

APK signatures are RSASSA-PKCS1-v1_5 over SHA-256, which Android knows since 4.3 (v1) and 7.0 (v2). Nothing here
is secret-proof against someone who measures this process: it signs test packages on the owner's own computer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devbench.apk.der import CONTEXT_0, Node, nodes
from devbench.errors import UsageError

TEST_KEY = Path(__file__).parent.parent / "data" / "apk" / "test-key.pem"
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_MIN_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An RSA key as a certificate holds it."""

    modulus: int
    exponent: int

    @property
    def size_bytes(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's over `data`."""
        if len(signature) != self.size_bytes:
            return False
        opened = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
        return opened.to_bytes(self.size_bytes, "big") == _padded(data, self.size_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate: the whole of it, and the parts that signatures name. ValueError if it is none."""

    whole: bytes
    serial: bytes
    issuer: bytes
    public_key_info: bytes
    public: PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key and the certificate that belongs to it."""

    certificate: Certificate
    private_exponent: int

    def sign(self, data: bytes) -> bytes:
        public = self.certificate.public
        number = int.from_bytes(_padded(data, public.size_bytes), "big")
        return pow(number, self.private_exponent, public.modulus).to_bytes(public.size_bytes, "big")


def _padded(data: bytes, size: int) -> bytes:
    """EMSA-PKCS1-v1_5 of RFC 8017."""
    digest = _DIGEST_INFO + hashlib.sha256(data).digest()
    return b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest


def parse_certificate(whole: bytes) -> Certificate:
    """An X.509 certificate with an RSA key, in DER; ValueError."""
    (outer,) = nodes(whole)
    fields = outer.children()[0].children()
    if fields[0].tag == CONTEXT_0:  # the version, absent in version 1
        fields = fields[1:]
    info = fields[5]
    bits = info.children()[1].content
    modulus, exponent = nodes(bits[1:])[0].children()
    return Certificate(
        whole=whole,
        serial=fields[0].whole,
        issuer=fields[2].whole,
        public_key_info=info.whole,
        public=PublicKey(modulus=modulus.number(), exponent=exponent.number()),
    )


def read_key(path: Path) -> SigningKey:
    """Key and certificate from one PEM file (`openssl req -x509 -newkey rsa:2048 -nodes …`); UsageError."""
    fix = (
        "openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 10950 -subj /CN=me -keyout key.pem -out cert.pem; "
        "cat key.pem cert.pem > both.pem"
    )
    try:
        text = path.read_text("ascii")
        certificate = parse_certificate(_pem(text, "CERTIFICATE"))
        numbers = _rsa_numbers(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, IndexError) as error:
        missing = f"{path} does not hold an unencrypted RSA key and its certificate: {error}"
        raise UsageError(missing, fix=fix) from error
    modulus, private_exponent = numbers[1].number(), numbers[3].number()
    if modulus != certificate.public.modulus:
        raise UsageError(f"{path}: the certificate is another key's", fix=fix)
    if modulus.bit_length() < _MIN_BITS:
        raise UsageError(f"{path}: {modulus.bit_length()} bits are too few; Android wants {_MIN_BITS}", fix=fix)
    return SigningKey(certificate=certificate, private_exponent=private_exponent)


@cache
def test_key() -> SigningKey:
    """The key that everyone has: good for a test app, and no proof of where an APK comes from."""
    return read_key(TEST_KEY)


def _rsa_numbers(text: str) -> tuple[Node, ...]:
    """RSAPrivateKey of RFC 8017, bare or in PKCS#8."""
    if "BEGIN RSA PRIVATE KEY" in text:
        (bare,) = nodes(_pem(text, "RSA PRIVATE KEY"))
        return bare.children()
    (outer,) = nodes(_pem(text, "PRIVATE KEY"))
    (inner,) = nodes(outer.children()[2].content)
    return inner.children()


def _pem(text: str, kind: str) -> bytes:
    found = re.search(rf"-----BEGIN {kind}-----([A-Za-z0-9+/=\s]+)-----END {kind}-----", text)
    if found is None:
        raise ValueError(f"no {kind} in it")
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{kind}: {error}") from error
