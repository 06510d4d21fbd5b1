"""Structural pattern matching in all its forms."""
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int = 0


class Color:
    RED = "red"


def kind(v):
    match v:
        case None | True | False:
            return "constant"
        case 0 | -1 | 2.5 | 1 + 2j:
            return "number"
        case Color.RED:
            return "red"
        case str(s) if len(s) > 5:
            return f"long {s}"
        case str() | bytes():
            return "text"
        case []:
            return "empty"
        case [x]:
            return f"one {x}"
        case [Point(x=0), *rest]:
            return f"origin column, {len(rest)} more"
        case [1, *mid, 9]:
            return f"1..9 {mid}"
        case (a, (b, c)):
            return f"nested {a} {b} {c}"
        case [first, *_]:
            return f"starts {first}"
        case Point(0, 0):
            return "origin"
        case Point(x, y=0) | Point(0, y=x):
            return f"axis {x}"
        case Point() as p:
            return f"point {p}"
        case {"kind": "circle", "r": (int() | float()) as r}:
            return f"circle {r}"
        case {"kind": k, **rest}:
            return f"{k} {rest}"
        case {}:
            return "mapping"
        case _:
            return "other"


for v in [None, 0, -1, 2.5, 1 + 2j, "red", "longer text", "abc", b"x", [], [7], [Point(0, 1), 2, 3], [1, 2, 3, 9],
          (1, (2, 3)), (4, 5, 6), Point(0, 0), Point(3), Point(0, 4), Point(1, 2), {"kind": "circle", "r": 2},
          {"kind": "circle", "r": "x", "z": 1}, {"a": 1}, {1}, range(3), object]:
    print(repr(v) if v is not object else "object", "=>", kind(v))
try:
    match 1:
        case int(a, b):
            pass
except TypeError as e:
    print(e)
