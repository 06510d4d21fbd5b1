"""What dis shows of a function, and the fields of its code object."""
import dis


def f(a, b=2, *args, key=None, **kw):
    total = 0
    for i, x in enumerate(args, a):
        if x > b and not key:
            total += x * i
        else:
            continue
    try:
        return [total + n for n in kw.values()]
    except (TypeError, ValueError) as e:
        raise RuntimeError(f"bad {e!r}") from e


dis.dis(f)
c = f.__code__
print(c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount, c.co_nlocals, c.co_stacksize, hex(c.co_flags))
print(c.co_names, c.co_varnames, c.co_cellvars, c.co_freevars, c.co_consts, c.co_name, c.co_qualname, c.co_firstlineno)
print(list(c.co_lines()))
print(list(c.co_positions())[:12])
print(f.__defaults__, f.__kwdefaults__, dis.stack_effect(dis.opmap["BINARY_OP"], 0))
