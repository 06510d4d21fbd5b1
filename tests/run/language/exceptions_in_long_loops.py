"""Exceptions caught in loops use no native stack, however many there are."""


class Swallow:
    def __enter__(self):
        return self

    def __exit__(self, *details):
        return True


def fails():
    raise ValueError


def generator():
    for i in range(3):
        yield i
    raise KeyError(1)


count = 0
for i in range(100_000):
    with Swallow():
        raise ValueError
    try:
        fails()
    except ValueError:
        count += 1
    try:
        for _ in generator():
            pass
    except* KeyError:
        count += 1
    try:
        {}["missing"]
    except KeyError as e:
        count += len(e.args)
print(count)
