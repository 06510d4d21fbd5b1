"""Code objects by hand: bytes, constants, names, flags, lines."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import opcode


def return42(): return 42


code = return42.__code__
print(code.co_code, code.co_consts, [opcode.opname[b] for b in code.co_code[::2]], code.co_code[3])
shown(return42)
out = io.StringIO()
dis.show_code(return42, file=out)
print(out.getvalue().replace(__file__, "FILE"))
def return1000(): return 1000
print(return1000.__code__.co_consts, dis.code_info(return1000).replace(__file__, "FILE"))
for text in ("a = 1", "a = [1,2,3]", "a=(1,2,3)", "[1,2,3]", "a=(1,2,3,[4,5,6])", "a = {1, 2, 3}", "a in (1, 2)", "a = 'x', b'y', 1.5, 2j, None, True, ...", "a = 1, 1.0, True", "a = 0.0, -0.0", "x = frozenset"):
    c = compile(text, "<s>", "exec")
    print(text, c.co_consts, c.co_names, c.co_stacksize, c.co_name, c.co_filename, c.co_firstlineno)
def rich(a, b=1, /, c=2, *args, d, e=3, **kw):
    "doc"
    x = y = 1
    def inner(): return x, foo.bar
    return inner
c = rich.__code__
print(c.co_varnames, c.co_cellvars, c.co_freevars, c.co_names, c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_nlocals, hex(c.co_flags), c.co_consts[0])
class Block:
    def m(self): return __class__
body = next(k for k in compile("class B:\n  def m(self): pass", "", "exec").co_consts if hasattr(k, "co_name"))
print(body.co_name, body.co_flags, body.co_argcount, body.co_names, [k.co_qualname for k in body.co_consts if hasattr(k, "co_qualname")])
src = """
x = (1 +
     y)
def f():

    return [i
            for i in z]

while a: b; c
"""
c = compile(src, "<s>", "exec")
print(list(c.co_lines()), list(dis.findlinestarts(c)), [p for p in c.co_positions()][:8])
print(c.co_linetable.hex(), c.co_exceptiontable, list(c.co_branches()))
t = compile("try:\n  a\nexcept B:\n  c\nfinally:\n  d", "<s>", "exec")
print(t.co_exceptiontable.hex())
shown(t)
print(hash(c) == hash(compile(src, "<s>", "exec")), c == compile(src, "<s>", "exec"), c == compile(src, "<t>", "exec"), c != 1, {c: 1}[compile(src, "<s>", "exec")])
try:
    c.co_consts[0] = 1
except TypeError as e:
    print(e)
print(re.sub("0x[0-9a-f]+", "0x", repr(c)), sorted(n for n in dir(c) if n.startswith("co_")), [opcode.opname[i] for i in (0, 1, 2, 28, 128)], len(opcode.opmap), opcode.HAVE_ARGUMENT, opcode.EXTENDED_ARG, opcode.cmp_op)
print(eval(c.replace(co_code=compile("7", "", "eval").co_code, co_consts=(7,), co_exceptiontable=b"", co_stacksize=1)))
import __future__
f = compile("x: y", "<s>", "exec", flags=__future__.annotations.compiler_flag)
print(f.co_flags & __future__.annotations.compiler_flag != 0, __future__.all_feature_names)
