#!/usr/bin/env python3
"""Writes header.txt and broken.txt: headers of shared counters of version 1, made from libcore/shm/FORMAT.md and not
from the program. A line is: why it is refused | its fields in hex | its checksum in hex. Between fields and checksum
lie the zeros that make it 4096 bytes. Needs the shared library of xxHash 0.8.

    cd tests/golden/shm-v1 && ./make.py && git diff --exit-code .    # nothing may change
"""

import ctypes
import struct

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

SAMPLE = {
    "magic": b"ftshm\0\0\0",
    "version": 1,
    "lock": 40,
    "kind": 2,
    "start": -5,
    "min": -10,
    "max": 1_000_000,
    "keys": 100,
    "counter": bytes(range(0x40, 0x50)),
    "incarnation": 0x123456789ABCDEF0,
    "created_s": 1_795_000_000,
    "created_ns": 5,
    "ballot": 2,
    "proposer": 3,
    "sequence": 4,
    "first_key": 9,
    "boot": b"c4a9d1f0-0000-4000-8000-000000000001",
    "inode": 77,
    "period": 100_000_000,
    "path": b"/var/lib/hits",
    "rest": b"",
}


def text(t):
    assert len(t) < 128
    return bytes([len(t)]) + t


def line(why, wrong_checksum=0, **changes):
    f = SAMPLE | changes
    fields = f["magic"] + struct.pack("<HHIqqqI", *(f[k] for k in ("version", "lock", "kind", "start", "min", "max", "keys")))
    fields += f["counter"] + struct.pack("<QqI", f["incarnation"], f["created_s"], f["created_ns"])
    fields += struct.pack("<QQQQ", f["ballot"], f["proposer"], f["sequence"], f["first_key"])
    fields += text(f["boot"]) + struct.pack("<Qq", f["inode"], f["period"]) + text(f["path"]) + f["rest"]
    covered = fields.ljust(4088, b"\0")
    checksum = xxhash.XXH3_64bits(covered, 4088) ^ wrong_checksum
    return f"{why} | {fields.hex()} | {checksum.to_bytes(8, 'little').hex()}\n"


with open("header.txt", "w") as out:
    out.write(line("sound"))

with open("broken.txt", "w") as out:
    out.write(line("not a counter's segment", magic=b"ftshn\0\0\0"))
    out.write(line("format version 2", version=2))
    out.write(line("another kind of processor", lock=48))
    out.write(line("its header is damaged", wrong_checksum=1))
    out.write(line("a kind of counter", kind=3))
    out.write(line("a kind of counter", kind=0))
    out.write(line("a number of keys", keys=0))
    out.write(line("a number of keys", keys=65537))
    out.write(line("a flush that cannot be", period=0))
    out.write(line("a flush that cannot be", period=-1))
    out.write(line("a flush that cannot be", path=b""))
    out.write(line("more than", boot=b"x" * 65))
    out.write(line("mean nothing", rest=b"x"))
