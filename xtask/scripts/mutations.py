"""Programs with one token wrong, and what an interpreter says about them. Runs on any Python 3.14.

usage: INTERP mutations.py generate ROOT LISTFILE COUNT SEED KIND > CASES
       INTERP mutations.py judge CASES > VERDICTS

`generate` takes COUNT functions of the files named in LISTFILE and deletes, doubles, replaces or swaps one token of each (KIND
`token`), or three (`tokens`), or deletes, inserts or replaces a character (`character`), or cuts the text off (`cut`). A case is
a line of JSON, [how, program, mode]; a verdict is a line of JSON: what compiling the program says, down to the last column.
"""
import ast, hashlib, importlib.util, io, json, os, random, sys, textwrap, tokenize, warnings

sys.setrecursionlimit(20000)
EXTRA = """if else elif for while def class return import from as in is not and or lambda with try except finally raise
assert pass break continue del global nonlocal yield await async None True match case type
( ) [ ] { } , : ; . = == != < > <= >= + - * / // % ** @ & | ^ ~ << >> -> := += ... ! $ ? ` \\
0 1 1.5 2j 0x1F 07 1_000 1__0 'a' "b" b'c' f'{x}' f'{x!r:>{w}}' t'{x}' '''d''' r'\\e' '\\e' 'open x _ __debug__ self print exec""".split()
LAYOUT = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}


def functions(root, files, count, pick):
    """Sources of functions, in the order of a shuffled list of files."""
    files = list(files)
    pick.shuffle(files)
    pool = []
    for rel in files:
        try:
            with open(os.path.join(root, rel), "rb") as f:
                text = importlib.util.decode_source(f.read())
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.splitlines(keepends=True)
        found = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        found = [n for n in found if n.end_lineno - n.lineno < 60]
        for node in pick.sample(found, min(12, len(found))):
            first = min([node.lineno] + [d.lineno for d in node.decorator_list])
            source = textwrap.dedent("".join(lines[first - 1:node.end_lineno]))
            try:
                compile(source, "<function>", "exec")
            except (SyntaxError, ValueError):
                continue
            pool.append(source)
        if len(pool) >= count:
            break
    return pool[:count]


def tokens(source):
    """Kind, and start and end in the text, of every token."""
    starts, at = [0], 0
    for line in io.StringIO(source):
        at += len(line)
        starts.append(at)
    place = lambda p: starts[p[0] - 1] + p[1]
    out = []
    for t in tokenize.generate_tokens(io.StringIO(source).readline):
        if t.type not in LAYOUT or t.type in (tokenize.NEWLINE, tokenize.INDENT):
            if t.string:
                out.append((t.string, place(t.start), place(t.end)))
    return out


def mutate(source, pick):
    found = tokens(source)
    kind = pick.choice(["delete", "double", "replace", "swap"])
    i = pick.randrange(len(found))
    text, a, b = found[i]
    if kind == "delete":
        return f"delete {text!r}", source[:a] + source[b:]
    if kind == "double":
        gap = "" if text.isspace() else " "
        return f"double {text!r}", source[:b] + gap + text + source[b:]
    if kind == "replace":
        other = pick.choice(EXTRA) if pick.random() < 0.6 else pick.choice(found)[0]
        return f"replace {text!r} by {other!r}", source[:a] + other + source[b:]
    j = min(i + 1, len(found) - 1)
    other, c, d = found[j]
    if c < b:
        return "swap nothing", source
    return f"swap {text!r} and {other!r}", source[:a] + other + source[b:c] + text + source[d:]


def mutate_tokens(source, pick):
    for _ in range(3):
        how, source = mutate(source, pick)
        try:
            tokens(source)
        except (SyntaxError, tokenize.TokenError):
            break
    return "several, then " + how, source


def mutate_character(source, pick):
    i = pick.randrange(len(source))
    kind = pick.choice(["delete", "insert", "replace"])
    other = pick.choice("()[]{}'\"\\\n\t #:;,.=+-*/<>!@$?` \x0cab01_eéλ€😀\u200b\ufeff\r") if pick.random() < 0.7 else pick.choice(source)
    if kind == "delete":
        return f"delete character {i}", source[:i] + source[i + 1:]
    return f"{kind} {other!r} at {i}", source[:i] + other + source[i + (kind == "replace"):]


def mutate_cut(source, pick):
    i = pick.randrange(len(source))
    return f"cut at {i}", source[:i]


def generate(root, listing, count, seed, kind):
    pick = random.Random(seed)
    with open(listing) as f:
        files = [line for line in f.read().split("\n") if line]
    warnings.simplefilter("ignore")
    change = {"token": mutate, "tokens": mutate_tokens, "character": mutate_character, "cut": mutate_cut}[kind]
    for source in functions(root, files, count, pick):
        how, program = change(source, pick)
        mode = "single" if pick.random() < 0.1 else "exec"
        print(json.dumps([how, program, mode]))


def digest(code, out):
    out.update(repr((code.co_code, code.co_linetable, code.co_exceptiontable, code.co_names)).encode("utf-8", "replace"))
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            digest(const, out)


def verdict(source, mode):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            h = hashlib.md5()
            digest(compile(source, "<mutation>", mode, dont_inherit=True), h)
            said = ["OK", h.hexdigest()]
        except SyntaxError as e:
            said = [type(e).__name__, e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text]
        except Exception as e:
            said = [type(e).__name__, str(e)]
    return said, [[w.category.__name__, str(w.message), w.lineno] for w in caught]


def judge(cases):
    with open(cases) as f:
        for line in f:
            print(json.dumps(verdict(*json.loads(line)[1:])), flush=True)


if sys.argv[1] == "generate":
    generate(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
else:
    judge(sys.argv[2])
