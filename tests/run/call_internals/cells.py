"""Cells, closures and late binding."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


from functools import partial


def make_counter():
    count = 0

    def increment():
        nonlocal count
        count += 1
        return count

    def get():
        return count

    return increment, get


inc, get = make_counter()
shown(inc)
shown(get)
print(re.sub("0x[0-9a-f]+", "0x", repr(inc.__closure__)), inc.__closure__[0].cell_contents)
inc(), inc()
print(inc.__closure__[0].cell_contents, inc.__closure__[0] is get.__closure__[0])
cell = types.CellType(5)
print(cell.cell_contents, cell == types.CellType(5), cell < types.CellType(6), type(cell), types.CellType() == types.CellType())
empty = types.CellType()
try:
    empty.cell_contents
except ValueError as e:
    print(e, re.sub("0x[0-9a-f]+", "0x", repr(empty)))
empty.cell_contents = [1]
print(re.sub("0x[0-9a-f]+", "0x", repr(empty)))
del empty.cell_contents
inc.__closure__[0].cell_contents = 40
print(inc(), get())
late = [lambda: i for i in range(3)]
print([f() for f in late], late[0].__closure__[0] is late[2].__closure__[0])
shown(late[0])
early = [lambda i=i: i for i in range(3)]
print([f() for f in early], early[0].__closure__, early[1].__defaults__)
shown(early[0])
print([f() for f in [partial(lambda i: i, i) for i in range(3)]])


def outer():
    x, y, z = 10, 20, 30
    def inner():
        return x + y
    return inner() + z


shown(outer)
inner_code = next(c for c in outer.__code__.co_consts if hasattr(c, "co_name"))
print(inner_code.co_freevars, inner_code.co_cellvars, outer.__code__.co_cellvars)
f = types.FunctionType(inner_code, globals(), "made", None, (types.CellType(1), types.CellType(2)))
print(f(), f.__name__, f.__qualname__)
for bad in (None, (), (1, 2), (types.CellType(1),)):
    try:
        types.FunctionType(inner_code, globals(), "made", None, bad)
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
try:
    inc.__closure__ = ()
except AttributeError as e:
    print(e)
try:
    exec(inner_code)
except TypeError as e:
    print(e)
exec(inner_code, closure=(types.CellType(1), types.CellType(2)))
