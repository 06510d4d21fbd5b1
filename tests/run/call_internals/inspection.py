"""What inspect finds out about functions, classes and frames."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import inspect, functools, textwrap


class Base:
    """Base doc."""
    def method(self, a: int, b: "str" = "x", *args: float, c=None, **kw) -> bool:
        """Method doc.

            indented
        """
    @classmethod
    def cm(cls, x): pass
    @staticmethod
    def sm(x, /, y): pass
    @property
    def prop(self): return 1
    @functools.cached_property
    def cached(self): return 2


class Derived(Base):
    def method(self, a, b=1): pass


for f in (Base.method, Base().method, Base.cm, Base.sm, Derived, functools.partial(Base.sm, 1), lambda *, k=[]: 0, print, len, dict.get, int, type, functools.wraps(len)(lambda: 0)):
    try:
        s = inspect.signature(f)
        print(s, {n: p.kind.name for n, p in s.parameters.items()})
    except ValueError as e:
        print(re.sub("0x[0-9a-f]+", "0x", str(e)))
print(inspect.getdoc(Derived.method), inspect.getdoc(Base.method), inspect.cleandoc("a\n    b\n      c"))
print([(a.name, a.kind, a.defining_class.__name__) for a in inspect.classify_class_attrs(Derived) if not a.name.startswith("__")])
print(inspect.getmro(Derived), inspect.getmembers(Derived, inspect.isfunction)[0][0])
for test in ("isfunction", "ismethod", "isbuiltin", "isroutine", "isclass", "ismodule", "isgeneratorfunction", "iscoroutinefunction", "isdatadescriptor", "ismethoddescriptor", "isgetsetdescriptor", "ismemberdescriptor", "isabstract", "iscode", "isframe"):
    check = getattr(inspect, test)
    print(test, [bool(check(o)) for o in (Base.method, Base().method, len, list.append, Base, sys, Base.__dict__["prop"], Base.__dict__["cm"], type.__dict__["__dict__"], Base.method.__code__, sys._getframe())])
print(inspect.getsource(Derived), inspect.getsourcelines(Base.method)[1], inspect.getsourcefile(Base).endswith("inspection.py"))
def gen(a): yield a
async def co(): pass
c = co()
g = gen(1)
print(inspect.getgeneratorstate(g), inspect.getcoroutinestate(c), inspect.getgeneratorlocals(g), inspect.iscoroutine(c), inspect.isawaitable(c), inspect.isgenerator(g))
c.close()
print(inspect.getcoroutinestate(c), inspect.getattr_static(Base(), "prop").__class__.__name__, inspect.unwrap(functools.wraps(len)(lambda: 0)) is len)
def closure_vars():
    x = 1
    def f(): return x, len, sys, nowhere
    return inspect.getclosurevars(f)
v = closure_vars()
print(v.nonlocals, v.builtins, list(v.globals), v.unbound)
print(inspect.signature(Base.method).replace(return_annotation=inspect.Signature.empty), inspect.Signature.from_callable(lambda a, b: 0).bind_partial(1))
for call in (lambda: inspect.signature(lambda a: 0).bind(), lambda: inspect.signature(lambda a: 0).bind(1, 2), lambda: inspect.signature(lambda a: 0).bind(1, b=2), lambda: inspect.Parameter("1x", inspect.Parameter.KEYWORD_ONLY), lambda: inspect.signature(5), lambda: inspect.getsource(len), lambda: inspect.getsource(type("X", (), {}))):
    try:
        call()
    except (TypeError, ValueError, OSError) as e:
        print(type(e).__name__, e)
print(inspect.get_annotations(Base.method), inspect.get_annotations(Base.method, eval_str=True), Base.method.__annotations__, Base.__annotations__)
print(textwrap.dedent(inspect.getsource(Base.sm)).splitlines()[0], inspect.indentsize("    x"), inspect.getcomments(gen), inspect.currentframe() is sys._getframe())
