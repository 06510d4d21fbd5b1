# run: gc-eager
"""Frames, tracebacks, locals(), weak references and the collector."""
import gc
import sys
import traceback
import weakref


def outer():
    x = 1

    def inner():
        f = sys._getframe()
        return f.f_code.co_name, f.f_back.f_code.co_name, f.f_back.f_locals["x"], sorted(f.f_locals), x

    return inner()


print(outer())


def proxy():
    y = 1
    sys._getframe().f_locals["y"] = 2
    snapshot = locals()
    y = 3
    return y, snapshot


print(proxy())
try:
    {}["missing"]
except KeyError as e:
    tb = e.__traceback__
    print(tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno > 0, traceback.format_exception_only(e))
    e.add_note("a note")
    print("".join(traceback.format_exception(e)).replace(__file__, "FILE"))


class Node:
    def __init__(self):
        self.me = self

    def __del__(self):
        print("del")


n = Node()
r = weakref.ref(n, lambda _: print("weakref callback"))
print(r() is n)
del n
print(gc.collect() > 0, r())
d = weakref.WeakValueDictionary()
k = d["k"] = Node()
k.me = None
print(len(d))
del k
print(len(d), gc.isenabled(), gc.is_tracked([]), gc.is_tracked(1))


def endless():
    return endless()


try:
    endless()
except RecursionError as e:
    print(e)
print(sys.getrefcount(object()), eval("1 + 1"), compile("x = 1", "f", "exec").co_names)
