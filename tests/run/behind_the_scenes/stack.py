"""The value stack: effects of instructions, depth of code, and an interpreter of a few of them written in Python."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def compute():
    x = 10
    y = 20
    result = x + y * 2
    return result


shown(compute)
print(compute(), compute.__code__.co_stacksize)
for text in ("a", "[a, b, c]", "f(a, b, c, d)", "a + (b + (c + (d + e)))", "(((a + b) + c) + d) + e", "{1: a, 2: b}", "[x for x in y]"):
    print(text, compile(text, "", "eval").co_stacksize)
for name in ("POP_TOP", "LOAD_CONST", "BINARY_OP", "CALL", "BUILD_LIST", "UNPACK_SEQUENCE", "FOR_ITER", "RETURN_VALUE", "SWAP", "COPY", "LOAD_ATTR", "STORE_SUBSCR", "POP_JUMP_IF_TRUE", "JUMP_BACKWARD", "SETUP_FINALLY", "MAKE_FUNCTION", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"):
    op = dis.opmap.get(name)
    arg = 3 if op in dis.hasarg else None
    print(name, op is not None and [dis.stack_effect(op, arg, jump=j) for j in (None, True, False)], op in dis.hasjump if op else None)


def run(code, names):
    """A small machine: enough for straight arithmetic and conditional jumps."""
    stack, fast = [], dict(names)
    instructions = list(dis.get_instructions(code))
    at = {i.offset: n for n, i in enumerate(instructions)}
    n = 0
    while True:
        i = instructions[n]
        n += 1
        match i.opname:
            case "RESUME" | "NOT_TAKEN" | "NOP" | "CACHE": pass
            case "LOAD_SMALL_INT" | "LOAD_CONST": stack.append(i.argval)
            case "LOAD_FAST" | "LOAD_FAST_BORROW": stack.append(fast[i.argval])
            case "LOAD_FAST_BORROW_LOAD_FAST_BORROW" | "LOAD_FAST_LOAD_FAST": stack += [fast[v] for v in i.argval]
            case "STORE_FAST": fast[i.argval] = stack.pop()
            case "STORE_FAST_STORE_FAST":
                for v in i.argval: fast[v] = stack.pop()
            case "BINARY_OP":
                b, a = stack.pop(), stack.pop()
                stack.append({"+": lambda: a + b, "*": lambda: a * b, "-": lambda: a - b, "+=": lambda: a + b, "-=": lambda: a - b}[i.argrepr]())
            case "COMPARE_OP":
                b, a = stack.pop(), stack.pop()
                stack.append({"<": a < b, ">": a > b, "<=": a <= b}[i.argrepr.removeprefix("bool(").removesuffix(")")])
            case "POP_JUMP_IF_FALSE":
                if not stack.pop(): n = at[i.jump_target]
            case "JUMP_BACKWARD": n = at[i.jump_target]
            case "RETURN_VALUE": return stack.pop()
            case other: raise NotImplementedError(other)


def triangle(n):
    total = 0
    while n > 0:
        total += n
        n -= 1
    return total


print(run(compute.__code__, {}), run(triangle.__code__, {"n": 10}), triangle(10))
