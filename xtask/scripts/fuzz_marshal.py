"""Damaged marshal data, and what an interpreter makes of it. Runs on any Python 3.14.

usage: INTERP fuzz_marshal.py generate SEED COUNT FILE; INTERP fuzz_marshal.py judge FILE
"""
import marshal, random, resource, struct, sys, types

SOURCES = [
    "def f(a, /, b, *c, d=1, **e):\n    def g(): return a, b\n    return [x for x in c if x], g\n",
    "class A:\n    x: int = 1\n    def m(self): return super().m()\n",
    "try:\n    import os\nexcept (OSError, ValueError) as e:\n    print(f'{e!r:>10}', 1.5, 2j, 10**30, b'abc', 'é', ..., {1, 2})\n",
    "async def f():\n    async for x in y: yield x\nx = lambda: (1, 2, (3, 'four'))[1:2]\n",
]
VALUES = [
    None, True, ..., 0, 255, -1, 2**31, -2**63, 2**100, -2**100, 1.5, float("inf"), 1j, b"bytes", "text", "é", "\ud800", "x" * 300,
    (), (1, 2), [1, [2, [3]]], {"a": 1, 2: (3,)}, {1, 2}, frozenset("abc"), slice(1, None, 2), StopIteration, ((((()))),) * 2,
]
TAGS = b"0NFTS.iIfgxylstr([{cu<>:aA)zZ"


def damage(data, pick):
    data = bytearray(data)
    for _ in range(pick.randint(1, 4)):
        if not data:
            break
        at = pick.randrange(len(data))
        kind = pick.randrange(6)
        if kind < 2:
            data[at] = pick.randrange(256)
        elif kind == 2:
            data[at] = pick.choice(TAGS) | pick.choice((0, 128))
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            del data[at:at + pick.randrange(8)]
        else:
            data[at:at + 4] = struct.pack("<I", pick.choice((0, 1, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
    return bytes(data)


def generate(seed, count, path):
    pick = random.Random(seed)
    whole = [marshal.dumps(compile(s, "f.py", "exec"), v) for s in SOURCES for v in (2, 5)]
    for v in range(6):
        for value in VALUES:
            try:
                whole.append(marshal.dumps(value, v))
            except ValueError:
                pass
        whole.append(marshal.dumps([x for x in VALUES if not isinstance(x, slice)], v))
    with open(path, "w") as f:
        for _ in range(count):
            f.write(damage(pick.choice(whole), pick).hex() + "\n")


def shown(value, depth=0):
    if depth > 20:
        return "..."
    if isinstance(value, types.CodeType):
        return f"code({value.co_name!a}, {value.co_flags}, {value.co_code.hex()})"
    if isinstance(value, (tuple, list)):
        return type(value).__name__ + "(" + ",".join(shown(x, depth + 1) for x in value) + ")"
    if isinstance(value, dict):
        return "{" + ",".join(shown(k, depth + 1) + ":" + shown(v, depth + 1) for k, v in value.items()) + "}"
    if isinstance(value, (set, frozenset)):
        return type(value).__name__ + "{" + ",".join(sorted(shown(x, depth + 1) for x in value)) + "}"
    return ascii(value)[:200]


def judge(path):
    sys.setrecursionlimit(5000)
    # The reference makes a tuple of the length that the data claims, however large.
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    with open(path) as f:
        for line in f:
            try:
                said = shown(marshal.loads(bytes.fromhex(line)))
            except Exception as e:
                said = type(e).__name__
            print(said, flush=True)


if sys.argv[1] == "generate":
    generate(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
else:
    judge(sys.argv[2])
