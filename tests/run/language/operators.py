"""Operator methods: reflected, in place, comparison, containers, calls, conversions, formatting."""


class V:
    def __init__(self, *xs):
        self.xs = xs

    def __repr__(self):
        return f"V{self.xs}"

    def __add__(self, o):
        return V(*(a + b for a, b in zip(self.xs, o.xs))) if isinstance(o, V) else NotImplemented

    def __radd__(self, o):
        return V(*(o + a for a in self.xs))

    def __mul__(self, k):
        return V(*(a * k for a in self.xs))

    __rmul__ = __mul__

    def __matmul__(self, o):
        return sum(a * b for a, b in zip(self.xs, o.xs))

    def __iadd__(self, o):
        self.xs += (o,)
        return self

    def __neg__(self):
        return self * -1

    def __bool__(self):
        return any(self.xs)

    def __len__(self):
        return len(self.xs)

    def __getitem__(self, i):
        return V(*self.xs[i]) if isinstance(i, slice) else self.xs[i]

    def __contains__(self, x):
        return x in self.xs

    def __call__(self, f):
        return V(*map(f, self.xs))

    def __format__(self, spec):
        return "<" + ", ".join(format(x, spec) for x in self.xs) + ">"

    def __lt__(self, o):
        return self.xs < o.xs

    def __index__(self):
        return self.xs[0]

    def __divmod__(self, k):
        return V(*(a // k for a in self.xs)), V(*(a % k for a in self.xs))


a, b = V(1, 2), V(3, 4)
print(a + b, 10 + a, a * 3, 3 * a, a @ b, -a, bool(V(0, 0)), len(a), a[0], a[1:], 2 in a, a(str), f"{a:.2f}")
a += 9
print(a, a < b, b > a, [10, 20][a], hex(a), divmod(b, 2), list(a), *a)
for expr in ["a + 1", "a - b", "a[5]", "a < 3", "del a[0]", "a.xs[0] = 1", "-'x'", "len(5)", "a ** b", "{**a}"]:
    try:
        exec(expr)
    except Exception as e:
        print(expr, "->", type(e).__name__, e)
x = 5
x += 2; x -= 1; x *= 3; x //= 2; x **= 2; x %= 50; x <<= 2; x |= 1; x ^= 7; x &= 0xFF; x >>= 1
print(x, 1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 == True, "a" in "abc" in ["abc"], not [], None is None, 3 if [] else 4)
print([] or "x", 0 and 1 / 0, (lambda *a, **k: (a, k))(1, *[2, 3], k=4, **{"m": 5}))
