"""try in all its forms, chaining, groups, and a traceback at the end."""


def shape(n):
    trail = []
    try:
        trail.append("try")
        if n == 1:
            raise ValueError("one")
        if n == 2:
            raise KeyError("two")
        if n == 3:
            return trail
    except ValueError as e:
        trail.append(repr(e))
    except LookupError as e:
        trail.append("lookup " + str(e))
    else:
        trail.append("else")
    finally:
        trail.append("finally")
    return trail


for n in range(4):
    print(n, shape(n))

try:
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise RuntimeError("outer") from e
except RuntimeError as e:
    print(repr(e), repr(e.__cause__), e.__suppress_context__)

try:
    raise ExceptionGroup("several", [ValueError(1), TypeError(2), OSError(3)])
except* ValueError as group:
    print("values", group.exceptions)
except* (TypeError, OSError) as group:
    print("others", group.exceptions)


def deep(n):
    if n == 0:
        raise ValueError("at the bottom")
    deep(n - 1)


deep(2)
