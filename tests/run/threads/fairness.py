# Threads that only compute take turns, and conditions, barriers and timeouts work while they do.
import sys
import threading

sys.setswitchinterval(0.0005)
stop = False
counts = [0, 0, 0]


def spin(i):
    while not stop:
        counts[i] += 1


spinners = [threading.Thread(target=spin, args=(i,)) for i in range(3)]
for t in spinners:
    t.start()

c = threading.Condition()
items = []
got = []


def consume():
    for _ in range(50):
        with c:
            while not items:
                c.wait()
            got.append(items.pop(0))


consumer = threading.Thread(target=consume)
consumer.start()
for n in range(50):
    with c:
        items.append(n)
        c.notify()
consumer.join()
print(got == list(range(50)))
b = threading.Barrier(3, timeout=10)
passed = []
ts = [threading.Thread(target=lambda: (b.wait(), passed.append(1))) for _ in range(3)]
for t in ts:
    t.start()
for t in ts:
    t.join()
print(len(passed))
print(threading.Event().wait(0.01))
lock = threading.Lock()
lock.acquire()
print(lock.acquire(timeout=0.01))
stop = True
for t in spinners:
    t.join()
print(min(counts) > 0)
