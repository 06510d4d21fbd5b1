"""A little of many modules that programs import first."""
import argparse
import collections
import dataclasses
import enum
import functools
import io
import itertools
import json
import os.path
import re
import string
import textwrap

print(json.loads('{"a": [1, 2.5, null, true, "\\u00e9"]}'), json.dumps({"k": [1, None, "é"], "b": False}, indent=1, sort_keys=True))
print(re.findall(r"(\w+)@(\w+)\.com", "a@b.com c@d.com"), re.sub(r"(?P<x>\d+)", lambda m: str(int(m["x"]) * 2), "a1b22"), re.split(r"[,;]\s*", "a, b;c"))
print(collections.Counter("hello").most_common(2), collections.OrderedDict(a=1), collections.deque([1, 2, 3], 2), collections.defaultdict(list, a=[1]))
P = collections.namedtuple("P", "x y", defaults=[0])
print(P(1), P(1, 2)._replace(x=5), P._fields)


class Color(enum.Enum):
    RED = 1
    GREEN = enum.auto()


class Perm(enum.Flag):
    R = 4
    W = 2


print(Color.RED, Color(2), list(Color), Color["RED"].name, Perm.R | Perm.W, Perm.R in Perm(6))


@dataclasses.dataclass(order=True, frozen=True)
class Item:
    name: str
    price: float = 0.0
    tags: list = dataclasses.field(default_factory=list, compare=False)


print(Item("a", 1.5), Item("a") < Item("b"), dataclasses.asdict(Item("z", tags=[1])), dataclasses.replace(Item("q"), price=2))


@functools.lru_cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(80), fib.cache_info(), functools.reduce(lambda a, b: a * b, range(1, 6)), functools.partial(int, base=2)("101"))
print(list(itertools.chain("ab", [1])), list(itertools.islice(itertools.count(3, 2), 4)), list(itertools.product("ab", repeat=2))[:3],
      [(k, list(g)) for k, g in itertools.groupby("aabbb")], list(itertools.pairwise("abc")), list(itertools.batched("abcde", 2)))
out = io.StringIO()
print("to", "buffer", sep="-", file=out)
print(repr(out.getvalue()), io.BytesIO(b"abc\ndef").readlines())
print(os.path.join("a", "..", "b"), os.path.normpath("a/../b//c"), os.path.splitext("x.tar.gz"), os.path.basename("/p/q"))
print(textwrap.fill("the quick brown fox jumps", 12), textwrap.dedent("  a\n   b"), string.Template("$a ${b}").substitute(a=1, b=2))
parser = argparse.ArgumentParser(prog="prog")
parser.add_argument("--n", type=int, default=3, help="a number")
parser.add_argument("files", nargs="*")
print(parser.parse_args(["--n", "5", "x", "y"]))
print(parser.format_help())
