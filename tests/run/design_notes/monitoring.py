"""sys.monitoring, the base under tracing and profiling."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


m = sys.monitoring
E = m.events
print({n: getattr(E, n) for n in dir(E) if n.isupper()})
TOOL = 3
m.use_tool_id(TOOL, "test")
print(m.get_tool(TOOL), m.get_tool(4))
log = []
def add(name):
    def callback(code, *args):
        if name == "PY_UNWIND": args = args[1:]
        log.append((name, code.co_name, *[a if isinstance(a, (int, str)) else type(a).__name__ for a in args]))
    return callback
for name in dir(E):
    if name.isupper() and name not in ("NO_EVENTS",):
        m.register_callback(TOOL, getattr(E, name), add(name))


def target(n):
    total = 0
    for i in range(n):
        if i:
            total += len("x")
    try:
        int("bad")
    except ValueError:
        pass
    return sum(gen())


def gen():
    yield 1
    yield 2


m.set_local_events(TOOL, target.__code__, E.LINE | E.PY_START | E.PY_RETURN | E.CALL | E.JUMP | E.BRANCH_LEFT | E.BRANCH_RIGHT)
target(2)
m.set_local_events(TOOL, target.__code__, 0)
for row in log: print(row)
log.clear()
m.set_events(TOOL, E.PY_START | E.PY_YIELD | E.PY_RESUME | E.PY_RETURN | E.RAISE | E.EXCEPTION_HANDLED | E.PY_UNWIND | E.STOP_ITERATION | E.PY_THROW | E.RERAISE | E.C_RETURN & 0)
def more():
    try:
        for x in gen(): pass
        g = gen(); next(g)
        try: g.throw(KeyError)
        except KeyError: pass
        raise LookupError
    except LookupError as e:
        try: raise
        except LookupError: return 1
more()
m.set_events(TOOL, 0)
for row in log: print(row)
log.clear()
m.set_local_events(TOOL, gen.__code__, E.INSTRUCTION)
list(gen())
m.set_local_events(TOOL, gen.__code__, 0)
print([r[2] for r in log])
count = 0
def once(code, line):
    global count
    count += 1
    return m.DISABLE
m.register_callback(TOOL, E.LINE, once)
m.set_local_events(TOOL, target.__code__, E.LINE)
target(3); target(3)
print(count)
m.restart_events()
target(1)
print(count)
m.set_local_events(TOOL, target.__code__, 0)
for bad in (lambda: m.use_tool_id(TOOL, "again"), lambda: m.use_tool_id(9, "x"), lambda: m.set_events(1, 1), lambda: m.set_events(TOOL, 1 << 30), lambda: m.register_callback(TOOL, 3, None), lambda: m.set_local_events(TOOL, target.__code__, E.RAISE), lambda: m.set_events(TOOL, E.C_RAISE), lambda: m.use_tool_id(1, 5)):
    try:
        bad()
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
m.free_tool_id(TOOL)
print(m.get_tool(TOOL), m.MISSING is m.DISABLE, m.DEBUGGER_ID, m.COVERAGE_ID, m.PROFILER_ID, m.OPTIMIZER_ID)
