# run: gc-eager
"""Lists: methods, slices with steps, sorting, errors, changes while iterating."""

x = list(range(10))
print(x[::2], x[::-3], x[8:2:-2], x[-3:], x[20:], x[:-20:-1])
x[::2] = "abcde"
del x[1::3]
print(x)
x[2:4] = []
x.insert(-1, "i"); x.extend("zz"); x.remove("z")
print(x, x.index("z"), x.count("c"), x.pop(), x.pop(0), x)
people = [("b", 2), ("a", 2), ("c", 1), ("a", 1)]
print(sorted(people), sorted(people, key=lambda p: p[1]), sorted(people, key=lambda p: p[0], reverse=True))
print([1, 2] < [1, 3], [1] * 3 + [2], [[]] * 2 == [[], []], 3 in [1, 2, 3], [1, [2, [3]]] == [1, [2, [3]]])
nested = [1]
nested.append(nested)
print(nested, len(nested[1]))
for bad in ["[][0]", "[1].pop(5)", "[].remove(1)", "[1].index(2)", "[1, 'a'].sort()", "[1][::0]", "[1]['a']", "[1] + (2,)", "[1]*'a'"]:
    try:
        eval(bad)
    except Exception as e:
        print(bad, "->", type(e).__name__, e)
y = [3, 1, 2]
try:
    y.sort(key=lambda v: y.append(v) or v)
except ValueError as e:
    print(e)
z = []
for i in (w := [1, 2, 3]):
    if len(w) < 6:
        w.append(i * 10)
    z.append(i)
print(z, list(reversed(z)), any([0, "", 3]), all([]), sum([[1], [2]], []), max(z), min(z, key=lambda v: -v))
big = [(i * 7919) % 1009 for i in range(2000)]
print(sorted(big) == sorted(big, reverse=True)[::-1], sorted(big)[:5], list(zip("ab", [1, 2, 3])), list(enumerate("ab", 5)))
