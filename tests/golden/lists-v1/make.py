#!/usr/bin/env python3
"""Writes sample.txt and broken.txt: marks, guards and lists of damage of version 1, made from libcore/store/FORMAT.md
and not from the program. Needs the shared library of xxHash 0.8.

    cd tests/golden/lists-v1 && ./make.py && git diff --exit-code .    # nothing may change
"""

import ctypes

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

MAGIC = {"mark": b"ftmark\0\1", "guards": b"ftguard\1", "damage": b"ftdamag\1"}


def u64(n):
    return n.to_bytes(8, "little")


def checked(covered):
    return covered + u64(xxhash.XXH3_64bits(covered, len(covered)))


def listed(kind, items, count=None):
    return checked(MAGIC[kind] + u64(len(items) if count is None else count) + b"".join(items))


def sha(seed):
    return bytes((seed + i) & 0xFF for i in range(32))


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def text(b):
    return varint(len(b)) + b


ITEMS = {
    "mark": [sha(0), sha(100)],
    "guards": [text(b"2ab0"), text(b"\xff" * 255)],
    "damage": [sha(7) + sha(8), sha(7) + sha(200), sha(250) + sha(3)],
}

SAMPLE = [(kind, listed(kind, items)) for kind, items in ITEMS.items()]
SAMPLE += [(kind, listed(kind, [])) for kind in ITEMS]


def broken(kind):
    items = ITEMS[kind]
    whole = listed(kind, items)
    foreign = MAGIC["damage" if kind == "mark" else "mark"]
    yield "nothing", "newer version", b""
    yield "half a magic", "newer version", whole[:4]
    yield "another list", "newer version", checked(foreign + whole[8:-8])
    yield "newer version", "newer version", checked(whole[:7] + b"\2" + whole[8:-8])
    yield "magic alone", "too short", whole[:8]
    yield "count without checksum", "too short", whole[:16]
    yield "cut by a byte", "checksum differs", whole[:-1]
    yield "a byte more", "checksum differs", whole + b"\0"
    yield "no checksum", "checksum differs", whole[:-8]
    yield "a bit of an item", "checksum differs", whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]
    yield "count too small", "another length", listed(kind, items, len(items) - 1)
    yield "count too large", "another length", listed(kind, items, len(items) + 1)
    yield "count beyond memory", "another length", listed(kind, items, 2**64 - 1)
    if kind == "guards":
        yield "an empty id", "an id is empty", listed(kind, [text(b"a"), text(b"")])
        yield "an id too long", "more than 255", listed(kind, [text(b"a" * 256)])
        yield "an id cut", "ends too early", listed(kind, [varint(9) + b"a"])
        yield "a length in a longer form", "shortest form", listed(kind, [b"\x81\0a"])
    else:
        yield "half an item", "another length", listed(kind, [*items, sha(1)[:16]], len(items))


with open("sample.txt", "w") as out:
    out.write("# Written by make.py. Each line: what it is | bytes in hexadecimal.\n")
    for kind, data in SAMPLE:
        out.write(f"{kind} | {data.hex()}\n")
with open("broken.txt", "w") as out:
    out.write("# Written by make.py. Each line: what it is | what is broken | what the failure must say | bytes.\n")
    for kind in ITEMS:
        for what, why, data in broken(kind):
            out.write(f"{kind} | {what} | {why} | {data.hex()}\n")
