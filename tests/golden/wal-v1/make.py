#!/usr/bin/env python3
"""Writes sample.txt and broken.txt: logs of version 1, made from libcore/wal/FORMAT.md and not from the program. Needs
the shared library of xxHash 0.8.

    cd tests/golden/wal-v1 && ./make.py && git diff --exit-code .    # nothing may change

A line of sample.txt is a sector that is not zeros: its number, its payload without the zeros at its end, generation,
place, checksum; all in hexadecimal. A case of broken.txt begins with "= ", tells what is broken and what a reader says,
and has the sectors that differ; the file then has so many bytes as a line "size" says.
"""

import ctypes

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

LOG = bytes(range(1, 17))
OWNER = bytes(range(100, 116))
SALT = int.from_bytes(LOG[:8], "little")
MAGIC = b"ftwal\0\0\0"


def xxh3(covered):
    return xxhash.XXH3_64bits(covered, len(covered))


def u(n, size):
    return n.to_bytes(size, "little")


def sector(number, payload, generation, place=None, salt=SALT, turned=0):
    payload = payload.ljust(488, b"\0")
    place = number if place is None else place
    check = xxh3(payload + u(generation, 8) + u(place, 8)) ^ salt ^ turned
    return number, payload.rstrip(b"\0").hex(), f"{generation:x}", f"{place:x}", f"{check:016x}"


def zeros(number):
    return number, "", "0", "0", "0" * 16


def header(magic=MAGIC, version=1, features=0, owner=OWNER, room=8, rest=b"", copies=range(8)):
    payload = magic + u(version, 2) + u(features, 4) + LOG + owner + u(room, 8) + rest
    return [sector(i, payload, 0, salt=0) if i in copies else zeros(i) for i in range(8)]


def records(*all_of_them):
    return b"".join(u(kind, 1) + u(len(body), 4) + body for kind, body in all_of_them)


def batch(block, sequence, room, content, size=None, check=None):
    size = len(content) if size is None else size
    content = u(room, 8) + u(size, 8) + u(xxh3(content) if check is None else check, 8) + content
    content = content.ljust(-(-len(content) // 3904) * 3904, b"\0")
    return [sector(block * 8 + i, content[i * 488 : (i + 1) * 488], sequence) for i in range(len(content) // 488)]


FIRST = records((1, b"plan"), (2, b""))
LAST = records((3, b"last"))
LONG = records((200, b"c" * 5000))
sample = header() + batch(1, 1, 8, FIRST) + batch(2, 2, 8, LONG) + batch(4, 3, 12, b"") + batch(5, 4, 12, LAST)
SIZE = 12 * 4096


def lines(sectors):
    return "".join(" | ".join([f"{s[0]:x}", *s[1:]]) + "\n" for s in sectors)


def case(name, said, sectors, size=SIZE):
    return f"= {name} | {said}\n" + lines(sectors) + (f"size {size}\n" if size != SIZE else "")


LOST = "batch 4 at byte 20480 is lost or damaged"
broken = [
    case("another magic", "not a log", header(magic=b"ftwhat\0\0")),
    case("version 2", "format version 2, this program knows 1; use a newer ft2pc", header(version=2)),
    case("a feature", "it needs features that this program does not have", header(features=4)),
    case("another owner", "it belongs to another folder", header(owner=LOG)),
    case("a rest", "its header has a rest", header(rest=b"\0\1")),
    case("no room", "a size that no log has", header(room=2)),
    case("too much room", "a size that no log has", header(room=262145)),
    case("no header", "not a log, or its header is damaged", header(copies=[])),
    case("one copy of the header", "right", header(copies=[6])),
    case("sectors of the header in the place of others", "not a log, or its header is damaged",
         [sector(i, MAGIC, 0, place=i + 1, salt=0) for i in range(8)]),
    case("the first batch lost", "batch 1 at byte 4096 is lost or damaged, batch 2 follows", [zeros(8 + i) for i in range(8)]),
    case("a sector lost", "batch 2 at byte 8192 is lost or damaged, batch 3 follows", [zeros(20)]),
    case("a sector changed", "what was written at byte 10240 has changed", [sector(20, b"c" * 488, 2, turned=1)]),
    case("a sector of another place", "what was written at byte 10240 has changed", [sector(20, b"c" * 488, 2, place=21)]),
    case("a sector of another log", "what was written at byte 10240 has changed", [sector(20, b"c" * 488, 2, salt=5)]),
    case("another number", "batch 4 at byte 20480 is lost or damaged, batch 5 follows", batch(5, 5, 12, LAST)),
    case("an older number", "batch 4 at byte 20480 is lost or damaged, batch 3 follows", batch(5, 3, 12, LAST)),
    case("less room than before", "what was written at byte 20480 is no batch", batch(5, 4, 11, LAST)),
    case("more room than any log has", "what was written at byte 20480 is no batch", batch(5, 4, 262145, LAST)),
    case("no room behind it", "what was written at byte 20480 is no batch", batch(5, 4, 12, records((7, b"7" * 27000)))),
    case("other records than its checksum", "what was written at byte 20480 is no batch", batch(5, 4, 12, LAST, check=1)),
    case("more bytes than the file", "what was written at byte 20480 is no batch", batch(5, 4, 12, LAST, size=12 * 3904 + 1)),
    case("more bytes than can be", "what was written at byte 20480 is no batch", batch(5, 4, 12, LAST, size=2**64 - 1)),
    case("a record beyond the others", "what was written at byte 20480 is no batch", batch(5, 4, 12, LAST[:-1])),
    case("half a record's head", "what was written at byte 20480 is no batch", batch(5, 4, 12, LAST + b"\1\0\0\0")),
    case("a torn end", "torn", [zeros(40)]),
    case("a torn end that shows its beginning", "torn", [zeros(i) for i in range(41, 48)]),
    case("nothing of the last one", "torn-clean", [zeros(i) for i in range(40, 48)]),
    case("something behind the end", "what was written at byte 28672 has changed", [(56, "01", "0", "0", "0" * 16)]),
    case("a batch behind a gap", LOST, [zeros(i) for i in range(40, 48)] + batch(6, 5, 12, LAST)),
    case("something behind the room", "right", [(96, "01", "0", "0", "0" * 16)], size=13 * 4096),
    case("a batch behind the room", "batch 5 at byte 24576 is lost or damaged, batch 5 follows", batch(12, 5, 13, b""), size=13 * 4096),
    case("cut in the room", "cut short: 45056 bytes where there were 49152", [], size=11 * 4096),
    case("cut in a batch", "cut short: 20480 bytes where there were 49152", [], size=5 * 4096 + 600),
    case("cut behind the header", "cut short: 4096 bytes where there were 32768", [], size=4096),
    case("cut in the header", "too short for a log", [], size=4095),
    case("nothing at all", "too short for a log", [], size=0),
]

with open("sample.txt", "w") as out:
    out.write(lines(sample))
with open("broken.txt", "w") as out:
    out.write("".join(broken))
