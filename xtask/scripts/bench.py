"""Measures an executable against the interpreter that runs this script, and prints ratios as a Markdown table.

usage: REFERENCE bench.py --taipan EXE [--programs] [--micro] [--startup] [--rounds N] [--warm S] [--measure S]
                          [--timeout S] [--also NAME=COMMAND]... [--out FILE.md] [NAME...]

Three groups: `programs` are the pure-Python scripts of the pyperformance package (fetched with pip into a cache, never
part of this repository), `micro` are benches/micro/*.py, `startup` are small commands. Without a group all three run; with
names only those run. Every figure is made A B A B: in each round each interpreter runs once, in a fresh process, so that
what the machine does besides hits all alike. Per interpreter the median over the rounds counts. Ratios are time (or memory)
relative to the reference: under 1 is better.
"""
import argparse
import math
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
MICRO = HERE.parent.parent / "benches" / "micro"
CACHE = pathlib.Path(os.environ.get("BENCH_CACHE", os.path.expanduser("~/.cache/pyperformance")))
PROGRAMS = """async_generators async_tree argparse barnes_hut base64 bpe_tokeniser chaos comprehensions coroutines
crypto_pyaes decimal_factorial decimal_pi deepcopy deltablue fannkuch float gc_collect gc_traversal generators go hexiom
json_dumps json_loads logging mdp meteor_contest nbody nqueens pathlib pickle pidigits pprint pyflate raytrace
regex_compile regex_dna regex_effbot regex_v8 richards richards_super scimark spectral_norm sqlite_synth telco
tomli_loads typing_runtime_protocols unpack_sequence xml_etree""".split()
ARGUMENTS = {"async_tree": ["none"], "argparse": ["many_optionals"], "pickle": ["--pure-python", "pickle"]}
STARTUP = {
    "pass": "pass",
    "six imports": "import asyncio, json, re, typing, dataclasses, argparse",
}


def fetch_programs():
    """The folder of pyperformance's scripts; the package is downloaded once."""
    folder = CACHE / "pyperformance" / "data-files" / "benchmarks"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        pip = shlex.split(os.environ.get("PIP", "python3 -m pip"))
        subprocess.run(pip + ["download", "-q", "--no-deps", "-d", str(CACHE), "pyperformance"], check=True)
        import zipfile
        for wheel in CACHE.glob("pyperformance*.whl"):
            with zipfile.ZipFile(wheel) as z:
                z.extractall(CACHE)
        # Two of the programs need these; the compiled parts are dropped, so that all interpreters run the same code.
        subprocess.run(pip + ["install", "-q", "--no-deps", "--target", str(CACHE / "extra"), "pyaes", "tomli"], check=True)
        for compiled in (CACHE / "extra").rglob("*.so"):
            compiled.unlink()
    return folder


class Interpreter:
    def __init__(self, name, command):
        self.name = name
        self.env = {}
        words = shlex.split(command)
        while words and re.match(r"^[A-Z_0-9]+=", words[0]):
            key, value = words.pop(0).split("=", 1)
            self.env[key] = value
        self.words = words

    def run(self, arguments, env, cwd, timeout):
        """Runs once; gives standard output (None where it fails), an error text (or None), and seconds."""
        full = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", **env, **self.env)
        start = time.perf_counter()
        child = subprocess.Popen(self.words + arguments, env=full, cwd=cwd, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return None, "timeout", timeout
        seconds = time.perf_counter() - start
        if child.returncode:
            return None, "fail: " + (err.strip().splitlines() or ["exit %d" % child.returncode])[-1][:80], seconds
        return out, None, seconds


def peak_memory(interpreter, code, timeout):
    """Peak resident memory of one run in bytes, or an error text.

    The program reads its own figure: what wait4 tells of a child starts from the size of the parent it was forked from.
    """
    ask = "\nfor line in open('/proc/self/status'):\n if line.startswith('VmHWM'): print(line.split()[1])"
    out, error, _ = interpreter.run(["-c", code + ask], {}, None, timeout)
    return error or int(out) * 1024


class Table:
    def __init__(self, title, unit, scale, interpreters):
        self.title, self.unit, self.scale = title, unit, scale
        self.names = [i.name for i in interpreters]
        self.lines = ["", "### " + title, "", self.row(["", *("%s %s" % (n, unit) for n in self.names),
                                                        *(n + " ratio" for n in self.names[1:]), "spread"]),
                      "|---|" + "---:|" * (2 * len(self.names))]
        self.ratios = {n: [] for n in self.names[1:]}
        self.missing = {n: 0 for n in self.names[1:]}
        print("\n".join(self.lines), flush=True)

    @staticmethod
    def row(cells):
        return "| " + " | ".join(cells) + " |"

    def add(self, label, samples):
        """`samples[name]` is a list of figures, one per round, or an error text."""
        cells, ratios, spread = [label], [], ""
        base = samples[self.names[0]]
        for name in self.names:
            value = samples[name]
            cells.append(value if isinstance(value, str) else "%.4g" % (statistics.median(value) * self.scale))
        for name in self.names[1:]:
            value = samples[name]
            if isinstance(value, str) or isinstance(base, str):
                self.missing[name] += 1
                ratios.append("")
                continue
            ratio = statistics.median(value) / max(statistics.median(base), 1e-12)
            self.ratios[name].append(ratio)
            ratios.append("**%.2f**" % ratio)
            if not spread:
                pairs = [a / max(b, 1e-12) for a, b in zip(value, base)]
                spread = "%.2f-%.2f" % (min(pairs), max(pairs))
        self.lines.append(self.row(cells + ratios + [spread]))
        print(self.lines[-1], flush=True)

    def close(self):
        for name, ratios in self.ratios.items():
            if ratios:
                mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
                text = "%s: geometric mean of %d ratios **%.3f**, worst %.2f" % (name, len(ratios), mean, max(ratios))
            else:
                text = "%s: no ratio" % name
            if self.missing[name]:
                text += ", %d not run" % self.missing[name]
            self.lines += ["", text]
            print("\n" + text, flush=True)


def timed_scripts(title, scripts, interpreters, options, extra_path):
    """Scripts that report through the pyperf stand-in."""
    table = Table(title, "ms", 1e3, interpreters)
    for name, script in scripts:
        found = {}
        for _ in range(options.rounds):
            for interpreter in interpreters:
                env = {"BENCH_WARM": options.warm, "BENCH_MEASURE": options.measure,
                       "PYTHONPATH": os.pathsep.join([str(HERE / "pyperf_stub"), str(script.parent), *extra_path])}
                arguments = [str(script)] + ARGUMENTS.get(name, [])
                out, error, _ = interpreter.run(arguments, env, str(script.parent), options.timeout)
                rows = [line.split("\t") for line in (out or "").splitlines() if line.startswith("BENCH\t")]
                if error or not rows:
                    found.setdefault(name, {})[interpreter.name] = error or "no figures"
                for row in rows:
                    label = name + (":" + row[1] if len(rows) > 1 else "")
                    figures = found.setdefault(label, {}).setdefault(interpreter.name, [])
                    if isinstance(figures, list):
                        figures.append(float(row[3]))
        failed = found.get(name, {})
        for label in sorted(found, key=lambda label: (label != name, label)):
            if label == name and len(found) > 1:
                continue
            samples = {i.name: found[label].get(i.name, failed.get(i.name, "absent")) for i in interpreters}
            table.add(label, samples)
    table.close()
    return table.lines


def startup(interpreters, options):
    times = Table("Start-up", "ms", 1e3, interpreters)
    rounds = max(options.rounds * 5, 11)
    for label, code in STARTUP.items():
        samples = {i.name: [] for i in interpreters}
        for _ in range(rounds):
            for interpreter in interpreters:
                _, error, seconds = interpreter.run(["-c", code], {}, None, options.timeout)
                if error:
                    samples[interpreter.name] = error
                elif isinstance(samples[interpreter.name], list):
                    samples[interpreter.name].append(seconds)
        times.add(label, samples)
    times.close()
    memory = Table("Peak memory", "MB", 1e-6, interpreters)
    programs = dict(STARTUP)
    programs["900,000 small objects"] = "x = [(i, str(i), {i: i}) for i in range(300000)]"
    for label, code in programs.items():
        samples = {}
        for interpreter in interpreters:
            peaks = [peak_memory(interpreter, code, options.timeout) for _ in range(3)]
            errors = [p for p in peaks if isinstance(p, str)]
            samples[interpreter.name] = errors[0] if errors else peaks
        memory.add(label, samples)
    memory.close()
    return times.lines + memory.lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--taipan", required=True)
    parser.add_argument("--also", action="append", default=[])
    parser.add_argument("--programs", action="store_true")
    parser.add_argument("--micro", action="store_true")
    parser.add_argument("--startup", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm", default="1.0")
    parser.add_argument("--measure", default="1.0")
    parser.add_argument("--timeout", type=float, default=90)
    parser.add_argument("--out")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    interpreters = [Interpreter("reference", shlex.quote(sys.executable)),
                    Interpreter("taipan", shlex.quote(options.taipan))]
    interpreters += [Interpreter(*also.split("=", 1)) for also in options.also]
    every = not (options.programs or options.micro or options.startup)
    wanted = set(options.names)
    lines = []
    micro = [(p.stem, p) for p in sorted(MICRO.glob("*.py")) if not wanted or p.stem in wanted]
    if (every or options.micro) and micro:
        lines += timed_scripts("Micro-benchmarks", micro, interpreters, options, [])
    names = [n for n in PROGRAMS if not wanted or n in wanted]
    if (every or options.programs) and names:
        folder = fetch_programs()
        scripts = [(n, folder / ("bm_" + n) / "run_benchmark.py") for n in names]
        lines += timed_scripts("Programs of pyperformance", scripts, interpreters, options, [str(CACHE / "extra")])
    if options.startup or (every and not wanted):
        lines += startup(interpreters, options)
    if not lines:
        sys.exit("no benchmark of that name")
    if options.out:
        pathlib.Path(options.out).write_text("\n".join(lines).lstrip("\n") + "\n")


main()
