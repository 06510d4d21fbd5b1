# Interpreters have modules of their own, and values go from one to another as copies.
import _interpreters
from concurrent import interpreters

i = interpreters.create()
i.exec("import sys; x = 1; sys.mark = True")
i.exec("print(x, sys.mark, __name__)")
import sys

print(hasattr(sys, "mark"), i.is_running(), [id for id, _ in _interpreters.list_all()] == [0, i.id])
i.prepare_main(a=1, b="two", c=(3, None, 4.5), d=b"5")
i.exec("print(a, b, c, d)")
try:
    i.exec("1/0")
except interpreters.ExecutionFailed as e:
    print(e.excinfo.type.__name__, e.excinfo.msg)
try:
    i.exec("this is bad(")
except SyntaxError:
    print("syntax errors are the caller's")


def f():
    return [1, {"a": 2}]


print(i.call(f))
q = interpreters.create_queue()
i.prepare_main(q=q)
i.exec("q.put({'k': [1, 2]})")
print(q.get(), q.qsize())
try:
    i.prepare_main(o=object())
except interpreters.NotShareableError as e:
    print("not shareable")
i.exec("import os\ntry: os.fork()\nexcept RuntimeError as e: print(e)")
i.close()
print(len(_interpreters.list_all()))
