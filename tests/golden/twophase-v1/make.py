#!/usr/bin/env python3
"""Writes sample.txt and broken.txt: records of a transaction's journal of version 1, and ledger.txt and
ledger-broken.txt: those of a ledger; made from sections 1 and 2 of libcore/twophase/FORMAT.md and not from the program.
The log that carries them is in tests/golden/wal-v1.

    cd tests/golden/twophase-v1 && ./make.py && git diff --exit-code .    # nothing may change

A case begins with "= ", its name, and what a reader says: of a sound journal all that it tells, of a broken one what is
broken. A line is a record: its type, and its body, in hexadecimal.
"""

BEGUN, TOUCHED, PART, RESOLVED = 1, 2, 3, 4
ASKED, PREPARED, COMMIT, ABORT, BROKEN, END = range(16, 22)


def u(n, size):
    return n.to_bytes(size, "little")


def varint(n):
    out = b""
    while n >= 128:
        out += u(n & 127 | 128, 1)
        n >>= 7
    return out + u(n, 1)


def text(words):
    words = words if isinstance(words, bytes) else words.encode()
    return varint(len(words)) + words


def time(s, ns=0):
    return u(s & (1 << 64) - 1, 8) + u(ns, 4)


def begun(s=1795428000, deadline=300, upstream=""):
    return BEGUN, time(s, 250000000) + u(deadline, 8) + text(upstream)


def touched(s):
    return TOUCHED, time(s)


def part(label, **fields):
    body = text(label.split(":")[0]) + text(label) + varint(len(fields))
    return PART, body + b"".join(text(key) + text(value) for key, value in sorted(fields.items()))


def milestone(kind, tokens=(), of=0, why=""):
    given = b"".join(b"\0" if token is None else b"\1" + text(token) for token in tokens)
    return kind, varint(len(tokens)) + given + u(of, 4) + text(why)


def resolved(decision, reason, s=1795428100):
    return RESOLVED, time(s) + u(decision, 1) + text(reason)


A = part("file:a=a.new", dest="/srv/a", new="/srv/a.new")
B = part("exec:./b", command="./b", folder="/srv")
OPEN = [begun(), A, touched(1795428060), B]
ASKED_ = OPEN + [milestone(ASKED)]
TOKENS = ("1f", None)
PREPARED_ = ASKED_ + [milestone(PREPARED, TOKENS)]
COMMITTED = PREPARED_ + [milestone(COMMIT, TOKENS)]
TOMBSTONE = [begun(upstream="ft-1"), A, B, milestone(ABORT)]
START = "deadline 300, 2 participants"

SOUND = [
    ("begun", "deadline 300, 0 participants", [begun()]),
    ("open", START, OPEN),
    ("asked", START + ", asked", ASKED_),
    ("prepared", START + ", asked, prepared 1f -", PREPARED_),
    ("committed at once", START + ", asked, commit 1f -", ASKED_ + [milestone(COMMIT, TOKENS)]),
    ("committed", START + ", asked, prepared 1f -, commit 1f -", COMMITTED),
    ("an empty token", START + ", asked, commit 1f ''", ASKED_ + [milestone(COMMIT, ("1f", ""))]),
    ("aborted", START + ", asked, prepared 1f -, abort", PREPARED_ + [milestone(ABORT)]),
    ("committed, and disobeyed", START + ", asked, prepared 1f -, commit 1f -, 0 broke it: changed by others",
     COMMITTED + [milestone(BROKEN, (), 0, "changed by others")]),
    ("aborted by presumption, and disobeyed", START + ", asked, 1 broke it: it did not wait",
     ASKED_ + [milestone(BROKEN, (), 1, "it did not wait")]),
    ("ended", START + ", asked, prepared 1f -, commit 1f -, ended", COMMITTED + [milestone(END)]),
    ("resolved", START + ", asked, prepared 1f -, resolved commit: they said so, commit 1f -",
     PREPARED_ + [resolved(1, "they said so"), milestone(COMMIT, TOKENS)]),
    ("the longest deadline", "deadline 8589934592, 0 participants", [begun(deadline=1 << 33)]),
    ("begun before 1970", "deadline 300, 0 participants", [begun(-1)]),
    ("another's branch", "for ft-1, " + START + ", asked", [begun(upstream="ft-1"), A, B, milestone(ASKED)]),
    ("aborted before the question", "for ft-1, " + START + ", abort", TOMBSTONE),
    ("and ended", "for ft-1, " + START + ", abort, ended", TOMBSTONE + [milestone(END)]),
]

FIELDS = text("file") + text("file:a") + varint(2)
BROKEN_ONES = [
    ("nothing", "it does not begin as a transaction does", []),
    ("no beginning", "it does not begin as a transaction does", [A]),
    ("two beginnings", "it begins twice", [begun(), begun()]),
    ("a time of too many nanoseconds", "no time", [(BEGUN, time(0, 10**9) + u(300, 8) + text(""))]),
    ("a deadline beyond any", "no deadline", [begun(deadline=(1 << 33) + 1)]),
    ("a beginning cut short", "ends too early", [(BEGUN, time(0))]),
    ("a beginning with more behind it", "1 bytes too many", [(BEGUN, begun()[1] + b"\0")]),
    ("a branch's name of 256 bytes", "a field of 256 bytes", [begun(upstream="x" * 256)]),
    ("aborted before the question", "a milestone out of place", OPEN + [milestone(ABORT)]),
    ("asked after it was aborted", "a milestone out of place", TOMBSTONE + [milestone(ASKED)]),
    ("committed after it was aborted", "it is decided twice", TOMBSTONE + [milestone(COMMIT, TOKENS)]),
    ("a record of no kind", "a record of a kind that is not known", [begun(), (5, b"")]),
    ("a milestone of no kind", "a record of a kind that is not known", ASKED_ + [milestone(22)]),
    ("a participant cut short", "ends too early", [begun(), (PART, A[1][:-1])]),
    ("a participant with too many fields", "too many fields", [begun(), (PART, text("a") + text("a") + varint(65))]),
    ("a field twice", "fields out of order", [begun(), (PART, FIELDS + (text("new") + text("x")) * 2)]),
    ("fields that are not sorted", "fields out of order",
     [begun(), (PART, FIELDS + text("new") + text("x") + text("dest") + text("x"))]),
    ("a participant after the question", "a participant out of place", ASKED_ + [A]),
    ("asked twice", "a milestone out of place", ASKED_ + [milestone(ASKED)]),
    ("asked nobody", "a milestone out of place", [begun(), milestone(ASKED)]),
    ("decided before the question", "a milestone out of place", OPEN + [milestone(COMMIT, TOKENS)]),
    ("prepared twice", "a milestone out of place", PREPARED_ + [milestone(PREPARED, TOKENS)]),
    ("prepared after the decision", "a milestone out of place",
     ASKED_ + [milestone(COMMIT, TOKENS), milestone(PREPARED, TOKENS)]),
    ("committed twice", "it is decided twice", COMMITTED + [milestone(COMMIT, TOKENS)]),
    ("committed, then aborted", "it is decided twice", COMMITTED + [milestone(ABORT)]),
    ("aborted, then committed", "it is decided twice", PREPARED_ + [milestone(ABORT), milestone(COMMIT, TOKENS)]),
    ("committed after somebody was told to abort", "a milestone out of place",
     ASKED_ + [milestone(BROKEN, (), 0, "why"), milestone(COMMIT, TOKENS)]),
    ("disobeyed before the decision", "a milestone out of place", PREPARED_ + [milestone(BROKEN, (), 0, "why")]),
    ("ended before the decision", "a milestone out of place", PREPARED_ + [milestone(END)]),
    ("ended twice", "a milestone out of place", COMMITTED + [milestone(END), milestone(END)]),
    ("committed after the end", "a milestone out of place", ASKED_ + [milestone(END), milestone(COMMIT, TOKENS)]),
    ("too few tokens", "not a token for each participant", ASKED_ + [milestone(COMMIT, ("1f",))]),
    ("too many tokens", "not a token for each participant", ASKED_ + [milestone(COMMIT, ("1f", None, None))]),
    ("tokens of an abort", "not a token for each participant", ASKED_ + [milestone(ABORT, TOKENS)]),
    ("a token of 4097 bytes", "a field of 4097 bytes", ASKED_ + [milestone(COMMIT, ("x" * 4097, None))]),
    ("neither a token nor none", "neither a token nor none",
     ASKED_ + [(COMMIT, varint(2) + b"\2" + text("1f") + b"\0" + u(0, 4) + text(""))]),
    ("disobeyed by nobody", "no such participant", COMMITTED + [milestone(BROKEN, (), 2, "why")]),
    ("a reason for an abort", "what only a broken participant has", ASKED_ + [milestone(ABORT, (), 0, "why")]),
    ("a participant of a commit", "what only a broken participant has", ASKED_ + [milestone(COMMIT, TOKENS, 1)]),
    ("resolved before the question", "a resolution out of place", OPEN + [resolved(1, "why")]),
    ("resolved to nothing", "no decision", PREPARED_ + [resolved(0, "why")]),
    ("resolved to a third thing", "no decision", PREPARED_ + [resolved(3, "why")]),
]

LEDGER, PLACE, ENTRY, GONE = range(32, 36)
SERVED = LEDGER, time(1795428000, 250000000)
C = part("counter:jobs+1", amount="1", path="/srv/jobs")
D = part("pg:dbname=a", conninfo="dbname=a")
JOBS = PLACE, part("counter:/srv/jobs", path="/srv/jobs")[1]


def entry(sequence, record):
    return ENTRY, u(sequence, 4) + u(record[0], 1) + record[1]


def entries(sequence, *records):
    return [entry(sequence, record) for record in records]


def gone(sequence):
    return GONE, u(sequence, 4)


FIRST = entries(1, begun(), C, D, milestone(ASKED), milestone(COMMIT, ("1f", "2e")))
SECOND = entries(2, begun(), A, milestone(ASKED))
BOTH = "deadline 300, 2 participants, asked, commit 1f 2e"

SOUND_LEDGERS = [
    ("begun", "0 places", [SERVED]),
    ("a place", "1 places", [SERVED, JOBS]),
    ("one committed", "1 places; 1: " + BOTH, [SERVED, JOBS] + FIRST),
    ("ended", "1 places; 1: " + BOTH + ", ended", [SERVED, JOBS] + FIRST + entries(1, milestone(END))),
    ("gone", "1 places", [SERVED, JOBS] + FIRST + [gone(1)]),
    ("two at once", "1 places; 1: " + BOTH + "; 2: deadline 300, 1 participants, asked", [SERVED, JOBS] + FIRST[:2] + SECOND + FIRST[2:]),
    ("the last sequence", "0 places; 16777215: deadline 300, 0 participants", [SERVED, entry((1 << 24) - 1, begun())]),
]

BROKEN_LEDGERS = [
    ("nothing", "it does not begin as a ledger does", []),
    ("no beginning", "it does not begin as a ledger does", [JOBS]),
    ("a journal's beginning", "it does not begin as a ledger does", [begun()]),
    ("two beginnings", "it does not begin as a ledger does", [SERVED, SERVED]),
    ("a time of too many nanoseconds", "no time", [(LEDGER, time(0, 10**9))]),
    ("a beginning cut short", "ends too early", [(LEDGER, u(0, 8))]),
    ("a beginning with more behind it", "1 bytes too many", [(LEDGER, SERVED[1] + b"\0")]),
    ("a record of no kind", "a record of a kind that is not known", [SERVED, (36, b"")]),
    ("a journal's record", "a record of a kind that is not known", [SERVED, A]),
    ("a place cut short", "ends too early", [SERVED, (PLACE, JOBS[1][:-1])]),
    ("sequence 0", "no transaction's number", [SERVED, entry(0, begun())]),
    ("sequence 2^24", "no transaction's number", [SERVED, entry(1 << 24, begun())]),
    ("an entry without a record", "ends too early", [SERVED, (ENTRY, u(1, 4))]),
    ("an entry that does not begin", "it does not begin as a transaction does", [SERVED] + FIRST[1:]),
    ("an entry that begins twice", "it begins twice", [SERVED] + FIRST[:1] * 2),
    ("an entry decided twice", "it is decided twice", [SERVED] + FIRST + FIRST[-1:]),
    ("gone before it began", "the end of what has not begun", [SERVED, gone(1)]),
    ("gone twice", "the end of what has not begun", [SERVED] + FIRST + [gone(1), gone(1)]),
    ("gone, with more behind it", "1 bytes too many", [SERVED] + FIRST + [(GONE, u(1, 4) + b"\0")]),
]


def write(name, cases):
    with open(name, "w") as file:
        for title, said, records in cases:
            print("=", title, "|", said, file=file)
            for kind, body in records:
                print(f"{kind:x} | {body.hex()}", file=file)


write("sample.txt", SOUND)
write("broken.txt", BROKEN_ONES)
write("ledger.txt", SOUND_LEDGERS)
write("ledger-broken.txt", BROKEN_LEDGERS)
