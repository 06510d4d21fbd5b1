"""Writes cases.txt: each line of expressions.txt, and random arithmetic, with the answer of the running Python 3.14."""

import pathlib
import random
import warnings

here = pathlib.Path(__file__).parent
warnings.simplefilter("ignore")


def hint(o):
    import operator
    return operator.length_hint(o, 77)


def same(a, b):
    return a is b


def answer(expr):
    try:
        r = eval(expr, {"hint": hint, "same": same, "next": lambda i: next(i, "exhausted")})
        return repr(r)
    except Exception as e:
        return f"!! {type(e).__name__}: {e}"


exprs = [line for line in (here / "expressions.txt").read_text().splitlines() if line and not line.startswith("#")]
r = random.Random(314)
interesting = [0, 1, 2, 3, 5, 7, 255, 256, 257, 2**30 - 1, 2**30, 2**30 + 1, 2**31, 2**32, 2**59, 2**60 - 1, 2**60, 2**61 - 1,
               2**62, 2**63 - 1, 2**63, 2**64, 10**18, 10**19, 2**90, 2**120 - 1, 10**40, 3**100]


def integer():
    n = r.choice(interesting) if r.random() < .5 else r.getrandbits(r.choice([4, 8, 29, 30, 31, 33, 59, 60, 61, 64, 90, 130, 300]))
    return n if r.random() < .6 else -n


def real():
    return r.choice([0.0, 0.5, 1.0, 1.5, 3.0, 1e16, 2.0**53, 2.0**62, 1e308, 5e-324, 0.1, r.uniform(-10, 10), r.uniform(0, 1e20)])


def lit(n):
    return f"({n!r})" if n < 0 or str(n).startswith("-") else repr(n)


for _ in range(700):
    a, b = integer(), integer()
    op = r.choice("+ - * / // % & | ^ == < > <= >= !=".split())
    exprs.append(f"{lit(a)} {op} {lit(b)}")
for _ in range(60):
    exprs.append(f"{lit(integer())} {r.choice(['<<', '>>'])} {r.choice([0, 1, 5, 29, 30, 31, 60, 63, 64, 100, 200])}")
    exprs.append(f"{lit(integer())} ** {r.choice([0, 1, 2, 3, 10, 33])}")
    exprs.append(f"pow({integer()}, {r.choice([0, 1, 2, 100, 2**70])}, {lit(integer())})")
    exprs.append(f"divmod({integer()}, {integer()})")
    exprs.append(f"hash({integer()})")
    exprs.append(f"round({integer()}, {-r.choice([1, 2, 5, 20])})")
    exprs.append(f"~{lit(integer())}")
    exprs.append(f"({integer()}).bit_length()")
    exprs.append(f"int('{integer()}')")
    exprs.append(f"float({integer()})")
    exprs.append(f"({integer()}).to_bytes({r.choice([1, 4, 8, 9, 40])}, '{r.choice(['big', 'little'])}', signed={r.random() < .7})")
for _ in range(250):
    a, b = r.choice([(integer(), real()), (real(), integer()), (real(), real())])
    op = r.choice("+ - * / // % == < > <= >= !=".split())
    exprs.append(f"{lit(a)} {op} {lit(b)}")
for _ in range(60):
    a, b = r.choice([real(), integer() % 1000]), real()
    op = r.choice("+ - * / **".split())
    x, y = r.choice([(f"({a!r}+{b!r}*1j)", lit(real())), (lit(a), f"({b!r}-{a!r}*1j)"), (f"({a!r}-{b!r}*1j)", f"({b!r}+2j)")])
    if "308" not in x + y and op != "**":
        exprs.append(f"{x} {op} {y}")
for _ in range(120):
    a, b = r.randint(-20, 20), r.randint(-20, 20)
    c = r.choice([-7, -3, -1, 1, 2, 5])
    exprs.append(f"list(range({a}, {b}, {c}))")
    x, y, z = (r.choice(["", str(r.randint(-9, 9))]) for _ in range(3))
    z = z if z != "0" else "1"
    exprs.append(f"range({a}, {b}, {c})[{x}:{y}:{z}]")
    exprs.append(f"slice({x or None}, {y or None}, {z or None}).indices({abs(a)})")

with (here / "cases.txt").open("w") as f:
    for e in exprs:
        f.write(f"{e}\n{answer(e)}\n")
