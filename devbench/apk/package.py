"""The app `dev.devbench.runner`: its manifest, and the APK with whatever else goes into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devbench.apk.archive import Entry, deflated
from devbench.apk.binary_xml import Element, Flags, Reference, encode
from devbench.apk.key import SigningKey
from devbench.apk.sign import signed_apk

PACKAGE = "dev.devbench.runner"
ACTIVITY = f"{PACKAGE}/.RunActivity"
CLASSES = "classes.dex"
MIN_SDK, TARGET_SDK = 21, 34
_NO_TITLE = Reference(number=0x01030006)  # android:style/Theme.NoTitleBar
# mcc mnc locale touchscreen keyboard keyboardHidden navigation orientation screenLayout uiMode screenSize
# smallestScreenSize density layoutDirection fontScale: nothing that happens shall start the activity anew
_ALL_CHANGES = Flags(number=0x40003FFF)
# since Android 12 an app sees of the vendor's libraries only what it names
_VENDOR_LIBRARIES = ("libOpenCL.so", "libOpenCL-pixel.so", "libOpenCL-car.so")


def build_apk(
    classes: bytes, libraries: Mapping[str, bytes], key: SigningKey, *, version: str, extra: Sequence[Entry] = ()
) -> bytes:
    """The signed app: `libraries` of ours by ABI, and whatever else goes in, as its entries."""
    entries = [
        deflated("AndroidManifest.xml", encode(manifest(version))),
        deflated(CLASSES, classes),
        *(deflated(f"lib/{abi}/libdevbench_runner.so", data) for abi, data in sorted(libraries.items())),
        *extra,
    ]
    return signed_apk(entries, key)


def manifest(version: str) -> Element:
    """AndroidManifest.xml.

    Only the shell (and the system) hold DUMP, so that no other app can have this one run anything. `profileable`
    lets tools look at the process without `debuggable`, which would make it slower.
    """
    activity = Element(
        tag="activity",
        android={
            "name": f"{PACKAGE}.RunActivity",
            "exported": True,
            "permission": "android.permission.DUMP",
            "theme": _NO_TITLE,
            "excludeFromRecents": True,
            "configChanges": _ALL_CHANGES,
            "showWhenLocked": True,
            "turnScreenOn": True,
        },
    )
    application = Element(
        tag="application",
        android={"label": "devbench runner", "hasCode": True, "allowBackup": False, "extractNativeLibs": True},
        children=(
            *(
                Element(tag="uses-native-library", android={"name": name, "required": False})
                for name in _VENDOR_LIBRARIES
            ),
            Element(tag="profileable", android={"shell": True}),
            activity,
        ),
    )
    return Element(
        tag="manifest",
        plain={"package": PACKAGE},
        android={"versionCode": version_code(version), "versionName": version},
        children=(
            Element(tag="uses-sdk", android={"minSdkVersion": MIN_SDK, "targetSdkVersion": TARGET_SDK}),
            application,
        ),
    )


def version_code(version: str) -> int:
    """`1.2.3` is 10203: a later one is larger, as Android wants it."""
    numbers = [int("".join(c for c in part if c.isdigit()) or "0") for part in version.split(".")[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major * 10000 + minor * 100 + patch + (0 if numbers != [0, 0, 0] else 1)
