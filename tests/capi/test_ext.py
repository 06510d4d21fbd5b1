"""What tests/capi/ext.c offers, as seen from Python. Runs with the extension's path as argument, under either interpreter."""
import gc
import importlib.machinery
import importlib.util
import sys
import weakref


def load(name):
    loader = importlib.machinery.ExtensionFileLoader(name, sys.argv[1])
    spec = importlib.util.spec_from_file_location(name, sys.argv[1], loader=loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def error(f, *args, **kwargs):
    try:
        f(*args, **kwargs)
    except BaseException as e:
        return f"{type(e).__name__}: {e}"
    return "no error"


def check(got, wanted):
    if got != wanted or type(got) is not type(wanted):
        raise AssertionError(f"{got!r} is not {wanted!r}")


ext = load("ext")
check(ext.__doc__, "An extension for tests.")
check(ext.inc(41), 42)
check(ext.inc(2**40), 2**40 + 1)
check(ext.inc.__text_signature__, "($module, n, /)")
check(error(ext.inc, "x"), "TypeError: inc() wants an int, not str ('x')")
check(error(ext.inc, 2**70), "OverflowError: Python int too large to convert to C long")
check(ext.join(1, "b", None), (1, "b", None))
check(ext.join(), ())
check(ext.keywords(1), (1, "default", {"c": None, "list": [1.5, 7]}))
check(ext.keywords(b="bee", a=2, c=3), (2, "bee", {"c": 3, "list": [1.5, 7]}))
check(error(ext.keywords), "TypeError: keywords() missing required argument 'a' (pos 1)")
check(error(ext.keywords, 1, d=4), "TypeError: keywords() got an unexpected keyword argument 'd'")
check(error(ext.keywords, 1, a=4), "TypeError: argument for keywords() given by name ('a') and position (1)")
check(error(ext.keywords, "x"), "TypeError: 'str' object cannot be interpreted as an integer")
check(error(ext.keywords, 2**31), "OverflowError: signed integer is greater than maximum")
check(error(ext.keywords, 1, "b", "c"), "TypeError: keywords() takes at most 2 positional arguments (3 given)")
check(ext.fields("€uro", (1, 2, 3), [4], 2.5), (4, 0x20AC, 3, 1, 2.5, 2))
check(error(ext.fields, 1), "TypeError: function takes exactly 4 arguments (1 given)")
check(error(ext.raise_), "KeyError: 'from C'")
check(ext.catch(lambda: {}["k"]), "caught KeyError: 'k'")
check(ext.catch(lambda: 5), 5)
check(error(ext.catch, lambda: 1 / 0), "ZeroDivisionError: division by zero")
check(ext.without_gil(), (1, 0, 1))
check(ext.type_size, type.__basicsize__)

check(repr(ext.Error), "<class 'ext.Error'>")
check(ext.Error.__mro__[1], ValueError)

V = ext.Vector
check(repr(V(1, 2) + V(0.5, 0)), "Vector(1.5, 2.0)")
check(bool(V(0, 0)), False)
check(error(lambda: V(1, 2) + 1), "TypeError: unsupported operand type(s) for +: 'ext.Vector' and 'int'")
check(error(V, 1), "TypeError: Vector() takes exactly 2 arguments (1 given)")
check(V.__add__(V(1, 1), V(2, 2)).x, 3.0)
check((V.__module__, V.__name__, V.__doc__), ("ext", "Vector", "Two numbers."))
v = V(1, 2)
v.x = 7
check(v.x, 7.0)
check(error(setattr, v, "y", 1), "AttributeError: readonly attribute")
check(error(setattr, V, "z", 1), "TypeError: cannot set 'z' attribute of immutable type 'ext.Vector'")


class W(V):
    def __radd__(self, other):
        return ("radd", other)


w = W(3, 4)
w.extra = 1
check(w.extra, 1)
check(1 + w, ("radd", 1))
check(repr(w + v), "Vector(10.0, 6.0)")

B = ext.Box
b = B("thing")
check(b.item, "thing")
b.item = 3
check((b.bump(1, 2), b.count, len(b), b.text), ("ext", 2, 2, "count is 2"))
b.text = 5
check(b.count, 5)
check(error(delattr, b, "text"), "AttributeError: cannot delete")
check(b(1, k=2), (3, (1,), {"k": 2}))
b.anything = "x"
check(b.anything, "x")
check((B.__doc__, B.__module__, B.__qualname__, B.__text_signature__), ("Holds one thing.", "ext", "Box", "(item)"))
check("__dictoffset__" in B.__dict__, "__dictoffset__" in vars(B))
other = B(0)
check((other < b, other == b, other >= b), (True, False, False))
del b.item
check(error(lambda: b.item), "AttributeError: 'ext.Box' object has no attribute 'item'")

# Cycles through an object of C are found, weak references cleared, vectors given back.
b.item = b
r = weakref.ref(b)
del b, other
gc.collect()
check(r(), None)


class Sub(B):
    pass


s = Sub(V(1, 1))
s.me = s
r = weakref.ref(s)
del s
gc.collect()
check(r(), None)
n = B(0).vectors
x = [V(i, i) for i in range(1000)]
check(B(0).vectors - n, 1000)
del x
check(B(0).vectors, n)
before = sys.getrefcount(Sub)
for _ in range(100):
    Sub(1)
check(sys.getrefcount(Sub), before)

single = load("single")
check((single.how, single.inc(1), single.__name__), ("single-phase", 2, "single"))
check(error(load, "missing"), "ImportError: dynamic module does not define module export function (PyInit_missing)")
check(error(load, "broken"), "SystemError: initialization of broken failed without raising an exception")
print("extension ok")
