#!/usr/bin/env python3
"""Writes sample.txt and broken.txt: a replica of version 1 and what can be wrong with one, made from
libcore/counter/FORMAT.md and not from the program. Needs the shared library of xxHash 0.8.

    cd tests/golden/replica-v1 && ./make.py && git diff --exit-code .    # nothing may change

A line is a sector: its number | its payload without the zeros behind | its generation | its checksum; all in hex.
A broken replica is the sample with some other sectors behind a line "= what is wrong | what is said about it".
"""

import ctypes

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

SECTOR, PAYLOAD, BLOCK = 488, 3904, 8
KEYS, KEYED, PER_BLOCK = 100, 230, 112
POSITIONS = ((KEYS + PER_BLOCK - 1) // PER_BLOCK + 1) + 37 + 1
FIRST_KEY = 6 + 4 * 20
COUNTER, REPLICA = bytes(range(1, 17)), bytes(range(100, 116))


def checksum(b):
    return xxhash.XXH3_64bits(b, len(b))


def le(n, size):
    return (n % (1 << 8 * size)).to_bytes(size, "little")


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def text(s):
    return varint(len(s)) + s.encode()


def entry(n):
    return le(n, 8) + le(n * n, 8) + le(n - 5, 8) + le(1000 + n, 8)


def header(magic=b"ftcount\0", version=1, features=0, keys=KEYS, rest=b""):
    return (magic + le(version, 2) + le(features, 4) + COUNTER + REPLICA + le(keys, 4) + le(1_800_000_000, 8)
            + le(5, 4) + rest)


def members(list_):
    return varint(len(list_)) + b"".join(uuid + text(locator) for uuid, locator in list_)


def annex(count=2, phase=3):
    all_ = [(REPLICA, "jobs"), (bytes(16), "pipe:ssh host ftcounter agent /data/jobs")]
    phases = [1, 2, phase]
    reservations = b"".join(text("t" * (i + 1)) + le(i - 1, 8) + le(p, 1) + le(50 + i, 8) for i, p in enumerate(phases))
    return le(7, 8) + le(5, 4) + members(all_[:count]) + members(all_[1:]) + varint(len(phases)) + reservations


def key_block(n, before, replica=REPLICA, number=None):
    entries = b"".join(entry(i) for i in range(n * PER_BLOCK, (n + 1) * PER_BLOCK))
    return (replica + le(n if number is None else number, 8) + le(before, 8) + entries).ljust(PAYLOAD, b"\0")


def tail(annex_, newest, replica=REPLICA, counter=COUNTER, place=0, size=None, lowest=-1000, first=0, sealed=0,
         rest=b""):
    marks = b"".join(le(m, 8) for m in range(900, 916))
    pending = b"".join(entry(n) for n in range(KEYED // PER_BLOCK * PER_BLOCK, KEYED))
    return (replica + counter + le(8, 8) + le(9, 8) + le(3, 8) + le(4, 8) + le(5, 8) + le(17, 8) + le(lowest, 8)
            + le(2000, 8) + le(KEYED, 8) + marks + le(place, 1) + le(1, 8)
            + le(len(annex_) if size is None else size, 4) + le(checksum(annex_), 8) + le(first, 8) + le(newest, 8)
            + le(sealed, 2) + pending + rest)


def sectors(replica):
    """{block: (payload, generation)} with what is not there as zeros of generation 0; as lines."""
    lines = []
    for block in range(FIRST_KEY + 2 * POSITIONS):
        payload, generation = replica.get(block, (b"", 0))
        salt = 0 if block < 2 else int.from_bytes(REPLICA[:8], "little")
        for i in range(BLOCK):
            number = block * BLOCK + i
            part = payload[i * SECTOR:(i + 1) * SECTOR]
            covered = part.ljust(SECTOR, b"\0") + le(generation, 8) + le(number, 8)
            lines.append(f"{number:x} | {part.rstrip(bytes(1)).hex()} | {generation:x} | {checksum(covered) ^ salt:x}")
    return lines


def replica(header_=None, annex_=None, tail_=None, second=None):
    blocks = {0: (header_ or header(), 1)}
    annex_ = annex_ or annex()
    for i in range(0, len(annex_), PAYLOAD):
        for copy in (0, 1):
            blocks[6 + 2 * (i // PAYLOAD) + copy] = (annex_[i:i + PAYLOAD], 1)
    first = key_block(0, 0)
    second = second or key_block(1, checksum(first))
    blocks[FIRST_KEY] = (first, 1)
    blocks[FIRST_KEY + 2] = (second, 1)
    tail_ = tail(annex_, checksum(second), **(tail_ or {}))
    for slot in (2, 4):
        blocks[slot] = (tail_, slot // 2)
    for copy in (0, 2, 4, FIRST_KEY, FIRST_KEY + 2):
        blocks[copy + 1] = blocks[copy]
    return sectors(blocks)


def rotten(*blocks):
    """The sample with a wrong checksum in each of these blocks."""
    lines = replica()
    for block in blocks:
        lines[block * BLOCK] = lines[block * BLOCK].rsplit(" | ", 1)[0] + " | 1"
    return lines


KEYS_DAMAGED = "both copies of a block of its keys are damaged"
BROKEN = [
    ("another magic", "not a replica of a counter", replica(header_=header(magic=b"ftcount\1"))),
    ("version 2", "format version 2, this program knows 1; use a newer ftcounter", replica(header_=header(version=2))),
    ("a feature", "it needs features that this program does not have; use a newer ftcounter",
     replica(header_=header(features=4))),
    ("too many keys", "more keys than any counter remembers", replica(header_=header(keys=65537))),
    ("other size", "its size is not what its header says", replica(header_=header(keys=1000))),
    ("a longer header", "bytes that mean nothing to this version", replica(header_=header(rest=b"\1"))),
    ("tail of another replica", "it holds the bytes of another replica", replica(tail_={"replica": COUNTER})),
    ("tail of another counter", "it holds the bytes of another replica", replica(tail_={"counter": REPLICA})),
    ("third annex place", "an annex that cannot be", replica(tail_={"place": 2})),
    ("too large an annex", "an annex that cannot be", replica(tail_={"size": 20 * PAYLOAD + 1})),
    ("the other annex place", "both copies of its list of members are damaged", rotten(6, 7)),
    ("bounds", "bounds that exclude everything", replica(tail_={"lowest": 2001})),
    ("kept from beyond the end", "key blocks that cannot be", replica(tail_={"first": 3})),
    ("wrote more than there are", "key blocks that cannot be", replica(tail_={"sealed": 3})),
    ("a longer tail", "bytes that mean nothing to this version", replica(tail_={"rest": b"\0\1"})),
    ("nobody", "a counter without members", replica(annex_=annex(count=0))),
    ("no phase", "a reservation in no phase", replica(annex_=annex(phase=4))),
    ("a longer annex", "", replica(annex_=annex() + b"\0")),
    ("keys of another replica", "a block of its keys is another one",
     replica(second=key_block(1, checksum(key_block(0, 0)), replica=COUNTER))),
    ("keys of another number", "a block of its keys is another one",
     replica(second=key_block(1, checksum(key_block(0, 0)), number=2))),
    ("keys that do not follow", KEYS_DAMAGED, replica(second=key_block(1, 7))),
    ("rotten keys", KEYS_DAMAGED, rotten(FIRST_KEY, FIRST_KEY + 1)),
    ("rotten header", "both copies of its header are damaged, or it is no replica", rotten(0, 1)),
    ("rotten newest commit", "its newest commit is damaged", rotten(4, 5)),
]


def main():
    sample = replica()
    with open("sample.txt", "w") as out:
        print(*sample, sep="\n", file=out)
    with open("broken.txt", "w") as out:
        for name, said, lines in BROKEN:
            print(f"= {name} | {said}", file=out)
            print(*(line for line, sound in zip(lines, sample) if line != sound), sep="\n", file=out)


main()
