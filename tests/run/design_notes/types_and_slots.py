"""The type, not the instance, decides what can be done; slots follow what a class defines."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


class Foo(object):
    "I don't have __call__"


class Bar(object):
    __call__ = lambda *a, **kw: 42


foo, bar = Foo(), Bar()
def attempt(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, re.sub("0x[0-9a-f]+", "0x", str(e)))
attempt(foo)
attempt(bar)
foo.__call__ = lambda *a, **kw: 42
attempt(foo)
Foo.__call__ = lambda *a, **kw: 42
attempt(foo)
for op in (lambda: 1 - "x", lambda: KeyError() - {}, lambda: {} - 1, lambda: "a" + 1, lambda: [] + (), lambda: 1 < "x", lambda: -"x", lambda: len(5), lambda: 5[0], lambda: "x" * "y", lambda: None(), lambda: iter(5),
           lambda: {}[[]], lambda: hash([]), lambda: 1 @ 2, lambda: next([]), lambda: int([]), lambda: [][1.5], lambda: (1).x, lambda: "abc"["a"], lambda: ~1.5, lambda: divmod("a", 1), lambda: 1 in 2, lambda: [1][5], lambda: range(1)[3]):
    attempt(op)
class Sub:
    def __init__(self, v): self.v = v
    def __sub__(self, o): return ("sub", self.v, getattr(o, "v", o))
    def __rsub__(self, o): return ("rsub", self.v, o)
    def __isub__(self, o): self.v -= o; return self
class Derived(Sub):
    def __rsub__(self, o): return ("derived rsub", self.v, o.v)
s = Sub(10)
s -= 3
print(Sub(1) - Sub(2), Sub(1) - 2, 5 - Sub(3), s.v, Sub(1) - Derived(2), 1 .__sub__("x"), Sub.__sub__ is Sub.__dict__["__sub__"])
class Refuses:
    def __sub__(self, o): return NotImplemented
    __rsub__ = None
attempt(lambda: Refuses() - Refuses())
attempt(lambda: 1 - Refuses())
class Late: pass
late = Late()
attempt(lambda: late + 1)
Late.__add__ = lambda self, o: ("added", o)
attempt(lambda: late + 1)
del Late.__add__
attempt(lambda: late + 1)
Late.__len__ = lambda self: -1
attempt(lambda: len(late))
Late.__len__ = lambda self: "x"
attempt(lambda: bool(late))
Late.__bool__ = lambda self: 3
attempt(lambda: bool(late))
Late.__hash__ = None
attempt(lambda: hash(late))
class L(list): pass
print(type(L([1, 2])), L([1]) + [2], L.__mro__, L.append is list.append, type(L).__name__, isinstance(L(), list))
attempt(lambda: setattr(int, "x", 1))
attempt(lambda: setattr(object(), "foo", 5))
attempt(lambda: object().__dict__)
attempt(lambda: type("A", (), {"__slots__": ("a",)})().b)
print(object.__dict__["__ne__"], object.__ne__ is object.__dict__["__ne__"], len(object.__dict__), sorted(object.__dict__))
a = b = c = object()
print(a is b is c, sys.getrefcount(a))
