"""Every form of call, and the instruction that makes it."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def greet(name="you", *more, punctuation="!", **rest):
    return f"Hello, {name}{punctuation}"


class Box:
    def get(self, x=0):
        return x

    @classmethod
    def make(cls): return cls()

    @staticmethod
    def plain(a): return a


box = Box()
for f in (
    lambda: greet("World"),
    lambda: greet(name="World"),
    lambda: greet(*["World"]),
    lambda: greet(**{"name": "World"}),
    lambda: greet("a", "b", punctuation="?", other=1),
    lambda: greet(*"ab", "c", *"de", punctuation="?"),
    lambda: greet(*(), **{}, **{"k": 1}),
    lambda: box.get(1),
    lambda: box.get(x=1),
    lambda: Box.make().get(*[2]),
    lambda: Box.plain(3),
    lambda: [x for x in range(3)],
    lambda: super(Box, box).__init__(),
    lambda: print(end=""),
    lambda: (lambda y: y)(5),
):
    shown(f)
    print("=>", f() if not isinstance(f(), Box) else "box")
