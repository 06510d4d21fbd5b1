"""Instructions that the loop does together must look like two to everybody else."""
import dis
import sys


def compare(n, text):
    out = []
    for i in range(n):
        if i < 300:
            out.append(i)
        if i == 299.0:
            out.append("float")
        if text == "a" * (i % 3):
            out.append(text)
        if not out:
            continue
        while i > 1000:
            i -= 7
        if i is None or i is not n:
            pass
    return len(out), out[-3:], i


print(compare(2000, "aa"))


def numbers():
    x = 1.5
    y = 2.25
    total = 0
    for i in range(1000):
        x = x * y - x * 1.25 + (y - x) * (x + y)
        if x > 1e10 or x < -1e10 or x != x:
            x = 0.5
        total += (i * i - 3 * i) * 5 - (i << 2) + (i >> 1) - i // 7 + i % 11
        total -= (total - 1) - (total - 2)
    return repr(x), total


print(numbers())


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name, sys._getframe(1).f_lineno - start)


def overwrite():
    for v in [Noisy("a"), Noisy("b")]:
        pass
    for v in (Noisy("c"), 1, 2):
        pass
    a, b = Noisy("d"), Noisy("e")
    for a, b in [(1, 2)]:
        pass
    return v


start = overwrite.__code__.co_firstlineno
print(overwrite())


def traced(n):
    s = 0
    for i in range(n):
        if i > 1:
            s += i
        else:
            s -= 1
    for k, v in {1: 2}.items():
        s += k
    return s


def lines(f, *args):
    seen = []

    def tracer(frame, event, arg):
        seen.append((event, frame.f_lineno - f.__code__.co_firstlineno, frame.f_lasti))
        return tracer

    for _ in range(20):
        f(*args)
    sys.settrace(tracer)
    try:
        f(*args)
    finally:
        sys.settrace(None)
    return seen


print(lines(traced, 3))


def branches(f, *args):
    tool = 3
    mon = sys.monitoring
    events = mon.events
    mon.use_tool_id(tool, "test")
    seen = []
    for name in "BRANCH_LEFT", "BRANCH_RIGHT", "JUMP":
        mon.register_callback(tool, getattr(events, name), lambda code, a, b, name=name: seen.append((name, a, b)))
    mon.set_local_events(tool, f.__code__, events.BRANCH_LEFT | events.BRANCH_RIGHT | events.JUMP)
    f(*args)
    mon.set_local_events(tool, f.__code__, 0)
    mon.free_tool_id(tool)
    return seen


print(branches(traced, 3))
print([i.opname for i in dis.get_instructions(traced, adaptive=True)])


def deep(n):
    def inner(*args, k=1, **kw):
        return args, k, kw

    return [inner(), inner(1), inner(1, 2, k=3), inner(z=n), (lambda a, b=2, c=3: (a, b, c))(1, 5)]


for _ in range(5):
    r = deep(4)
print(r)


def key_errors():
    d = {1: "one", (1, 2): "pair", "s": "text", 2.0: "two", -1: "minus"}
    found = []
    for k in (1, True, 1.0, (1, 2), "s", 2, -1, -2, None, (2, 1)):
        try:
            found.append(d[k])
        except KeyError as e:
            found.append(e.args)
    return found


for _ in range(5):
    r = key_errors()
print(r)


class Same:
    """Equal to everything of its hash; looking for it changes the dict."""

    def __init__(self, d):
        self.d = d

    def __hash__(self):
        return 7

    def __eq__(self, other):
        self.d[len(self.d) + 100] = None
        return True


d = {7: "seven"}
print(d[Same(d)], len(d))
