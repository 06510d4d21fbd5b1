"""The plain interactive prompt: a console that remembers its sources for tracebacks, after the file named by PYTHONSTARTUP."""

import code
import linecache
import sys


class Prompt(code.InteractiveConsole):
    """Statements are read from standard input until it ends."""

    def runsource(self, source, filename="<stdin>", symbol="single"):
        try:
            compiled = self.compile(source, filename, symbol)
        except Exception:
            self.showsyntaxerror(filename, source=source)
            return False
        if compiled is None:
            return True
        linecache._register_code(compiled, source + "\n", filename)
        self.runcode(compiled)
        return False


def run_startup(namespace):
    """Run the file named by PYTHONSTARTUP in the namespace; its errors are shown and do not end the session."""
    import os
    path = os.getenv("PYTHONSTARTUP")
    if not path or sys.flags.ignore_environment:
        return
    sys.audit("cpython.run_startup", path)
    try:
        with open(path, "rb") as f:
            source = f.read()
    except OSError as e:
        print(f"Could not open PYTHONSTARTUP\n{type(e).__name__}: {e}", file=sys.stderr)
        return
    try:
        exec(compile(source, path, "exec"), namespace)
    except SystemExit:
        raise
    except BaseException as e:
        sys.excepthook(type(e), e.with_traceback(e.__traceback__ and e.__traceback__.tb_next), e.__traceback__ and e.__traceback__.tb_next)


def interact(namespace):
    """Run the prompt with a namespace."""
    run_startup(namespace)
    Prompt(namespace, "<stdin>").interact("", "")
