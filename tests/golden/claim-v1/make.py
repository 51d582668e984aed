#!/usr/bin/env python3
"""Writes sample.txt and broken.txt: claims of version 1, made from libcore/twophase/FORMAT.md and not from the program.
Needs the shared library of xxHash 0.8.

    cd tests/golden/claim-v1 && ./make.py && git diff --exit-code .    # nothing may change
"""

import ctypes
import hashlib

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

BRANCH = b"ft-000102030405060708090a0b0c0d0e0f-0000000000001234-0-3"
NAME = b"app.conf"
NOTHING = (0, bytes(32))


def file(content):
    pieces = [content[at : at + (1 << 20)] for at in range(0, len(content), 1 << 20)]
    return 1, hashlib.sha256(b"".join(hashlib.sha256(piece).digest() for piece in pieces)).digest()


def link(target):
    return 2, hashlib.sha256(target).digest()


def text(b):
    assert len(b) < 16384
    length = bytes([len(b)]) if len(b) < 128 else bytes([len(b) & 0x7F | 0x80, len(b) >> 7])
    return length + b


def checked(covered):
    return covered + xxhash.XXH3_64bits(covered, len(covered)).to_bytes(8, "little")


def claim(old, new, magic=b"ftclaim\0", version=1, branch=BRANCH, name=NAME, more=b""):
    covered = magic + version.to_bytes(2, "little") + text(branch) + text(name)
    return checked(covered + bytes([old[0]]) + old[1] + bytes([new[0]]) + new[1] + more)


big = bytes(range(256)) * 8192  # 2 MiB
SAMPLE = [
    ("made", claim(NOTHING, file(b"new"))),
    ("replaced", claim(file(big + b"old"), file(b""))),
    ("removed", claim(file(b"old"), NOTHING)),
    ("switched", claim(link(b"gen1"), link(b"gen2"), name=b"n" * 255)),
]


def broken():
    whole = claim(file(b"old"), file(b"new"))
    yield "nothing", "no claim", b""
    yield "half a magic", "no claim", whole[:4]
    yield "another magic", "no claim", claim(NOTHING, NOTHING, magic=b"ftclaim\1")
    yield "a later version", "newer version", claim(NOTHING, NOTHING, version=2)
    yield "version 0", "newer version", claim(NOTHING, NOTHING, version=0)
    yield "a branch too long", "", claim(NOTHING, NOTHING, branch=b"b" * 65)
    yield "a name too long", "", claim(NOTHING, NOTHING, name=b"n" * 256)
    yield "an unknown kind", "unknown kind", claim((3, bytes(32)), NOTHING)
    yield "a digest of nothing", "digest of nothing", claim((0, bytes(31) + b"\1"), NOTHING)
    yield "a byte more inside", "checksum", claim(NOTHING, NOTHING, more=b"\0")
    yield "a byte more", "", whole + b"\0"
    for size in (9, 11, 40, 60, len(whole) - 1):
        yield f"cut to {size}", "", whole[:size]
    for at in (12, 70, len(whole) - 1):
        turned = bytes(b ^ (1 if i == at else 0) for i, b in enumerate(whole))
        yield f"a bit of byte {at} turned", "checksum", turned


with open("sample.txt", "w") as out:
    out.write("# Written by make.py. Each line: what it is | bytes in hexadecimal.\n")
    for what, b in SAMPLE:
        out.write(f"{what} | {b.hex()}\n")
with open("broken.txt", "w") as out:
    out.write("# Written by make.py. Each line: what is broken | what the failure must say | bytes.\n")
    for what, why, b in broken():
        out.write(f"{what} | {why} | {b.hex()}\n")
