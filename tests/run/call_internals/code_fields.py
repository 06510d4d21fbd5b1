"""The fields of code objects, walked through by hand and by dis."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def example():
    len([1, 2, 3])
    print("hello", end="")
    sorted([3, 1, 2])
    "hello".upper()
    return max(1, 2, 3)


code = example.__code__
shown(example)
print(code.co_consts, code.co_names, code.co_stacksize, code.co_nlocals, code.co_flags, code.co_code.hex())
for i in dis.get_instructions(example):
    if "CALL" in i.opname or "LOAD" in i.opname:
        print(f"  offset={i.offset:3d} {i.opname:<25s} {i.argrepr} {i.arg} {i.positions} {i.start_offset} {i.cache_offset} {i.end_offset}")
print(code.co_code == code._co_code_adaptive, list(code.co_lines()))
for flag, name in dis.COMPILER_FLAG_NAMES.items():
    if code.co_flags & flag:
        print(name)


def gen(): yield 1
async def coro(): pass
async def agen(): yield 1
def nested():
    def inner(*a, **k): "doc"
    return inner
for f in (gen, coro, agen, nested(), lambda a, /, b, *, c: 0):
    c = f.__code__
    print(hex(c.co_flags), dis.pretty_flags(c.co_flags), c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_varnames)
print(dis.code_info(example).replace(__file__, "FILE"))
print(repr(code).split(" at ")[0], hash(code) == hash(example.__code__), code == example.__code__, code.replace(co_name="x") == code)
for name in ("co_lnotab", "co_code", "co_nothing"):
    try:
        import warnings
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            print(name, type(getattr(code, name)).__name__, [str(x.message) for x in w])
    except AttributeError as e:
        print(e)
try:
    code.co_name = "y"
except AttributeError as e:
    print(e)
try:
    code.replace(co_nonsense=1)
except TypeError as e:
    print(e)
