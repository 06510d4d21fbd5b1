"""What locals() and exec can and cannot do with variables of functions."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def f(a):
    b = 2
    d = locals()
    b = 3
    d["b"] = 99
    d["new"] = 1
    exec("b = 100; e = 5")
    exec("c = a + b", globals(), d)
    return b, d, locals() is locals(), "e" in locals()


print(f(1))
x = 1
locals()["x"] = 2
print(x, locals() is globals(), vars() is globals())
class K:
    y = 1
    locals()["y"] = 2
    exec("z = 3")
    print(locals() is vars(), y, z)
print(K.y, K.z)
def g():
    exec("q = 1")
    try:
        return q
    except NameError as e:
        return str(e)
print(g())
def h():
    names = {}
    exec("q = 1", globals(), names)
    return names, eval("q + 1", {}, names), eval("lambda: 3")()
print(h())
def comprehension(n):
    return [sorted(locals()) for i in range(1)], [i for i in range(n)], sorted(locals())
print(comprehension(2))
def gen(): yield sorted(locals()); z = 1; yield sorted(locals())
print(list(gen()))
def proxy():
    v = 1
    p = sys._getframe().f_locals
    p["v"] = 5
    p.update({"w": 2})
    return v, p["w"], sorted(p)
print(proxy())
def mins(*, min=min): return min(3, 1)
print(mins(), mins.__kwdefaults__["min"] is min)
shown(mins)
