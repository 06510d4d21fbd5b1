"""Dicts of instances and of types, descriptors before and after them, read-only views."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


class C:
    A = 1


o2 = C()
o2.a = 1
print(C.__dict__["A"], C.A, o2.__dict__)
o2.__dict__["a2"] = 2
print(o2.a2)
try:
    C.__dict__["A2"] = 2
except TypeError as e:
    print(e)
C.A2 = 2
print(C.__dict__["A2"] is C.A2, type(C.__dict__) is type(o2.__dict__), type(C.__dict__), type(o2.__dict__))
class ShoutingInteger(int):
    def __get__(self, instance, owner):
        print("I was gotten from", type(instance).__name__, owner.__name__)
        return self
class Foo:
    Shouting42 = ShoutingInteger(42)
foo = Foo()
print(100 - foo.Shouting42, 100 - Foo.Shouting42)
foo.Silent666 = ShoutingInteger(666)
print(100 - foo.Silent666)
class Data:
    def __get__(self, i, o): return "data"
    def __set__(self, i, v): print("set", v)
class NonData:
    def __get__(self, i, o): return "non-data"
class D:
    data, non = Data(), NonData()
d = D()
d.__dict__.update(data="instance", non="instance")
print(d.data, d.non, D.data)
d.data = 5
print(d.__dict__)
print(C.__dict__["__dict__"], type(C.__dict__["__dict__"]), C.__dict__["__dict__"].__get__(o2, C) is o2.__dict__, C.__dict__["__weakref__"])
print(type(C).__dict__["__dict__"], type(type(C).__dict__["__dict__"].__get__(C, type)), C.__dictoffset__ != 0, object.__dictoffset__, C.__weakrefoffset__ != 0)
print(re.sub("0x[0-9a-f]+", "0x", repr(C.__dict__["__dict__"].__get__)), C.__dict__.keys() >= {"A"}, len(C.__dict__) == len(dict(C.__dict__)), C.__dict__ | {"z": 1} != {}, C.__dict__.copy()["A"])
o2.__dict__ = {"fresh": 1}
print(o2.fresh, hasattr(o2, "a"))
for bad in (1, None, []):
    try:
        o2.__dict__ = bad
    except TypeError as e:
        print(e)
del o2.__dict__
print(o2.__dict__)
class S:
    __slots__ = ("x", "y")
s = S()
s.x = 1
for f in (lambda: s.z, lambda: setattr(s, "z", 1), lambda: s.y, lambda: s.__dict__, lambda: delattr(s, "y")):
    try:
        f()
    except AttributeError as e:
        print(e)
print(S.x, type(S.x), S.x.__get__(s, S), S.__slots__, [n for n in S.__dict__ if not n.startswith("__")])
for bases, slots in [((int,), ("x",)), ((), ("1bad",)), ((), ("__dict__", "__dict__")), ((), "one"), ((), (1,)), ((S,), ("__weakref__", "z"))]:
    try:
        print(type("T", bases, {"__slots__": slots}).__slots__)
    except TypeError as e:
        print(e)
try:
    type("T", (), {"__slots__": ("a",), "a": 1})
except ValueError as e:
    print(e)
class G:
    def __getattr__(self, n): return f"getattr {n}"
    def __setattr__(self, n, v): object.__setattr__(self, n, ("via", v))
    def __delattr__(self, n): print("del", n); object.__delattr__(self, n)
    def __dir__(self): return ["b", "a"]
g = G()
g.v = 1
print(g.v, g.nothing, dir(g), vars(g))
del g.v
print(g.v, getattr(g, "q", 0), hasattr(g, "q"))
class P:
    @property
    def p(self): "doc"; return self._p
    @p.setter
    def p(self, v): self._p = v
p = P()
for f in (lambda: p.p, lambda: setattr(p, "p", 3), lambda: print(p.p), lambda: delattr(p, "p"), lambda: setattr(P, "q", property(lambda s: 1)) or setattr(p, "q", 1)):
    try:
        f()
    except AttributeError as e:
        print(e)
print(P.p.__doc__, P.p.fget.__name__, P.p.__name__)
