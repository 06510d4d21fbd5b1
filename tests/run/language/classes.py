# run: gc-eager
"""Classes: inheritance, super, properties, descriptors, metaclasses, slots, class creation hooks."""


class Base:
    made = []

    def __init_subclass__(cls, /, tag=None, **kw):
        super().__init_subclass__(**kw)
        cls.tag = tag
        Base.made.append(cls.__name__)

    def who(self):
        return "Base"


class Left(Base, tag="l"):
    def who(self):
        return "Left>" + super().who()


class Right(Base, tag="r"):
    def who(self):
        return "Right>" + super().who()


class Both(Left, Right):
    def who(self):
        return "Both>" + super().who()


print(Both().who(), [c.__name__ for c in Both.__mro__], Base.made, Both.tag, Left.tag)


class Celsius:
    def __init__(self, degrees=0.0):
        self._degrees = degrees

    @property
    def fahrenheit(self):
        return self._degrees * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        self._degrees = (value - 32) * 5 / 9

    @classmethod
    def from_fahrenheit(cls, value):
        made = cls()
        made.fahrenheit = value
        return made

    @staticmethod
    def zero():
        return -273.15


c = Celsius.from_fahrenheit(212)
print(c._degrees, c.fahrenheit, Celsius.zero(), c.zero())
try:
    del c.fahrenheit
except AttributeError as e:
    print(e)


class Logged:
    def __set_name__(self, owner, name):
        self.name = name
        print("set_name", owner.__name__, name)

    def __get__(self, obj, owner=None):
        return self if obj is None else obj.__dict__.get(self.name, "unset")

    def __set__(self, obj, value):
        print("set", self.name, value)
        obj.__dict__[self.name] = value


class User:
    x = Logged()


u = User()
print(u.x)
u.x = 5
print(u.x, vars(u), type(User.x).__name__)


class Meta(type):
    @classmethod
    def __prepare__(mcls, name, bases, **kw):
        print("prepare", name, kw)
        return {"prepared": True}

    def __new__(mcls, name, bases, ns, **kw):
        return super().__new__(mcls, name, bases, ns)

    def __init__(cls, name, bases, ns, **kw):
        super().__init__(name, bases, ns)

    def __call__(cls, *args):
        print("call", cls.__name__, args)
        return super().__call__(*args)

    def __len__(cls):
        return 42


class Made(metaclass=Meta, option=1):
    def __init__(self, *args):
        self.args = args


print(Made(1, 2).args, len(Made), Made.prepared, type(Made))


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __repr__(self):
        return f"Point({self.x}, {self.y})"

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y) if isinstance(other, Point) else NotImplemented

    def __hash__(self):
        return hash((self.x, self.y))


p = Point(1, 2)
print(p, p == Point(1, 2), p == 3, len({p, Point(1, 2)}))
try:
    p.z = 1
except AttributeError as e:
    print(e)


class Fallback:
    def __getattr__(self, name):
        if name.startswith("dyn_"):
            return name[4:]
        raise AttributeError(f"no {name}")

    def __setattr__(self, name, value):
        super().__setattr__(name, value * 2)


f = Fallback()
f.a = 4
print(f.dyn_thing, f.a, hasattr(f, "b"), getattr(f, "b", "default"))
D = type("D", (Base,), {"x": 1, "f": lambda self: self.x}, tag="dynamic")
print(D().f(), D.tag, D.__name__, D.__qualname__, D.__bases__)
try:
    class Broken(Left, Base, Right):
        pass
except TypeError as e:
    print(e)
object.__setattr__(f, "__class__", Celsius)
print(type(f).__name__, f.a)
