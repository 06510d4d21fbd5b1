"""Type parameters, type aliases, annotations evaluated on demand."""
import annotationlib


def first[T](xs: list[T]) -> T:
    return xs[0]


class Box[T: (int, str), *Ts, **P]:
    item: T
    later: NotYet


type Pair[A, B = int] = tuple[A, B]
type Tree = list[Tree] | int

print(first([1]), first.__type_params__, Box.__type_params__, Box.__type_params__[0].__constraints__)
print(Pair, Pair.__value__, Pair[str], Pair.__type_params__[1].__default__, Tree.__value__)
try:
    Box.__annotations__
except NameError as e:
    print(e)
print(annotationlib.get_annotations(Box, format=annotationlib.Format.STRING))
print(annotationlib.get_annotations(Box, format=annotationlib.Format.FORWARDREF)["item"])


class NotYet:
    pass


print(Box.__annotations__["later"], first.__annotations__)
x: int = 3
y: "text"
print(Box[int, str, [int]])


def g(a: undefined_name = 1, *args: int) -> None: ...


print(annotationlib.get_annotations(g, format=annotationlib.Format.STRING))
