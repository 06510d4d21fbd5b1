//! The tree as the compiler reads it, for `PyCF_OPTIMIZED_AST`: docstrings dropped, `__debug__` a constant, `%` formats as f-strings, constants
//! of patterns folded. The compiler itself never rewrites its tree; here its reading of it is made visible.

use taipan_compiler::preprocess::{FormatPart, Preprocess, pattern_constant, percent_format};
use taipan_object::thread::check_recursion;
use taipan_object::{PyResult, bail};
use taipan_syntax::ast::table::{Node, Value};
use taipan_syntax::ast::*;
use taipan_syntax::{Arena, Wtf8};

/// Rewrites a whole tree.
pub fn module<'a>(arena: &'a Arena, m: Mod<'a>, optimize: u8) -> PyResult<Mod<'a>> {
    let rewrite = Rewrite { arena, preprocess: Preprocess { optimize, as_written: false } };
    match rewrite.node(Node::Mod(arena.alloc(m)))? {
        Node::Mod(m) => Ok(*m),
        _ => bail!(SystemError, "a root that is no root"),
    }
}

struct Rewrite<'a> {
    arena: &'a Arena,
    preprocess: Preprocess,
}

impl<'a> Rewrite<'a> {
    fn node(&self, n: Node<'a>) -> PyResult<Node<'a>> {
        check_recursion(" during compilation")?;
        if let Node::Expr(e) = n
            && let Some(new) = self.expr(e)?
        {
            return Ok(Node::Expr(new));
        }
        if let Node::Pattern(Pattern { kind: PatternKind::MatchValue(m), range }) = n {
            let value = self.pattern_value(m.value)?;
            let kind = PatternKind::MatchValue(MatchValue { value });
            return Ok(Node::Pattern(self.arena.alloc(Pattern { kind, range: *range })));
        }
        let info = n.info();
        let has_docstring = matches!(info.name, "Module" | "FunctionDef" | "AsyncFunctionDef" | "ClassDef");
        let mut values = Vec::with_capacity(info.fields.len());
        for (i, f) in info.fields.iter().enumerate() {
            let mut v = n.field(self.arena, i);
            if has_docstring && f.name == "body" {
                v = self.body(v);
            }
            if info.name == "MatchMapping" && f.name == "keys" {
                v = self.keys(v)?;
            }
            values.push(self.value(v)?);
        }
        match Node::build(self.arena, info.name, &values, n.span().unwrap_or_default()) {
            Some(n) => Ok(n),
            None => bail!(SystemError, "cannot rebuild a {} node", info.name),
        }
    }

    fn value(&self, v: Value<'a>) -> PyResult<Value<'a>> {
        Ok(match v {
            Value::Node(n) => Value::Node(self.node(n)?),
            Value::List(items) => {
                let new: PyResult<Vec<_>> = items.iter().map(|v| self.value(*v)).collect();
                Value::List(self.arena.slice(&new?))
            }
            other => other,
        })
    }

    /// A body without the docstring that the level drops.
    fn body(&self, v: Value<'a>) -> Value<'a> {
        let Value::List(items) = v else { return v };
        let stmts: Vec<Stmt<'a>> = items
            .iter()
            .filter_map(|v| match v {
                Value::Node(Node::Stmt(s)) => Some(**s),
                _ => None,
            })
            .collect();
        let stmts = self.arena.slice(&stmts);
        let body = self.preprocess.body(stmts);
        if body.docstring.is_some() || stmts.len() == body.rest.len() {
            return v;
        }
        let mut rest = body.rest.to_vec();
        if body.pass.is_some() {
            let at = stmts[0].range;
            let range = Span { end_lineno: at.lineno, end_col_offset: at.col_offset + 4, ..at };
            rest.push(Stmt { kind: StmtKind::Pass, range });
        } else if body.plain_string
            && let Some(first) = rest.first_mut()
            && let StmtKind::Expr(e) = first.kind
        {
            // A string that comes first by chance must not become the docstring.
            let values = self.arena.slice(&[e.value]);
            let kind = ExprKind::JoinedStr(JoinedStr { values });
            let value = self.arena.alloc(Expr { kind, range: e.value.range });
            first.kind = StmtKind::Expr(ExprStmt { value });
        }
        let values: Vec<Value<'a>> = rest.iter().map(|s| Value::Node(Node::Stmt(self.arena.alloc(*s)))).collect();
        Value::List(self.arena.slice(&values))
    }

    fn keys(&self, v: Value<'a>) -> PyResult<Value<'a>> {
        let Value::List(items) = v else { return Ok(v) };
        let mut new = Vec::with_capacity(items.len());
        for v in items {
            new.push(match v {
                Value::Node(Node::Expr(e)) => Value::Node(Node::Expr(self.pattern_value(e)?)),
                other => *other,
            });
        }
        Ok(Value::List(self.arena.slice(&new)))
    }

    fn pattern_value(&self, e: &'a Expr<'a>) -> PyResult<&'a Expr<'a>> {
        if matches!(e.kind, ExprKind::UnaryOp(_) | ExprKind::BinOp(_))
            && let Some(c) = pattern_constant(e)
            && let Some(value) = self.constant(&c)
        {
            let kind = ExprKind::Constant(Constant { value, kind: None });
            return Ok(self.arena.alloc(Expr { kind, range: e.range }));
        }
        match self.node(Node::Expr(e))? {
            Node::Expr(e) => Ok(e),
            _ => Ok(e),
        }
    }

    /// The numbers that folding can give.
    fn constant(&self, c: &taipan_bytecode::Const) -> Option<ConstantValue<'a>> {
        taipan_compiler::preprocess::number_to_ast(c, self.arena)
    }

    fn expr(&self, e: &'a Expr<'a>) -> PyResult<Option<&'a Expr<'a>>> {
        if let ExprKind::Name(_) = e.kind {
            return Ok(self.preprocess.constant(e).map(|value| {
                let kind = ExprKind::Constant(Constant { value, kind: None });
                self.arena.alloc(Expr { kind, range: e.range })
            }));
        }
        let ExprKind::BinOp(b) = &e.kind else { return Ok(None) };
        let (Operator::Mod, ExprKind::Constant(left), ExprKind::Tuple(right)) = (b.op, &b.left.kind, &b.right.kind)
        else {
            return Ok(None);
        };
        let ConstantValue::Str(format) = left.value else { return Ok(None) };
        let Some(parts) = percent_format(format, right.elts) else { return Ok(None) };
        let mut items = right.elts.iter();
        let mut values: Vec<&Expr<'a>> = Vec::new();
        // Texts out of the middle of a string have no place.
        let nowhere = Span { lineno: u32::MAX, col_offset: u32::MAX, end_lineno: u32::MAX, end_col_offset: u32::MAX };
        let text = |bytes: &[u8]| -> Option<&'a Expr<'a>> {
            let (value, range) = (ConstantValue::Str(Wtf8::from_bytes(self.arena.slice(bytes))?), nowhere);
            Some(self.arena.alloc(Expr { kind: ExprKind::Constant(Constant { value, kind: None }), range }))
        };
        for part in parts {
            match part {
                FormatPart::Literal(bytes) => values.extend(text(&bytes)),
                FormatPart::Item { conversion, spec } => {
                    let Some(item) = items.next() else { return Ok(None) };
                    let value = match self.node(Node::Expr(item))? {
                        Node::Expr(v) => v,
                        _ => item,
                    };
                    let range = item.range;
                    let format_spec = if spec.is_empty() { None } else { text(spec.as_bytes()) };
                    let kind =
                        ExprKind::FormattedValue(FormattedValue { value, conversion: conversion as i32, format_spec });
                    values.push(self.arena.alloc(Expr { kind, range }));
                }
            }
        }
        let kind = ExprKind::JoinedStr(JoinedStr { values: self.arena.slice(&values) });
        Ok(Some(self.arena.alloc(Expr { kind, range: e.range })))
    }
}
