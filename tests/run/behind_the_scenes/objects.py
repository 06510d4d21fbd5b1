"""Heads of objects, types and their slots, the order of resolution, descriptors, costs."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import struct

class A:
    def method(self): return "A"


class B(A):
    def method(self): return "B" + super().method()


class C(A):
    def method(self): return "C" + super().method()


class D(B, C):
    pass


print(D.__mro__, D.mro() == list(D.__mro__), D().method(), D.__bases__, D.__base__, A.__subclasses__())
for bases in ((A, B), (object, A), (int, str), (bool,), (D, D)):
    try:
        type("X", bases, {})
    except TypeError as e:
        print(str(e).replace("\n", "|"))
for t in (object, int, float, str, bytes, tuple, list, dict, set, type, type(None), type(len), type(lambda: 0), type(sys), slice, range, complex, A, memoryview, property):
    print(t.__name__, t.__basicsize__, t.__itemsize__, t.__dictoffset__, t.__weakrefoffset__, hex(t.__flags__ & 0xFFF00), t.__base__)
for o in (0, 1, 2**30, 2**60, -1, 1.5, "", "a", "é", "€", "😀", b"", b"abc", (), (1,), [], [1], {}, {1: 2}, set(), None, True, A(), A, range(3), slice(1), 1j, lambda: 0):
    print(type(o).__name__, sys.getsizeof(o))
print(A().__dict__, A.__dict__["method"], type(A.__dict__).__name__, object().__class__, type(type), isinstance(type, object), isinstance(object, type))
class Descriptor:
    def __get__(self, o, t): return ("get", o is None, t.__name__)
    def __set__(self, o, v): print("set", v)
    def __delete__(self, o): print("delete")
    def __set_name__(self, t, n): print("named", n, t.__name__)
class NonData:
    def __get__(self, o, t): return "nondata"
class Owner:
    d = Descriptor()
    n = NonData()
    __slots__ = ("slot", "__dict__")
    def __getattr__(self, name): return f"missing {name}"
o = Owner()
o.__dict__["d"] = "instance"
o.d = 5
del o.d
print(o.d, Owner.d, o.n, o.other)
o.n = "mine"
print(o.n, o.slot, Owner.slot, o.__dict__)
class G:
    def __getattribute__(self, name):
        if name == "x": return "all"
        return super().__getattribute__(name)
print(G().x, sum(range(1000)), sum([1.5, 2.5]), sum([[1], [2]], []))
try:
    G().y
except AttributeError as e:
    print(e, e.name, type(e.obj).__name__)
