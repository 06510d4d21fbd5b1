"""Strings: concatenation, formatting, methods, slicing, encoding."""
import pyperf

TEXT = "The quick brown fox jumps over the lazy dog. " * 200


def concatenate():
    s = ""
    for i in range(5000):
        s += "x"
    return s


def format_values():
    for i in range(5000):
        f"{i}: {i * 2:>8} {'abc'!r}"
        "%d-%s" % (i, "abc")


def methods():
    words = TEXT.split()
    for w in words:
        w.upper().startswith("TH")
        w.strip(".")
    return " ".join(words).replace("fox", "cat").find("zebra")


def characters():
    n = 0
    for c in TEXT:
        if c == "o":
            n += 1
    for i in range(len(TEXT) - 1):
        TEXT[i : i + 2]
    return n


def encoding():
    text = TEXT + "\u00e9\u4e2d\U0001f600"
    for _ in range(50):
        text.encode().decode()


runner = pyperf.Runner()
for name in ("concatenate", "format_values", "methods", "characters", "encoding"):
    runner.bench_func(name, globals()[name])
