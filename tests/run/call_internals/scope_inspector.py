"""An inspector of scopes built on code objects."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def analyze(func):
    code = func.__code__
    print(func.__qualname__, code.co_varnames, code.co_cellvars, code.co_freevars, code.co_names)
    loads = defaultdict(set)
    for i in dis.get_instructions(func):
        if i.opname.startswith(("LOAD_", "STORE_")):
            loads[i.opname].add(i.argrepr)
    for name, found in sorted(loads.items()):
        print(f"    {name:24s}: {', '.join(sorted(re.sub('0x[0-9a-f]+', '0x', f) for f in found)).replace(__file__, 'FILE')}")
    for i, cell in enumerate(func.__closure__ or ()):
        try:
            print(f"    [{i}] {code.co_freevars[i]} = {cell.cell_contents!r}")
        except ValueError:
            print(f"    [{i}] {code.co_freevars[i]} = <empty>")
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            print(f"    {const.co_name}: {const.co_freevars} {const.co_cellvars}")


from collections import defaultdict
x_global = 100


def outer(a, b):
    x = 10
    y = 20

    def middle():
        z = x + y

        def inner():
            return z + x_global

        return inner

    return middle


analyze(outer)
mid = outer(1, 2)
analyze(mid)
analyze(mid())
import symtable
t = symtable.symtable("def f(a):\n  b = a\n  def g():\n    return b, c\n  return g\nclass K:\n  z = 1\n", "s", "exec")


def walk(t, depth=0):
    print("  " * depth, t.get_type(), t.get_name(), t.is_nested(), t.is_optimized(), [(s.get_name(), s.is_local(), s.is_free(), s.is_global(), s.is_parameter()) for s in sorted(t.get_symbols(), key=lambda s: s.get_name())])
    for child in t.get_children():
        walk(child, depth + 1)


walk(t)
