//! f-strings, t-strings and `%` formats.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::Str;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::*;

use super::names::AttrOp;
use super::{Compiler, STACK_USE_GUIDELINE};
use crate::error::{CompileError, Result};
use crate::location;
use crate::names::known;
use crate::preprocess::{self, FormatPart};
use crate::sequence::NO_LOCATION;

fn conversion_arg(conversion: i32) -> Result<u32> {
    match u8::try_from(conversion) {
        Ok(b's') => Ok(1),
        Ok(b'r') => Ok(2),
        Ok(b'a') => Ok(3),
        _ => Err(CompileError::system(format!("Unrecognized conversion character {conversion}"))),
    }
}

impl<'a> Compiler<'a, '_> {
    /// Joins `count` strings, each pushed by `part`.
    fn join(&mut self, at: Location, count: usize, mut part: impl FnMut(&mut Self, usize) -> Result) -> Result {
        if count > STACK_USE_GUIDELINE {
            self.load_str(at, known::EMPTY);
            self.attribute_op(at, AttrOp::LoadMethod, "join");
            self.emit(at, Op::BUILD_LIST, 0);
            for i in 0..count {
                part(self, i)?;
                self.emit(at, Op::LIST_APPEND, 1);
            }
            self.emit(at, Op::CALL, 1);
            return Ok(());
        }
        for i in 0..count {
            part(self, i)?;
        }
        match count {
            0 => self.load_str(at, known::EMPTY),
            1 => {}
            _ => self.emit(at, Op::BUILD_STRING, count as u32),
        }
        Ok(())
    }

    pub(super) fn joined_str(&mut self, at: Location, node: &'a JoinedStr<'a>) -> Result {
        self.join(at, node.values.len(), |c, i| c.expr(node.values[i]))
    }

    pub(super) fn formatted_value(&mut self, at: Location, node: &'a FormattedValue<'a>) -> Result {
        self.expr(node.value)?;
        if node.conversion != -1 {
            self.emit(at, Op::CONVERT_VALUE, conversion_arg(node.conversion)?);
        }
        match node.format_spec {
            Some(spec) => {
                self.expr(spec)?;
                self.op(at, Op::FORMAT_WITH_SPEC);
            }
            None => self.op(at, Op::FORMAT_SIMPLE),
        }
        Ok(())
    }

    /// The parts of `"..." % (...)`, if it is one that becomes an f-string.
    pub(super) fn as_percent_format<'e>(&self, e: &'e Expr<'a>) -> Option<(Vec<FormatPart>, &'a [&'a Expr<'a>])> {
        let ExprKind::BinOp(node) = &e.kind else { return None };
        if node.op != Operator::Mod {
            return None;
        }
        let (ExprKind::Constant(format), ExprKind::Tuple(items)) = (&node.left.kind, &node.right.kind) else {
            return None;
        };
        let ConstantValue::Str(format) = format.value else { return None };
        Some((preprocess::percent_format(format, items.elts)?, items.elts))
    }

    pub(super) fn percent_format(&mut self, at: Location, parts: Vec<FormatPart>, items: &'a [&'a Expr<'a>]) -> Result {
        let mut items = items.iter();
        self.join(at, parts.len(), |c, i| {
            match &parts[i] {
                FormatPart::Literal(text) => c.load_const(NO_LOCATION, Const::Str(Str::from_wtf8(text))),
                FormatPart::Item { conversion, spec } => {
                    let Some(item) = items.next() else { return Ok(()) };
                    c.expr(item)?;
                    let place = location(item.range);
                    c.emit(place, Op::CONVERT_VALUE, conversion_arg(i32::from(*conversion))?);
                    if spec.is_empty() {
                        c.op(place, Op::FORMAT_SIMPLE);
                    } else {
                        c.load_const(NO_LOCATION, Const::Str(Str::from(spec.as_str())));
                        c.op(place, Op::FORMAT_WITH_SPEC);
                    }
                }
            }
            Ok(())
        })
    }

    pub(super) fn template_str(&mut self, at: Location, node: &'a TemplateStr<'a>) -> Result {
        let is_interpolation = |e: &Expr<'_>| matches!(e.kind, ExprKind::Interpolation(_));
        // Strings and interpolations alternate; empty strings fill the gaps.
        let mut strings = 0;
        let mut after_interpolation = true;
        for value in node.values {
            if is_interpolation(value) {
                if after_interpolation {
                    self.load_str(at, known::EMPTY);
                    strings += 1;
                }
                after_interpolation = true;
            } else {
                self.expr(value)?;
                strings += 1;
                after_interpolation = false;
            }
        }
        if after_interpolation {
            self.load_str(at, known::EMPTY);
            strings += 1;
        }
        self.emit(at, Op::BUILD_TUPLE, strings);
        let mut interpolations = 0;
        for value in node.values.iter().filter(|e| is_interpolation(e)) {
            self.expr(value)?;
            interpolations += 1;
        }
        self.emit(at, Op::BUILD_TUPLE, interpolations);
        self.op(at, Op::BUILD_TEMPLATE);
        Ok(())
    }

    pub(super) fn interpolation(&mut self, at: Location, node: &'a Interpolation<'a>) -> Result {
        self.expr(node.value)?;
        let id = self.consts.intern_ast(node.str);
        self.load_const_id(at, id);
        let mut arg = 2;
        if let Some(spec) = node.format_spec {
            arg += 1;
            self.expr(spec)?;
        }
        if node.conversion != -1 {
            arg |= conversion_arg(node.conversion)? << 2;
        }
        self.emit(at, Op::BUILD_INTERPOLATION, arg);
        Ok(())
    }
}
