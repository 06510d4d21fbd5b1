"""Writes cases.tsv: calls of methods of str, bytes, bytearray and memoryview with what the reference answers.

Run it with the reference and redirect the output to cases.tsv."""
import warnings

warnings.simplefilter("ignore")
S = ["", "a", "abc", "aXbXc", "  a b  c ", "é", "ßtraße", "ǅungla", "ΑΣ", "ΑΣ Β", "日本語日本", "a\U0001f600b\U0001f600", "\ud800x", "ab" * 20,
     "a\tb\tc", "l1\nl2\r\nl3\x85l4\u2028l5", "+12", "-7", "x1_y", "1abc", "１２３", "½", "Hello World", "hELLO wORLD's", "ﬁn", "İI", "\x00\x7f\xa0", "it's", 'q"q', "'\""]
B = [b"", b"a", b"abc", b"aXbXc", b"  a b  c ", b"\xff\xfe\x00", b"l1\nl2\r\nl3\rl4", b"Hello World", b"+12", b"a\tb\tc", b"'\"", b"0aF", b"ab" * 20]
rows = []


def show(x):
    if isinstance(x, memoryview):
        return "memoryview"
    return ascii(x)


def case(recv, name, *args):
    kind = type(recv)
    target = bytearray(recv) if kind is bytearray else recv
    try:
        out = show(getattr(target, name)(*args))
        if kind is bytearray:
            out += " -> " + show(target)
    except BaseException as e:
        out = f"{type(e).__name__}: {ascii(str(e))}"
    rows.append((ascii(recv), name, ascii(args), out))


noarg = "capitalize casefold title lower upper swapcase isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper split rsplit strip lstrip rstrip splitlines expandtabs __len__ __repr__ __str__ __sizeof__ __getnewargs__".split()
for s in S:
    for m in noarg:
        case(s, m)
    for enc in ("utf-8", "latin-1", "ascii", "utf-16", "utf-16-le", "utf-32-be", "utf-7", "unicode_escape", "raw_unicode_escape"):
        if enc in ("utf-8", "latin-1", "ascii", "utf-16"):
            for err in ("strict", "ignore", "replace", "xmlcharrefreplace", "backslashreplace", "namereplace", "surrogateescape", "surrogatepass", "nope"):
                case(s, "encode", enc, err)
    for sub in ("", "a", "b", "X", "é", "日", "日本", "ab", "bc", "\U0001f600", "zz"):
        for m in "find rfind index rindex count __contains__ partition rpartition removeprefix removesuffix startswith endswith".split():
            case(s, m, sub)
        case(s, "split", sub)
        case(s, "split", sub, 1)
        case(s, "rsplit", sub, 1)
        case(s, "replace", sub, "--")
        case(s, "replace", sub, "\u1234", 2)
        case(s, "replace", sub, "")
        case(s, "strip", sub)
        case(s, "join", [sub, "é", s])
        case(s, "__add__", sub)
        case(s, "__lt__", sub)
        case(s, "__eq__", sub)
        case(s, "find", sub, 1)
        case(s, "find", sub, 1, -1)
        case(s, "rfind", sub, -3, 100)
        case(s, "count", sub, 2)
        case(s, "endswith", ("zz", sub), 1)
    for n in (0, 1, 3, 8, 9):
        case(s, "center", n)
        case(s, "center", n, "é")
        case(s, "ljust", n, "\u1234")
        case(s, "rjust", n)
        case(s, "zfill", n)
        case(s, "__mul__", n)
        case(s, "__getitem__", n)
        case(s, "__getitem__", -n)
        case(s, "expandtabs", n)
    case(s, "split", None, 1)
    case(s, "rsplit", None, 1)
    case(s, "splitlines", True)
    for spec in ("", "5", "<8", ">8", "^8", "é^9.2", ".1", "05", "x", "=5", "+5", "abc", ",", "#5", " 5", "z5", "s", "5.s", "99999999999999999999"):
        case(s, "__format__", spec)
    case(s, "translate", {97: "xyz", 98: None, 99: 0x1234, 233: "e"})
for f in ("%s", "%r", "%a", "%d", "%5d|%-5d|%05d", "%x %X %o", "%#x", "%+d % d", "%c", "%5.2f", "%e", "%g", "%%", "%5s|%-5s|", "%.2s", "%(a)s", "%*d", "%q", "%", "%5", "%i%u", "%(a", "no", "é%s", "%s\u1234", "%c%c"):
    for a in (1, "ab", "é", (1, 2), (1.5,), (), {"a": 3}, ("x", "y"), (5, 42), None, (255, 255, 255), (-3, -3, -3), (7, 7), [1], b"q", (10**30, 1), (97, "é"), (3.7,)):
        case(f, "__mod__", a)
for f in (b"%s", b"%b", b"%r", b"%a", b"%d", b"%5d|%-5d|%05d", b"%x", b"%c", b"%5.2f", b"%%", b"%5s|", b"%.2s", b"%(a)s", b"%q", b"no"):
    for a in (1, b"ab", (1, 2), (1.5,), (), {b"a": b"z"}, (b"x", b"y"), "q", (97,), bytearray(b"zz"), (300,), None):
        case(f, "__mod__", a)
for f in ("{}", "{0}", "{0}{1}{0}", "{}{0}", "{0}{}", "{a}", "{a", "{", "}", "{{}}", "{!r}", "{!a}", "{!s:>5}", "{!x}", "{!}", "{!rx}", "{0[0]}", "{0[x]}", "{0.real}", "{0.}", "{0[]}", "{0[0}", "{0[0]x}", "{:{}}", "{:{:{}}}", "{:>{}}", "{0:5}|{1:<5}", "{5}", "{99999999999999999999}", "{:", "{!r:", "{!", "é{}\u1234", "{:é>4}", "a{0}b{{c}}", "{ }", "{0 }", "{0:}}"):
    for args in ((1, 5), ("ab", 4), ([7, 8], 1), ((3,), 2), ()):
        case(f, "format", *args)
for kind in (bytes, bytearray):
    for b in B:
        b = kind(b)
        for m in "capitalize title lower upper swapcase isalnum isalpha isascii isdigit islower isspace istitle isupper split rsplit strip lstrip rstrip splitlines expandtabs __len__ __repr__ __str__ hex".split():
            case(b, m)
        for enc in ("utf-8", "latin-1", "ascii", "utf-16-le", "utf-7", "unicode_escape"):
            if enc in ("utf-8", "latin-1", "ascii"):
                for err in ("strict", "ignore", "replace", "backslashreplace", "surrogateescape", "nope"):
                    case(b, "decode", enc, err)
        for sub in (b"", b"a", b"b", b"X", b"ab", b"\xff", 97, 300, -1, "a", None, bytearray(b"b"), 1.5):
            for m in "find rfind index rindex count __contains__ partition rpartition removeprefix removesuffix startswith endswith split strip __add__ __eq__ __lt__".split():
                case(b, m, sub)
            case(b, "replace", sub, b"--")
            case(b, "replace", sub, b"", 1)
            case(b, "rsplit", sub, 1)
            case(b, "find", sub, 1, -1)
            case(b, "join", [sub, b"q"])
        for n in (0, 1, 3, 8, 9, -1):
            case(b, "center", n)
            case(b, "center", n, b"*")
            case(b, "ljust", n, "x")
            case(b, "rjust", n, b"xx")
            case(b, "zfill", n)
            case(b, "__mul__", n)
            case(b, "__getitem__", n)
            case(b, "hex", ":", n)
        case(b, "splitlines", True)
        case(b, "translate", None, b"a")
        case(b, "translate", bytes(range(255, -1, -1)))
        case(b, "translate", b"x")
        case(b, "__getitem__", "x")
for b in B:
    b = bytearray(b)
    for v in (97, 300, "a", b"xy", None, 1.5):
        for m in "append remove extend __iadd__ resize __imul__ __delitem__".split():
            case(b, m, v)
        case(b, "insert", 1, v)
        case(b, "__setitem__", 0, v)
    for m in "reverse clear copy pop __alloc__ __sizeof__ __hash__".split():
        case(b, m)
    for i in (0, 1, -1, 50):
        case(b, "pop", i)
        case(b, "insert", i, 65)
        case(b, "__delitem__", i)
    case(b, "extend", [1, 2, 3])
    case(b, "extend", [1, 256])
for r in rows:
    print("\t".join(r))
