"""Attributes of functions; making them by hand; surgery on their code."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def example(a, b=10, *args, key="default", **kwargs):
    """A docstring."""
    x = 42
    return a + b


for n in ("__name__", "__qualname__", "__module__", "__defaults__", "__kwdefaults__", "__closure__", "__annotations__", "__dict__", "__doc__",
          "__type_params__", "__builtins__", "__annotate__"):
    v = getattr(example, n)
    print(n, "builtins" if n == "__builtins__" else repr(v))
shown("""
def simple():
    pass
def with_defaults(a, b=10):
    pass
def with_closure():
    x = 10
    def inner():
        return x
    return inner
def with_annotations(a: int, b: str = "hi") -> bool:
    pass
def kw(*, k=1, l=[]): pass
@simple
def generic[T](x: T = 1) -> T: pass
async def co(): await x
""")


def original(x):
    return x + 1000


new_code = original.__code__.replace(co_consts=tuple(100 if c == 1000 else c for c in original.__code__.co_consts))
modified = types.FunctionType(new_code, original.__globals__, "modified")
print(original(5), modified(5), original.__code__.co_consts, new_code.co_consts, modified.__name__)
original.__code__ = (lambda x: x * 2).__code__
print(original(5), original.__name__, original.__code__.co_name)
for bad in (1, outer := (lambda y: lambda: y)(1).__code__):
    try:
        original.__code__ = bad
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
original.__defaults__ = (7,)
print(original())
del original.__defaults__
try:
    original()
except TypeError as e:
    print(e)
original.__kwdefaults__ = {"zz": 1}
original.extra = [1]
print(original.__kwdefaults__, original.__dict__, vars(original))
for name, value in [("__name__", 1), ("__qualname__", None), ("__defaults__", []), ("__kwdefaults__", 1), ("__dict__", 1), ("__annotations__", 2), ("__globals__", {}), ("__type_params__", 1)]:
    try:
        setattr(original, name, value)
        print(name, "set")
    except (TypeError, AttributeError) as e:
        print(type(e).__name__, e)


def mutable(x=[]):
    x.append(1)
    return x


mutable(), mutable()
print(mutable.__defaults__, mutable())


class K:
    def method(self): return self
    def __call__(self): return 1


k = K()
m = k.method
print(type(m), m.__self__ is k, m.__func__ is K.method, m == k.method, m is k.method, K.method(k) is k, m.__name__, m.__qualname__)
print(re.sub("0x[0-9a-f]+", "0x", repr(m)), types.MethodType(len, "abc")())
print(re.sub("0x[0-9a-f]+", "0x", repr(example.__call__)), re.sub("0x[0-9a-f]+", "0x", repr(example.__call__.__call__)), re.sub("0x[0-9a-f]+", "0x", repr(min.__call__)))
print(type(example.__get__(3)).__name__, example.__get__(3).__self__)
