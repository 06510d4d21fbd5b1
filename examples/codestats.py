#!/usr/bin/env python3
"""Reads a tree of Python sources and reports on it: sizes, functions, complexity, names, imports, style.

usage: codestats.py [--json] [--top N] [--min-complexity N] [--exclude PATTERN] PATH...

The same input always gives the same output: files are read in sorted order, and nothing depends on the clock.
"""
from __future__ import annotations

import argparse
import ast
import collections
import dataclasses
import fnmatch
import io
import json
import os
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from enum import Enum

# ---------------------------------------------------------------------------------------------- what is measured


class Kind(Enum):
    FUNCTION = "function"
    METHOD = "method"
    ASYNC = "async function"
    LAMBDA = "lambda"


@dataclasses.dataclass(frozen=True, order=True)
class Function:
    """One function of a file, with what can be said of it."""

    complexity: int
    length: int
    path: str
    line: int
    name: str
    kind: Kind = dataclasses.field(compare=False)
    arguments: int = dataclasses.field(compare=False)
    depth: int = dataclasses.field(compare=False)
    documented: bool = dataclasses.field(compare=False)

    def as_dict(self) -> dict[str, object]:
        found = dataclasses.asdict(self)
        found["kind"] = self.kind.value
        return found


@dataclasses.dataclass
class Lines:
    """Lines of a file by what stands on them."""

    total: int = 0
    code: int = 0
    comment: int = 0
    blank: int = 0
    docstring: int = 0
    longest: int = 0

    def __add__(self, other: Lines) -> Lines:
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(Lines)}
        sums["longest"] = max(self.longest, other.longest)
        return Lines(**sums)


@dataclasses.dataclass
class FileReport:
    path: str
    lines: Lines = dataclasses.field(default_factory=Lines)
    functions: list[Function] = dataclasses.field(default_factory=list)
    classes: int = 0
    imports: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    names: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    tokens: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    nodes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    notes: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    error: str | None = None


# ---------------------------------------------------------------------------------------------- the syntax tree


class Complexity(ast.NodeVisitor):
    """Counts the independent paths through one function: one, and one more per decision."""

    def __init__(self) -> None:
        self.paths = 1
        self.deepest = 0
        self._depth = 0

    @classmethod
    def of(cls, function: ast.AST) -> tuple[int, int]:
        counter = cls()
        body = function.body if isinstance(function.body, list) else [function.body]
        for statement in body:
            counter.visit(statement)
        return counter.paths, counter.deepest

    def _nested(self, node: ast.AST, decisions: int = 1) -> None:
        self.paths += decisions
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        self.generic_visit(node)
        self._depth -= 1

    def visit_If(self, node: ast.If) -> None:
        self._nested(node)

    visit_For = visit_AsyncFor = visit_While = visit_If

    def visit_With(self, node: ast.With) -> None:
        self._nested(node, decisions=0)

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        self._nested(node, decisions=len(node.handlers) + bool(node.orelse))

    visit_TryStar = visit_Try

    def visit_Match(self, node: ast.Match) -> None:
        self._nested(node, decisions=len(node.cases))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.paths += 1
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.paths += len(node.values) - 1
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.paths += 1 + len(node.ifs)
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.paths += 1
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Inner functions and classes are measured on their own."""

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef


class TreeReader(ast.NodeVisitor):
    """Fills a report from a syntax tree."""

    def __init__(self, report: FileReport) -> None:
        self.report = report
        self.scopes: list[tuple[str, bool]] = []

    def generic_visit(self, node: ast.AST) -> None:
        self.report.nodes[type(node).__name__] += 1
        super().generic_visit(node)

    def _qualified(self, name: str) -> str:
        return ".".join([scope for scope, _ in self.scopes] + [name])

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str, kind: Kind) -> None:
        paths, depth = Complexity.of(node)
        a = node.args
        count = len(a.posonlyargs) + len(a.args) + len(a.kwonlyargs) + (a.vararg is not None) + (a.kwarg is not None)
        documented = kind is not Kind.LAMBDA and ast.get_docstring(node, clean=False) is not None
        self.report.functions.append(
            Function(
                complexity=paths,
                length=node.end_lineno - node.lineno + 1,
                path=self.report.path,
                line=node.lineno,
                name=self._qualified(name),
                kind=kind,
                arguments=count,
                depth=depth,
                documented=documented,
            )
        )
        self.scopes.append((name, False))
        self.generic_visit(node)
        self.scopes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        in_class = bool(self.scopes) and self.scopes[-1][1]
        self._function(node, node.name, Kind.METHOD if in_class else Kind.FUNCTION)
        if not node.name.startswith("visit_") and not re.fullmatch(r"_{0,2}[a-z0-9][a-z0-9_]*|_+", node.name):
            self.report.notes.append((node.lineno, f"function name {node.name!r} is not in lower case"))
        for default in node.args.defaults + [d for d in node.args.kw_defaults if d is not None]:
            if isinstance(default, (ast.List, ast.Dict, ast.Set)):
                self.report.notes.append((default.lineno, f"mutable default argument in {node.name!r}"))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node, node.name, Kind.ASYNC)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, "<lambda>", Kind.LAMBDA)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.report.classes += 1
        self.scopes.append((node.name, True))
        self.generic_visit(node)
        self.scopes.pop()

    def visit_Import(self, node: ast.Import) -> None:
        self.report.imports.update(alias.name.partition(".")[0] for alias in node.names)
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        origin = "." * node.level if node.level else (node.module or "").partition(".")[0]
        self.report.imports[origin] += 1
        if any(alias.name == "*" for alias in node.names):
            self.report.notes.append((node.lineno, f"star import from {node.module or origin!r}"))
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        match node:
            case ast.ExceptHandler(type=None):
                self.report.notes.append((node.lineno, "bare except"))
            case ast.ExceptHandler(type=ast.Name(id="BaseException" | "Exception" as name), body=[ast.Pass()]):
                self.report.notes.append((node.lineno, f"{name} is swallowed"))
            case _:
                pass
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for operator, right in zip(node.ops, node.comparators):
            match operator, right:
                case (ast.Eq() | ast.NotEq()), ast.Constant(value=None):
                    self.report.notes.append((node.lineno, "comparison with None by value"))
                case (ast.Is() | ast.IsNot()), ast.Constant(value=int() | str() as value) if value is not True and value is not False:
                    self.report.notes.append((node.lineno, f"identity test with the literal {value!r}"))
        self.generic_visit(node)


# ---------------------------------------------------------------------------------------------- tokens and lines

MARK = re.compile(r"\b(?P<mark>TODO|FIXME|XXX|HACK)\b[:\s]*(?P<text>.{0,40})")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def read_tokens(report: FileReport, source: str) -> None:
    """Counts tokens, names and the lines they stand on."""
    code_lines: set[int] = set()
    comment_lines: set[int] = set()
    doc_lines: set[int] = set()
    layout = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
    at_start = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        report.tokens[tokenize.tok_name[token.type]] += 1
        if token.type == tokenize.COMMENT:
            comment_lines.add(token.start[0])
            if mark := MARK.search(token.string):
                report.notes.append((token.start[0], f"{mark['mark']}: {mark['text'].strip()}"))
            continue
        if token.type in layout:
            at_start = at_start or token.type == tokenize.NEWLINE
            continue
        span = range(token.start[0], token.end[0] + 1)
        if token.type == tokenize.STRING and at_start:
            doc_lines.update(span)
        else:
            code_lines.update(span)
        if token.type == tokenize.NAME:
            report.names[token.string] += 1
        at_start = False
    text = source.splitlines()
    lines = report.lines
    lines.total = len(text)
    lines.longest = max(map(len, text), default=0)
    lines.code = len(code_lines)
    lines.docstring = len(doc_lines - code_lines)
    lines.comment = len(comment_lines - code_lines - doc_lines)
    lines.blank = sum(1 for i, line in enumerate(text, 1) if not line.strip() and i not in doc_lines | code_lines)


def words_of(name: str) -> list[str]:
    """The words of an identifier: `readTheLine2` and `read_the_line_2` have the same four."""
    return [word.lower() for word in WORD.findall(name)]


# ---------------------------------------------------------------------------------------------- files


def find_sources(paths: Iterable[str], exclude: list[str]) -> Iterator[str]:
    for path in paths:
        if os.path.isfile(path):
            yield path
            continue
        if not os.path.isdir(path):
            raise FileNotFoundError(f"there is no {path!r}")
        for folder, subfolders, files in os.walk(path):
            subfolders[:] = sorted(s for s in subfolders if s != "__pycache__" and not s.startswith("."))
            for name in sorted(files):
                full = os.path.join(folder, name)
                if name.endswith(".py") and not any(fnmatch.fnmatch(full, pattern) for pattern in exclude):
                    yield full


def examine(path: str) -> FileReport:
    report = FileReport(path.replace(os.sep, "/"))
    try:
        with tokenize.open(path) as file:
            source = file.read()
        tree = ast.parse(source, path)
        read_tokens(report, source)
    except (SyntaxError, UnicodeDecodeError, tokenize.TokenError) as e:
        where = getattr(e, "lineno", None)
        report.error = f"{type(e).__name__}: {e.msg if isinstance(e, SyntaxError) else e}" + (f" (line {where})" if where else "")
        return report
    TreeReader(report).visit(tree)
    report.notes.sort()
    return report


# ---------------------------------------------------------------------------------------------- the whole


@dataclasses.dataclass
class Summary:
    files: int
    unreadable: list[tuple[str, str]]
    lines: Lines
    classes: int
    functions: list[Function]
    imports: list[tuple[str, int]]
    names: list[tuple[str, int]]
    words: list[tuple[str, int]]
    nodes: list[tuple[str, int]]
    histogram: dict[str, int]
    notes: list[tuple[str, int, str]]

    BUCKETS = ((1, 1), (2, 3), (4, 6), (7, 10), (11, 20), (21, 50), (51, None))

    @classmethod
    def of(cls, reports: list[FileReport]) -> Summary:
        functions = [f for r in reports for f in r.functions]
        imports, names, nodes, words = (collections.Counter() for _ in range(4))
        for r in reports:
            imports.update(r.imports)
            names.update(r.names)
            nodes.update(r.nodes)
        for name, count in names.items():
            for word in words_of(name):
                words[word] += count
        return cls(
            files=len(reports),
            unreadable=[(r.path, r.error) for r in reports if r.error],
            lines=sum((r.lines for r in reports), Lines()),
            classes=sum(r.classes for r in reports),
            functions=functions,
            imports=ranked(imports),
            names=ranked(names),
            words=ranked(words),
            nodes=ranked(nodes),
            histogram=cls._histogram(f.complexity for f in functions),
            notes=[(r.path, line, text) for r in reports for line, text in r.notes],
        )

    @classmethod
    def _histogram(cls, values: Iterable[int]) -> dict[str, int]:
        labels = [f"{low}" if low == high else f"{low}-{high}" if high else f"{low}+" for low, high in cls.BUCKETS]
        counts = dict.fromkeys(labels, 0)
        for value in values:
            for label, (low, high) in zip(labels, cls.BUCKETS):
                if value >= low and (high is None or value <= high):
                    counts[label] += 1
                    break
        return counts

    def average(self, field: str) -> float:
        values = [getattr(f, field) for f in self.functions]
        return round(sum(values) / len(values), 2) if values else 0.0

    def as_dict(self, top: int) -> dict[str, object]:
        return {
            "files": self.files,
            "unreadable": [{"path": p, "error": e} for p, e in self.unreadable],
            "lines": dataclasses.asdict(self.lines),
            "classes": self.classes,
            "functions": {
                "count": len(self.functions),
                "documented": sum(f.documented for f in self.functions),
                "average_length": self.average("length"),
                "average_complexity": self.average("complexity"),
                "by_kind": dict(sorted(collections.Counter(f.kind.value for f in self.functions).items())),
                "most_complex": [f.as_dict() for f in sorted(self.functions, key=by("complexity"))[:top]],
                "longest": [f.as_dict() for f in sorted(self.functions, key=by("length"))[:top]],
            },
            "complexity": self.histogram,
            "imports": dict(self.imports[:top]),
            "names": dict(self.names[:top]),
            "words": dict(self.words[:top]),
            "nodes": dict(self.nodes[:top]),
            "notes": [{"path": p, "line": n, "text": t} for p, n, t in self.notes],
        }


def ranked(counter: collections.Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first; equals in alphabetical order."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def by(field: str):
    return lambda f: (-getattr(f, field), f.path, f.line, f.name)


# ---------------------------------------------------------------------------------------------- output


def table(head: list[str], rows: list[list[object]]) -> str:
    """Text columns to the left, numbers to the right."""
    cells = [[f"{c:,}" if isinstance(c, int) else f"{c:.2f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    widths = [max(len(line[i]) for line in [head, *cells]) for i in range(len(head))]
    right = [bool(rows) and isinstance(rows[0][i], (int, float)) for i in range(len(head))]

    def render(line: list[str]) -> str:
        parts = (f"{c:>{w}}" if r else f"{c:<{w}}" for c, w, r in zip(line, widths, right))
        return "  ".join(parts).rstrip()

    return "\n".join([render(head), "  ".join("-" * w for w in widths), *map(render, cells)])


def bars(counts: dict[str, int], width: int = 40) -> str:
    most = max(counts.values(), default=0) or 1
    label = max(map(len, counts), default=0)
    return "\n".join(f"{name:>{label}} {'#' * round(n * width / most):<{width}} {n:,}" for name, n in counts.items())


def text_report(summary: Summary, top: int, min_complexity: int) -> str:
    lines = summary.lines
    share = lambda n: f"{100 * n / lines.total:5.1f} %" if lines.total else "    -"
    parts = [
        f"{summary.files:,} files, {summary.classes:,} classes, {len(summary.functions):,} functions",
        table(
            ["lines", "number", "share"],
            [[name, getattr(lines, name), share(getattr(lines, name))] for name in ("total", "code", "docstring", "comment", "blank")],
        ),
        f"longest line: {lines.longest} characters; functions: {summary.average('length')} lines long and "
        f"{summary.average('complexity')} paths complex on average",
        "complexity of functions\n" + bars(summary.histogram),
    ]
    complex_ones = [f for f in sorted(summary.functions, key=by("complexity")) if f.complexity >= min_complexity][:top]
    if complex_ones:
        rows = [[f.name, f.complexity, f.length, f.arguments, f.depth, f"{f.path}:{f.line}"] for f in complex_ones]
        parts.append(table(["most complex", "paths", "lines", "args", "depth", "where"], rows))
    longest = sorted(summary.functions, key=by("length"))[:top]
    if longest:
        parts.append(table(["longest", "lines", "kind", "where"], [[f.name, f.length, f.kind.value, f"{f.path}:{f.line}"] for f in longest]))
    for title, counts in [("imports", summary.imports), ("names", summary.names), ("words in names", summary.words), ("nodes", summary.nodes)]:
        listed = ", ".join(f"{name} {n:,}" for name, n in counts[:top])
        parts.append(textwrap.fill(f"{title}: {listed}", 100, subsequent_indent="    "))
    if summary.notes:
        shown = [f"  {path}:{line}: {text}" for path, line, text in summary.notes[: top * 2]]
        more = len(summary.notes) - len(shown)
        parts.append("\n".join([f"notes ({len(summary.notes):,})", *shown, *([f"  and {more:,} more"] if more > 0 else [])]))
    if summary.unreadable:
        parts.append("\n".join(["not read", *(f"  {path}: {error}" for path, error in summary.unreadable)]))
    return "\n\n".join(parts)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Reports on a tree of Python sources.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder or a file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="how many entries each list shows")
    parser.add_argument("--min-complexity", type=int, default=1, metavar="N", help="list functions from this many paths on")
    parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="leave out paths that fit")
    options = parser.parse_args(argv)
    try:
        reports = [examine(path) for path in find_sources(options.paths, options.exclude)]
    except FileNotFoundError as e:
        parser.error(str(e))
    summary = Summary.of(reports)
    if options.json:
        json.dump(summary.as_dict(options.top), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print(text_report(summary, options.top, options.min_complexity))
    return 1 if summary.unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
