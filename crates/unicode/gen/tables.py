"""Writes the tables of this crate from what a CPython 3.14 says about every code point.

    python3.14 gen/tables.py            writes src/tables.rs and src/names.bin
    python3.14 gen/tables.py --check    says whether they are up to date

`gen/names_extra.tsv` holds what a CPython cannot enumerate: name aliases and named sequences of the Unicode
Character Database; each is verified with `unicodedata.lookup`.
"""

import collections
import os
import struct
import sys
import unicodedata
import _sre

UCD3 = unicodedata.ucd_3_2_0
MAX = 0x110000
HERE = os.path.dirname(os.path.abspath(__file__))

ALPHA, DECIMAL, DIGIT, LOWER, LINEBREAK, SPACE, TITLE, UPPER = (1 << i for i in range(8))
XID_START, XID_CONTINUE, PRINTABLE, NUMERIC, CASE_IGNORABLE, CASED, EXTENDED = (1 << i for i in range(8, 15))

CATEGORIES = ("Cn Lu Ll Lt Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co Lm Lo Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So").split()
BIDI = ["", *"L LRE LRO R AL RLE RLO PDF EN ES ET AN CS NSM BN B S WS ON LRI RLI FSI PDI".split()]
EAW = "N A H W F Na".split()
NORMAL = ["NFC", "NFD", "NFKC", "NFKD"]


def split_bins(values):
    """Two-level table: (shift, first, second) with values[i] == second[(first[i >> shift] << shift) + low bits]."""
    best = None
    for shift in range(5, 10):
        blocks, first, second = {}, [], []
        size = 1 << shift
        for at in range(0, len(values), size):
            block = tuple(values[at:at + size])
            if block not in blocks:
                blocks[block] = len(second) >> shift
                second.extend(block)
            first.append(blocks[block])
        width = lambda t: 1 if max(t) < 256 else 2
        cost = len(first) * width(first) + len(second) * width(second)
        if best is None or cost < best[0]:
            best = cost, shift, first, second
    return best[1:]


class Out:
    def __init__(self):
        self.parts = []

    def line(self, text):
        self.parts.append(text + "\n")

    def array(self, name, ty, values, doc):
        self.line(f"\n/// {doc}\npub static {name}: [{ty}; {len(values)}] = [")
        row = "   "
        for v in values:
            s = f" {v},"
            if len(row) + len(s) > 120:
                self.line(row)
                row = "   "
            row += s
        self.line(row)
        self.line("];")

    def bins(self, name, values, doc):
        shift, first, second = split_bins(values)
        ty = lambda t: "u8" if max(t) < 256 else "u16"
        self.line(f"\n/// Bits of a code point that index within a block of `{name}_INDEX`.")
        self.line(f"pub const {name}_SHIFT: u32 = {shift};")
        self.array(f"{name}_BLOCKS", ty(first), first, f"The blocks of `{name}_INDEX`.")
        self.array(f"{name}_INDEX", ty(second), second, doc)


def case_context(c):
    """(cased, case-ignorable), seen through the rule of the final sigma."""
    after_letter = ("A" + c + "\u03a3").lower().endswith("\u03c2")
    after_digit = ("1" + c + "\u03a3").lower().endswith("\u03c2")
    cased = c.islower() or c.isupper() or unicodedata.category(c) == "Lt"
    ignorable = after_letter and not after_digit
    return cased, ignorable


def ctype_tables(out):
    records = {}
    special = []

    def add_special(s):
        codes = [ord(x) for x in s]
        for i in range(len(special) - len(codes) + 1):
            if special[i:i + len(codes)] == codes:
                return i
        special.extend(codes)
        return len(special) - len(codes)

    values = []
    numerics = []
    for cp in range(MAX):
        c = chr(cp)
        flags = 0
        if c.isalpha():
            flags |= ALPHA
        decimal = unicodedata.decimal(c, 0xff)
        digit = unicodedata.digit(c, 0xff)
        if decimal != 0xff:
            flags |= DECIMAL
        if digit != 0xff:
            flags |= DIGIT
        if c.islower():
            flags |= LOWER
        if len(("a" + c + "b").splitlines()) == 2:
            flags |= LINEBREAK
        if c.isspace():
            flags |= SPACE
        if unicodedata.category(c) == "Lt":
            flags |= TITLE
        if c.isupper():
            flags |= UPPER
        if c.isidentifier():
            flags |= XID_START
        if ("a" + c).isidentifier():
            flags |= XID_CONTINUE
        if c.isprintable():
            flags |= PRINTABLE
        if c.isnumeric():
            flags |= NUMERIC
            if decimal == 0xff:
                numerics.append((cp, unicodedata.numeric(c)))
        cased, ignorable = case_context(c)
        if cased:
            flags |= CASED
        if ignorable:
            flags |= CASE_IGNORABLE
        lower, upper, title, fold = c.lower(), c.upper(), c.title(), c.casefold()
        simple_lower = _sre.unicode_tolower(cp)
        simple_title = ord(title) if len(title) == 1 else cp
        simple_upper = ord(upper) if len(upper) == 1 else simple_title
        simple = (chr(simple_lower), chr(simple_upper), chr(simple_title))
        extended = 0
        if (lower, upper, title) != simple or fold != lower:
            flags |= EXTENDED
            extended = len(records)
            parts = []
            for s in (lower, upper, title, fold):
                parts.append((add_special(s), len(s)))
            extended = tuple(parts)
        record = (flags, decimal, digit, simple_lower - cp, simple_upper - cp, simple_title - cp, extended)
        values.append(records.setdefault(record, len(records)))
    out.bins("CTYPE", values, "The number of a code point's record in `CTYPES`.")
    rows, ext = [], []
    for flags, decimal, digit, low, up, title, extended in records:
        n = 0
        if extended:
            n = len(ext)
            ext.append(extended)
        rows.append(f"CType {{ flags: {flags}, decimal: {decimal}, digit: {digit}, lower: {low}, upper: {up}, title: {title}, extended: {n} }}")
    out.array("CTYPES", "CType", rows, "The character types.")
    out.array("EXTENDED_CASES", "[(u16, u8); 4]", [f"[{', '.join(str(x) for x in e)}]" for e in ext],
              "Where the full mappings to lower, upper, title case and the case folding stand in `CASE_TEXT`, and their lengths.")
    out.array("CASE_TEXT", "u32", special, "The code points of the full case mappings.")
    kinds = sorted({v for _, v in numerics})
    out.array("NUMERIC_CODES", "u32", [cp for cp, _ in numerics], "Numeric characters that are no decimal digits, in order.")
    out.array("NUMERIC_KINDS", "u8", [kinds.index(v) for _, v in numerics], "Their values in `NUMERIC_VALUES`.")
    out.array("NUMERIC_VALUES", "f64", [repr(v) for v in kinds], "The numeric values.")


def check_letter(form, c):
    """Quick check: 0 yes, 1 maybe, 2 no."""
    if unicodedata.normalize(form, c) != c:
        return 2
    return 0


def ucd_tables(out):
    composed = {}
    seconds = set()
    for cp in range(MAX):
        d = unicodedata.decomposition(chr(cp))
        if d and d[0] != "<" and not 0xac00 <= cp < 0xd7a4:
            parts = [int(x, 16) for x in d.split()]
            if len(parts) == 2 and unicodedata.normalize("NFC", chr(parts[0]) + chr(parts[1])) == chr(cp):
                composed[parts[0], parts[1]] = cp
                seconds.add(parts[1])
    # The vowels and final consonants of conjoining Hangul.
    seconds.update(range(0x1161, 0x1176))
    seconds.update(range(0x11a8, 0x11c3))
    records, values = {}, []
    changes, change_values = {(255, 255, 255, 255, 255, "None"): 0}, []
    decomp_records, decomp_values, pool, tags = {(): 0}, [], [], [""]
    old_decompositions = []
    for cp in range(MAX):
        c = chr(cp)
        quick = 0
        for i, form in enumerate(NORMAL):
            q = check_letter(form, c)
            if q == 0 and form in ("NFC", "NFKC") and cp in seconds:
                q = 1
            quick |= q << 2 * i
        record = (
            CATEGORIES.index(unicodedata.category(c)),
            BIDI.index(unicodedata.bidirectional(c)),
            unicodedata.combining(c),
            str(bool(unicodedata.mirrored(c))).lower(),
            EAW.index(unicodedata.east_asian_width(c)),
            quick,
        )
        values.append(records.setdefault(record, len(records)))
        # What was different in Unicode 3.2.
        cat3 = UCD3.category(c)
        if cat3 == "Cn" and unicodedata.category(c) != "Cn":
            change = (0, 0, 255, 255, EAW.index(UCD3.east_asian_width(c)) if UCD3.east_asian_width(c) != unicodedata.east_asian_width(c) else 255, "None")
        else:
            pick = lambda a, b, table: table.index(a) if a != b else 255
            num3, num = UCD3.numeric(c, None), unicodedata.numeric(c, None)
            dec3, dec = UCD3.decimal(c, None), unicodedata.decimal(c, None)
            change = (
                pick(cat3, unicodedata.category(c), CATEGORIES),
                pick(UCD3.bidirectional(c), unicodedata.bidirectional(c), BIDI),
                255 if dec3 == dec else 254 if dec3 is None else dec3,
                int(UCD3.mirrored(c)) if UCD3.mirrored(c) != unicodedata.mirrored(c) else 255,
                pick(UCD3.east_asian_width(c), unicodedata.east_asian_width(c), EAW),
                "None" if num3 == num else f"Some({-1.0 if num3 is None else num3!r})",
            )
            if unicodedata.decomposition(c) and UCD3.normalize("NFD", c) != unicodedata.normalize("NFD", c):
                old_decompositions.append((cp, UCD3.normalize("NFD", c)))
        change_values.append(changes.setdefault(change, len(changes)))
        d = unicodedata.decomposition(c).split()
        key = ()
        if d and not 0xac00 <= cp < 0xd7a4:
            tag = ""
            if d[0].startswith("<"):
                tag = d.pop(0)
            if tag not in tags:
                tags.append(tag)
            key = (tags.index(tag), *(int(x, 16) for x in d))
        decomp_values.append(decomp_records.setdefault(key, len(decomp_records)))
    out.bins("UCD", values, "The number of a code point's record in `RECORDS`.")
    out.array("RECORDS", "Record", [
        "Record { category: %d, bidi: %d, combining: %d, mirrored: %s, width: %d, quick: %d }" % r for r in records
    ], "The records of the character database.")
    names = lambda name, values, doc: out.array(name, "&str", [f'"{v}"' for v in values], doc)
    names("CATEGORIES", CATEGORIES, "The names of general categories.")
    names("BIDI_CLASSES", BIDI, "The names of bidirectional classes.")
    names("WIDTHS", EAW, "The names of East Asian widths.")
    names("DECOMPOSITION_TAGS", tags, "The tags of compatibility decompositions; the first one means a canonical one.")
    offsets = []
    for key in decomp_records:
        offsets.append(len(pool))
        if key:
            pool.append(key[0] << 8 | len(key) - 1)
            pool.extend(key[1:])
        else:
            pool.append(0)
    out.bins("DECOMPOSITION", decomp_values, "The number of a code point's decomposition in `DECOMPOSITION_OFFSETS`.")
    out.array("DECOMPOSITION_OFFSETS", "u16", offsets, "Where decompositions begin in `DECOMPOSITION_POOL`.")
    out.array("DECOMPOSITION_POOL", "u32", pool, "Decompositions: tag << 8 | length, then the code points.")
    pairs = sorted(composed.items())
    out.array("COMPOSITIONS", "(u32, u32, u32)", [f"({a}, {b}, {c})" for (a, b), c in pairs], "Primary composites: first, second, composed; in order.")
    out.bins("CHANGE", change_values, "The number of a code point's record in `CHANGES`.")
    out.array("CHANGES", "Change", [
        "Change { category: %d, bidi: %d, decimal: %d, mirrored: %d, width: %d, numeric: %s }" % r for r in changes
    ], "What was different in Unicode 3.2.0 (255 or None: nothing).")
    out.array("OLD_DECOMPOSITIONS", "(u32, u32)", [f"({cp}, {ord(d)})" for cp, d in old_decompositions], "Decompositions that were different in Unicode 3.2.0.")


def name_tables(out):
    names = {}
    derived = []
    for cp in range(MAX):
        name = unicodedata.name(chr(cp), None)
        if name is None or 0xac00 <= cp < 0xd7a4:
            continue
        suffix = f"-{cp:04X}"
        if name.endswith(suffix):
            prefix = name[:-len(suffix) + 1]
            if derived and derived[-1][1] == cp - 1 and derived[-1][2] == prefix:
                derived[-1][1] = cp
            else:
                derived.append([cp, cp, prefix])
            continue
        names[cp] = name
    out.array("DERIVED_NAMES", "(u32, u32, &str)", [f'({a}, {b}, "{p}")' for a, b, p in derived],
              "Ranges of code points named by a prefix and their number in hexadecimal.")
    extra = []
    with open(os.path.join(HERE, "names_extra.tsv"), encoding="ascii") as f:
        for line in f:
            name, codes = line.rstrip("\n").split("\t")
            text = "".join(chr(int(x, 16)) for x in codes.split())
            assert unicodedata.lookup(name) == text, name
            extra.append((name, text))
    words = collections.Counter()
    for name in names.values():
        words.update(name.split(" "))
    order = [w for w, n in sorted(words.items(), key=lambda x: (-x[1], x[0]))]
    number = {w: i for i, w in enumerate(order)}
    # The commonest words take one byte, the others two; the last word of a name is marked by the top bit.
    SHORT = 74
    assert len(order) < SHORT + (128 - SHORT) * 256, len(order)
    body, offsets, at = bytearray(), [], 0
    codes = sorted(names)
    for cp in codes:
        offsets.append(len(body))
        parts = names[cp].split(" ")
        for i, w in enumerate(parts):
            last = 0x80 if i == len(parts) - 1 else 0
            n = number[w]
            if n < SHORT:
                body.append(last | n)
            else:
                n -= SHORT
                body += bytes([last | SHORT + (n >> 8), n & 0xff])
    lexicon = bytearray()
    word_offsets = []
    for w in order:
        word_offsets.append(len(lexicon))
        data = w.encode("ascii")
        lexicon += data[:-1] + bytes([data[-1] | 0x80])

    def fnv(s):
        h = 0x811c9dc5
        for b in s.encode():
            h = (h ^ b) * 0x01000193 & 0xffffffff
        return h

    BUCKETS = 4096
    buckets = [[] for _ in range(BUCKETS)]
    for i, cp in enumerate(codes):
        buckets[fnv(names[cp]) % BUCKETS].append(i)
    starts, order_by_hash = [0], []
    for b in buckets:
        order_by_hash += b
        starts.append(len(order_by_hash))
    # Runs of consecutive code points: (first code point, number of its name).
    runs = []
    for i, cp in enumerate(codes):
        if i == 0 or codes[i - 1] != cp - 1:
            runs.append((cp, i))
    # Offsets: one absolute per 16 names, then bytes of distance.
    anchors = [offsets[i] for i in range(0, len(offsets), 16)]
    lengths = [b - a for a, b in zip(offsets, offsets[1:] + [len(body)])]
    assert max(lengths) < 256
    word_anchors = [word_offsets[i] for i in range(0, len(word_offsets), 16)]
    blob = bytearray()
    layout = []

    def section(name, data):
        layout.append((name, len(blob), len(blob) + len(data)))
        blob.extend(data)

    section("BODY", body)
    section("ANCHORS", b"".join(struct.pack("<I", x) for x in anchors))
    section("LENGTHS", bytes(lengths))
    section("LEXICON", lexicon)
    section("WORD_ANCHORS", b"".join(struct.pack("<I", x) for x in word_anchors))
    section("STARTS", b"".join(struct.pack("<H", x) for x in starts))
    section("BY_HASH", b"".join(struct.pack("<H", x) for x in order_by_hash))
    section("RUNS", b"".join(struct.pack("<IH", cp, i) for cp, i in runs))
    out.line("\n/// Words below this number take one byte in names.")
    out.line(f"pub const SHORT_WORDS: usize = {SHORT};")
    out.line("\n/// How many buckets the table from names to characters has.")
    out.line(f"pub const NAME_BUCKETS: u32 = {BUCKETS};")
    out.line("\n/// How many characters have a name of their own.")
    out.line(f"pub const NAME_COUNT: usize = {len(codes)};")
    for name, a, b in layout:
        out.line(f"\n/// A section of the file of names.\npub const NAMES_{name}: std::ops::Range<usize> = {a}..{b};")
    extra.sort()
    out.array("EXTRA_NAMES", "(&str, &[u32])", ['("%s", &[%s])' % (n, ", ".join(str(ord(c)) for c in t)) for n, t in extra],
              "Name aliases and named sequences, in order.")
    return bytes(blob)


def main():
    assert unicodedata.unidata_version == "16.0.0"
    out = Out()
    out.line("//! Written by `gen/tables.py`; not to be edited.")
    out.line("")
    out.line("use crate::{CType, Change, Record};")
    ctype_tables(out)
    ucd_tables(out)
    blob = name_tables(out)
    text = "".join(out.parts).encode()
    fresh = True
    for path, data in (("../src/tables.rs", text), ("../src/names.bin", blob)):
        path = os.path.join(HERE, path)
        if "--check" in sys.argv:
            with open(path, "rb") as f:
                fresh &= f.read() == data
        else:
            with open(path, "wb") as f:
                f.write(data)
    if not fresh:
        sys.exit("the tables are not up to date")


main()
