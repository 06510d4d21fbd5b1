def loops(items, limit):
    for item in items:
        if item:
            continue
        elif not limit and (item or items) and 0 < item <= limit < 9:
            break
    else:
        return 1
    while True:
        try:
            with open(item) as f, lock:
                for line in f:
                    if line:
                        return line
                    continue
        except (OSError, ValueError) as e:
            print(e)
        except Exception:
            raise RuntimeError from None
        else:
            limit -= 1
        finally:
            items.close()
        while limit:
            limit -= 1
            if limit == 3: break
            continue
        else: pass
    assert items, "never"


def groups():
    try:
        x = yield 3
        yield from x
    except* (A, B) as e:
        raise
    except* C:
        pass
    else:
        print(1)
    finally:
        for y in x:
            if y: break


async def everything(a, z):
    async with a as b, c as (d, e):
        async for x in b:
            if x: continue
            break
        else:
            return
    r = [i async for i in z if await i]
    s = {i: j async for i, j in z for k in [i] if k}
    async for x in z:
        yield x
    t = {await i for i in r}, (i async for i in s), [[a async for a in b] for c in d]


def unbound(flag):
    if flag:
        x = 1
    else:
        y = 2
    try:
        z = x
    except NameError:
        del x
        print(z)
    print(x, y, z)
    del y
    return x, y


def comprehensions(rows):
    x = 1
    one = [x for row in rows for x in row if x if not row]
    two = {k: [v for v in k] for k in rows}
    three = {(lambda: y)() for y in one}
    four = sum(x * x for x in (yield))
    return [lambda: z for z in two], x


def matching(x):
    match x:
        case 1 | 2 | -3 | 4 + 5j: return 1
        case [a, b, *rest] if rest: return a
        case [1, *_, c]: pass
        case {"a": d, "b": 3, **kw}: print(d, kw)
        case P(x=1, y=Q(z)) as w: print(z, w)
        case (None, True, "abc", b"x"): return 9
        case (a, b) | [b, a, _]: pass
        case {}: pass
        case E.F | E.G: pass
        case str() | int(0): pass
        case _: return 0
