"""Objects through all protocols, natively and with the module in Python."""
import io
import pickle


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


class Slotted:
    __slots__ = ("a",)


shared = [1, 2.5, "text", "é\ud800", b"bytes", bytearray(b"more")]
loop = [shared, shared]
loop.append(loop)
values = [
    None, True, 0, 255, 65536, -1, 2**31, -(2**63), 10**40, 1e300, "a" * 300, b"", (), (1,), (1, 2, 3, 4),
    {1, 2}, frozenset("ab"), {"k": [1]}, Point(1, (2, 3)), len, Point, type(None), range(3), 1j,
]
for proto in range(pickle.HIGHEST_PROTOCOL + 1):
    for v in values:
        data = pickle.dumps(v, proto)
        assert pickle.loads(data) == v, (proto, v)
        assert pickle._loads(data) == v
    assert pickle.dumps(loop, proto) == pickle._dumps(loop, proto), proto
    back = pickle.loads(pickle.dumps(loop, proto))
    print(proto, back[2] is back, back[0] is back[1], len(pickle.dumps(values[:20], proto)))

big = [b"x" * 70000, list(range(3000))]
f = io.BytesIO()
pickle.Pickler(f, 5).dump(big)
print(len(f.getvalue()), pickle.load(io.BytesIO(f.getvalue())) == big)

buffers = []
data = pickle.dumps(pickle.PickleBuffer(bytearray(b"oob")), 5, buffer_callback=buffers.append)
print(data, bytes(pickle.loads(data, buffers=buffers)), [bytes(b) for b in buffers])


class Persistent(pickle.Pickler):
    def persistent_id(self, obj):
        return "id" if isinstance(obj, Slotted) else None


f = io.BytesIO()
Persistent(f, 2).dump([Slotted(), 1])
print(f.getvalue())
for bad in [b"", b"\x80\x09.", b"(", b".", b"K", b"e.", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00NN.", b"g5\n.", b"\xff"]:
    try:
        print(pickle.loads(bad))
    except Exception as e:
        print(type(e).__name__, e)
for bad in [lambda: 1, (x for x in ()), [Slotted, lambda: 1]]:
    try:
        pickle.dumps(bad)
    except Exception as e:
        print(type(e).__name__, str(e).split(" at 0x")[0], getattr(e, "__notes__", None))
