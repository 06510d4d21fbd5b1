"""Locals as an array, globals and builtins as dicts, cells between functions."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def fast_locals():
    x = 10
    for i in range(3):
        y = x + i
    return y


global_var = 10


def slower_globals():
    for i in range(3):
        y = global_var + i
    return y


def outer(x):
    def inner():
        return x
    return inner


for f in (fast_locals, slower_globals, outer, outer(1)):
    shown(f)
print(fast_locals(), slower_globals(), outer(3)(), outer(3).__closure__[0].cell_contents)
len_backup = len
len = lambda o: "shadowed"
print(len([]))
del len
print(len([1]), __builtins__.len is len_backup)
def local_snapshot():
    a = 1
    d = locals()
    d["a"] = 2
    d["b"] = 3
    return a, locals(), d
print(local_snapshot())
class Scope:
    v = 1
    w = [v for _ in range(1)] if False else v
    def m(self):
        try: return v
        except NameError as e: return str(e)
print(Scope().m(), Scope.w)
def unbound():
    try:
        x
    except UnboundLocalError as e:
        print(e, e.name, isinstance(e, NameError))
    x = 1
    del x
    try:
        x
    except UnboundLocalError as e:
        print(e)
unbound()
def free_unbound():
    def inner(): return late
    try: inner()
    except NameError as e: print(type(e).__name__, e)
    late = 1
    return inner()
print(free_unbound())
try:
    undefined_name
except NameError as e:
    print(e, e.name)
print(eval("a + b", {"a": 1}, {"b": 2}))
