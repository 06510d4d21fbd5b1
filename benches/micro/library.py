"""Parts of the library with native halves: re, json, struct, itertools, collections, pickle."""
import collections
import itertools
import json
import pickle
import re
import struct
import pyperf

TEXT = "name=alpha; size=42; when=2024-01-31; flags=a|b|c\n" * 300
DATA = {"rows": [{"id": i, "name": "row %d" % i, "tags": ["a", "b"], "ratio": i / 7} for i in range(300)]}
JSON = json.dumps(DATA)
PICKLE = pickle.dumps(DATA)


def regular_expressions():
    found = re.findall(r"(\w+)=([^;\n]*)", TEXT)
    dates = [m.group(2) for m in re.finditer(r"(\d+)-(\d\d)-(\d\d)", TEXT)]
    return len(found) + len(dates) + len(re.sub(r"\s+", " ", TEXT))


def json_dump():
    return json.dumps(DATA)


def json_load():
    return json.loads(JSON)


def pickle_both():
    return pickle.loads(pickle.dumps(pickle.loads(PICKLE)))


def iterators():
    pairs = itertools.combinations(range(60), 2)
    groups = itertools.groupby(sorted(a % 7 for a, _ in pairs))
    return [(k, sum(1 for _ in g)) for k, g in groups]


def collect():
    counts = collections.Counter(TEXT)
    d = collections.deque(maxlen=100)
    dd = collections.defaultdict(list)
    for i in range(5000):
        d.append(i)
        dd[i % 10].append(i)
    return counts.most_common(3), len(d), len(dd)


def structs():
    packed = [struct.pack("<IHd", i, i & 0xFFFF, i * 0.5) for i in range(3000)]
    return sum(struct.unpack("<IHd", p)[0] for p in packed)


runner = pyperf.Runner()
for name in ("regular_expressions", "json_dump", "json_load", "pickle_both", "iterators", "collect", "structs"):
    runner.bench_func(name, globals()[name])
