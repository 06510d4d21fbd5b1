"""Coroutines without an event loop, async generators, comprehensions and with; then asyncio."""
import asyncio


class Step:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got


async def work(n):
    total = 0
    for i in range(n):
        total += await Step(i)
    return total


def drive(coro, replies):
    seen = []
    try:
        seen.append(coro.send(None))
        for r in replies:
            seen.append(coro.send(r))
    except StopIteration as e:
        return seen, e.value


print(drive(work(3), [10, 20, 30]))


async def numbers(n):
    try:
        for i in range(n):
            yield i
            await asyncio.sleep(0)
    finally:
        print("numbers closed")


class Ctx:
    async def __aenter__(self):
        print("enter")
        return self

    async def __aexit__(self, t, v, tb):
        print("exit", t and t.__name__)
        return t is ValueError


async def main():
    print([x async for x in numbers(3)], {x: y async for x in numbers(2) for y in "a"})
    async with Ctx():
        raise ValueError
    async for x in numbers(10):
        if x == 1:
            break
    order = []

    async def task(name, n):
        for i in range(n):
            order.append(name + str(i))
            await asyncio.sleep(0)
        return name

    print(await asyncio.gather(task("a", 2), task("b", 3)), order)
    async with asyncio.TaskGroup() as tg:
        t = tg.create_task(task("c", 1))
    print(t.result())
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    except TimeoutError as e:
        print("timeout", repr(e))
    q = asyncio.Queue()
    await q.put(1)
    print(await q.get(), q.empty())


asyncio.run(main())
c = work(1)
print(type(c).__name__, c.cr_frame is not None)
c.close()
