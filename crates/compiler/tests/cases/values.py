numbers = 255, 256, -1, 2**70, -(2**70), 1e400, -0.0, 1.5, 3j, 0x7fffffff, 10**40, 1_000
texts = "é", "\ud800", b"\x00\xff", "a" "b", "quote's", 'both "\'', "%s %r %5.2s %% %-3a" % (a, b, c, d)
folded = (1, 2, (3, "x", None, ...)), 3 + 4 * 5 // 2, "ab" * 3, (1, 2)[1], ~5, not None, 7 @ 3, 1 << 3, "abc"[1]
unfolded = 1 / 0, "ab" * 5000, 1 << 100000, (1, 2)[7], "%d" % (a,), "%s" % (*a,)
in_set = x in {1, 2, 3}, x not in [4, 5], x in [], x in {y}
lists = [1, 2, 3], [1, 2], {1, 2, 3}, {"a": 1, "b": 2}, [*x, 1], {*x}, {**x, "k": 1}, (*x, *y), [], (), {}
for x in [1, 2, 3]: pass
for x in {1, 2, 3}: pass
formats = f"{a}{b!s:10}{c:{d}{e}} {x=} {y=!s}", f"plain", f"{'nested'}", t"abc{x!r:>{w}} {y=}", t"", f"{a:%H}" "tail"
a[1:2] = a[b:c] = a[b:c:d] = a[1, 2:3] = [*x, *y]
a[1:2] += 3; a.b += 1; a[x:y] -= 4; a[1] *= 2; a @= b; a //= 1; a **= 2; a >>= 1; a ^= 1
del a, (b, c[1]), d.e, [f], a[1:2]
first, *middle, last = a, b = b, a
a, b, c = c, b, a
(a, b), c = d, [e, f] = g
x = a if b else c
x = a or b and c
x = not (a and b) or c is not None and d is None
x = a < b < c, a == b, a != b is c, a > b, a >= b
print(*a, **b, c=3, **d)
print(a, b=1, *c)
print(a=1)(b.c(d).e(f=1, g=2))
obj.method(1)(*args)
all(x for x in y), any(x for x in y), tuple(x for x in y), tuple(x + 1 for x in y)
(walrus := 3), lambda: (yield), lambda a, *b, c=1, **d: a
-x, +x, ~x, not x
many = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, y]
if 0: never()
if 1: always()
while 0: never()
while 1:
    if x: break
if __debug__:
    print(3)
else:
    print(4)
assert x, "abc"
assert (y)
"a string"; 3; x; x.y; ...


def documented():
    """only
       doc

         indented
    """


def twice():
    """doc"""
    "other"
    return __debug__, 3


class OnlyDoc:
    """only
    doc"""


class DocAndMore:
    """doc"""
    "another"
    x: int


async def asynchronous():
    "abc"
    yield


def fast(a, b, c):
    a, b = b, a
    b, c, a = a, b, c
    d = a; e = b
    d, d = e, c
    return d + e + a.x + b[c] + (a if c else b)
