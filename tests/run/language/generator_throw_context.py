# An exception thrown into a generator keeps the context that it has.
def gen(e):
    try:
        yield
    finally:
        raise e


def chain(e):
    out = []
    while e is not None and len(out) < 8:
        out.append(str(e))
        e = e.__context__
    return out


first, second, third, fourth = (Exception(n) for n in ("first", "second", "third", "fourth"))
try:
    raise first
except Exception as caught:
    current = caught
    for e in (second, third, fourth):
        g = gen(e)
        next(g)
        try:
            g.throw(current)
        except Exception as new:
            current = new
        print(chain(current))


# A borrowed slot is no slot of the other class, however often it is asked for.
class Owner:
    __slots__ = ("slot",)


class Sneaky:
    borrowed = Owner.slot


def load(o):
    return o.borrowed


def store(o):
    o.borrowed = 1


for f in (load, store):
    for _ in range(60):
        try:
            f(Sneaky())
        except TypeError as e:
            text = str(e)
    print(text)


class Everything:
    def __getattribute__(self, name):
        return name


def get(o):
    return o.a


print({get(Everything()) for _ in range(60)})
