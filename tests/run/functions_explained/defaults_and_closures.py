"""Defaults stored once, environments stored in cells."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def spam(x=[]):
    x.append(len(x))
    return x


print(spam(), spam(), spam.__defaults__, spam([9]), spam())
def required(x): pass
try:
    required()
except TypeError as e:
    print(e)
def kwonly(*, a, b=[]): return a, b
print(kwonly(a=1), kwonly.__kwdefaults__)
def eggs():
    y = 1
    def spam(x):
        return x + y
    print(spam(3))
    y = 10
    print(spam(3), spam.__closure__[0].cell_contents)
    return spam
s = eggs()
for f in (eggs, s):
    c = f.__code__
    print(c.co_cellvars, c.co_freevars, c.co_varnames, c.co_names)
    shown(f)


def counter():
    i = 0
    def count():
        nonlocal i
        i += 1
        return i
    return count


count, other = counter(), counter()
print(count(), count(), other(), count.__closure__[0].cell_contents, count.__code__ is other.__code__, count is other)
shown(counter)
shown(count)
for source in ("def f():\n  nonlocal q", "nonlocal q", "def f(a):\n  nonlocal a", "def f():\n  x = 1\n  global x", "def f():\n  print(x)\n  global x", "def f(x):\n  global x",
               "def g():\n  v = 1\n  def f():\n    v\n    nonlocal v"):
    try:
        compile(source, "<s>", "exec")
    except SyntaxError as e:
        print(e)
checks = [lambda n=n: n for n in range(4)]
print([c() for c in checks])
def three():
    a = b = c = 0
    x, y = 1, 2
    def mid():
        z = 3
        def inner(): return x, y, z
        return inner
    return mid
m = three()
print(m.__code__.co_freevars, m.__code__.co_cellvars, m().__code__.co_freevars, [c.cell_contents for c in m().__closure__], m()())
