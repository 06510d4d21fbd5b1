"""Functions, code and frames: who keeps whom alive."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import gc, weakref


def make():
    def foo(a, b):
        return sys._getframe()
    return foo


foo = make()
wf, wc = weakref.ref(foo), weakref.ref(foo.__code__)
frame = foo(1, 2)
print(frame.f_code is foo.__code__, frame.f_locals, frame.f_back)
del foo
gc.collect()
print(wf() is None, wc() is frame.f_code)
frame.clear()
del frame
print(wc() is not None)
def kept():
    big = Marker()
    raise ValueError
class Marker:
    def __del__(self): print("marker gone")
try:
    kept()
except ValueError as e:
    tb = e.__traceback__
print(tb.tb_next.tb_frame.f_code.co_name)
del tb

def recursive(n): return sys._getframe() if n == 0 else recursive(n - 1)
f = recursive(3)
depth = 0
while f: f, depth = f.f_back, depth + 1
print(depth)
def gen():
    x = Marker()
    yield sys._getframe()
g = gen()
fr = next(g)
print(fr.f_code is gen.__code__, fr.f_back, g.gi_frame is fr)
del g
gc.collect()
print(fr.f_locals.keys() == {"x"}, list(fr.f_locals))
del fr
gc.collect()
same = [recursive.__code__ is recursive.__code__, recursive(0).f_code is recursive.__code__, recursive(0) is recursive(0)]
print(same)
def over(n=0):
    try:
        return over(n + 1)
    except RecursionError as e:
        return str(e)
print(over())
sys.setrecursionlimit(200)
def depth_of(n):
    try: return depth_of(n + 1)
    except RecursionError: return n
print(150 < depth_of(0) < 200)
