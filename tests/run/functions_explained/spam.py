"""A definition and a call, taken apart: code, function, frame."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def outer():
    def spam(x):
        return x + 1
    spam(3)


shown(outer)
body = next(c for c in outer.__code__.co_consts if isinstance(c, types.CodeType))
print(body.co_consts, body.co_argcount, body.co_varnames, body.co_name, body.co_qualname, outer.__code__.co_varnames, outer.__code__.co_names)
print(body.co_code, body.co_code.hex(" "))
print([(dis.opname[op], arg) for op, arg in zip(body.co_code[::2], body.co_code[1::2])])
def spam(x): return x + 1
print(spam(x=3), spam(3), spam.__code__.co_code == body.co_code)
c = spam.__code__
consts = tuple(2 if const == 1 else const for const in c.co_consts)
print(consts)
def plus_thousand(x): return x + 1000
c = plus_thousand.__code__
nc = types.CodeType(c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_nlocals, c.co_stacksize, c.co_flags, c.co_code,
                    tuple(2000 if k == 1000 else k for k in c.co_consts), c.co_names, c.co_varnames, c.co_filename, c.co_name, c.co_qualname,
                    c.co_firstlineno, c.co_linetable, c.co_exceptiontable, c.co_freevars, c.co_cellvars)
f = types.FunctionType(nc, globals(), "made", (5,), None)
print(f(1), f(), f.__name__, f.__defaults__, nc == c, nc.co_consts)
for args in ((), (1,), (nc,), (nc, 1), (nc, {}, 1), (nc, {}, "n", 1), (nc, {}, "n", (), 1)):
    try:
        print(type(types.FunctionType(*args)).__name__)
    except TypeError as e:
        print(e)
try:
    types.CodeType(1)
except TypeError as e:
    print(e)
exec(compile("a = 1\nb = a + 1", "<s>", "exec"), ns := {})
print(ns["b"], exec("x = 2"), eval(compile("1 + 1", "", "eval")), exec(outer.__code__))
print(types.FunctionType.__doc__ is not None, types.CodeType.__doc__ is not None)
print(dis.dis.__module__, opcode.opname[body.co_code[0]] if (opcode := __import__("opcode")) else 0)
shown("def spam(x=0): pass")
shown("def spam(x, *, k=1): pass")
shown("def eggs():\n  y = 1\n  def spam(x, d=(1,), *, k=2) -> int: return x + y\n  return spam")
big = compile("(" + ",".join(f"x{i}" for i in range(300)) + ")", "", "eval")
print([i for i in dis.get_instructions(big) if i.opname == "EXTENDED_ARG"][:1], len(big.co_names), sum(i.opname == "EXTENDED_ARG" for i in dis.get_instructions(big)))
print(len(list(dis.get_instructions(big))), big.co_stacksize)
