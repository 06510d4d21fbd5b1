# What errors in sources say, to the last column; and what marshal makes of values that hold themselves.
import ast
import marshal
import tokenize
import io
import warnings


def show(source, mode="exec"):
    try:
        compile(source, "<source>", mode)
    except SyntaxError as e:
        print(type(e).__name__, e.args, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text, e._metadata)


for source in (
    b"# coding: nothing-like-that\n", b"\xef\xbb\xbf# coding: latin-1\n", b"#\nx = '\xa4'\n", b"# coding: ascii\n\xe2",
    b"# coding: hex_codec\n", b"x\0", 'x = "\u00e9"; return 1', "def f():\n  \u00e9 = 1; global \u00e9", "\u00e9; break",
    "if a:\n  b\nfor x ib y:\n  pass", "from .__future__ import barry_as_FLUFL; 1 <> 2", b"\xd0\xb0 = '\xff'",
):
    show(source)
show("", "single")
exec(b"# coding: koi8-r\nprint(ascii('\xe1'))\n")

finally_return = "def f():\n    try:\n        pass\n    finally:\n        return 42\n"
for act in (ast.parse, lambda s: compile(s, "x", "exec"), lambda s: compile(ast.parse(s), "x", "exec")):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act(finally_return)
    print([str(w.message) for w in caught])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        compile(r"'\z'", "x", "exec")
    except SyntaxError as e:
        print(e.msg)

for source in ("if a:\n    x\n  y\n", "if a:\n\tx\n        y\n"):
    try:
        list(tokenize.generate_tokens(io.StringIO(source).readline))
    except SyntaxError as e:
        print(e.args)

pair = ([],)
pair[0].append(pair)
back = marshal.loads(marshal.dumps(pair))
print(back[0][0] is back)
self_slice = slice([], None)
self_slice.start.append(self_slice)
for bad in (lambda: marshal.dumps(self_slice), lambda: marshal.loads(b"c" + b"\0" * 40), lambda: marshal.loads(b"u\x01\0\0\0\xff")):
    try:
        bad()
    except Exception as e:
        print(type(e).__name__)

f, g = lambda: (None,), lambda: (None,)
print(f.__code__.co_consts is g.__code__.co_consts)
print(repr(2.0 ** -25), float("2.98023223876953125e-08"))


def annotated():
    source = "from __future__ import annotations\ndef f(x: t'{a   +  b!r}'): pass\n"
    space = {}
    exec(source, space)
    return space["f"].__annotations__


print(annotated())
nested = "i for i in r"
for _ in range(21):
    nested = "[" + nested + "] for i in r"
show("x = [" + nested + "]")
