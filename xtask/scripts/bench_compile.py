"""Measures compile() over source trees. Runs on any Python 3.14.

usage: INTERP bench_compile.py ROOT LISTFILE ROUNDS   -> JSON: seconds of the quickest round, lines, code objects' files, peak memory
"""
import importlib.util, json, os, resource, sys, time, warnings

warnings.simplefilter("ignore")
sys.setrecursionlimit(20000)
root, listing, rounds = sys.argv[1:4]
with open(listing) as f:
    files = [line for line in f.read().split("\n") if line]
sources = []
for rel in files:
    with open(os.path.join(root, rel), "rb") as f:
        data = f.read()
    try:
        text = importlib.util.decode_source(data)
        compile(text, rel, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, LookupError):
        continue
    sources.append((text, rel))
best = float("inf")
for _ in range(int(rounds)):
    start = time.process_time()
    for text, rel in sources:
        compile(text, rel, "exec", dont_inherit=True)
    best = min(best, time.process_time() - start)
print(json.dumps({
    "seconds": best,
    "files": len(sources),
    "lines": sum(text.count("\n") for text, _ in sources),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
