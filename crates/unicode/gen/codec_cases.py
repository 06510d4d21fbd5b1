"""Writes src/codec/cases.tsv: random input for the built-in codecs and what a CPython 3.14 makes of it.

Columns: d (decode), i (incremental decode of all but the last bytes) or e (encode); encoding; error handler; input;
outcome. Bytes are in hexadecimal, text as hexadecimal code points.
"""

import codecs
import os
import random
import warnings

warnings.simplefilter("ignore")
random.seed(1)
HANDLERS = ["strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass"]
ENCODE_HANDLERS = HANDLERS + ["xmlcharrefreplace", "namereplace"]
CODECS = ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7", "ascii", "latin-1",
          "cp1252", "unicode_escape", "raw_unicode_escape"]
ALPHABETS = {
    "utf-8": [b"a", b"b" * 40, b"\xc3", b"\xa9", b"\xe2", b"\x82", b"\xac", b"\xf0", b"\x9f", b"\x98", b"\xed", b"\xa0",
              b"\x80", b"\xf4", b"\x90", b"\xe0", b"\xff", b"\xc0", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\xf8"],
    "utf-16": [b"a\0", b"\0a", b"\xff\xfe", b"\xfe\xff", b"\0\xd8", b"\xd8\0", b"\0\xdc", b"\xdc\0", b"\x3d", b"\xd8"],
    "utf-32": [b"a\0\0\0", b"\0\0\0a", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\0\xd8\0\0", b"\0\0\xd8\0", b"\0\0\x11\0", b"\0"],
    "utf-7": [b"+", b"-", b"A", b"AGE", b"YQ", b"2AA", b"3AA", b"a", b"\xff", b"!", b"=", b"/", b"2AHcAA", b"\\", b"~"],
    "ascii": [b"a", b"\x7f", b"\x80", b"\xff"],
    "cp1252": [b"a", b"\x80", b"\x81", b"\xff", b"\x9d"],
    "unicode_escape": [b"\\", b"\\", b"x", b"u", b"U", b"N", b"{", b"}", b"SPACE", b"{DIGIT ONE}", b"0", b"41", b"0010", b"11",
                       b"7", b"4", b"n", b"q", b"\xe9", b"\n", b"g", b"d800", b"'"],
}
TEXT = ["a", "b", "+", "-", "/", "\\", "~", "\n", "\t", "\0", "\x7f", "\x80", "\xe9", "\xff", "\u0100", "\u20ac", "\ud800",
        "\udc80", "\udcff", "\udc00", "\uffff", "\U00010000", "\U0001f600", "\U0010ffff", " ", "'", "\u0391"]


def show_text(s):
    return ",".join("%x" % ord(c) for c in s)


def failure(e):
    return f"error {e.encoding} {e.start} {e.end} {e.reason}"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "../src/codec/cases.tsv"), "w", encoding="ascii") as f:
        for name in CODECS:
            key = next((k for k in ALPHABETS if name.startswith(k)), {"latin-1": "ascii", "raw_unicode_escape": "unicode_escape"}.get(name))
            for _ in range(130):
                data = b"".join(random.choice(ALPHABETS[key]) for _ in range(random.randrange(7)))
                handler = random.choice(HANDLERS + ["strict"] * 3)
                for kind in "di":
                    if kind == "i" and name in ("ascii", "latin-1", "cp1252"):
                        continue
                    try:
                        if kind == "d":
                            text, n = codecs.decode(data, name, handler), len(data)
                        else:
                            base = name.replace("-", "_")
                            text, n = getattr(codecs, base + "_decode")(data, handler, False)
                        result = f"ok {n} {show_text(text)}"
                    except UnicodeDecodeError as e:
                        result = failure(e)
                    f.write(f"{kind}\t{name}\t{handler}\t{data.hex()}\t{result}\n")
                text = "".join(random.choice(TEXT) for _ in range(random.randrange(7)))
                handler = random.choice(ENCODE_HANDLERS)
                try:
                    result = "ok " + codecs.encode(text, name, handler).hex()
                except UnicodeEncodeError as e:
                    result = failure(e)
                f.write(f"e\t{name}\t{handler}\t{show_text(text)}\t{result}\n")


main()
