#! /usr/bin/env python3
"""A profiler of calls whose counting is native; the module `profile` is the same in Python."""

__all__ = ["run", "runctx", "Profile"]

import _lsprof
import importlib.machinery
import importlib.util
import io
import marshal
import profile as _profile


def run(statement, filename=None, sort=-1):
    return _profile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _profile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _profile.run.__doc__
runctx.__doc__ = _profile.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=0.0, subcalls=True, builtins=True)

    Counts calls and the time in them while it is enabled. `timer` is a clock to use instead of the default; where it gives
    integers, `timeunit` says how long one of them is in seconds.
    """

    def print_stats(self, sort=-1):
        import pstats
        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        with open(file, "wb") as out:
            self.create_stats()
            marshal.dump(self.stats, out)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Brings the counts into the form that pstats reads: per function its calls, times and callers."""
        entries = self.getstats()
        # Several code objects may have one label (those made by `exec` for example): their counts are summed.
        sums = {}
        callers_of = {}
        by_code = {}
        for entry in entries:
            function = label(entry.code)
            by_code[id(entry.code)] = callers_of.setdefault(function, {})
            _add(sums, function, entry.callcount - entry.reccallcount, entry.callcount, entry)
        for entry in entries:
            caller = label(entry.code)
            for called in entry.calls or ():
                if (callers := by_code.get(id(called.code))) is not None:
                    # In the rows of callers the two counts stand the other way round.
                    _add(callers, caller, called.callcount, called.callcount - called.reccallcount, called)
        self.stats = {function: counts + (callers_of[function],) for function, counts in sums.items()}

    # profile and cProfile share these forms of use.

    def run(self, cmd):
        import __main__
        return self.runctx(cmd, __main__.__dict__, __main__.__dict__)

    def runctx(self, cmd, globals, locals):
        with self:
            exec(cmd, globals, locals)
        return self

    def runcall(self, func, /, *args, **kw):
        with self:
            return func(*args, **kw)

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *details):
        self.disable()


def _add(table, key, first_count, second_count, entry):
    """Adds two counts and an entry's own and whole time to a row."""
    new = (first_count, second_count, entry.inlinetime, entry.totaltime)
    table[key] = tuple(map(sum, zip(table[key], new))) if key in table else new


def label(code):
    """(file, line, name) of a code object, or of the text that stands for a native function."""
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def main():
    import os
    import pstats
    import runpy
    import sys
    from optparse import OptionParser

    parser = OptionParser(usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", dest="outfile", default=None, help="Save stats to <outfile>")
    parser.add_option("-s", "--sort", dest="sort", default=2, choices=sorted(pstats.Stats.sort_arg_dict_default),
                      help="Sort order when printing to stdout, based on pstats.Stats class")
    parser.add_option("-m", dest="module", action="store_true", default=False, help="Profile a library module")
    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)
    options, arguments = parser.parse_args()
    sys.argv[:] = arguments
    # The program may change folders before the result is written.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)
    if not arguments:
        parser.print_usage()
        return parser
    module = None
    if options.module:
        statement = "run_module(modname, run_name='__main__')"
        globs = {"run_module": runpy.run_module, "modname": arguments[0]}
    else:
        program = arguments[0]
        sys.path.insert(0, os.path.dirname(program))
        with io.open_code(program) as file:
            statement = compile(file.read(), program, "exec")
        spec = importlib.machinery.ModuleSpec(name="__main__", loader=None, origin=program)
        module = importlib.util.module_from_spec(spec)
        # What the program defines must be found in sys.modules, by pickle for one.
        sys.modules["__main__"] = module
        globs = module.__dict__
        globs.update({"__spec__": spec, "__file__": spec.origin, "__name__": spec.name, "__package__": None,
                      "__cached__": None})
    try:
        runctx(statement, globs, None, options.outfile, options.sort)
    except BrokenPipeError as e:
        # Whoever reads our output is gone: no complaint at exit either.
        sys.stdout = None
        sys.exit(e.errno)
    return parser


if __name__ == "__main__":
    main()
