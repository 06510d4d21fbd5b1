"""What can be called, and how far wrappers go."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


class Spam:
    def __call__(self, *a, **k): return a, k


class Meta(type):
    def __call__(cls, *a):
        print("meta call", a)
        return super().__call__(*a)


class Made(metaclass=Meta):
    def __new__(cls, *a):
        print("new", a)
        return super().__new__(cls)
    def __init__(self, *a): print("init", a)


def f(): return 1
mask = lambda o: re.sub("0x[0-9a-f]+", "0x", repr(o))
print(Spam()(1, k=2), Spam.__call__(Spam(), 3), type(Spam().__call__), mask(Spam().__call__))
print(mask(f.__call__), mask(f.__call__.__call__), mask(f.__call__.__call__.__call__), mask(min.__call__), mask(min.__call__.__call__), f.__call__.__call__.__call__())
print(mask(f.__get__), mask(type(f).__call__), mask(type.__call__), mask(int.__call__), mask(object.__init__), mask((5).__add__))
Made(1, 2)
s = Spam()
s.__call__ = lambda: "instance"
print(s())
class Bad: pass
b = Bad()
b.__call__ = lambda: 1
try:
    b()
except TypeError as e:
    print(e)
Bad.__call__ = lambda self: "now"
print(b())
del Bad.__call__
print(callable(b), callable(Bad), callable(f), callable(len), callable(1))
class Chain:
    pass
Chain.__call__ = Chain()
try:
    Chain()()
except (RecursionError, TypeError) as e:
    print(type(e).__name__)
import functools, operator
for c, a in [(functools.partial(max, 3), (1, 2)), (operator.itemgetter(1), ("ab",)), (operator.attrgetter("real"), (5,)), (operator.methodcaller("upper"), ("x",)), (str.upper, ("y",)), ("z".upper, ()),
             (int, ("7",)), (type, (1,)), (classmethod(len).__func__, ("abc",)), (staticmethod(len), ("abc",)), (functools.lru_cache(len), ("ab",)), (functools.cache(lambda q: q), (1,))]:
    print(type(c).__name__, c(*a))
print(hasattr(classmethod(f), "__call__"), callable(classmethod(f)), callable(staticmethod(f)), callable(property(f)))
