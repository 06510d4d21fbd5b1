"""Attributes: instance, slots, class, property, module, and stores."""
import math
import pyperf


class Plain:
    kind = "plain"

    def __init__(self):
        self.a = 1
        self.b = 2

    @property
    def total(self):
        return self.a + self.b


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1
        self.b = 2


def loads(obj):
    for _ in range(20000):
        obj.a
        obj.b


def stores(obj):
    for i in range(20000):
        obj.a = i
        obj.b = i


def class_and_property(obj):
    for _ in range(10000):
        obj.kind
        obj.total


def module_level():
    for _ in range(20000):
        math.pi
        math.sqrt


runner = pyperf.Runner()
runner.bench_func("loads", loads, Plain())
runner.bench_func("slots", loads, Slotted())
runner.bench_func("stores", stores, Plain())
runner.bench_func("class_property", class_and_property, Plain())
runner.bench_func("module", module_level)
