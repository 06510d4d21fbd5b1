//! Whether a tree that a program made is one that the grammar could have made.

use taipan_object::thread::check_recursion;
use taipan_object::{PyResult, bail};
use taipan_syntax::Arena;
use taipan_syntax::ast::table::{Node, Value};
use taipan_syntax::ast::*;

/// Checks the names of a tree of the parser: what becomes a constant's name only by normalisation passes the grammar.
pub fn names<'a>(arena: &'a Arena, n: Node<'a>) -> PyResult<()> {
    check_recursion(" during compilation")?;
    fn value<'a>(arena: &'a Arena, v: Value<'a>) -> PyResult<()> {
        match v {
            Value::Identifier(n) => name(n),
            Value::Node(n) => names(arena, n),
            Value::List(items) => items.iter().try_for_each(|v| value(arena, *v)),
            _ => Ok(()),
        }
    }
    (0..n.info().fields.len()).try_for_each(|i| value(arena, n.field(arena, i)))
}

/// Checks a whole tree.
pub fn module(m: &Mod<'_>) -> PyResult<()> {
    match m {
        Mod::Module(m) => stmts(m.body),
        Mod::Interactive(m) => stmts(m.body),
        Mod::Expression(m) => load(m.body),
        Mod::FunctionType(m) => {
            loads(m.argtypes)?;
            load(m.returns)
        }
    }
}

fn name(n: &str) -> PyResult<()> {
    if matches!(n, "None" | "True" | "False") {
        bail!(ValueError, "identifier field can't represent '{n}' constant");
    }
    Ok(())
}

fn nonempty<T>(items: &[T], what: &str, owner: &str) -> PyResult<()> {
    if items.is_empty() {
        bail!(ValueError, "empty {what} on {owner}");
    }
    Ok(())
}

fn body(b: &[Stmt<'_>], owner: &str) -> PyResult<()> {
    nonempty(b, "body", owner)?;
    stmts(b)
}

fn stmts(b: &[Stmt<'_>]) -> PyResult<()> {
    b.iter().try_for_each(stmt)
}

fn load(e: &Expr<'_>) -> PyResult<()> {
    expr(e, ExprContext::Load)
}

fn loads(es: &[&Expr<'_>]) -> PyResult<()> {
    es.iter().try_for_each(|e| load(e))
}

fn maybe(e: Option<&Expr<'_>>) -> PyResult<()> {
    e.map_or(Ok(()), load)
}

fn targets(es: &[&Expr<'_>], ctx: ExprContext, owner: &str) -> PyResult<()> {
    nonempty(es, "targets", owner)?;
    es.iter().try_for_each(|e| expr(e, ctx))
}

fn comprehensions(gens: &[Comprehension<'_>]) -> PyResult<()> {
    if gens.is_empty() {
        bail!(ValueError, "comprehension with no generators");
    }
    for g in gens {
        expr(g.target, ExprContext::Store)?;
        load(g.iter)?;
        loads(g.ifs)?;
    }
    Ok(())
}

fn keywords(ks: &[Keyword<'_>]) -> PyResult<()> {
    ks.iter().try_for_each(|k| load(k.value))
}

fn arguments(a: &Arguments<'_>) -> PyResult<()> {
    let annotations = |args: &[Arg<'_>]| args.iter().try_for_each(|a| maybe(a.annotation));
    annotations(a.posonlyargs)?;
    annotations(a.args)?;
    maybe(a.vararg.and_then(|a| a.annotation))?;
    annotations(a.kwonlyargs)?;
    maybe(a.kwarg.and_then(|a| a.annotation))?;
    if a.defaults.len() > a.posonlyargs.len() + a.args.len() {
        bail!(ValueError, "more positional defaults than args on arguments");
    }
    if a.kw_defaults.len() != a.kwonlyargs.len() {
        bail!(ValueError, "length of kwonlyargs is not the same as kw_defaults on arguments");
    }
    loads(a.defaults)?;
    a.kw_defaults.iter().try_for_each(|d| maybe(*d))
}

fn type_params(ps: &[TypeParam<'_>]) -> PyResult<()> {
    for p in ps {
        match &p.kind {
            TypeParamKind::TypeVar(t) => {
                name(t.name)?;
                maybe(t.bound)?;
                maybe(t.default_value)?;
            }
            TypeParamKind::ParamSpec(t) => {
                name(t.name)?;
                maybe(t.default_value)?;
            }
            TypeParamKind::TypeVarTuple(t) => {
                name(t.name)?;
                maybe(t.default_value)?;
            }
        }
    }
    Ok(())
}

fn context(ctx: ExprContext) -> &'static str {
    match ctx {
        ExprContext::Load => "Load",
        ExprContext::Store => "Store",
        ExprContext::Del => "Del",
    }
}

fn expr(e: &Expr<'_>, ctx: ExprContext) -> PyResult<()> {
    check_recursion(" during compilation")?;
    let actual = match &e.kind {
        ExprKind::Attribute(n) => n.ctx,
        ExprKind::Subscript(n) => n.ctx,
        ExprKind::Starred(n) => n.ctx,
        ExprKind::Name(n) => {
            name(n.id)?;
            n.ctx
        }
        ExprKind::List(n) => n.ctx,
        ExprKind::Tuple(n) => n.ctx,
        _ => {
            if ctx != ExprContext::Load {
                bail!(ValueError, "expression which can't be assigned to in {} context", context(ctx));
            }
            ctx
        }
    };
    if actual != ctx {
        bail!(ValueError, "expression must have {} context but has {} instead", context(ctx), context(actual));
    }
    match &e.kind {
        ExprKind::BoolOp(n) => {
            if n.values.len() < 2 {
                bail!(ValueError, "BoolOp with less than 2 values");
            }
            loads(n.values)
        }
        ExprKind::BinOp(n) => load(n.left).and_then(|()| load(n.right)),
        ExprKind::UnaryOp(n) => load(n.operand),
        ExprKind::Lambda(n) => arguments(n.args).and_then(|()| load(n.body)),
        ExprKind::IfExp(n) => load(n.test).and_then(|()| load(n.body)).and_then(|()| load(n.orelse)),
        ExprKind::Dict(n) => {
            if n.keys.len() != n.values.len() {
                bail!(ValueError, "Dict doesn't have the same number of keys as values");
            }
            n.keys.iter().try_for_each(|k| maybe(*k))?;
            loads(n.values)
        }
        ExprKind::Set(n) => loads(n.elts),
        ExprKind::ListComp(n) => comprehensions(n.generators).and_then(|()| load(n.elt)),
        ExprKind::SetComp(n) => comprehensions(n.generators).and_then(|()| load(n.elt)),
        ExprKind::GeneratorExp(n) => comprehensions(n.generators).and_then(|()| load(n.elt)),
        ExprKind::DictComp(n) => comprehensions(n.generators).and_then(|()| load(n.key)).and_then(|()| load(n.value)),
        ExprKind::Yield(n) => maybe(n.value),
        ExprKind::YieldFrom(n) => load(n.value),
        ExprKind::Await(n) => load(n.value),
        ExprKind::Compare(n) => {
            if n.comparators.is_empty() {
                bail!(ValueError, "Compare with no comparators");
            }
            if n.comparators.len() != n.ops.len() {
                bail!(ValueError, "Compare has a different number of comparators and operands");
            }
            loads(n.comparators)?;
            load(n.left)
        }
        ExprKind::Call(n) => load(n.func).and_then(|()| loads(n.args)).and_then(|()| keywords(n.keywords)),
        ExprKind::Constant(_) => Ok(()),
        ExprKind::JoinedStr(n) => loads(n.values),
        ExprKind::TemplateStr(n) => loads(n.values),
        ExprKind::FormattedValue(n) => load(n.value).and_then(|()| maybe(n.format_spec)),
        ExprKind::Interpolation(n) => load(n.value).and_then(|()| maybe(n.format_spec)),
        ExprKind::Attribute(n) => load(n.value),
        ExprKind::Subscript(n) => load(n.slice).and_then(|()| load(n.value)),
        ExprKind::Starred(n) => expr(n.value, ctx),
        ExprKind::Slice(n) => maybe(n.lower).and_then(|()| maybe(n.upper)).and_then(|()| maybe(n.step)),
        ExprKind::List(n) => n.elts.iter().try_for_each(|e| expr(e, ctx)),
        ExprKind::Tuple(n) => n.elts.iter().try_for_each(|e| expr(e, ctx)),
        ExprKind::NamedExpr(n) => {
            if !matches!(n.target.kind, ExprKind::Name(_)) {
                bail!(TypeError, "NamedExpr target must be a Name");
            }
            load(n.value)
        }
        ExprKind::Name(_) => Ok(()),
    }
}

fn is_name(e: &Expr<'_>) -> bool {
    matches!(e.kind, ExprKind::Name(_))
}

fn function(f: &FunctionDef<'_>, owner: &str) -> PyResult<()> {
    body(f.body, owner)?;
    type_params(f.type_params)?;
    arguments(f.args)?;
    loads(f.decorator_list)?;
    maybe(f.returns)
}

fn with(w: &With<'_>, owner: &str) -> PyResult<()> {
    nonempty(w.items, "items", owner)?;
    for i in w.items {
        load(i.context_expr)?;
        if let Some(v) = i.optional_vars {
            expr(v, ExprContext::Store)?;
        }
    }
    body(w.body, owner)
}

fn for_loop(f: &For<'_>, owner: &str) -> PyResult<()> {
    expr(f.target, ExprContext::Store)?;
    load(f.iter)?;
    body(f.body, owner)?;
    stmts(f.orelse)
}

fn try_stmt(t: &Try<'_>, owner: &str) -> PyResult<()> {
    body(t.body, owner)?;
    if t.handlers.is_empty() && t.finalbody.is_empty() {
        bail!(ValueError, "{owner} has neither except handlers nor finalbody");
    }
    if t.handlers.is_empty() && !t.orelse.is_empty() {
        bail!(ValueError, "{owner} has orelse but no except handlers");
    }
    for h in t.handlers {
        let ExceptHandlerKind::ExceptHandler(h) = &h.kind;
        maybe(h.r#type)?;
        body(h.body, "ExceptHandler")?;
    }
    stmts(t.finalbody)?;
    stmts(t.orelse)
}

fn stmt(s: &Stmt<'_>) -> PyResult<()> {
    check_recursion(" during compilation")?;
    match &s.kind {
        StmtKind::FunctionDef(f) => function(f, "FunctionDef"),
        StmtKind::AsyncFunctionDef(f) => function(f, "AsyncFunctionDef"),
        StmtKind::ClassDef(c) => {
            body(c.body, "ClassDef")?;
            type_params(c.type_params)?;
            loads(c.bases)?;
            keywords(c.keywords)?;
            loads(c.decorator_list)
        }
        StmtKind::Return(r) => maybe(r.value),
        StmtKind::Delete(d) => targets(d.targets, ExprContext::Del, "Delete"),
        StmtKind::Assign(a) => targets(a.targets, ExprContext::Store, "Assign").and_then(|()| load(a.value)),
        StmtKind::AugAssign(a) => expr(a.target, ExprContext::Store).and_then(|()| load(a.value)),
        StmtKind::AnnAssign(a) => {
            if !is_name(a.target) && a.simple != 0 {
                bail!(TypeError, "AnnAssign with simple non-Name target");
            }
            expr(a.target, ExprContext::Store)?;
            maybe(a.value)?;
            load(a.annotation)
        }
        StmtKind::TypeAlias(t) => {
            if !is_name(t.name) {
                bail!(TypeError, "TypeAlias with non-Name name");
            }
            expr(t.name, ExprContext::Store)?;
            type_params(t.type_params)?;
            load(t.value)
        }
        StmtKind::For(f) => for_loop(f, "For"),
        StmtKind::AsyncFor(f) => for_loop(f, "AsyncFor"),
        StmtKind::While(w) => {
            load(w.test)?;
            body(w.body, "While")?;
            stmts(w.orelse)
        }
        StmtKind::If(i) => {
            load(i.test)?;
            body(i.body, "If")?;
            stmts(i.orelse)
        }
        StmtKind::With(w) => with(w, "With"),
        StmtKind::AsyncWith(w) => with(w, "AsyncWith"),
        StmtKind::Match(m) => {
            load(m.subject)?;
            nonempty(m.cases, "cases", "Match")?;
            for c in m.cases {
                pattern(c.pattern, false)?;
                maybe(c.guard)?;
                body(c.body, "match_case")?;
            }
            Ok(())
        }
        StmtKind::Raise(r) => {
            if let Some(e) = r.exc {
                load(e)?;
                return maybe(r.cause);
            }
            if r.cause.is_some() {
                bail!(ValueError, "Raise with cause but no exception");
            }
            Ok(())
        }
        StmtKind::Try(t) => try_stmt(t, "Try"),
        StmtKind::TryStar(t) => try_stmt(t, "TryStar"),
        StmtKind::Assert(a) => load(a.test).and_then(|()| maybe(a.msg)),
        StmtKind::Import(i) => nonempty(i.names, "names", "Import"),
        StmtKind::ImportFrom(i) => {
            if i.level.is_some_and(|l| l < 0) {
                bail!(ValueError, "Negative ImportFrom level");
            }
            nonempty(i.names, "names", "ImportFrom")
        }
        StmtKind::Global(g) => nonempty(g.names, "names", "Global"),
        StmtKind::Nonlocal(g) => nonempty(g.names, "names", "Nonlocal"),
        StmtKind::Expr(e) => load(e.value),
        StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
    }
}

fn capture(n: &str) -> PyResult<()> {
    if n == "_" {
        bail!(ValueError, "can't capture name '_' in patterns");
    }
    name(n)
}

fn is_number(e: &Expr<'_>, real: bool, imaginary: bool) -> bool {
    let ExprKind::Constant(c) = &e.kind else { return false };
    match c.value {
        ConstantValue::Int(_) | ConstantValue::BigInt(_) | ConstantValue::Float(_) => real,
        ConstantValue::Complex { .. } => imaginary,
        _ => false,
    }
}

fn is_negative(e: &Expr<'_>, real: bool, imaginary: bool) -> bool {
    matches!(&e.kind, ExprKind::UnaryOp(n) if n.op == UnaryOperator::USub && is_number(n.operand, real, imaginary))
}

fn match_value(e: &Expr<'_>) -> PyResult<()> {
    load(e)?;
    let allowed = match &e.kind {
        ExprKind::Constant(c) => match c.value {
            ConstantValue::Int(_)
            | ConstantValue::BigInt(_)
            | ConstantValue::Float(_)
            | ConstantValue::Bytes(_)
            | ConstantValue::Complex { .. }
            | ConstantValue::Str(_) => true,
            _ => bail!(ValueError, "unexpected constant inside of a literal pattern"),
        },
        ExprKind::Attribute(_) | ExprKind::JoinedStr(_) | ExprKind::TemplateStr(_) => true,
        ExprKind::UnaryOp(_) => is_negative(e, true, true),
        ExprKind::BinOp(n) => {
            matches!(n.op, Operator::Add | Operator::Sub)
                && (is_number(n.left, true, false) || is_negative(n.left, true, false))
                && is_number(n.right, false, true)
        }
        _ => false,
    };
    if !allowed {
        bail!(ValueError, "patterns may only match literals and attribute lookups");
    }
    Ok(())
}

fn patterns(ps: &[&Pattern<'_>], star_ok: bool) -> PyResult<()> {
    ps.iter().try_for_each(|p| pattern(p, star_ok))
}

fn pattern(p: &Pattern<'_>, star_ok: bool) -> PyResult<()> {
    check_recursion(" during compilation")?;
    match &p.kind {
        PatternKind::MatchValue(m) => match_value(m.value),
        PatternKind::MatchSingleton(m) => match m.value {
            ConstantValue::None | ConstantValue::True | ConstantValue::False => Ok(()),
            _ => bail!(ValueError, "MatchSingleton can only contain True, False and None"),
        },
        PatternKind::MatchSequence(m) => patterns(m.patterns, true),
        PatternKind::MatchMapping(m) => {
            if m.keys.len() != m.patterns.len() {
                bail!(ValueError, "MatchMapping doesn't have the same number of keys as patterns");
            }
            if let Some(r) = m.rest {
                capture(r)?;
            }
            for k in m.keys {
                let singleton = matches!(&k.kind, ExprKind::Constant(c)
                    if matches!(c.value, ConstantValue::None | ConstantValue::True | ConstantValue::False));
                if !singleton {
                    match_value(k)?;
                }
            }
            patterns(m.patterns, false)
        }
        PatternKind::MatchClass(m) => {
            if m.kwd_attrs.len() != m.kwd_patterns.len() {
                bail!(ValueError, "MatchClass doesn't have the same number of keyword attributes as patterns");
            }
            load(m.cls)?;
            let mut cls = m.cls;
            loop {
                match &cls.kind {
                    ExprKind::Name(_) => break,
                    ExprKind::Attribute(a) => cls = a.value,
                    _ => bail!(ValueError, "MatchClass cls field can only contain Name or Attribute nodes."),
                }
            }
            m.kwd_attrs.iter().try_for_each(|n| name(n))?;
            patterns(m.patterns, false)?;
            patterns(m.kwd_patterns, false)
        }
        PatternKind::MatchStar(m) => {
            if !star_ok {
                bail!(ValueError, "can't use MatchStar here");
            }
            m.name.map_or(Ok(()), capture)
        }
        PatternKind::MatchAs(m) => {
            if let Some(n) = m.name {
                capture(n)?;
            }
            match (m.pattern, m.name) {
                (None, _) => Ok(()),
                (Some(_), None) => bail!(ValueError, "MatchAs must specify a target name if a pattern is given"),
                (Some(p), Some(_)) => pattern(p, false),
            }
        }
        PatternKind::MatchOr(m) => {
            if m.patterns.len() < 2 {
                bail!(ValueError, "MatchOr requires at least 2 patterns");
            }
            patterns(m.patterns, false)
        }
    }
}
