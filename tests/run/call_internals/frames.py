"""Frames: their attributes, the chain to the callers, and what they show of variables."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def outer():
    x = 10

    def inner():
        y = 20
        frame = sys._getframe(0)
        print(frame.f_code.co_name, sorted(k for k in frame.f_locals), frame.f_lineno - frame.f_code.co_firstlineno, frame.f_lasti)
        parent = frame.f_back
        print(parent.f_code.co_name, parent.f_locals["x"], list(parent.f_locals), parent.f_back.f_code.co_name)
        f, depth = frame, 0
        while f is not None:
            print(f"  [{depth}] {f.f_code.co_qualname}:{f.f_lineno} {f.f_lasti} {f.f_trace} {f.f_trace_lines} {f.f_trace_opcodes} {f.f_generator}")
            f, depth = f.f_back, depth + 1
        return frame

    return inner()


frame = outer()
print(frame.f_back, frame.f_lineno, list(frame.f_locals))
print(re.sub("0x[0-9a-f]+", "0x", repr(frame)).replace(__file__, "FILE"))
print(type(frame.f_locals), type(frame.f_locals).__name__, frame.f_globals is globals(), frame.f_builtins is __builtins__.__dict__)
frame.clear()
print(list(frame.f_locals))
try:
    sys._getframe().clear()
except RuntimeError as e:
    print(e)
try:
    sys._getframe(100)
except ValueError as e:
    print(e)


def writes():
    a = 1
    proxy = sys._getframe().f_locals
    proxy["a"] = 2
    proxy["new"] = 3
    snapshot = locals()
    snapshot["a"] = 4
    exec("a = 5")
    print(a, proxy["new"], "new" in locals(), sorted(proxy), len(proxy), "a" in proxy, proxy.get("zz"), proxy == sys._getframe().f_locals)
    try:
        del proxy["a"]
    except ValueError as e:
        print(e)
    try:
        proxy["nothing"]
    except KeyError as e:
        print("KeyError", e)
    print(proxy | {"q": 1} == {**proxy, "q": 1}, proxy.copy() == dict(proxy), list(reversed(proxy))[0])
    return re.sub("<.*?>", "<>", repr({k: v for k, v in proxy.items() if k in "a new".split()}))


print(writes())


class Body:
    here = sys._getframe()
    z = 1
    print(here.f_locals is locals(), here.f_code.co_name, list(here.f_locals))


def gen():
    yield sys._getframe()
    yield 2


g = gen()
f = next(g)
print(f is g.gi_frame, f.f_back, f.f_generator is g, g.gi_running, g.gi_suspended, g.gi_code is gen.__code__, g.gi_yieldfrom)
list(g)
print(g.gi_frame, f.f_generator)
try:
    types.FrameType()
except TypeError as e:
    print(e)
attributes = ["f_back", "f_code", "f_globals", "f_builtins", "f_lasti", "f_generator"]
for a in attributes:
    try:
        setattr(f, a, 1)
    except (AttributeError, TypeError) as e:
        print(type(e).__name__, e)
print([a for a in dir(f) if not a.startswith("__")])
