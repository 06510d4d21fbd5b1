//! What is done to the tree before symbols and code: docstrings are found or dropped, `__debug__` becomes a constant,
//! `"..." % (...)` becomes an f-string, constants of patterns are folded.
//!
//! The tree is never rewritten; the passes ask here how to read it.

use taipan_bytecode::Const;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::nb;
use taipan_syntax::Wtf8;
use taipan_syntax::ast::*;

use crate::consts::from_ast;
use crate::error::{Result, WarningSink, warn};
use crate::{Depth, fold, location};

/// How to read a tree.
#[derive(Clone, Copy, Debug)]
pub struct Preprocess {
    /// 0; 1 for `-O`; 2 for `-OO`.
    pub optimize: u8,
    /// `__debug__` is a name like others: the symbol table alone is wanted.
    pub as_written: bool,
}

/// A body with its docstring apart.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    /// The statement that is the docstring.
    pub docstring: Option<&'a Stmt<'a>>,
    /// All other statements.
    pub rest: &'a [Stmt<'a>],
    /// The first of the rest is a string, but no docstring: the real one was dropped.
    pub plain_string: bool,
    /// Nothing is left but the place of the dropped docstring: a `pass` stands there.
    pub pass: Option<Location>,
}

fn docstring_of<'a>(stmts: &'a [Stmt<'a>]) -> Option<&'a Wtf8> {
    match stmts.first()?.kind {
        StmtKind::Expr(node) => match node.value.kind {
            ExprKind::Constant(c) => match c.value {
                ConstantValue::Str(text) => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// The text of a docstring statement.
pub fn docstring_text<'a>(stmt: &'a Stmt<'a>) -> Option<(&'a Wtf8, Location)> {
    let StmtKind::Expr(node) = &stmt.kind else { return None };
    docstring_of(std::slice::from_ref(stmt)).map(|text| (text, location(node.value.range)))
}

impl Preprocess {
    /// Splits a body.
    pub fn body<'a>(self, stmts: &'a [Stmt<'a>]) -> Body<'a> {
        let body = Body { docstring: None, rest: stmts, plain_string: false, pass: None };
        let Some((first, rest)) = stmts.split_first() else { return body };
        if docstring_of(stmts).is_none() {
            return body;
        }
        if self.optimize < 2 {
            return Body { docstring: Some(first), rest, ..body };
        }
        let at = location(first.range);
        let pass = Location { end_line: at.line, end_column: at.column + 4, ..at };
        Body { rest, plain_string: docstring_of(rest).is_some(), pass: rest.is_empty().then_some(pass), ..body }
    }

    /// The value of an expression that is a constant.
    pub fn constant<'a>(self, e: &Expr<'a>) -> Option<ConstantValue<'a>> {
        match &e.kind {
            ExprKind::Constant(c) => Some(c.value),
            ExprKind::Name(n) if n.id == "__debug__" && n.ctx == ExprContext::Load => {
                Some(if self.optimize == 0 { ConstantValue::True } else { ConstantValue::False })
            }
            _ => None,
        }
    }
}

/// The constant that a value or key of a pattern stands for: a literal, a negative one, a sum of real and imaginary.
pub fn pattern_constant(e: &Expr<'_>) -> Option<Const> {
    match &e.kind {
        ExprKind::Constant(c) => Some(from_ast(&c.value)),
        ExprKind::UnaryOp(node) if node.op == UnaryOperator::USub => match &node.operand.kind {
            ExprKind::Constant(c) => fold::negative(&from_ast(&c.value)),
            _ => None,
        },
        ExprKind::BinOp(node) if matches!(node.op, Operator::Add | Operator::Sub) => {
            let ExprKind::Constant(right) = &node.right.kind else { return None };
            if matches!(node.left.kind, ExprKind::BinOp(_)) {
                return None;
            }
            let left = pattern_constant(node.left)?;
            let op = if node.op == Operator::Add { nb::ADD } else { nb::SUBTRACT };
            fold::binary(&left, op, &from_ast(&right.value))
        }
        _ => None,
    }
}

/// A number as a constant of the tree.
pub fn number_to_ast<'a>(c: &Const, arena: &'a taipan_syntax::Arena) -> Option<ConstantValue<'a>> {
    Some(match c {
        Const::Int(n) => ConstantValue::Int(*n),
        Const::BigInt { negative, digits } => {
            ConstantValue::BigInt(BigInt { digits: arena.slice(digits), negative: *negative })
        }
        Const::Float(x) => ConstantValue::Float(*x),
        Const::Complex { real, imag } => ConstantValue::Complex { real: *real, imag: *imag },
        _ => return None,
    })
}

/// A part of a `%` format.
#[derive(Debug, PartialEq)]
pub enum FormatPart {
    /// Text (WTF-8), `%%` replaced.
    Literal(Vec<u8>),
    /// The next item, with the character of its conversion and the equivalent format specification.
    Item {
        /// `s`, `r` or `a`.
        conversion: u8,
        /// Such as `>10.3`.
        spec: String,
    },
}

/// Splits the format of `format % (items)`, if all of it can be done by an f-string.
pub fn percent_format(format: &Wtf8, items: &[&Expr<'_>]) -> Option<Vec<FormatPart>> {
    if items.iter().any(|e| matches!(e.kind, ExprKind::Starred(_))) {
        return None;
    }
    let text = format.as_bytes();
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let mut count = 0;
    let mut i = 0;
    while i < text.len() {
        if text[i] != b'%' {
            literal.push(text[i]);
            i += 1;
            continue;
        }
        i += 1;
        if text.get(i) == Some(&b'%') {
            literal.push(b'%');
            i += 1;
            continue;
        }
        if !literal.is_empty() {
            parts.push(FormatPart::Literal(std::mem::take(&mut literal)));
        }
        if count >= items.len() {
            return None;
        }
        count += 1;
        parts.push(format_item(text, &mut i)?);
    }
    if !literal.is_empty() {
        parts.push(FormatPart::Literal(literal));
    }
    (count == items.len()).then_some(parts)
}

/// Digits of a width or precision; more than two are not supported.
fn number(text: &[u8], i: &mut usize) -> Option<Option<u32>> {
    let start = *i;
    let mut value = 0;
    while let Some(digit @ b'0'..=b'9') = text.get(*i) {
        value = value * 10 + u32::from(digit - b'0');
        *i += 1;
        // Like the reference, look at the next character before counting this one.
        text.get(*i)?;
        if *i - start >= 3 {
            return None;
        }
    }
    Some((*i > start).then_some(value))
}

fn format_item(text: &[u8], i: &mut usize) -> Option<FormatPart> {
    let mut left = false;
    loop {
        match text.get(*i)? {
            b'-' => left = true,
            b'+' | b' ' | b'#' | b'0' => {}
            _ => break,
        }
        *i += 1;
    }
    let width = number(text, i)?;
    let mut precision = None;
    if text.get(*i)? == &b'.' {
        *i += 1;
        precision = Some(number(text, i)?.unwrap_or(0));
    }
    let conversion = *text.get(*i)?;
    *i += 1;
    if !matches!(conversion, b's' | b'r' | b'a') {
        return None;
    }
    let mut spec = String::new();
    if !left && width.is_some_and(|w| w > 0) {
        spec.push('>');
    }
    if let Some(width) = width {
        spec += &width.to_string();
    }
    if let Some(precision) = precision {
        spec += &format!(".{precision}");
    }
    Some(FormatPart::Item { conversion, spec })
}

#[derive(Clone, Copy, PartialEq)]
enum Around {
    Finally,
    Function,
    Loop,
}

/// Warns of `return`, `break` and `continue` that would leave a `finally` block (PEP 765).
pub(crate) fn check_finally(module: &Mod<'_>, sink: &mut WarningSink<'_>, depth: &Depth) -> Result {
    let body = match module {
        Mod::Module(m) => m.body,
        Mod::Interactive(m) => m.body,
        _ => return Ok(()),
    };
    FinallyCheck { around: Vec::new(), sink, depth }.stmts(body)
}

struct FinallyCheck<'w, 's, 'd> {
    around: Vec<Around>,
    sink: &'w mut WarningSink<'s>,
    depth: &'d Depth,
}

impl FinallyCheck<'_, '_, '_> {
    fn stmts(&mut self, stmts: &[Stmt<'_>]) -> Result {
        stmts.iter().try_for_each(|s| self.stmt(s))
    }

    fn inside(&mut self, around: Around, stmts: &[Stmt<'_>]) -> Result {
        self.around.push(around);
        self.stmts(stmts)?;
        self.around.pop();
        Ok(())
    }

    fn leaves(&mut self, what: &str, s: &Stmt<'_>) -> Result {
        if self.around.last() == Some(&Around::Finally) {
            warn(self.sink, location(s.range), &format!("'{what}' in a 'finally' block"))?;
        }
        Ok(())
    }

    fn stmt(&mut self, s: &Stmt<'_>) -> Result {
        match &s.kind {
            StmtKind::Return(_) => return self.leaves("return", s),
            StmtKind::Break => return self.leaves("break", s),
            StmtKind::Continue => return self.leaves("continue", s),
            _ => {}
        }
        self.depth.check()?;
        match &s.kind {
            StmtKind::FunctionDef(node) | StmtKind::AsyncFunctionDef(node) => {
                self.inside(Around::Function, node.body)?;
            }
            StmtKind::ClassDef(node) => self.stmts(node.body)?,
            StmtKind::For(node) | StmtKind::AsyncFor(node) => {
                self.inside(Around::Loop, node.body)?;
                self.stmts(node.orelse)?;
            }
            StmtKind::While(node) => {
                self.inside(Around::Loop, node.body)?;
                self.stmts(node.orelse)?;
            }
            StmtKind::If(node) => {
                self.stmts(node.body)?;
                let mut orelse = node.orelse;
                while let [Stmt { kind: StmtKind::If(elif), .. }] = orelse {
                    self.stmts(elif.body)?;
                    orelse = elif.orelse;
                }
                self.stmts(orelse)?;
            }
            StmtKind::With(node) | StmtKind::AsyncWith(node) => self.stmts(node.body)?,
            StmtKind::Try(node) | StmtKind::TryStar(node) => {
                self.stmts(node.body)?;
                for handler in node.handlers {
                    let ExceptHandlerKind::ExceptHandler(h) = &handler.kind;
                    self.stmts(h.body)?;
                }
                self.stmts(node.orelse)?;
                self.inside(Around::Finally, node.finalbody)?;
            }
            StmtKind::Match(node) => node.cases.iter().try_for_each(|case| self.stmts(case.body))?,
            _ => {}
        }
        Ok(())
    }
}
