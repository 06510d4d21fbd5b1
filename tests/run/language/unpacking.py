"""Assignment targets, starred unpacking, argument binding, walrus, del, global, loops with else."""

a, (b, *c), d = 1, "xyz", 4
print(a, b, c, d)
*init, last = range(4)
first, *_, = "q"
print(init, last, first, _)
x = y = [0] * 3
x[1:2] = [7, 8]
x[0], x[-1] = x[-1], x[0]
print(x is y, x)
for expr in ["a, b = 1", "a, b = 1, 2, 3", "a, *b = ()", "a, b, c = 'ab'", "a, b = {1}"]:
    try:
        exec(expr)
    except (TypeError, ValueError) as e:
        print(expr, "->", type(e).__name__, e)


def f(a, /, b, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, kw


print(f(1, 2, d=4), f(1, b=2, d=4, z=9), f(1, 2, 3, 4, 5, d=6, e=7), f(*"ab", **{"d": 1, "a": 2}))
for call in ["f()", "f(1)", "f(1, 2)", "f(a=1, b=2, d=3)", "f(1, 2, d=4, **{'d': 5})", "f(1, 2, b=3, d=4)",
             "(lambda: 0)(1)", "(lambda x: 0)()", "(lambda *, k: 0)(j=1)", "f(*5)", "f(**5)"]:
    try:
        eval(call)
    except TypeError as e:
        print(call, "->", e)


def changed(new):
    global counter
    counter = new
    del counter
    counter = new + 1


changed(3)
print(counter)
if (n := len("walrus")) > 5:
    print(n, [y := 1, y + 1], {k: (v := k * 2) for k in range(3)}, v)
for i in range(5):
    if i == 3:
        break
else:
    print("never")
while n > 4:
    n -= 1
else:
    print("else", n)


def deleted():
    local = 1
    del local
    return local


try:
    deleted()
except UnboundLocalError as e:
    print(e)
print([*range(3), *"ab"], {*[1], *[2, 1]}, {**{"a": 1}, "b": 2}, (*(), 1), [[i, j] for i in range(3) if i for j in "ab"])
data = {"k": [1, {"deep": (2, 3)}]}
data["k"][1]["deep"] += (4,)
print(data, [lambda: i for i in range(3)][0](), (lambda a, b=lambda: 9: b())(1))
