"""Trace functions, frames walked from a trace, profilers of our own."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import functools
from collections import defaultdict


def trace_calls(frame, event, arg):
    code = frame.f_code
    if event == "call":
        print(f"  CALL {code.co_name}:{frame.f_lineno} locals={list(frame.f_locals.items())}")
    elif event == "return":
        print(f"  RETURN from {code.co_name} -> {arg!r}")
    elif event == "exception":
        print(f"  EXCEPTION {arg[0].__name__} {arg[1]}")
    return trace_calls


def factorial(n):
    if n <= 1:
        return 1
    return n * factorial(n - 1)


sys.settrace(trace_calls)
result = factorial(4)
sys.settrace(None)
print(result, sys.gettrace())


def lines(frame, event, arg):
    print(event, frame.f_lineno - frame.f_code.co_firstlineno, arg if event != "exception" else arg[0])
    return lines


class Manager:
    def __enter__(self): return self
    def __exit__(self, *a): pass


def body():
    for i in range(2):
        try:
            if i:
                raise ValueError
        except ValueError:
            pass
        else:
            x = [j for j in range(2)]
    with Manager() as f:
        pass
    def g():
        yield 1
    list(g())


sys.settrace(lines)
body()
sys.settrace(None)


def opcodes(frame, event, arg):
    frame.f_trace_opcodes = True
    if event == "opcode":
        print(event, frame.f_lasti, dis.opname[frame.f_code.co_code[frame.f_lasti]])
    return opcodes


def small(a):
    return a + 1


sys.settrace(opcodes)
small(1)
sys.settrace(None)


def profiler(frame, event, arg):
    print(event, frame.f_code.co_name, getattr(arg, "__name__", arg))


def profiled():
    len([])
    [].append(1)
    try:
        int("x")
    except ValueError:
        return sorted([2, 1], key=lambda v: v)


sys.setprofile(profiler)
profiled()
sys.setprofile(None)


class FunctionProfiler:
    def __init__(self):
        self.counts, self.stack, self.depth = defaultdict(int), [], 0

    def profile(self, func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            self.counts[func.__qualname__] += 1
            self.stack.append(func.__qualname__)
            self.depth = max(self.depth, len(self.stack))
            try:
                return func(*args, **kwargs)
            finally:
                self.stack.pop()
        return wrapper


p = FunctionProfiler()


@p.profile
def fibonacci(n):
    return n if n <= 1 else fibonacci(n - 1) + fibonacci(n - 2)


fibonacci(12)
print(p.depth, dict(p.counts), fibonacci.__wrapped__.__name__, fibonacci.__name__)
