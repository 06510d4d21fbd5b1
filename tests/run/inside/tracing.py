"""sys.settrace, sys.setprofile and sys.monitoring see the events that the reference reports."""
import sys


def work(n):
    total = 0
    for i in range(n):
        total += i
    try:
        raise ValueError(total)
    except ValueError:
        return total


def gen():
    yield 1
    yield 2


def log(events):
    def trace(frame, event, arg):
        if frame.f_code.co_filename == __file__:
            shown = arg if isinstance(arg, (int, type(None))) else type(arg).__name__
            events.append((event, frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, shown))
        return trace

    return trace


events = []
sys.settrace(log(events))
work(2)
list(gen())
sys.settrace(None)
print(*events, sep="\n")

calls = []
sys.setprofile(lambda frame, event, arg: calls.append((event, getattr(arg, "__name__", frame.f_code.co_name))))
len([]); work(1)
sys.setprofile(None)
print(calls)

mon = sys.monitoring
mon.use_tool_id(3, "test")
seen = []
mon.register_callback(3, mon.events.LINE, lambda code, line: seen.append(("line", line - code.co_firstlineno)))
mon.register_callback(3, mon.events.PY_RETURN, lambda code, offset, value: seen.append(("return", value)))
mon.set_local_events(3, work.__code__, mon.events.LINE | mon.events.PY_RETURN)
work(1)
mon.set_local_events(3, work.__code__, 0)
mon.free_tool_id(3)
print(seen)
