# A child has one thread, whose locks and handles are in order, whichever thread forked.
import os
import threading
import time


def wait(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def forever():
    time.sleep(100)


def child():
    assert threading.active_count() == 1
    assert threading.current_thread() is threading.main_thread()
    done = []
    t = threading.Thread(target=done.append, args=(1,))
    t.start()
    t.join()
    assert done == [1] and not sleeper.is_alive()
    sleeper.join()
    os._exit(42)


sleeper = threading.Thread(target=forever, daemon=True)
sleeper.start()
import warnings

warnings.simplefilter("ignore")
pid = os.fork()
if pid == 0:
    child()
print("from the main thread:", wait(pid))


def worker():
    pid = os.fork()
    if pid == 0:
        child()
    print("from another:", wait(pid))


t = threading.Thread(target=worker)
t.start()
t.join()
