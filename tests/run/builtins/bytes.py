"""bytes, bytearray, memoryview."""

b = b"hello\x00\xff'\""
print(b, b[0], b[1:3], b.hex(), b.hex(":", 2), bytes.fromhex("68 69"), list(b"ab"), b"%d %s" % (5, b"x"))
print(b"a,b".split(b","), b"abc".replace(b"b", b""), b"ABC".lower(), b"abc".find(b"c"), b" x ".strip(), b"".join([b"1", b"2"]), b"abc" < b"abd")
ba = bytearray(b"abc")
ba.append(100); ba.extend(b"ef"); ba[0] = 65; ba[1:3] = b"XYZ"; del ba[-1]
print(ba, ba.pop(), ba.decode(), ba * 2, bytes(ba), bytearray(3))
m = memoryview(ba)
m[0] = 97
print(m[1:3].tobytes(), m.nbytes, m.readonly, m.tolist(), ba, m.format)
try:
    ba.append(1)
except BufferError as e:
    print(e)
m.release()
wide = memoryview(bytes(range(8))).cast("H")
print(wide.tolist(), wide.itemsize, wide.shape, "é".encode("latin-1"), "é".encode("utf-16-le"), b"\xc3\xa9".decode(), b"\xff".decode("utf-8", "replace"))
for bad in ["b'\\xff'.decode()", "'\\udc80'.encode()", "b'a' + 'b'", "bytes([256])", "bytes('x')", "bytes.fromhex('0')", "b'abc'[9]", "'é'.encode('ascii')"]:
    try:
        eval(bad)
    except Exception as e:
        print(bad, "->", type(e).__name__, e)
print("a\udc80".encode("utf-8", "surrogateescape"), b"\x80a".decode("utf-8", "surrogateescape").__repr__(), "é☃".encode("ascii", "backslashreplace"), "é".encode("ascii", "xmlcharrefreplace"))
