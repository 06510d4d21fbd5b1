"""Prints the constants for `src/tests.rs` from what a CPython 3.14 says of every code point."""

import struct
import unicodedata
import _sre

OLD = unicodedata.ucd_3_2_0
FORMS = ["NFC", "NFD", "NFKC", "NFKD"]
NONE = struct.pack("<I", 0xffffffff)


class Digest:
    def __init__(self):
        self.h = 0xcbf29ce484222325

    def data(self, data):
        h = self.h
        for b in data:
            h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
        self.h = h

    def num(self, x):
        self.data(struct.pack("<I", x & 0xffffffff))

    def text(self, s):
        self.data(s.encode() + b"\0")

    def codes(self, s):
        self.data(s.encode("utf-32-le", "surrogatepass") + NONE)

    def show(self, name):
        print(f"const {name}: u64 = {self.h:#x};")


def predicates():
    d = Digest()
    for cp in range(0x110000):
        c = chr(cp)
        bits = [c.isalpha(), c.isalnum(), c.isdecimal(), c.isdigit(), c.isnumeric(), c.islower(), c.isupper(),
                c.isspace(), c.isprintable(), c.isidentifier(), ("a" + c).isidentifier(), c.splitlines() == [""]]
        d.num(sum(b << i for i, b in enumerate(bits)))
    d.show("PREDICATES")


def cases():
    d = Digest()
    for cp in range(0x110000):
        c = chr(cp)
        for s in (c.lower(), c.upper(), c.title(), c.casefold()):
            d.codes(s)
        d.num(_sre.unicode_tolower(cp))
    d.show("CASES")


def database(u, name):
    d = Digest()
    for cp in range(0x110000):
        c = chr(cp)
        for f in (u.category, u.bidirectional, u.east_asian_width, u.decomposition):
            d.text(f(c))
        for x in (u.combining(c), u.mirrored(c), u.decimal(c, 99), u.digit(c, 99)):
            d.num(x)
        d.data(struct.pack("<d", u.numeric(c, -1.0)))
    d.show(name)


def normal(u, name):
    d = Digest()
    for form in FORMS:
        for cp in range(0x110000):
            s = u.normalize(form, chr(cp))
            if s != chr(cp):
                d.num(cp)
                d.codes(s)
    d.show(name)


def mixtures():
    marks = [0x300, 0x301, 0x323, 0x345, 0x3099, 0x5b0, 0x1161, 0x11a8, 0x61, 0x308, 0x315, 0x31b]
    bases = [0x61, 0x65, 0x3b1, 0x1100, 0xac00, 0x304b, 0x212b, 0x1e9b, 0x5d0, 0xfb1d, 0x1100]
    d = Digest()
    x = 1

    def next(table):
        nonlocal x
        x = (x * 6364136223846793005 + 1442695040888963407) & 0xffffffffffffffff
        return chr(table[(x >> 33) % len(table)])

    for _ in range(20000):
        s = next(bases) + "".join(next(marks) for _ in range(4))
        for form in FORMS:
            d.codes(unicodedata.normalize(form, s))
    d.show("MIXTURES")


def names():
    d = Digest()
    for cp in range(0x110000):
        name = unicodedata.name(chr(cp), None)
        if name is not None:
            d.num(cp)
            d.text(name)
    d.show("NAMES")


predicates()
cases()
database(unicodedata, "DATABASE")
database(OLD, "DATABASE_3_2")
normal(unicodedata, "NORMAL")
normal(OLD, "NORMAL_3_2")
mixtures()
names()
