"""The kinds of native callables, and what they are bound to."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


for fn in [len, print, sorted, map, zip, range, int, list.append, [].append, "".join, str.join, int.__add__, (1).__add__, object.__init__,
           dict.fromkeys, dict.__dict__["fromkeys"], type.mro, int.real, type(lambda: 0).__code__, str.maketrans, sys.getsizeof, (lambda: 0).__call__]:
    print(f"  {re.sub('0x[0-9a-f]+', '0x', str(fn)):60s} {type(fn).__name__} {getattr(fn, '__self__', None).__class__.__name__} {getattr(fn, '__objclass__', None)} {getattr(fn, '__name__', None)} {getattr(fn, '__qualname__', None)} {getattr(fn, '__module__', '-')}")
for name in "len print abs sorted isinstance getattr sum max iter divmod pow round open compile exec __import__ vars dir".split():
    print(name, " ".join((getattr(__builtins__, name).__text_signature__ or "none").split()))
have = 1 << 11
for o in (len, print, int, list, dict, type, lambda: None, [].append, str.upper, object()):
    print(type(o).__name__, bool(type(o).__flags__ & have))


class MyCallable:
    def __call__(self): return "called"


print(bool(MyCallable.__flags__ & have), MyCallable()(), MyCallable().__call__(), callable(MyCallable()), callable(3))
for call, args in [(len, ()), (len, (1, 2)), (len, (1,)), (abs, ("x",)), (isinstance, (1,)), (int, ("x",)), (sorted, (1,)), ([].append, ()), (pow, (1,)),
                   ("".join, ([1],)), (max, ()), (range, ()), (ord, ("ab",)), (chr, (-1,)), (list.append, ()), (list.append, (1, 2)), (str.upper, (1,))]:
    try:
        call(*args)
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
for call, kw in [(len, {"obj": 1}), (sorted, {"iterable": []}), (int, {"x": 1}), (print, {"ende": 1}), (abs, {"x": 1}), (list, {"iterable": ()}), (pow, {"base": 2, "exp": 3, "nod": 1})]:
    try:
        call(**kw)
    except TypeError as e:
        print(e)
