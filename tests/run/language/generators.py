# run: gc-eager
"""Generators: send, throw, close, yield from, return values, expressions."""


def echo():
    got = None
    while True:
        try:
            got = yield got
        except ValueError as e:
            got = "caught %s" % e
        except GeneratorExit:
            print("closing")
            raise


g = echo()
print(next(g), g.send(1), g.send("x"), g.throw(ValueError("v")))
g.close()


def inner():
    x = yield 1
    y = yield x
    return x + y


def outer():
    total = yield from inner()
    yield "total", total


g = outer()
print(next(g), g.send(10), g.send(32))
print(list(x * y for x in range(3) for y in range(x)))


def fails():
    yield 1
    raise StopIteration


try:
    list(fails())
except RuntimeError as e:
    print(repr(e), repr(e.__cause__))
