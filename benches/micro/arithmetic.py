"""Arithmetic on small and large integers and floats, comparisons, while loops."""
import pyperf


def small_integers():
    total = 0
    for i in range(30000):
        total = (total + i * 3 - (i >> 1)) & 0xFFFFFF
    return total


def floats():
    x = 0.5
    for _ in range(30000):
        x = x * 1.0000001 + 0.25 - x / 3.0
    return x


def large_integers():
    x = 3**200
    m = 2**607 - 1
    for _ in range(2000):
        x = (x * x + 1) % m
    return x


def counting():
    i = n = 0
    while i < 30000:
        if i % 3 == 0 or i > 29000:
            n += 1
        i += 1
    return n


runner = pyperf.Runner()
runner.bench_func("small", small_integers)
runner.bench_func("float", floats)
runner.bench_func("large", large_integers)
runner.bench_func("while", counting)
