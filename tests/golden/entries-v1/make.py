#!/usr/bin/env python3
"""Writes sample.hex and broken.txt: entries of version 1, made from libcore/source/FORMAT.md and not from the program.

    cd tests/golden/entries-v1 && ./make.py && git diff --exit-code .    # nothing may change
"""

FILE, DIR, SYMLINK, FIFO, CHAR, BLOCK = 1, 2, 3, 4, 5, 6
CONTINUES, MORE, CHANGED, LINKED, HARD_LINK, XATTRS, RUNS = (1 << bit for bit in range(7))


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def signed(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def text(b):
    return varint(len(b)) + b


def chunk(length, seed):
    return varint(length) + bytes((seed + i) & 0xFF for i in range(32))


def hole(length):
    return b"\0" + varint(length)


def head(kind, mode=0o644, mtime=(1, 0), ctime=(2, 0), uid=0, gid=0, ino=7):
    return (bytes([kind]) + varint(mode) + varint(uid) + varint(gid) + signed(mtime[0]) + varint(mtime[1])
            + signed(ctime[0]) + varint(ctime[1]) + varint(ino))


def body(flags, shared, rest, *fields):
    return bytes([flags]) + varint(shared) + text(rest) + b"".join(fields)


def record(flags, shared, rest, *fields):
    content = body(flags, shared, rest, *fields)
    return varint(len(content)) + content


def runs(*items):
    return varint(len(items)) + b"".join(items)


def xattrs(*items):
    return varint(len(items)) + b"".join(text(name) + text(value) for name, value in items)


ROOT = record(0, 0, b"", head(DIR, 0o755))

SAMPLE = [
    ("the root, changed before 1970, of an owner without a name",
     record(XATTRS, 0, b"", head(DIR, 0o2775, (-1, 999999999), (1795400000, 123456789), 4000000000, 100, 2),
            xattrs((b"system.posix_acl_default", bytes([2, 0, 0, 0])), (b"user.empty", b"")))),
    ("block", record(0, 0, b"block", head(BLOCK, 0o660, ino=10), varint(0x801))),
    ("char", record(0, 0, b"char", head(CHAR, 0o666, ino=11), varint(0x103))),
    ("empty: a file of 0 bytes", record(0, 0, b"empty", head(FILE, 0o600, ino=12), varint(0))),
    ("first: of three names, set-uid, a chunk, a hole, a chunk; continued",
     record(LINKED | MORE | RUNS, 0, b"first", head(FILE, 0o4755, (1795400000, 1), ino=2 ** 64 - 1),
            varint(70000 + 2 ** 40 + 1), runs(chunk(70000, 3), hole(2 ** 40)))),
    ("first, continued; it changed while it was read",
     record(CONTINUES | CHANGED | RUNS, 5, b"", runs(chunk(1, 5)))),
    ("first.d", record(0, 5, b".d", head(DIR, 0o1777, ino=13))),
    ("first.d/again: a further name of first",
     record(HARD_LINK, 7, b"/again", head(FILE, 0o4755, (1795400000, 1), ino=2 ** 64 - 1),
            varint(70000 + 2 ** 40 + 1), text(b"first"))),
    ("first.d/pipe", record(0, 8, b"pipe", head(FIFO, 0o622, ino=14))),
    ("first.d/to: a symbolic link", record(0, 8, b"to", head(SYMLINK, 0o777, ino=15), text(b"/no/where\xff"))),
    ("first.d0: '/' is less than any other byte", record(0, 7, b"0", head(FIFO, 0o600, ino=16))),
    ("a newline and a byte that is not UTF-8: a file that is one hole",
     record(RUNS, 0, b"g\n\xff", head(FILE, 0, (-2 ** 63, 0), (2 ** 63 - 1, 0), ino=17), varint(4096), runs(hole(4096)))),
]


def file_of(size, *more, flags=0, rest=b"f"):
    return record(flags, 0, rest, head(FILE), varint(size), *more)


FIFO_A = record(0, 0, b"a", head(FIFO))
BROKEN = [
    ("newer version", b"\x02" + ROOT, "newer version"),
    ("no version", b"\x00", "newer version"),
    ("version alone", b"\x01", "ends within a record"),
    ("empty record", b"\x01\x00", "an empty record"),
    ("cut in a length", b"\x01\x80", "ends within a record"),
    ("length in a longer form", b"\x01\x93\x00" + ROOT[1:], "not in its shortest form"),
    ("record too long", b"\x01" + varint(2 ** 24 + 1), "too long a record"),
    ("record without end", b"\x01\xff\xff\xff\xff\xff\xff", "too long a record"),
    ("cut in a record", b"\x01" + ROOT[:-1], "ends within a record"),
    ("bytes left over", b"\x01" + varint(len(ROOT)) + ROOT[1:] + b"\0", "too many"),
    ("unknown flag", b"\x01" + record(0x80, 0, b"", head(DIR)), "unknown flag"),
    ("no kind", b"\x01" + record(0, 0, b"", head(0)), "unknown kind"),
    ("socket", b"\x01" + record(0, 0, b"", head(7)), "unknown kind"),
    ("mode", b"\x01" + record(0, 0, b"", head(DIR, 0o10000)), "mode"),
    ("owner", b"\x01" + record(0, 0, b"", head(DIR, uid=2 ** 32)), "owner"),
    ("group", b"\x01" + record(0, 0, b"", head(DIR, gid=2 ** 32)), "group"),
    ("nanoseconds", b"\x01" + record(0, 0, b"", head(DIR, mtime=(0, 10 ** 9))), "nanoseconds"),
    ("first is not the root", b"\x01" + FIFO_A, "not the root"),
    ("root twice", b"\x01" + ROOT + ROOT, "out of order"),
    ("path twice", b"\x01" + ROOT + FIFO_A + record(0, 1, b"", head(FIFO)), "out of order"),
    ("descending", b"\x01" + ROOT + record(0, 0, b"b", head(FIFO)) + FIFO_A, "out of order"),
    ("a0 before a/b", b"\x01" + ROOT + record(0, 0, b"a", head(DIR)) + record(0, 1, b"0", head(FIFO))
     + record(0, 1, b"/b", head(FIFO)), "out of order"),
    ("longer prefix form", b"\x01" + ROOT + FIFO_A + record(0, 0, b"ab", head(FIFO)), "shortest form"),
    ("shared too long", b"\x01" + ROOT + record(0, 1, b"a", head(FIFO)), "shared"),
    ("absolute", b"\x01" + ROOT + record(0, 0, b"/etc", head(FIFO)), "unsafe path"),
    ("dot dot", b"\x01" + ROOT + record(0, 0, b"..", head(DIR)), "unsafe path"),
    ("dot", b"\x01" + ROOT + record(0, 0, b".", head(DIR)), "unsafe path"),
    ("slash at the end", b"\x01" + ROOT + record(0, 0, b"a/", head(DIR)), "unsafe path"),
    ("NUL in a path", b"\x01" + ROOT + record(0, 0, b"a\0b", head(FIFO)), "unsafe path"),
    ("256 bytes", b"\x01" + ROOT + record(0, 0, b"n" * 256, head(FIFO)), "unsafe path"),
    ("below a file", b"\x01" + ROOT + FIFO_A + record(0, 1, b"/b", head(FIFO)), "no directory"),
    ("root is a file with content", b"\x01" + record(0, 0, b"", head(FIFO)) + FIFO_A, "no directory"),
    ("below nothing", b"\x01" + ROOT + FIFO_A + record(0, 0, b"c/d", head(FIFO)), "missing"),
    ("below a sibling's name", b"\x01" + ROOT + record(0, 0, b"ab", head(DIR)) + record(0, 2, b"c/d", head(FIFO)),
     "missing"),
    ("link to itself", b"\x01" + ROOT + file_of(0, text(b"f"), flags=HARD_LINK), "comes later"),
    ("link to what is later", b"\x01" + ROOT + file_of(0, text(b"g"), flags=HARD_LINK), "comes later"),
    ("link to the outside", b"\x01" + ROOT + file_of(0, text(b"../etc/passwd"), flags=HARD_LINK), "unsafe path"),
    ("link to nothing", b"\x01" + ROOT + file_of(0, text(b""), flags=HARD_LINK), "contradict"),
    ("link and first", b"\x01" + ROOT + file_of(0, text(b"a"), flags=HARD_LINK | LINKED), "content of its own"),
    ("link with runs", b"\x01" + ROOT + file_of(1, text(b"a"), runs(hole(1)), flags=HARD_LINK | RUNS), "content of its own"),
    ("link to a directory", b"\x01" + ROOT + record(HARD_LINK, 0, b"d", head(DIR), text(b"a")), "directory"),
    ("linked directory", b"\x01" + ROOT + record(LINKED, 0, b"d", head(DIR)), "directory"),
    ("link target empty", b"\x01" + ROOT + record(0, 0, b"l", head(SYMLINK), text(b"")), "target"),
    ("link target with NUL", b"\x01" + ROOT + record(0, 0, b"l", head(SYMLINK), text(b"a\0")), "target"),
    ("link target too long", b"\x01" + ROOT + record(0, 0, b"l", head(SYMLINK), varint(4096)), "4095"),
    ("xattrs without one", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs()), "contradict"),
    ("xattrs unsorted", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs((b"user.b", b""), (b"user.a", b""))), "out of order"),
    ("xattr twice", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs((b"user.a", b""), (b"user.a", b""))), "out of order"),
    ("xattr without name", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs((b"", b"v"))), "name of an extended attribute"),
    ("xattr name with NUL", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs((b"user.\0", b""))), "name of an extended attribute"),
    ("xattr name too long", b"\x01" + record(XATTRS, 0, b"", head(DIR), xattrs((b"n" * 256, b""))), "255"),
    ("xattr value too long", b"\x01" + record(XATTRS, 0, b"", head(DIR), varint(1), text(b"user.a"), varint(65537)), "65536"),
    ("too many xattrs", b"\x01" + record(XATTRS, 0, b"", head(DIR), varint(16385)), "16384"),
    ("runs without one", b"\x01" + ROOT + file_of(0, runs(), flags=RUNS), "contradict"),
    ("too many runs", b"\x01" + ROOT + file_of(0, varint(4097), flags=RUNS), "runs"),
    ("runs longer than the size", b"\x01" + ROOT + file_of(4, runs(chunk(5, 0)), flags=RUNS), "longer than the size"),
    ("runs shorter than the size", b"\x01" + ROOT + file_of(6, runs(chunk(5, 0)), flags=RUNS), "shorter than the size"),
    ("no runs for the size", b"\x01" + ROOT + file_of(6), "shorter than the size"),
    ("runs beyond 2^64", b"\x01" + ROOT + file_of(1, runs(hole(2 ** 64 - 1), hole(2)), flags=RUNS), "longer than the size"),
    ("runs of a directory", b"\x01" + record(RUNS, 0, b"", head(DIR), runs(hole(1))), "longer than the size"),
    ("hole of nothing", b"\x01" + ROOT + file_of(0, runs(hole(0)), flags=RUNS), "length of a run"),
    ("chunk too long", b"\x01" + ROOT + file_of(2 ** 21, runs(chunk(2 ** 20 + 1, 0)), flags=RUNS), "chunk"),
    ("cut in a digest", b"\x01" + ROOT + file_of(5, varint(1), varint(5), b"digest", flags=RUNS), "ends too early"),
    ("continuation of nothing", b"\x01" + ROOT + record(CONTINUES | RUNS, 0, b"", runs(hole(1))), "continuation of nothing"),
    ("continuation first", b"\x01" + record(CONTINUES | RUNS, 0, b"", runs(hole(1))), "continuation of nothing"),
    ("continuation of another path", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | RUNS)
     + record(CONTINUES | RUNS, 0, b"g", runs(hole(1))), "continuation of another path"),
    ("continuation missing", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | RUNS)
     + record(0, 0, b"g", head(FIFO)), "continuation is missing"),
    ("ends before the continuation", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | RUNS), "continuation is missing"),
    ("continuation too long", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | RUNS)
     + record(CONTINUES | RUNS, 1, b"", runs(hole(2))), "longer than the size"),
    ("continuation too short", b"\x01" + ROOT + file_of(3, runs(hole(1)), flags=MORE | RUNS)
     + record(CONTINUES | RUNS, 1, b"", runs(hole(1))), "shorter than the size"),
    ("continuation with xattrs", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | RUNS)
     + record(CONTINUES | RUNS | XATTRS, 1, b"", xattrs((b"user.a", b"")), runs(hole(1))), "fields of its own"),
    ("continued without runs", b"\x01" + ROOT + file_of(0, flags=MORE), "without runs"),
    ("changed before its end", b"\x01" + ROOT + file_of(2, runs(hole(1)), flags=MORE | CHANGED | RUNS), "before its end"),
    ("number in a longer form", b"\x01" + ROOT + record(0, 0, b"c", head(CHAR), b"\x80\x00"), "shortest form"),
    ("number beyond 64 bits", b"\x01" + ROOT + record(0, 0, b"c", head(CHAR), b"\xff" * 9 + b"\x7f"), "64 bits"),
]

if __name__ == "__main__":
    with open("sample.hex", "w", encoding="ascii") as out:
        out.write("# Written by make.py. Each line a comment or bytes in hexadecimal.\n# version\n01\n")
        for what, content in SAMPLE:
            out.write(f"# {what}\n{content.hex()}\n")
    with open("broken.txt", "w", encoding="ascii") as out:
        out.write("# Written by make.py. Each line: what is broken | what the failure must say | the stream in hexadecimal.\n")
        for what, content, why in BROKEN:
            out.write(f"{what} | {why} | {content.hex()}\n")
