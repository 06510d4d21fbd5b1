"""From source to tokens, tree, symbol table, code, result."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import ast, symtable, tokenize

SOURCE = """def factorial(n):
    if n <= 1:
        return 1
    return n * factorial(n - 1)
print(factorial(5), end="\\n")
"""
for t in tokenize.generate_tokens(io.StringIO(SOURCE).readline):
    print(tokenize.tok_name[t.type], tokenize.tok_name[t.exact_type], repr(t.string), t.start, t.end)
tree = ast.parse(SOURCE)
print(ast.dump(tree))
print(ast.dump(tree, indent=2, include_attributes=True)[:900])
print(ast.unparse(tree))
table = symtable.symtable(SOURCE, "f", "exec")
print([(s.get_name(), s.is_assigned(), s.is_referenced(), s.is_namespace()) for s in table.get_symbols()], [c for c in table.get_children() if c.get_type() == "function"][0].get_locals())
code = compile(tree, "<tree>", "exec")
shown(code)
exec(code)
for text in ("x = 1 + 2 * 3", "a.b[c](d, *e, f=g)", "lambda x, /, y=1, *z: (yield)", "[i async for i in j if k]", "f'{a!r:>{b}}'", "x if y else z", "not a and b or c"):
    print(ast.dump(ast.parse(text)))
print(ast.dump(ast.parse("1 + 2 * 3", mode="eval"), indent=2))
print(ast.dump(ast.parse("1 + 2 * x", optimize=1)), eval(compile(ast.fix_missing_locations(ast.Expression(ast.Constant(7))), "", "eval")))


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


print(ast.unparse(Doubler().visit(ast.parse("x = 3 + y(4)"))), [type(n).__name__ for n in ast.walk(ast.parse("a + 1"))])
for bad in ("x = = 1", "def f(:\n pass", "return 1"):
    try:
        compile(bad, "<bad>", "exec")
    except SyntaxError as e:
        print(e.msg, e.lineno, e.offset, e.end_offset, repr(e.text))
