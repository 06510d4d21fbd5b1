"""Names, scopes, classes, generics and annotations."""


def outer(a, /, b: int, *rest: "str", key=1, **options) -> "list[int]":
    global counter
    total = 0
    counter = a

    def inner(step=key):
        nonlocal total
        total += step + b
        return lambda: (total, rest, options)

    class Local:
        seen: a
        print(a, total)
        pairs = [(a, n) for n in range(3)]

        def method(self):
            self.one = 1
            self.__two = 2
            del self.three
            return a, __class__

    value: int = 4
    (spare): int = 3
    Local.field: int
    rest[1:2, 3]: int
    return lambda q=a, *, r=3: (yield q)


class Shape[T: int, *Ts = *tuple[int], **P = [int]](Base, Other[T], metaclass=Meta):
    """A generic class."""

    def area[U: (int, str) = int](self, x: T, *args: *Ts, y: U = 3, **kw: P.kwargs) -> U:
        keep = [x for x in y if (z := x)]
        return super().area(x)

    type Alias[V] = dict[V, T]
    type Same = Alias
    x: int = 3
    if x:
        y: str
        __z: "abc"

    class __Private[__Q]:
        __a: __Q

        def m(self, *, __k=3):
            self.__a = 3
            self.b = 4


type Plain = int
module_level: int = 0
if counter:
    conditional: str
for looping in range(3):
    other: int


@decorate
@with_args(1, *a, k=v, **kw)
async def decorated[T](x: T) -> T:
    import a.b.c as d, e.f, g
    from . import x as y, z
    from .pkg.mod import one, two as deux
    return await x


import one.two.three
