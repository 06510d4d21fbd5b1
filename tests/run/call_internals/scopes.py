"""Local, enclosing, global, builtin: which instruction finds a name where, and what is said when it is nowhere."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


x_global = "global"


def demonstrate():
    x_enclosing = "enclosing"

    def inner():
        x_local = "local"
        a = x_local
        b = x_enclosing
        c = x_global
        d = len
        return a, b, c, d

    return inner


closure = demonstrate()
shown(closure)
for i in dis.get_instructions(closure):
    if i.opname.startswith("LOAD"):
        print(f"  {i.opname:20s} {i.argrepr:20s} {i.offset} {i.argval!r}")
print(closure()[:3])


def might_be_unbound(condition):
    if condition:
        x = 42
    return x


def deleted():
    x = 1
    del x
    return x


def in_handler():
    try:
        pass
    except ValueError as e:
        pass
    return e


def free():
    def g(): return v
    r = g
    if False: v = 1
    return r()


def before():
    print(x_global)
    x_global = 1


shown(might_be_unbound)
for f in (lambda: might_be_unbound(False), deleted, in_handler, free, before, lambda: no_such_name, lambda: prnt):
    try:
        f()
    except NameError as e:
        print(type(e).__name__, e, e.name)


def stores():
    global made_here, x_global
    made_here = 1
    x_global = 2
    del made_here
    try:
        del made_here
    except NameError as e:
        print(e)


shown(stores)
stores()
print(x_global)
shown("x = 1\nprint(x)\ndel x")
shown("class A:\n    y = z\n    def f(self): return y")
exec("len = 3\nprint(len)", {})
namespace = {"__builtins__": {"only": 1}}
print(eval("only", namespace))
try:
    eval("len", namespace)
except NameError as e:
    print(e)
