"""Each thread has frames and an exception of its own; the interpreter has a list of them."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


import threading, time, traceback, queue

go, seen = threading.Event(), queue.Queue()
def worker(n):
    local = n
    seen.put(threading.get_ident())
    go.wait()
threads = [threading.Thread(target=worker, args=(i,), name=f"w{i}") for i in range(3)]
for t in threads: t.start()
idents = {seen.get() for _ in threads}
frames = sys._current_frames()
print(idents <= set(frames), len(frames), frames[threading.get_ident()] is sys._getframe())
def names(f):
    out = []
    while f: out.append(f.f_code.co_name); f = f.f_back
    return out
print({tuple(names(frames[i])[-3:]) for i in idents})
print(threading.active_count(), [t.name for t in threading.enumerate()], threading.main_thread().name)
go.set()
for t in threads: t.join()
print(threading.active_count(), [t.is_alive() for t in threads])
data = threading.local()
data.x = 1
def look(): seen.put(hasattr(data, "x"))
t = threading.Thread(target=look); t.start(); t.join()
print(seen.get(), data.x)
def failing(): raise ValueError("in thread")
caught = []
threading.excepthook = lambda a: caught.append((a.exc_type.__name__, str(a.exc_value), a.thread.name))
t = threading.Thread(target=failing, name="f"); t.start(); t.join()
print(caught)
events = []
def tracer(frame, event, arg):
    if frame.f_code is traced.__code__: events.append(event)
    return tracer
def traced(): return 1
threading.settrace(tracer)
t = threading.Thread(target=traced); t.start(); t.join()
threading.settrace(None)
print(events, sys.gettrace())
counter = 0
lock = threading.Lock()
def add():
    global counter
    for _ in range(1000):
        with lock: counter += 1
ts = [threading.Thread(target=add) for _ in range(4)]
[t.start() for t in ts]; [t.join() for t in ts]
print(counter, sys.getswitchinterval(), sys._is_gil_enabled())
import _thread
l = _thread.allocate_lock()
print(l.locked(), l.acquire(), l.locked(), l.acquire(False), l.release(), l.locked(), type(l))
try:
    l.release()
except RuntimeError as e:
    print(e)
def excs():
    try: raise KeyError
    except KeyError: seen.put(type(sys.exception()).__name__)
try:
    raise TypeError
except TypeError:
    t = threading.Thread(target=excs); t.start(); t.join()
    print(seen.get(), type(sys.exception()).__name__)
print(sys.exception(), set(sys._current_exceptions().values()) == {None})
