"""Writes the expected results of the tests. To be run with CPython 3.14 from this directory's parent."""
import _symtable, dis, glob, opcode, sys, types, warnings


def const(c):
    if isinstance(c, types.CodeType):
        return "<code>"
    if isinstance(c, tuple):
        return "(" + ",".join(map(const, c)) + ")"
    if isinstance(c, frozenset):
        return "fs{" + ",".join(sorted(map(const, c))) + "}"
    if isinstance(c, slice):
        return "slice(%s,%s,%s)" % (const(c.start), const(c.stop), const(c.step))
    return type(c).__name__ + ":" + repr(c)


FIELDS = "name qualname names varnames freevars cellvars flags argcount posonlyargcount kwonlyargcount nlocals stacksize firstlineno"


def dump(c, out):
    out.append(f"==== {c.co_qualname} line {c.co_firstlineno}")
    for field in FIELDS.split():
        out.append(f"  {field} {getattr(c, 'co_' + field)!r}")
    for i, x in enumerate(c.co_consts):
        out.append(f"  const {i} {const(x)}")
    positions = list(c.co_positions())
    code = c.co_code
    arg = i = 0
    while i < len(code):
        op, low = code[i], code[i + 1]
        arg = arg << 8 | low
        if op == opcode.opmap["EXTENDED_ARG"]:
            i += 2
            continue
        name = opcode.opname[op]
        out.append("  %5d %s %d %s-%s:%s-%s" % (i, name, arg, *positions[i // 2]))
        i += 2 + 2 * opcode._inline_cache_entries.get(name, 0)
        arg = 0
    for e in dis._parse_exception_table(c):
        out.append(f"  except {e.start}-{e.end} {e.target} {e.depth} {str(e.lasti).lower()}")
    out.append("  linetable " + c.co_linetable.hex())
    for x in c.co_consts:
        if isinstance(x, types.CodeType):
            dump(x, out)


def block(entry, depth, out):
    symbols = sorted(f" {name}={bits}" for name, bits in entry.symbols.items())
    varnames = "".join(" " + name for name in entry.varnames)
    out.append(f"{' ' * depth}{entry.name} {entry.type} {entry.lineno} {int(entry.nested)}{''.join(symbols)} |{varnames}")
    for child in entry.children:
        block(child, depth + 1, out)


def answer(source, mode):
    """What comes of a program: nothing, warnings or an exception."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            compile(source, "x", mode, dont_inherit=True)
            result = ["fine"]
        except SyntaxError as e:
            result = [f"{e.msg} @ {e.lineno}:{e.offset}-{e.end_lineno}:{e.end_offset}"]
    return [f"warning {w.lineno}: {w.message}" for w in seen] + result


def write(path, lines):
    with open(path, "w", encoding="utf-8", errors="surrogatepass") as f:
        f.write("\n".join(lines) + "\n")


warnings.simplefilter("ignore")
for path in sorted(glob.glob("cases/*.py")):
    with open(path, encoding="utf-8") as f:
        source = f.read()
    for optimize in (0, 2) if "values" in path else (0,):
        out = []
        dump(compile(source, path, "exec", dont_inherit=True, optimize=optimize), out)
        write(f"{path[:-3]}.O{optimize}.txt", out)
    out = []
    block(_symtable.symtable(source, path, "exec"), 0, out)
    write(f"{path[:-3]}.symbols.txt", out)

with open("cases/programs.txt", encoding="utf-8") as f:
    programs = [line.rstrip("\n") for line in f if not line.startswith("    ")]
out = []
for line in programs:
    out.append(line)
    if line and not line.startswith("#"):
        mode, _, source = line.partition(" | ")
        out += ["    " + text for text in answer(source.replace("\\n", "\n"), mode)]
write("cases/programs.txt", out)
