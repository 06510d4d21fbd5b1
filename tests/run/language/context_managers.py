"""with: order of exit, suppression, several managers, contextlib."""
from contextlib import ExitStack, contextmanager, suppress


class M:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    def __enter__(self):
        print("enter", self.name)
        return self.name

    def __exit__(self, t, v, tb):
        print("exit", self.name, t.__name__ if t else None, v)
        return self.swallow


with M("a") as a, M("b", True) as b:
    print(a, b)
    raise KeyError("inside")
with (M("c") as c, M("d")):
    print("body")


def early():
    for i in range(3):
        with M(f"loop{i}"):
            if i == 0:
                continue
            if i == 1:
                return i


print(early())


@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    except ValueError as e:
        print("caught", e)
    finally:
        print(f"</{name}>")


with tag("p") as p:
    print(p)
    raise ValueError("v")
with ExitStack() as stack:
    names = [stack.enter_context(M(n)) for n in "xy"]
    stack.callback(print, "callback")
with suppress(ZeroDivisionError):
    1 / 0
try:
    with M("outer"):
        with M("inner"):
            raise ValueError("first")
except ValueError as e:
    print("out", e, e.__context__)
try:
    with 5:
        pass
except TypeError as e:
    print(e)
