"""Decimal arithmetic: results, signals, formats."""
import pickle
from decimal import *

c = getcontext()
print(c)
a, b = Decimal("123.4560"), Decimal("-7")
for op in ("add", "subtract", "multiply", "divide", "divide_int", "remainder", "remainder_near", "compare", "max", "min"):
    print(op, getattr(c, op)(a, b))
for f in ("exp", "ln", "log10", "sqrt", "normalize", "next_plus", "next_minus", "to_integral_value", "number_class"):
    print(f, getattr(a, f)())
print(a**2, a**-3, Decimal(2) ** Decimal("0.5"), pow(Decimal(7), 5, 13), divmod(a, b), round(a, 1), round(a), int(a))
print(a.as_tuple(), a.as_integer_ratio(), float(a), hash(Decimal("1.5")) == hash(1.5), a == Decimal("123.456"))
print([format(Decimal("1234567.891"), s) for s in ("", ",.2f", "e", "012,.1f", "+.3g", "%", "<12", "^14.1f", "_")])
print(Decimal("NaN123"), Decimal("-Infinity"), Decimal((1, (1, 2), -3)), Decimal(0.1), Decimal("  1_0 "))
with localcontext(prec=5, rounding=ROUND_UP) as ctx:
    print(Decimal(1) / 3, Decimal(2) / 3, [s.__name__ for s, on in ctx.flags.items() if on])
for f in [
    lambda: Decimal(1) / 0, lambda: Decimal("x"), lambda: Decimal("sNaN") + 1, lambda: Decimal(0) / 0,
    lambda: Decimal("1e999999") * 10, lambda: Decimal([]), lambda: Decimal(1) < 1j, lambda: Decimal("NaN") < 1,
    lambda: c.power(0, 0), lambda: hash(Decimal("sNaN")), lambda: int(Decimal("Inf")), lambda: format(Decimal(1), "x"),
    lambda: setattr(c, "prec", 0), lambda: setattr(c, "rounding", "up"), lambda: Decimal(1) + 1.0,
]:
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
print(pickle.loads(pickle.dumps(c)).prec, pickle.loads(pickle.dumps(a)))
print(Decimal(3).fma(4, 5), Decimal(10).shift(2), Decimal(1101).logical_xor(1011), Decimal("1e3").quantize(Decimal("1.00")))
n = Decimal(3) ** 2000
with localcontext(prec=2000):
    print(len(str(Decimal(3) ** 2000)), Decimal(3) ** 2000 // Decimal(3) ** 1990, (Decimal(3) ** 2000).sqrt() == Decimal(3) ** 1000)
