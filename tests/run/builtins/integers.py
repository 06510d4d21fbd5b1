"""Integer arithmetic of all sizes, conversions, and errors."""

for a, b in [(7, 3), (-7, 3), (7, -3), (-7, -3), (10**40, 7**20), (-(10**40), 7**20)]:
    print(a // b, a % b, divmod(a, b), a * b, a - b)
print(2**100, (-2) ** 63, 1 << 70, -1 >> 100, 2**64 & 2**63 | 5 ^ 3, ~(2**31))
print(pow(3, 1000, 10**9 + 7), pow(3, -1, 7), int("ff", 16), int("-0b101", 0), int(" 1_000 "))
print(hex(255), oct(8), bin(-5), f"{123456789:,} {255:#x} {-3:+05d}", (2**70).bit_length(), (12).bit_count())
print((1000).to_bytes(3, "little"), int.from_bytes(b"\xff\xfe", "big", signed=True))
for text in ["", "1__0", "0x", "12a"]:
    try:
        int(text)
    except ValueError as e:
        print(e)
try:
    1 // 0
except ZeroDivisionError as e:
    print(e)
print(7 / 2, 10**400 // 10**399, round(12345, -2), round(15, -1), True + True)
