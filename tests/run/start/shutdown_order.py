"""What is alive when modules die, and in which order their objects do."""
import atexit
import builtins
import json
import sys
import weakref


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self, out=sys.stdout):
        print('del', self.name, sys.path, sys.meta_path is None)


class Other:
    pass


b = Noisy('b')
_a = Noisy('_a')
__c = Noisy('__c')
cycle = [Noisy('in a cycle')]
cycle.append(cycle)
json.kept = Noisy('in json')
builtins.kept = Noisy('in builtins')
watched = Other()
watcher = weakref.ref(watched, lambda r: print('gone'))


def generator():
    try:
        yield 1
    finally:
        print('generator closed')


suspended = generator()
next(suspended)
atexit.register(print, 'first registered')
atexit.register(print, 'last registered')
