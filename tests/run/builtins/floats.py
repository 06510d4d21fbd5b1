"""Floats and complex numbers: representations, rounding, special values, conversions."""
import math

for x in [0.1, 1 / 3, 1e16, 1e22, 123456789.0, 1e-5, 0.0001, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("nan")]:
    print(repr(x), x.hex(), end="; ")
print()
print(0.1 + 0.2, 2.5 // 1, -7.5 % 2, divmod(-7.5, 2), 2**0.5, (-8) ** (1 / 3), 7.0 // 0.1, 1e308 * 10, round(2.675, 2), round(0.5), round(1.5))
print(float("1_0.5e-1"), float(" -inf "), float.fromhex("0x1.8p1"), (0.75).as_integer_ratio(), (3.0).is_integer(), int(1e20), int(-3.9))
nan = float("nan")
print(nan == nan, nan in [nan], nan < 1, max(1.0, nan), min(nan, 1.0), 0.0 == -0.0, math.copysign(1, -0.0), hash(0.5), hash(float("inf")))
print((1 + 2j) * (3 - 4j), abs(3 + 4j), (1j) ** 2, complex("1-2j"), (1 + 2j).conjugate(), 1 / (1 + 1j), complex(0, -0.0), -0j)
print(math.floor(-2.5), math.ceil(2.1), math.trunc(-2.9), math.gcd(12, 18), math.isqrt(10**20), math.factorial(20), math.fsum([0.1] * 10), math.pi)
for bad in ["1.0 / 0", "1.0 % 0", "0.0 ** -1", "float('x')", "int(float('nan'))", "int(float('inf'))", "1e400 // 1", "(1j) < 2", "math.sqrt(-1)", "10.0 ** 400"]:
    try:
        print(bad, eval(bad))
    except Exception as e:
        print(bad, "->", type(e).__name__, e)
print([f"{x:.17g}" for x in (0.1, 1e23)], f"{1e23:f}", f"{0.5:.0f} {1.5:.0f} {2.5:.0f}", 1e15, 1e16, 123456.789e3)
