"""Names, namespaces and scopes, and the instructions behind them."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def outer():
    a = 1
    def inner():
        return a
    b = 2
    return inner


def inner_nonlexical():
    return a_not_there


def outer_nonlexical():
    a_not_there = 1
    return inner_nonlexical


print(outer()())
try:
    outer_nonlexical()()
except NameError as e:
    print(e)
shown("spam = eggs - 1")
shown(outer)
shown(compile("a = 1\nb = a\ndel a\nglobal c\nc = b", "", "exec"))
def func():
    a = 1
    a = b
    return a
shown(func)
shown("def func():\n    global a\n    a = 1\n    return a - 5\n")
def clash():
    a = 1
    def inner():
        b = a
        a = 1
        return a, b
    return inner
try:
    clash()()
except UnboundLocalError as e:
    print(e)
import warnings
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    for text in ("def f():\n  a = 1\n  global a", "def f():\n  a\n  global a", "def f():\n  global a\n  nonlocal a", "def f(a):\n  global a", "class A:\n  nonlocal q", "def f():\n  a: int\n  global a", "global x\nx = 1\nprint(x)"):
        try:
            exec(compile(text, "<s>", "exec"))
        except SyntaxError as e:
            print(e, e.lineno, e.offset)
print(w)
a = b = c = []
a.append(1)
print(b, c is a)
b = [2]
print(a, b, c)
x = 1
class K:
    x = 2
    def m(self): return x
    y = x
    z = [x for _ in range(2)]
    w = (lambda: x)()
print(K().m(), K.y, K.z, K.w)
def local_class():
    x = 3
    class L:
        y = x
        x = 4
    return L.y, L.x
print(x) if False else None
try:
    print(local_class())
except NameError as e:
    print(e)
def rebinding():
    v = 0
    def up():
        nonlocal v
        v += 1
        return v
    return up(), up(), v
print(rebinding())
def star():
    try: exec("from math import *")
    except SyntaxError as e: return str(e)
    return "sqrt" in dir()
print(star())
for text in ("def f(): from math import *", "def f(x, x): pass", "def f(): __debug__ = 1", "nonlocal x", "None = 1", "lambda: (yield)"):
    try:
        compile(text, "<s>", "exec")
        print("fine")
    except SyntaxError as e:
        print(e)
ns = {"__builtins__": {}}
try:
    exec("print", ns)
except NameError as e:
    print(e)
del x
try:
    x
except NameError as e:
    print(e)
try:
    del x
except NameError as e:
    print(e)
exec("q = 1", ns)
print(sorted(ns))
