# run: gc-eager
"""Counts of references, cycles, weak references, the collector."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import gc, weakref

x = [1, 2, 3]
print(sys.getrefcount(x))
y = x
print(sys.getrefcount(x))
del y
print(sys.getrefcount(x))
z = [x, x]
d = {"k": x}
print(sys.getrefcount(x))
del z, d
def holds(a): return sys.getrefcount(a)
print(holds(x), sys.getrefcount(x), sys.getrefcount([]), sys.getrefcount(None) > 1000, sys._is_immortal(None), sys._is_immortal([]))


class Node:
    def __init__(self, value):
        self.value, self.parent, self.children = value, None, []

    def __del__(self):
        print("gone", self.value)


gc.disable()
parent, child = Node("parent"), Node("child")
parent.children.append(child)
child.parent = parent
w = weakref.ref(parent, lambda r: print("callback", r() is None))
print(w() is parent, gc.is_tracked(parent), gc.is_tracked(1), gc.is_tracked((1,)), gc.is_tracked({}), gc.is_tracked([]))
del parent, child
print(w() is None)
print(gc.collect() >= 2)
print(w() is None, gc.garbage, gc.isenabled())
gc.enable()
lone = Node("lone")
del lone
print(gc.get_threshold()[0] > 0, len(gc.get_count()), len(gc.get_stats()), sorted(gc.get_stats()[0]))
a = []
a.append(a)
print(a, gc.get_referents(a) == [a], a in gc.get_referrers(a), gc.is_finalized(a))
class Resurrect:
    saved = None
    def __del__(self): Resurrect.saved = self
Resurrect()
print(type(Resurrect.saved).__name__, gc.is_finalized(Resurrect.saved))
Resurrect.saved = None
v = weakref.WeakValueDictionary()
n = Node("weak")
v["n"] = n
print(len(v), v["n"] is n)
del n
print(len(v))
k = weakref.WeakKeyDictionary()
p = weakref.proxy(s := Node("proxied"))
print(p.value, type(p).__name__)
del s
try:
    p.value
except ReferenceError as e:
    print(e)
f = weakref.finalize(t := Node("finalized"), print, "finalizer ran")
print(f.alive)
del t
print(f.alive, sys.intern("a b") is sys.intern("a" + " b"))
