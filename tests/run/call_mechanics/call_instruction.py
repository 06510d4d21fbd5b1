"""The code of a call: what is pushed, what CALL takes."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


code_string = """

def foo(a, b):
    return a + b

foo(1, 2)
"""
shown(compile(code_string, "<file>", "exec"))
for text in ("f()", "f(1)", "o.m()", "o.m(1, x=2)", "f(*a)", "f(a, *b, **c)", "f(x=1)", "f(**k)", "o.a.m(1)", "f()(2)", "f(g(h(1)))", "super().m()", "print(f'{x}')", "f(x for x in y)", "@d\ndef f(): pass", "class C(B, m=M): pass", "o[1](2)", "(a or b)(c)", "f(1, *(), 2)", "await_(x)"):
    print(text)
    shown(text)
code = compile("f(1, 2)\no.m(3)\nf(x=4)", "", "exec")
for i in dis.get_instructions(code, show_caches=True):
    print(i.opname, i.arg, i.cache_info and [(n, s) for n, s, _ in i.cache_info], dis.stack_effect(i.opcode, i.arg) if i.opcode >= dis.HAVE_ARGUMENT or i.opcode in dis.hasarg else None)
print(dis._inline_cache_entries["CALL"] if isinstance(dis._inline_cache_entries, dict) else None, dis.opmap["CALL"] in dis.hasarg)
