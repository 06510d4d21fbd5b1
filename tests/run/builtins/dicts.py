# run: gc-eager
"""Dicts keep insertion order, merge, resize, and complain when they change under iteration."""

d = {}
for i in range(1000):
    d["k%d" % (i * 7919 % 1000)] = i
print(len(d), list(d)[:3], d["k0"])
for i in range(0, 1000, 2):
    del d["k%d" % i]
print(len(d), next(iter(d)), "k1" in d, "k2" in d)
print({"a": 1} | {"b": 2, "a": 3}, {**{"x": 1}, "y": 2})
print(dict(a=1, b=2) == {"b": 2, "a": 1}, {1: "int", 1.0: "float", True: "bool"})
print(d.setdefault("new", []), d.pop("new"), d.pop("gone", None), dict.fromkeys("abc", 0))
small = {1: 1, 2: 2}
try:
    for key in small:
        small[key + 10] = key
except RuntimeError as e:
    print(e)
try:
    {}[[]]
except TypeError as e:
    print(e)
try:
    {}["missing"]
except KeyError as e:
    print(repr(e))
print(list(reversed({"a": 1, "b": 2}.items())), {"a": 1}.keys() & {"a", "c"})
