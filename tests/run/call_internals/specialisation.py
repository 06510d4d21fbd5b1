"""What dis shows of code that has run: the specialised forms."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


class Point:
    __slots__ = ("x",)
    def __init__(self, x): self.x = x


class Plain:
    kind = "class attribute"
    def __init__(self): self.y = 1
    def method(self): return self.y
    @property
    def prop(self): return self.y
    def __getitem__(self, i): return i


def add(a, b): return a + b


def call_len_many_times():
    data = [1, 2, 3]
    for _ in range(100):
        len(data)


def calls(p, s, l, o):
    for i in range(60):
        int(i); str(i); tuple(l); type(i); isinstance(i, int); print(end=""); abs(i); max(i, 3); l.append(i); s.upper()
        s.startswith("a"); add(i, i); add(b=i, a=i); p.x; o.y; o.kind; o.method(); o.prop; o[i]; Plain(); sorted(l, key=None)
        [].append(1); min([1], default=1); getattr(o, "y"); len(s); s.split(","); o.y = i; p.x = i


def operators(l, d, t, s):
    for i in range(60):
        i + 1; i - 1; i * 2; 1.5 + i; 1.5 * 2.5; s + "x"; s += ""; l[0]; d["k"]; t[0]; s[0]; l[0] = i; d["k"] = i; l[0:2]
        i < 5; s == "x"; 1.5 < 2.5; i in d; i in {1, 2}; a, b = t; bool(i); not l; not s; not None
        for c in l[:2]: pass
        for c in t: pass
        if i is None: pass
        if l: pass


def generators():
    def g():
        for i in range(60): yield i
    def h():
        r = yield from g()
    for x in h(): pass
    return g, h


call_len_many_times()
shown(call_len_many_times, adaptive=True)
calls(Point(1), "a,b", [1], Plain())
operators([1, 2], {"k": 1}, (1, 2), "x")
for f in (calls, operators, add, Plain.method, *generators()):
    print(f.__name__)
    for i in dis.get_instructions(f, adaptive=True):
        print("   ", i.offset, i.opname, i.argrepr)
x_module_level = 100


def uses_globals():
    return x_module_level, len, print


shown(uses_globals)
for _ in range(100):
    uses_globals()
shown(uses_globals, adaptive=True)
shown(uses_globals, show_caches=True)
