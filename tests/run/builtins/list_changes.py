"""Lists that change in place, with contents that watch."""


class Watch:
    def __init__(self, name, target):
        self.name, self.target = name, target

    def __repr__(self):
        return self.name

    def __del__(self):
        print("del", self.name, len(self.target), [x for x in self.target if isinstance(x, int)][:4])


target = []
for n in (1, 3, 16, 17, 40):
    target[:] = range(n)
    target[1:2] = [Watch(f"w{n}", target)]
    target[0:2] = (10, 20, 30)
    target[2:2] = target
    target[1:3] = []
    target[5:] = target[:5]
    print(len(target), target[:12], target[-3:])

for n in (1, 2, 15, 16, 17, 18, 33):
    l = list(range(n))
    seen = []
    while l:
        seen.append(l.pop(len(l) // 2))
        if len(l) % 3 == 1:
            l.insert(len(l) // 3, -len(l))
            l.insert(0, len(l))
            del l[len(l) // 2]
            del l[0]
            if len(seen) > 60:
                break
    print(n, seen[:20], l[:5])

sizes = []
l = []
for i in range(40):
    l.append(i)
    sizes.append(l.__sizeof__() - [].__sizeof__())
for i in range(38):
    l.pop(i % 2)
    sizes.append(l.__sizeof__() - [].__sizeof__())
print(sizes)
print([[1, 2, 3][a:b] for a in (None, -5, -2, 0, 1, 9) for b in (None, -9, -1, 0, 2, 7)])
print([(1, 2, 3)[a:b] for a in (None, -5, -2, 0, 1, 9) for b in (None, -9, -1, 0, 2, 7)])
print(["abc"[a:b] for a in (None, -5, -2, 0, 1, 9) for b in (None, -9, -1, 0, 2, 7)])
print([1, 2, 3][: 10**30], [1, 2, 3][-(10**30) :], "abc"[True:], [5, 6][False:True])

pieces = ["", "a", "bc", "def", "ghij", "klmno", "pqrstu", "vwxyz01", "23456789", "long enough to be copied"]
for sep in ("", ",", "; ", "--é--", "\u1234", "\U00012345"):
    print(ascii(sep.join(pieces)), ascii(sep.join(pieces[:1])), ascii(sep.join(tuple(pieces[1:2]))), ascii(sep.join([])))
print(ascii(",".join(["a", "é", "\u1234", "\U00012345"])))
for bad in (["a", 1], ["a", b"b", "c"], (None,)):
    try:
        print(",".join(bad))
    except TypeError as e:
        print(e)
print(f"{1}{'x'}{2.5!r}-{'é'}{'':>3}{None}", f"{1}{2}{3}{4}{5}{6}{7}{8}{9}{10}{11}{12}{13}{14}{15}{16}{17}{18}")

print(min(3, 1, 2), max([3, 1.5, 4]), min("b", "a"), max((1, 2), (1, 3)), min([], default=7), max(1, True), min(True, 1))
nan = float("nan")
print(min(nan, 1), min(1, nan), max(nan, 1), max(1, nan), nan in [nan], nan == nan, [nan] == [nan])
try:
    max(1, "a")
except TypeError as e:
    print(e)


class Shrinks:
    def __init__(self, l):
        self.l = l

    def __eq__(self, other):
        self.l.clear()
        return False


l = [1, 2]
l[:] = [Shrinks(l), 3, 4]
print(5 in l, l)
