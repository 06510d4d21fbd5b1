"""Samples of looking into a program: bytecode, trees, frames."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import ast, inspect, traceback


def debug_bytecode():
    def sample(x, y):
        return x + y * 2
    shown(sample)
    code = sample.__code__
    print(code.co_names, code.co_varnames, code.co_consts, code.co_code)
    print(dis.Bytecode(sample).info().split("\n")[0], [i.opname for i in dis.Bytecode(sample)])


def debug_ast():
    print(ast.dump(ast.parse("x = 1 + 2 * 3"), indent=2))


def debug_frames():
    frame = inspect.currentframe()
    print(frame.f_code.co_name, [*frame.f_locals], frame.f_back.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno)
    for info in inspect.stack()[:2]:
        print(info.function, info.lineno, info.code_context, info.index, info.positions)
    print(inspect.getframeinfo(frame, context=3))
    print(inspect.getargvalues(frame))


debug_bytecode()
debug_ast()
try:
    exec("debug_frames()", {"debug_frames": lambda: None})
    _file = __file__
    out = io.StringIO()
    real, sys.stdout = sys.stdout, out
    debug_frames()
finally:
    sys.stdout = real
print(re.sub("0x[0-9a-f]+", "0x", out.getvalue()).replace(__file__, "FILE"))


def deep(n):
    if n == 0:
        raise ValueError("bottom")
    deep(n - 1)


try:
    deep(8)
except ValueError as e:
    text = "".join(traceback.format_exception(e)).replace(__file__, "FILE")
    print(text)
    tb = e.__traceback__
    lines = []
    while tb:
        lines.append((tb.tb_lineno, tb.tb_lasti, tb.tb_frame.f_code.co_name))
        tb = tb.tb_next
    print(lines)
    print(traceback.extract_tb(e.__traceback__)[-1].line, traceback.extract_tb(e.__traceback__)[-1].colno)
print(inspect.getsource(deep), inspect.getsourcelines(debug_ast)[1], inspect.isfunction(deep), inspect.signature(deep), inspect.getmodule(deep) is sys.modules["__main__"])
print(inspect.getmembers(deep.__code__, lambda v: isinstance(v, int) and not isinstance(v, bool)))
print(inspect.classify_class_attrs(type("T", (), {"a": 1, "f": lambda s: 0, "p": property(lambda s: 1)}))[-5:][0].kind)
