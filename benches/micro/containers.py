"""Lists, dicts, sets and tuples: building, indexing, membership, iteration, comprehension, sorting."""
import pyperf


def lists():
    data = []
    for i in range(20000):
        data.append(i)
    total = 0
    for i in range(20000):
        total += data[i]
        data[i] = total
    while data:
        data.pop()


def dicts():
    counts = {}
    for i in range(20000):
        key = i % 500
        counts[key] = counts.get(key, 0) + 1
    names = {"n%d" % i: i for i in range(1000)}
    for name in names:
        names[name] += 1
    return [k for k, v in names.items() if v > 500]


def sets():
    a = set(range(0, 20000, 2))
    b = {i * 3 for i in range(7000)}
    n = 0
    for i in range(20000):
        if i in a and i not in b:
            n += 1
    return len(a & b) + len(a | b) + len(a - b) + n


def comprehensions():
    squares = [i * i for i in range(10000)]
    even = {i: s for i, s in enumerate(squares) if s % 2 == 0}
    return sum(x for x in squares) + len(even)


def unpack():
    pairs = [(i, i + 1) for i in range(10000)]
    total = 0
    for a, b in pairs:
        a, b = b, a
        total += a - b
    return total


def sort():
    data = [(i * 7919) % 10007 for i in range(10000)]
    a = sorted(data)
    b = sorted(data, key=lambda x: -x)
    c = sorted(map(str, data))
    return a, b, c


runner = pyperf.Runner()
for name in ("lists", "dicts", "sets", "comprehensions", "unpack", "sort"):
    runner.bench_func(name, globals()[name])
