"""Generators, exceptions, with statements, closures, match."""
import pyperf


def numbers(n):
    for i in range(n):
        yield i


def chained(n):
    yield from numbers(n)


def generators():
    return sum(numbers(10000)) + sum(chained(10000)) + sum(x for x in range(10000))


def quiet():
    total = 0
    for i in range(20000):
        try:
            total += i
        except ValueError:
            total = 0
    return total


def raised():
    n = 0
    for i in range(5000):
        try:
            raise ValueError(i)
        except ValueError as e:
            n += len(e.args)
    return n


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *details):
        return False


def managers():
    m = Manager()
    for _ in range(5000):
        with m:
            pass


def closures():
    def make(n):
        def add(x):
            return x + n

        return add

    add = make(3)
    total = 0
    for i in range(10000):
        total += add(i)
    return total


def matching():
    n = 0
    for value in [1, "two", (3, 4), {"five": 5}, None] * 1000:
        match value:
            case int():
                n += 1
            case str() as s if s:
                n += 2
            case (a, b):
                n += a
            case {"five": x}:
                n += x
            case _:
                n += 1
    return n


runner = pyperf.Runner()
for name in ("generators", "quiet", "raised", "managers", "closures", "matching"):
    runner.bench_func(name, globals()[name])
