# Futures and tasks of `_asyncio`.
import _asyncio
import asyncio

assert asyncio.Future is _asyncio.Future and asyncio.Task is _asyncio.Task


async def child(n):
    await asyncio.sleep(0)
    if n == 2:
        raise ValueError(n)
    return n


async def main():
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(child(1), child(2), child(3), return_exceptions=True))
    f = loop.create_future()
    order = []
    f.add_done_callback(lambda f: order.append("first"))
    f.add_done_callback(lambda f: order.append("second"))
    print(len(f._callbacks), f.remove_done_callback(print), f.done())
    f.set_result("r")
    print(await f, order)
    try:
        f.set_result("again")
    except asyncio.InvalidStateError as e:
        print("invalid:", e)
    t = asyncio.create_task(asyncio.sleep(10), name="sleeper")
    await asyncio.sleep(0)
    print(t.cancel("enough"), t.cancelling(), t.get_name())
    try:
        await t
    except asyncio.CancelledError as e:
        print("cancelled:", e, t.cancelled())
    bad = asyncio.create_task(child(2))
    await asyncio.wait([bad])
    print(type(bad.exception()), bad.done())

    async def awaits_itself():
        await asyncio.current_task()

    try:
        await asyncio.create_task(awaits_itself(), name="self")
    except RuntimeError as e:
        print(str(e)[:27])
    print(len(asyncio.all_tasks()))
    g = loop.create_future()
    g.set_exception(StopIteration())
    try:
        g.result()
    except RuntimeError as e:
        print(type(e.__cause__))
    eager = asyncio.Task(child(1), loop=loop, eager_start=True)
    print(await eager)


asyncio.run(main())
