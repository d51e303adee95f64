"""The program behind every command of a phone that the daemon answers, as an ELF file made from its bytes.

Why not a script: it must run in any root folder, without Python, in pipes and in `$(…)`, and start in well
under 1 ms. The sources are stub_source/.
"""

from __future__ import annotations

import struct

from devbench.virtual.errors import VirtualPhoneError

_X86_64 = (
    "4889e5488d3dc5000000be02000000b8020000000f0583f80276e8bf01000000be0500000031d2b8290000000f0589c3"
    "89c7488d35a0000000ba16000000b82a0000000f0585c0757a4881ec001000004889e7be00100000b84f0000000f0585"
    "c078604989e1488b4d00488b7d08488b74cd0048ffc6807eff0075f74829fe56575041514889e76a006a20488d155e00"
    "0000526a02576a006a004889e689df31d2b82e0000000f0585c0781789df4889e6ba0100000031c00f050fb63c2483f8"
    "017405bf01000000b8e70000000f052f6465762f6e756c6c0001002f6465762f736f636b65742f736572766963650090"
    "1c00000000000000010000000100000000000000010000000200000000000000"
)
_AARCH64 = (
    "f3030091600c809241070010420080d2080780d2010000d41f0800f149ffff54200080d2a10080d2020080d2c81880d2"
    "010000d4f40300aa01060050c20280d2681980d2010000d4e00400b5ff0740d1e0030091010082d2280280d2010000d4"
    "2004f8b7e9030091ea0300aa6b0240f96c0640f96d7a6bf8ae154038eeffff35ad010ccbec37bfa9e92bbfa9e9030091"
    "0a0400100b0480d24c0080d2ff7fbfa9ea2fbfa9e933bfa9ff7fbfa9e1030091e00314aa020080d2681a80d2010000d4"
    "2001f8b7e00314aae1030091220080d2e80780d2010000d41f0400f1e003403940000054200080d2c80b80d2010000d4"
    "2f6465762f6e756c6c0001002f6465762f736f636b65742f73657276696365001c000000000000000100000001000000"
    "00000000010000000200000000000000"
)
CODE = {"x86_64": (62, bytes.fromhex(_X86_64)), "aarch64": (183, bytes.fromhex(_AARCH64))}
_BASE = 0x400000
_HEADERS = 64 + 56


def stub(machine: str) -> bytes:
    """The ELF file for a host whose `uname -m` is `machine`; VirtualPhoneError where there is none."""
    if machine not in CODE:
        raise VirtualPhoneError(
            f"virtual phones run on {' and '.join(CODE)} hosts, not on {machine}",
            fix="use a real phone, or such a host",
        )
    number, code = CODE[machine]
    size = _HEADERS + len(code)
    # OSABI 3: no emulator takes it for one of Android's programs (tree.py)
    header = b"\x7fELF" + bytes([2, 1, 1, 3]) + bytes(8)
    header += struct.pack("<HHIQQQIHHHHHH", 2, number, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)
    return header + segment + code
