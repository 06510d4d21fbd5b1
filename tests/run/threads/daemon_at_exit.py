# Daemon threads stop where they are when the interpreter ends, in the middle of Python code.
import atexit
import threading

started = threading.Event()


def spin():
    started.set()
    n = 0
    while True:
        n += 1


threads = [threading.Thread(target=spin, daemon=True) for _ in range(3)]
for t in threads:
    t.start()
started.wait()

atexit.register(print, "exit functions run")
print("main ends")
