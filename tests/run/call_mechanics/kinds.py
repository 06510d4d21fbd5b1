"""Types of functions and methods."""
import dis, io, re, sys, types


def shown(f, **kw):
    """Disassembly with addresses masked."""
    out = io.StringIO()
    dis.dis(f, file=out, **kw)
    print(re.sub(r"0x[0-9a-f]+", "0x", out.getvalue()), end="")


def foo():
    pass


class A:
    def foo(self):
        pass

    @classmethod
    def cm(cls): pass

    @staticmethod
    def sm(): pass


for o in (foo, A().foo, A.foo, A.cm, A().cm, A.sm, sum, "".join, str.join, [].append, A, A(), A.__init__, A().__init__, object.__new__, A.__new__, A.__call__, A().__eq__, type, lambda: 0, dict.fromkeys, A.__subclasshook__, sys.exit, foo.__get__):
    print(type(o), isinstance(o, types.FunctionType), isinstance(o, types.MethodType), isinstance(o, types.BuiltinFunctionType), callable(o))
print(types.FunctionType is types.LambdaType, types.BuiltinFunctionType is types.BuiltinMethodType)
print(foo.__class__, foo.__code__.__class__, sys._getframe().__class__, type(foo).__mro__, type(sum).__mro__, type(A().foo).__mro__)
for t in (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.FrameType, types.CodeType, types.TracebackType, types.CellType, types.GeneratorType, types.MethodDescriptorType, types.WrapperDescriptorType):
    try:
        type("Sub", (t,), {})
    except TypeError as e:
        print(e)
print(sorted(n for n in dir(foo) if n not in dir(object)))
print(sorted(n for n in dir(A().foo) if n not in dir(foo)))
print(sorted(n for n in dir(sum) if n not in dir(object)))
