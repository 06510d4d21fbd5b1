"""Names, classes and conversions of ASCII characters. A character is a string of length one, or its number."""

_CONTROLS = """NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI
               DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US""".split()

for _number, _name in enumerate(_CONTROLS):
    globals()[_name] = _number
HT = 0x09
NL = 0x0A
SP = 0x20
DEL = 0x7F

# What `controlnames` calls the tab is its other name.
controlnames = [{"TAB": "HT"}.get(_name, _name) for _name in _CONTROLS] + ["SP"]
del _number, _name, _CONTROLS


def _ctoi(c):
    return ord(c) if isinstance(c, str) else c


def _like(c, number):
    """The number in the form that `c` has."""
    return chr(number) if isinstance(c, str) else number


def isalnum(c): return isalpha(c) or isdigit(c)
def isalpha(c): return isupper(c) or islower(c)
def isascii(c): return 0 <= _ctoi(c) <= 127
def isblank(c): return _ctoi(c) in (9, 32)
def iscntrl(c): return 0 <= _ctoi(c) <= 31 or _ctoi(c) == 127
def isdigit(c): return 48 <= _ctoi(c) <= 57
def isgraph(c): return 33 <= _ctoi(c) <= 126
def islower(c): return 97 <= _ctoi(c) <= 122
def isprint(c): return 32 <= _ctoi(c) <= 126
def ispunct(c): return isgraph(c) and not isalnum(c)
def isspace(c): return _ctoi(c) in (9, 10, 11, 12, 13, 32)
def isupper(c): return 65 <= _ctoi(c) <= 90
def isxdigit(c): return isdigit(c) or 65 <= _ctoi(c) <= 70 or 97 <= _ctoi(c) <= 102
def isctrl(c): return 0 <= _ctoi(c) < 32
def ismeta(c): return _ctoi(c) > 127


def ascii(c):
    """The character without its eighth bit."""
    return _like(c, _ctoi(c) & 0x7F)


def ctrl(c):
    """The character that the control key makes of it."""
    return _like(c, _ctoi(c) & 0x1F)


def alt(c):
    """The character with its eighth bit set."""
    return _like(c, _ctoi(c) | 0x80)


def unctrl(c):
    """A printable form: `^A` for a control character, `!` before one with the eighth bit."""
    number = _ctoi(c)
    low = number & 0x7F
    if number == 127:
        text = "^?"
    elif iscntrl(low):
        text = "^" + chr((low | 0x20) + 0x20)
    else:
        text = chr(low)
    return "!" + text if number & 0x80 else text
