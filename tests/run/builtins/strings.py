"""Strings: methods, formatting, slices, representations."""

s = "Grüße, 世界 \U0001f600!"
print(len(s), s[::-1], s.upper(), s.casefold(), s.encode("utf-8"), ascii(s))
print("a,b,,c".split(","), " x  y ".split(), "a.b.c".rsplit(".", 1), "abc".partition("b"), "l1\nl2\r\nl3".splitlines())
print("%5.2f|%-6s|%+d|%x|%r|%%" % (3.14159, "ab", 5, 255, "q'"), "{:>8}|{:^8}|{!r:<6}".format("r", "c", "q"))
width = 10
print(f"{s[:5]:*^{width}}|{1e10:g}|{0.1 + 0.2}|{1234.5:,.1f}|{True!s:>6}|{'nested ' + f'{1 + 1}'}")
print("abcabc".replace("b", "X", 1), "abc".translate({97: "A", 98: None}), "x".join("123"), "ab" * 3, "b" in "abc")
print(repr("it's \"q\"\n\t\x00\x7f\xa0\u2028"), "title case".title(), "abc".center(9, "-"), "42".zfill(5))
print("abc" < "abd", sorted(["b", "A", "a", "B"]), min("hello"), "z".isalpha(), "²".isdigit(), "²".isdecimal())
for bad in [lambda: "abc".index("z"), lambda: "x" + 1, lambda: "%d" % "a", lambda: "{}".format(), lambda: "abc"[5]]:
    try:
        bad()
    except Exception as e:
        print(type(e).__name__, e)
