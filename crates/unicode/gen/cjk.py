#!/usr/bin/env python3.14
"""Writes src/cjk/tables.bin: the tables of the codecs of Chinese, Japanese and Korean, asked of the interpreter that runs this.

The file is a header and one stream of 16-bit units, packed. For each codec the units are:
  256         what a byte is: a character, INVALID, or LEAD of more bytes
  n, leads    the lead bytes of pairs, then 256 units for each: a character, 0 (wrong), WRONG2, MORE, or EXTRA + number
  n, seconds  the same after the byte 0x8F (codes of three bytes)
  n           what does not fit a unit: code point (two units), second code point (two units)
  n           where encoding is not the first code that decodes to it: code point (2), code (2), length (0 is none)
gb18030's codes of four bytes are runs: first number (2), first code point (2), length (2).
"""

import pathlib
import struct
import sys

CODECS = (
    "gb2312 gbk gb18030 big5 cp950 big5hkscs euc_kr cp949 johab "
    "shift_jis cp932 euc_jp euc_jis_2004 euc_jisx0213 shift_jis_2004 shift_jisx0213"
).split()
INVALID, LEAD, WRONG2, MORE, EXTRA = 0xD800, 0xD801, 0xD802, 0xD803, 0xD810


def decode(codec, data):
    """The characters, or how many bytes are wrong, or None when there must be more."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError as e:
        if e.reason.startswith("incomplete"):
            return None
        return e.end - e.start


class Table:
    def __init__(self, codec):
        self.codec = codec
        self.extras = []
        self.inverse = {}
        self.units = []
        single = [self.unit(decode(codec, bytes([b])), bytes([b]), LEAD) for b in range(256)]
        single = [INVALID if u in (0, WRONG2) and b else u for b, u in enumerate(single)]
        self.units += single
        leads = [b for b in range(256) if single[b] == LEAD]
        rows = self.rows(leads, b"")
        third = self.rows(range(256), b"\x8f") if codec.startswith("euc_j") else {}
        for table in (rows, third):
            self.units += [len(table), *table]
            for row in table.values():
                self.units += row
        self.units.append(len(self.extras))
        for text in self.extras:
            a, b = ord(text[0]), ord(text[1]) if len(text) > 1 else 0
            self.units += [a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16]
        self.exceptions()
        self.runs()

    def unit(self, found, data, more):
        if found is None:
            return more
        if isinstance(found, int):
            return 0 if found == 1 else WRONG2
        self.inverse.setdefault(found, data)
        if len(found) == 1 and not 0xD800 <= ord(found) < 0xE000 and ord(found) < 0x10000:
            return ord(found)
        self.extras.append(found)
        assert EXTRA + len(self.extras) <= 0xE000
        return EXTRA + len(self.extras) - 1

    def rows(self, leads, prefix):
        out = {}
        for b in leads:
            data = [prefix + bytes([b, c]) for c in range(256)]
            row = []
            for c, d in enumerate(data):
                found = decode(self.codec, d)
                # Two characters that are just those of the bytes are an error's recovery, not a code.
                row.append(self.unit(found, d, MORE))
            if any(u not in (0,) for u in row):
                out[b] = row
        return out

    def exceptions(self):
        rows = []
        four = self.codec == "gb18030"
        for cp in range(0x30000 if not four else 0x10000):
            if 0xD800 <= cp < 0xE000:
                continue
            c = chr(cp)
            try:
                code = c.encode(self.codec)
            except UnicodeEncodeError:
                code = b""
            if len(code) > 3:
                code = b""
            if code != self.inverse.get(c, b""):
                n = int.from_bytes(code)
                rows.append((cp & 0xFFFF, cp >> 16, n & 0xFFFF, n >> 16, len(code)))
        self.units.append(len(rows))
        for r in rows:
            self.units += r

    def runs(self):
        if self.codec != "gb18030":
            self.units.append(0)
            return
        runs = []
        for cp in range(0x80, 0x10000):
            if 0xD800 <= cp < 0xE000:
                continue
            code = chr(cp).encode("gb18030")
            if len(code) != 4:
                continue
            a, b, c, d = code
            n = (((a - 0x81) * 10 + b - 0x30) * 126 + c - 0x81) * 10 + d - 0x30
            if runs and runs[-1][0] + runs[-1][2] == n and runs[-1][1] + runs[-1][2] == cp:
                runs[-1][2] += 1
            else:
                runs.append([n, cp, 1])
        self.units.append(len(runs))
        for r in runs:
            for v in r:
                self.units += [v & 0xFFFF, v >> 16]


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return out


def pack(units):
    """Literal runs and copies of what came before: count, units, length, distance."""
    out = bytearray()
    seen = {}
    literal = []
    i = 0
    n = len(units)
    def flush():
        out.extend(varint(len(literal)))
        out.extend(struct.pack(f"<{len(literal)}H", *literal))
        literal.clear()
    while i < n:
        key = tuple(units[i:i + 4])
        best, at = 0, 0
        for j in reversed(seen.get(key, ())):
            k = 0
            while i + k < n and units[j + k] == units[i + k]:
                k += 1
            if k > best:
                best, at = k, j
        step = 1
        if best >= 4:
            flush()
            out.extend(varint(best))
            out.extend(varint(i - at))
            step = best
        else:
            literal.append(units[i])
        for k in range(i, min(i + step, n - 3), 1 if step < 600 else 7):
            seen.setdefault(tuple(units[k:k + 4]), []).append(k)
            if len(seen[tuple(units[k:k + 4])]) > 24:
                del seen[tuple(units[k:k + 4])][0]
        i += step
    flush()
    return bytes(out)


def main():
    units = []
    header = bytearray()
    for codec in CODECS:
        t = Table(codec)
        header += struct.pack("<16sI", codec.encode(), len(units))
        units += t.units
    packed = struct.pack("<II", len(CODECS), len(units)) + header + pack(units)
    path = pathlib.Path(__file__).parent.parent / "src" / "cjk" / "tables.bin"
    if "--check" in sys.argv:
        if path.read_bytes() != packed:
            sys.exit(f"{path} is stale: run {__file__}")
        return
    path.write_bytes(packed)
    print(len(units), "units,", len(packed), "bytes")


if __name__ == "__main__":
    main()
