"""The call stack, the value stack, blocks."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import inspect, traceback


def f():
    for c in "string":
        my_global_list.append(c)


my_global_list = []
shown(f)
f()
print(my_global_list)
def chain(n):
    if n:
        return chain(n - 1)
    frame, names = sys._getframe(), []
    while frame:
        names.append((frame.f_code.co_name, frame.f_lineno, frame.f_lasti >= 0, frame.f_trace))
        frame = frame.f_back
    return names
print(chain(2))
def state():
    fr = sys._getframe()
    return sorted(a for a in dir(fr) if a.startswith("f_")), fr.f_code.co_stacksize, fr.f_lasti
print(state())
def nested_blocks():
    for i in range(3):
        try:
            while True:
                try:
                    if i == 1: break
                    if i == 2: raise KeyError(i)
                    1 / i
                except ZeroDivisionError:
                    continue_here = True
                    break
                finally:
                    print("inner finally", i)
        except KeyError as e:
            print("outer handler", e)
        else:
            print("else", i)
        finally:
            print("outer finally", i)
    else:
        print("loop else")
nested_blocks()
def returns():
    for i in range(3):
        try:
            return i
        finally:
            if i == 0: continue_ = 1
            print("finally", i)
print(returns())
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    exec("def g():\n  while 1:\n    try:\n      return 1\n    finally:\n      break\n  return 2")
print(g())
deep = "\n".join("  " * i + "for x in y:" for i in range(21)) + "\n" + "  " * 21 + "pass"
try:
    compile(deep, "<s>", "exec")
except SyntaxError as e:
    print(e)
print(compile("\n".join("  " * i + "if x:" for i in range(50)) + "\n" + "  " * 50 + "pass", "<s>", "exec").co_stacksize)
def uncaught():
    def a(): b()
    def b(): raise LookupError("from b")
    try:
        a()
    finally:
        print("unwinding", type(sys.exception()).__name__)
try:
    uncaught()
except LookupError as e:
    print([s.name for s in traceback.extract_tb(e.__traceback__)], e.__context__)
def gen():
    try:
        x = yield 1
        print("got", x)
        yield 2
    except ValueError as e:
        print("thrown", e)
        yield 3
    finally:
        print("closing")
g = gen()
print(next(g), g.send("s"), inspect.getgeneratorstate(g), g.gi_frame.f_lineno - gen.__code__.co_firstlineno)
print(g.throw(ValueError("v")), inspect.getgeneratorlocals(g))
g.close()
print(inspect.getgeneratorstate(g), g.gi_frame)
exec("frame_of_exec = __import__('sys')._getframe().f_code.co_name", ns := {})
print(ns["frame_of_exec"], eval("__import__('sys')._getframe().f_code.co_filename"), (lambda: sys._getframe().f_code.co_name)(), [sys._getframe().f_code.co_name for _ in "x"], list(sys._getframe().f_code.co_name for _ in "x"))
class B: name = sys._getframe().f_code.co_name
print(B.name)
