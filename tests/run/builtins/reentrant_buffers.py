# What runs while bytes are looked at cannot pull them away.
def show(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


class Evil:
    def __init__(self, array):
        self.array = array

    def __index__(self):
        self.array.clear()
        return 65


for name in ("find", "rfind", "index", "rindex", "count"):
    array = bytearray(b"A")
    show(getattr(array, name), Evil(array))
array = bytearray(b"A")
show(lambda: Evil(array) in array)


class Separator(bytes):
    def __len__(self):
        array.clear()
        return 1


array = bytearray(b"\xaa\xbb")
show(array.hex, Separator(b":"))
array = bytearray(b"\xaa\xbb")
view = memoryview(array)


class Release(bytes):
    def __len__(self):
        view.release()
        return 1


show(view.hex, Release(b":"))
array = bytearray(b",")


def items():
    array.clear()
    yield b"A"


show(array.join, items())


class Repr:
    def __repr__(self):
        array.clear()
        return "E"


array = bytearray(b"%a end")
show(array.__mod__, Repr())


# A list that was touched while it was sorted says so, also if it is empty again.
from functools import cmp_to_key

numbers = [1, 2]


def compare(x, y):
    numbers.append(3)
    numbers.pop()
    return (x > y) - (x < y)


show(lambda: numbers.sort(key=cmp_to_key(compare)))
print(sum([2 + 1j, 10e100j, 1j, -10e100j]), {"d": 1}.keys() & frozenset("d"))
