"""Broken .pyc files and marshal data raise."""
import importlib.util
import marshal
import os
import sys
import tempfile

source = "def f(a, b=2, *c, d, **e):\n    x = frozenset({1, 2}); return [a[1:2], 1 << 70, x in {3, 4}]\n"
code = compile(source, 'source', 'exec')
good = marshal.dumps(code)
assert marshal.loads(good) == code
kinds = set()
for cut in range(0, len(good), 3):
    try:
        marshal.loads(good[:cut])
    except Exception as e:
        kinds.add((type(e).__name__, str(e)))
print(sorted(kinds))
for data in [b'', b'c', b'Z\x05abc', b'r\x00\x00\x00\x00', b')\x01r\x01\x00\x00\x00', b'l\x01\x00\x00\x00\x00\x00', b'z\x01\xff', b'?']:
    try:
        print(marshal.loads(data))
    except Exception as e:
        print(type(e).__name__, e)

with tempfile.TemporaryDirectory() as d:
    sys.path.insert(0, d)
    header = importlib.util.MAGIC_NUMBER + bytes(12)
    for i, data in enumerate([b'', header[:3], header[:7], b'abcd' + header[4:] + good, header, header + good[:50], header + b'N', header + good]):
        name = f'mod{i}'
        with open(os.path.join(d, name + '.pyc'), 'wb') as f:
            f.write(data)
        try:
            m = __import__(name)
            print(m.f([1, 2, 3], d=1))
        except Exception as e:
            print(type(e).__name__, str(e).replace(d, '@'))
