//! All nodes. One list per ASDL type; the macros in `table` derive the types and their descriptions from it.

use super::table::{enumeration, product, sum};
use super::{ConstantValue, Span, Text};

sum! {
    'a;
    /// The root of a tree.
    Mod = "mod", no_positions {
        /// `exec` mode: a file.
        inline Module { body: &'a [Stmt<'a>], type_ignores: &'a [TypeIgnore<'a>] },
        /// `single` mode: one statement of an interactive session.
        inline Interactive { body: &'a [Stmt<'a>] },
        /// `eval` mode.
        inline Expression { body: &'a Expr<'a> },
        /// `func_type` mode: a signature type comment.
        inline FunctionType { argtypes: &'a [&'a Expr<'a>], returns: &'a Expr<'a> },
    }
}

sum! {
    'a;
    /// A statement with its position.
    Stmt, StmtKind = "stmt", positions {
        /// `def`; positions start at `def`, not at the decorators.
        boxed FunctionDef {
            name: &'a str, args: &'a Arguments<'a>, body: &'a [Stmt<'a>], decorator_list: &'a [&'a Expr<'a>],
            returns: Option<&'a Expr<'a>>, type_comment: Option<Text<'a>>, type_params: &'a [TypeParam<'a>],
        },
        /// `async def`
        boxed AsyncFunctionDef shares FunctionDef,
        /// `class`
        boxed ClassDef {
            name: &'a str, bases: &'a [&'a Expr<'a>], keywords: &'a [Keyword<'a>], body: &'a [Stmt<'a>],
            decorator_list: &'a [&'a Expr<'a>], type_params: &'a [TypeParam<'a>],
        },
        /// `return`
        inline Return { value: Option<&'a Expr<'a>> },
        /// `del`
        inline Delete { targets: &'a [&'a Expr<'a>] },
        /// `a = b = value`
        inline Assign { targets: &'a [&'a Expr<'a>], value: &'a Expr<'a>, type_comment: Option<Text<'a>> },
        /// `type X[T] = value`
        inline TypeAlias { name: &'a Expr<'a>, type_params: &'a [TypeParam<'a>], value: &'a Expr<'a> },
        /// `target += value`
        inline AugAssign { target: &'a Expr<'a>, op: Operator, value: &'a Expr<'a> },
        /// `target: annotation = value`; `simple` is 1 for a name without parentheses.
        inline AnnAssign { target: &'a Expr<'a>, annotation: &'a Expr<'a>, value: Option<&'a Expr<'a>>, simple: i32 },
        /// `for`
        inline For {
            target: &'a Expr<'a>, iter: &'a Expr<'a>, body: &'a [Stmt<'a>], orelse: &'a [Stmt<'a>],
            type_comment: Option<Text<'a>>,
        },
        /// `async for`
        inline AsyncFor shares For,
        /// `while`
        inline While { test: &'a Expr<'a>, body: &'a [Stmt<'a>], orelse: &'a [Stmt<'a>] },
        /// `if`; an `elif` is an `If` alone in `orelse`.
        inline If { test: &'a Expr<'a>, body: &'a [Stmt<'a>], orelse: &'a [Stmt<'a>] },
        /// `with`
        inline With { items: &'a [WithItem<'a>], body: &'a [Stmt<'a>], type_comment: Option<Text<'a>> },
        /// `async with`
        inline AsyncWith shares With,
        /// `match`
        inline Match { subject: &'a Expr<'a>, cases: &'a [MatchCase<'a>] },
        /// `raise exc from cause`
        inline Raise { exc: Option<&'a Expr<'a>>, cause: Option<&'a Expr<'a>> },
        /// `try` with `except` or `finally`
        inline Try {
            body: &'a [Stmt<'a>], handlers: &'a [ExceptHandler<'a>], orelse: &'a [Stmt<'a>], finalbody: &'a [Stmt<'a>],
        },
        /// `try` with `except*`
        inline TryStar shares Try,
        /// `assert test, msg`
        inline Assert { test: &'a Expr<'a>, msg: Option<&'a Expr<'a>> },
        /// `import`
        inline Import { names: &'a [Alias<'a>] },
        /// `from . import`; `level` counts the dots.
        inline ImportFrom { module: Option<&'a str>, names: &'a [Alias<'a>], level: Option<i32> },
        /// `global`
        inline Global { names: &'a [&'a str] },
        /// `nonlocal`
        inline Nonlocal { names: &'a [&'a str] },
        /// An expression as a statement.
        inline Expr = ExprStmt { value: &'a Expr<'a> },
        /// `pass`
        unit Pass,
        /// `break`
        unit Break,
        /// `continue`
        unit Continue,
    }
}

sum! {
    'a;
    /// An expression with its position.
    Expr, ExprKind = "expr", positions {
        /// `a and b and c`
        inline BoolOp { op: BoolOperator, values: &'a [&'a Expr<'a>] },
        /// `target := value`
        inline NamedExpr { target: &'a Expr<'a>, value: &'a Expr<'a> },
        /// `left op right`
        inline BinOp { left: &'a Expr<'a>, op: Operator, right: &'a Expr<'a> },
        /// `op operand`
        inline UnaryOp { op: UnaryOperator, operand: &'a Expr<'a> },
        /// `lambda args: body`
        inline Lambda { args: &'a Arguments<'a>, body: &'a Expr<'a> },
        /// `body if test else orelse`
        inline IfExp { test: &'a Expr<'a>, body: &'a Expr<'a>, orelse: &'a Expr<'a> },
        /// `{key: value, **mapping}`; a `None` key stands for `**`.
        inline Dict { keys: &'a [Option<&'a Expr<'a>>], values: &'a [&'a Expr<'a>] },
        /// `{a, b}`
        inline Set { elts: &'a [&'a Expr<'a>] },
        /// `[elt for ..]`
        inline ListComp { elt: &'a Expr<'a>, generators: &'a [Comprehension<'a>] },
        /// `{elt for ..}`
        inline SetComp { elt: &'a Expr<'a>, generators: &'a [Comprehension<'a>] },
        /// `{key: value for ..}`
        inline DictComp { key: &'a Expr<'a>, value: &'a Expr<'a>, generators: &'a [Comprehension<'a>] },
        /// `(elt for ..)`
        inline GeneratorExp { elt: &'a Expr<'a>, generators: &'a [Comprehension<'a>] },
        /// `await value`
        inline Await { value: &'a Expr<'a> },
        /// `yield value`
        inline Yield { value: Option<&'a Expr<'a>> },
        /// `yield from value`
        inline YieldFrom { value: &'a Expr<'a> },
        /// `left op comparator op comparator`
        inline Compare { left: &'a Expr<'a>, ops: &'a [CmpOp], comparators: &'a [&'a Expr<'a>] },
        /// `func(args, keywords)`
        inline Call { func: &'a Expr<'a>, args: &'a [&'a Expr<'a>], keywords: &'a [Keyword<'a>] },
        /// A `{}` of an f-string; `conversion` is -1 or the character after `!`.
        inline FormattedValue { value: &'a Expr<'a>, conversion: i32, format_spec: Option<&'a Expr<'a>> },
        /// A `{}` of a t-string; `str` is its source text.
        inline Interpolation {
            value: &'a Expr<'a>, str: &'a ConstantValue<'a>, conversion: i32, format_spec: Option<&'a Expr<'a>>,
        },
        /// An f-string.
        inline JoinedStr { values: &'a [&'a Expr<'a>] },
        /// A t-string.
        inline TemplateStr { values: &'a [&'a Expr<'a>] },
        /// A literal; `kind` is `u` for a string written with that prefix.
        inline Constant { value: ConstantValue<'a>, kind: Option<Text<'a>> },
        /// `value.attr`
        inline Attribute { value: &'a Expr<'a>, attr: &'a str, ctx: ExprContext },
        /// `value[slice]`
        inline Subscript { value: &'a Expr<'a>, slice: &'a Expr<'a>, ctx: ExprContext },
        /// `*value`
        inline Starred { value: &'a Expr<'a>, ctx: ExprContext },
        /// A name, NFKC-normalised, not mangled.
        inline Name { id: &'a str, ctx: ExprContext },
        /// `[a, b]`
        inline List { elts: &'a [&'a Expr<'a>], ctx: ExprContext },
        /// `(a, b)`
        inline Tuple { elts: &'a [&'a Expr<'a>], ctx: ExprContext },
        /// `lower:upper:step`
        inline Slice { lower: Option<&'a Expr<'a>>, upper: Option<&'a Expr<'a>>, step: Option<&'a Expr<'a>> },
    }
}

enumeration! {
    /// What is done with the target.
    ExprContext = "expr_context" {
        /// Read.
        Load,
        /// Bound.
        Store,
        /// Deleted.
        Del,
    }
}

enumeration! {
    /// `and`, `or`
    BoolOperator = "boolop" {
        /// `and`
        And,
        /// `or`
        Or,
    }
}

enumeration! {
    /// Binary operators.
    Operator = "operator" {
        /// `+`
        Add,
        /// `-`
        Sub,
        /// `*`
        Mult,
        /// `@`
        MatMult,
        /// `/`
        Div,
        /// `%`
        Mod,
        /// `**`
        Pow,
        /// `<<`
        LShift,
        /// `>>`
        RShift,
        /// `|`
        BitOr,
        /// `^`
        BitXor,
        /// `&`
        BitAnd,
        /// `//`
        FloorDiv,
    }
}

enumeration! {
    /// Unary operators.
    UnaryOperator = "unaryop" {
        /// `~`
        Invert,
        /// `not`
        Not,
        /// `+`
        UAdd,
        /// `-`
        USub,
    }
}

enumeration! {
    /// Comparisons.
    CmpOp = "cmpop" {
        /// `==`
        Eq,
        /// `!=`
        NotEq,
        /// `<`
        Lt,
        /// `<=`
        LtE,
        /// `>`
        Gt,
        /// `>=`
        GtE,
        /// `is`
        Is,
        /// `is not`
        IsNot,
        /// `in`
        In,
        /// `not in`
        NotIn,
    }
}

product! {
    'a;
    /// `for target in iter if ..` of a comprehension.
    Comprehension = "comprehension", no_positions {
        target: &'a Expr<'a>, iter: &'a Expr<'a>, ifs: &'a [&'a Expr<'a>], is_async: i32,
    }
}

sum! {
    'a;
    /// An `except` clause with its position.
    ExceptHandler, ExceptHandlerKind = "excepthandler", positions {
        /// `except type as name:`
        inline ExceptHandler = Handler { r#type: Option<&'a Expr<'a>>, name: Option<&'a str>, body: &'a [Stmt<'a>] },
    }
}

product! {
    'a;
    /// The parameters of a function; `kw_defaults` is as long as `kwonlyargs`, `defaults` belongs to the last
    /// positional parameters.
    Arguments = "arguments", no_positions {
        posonlyargs: &'a [Arg<'a>], args: &'a [Arg<'a>], vararg: Option<&'a Arg<'a>>, kwonlyargs: &'a [Arg<'a>],
        kw_defaults: &'a [Option<&'a Expr<'a>>], kwarg: Option<&'a Arg<'a>>, defaults: &'a [&'a Expr<'a>],
    }
}

product! {
    'a;
    /// One parameter.
    Arg = "arg", positions {
        arg: &'a str, annotation: Option<&'a Expr<'a>>, type_comment: Option<Text<'a>>,
    }
}

product! {
    'a;
    /// `arg=value` of a call; `**value` when `arg` is `None`.
    Keyword = "keyword", positions { arg: Option<&'a str>, value: &'a Expr<'a> }
}

product! {
    'a;
    /// `name as asname` of an import; `name` may be dotted or `*`.
    Alias = "alias", positions { name: &'a str, asname: Option<&'a str> }
}

product! {
    'a;
    /// `context_expr as optional_vars` of a `with`.
    WithItem = "withitem", no_positions { context_expr: &'a Expr<'a>, optional_vars: Option<&'a Expr<'a>> }
}

product! {
    'a;
    /// `case pattern if guard:`
    MatchCase = "match_case", no_positions {
        pattern: &'a Pattern<'a>, guard: Option<&'a Expr<'a>>, body: &'a [Stmt<'a>],
    }
}

sum! {
    'a;
    /// A pattern of a `case` with its position.
    Pattern, PatternKind = "pattern", positions {
        /// A literal or dotted name, compared with `==`.
        inline MatchValue { value: &'a Expr<'a> },
        /// `None`, `True`, `False`, compared with `is`.
        inline MatchSingleton { value: ConstantValue<'a> },
        /// `[a, b]`
        inline MatchSequence { patterns: &'a [&'a Pattern<'a>] },
        /// `{key: pattern, **rest}`
        inline MatchMapping { keys: &'a [&'a Expr<'a>], patterns: &'a [&'a Pattern<'a>], rest: Option<&'a str> },
        /// `cls(patterns, kwd_attrs=kwd_patterns)`
        inline MatchClass {
            cls: &'a Expr<'a>, patterns: &'a [&'a Pattern<'a>], kwd_attrs: &'a [&'a str],
            kwd_patterns: &'a [&'a Pattern<'a>],
        },
        /// `*name`
        inline MatchStar { name: Option<&'a str> },
        /// `pattern as name`, a capture (no pattern) or `_` (neither).
        inline MatchAs { pattern: Option<&'a Pattern<'a>>, name: Option<&'a str> },
        /// `a | b`
        inline MatchOr { patterns: &'a [&'a Pattern<'a>] },
    }
}

sum! {
    'a;
    /// A `# type: ignore` comment.
    TypeIgnore = "type_ignore", no_positions {
        /// The only kind.
        inline TypeIgnore = TypeIgnoreComment { lineno: i32, tag: Text<'a> },
    }
}

sum! {
    'a;
    /// A type parameter with its position.
    TypeParam, TypeParamKind = "type_param", positions {
        /// `T: bound = default`
        inline TypeVar { name: &'a str, bound: Option<&'a Expr<'a>>, default_value: Option<&'a Expr<'a>> },
        /// `**P = default`
        inline ParamSpec { name: &'a str, default_value: Option<&'a Expr<'a>> },
        /// `*Ts = default`
        inline TypeVarTuple { name: &'a str, default_value: Option<&'a Expr<'a>> },
    }
}

const _: () = assert!(size_of::<Expr<'_>>() <= 64);
const _: () = assert!(size_of::<Stmt<'_>>() <= 96);
