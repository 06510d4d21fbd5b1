"""Sets, frozensets and tuples."""

a, b = {1, 2, 3, 4}, frozenset([3, 4, 5])
print(a & b, a | b, a - b, a ^ b, b - a, type(b & a).__name__, a <= {1, 2, 3, 4, 5}, a.isdisjoint({9}), {1} < {1})
a.discard(9); a.add(10); a.update([11], (12,)); a -= {1}
print(sorted(a), a.intersection([2, 3], [3]), len(a), 3 in a, {frozenset([1]): "f"}[frozenset([1])])
for bad in ["set().pop()", "{1}.remove(2)", "{[]}", "{1} | [2]", "frozenset().add", "hash(set())", "{1} < [1]"]:
    try:
        eval(bad)
    except Exception as e:
        print(bad, "->", type(e).__name__, e)
t = (1, "two", 3.0, (4,))
print(t + (5,), t * 2, t[1:3], t.index("two"), t.count(1), t < (2,), (), (1,), hash(t) == hash((1, "two", 3.0, (4,))))
try:
    t[0] = 1
except TypeError as e:
    print(e)
s = {i % 97 for i in range(1000)}
print(len(s), sum(s), {x for x in "hello"} == set("helo"), set("ab") == frozenset("ba"), repr(set()), repr(frozenset()))
