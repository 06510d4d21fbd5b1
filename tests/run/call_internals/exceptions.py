"""Tables of handlers, chains of exceptions, tracebacks as objects."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import traceback


def handlers(x):
    try:
        try:
            return 1 / x
        except (ZeroDivisionError, TypeError) as e:
            raise ValueError("inner") from e
        else:
            print("never")
        finally:
            print("finally", type(sys.exception()).__name__)
    except ValueError as v:
        return repr(v), repr(v.__cause__), v.__suppress_context__, v.__context__ is v.__cause__


shown(handlers)
print(handlers(0), handlers("a"), handlers(2))
def managed():
    with open("/dev/null") as f, io.StringIO() as g:
        return f.closed, g.closed
shown(managed)
def groups():
    try:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2), KeyError(3)])
    except* ValueError as e:
        print("values", e.exceptions)
    except* (TypeError, KeyError) as e:
        print("others", e.exceptions)
shown(groups)
groups()
for e in dis.Bytecode(handlers).exception_entries:
    print(e)
def a(): b()
def b(): c()
def c(): raise LookupError("deep")
try:
    a()
except LookupError as e:
    tb = e.__traceback__
    while tb:
        print(tb.tb_frame.f_code.co_name, tb.tb_lineno, tb.tb_lasti, [p for i, p in enumerate(tb.tb_frame.f_code.co_positions()) if i == tb.tb_lasti // 2])
        tb = tb.tb_next
    saved = e
print(saved.__traceback__.tb_next.tb_frame.f_back, [s.name for s in traceback.extract_tb(saved.__traceback__)])
saved.__traceback__ = None
print(traceback.format_exception(saved))
try:
    try:
        1 / 0
    except ZeroDivisionError:
        undefined
except NameError as e:
    print("".join(traceback.format_exception(e)).replace(__file__, "FILE"))
try:
    raise ValueError("x") from None
except ValueError as e:
    e.add_note("first"); e.add_note("second\nline")
    print("".join(traceback.format_exception(e)).replace(__file__, "FILE"), e.__notes__)
for bad in (lambda: (_ for _ in ()).throw(1), lambda: exec("raise 1"), lambda: exec("raise ValueError from 1"), lambda: exec("raise"), lambda: exec("try:\n 1/0\nexcept 5: pass")):
    try:
        bad()
    except BaseException as e:
        print(type(e).__name__, e)
class Weird(Exception):
    def __str__(self): raise KeyError
try:
    raise Weird
except Weird as e:
    print(traceback.format_exception_only(e))
def unbound_after():
    try: raise OSError(2, "msg", "file")
    except OSError as err: keep = err
    try: err
    except UnboundLocalError as e: print(e)
    return keep
o = unbound_after()
print(o, o.errno, o.strerror, o.filename, type(o), o.args)
print(traceback.format_list(traceback.extract_stack(sys._getframe()))[-1].replace(__file__, "FILE"))
t = types.TracebackType(None, sys._getframe(), 0, 1)
print(t.tb_lineno, t.tb_next, t.tb_frame is sys._getframe())
try:
    t.tb_next = t
except ValueError as e:
    print(e)
