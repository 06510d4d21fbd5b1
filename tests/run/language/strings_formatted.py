"""f-strings and t-strings, nested and with every kind of field."""

name, value, width = "né", 3.14159, 12
print(f"{name!r:>{width}}|{value:{width}.{2}f}|{value=:.3}|{ name = }|{name!a}|{{}}|{'a' 'b'}")
print(f"{[f'{i}' for i in range(3)]} {(lambda: 5)()} {'\n'.join('ab')!r} {d['k'] if (d := {'k': 1}) else 0}")
print(f'''multi
{
    value  # a comment
:>10.1f}
''', rf"\d{name}\n", f"{'}'} {"same quotes"}", end="|\n")
print("%s %r %5d %-5d| %05.1f %x %X %o %e %g %c %%" % ("s", "r", 1, 2, 3.14159, 255, 255, 8, 12345.678, 1e-5, 65))
print("%(a)s %(b)03d" % {"a": 1, "b": 2}, "%*d" % (5, 42), "%.3s" % "abcdef")
print("{0} {1!r} {0:>5} {k[0]} {o.real}".format("a", "b", k=[1], o=5), "{:,} {:_} {:b} {:#o} {:%}".format(10**6, 10**6, 5, 8, 0.5))
for spec in ["<10", "^10", "*>10", "+d", " d", "010d", "x", "#x", "e", ",.2f", "n", "c"]:
    print(spec, repr(format(97, spec)), end="; ")
print()
for spec in ["", ".3", "e", "g", "%", ".0f", "+.1e", "010.2f", "_.3f"]:
    print(spec, format(12345.6789, spec), format(-0.0, spec), format(1e300 * 1e10, spec), end="; ")
print()
for bad in ["'{'", "'{}'", "'{a}'", "'{:q}'", "'{0.x}'", "'{!x}'"]:
    try:
        print(eval(bad).format(1))
    except Exception as e:
        print(bad, type(e).__name__, e)
t = t"Hello {name!r:>8} and {value}!"
print(type(t).__name__, t.strings, [(i.value, i.expression, i.conversion, i.format_spec) for i in t.interpolations])
