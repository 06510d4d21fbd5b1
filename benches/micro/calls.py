"""Calls: plain, with defaults and keywords, methods, instantiation, closures, recursion."""
import pyperf


def nothing():
    pass


def three(a, b, c=3):
    return a


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def shift(self, by):
        return self.x + by


def functions():
    for _ in range(10000):
        nothing()
        three(1, 2)
        three(1, b=2, c=4)


def methods():
    p = Point(1, 2)
    for i in range(10000):
        p.shift(i)
        p.shift(1)


def instances():
    for i in range(10000):
        Point(i, i)


def natives():
    data = [1, 2, 3]
    for i in range(10000):
        len(data)
        isinstance(i, int)
        abs(i)


def unpacking():
    args = (1, 2)
    words = {"c": 5}
    for _ in range(10000):
        three(*args, **words)


runner = pyperf.Runner()
runner.bench_func("functions", functions)
runner.bench_func("methods", methods)
runner.bench_func("instances", instances)
runner.bench_func("natives", natives)
runner.bench_func("unpacking", unpacking)
runner.bench_func("recursion", fib, 18)
