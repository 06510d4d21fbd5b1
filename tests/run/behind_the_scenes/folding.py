"""What the compiler computes beforehand."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


for text in ("1 + 2 * 3", "'a' * 3", "(1, 2)[0]", "-5", "not True", "2 ** 10", "'a' 'b'", "x in [1, 2]", "x in {1, 2}", "[1, 2, 3]", "(1, (2, 3))", "1 if True else 2",
             "60 * 60 * 24 * x", "'%s' % x", "f'{1}a{x}'", "...", "2 ** 1000", "'x' * 5000", "1 / 0", "True and x", "(x, y) == (y, x)", "x < y < z", "256", "257", "-1", "1.5", "1j * 2"):
    print(text)
    shown(compile(text, "", "eval"))
for text in ("if 0: x\nelse: y", "while True: break", "assert x, y", "if __debug__: x", "a, b = b, a", "a = b = c", "for i in (): pass", "x: int = 1", "del x, y[0], z.w", "pass\n1\n'doc'",
             "try:\n  x\nexcept A as e:\n  y\nelse:\n  z\nfinally:\n  w", "with a as b, c: d", "import a.b as c, d\nfrom e import f as g, h", "match x:\n  case [1, *r]: r\n  case {'k': v}: v\n  case A(b=1) | None: 0",
             "async def f():\n  async with a: pass\n  async for b in c: await d\n  return [e async for e in f]", "raise A from b", "while x:\n  if y: continue\n  z", "global q; q = 1", "print(*a, **b)"):
    print(repr(text))
    shown(compile(text, "", "exec"))
