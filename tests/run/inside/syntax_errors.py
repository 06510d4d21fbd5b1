"""Messages and ranges of syntax errors."""

for source in ["x = ", "if x", "def f(:", "f(x for x in y, 1)", "a = 1 = b", "1 = x", "(a, b", "x]", "'abc", "'''abc", "f'{'", "f'{a b}'",
               "return 1", "break", "yield 1", "nonlocal x", "def f(a, a): pass", "def f(a=1, b): pass", "x = 08", "0xg", "1__0", "é = 1; é²",
               "import a.b as c.d", "from x import", "from . import *,", "for x in", "while", "class", "lambda x: = 1", "print 1", "exec 'a'",
               "  indented", "if 1:\nx", "if 1:\n  a\n b", "del f()", "a + 1 = 2", "None = 1", "f() = 1", "async x", "await y", "with x as 1: pass",
               "try: pass", "match x:\n case 1: pass\n case _: pass\n case 2: pass", "{**a for a in b}", "*a", "a, *b = *c, = 1", "x: int: str",
               "assert (1, 'a'), b, c", "global x; x = 1", "def f():\n global x\n x: int", "@", "a ? b", "a <> b", "x = $", "\\ x", "from __future__ import x"]:
    try:
        compile(source, "<s>", "exec")
    except SyntaxError as e:
        print(repr(source), type(e).__name__, e.msg, (e.lineno, e.offset, e.end_lineno, e.end_offset))
    else:
        print(repr(source), "compiles")
