"""Writes cases for the tests: patterns as CPython 3.14 compiles them, and what its engine makes of them.

    python3.14 gen/cases.py [number of random cases] [seed] > src/cases.tsv

Columns: code words (hexadecimal), groups, text (code points), start, then the outcomes of match, fullmatch and search:
"-" or lastindex and the spans of all groups.
"""

import random
import re
import re._compiler
import re._parser
import sys
import warnings

warnings.simplefilter("ignore")
count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)


def code_of(pattern, flags):
    p = re._parser.parse(pattern, flags)
    return re._compiler._code(p, flags), p.state.groups - 1


def outcome(m):
    if m is None:
        return "-"
    spans = [m.span(i) for i in range(m.re.groups + 1)]
    return f"{m.lastindex or 0} " + " ".join(f"{a}:{b}" for a, b in spans)


def show(pattern, flags, text, start):
    start = min(start, len(text))
    compiled = re.compile(pattern, flags)
    code, groups = code_of(pattern, flags)
    codes = text if isinstance(text, bytes) else map(ord, text)
    return "\t".join([
        ",".join("%x" % c for c in code),
        str(groups),
        ",".join("%x" % c for c in codes),
        str(start),
        outcome(compiled.match(text, start)),
        outcome(compiled.fullmatch(text, start)),
        outcome(compiled.search(text, start)),
    ])


def atom(depth):
    r = random.random()
    if r < 0.35:
        return random.choice("aabbc")
    if r < 0.5:
        return random.choice([".", r"\w", r"\d", r"\s", r"[ab]", r"[^a]", r"[b-d]", r"\W", "[a\u0434-\u044f]", r"[^\n]",
                              "[\u0100-\u0150a]", "\U0001f600", "\u00e9", "k", "S", r"[\w-]", "[A-Z]", "[^A-Zé]"])
    if r < 0.6:
        return random.choice(["^", "$", r"\b", r"\B", r"\A", r"\Z"])
    if r < 0.68:
        return random.choice([r"\1", r"\2"])
    if depth <= 0:
        return "ab"
    inner = branch(depth - 1)
    return random.choice([
        f"({inner})", f"({inner})", f"({inner})", f"(?:{inner})", f"(?:{inner})", f"(?={inner})", f"(?!{inner})",
        f"(?>{inner})", f"(?<={random.choice(['a', 'b', '[ab]', 'ab', '(a)'])})", f"(?<!{random.choice(['a', 'b', 'ba'])})",
        f"(?(1){inner}|{branch(depth - 1)})", f"(?(1){inner})", f"(?i:{inner})",
    ])


def piece(depth):
    s = atom(depth)
    r = random.random()
    if r < 0.45 or s in ("^", "$"):
        return s
    if len(s) > 1 and s[0] not in "([\\" and len(s) != 1:
        s = f"(?:{s})"
    q = random.choice(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*", "+"])
    return s + q + random.choice(["", "", "", "?", "+"])


def sequence(depth):
    return "".join(piece(depth) for _ in range(random.randrange(4)))


def branch(depth):
    return "|".join(sequence(depth) for _ in range(random.choice([1, 1, 1, 2, 3])))


def text():
    alphabet = random.choice(["ab", "abc", "aabbc \n", "abAB12_ ", "ab\u00e9\u00c9", "ab\u0434\u0414\u0130\u0131i", "ab\U0001f600\u212akKsS\u017f"])
    return "".join(random.choice(alphabet) for _ in range(random.randrange(9)))


def main():
    seen = set()
    try:
        from test.re_tests import tests
    except ImportError:
        tests = []
    for t in tests if count <= 1000 else []:
        pattern, string = t[0], t[1]
        for p, s in ((pattern, string), (pattern.encode("latin-1", "ignore"), string.encode("latin-1", "ignore"))):
            for flags in (0, re.I, re.S | re.M):
                try:
                    line = show(p, flags, s, 0)
                except (re.PatternError, RecursionError):
                    continue
                if line not in seen and len(line) < 3000:
                    seen.add(line)
                    print(line)
    n = 0
    while n < count:
        pattern = sequence(3)
        if random.random() < 0.3:
            pattern = f"({sequence(1)}){pattern}"
        flags = random.choice([0, 0, 0, re.I, re.I | re.A, re.M, re.S, re.A, re.I | re.M | re.S])
        for _ in range(3):
            s = text()
            try:
                line = show(pattern, flags, s, random.choice([0, 0, 0, 1, min(2, len(s))]))
            except (re.PatternError, RecursionError):
                break
            if line not in seen and len(line) < 3000:
                seen.add(line)
                print(line)
                n += 1


main()
