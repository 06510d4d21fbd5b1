"""Text on terminals, by way of the system's curses library.

Start with `curses.initscr()`, or better with `curses.wrapper(function)`, which also cleans up.
"""

import os as _os
import sys as _sys
from _curses import *
from _curses import window

try:
    has_key
except NameError:
    from .has_key import has_key


def initscr():
    """Begins to use the terminal; gives the window that is the whole screen."""
    import _curses
    import curses
    # An unknown terminal is reported as an exception here: the C library would end the process.
    setupterm(term=_os.environ.get("TERM", "unknown"), fd=_sys.__stdout__.fileno())
    screen = _curses.initscr()
    # Only now does the native module have its line-drawing characters and the size of the screen.
    for name, value in vars(_curses).items():
        if name.startswith("ACS_") or name in ("LINES", "COLS"):
            setattr(curses, name, value)
    return screen


def start_color():
    """Allows colours; sets curses.COLORS and curses.COLOR_PAIRS."""
    import _curses
    import curses
    result = _curses.start_color()
    for name in ("COLORS", "COLOR_PAIRS"):
        if hasattr(_curses, name):
            setattr(curses, name, getattr(_curses, name))
    return result


def wrapper(func, /, *args, **kwds):
    """Calls `func` with the screen and the other arguments, and restores the terminal however it ends."""
    screen = None
    try:
        screen = initscr()
        # Keys come one by one, without echo; the keypad's as one value each.
        noecho()
        cbreak()
        screen.keypad(True)
        try:
            start_color()
        except error:
            pass  # a terminal without colours will do
        return func(screen, *args, **kwds)
    finally:
        if screen is not None:
            screen.keypad(False)
            echo()
            nocbreak()
            endwin()
