"""Locals, cells and free variables in one array."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def outer(a, b):
    x = 10

    def inner():
        return x

    return inner


closure = outer(1, 2)
for f in (outer, closure):
    c = f.__code__
    print(c.co_varnames, c.co_cellvars, c.co_freevars, c.co_nlocals, c.co_stacksize, c._varname_from_oparg(0))
    shown(f)


def arguments_in_cells(a, *args, k=1, **kw):
    def g():
        nonlocal a
        a += 1
        return args, kw
    return g, k


shown(arguments_in_cells)
print(arguments_in_cells.__code__.co_cellvars, arguments_in_cells(1)[0].__closure__[0].cell_contents)


class C:
    z = 1
    def m(self):
        return __class__, super().__repr__
    y = [w for w in range(2)]


shown(C.m)
print(C.m.__code__.co_freevars, C.m.__closure__[0].cell_contents is C, C.y)
import opcode
print(opcode.opmap["MAKE_CELL"] in opcode.hasfree, "COPY_FREE_VARS" in opcode.opmap, "LOAD_CLOSURE" in opcode.opmap)
