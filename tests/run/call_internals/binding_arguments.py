"""How arguments find their parameters, and the texts when they do not."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import inspect


def full(a, b, /, c, d=4, *args, e, f=6, **kwargs):
    return a, b, c, d, args, e, f, kwargs


for name, p in inspect.signature(full).parameters.items():
    print(f"  {name:8s} {p.kind.name:22s} {p.kind.description:22s} {p.default!r}")
c = full.__code__
print(inspect.signature(full), c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_varnames, full.__defaults__, full.__kwdefaults__)
print(full(1, 2, 3, e=5), full(1, 2, 3, 4, 5, e=5, g=7, a=8), full(1, 2, c=3, e=5, **{"d": 9}))
for call in (
    lambda: full(), lambda: full(1, 2, 3), lambda: full(1, b=2, c=3, e=5), lambda: full(1, 2, 3, c=3, e=5), lambda: full(1, 2, 3, e=5, **{"e": 6}),
    lambda: full(*1), lambda: full(**1), lambda: full(**{1: 2}, e=1), lambda: full(1, 2, 3, *[4], **{"d": 4}, e=1),
    lambda: (lambda: 0)(1), lambda: (lambda x: 0)(), lambda: (lambda x, y: 0)(), lambda: (lambda x, y, z: 0)(), lambda: (lambda x=1: 0)(1, 2), lambda: (lambda x, y=1: 0)(1, 2, 3),
    lambda: (lambda *, k: 0)(), lambda: (lambda *, k, l: 0)(), lambda: (lambda *, k: 0)(1, k=2), lambda: (lambda *, k: 0)(kk=1), lambda: (lambda x, /: 0)(x=1), lambda: (lambda x, y, /: 0)(x=1, y=2),
    lambda: (lambda name: 0)(nme=1), lambda: 3(), lambda: None(), lambda: "x"("y"), lambda: (lambda x, *, k=1: 0)(1, 2, k=3), lambda: int.__add__(1), lambda: object(1), lambda: type("A", (), {})(1),
):
    try:
        call()
    except TypeError as e:
        print(re.sub("0x[0-9a-f]+", "0x", str(e)))
print(inspect.getcallargs(full, 1, 2, 3, e=4), inspect.getfullargspec(full))
bound = inspect.signature(full).bind(1, 2, 3, e=4)
bound.apply_defaults()
print(bound, bound.args, bound.kwargs)
print(inspect.signature(len), inspect.signature(sorted), inspect.signature(print), inspect.signature(int.__add__), inspect.signature(str.split))
