# run: gc-eager
"""Closures, cells shared between functions, nonlocal, late binding in loops."""


def counter(start):
    n = start

    def up(by=1):
        nonlocal n
        n += by
        return n

    def peek():
        return n

    return up, peek


up, peek = counter(10)
print(up(), up(5), peek())
print([f() for f in [lambda: i for i in range(3)]])
print([f() for f in [lambda i=i: i for i in range(3)]])
print(up.__closure__[0] is peek.__closure__[0] or up.__closure__[0].cell_contents)
print(up.__code__.co_freevars, counter.__code__.co_cellvars)


def unbound():
    def inner():
        return later

    try:
        inner()
    except NameError as e:
        print(type(e).__name__, e)
    later = 1
    return inner()


print(unbound())
