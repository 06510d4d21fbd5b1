"""Annotations that stay text."""
from __future__ import annotations

x: int = 3
y: Callable[[int, str], None] | "z" = None


def f(a: dict[str, list[int]], *args: *Ts, b: lambda q, *r, s=1: q + 1 = 2, **kw: a if b else (c, d)) -> not x and y[1:2, ::3]:
    local: undefined[1]
    attribute.of: -1 ** 2


class C:
    a: f"{x!r:>{w}} and {y}"
    b: {1, 2, *c} | {**d, "e": 1}
    c: [i for i in j if k for l in m]
    d: (y if z else w,)
    e: "text\n" | b"bytes\x00"
    f: 1.5e300 + 1e400 - 3j
    g: a.b.c(d, *e, f=1, **g)(i for i in j)
    h: a < b <= c != d is not e not in f
    i: (a + b) * c ** -d // ~e @ (f or g and h)
    j: t"template {x}"
    k: ...
    if e:
        l: (1,)
