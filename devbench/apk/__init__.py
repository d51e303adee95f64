"""Android packages in pure Python: put together, aligned, signed and checked, so that nobody needs SDK or Java."""

from devbench.apk.archive import Entry, deflated, stored
from devbench.apk.key import SigningKey, read_key, test_key
from devbench.apk.manifest import parse_manifest
from devbench.apk.package import CLASSES, PACKAGE, build_apk
from devbench.apk.verify import ApkError, verify_apk

__all__ = [
    "CLASSES",
    "PACKAGE",
    "ApkError",
    "Entry",
    "SigningKey",
    "build_apk",
    "deflated",
    "parse_manifest",
    "read_key",
    "stored",
    "test_key",
    "verify_apk",
]
