//! Expressions back to source, for annotations that `from __future__ import annotations` keeps as text.
//!
//! Depth is bounded by the parser and by the symbol table, which has walked every annotation before.

use taipan_syntax::ast::*;

use crate::consts::from_ast;
use crate::repr;

/// Binding strength, loosest first; the binary operators lie between `Expr` and `Factor`.
mod level {
    pub const TUPLE: u8 = 0;
    pub const TEST: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const NOT: u8 = 4;
    pub const CMP: u8 = 5;
    pub const EXPR: u8 = 6;
    pub const BXOR: u8 = 7;
    pub const BAND: u8 = 8;
    pub const SHIFT: u8 = 9;
    pub const ARITH: u8 = 10;
    pub const TERM: u8 = 11;
    pub const FACTOR: u8 = 12;
    pub const POWER: u8 = 13;
    pub const AWAIT: u8 = 14;
    pub const ATOM: u8 = 15;
}

/// The source of an expression, as WTF-8.
pub fn expr(e: &Expr<'_>) -> Vec<u8> {
    let mut writer = Writer { out: Vec::new() };
    writer.expr(e, level::TEST);
    writer.out
}

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes in parentheses if the place binds tighter than the expression.
    fn parens(&mut self, needed: bool, write: impl FnOnce(&mut Self)) {
        if needed {
            self.text("(");
        }
        write(self);
        if needed {
            self.text(")");
        }
    }

    fn list(&mut self, exprs: &[&Expr<'_>], at: u8) {
        for (i, e) in exprs.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(e, at);
        }
    }

    fn expr(&mut self, e: &Expr<'_>, at: u8) {
        match &e.kind {
            ExprKind::BoolOp(node) => {
                let (name, own) =
                    if node.op == BoolOperator::And { (" and ", level::AND) } else { (" or ", level::OR) };
                self.parens(at > own, |w| {
                    for (i, value) in node.values.iter().enumerate() {
                        if i > 0 {
                            w.text(name);
                        }
                        w.expr(value, own + 1);
                    }
                });
            }
            ExprKind::BinOp(node) => {
                let (name, own) = match node.op {
                    Operator::Add => (" + ", level::ARITH),
                    Operator::Sub => (" - ", level::ARITH),
                    Operator::Mult => (" * ", level::TERM),
                    Operator::MatMult => (" @ ", level::TERM),
                    Operator::Div => (" / ", level::TERM),
                    Operator::Mod => (" % ", level::TERM),
                    Operator::LShift => (" << ", level::SHIFT),
                    Operator::RShift => (" >> ", level::SHIFT),
                    Operator::BitOr => (" | ", level::EXPR),
                    Operator::BitXor => (" ^ ", level::BXOR),
                    Operator::BitAnd => (" & ", level::BAND),
                    Operator::FloorDiv => (" // ", level::TERM),
                    Operator::Pow => (" ** ", level::POWER),
                };
                let right_associative = (node.op == Operator::Pow) as u8;
                self.parens(at > own, |w| {
                    w.expr(node.left, own + right_associative);
                    w.text(name);
                    w.expr(node.right, own + 1 - right_associative);
                });
            }
            ExprKind::UnaryOp(node) => {
                let (name, own) = match node.op {
                    UnaryOperator::Invert => ("~", level::FACTOR),
                    UnaryOperator::Not => ("not ", level::NOT),
                    UnaryOperator::UAdd => ("+", level::FACTOR),
                    UnaryOperator::USub => ("-", level::FACTOR),
                };
                self.parens(at > own, |w| {
                    w.text(name);
                    w.expr(node.operand, own);
                });
            }
            ExprKind::Lambda(node) => self.parens(at > level::TEST, |w| {
                w.text("lambda");
                w.arguments(node.args);
                w.text(": ");
                w.expr(node.body, level::TEST);
            }),
            ExprKind::IfExp(node) => self.parens(at > level::TEST, |w| {
                w.expr(node.body, level::TEST + 1);
                w.text(" if ");
                w.expr(node.test, level::TEST + 1);
                w.text(" else ");
                w.expr(node.orelse, level::TEST);
            }),
            ExprKind::Dict(node) => {
                self.text("{");
                for (i, (key, value)) in node.keys.iter().zip(node.values).enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    match key {
                        Some(key) => {
                            self.expr(key, level::TEST);
                            self.text(": ");
                            self.expr(value, level::TEST);
                        }
                        None => {
                            self.text("**");
                            self.expr(value, level::EXPR);
                        }
                    }
                }
                self.text("}");
            }
            ExprKind::Set(node) => {
                self.text("{");
                self.list(node.elts, level::TEST);
                self.text("}");
            }
            ExprKind::GeneratorExp(node) => self.comprehension("(", node.elt, None, node.generators, ")"),
            ExprKind::ListComp(node) => self.comprehension("[", node.elt, None, node.generators, "]"),
            ExprKind::SetComp(node) => self.comprehension("{", node.elt, None, node.generators, "}"),
            ExprKind::DictComp(node) => {
                self.comprehension("{", node.key, Some(node.value), node.generators, "}");
            }
            ExprKind::Yield(node) => {
                self.text("(yield");
                if let Some(value) = node.value {
                    self.text(" ");
                    self.expr(value, level::TEST);
                }
                self.text(")");
            }
            ExprKind::YieldFrom(node) => {
                self.text("(yield from ");
                self.expr(node.value, level::TEST);
                self.text(")");
            }
            ExprKind::Await(node) => self.parens(at > level::AWAIT, |w| {
                w.text("await ");
                w.expr(node.value, level::ATOM);
            }),
            ExprKind::Compare(node) => self.parens(at > level::CMP, |w| {
                w.expr(node.left, level::CMP + 1);
                for (op, right) in node.ops.iter().zip(node.comparators) {
                    w.text(match op {
                        CmpOp::Eq => " == ",
                        CmpOp::NotEq => " != ",
                        CmpOp::Lt => " < ",
                        CmpOp::LtE => " <= ",
                        CmpOp::Gt => " > ",
                        CmpOp::GtE => " >= ",
                        CmpOp::Is => " is ",
                        CmpOp::IsNot => " is not ",
                        CmpOp::In => " in ",
                        CmpOp::NotIn => " not in ",
                    });
                    w.expr(right, level::CMP + 1);
                }
            }),
            ExprKind::Call(node) => {
                self.expr(node.func, level::ATOM);
                if let ([only], []) = (node.args, node.keywords)
                    && matches!(only.kind, ExprKind::GeneratorExp(_))
                {
                    self.expr(only, level::TUPLE);
                    return;
                }
                self.text("(");
                self.list(node.args, level::TEST);
                for (i, keyword) in node.keywords.iter().enumerate() {
                    if i > 0 || !node.args.is_empty() {
                        self.text(", ");
                    }
                    match keyword.arg {
                        Some(arg) => {
                            self.text(arg);
                            self.text("=");
                        }
                        None => self.text("**"),
                    }
                    self.expr(keyword.value, level::TEST);
                }
                self.text(")");
            }
            ExprKind::Constant(node) => {
                if node.kind.is_some() {
                    self.text("u");
                }
                self.constant(&node.value);
            }
            ExprKind::JoinedStr(node) => self.interpolated("f", node.values),
            ExprKind::TemplateStr(node) => self.interpolated("t", node.values),
            ExprKind::FormattedValue(_) | ExprKind::Interpolation(_) => {
                let mut body = Vec::new();
                Self::part(e, &mut body);
                self.text("f");
                repr::string(&body, &mut self.out);
            }
            ExprKind::Attribute(node) => {
                self.expr(node.value, level::ATOM);
                // `1.attr` would be a float.
                let integer = matches!(&node.value.kind, ExprKind::Constant(c)
                    if matches!(c.value, ConstantValue::Int(_) | ConstantValue::BigInt(_)));
                self.text(if integer { " ." } else { "." });
                self.text(node.attr);
            }
            ExprKind::Starred(node) => {
                self.text("*");
                self.expr(node.value, level::EXPR);
            }
            ExprKind::Subscript(node) => {
                self.expr(node.value, level::ATOM);
                self.text("[");
                self.expr(node.slice, level::TUPLE);
                self.text("]");
            }
            ExprKind::Slice(node) => {
                if let Some(lower) = node.lower {
                    self.expr(lower, level::TEST);
                }
                self.text(":");
                if let Some(upper) = node.upper {
                    self.expr(upper, level::TEST);
                }
                if let Some(step) = node.step {
                    self.text(":");
                    self.expr(step, level::TEST);
                }
            }
            ExprKind::Name(node) => self.text(node.id),
            ExprKind::List(node) => {
                self.text("[");
                self.list(node.elts, level::TEST);
                self.text("]");
            }
            ExprKind::Tuple(node) => {
                if node.elts.is_empty() {
                    self.text("()");
                    return;
                }
                self.parens(at > level::TUPLE, |w| {
                    w.list(node.elts, level::TEST);
                    if node.elts.len() == 1 {
                        w.text(",");
                    }
                });
            }
            ExprKind::NamedExpr(node) => self.parens(at > level::TUPLE, |w| {
                w.expr(node.target, level::ATOM);
                w.text(" := ");
                w.expr(node.value, level::ATOM);
            }),
        }
    }

    fn constant(&mut self, value: &ConstantValue<'_>) {
        match value {
            ConstantValue::Ellipsis => self.text("..."),
            ConstantValue::Float(_) | ConstantValue::Complex { .. } => {
                // There is no literal for infinity but one that overflows.
                let text = repr::constant(&from_ast(value));
                self.text(&String::from_utf8_lossy(&text).replace("inf", "1e309"));
            }
            ConstantValue::Tuple(items) => {
                self.text("(");
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.constant(item);
                }
                self.text(if items.len() == 1 { ",)" } else { ")" });
            }
            other => self.out.extend_from_slice(&repr::constant(&from_ast(other))),
        }
    }

    fn comprehension(
        &mut self,
        open: &str,
        element: &Expr<'_>,
        value: Option<&Expr<'_>>,
        generators: &[Comprehension<'_>],
        close: &str,
    ) {
        self.text(open);
        self.expr(element, level::TEST);
        if let Some(value) = value {
            self.text(": ");
            self.expr(value, level::TEST);
        }
        for generator in generators {
            self.text(if generator.is_async != 0 { " async for " } else { " for " });
            self.expr(generator.target, level::TUPLE);
            self.text(" in ");
            self.expr(generator.iter, level::TEST + 1);
            for condition in generator.ifs {
                self.text(" if ");
                self.expr(condition, level::TEST + 1);
            }
        }
        self.text(close);
    }

    fn arguments(&mut self, args: &Arguments<'_>) {
        let positional = args.posonlyargs.len() + args.args.len();
        // The reference has no space before a star that comes first.
        let mut separator = if positional > 0 { " " } else { "" };
        let mut separate = |w: &mut Self| {
            w.text(separator);
            separator = ", ";
        };
        let first_default = positional - args.defaults.len().min(positional);
        for (i, arg) in args.posonlyargs.iter().chain(args.args).enumerate() {
            separate(self);
            self.arg(arg);
            if i >= first_default {
                self.text("=");
                self.expr(args.defaults[i - first_default], level::TEST);
            }
            if i + 1 == args.posonlyargs.len() {
                self.text(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            separate(self);
            self.text("*");
            if let Some(arg) = args.vararg {
                self.arg(arg);
            }
        }
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            separate(self);
            self.arg(arg);
            if let Some(default) = default {
                self.text("=");
                self.expr(default, level::TEST);
            }
        }
        if let Some(arg) = args.kwarg {
            separate(self);
            self.text("**");
            self.arg(arg);
        }
    }

    fn arg(&mut self, arg: &Arg<'_>) {
        self.text(arg.arg);
        if let Some(annotation) = arg.annotation {
            self.text(": ");
            self.expr(annotation, level::TEST);
        }
    }

    fn interpolated(&mut self, prefix: &str, values: &[&Expr<'_>]) {
        let mut body = Vec::new();
        values.iter().for_each(|e| Self::part(e, &mut body));
        self.text(prefix);
        repr::string(&body, &mut self.out);
    }

    /// A piece of an f-string or t-string, or of a format specification, before quoting.
    fn part(e: &Expr<'_>, out: &mut Vec<u8>) {
        let (value, conversion, spec) = match &e.kind {
            ExprKind::Constant(c) => {
                if let ConstantValue::Str(text) = c.value {
                    for &b in text.as_bytes() {
                        out.push(b);
                        if matches!(b, b'{' | b'}') {
                            out.push(b);
                        }
                    }
                }
                return;
            }
            ExprKind::JoinedStr(node) => return node.values.iter().for_each(|e| Self::part(e, out)),
            ExprKind::TemplateStr(node) => return node.values.iter().for_each(|e| Self::part(e, out)),
            ExprKind::FormattedValue(node) => (node.value, node.conversion, node.format_spec),
            ExprKind::Interpolation(node) => (node.value, node.conversion, node.format_spec),
            _ => return,
        };
        let mut writer = Writer { out: Vec::new() };
        match &e.kind {
            // An interpolation knows its own text.
            ExprKind::Interpolation(Interpolation { str: ConstantValue::Str(text), .. }) => {
                writer.out.extend_from_slice(text.as_bytes());
            }
            _ => writer.expr(value, level::TEST + 1),
        }
        out.extend_from_slice(if writer.out.starts_with(b"{") { b"{ " } else { b"{" });
        out.extend_from_slice(&writer.out);
        if let Ok(c @ (b'a' | b'r' | b's')) = u8::try_from(conversion) {
            out.extend_from_slice(&[b'!', c]);
        }
        if let Some(spec) = spec {
            out.push(b':');
            Self::part(spec, out);
        }
        out.push(b'}');
    }
}
