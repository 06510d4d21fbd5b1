"""Code of generators, coroutines and async generators, run by hand."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def gen(n):
    for i in range(n):
        got = yield i
        if got: print("got", got)
    return "end"


def delegating():
    r = yield from gen(2)
    print("returned", r)


async def coro(x):
    return await Awaitable(x)


class Awaitable:
    def __init__(self, x): self.x = x
    def __await__(self):
        v = yield self.x
        return v * 2


async def agen():
    for i in range(2):
        yield i
        await Awaitable(i)


async def consume():
    return [x async for x in agen()]


for f in (gen, delegating, coro, Awaitable.__await__, agen, consume):
    shown(f)
    print(dis.pretty_flags(f.__code__.co_flags))
g = gen(2)
print(g.gi_code is gen.__code__, g.gi_running, g.gi_suspended, g.gi_yieldfrom, next(g), g.send("hello"))
try:
    next(g)
except StopIteration as e:
    print(e.value)
d = delegating()
print(next(d), d.gi_yieldfrom.__name__, list(d))
c = coro(5)
print(c.cr_code is coro.__code__, c.cr_await, c.cr_frame.f_code.co_name, c.cr_origin, c.send(None), type(c.cr_await).__name__)
try:
    c.send(21)
except StopIteration as e:
    print(e.value)
for again in (lambda: c.send(None), lambda: c.throw(ValueError)):
    try:
        again()
    except RuntimeError as e:
        print(e)
for bad in (lambda: iter(coro(1)), lambda: next(coro(1)), lambda: [x for x in agen()], lambda: gen(1).send(5), lambda: g.throw(1), lambda: g.throw("s")):
    try:
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bad()
    except (TypeError, ValueError, StopIteration) as e:
        print(type(e).__name__, e)
k = consume()
sent = [k.send(None)]
try:
    while True: sent.append(k.send(1))
except StopIteration as e:
    print(sent, e.value)
def closing():
    try: yield 1
    except GeneratorExit: print("exit"); raise
    finally: print("finally")
x = closing(); next(x); print(x.close(), x.gi_frame)
def stubborn():
    while True:
        try: yield
        except GeneratorExit: pass
s = stubborn(); next(s)
try:
    s.close()
except RuntimeError as e:
    print(e)
def returns_on_close():
    try: yield
    except GeneratorExit: return "closed value"
r = returns_on_close(); next(r); print(r.close())
