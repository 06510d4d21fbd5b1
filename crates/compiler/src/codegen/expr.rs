//! Expressions.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{intrinsic, nb, resume};
use taipan_syntax::ast::*;

use super::names::AttrOp;
use super::{Compiler, STACK_USE_GUIDELINE, ScopeKind};
use crate::consts::from_ast;
use crate::error::Result;
use crate::location;
use crate::names::Name;
use crate::sequence::{Label, NO_LOCATION};

/// The argument of `BINARY_OP` for an operator.
pub(super) fn binary_arg(op: Operator) -> u32 {
    match op {
        Operator::Add => nb::ADD,
        Operator::Sub => nb::SUBTRACT,
        Operator::Mult => nb::MULTIPLY,
        Operator::MatMult => nb::MATRIX_MULTIPLY,
        Operator::Div => nb::TRUE_DIVIDE,
        Operator::Mod => nb::REMAINDER,
        Operator::Pow => nb::POWER,
        Operator::LShift => nb::LSHIFT,
        Operator::RShift => nb::RSHIFT,
        Operator::BitOr => nb::OR,
        Operator::BitXor => nb::XOR,
        Operator::BitAnd => nb::AND,
        Operator::FloorDiv => nb::FLOOR_DIVIDE,
    }
}

/// How a sequence is built piece by piece.
#[derive(Clone, Copy)]
pub(super) struct Builder {
    build: Op,
    add: Op,
    extend: Op,
    tuple: bool,
}

pub(super) const LIST: Builder =
    Builder { build: Op::BUILD_LIST, add: Op::LIST_APPEND, extend: Op::LIST_EXTEND, tuple: false };
pub(super) const TUPLE: Builder = Builder { tuple: true, ..LIST };
const SET: Builder = Builder { build: Op::BUILD_SET, add: Op::SET_ADD, extend: Op::SET_UPDATE, tuple: false };

impl<'a> Compiler<'a, '_> {
    pub(super) fn exprs(&mut self, exprs: &'a [&'a Expr<'a>]) -> Result {
        exprs.iter().try_for_each(|e| self.expr(e))
    }

    /// Any expression.
    pub(super) fn expr(&mut self, e: &'a Expr<'a>) -> Result {
        self.depth.check()?;
        let at = location(e.range);
        match &e.kind {
            ExprKind::NamedExpr(node) => {
                self.expr(node.value)?;
                self.emit(at, Op::COPY, 1);
                self.expr(node.target)?;
            }
            ExprKind::BoolOp(node) => self.bool_op(at, node)?,
            ExprKind::BinOp(_) => self.bin_op(e)?,
            ExprKind::UnaryOp(node) => {
                self.expr(node.operand)?;
                match node.op {
                    UnaryOperator::UAdd => self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::UNARY_POSITIVE),
                    UnaryOperator::Not => {
                        self.op(at, Op::TO_BOOL);
                        self.op(at, Op::UNARY_NOT);
                    }
                    UnaryOperator::Invert => self.op(at, Op::UNARY_INVERT),
                    UnaryOperator::USub => self.op(at, Op::UNARY_NEGATIVE),
                }
            }
            ExprKind::Lambda(node) => self.lambda(e, node)?,
            ExprKind::IfExp(node) => {
                let end = self.label();
                let next = self.label();
                self.jump_if(node.test, next, false)?;
                self.expr(node.body)?;
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(next);
                self.expr(node.orelse)?;
                self.place(end);
            }
            ExprKind::Dict(node) => self.dict(at, node)?,
            ExprKind::Set(node) => self.sequence(at, node.elts, None, 0, SET)?,
            ExprKind::GeneratorExp(_) | ExprKind::ListComp(_) | ExprKind::SetComp(_) | ExprKind::DictComp(_) => {
                self.comprehension(e)?;
            }
            ExprKind::Yield(node) => {
                if !self.entry().is_function_like() {
                    return self.error(at, "'yield' outside function");
                }
                match node.value {
                    Some(value) => self.expr(value)?,
                    None => self.load_none(at),
                }
                self.yield_top(at);
            }
            ExprKind::YieldFrom(node) => {
                if !self.entry().is_function_like() {
                    return self.error(at, "'yield from' outside function");
                }
                if self.unit.kind == ScopeKind::AsyncFunction {
                    return self.error(at, "'yield from' inside async function");
                }
                self.expr(node.value)?;
                self.op(at, Op::GET_YIELD_FROM_ITER);
                self.load_none(at);
                self.yield_from(at, false);
            }
            ExprKind::Await(node) => {
                self.expr(node.value)?;
                self.emit(at, Op::GET_AWAITABLE, 0);
                self.load_none(at);
                self.yield_from(at, true);
            }
            ExprKind::Compare(node) => self.compare(e, node)?,
            ExprKind::Call(node) => self.call(e, node)?,
            ExprKind::Constant(node) => {
                let id = self.consts.intern_ast(&node.value);
                self.load_const_id(at, id);
            }
            ExprKind::JoinedStr(node) => self.joined_str(at, node)?,
            ExprKind::TemplateStr(node) => self.template_str(at, node)?,
            ExprKind::FormattedValue(node) => self.formatted_value(at, node)?,
            ExprKind::Interpolation(node) => self.interpolation(at, node)?,
            ExprKind::Attribute(node) => self.attribute(e, node)?,
            ExprKind::Subscript(node) => self.subscript(at, node)?,
            ExprKind::Starred(node) => {
                return match node.ctx {
                    ExprContext::Store => self.error(at, "starred assignment target must be in a list or tuple"),
                    _ => self.error(at, "can't use starred expression here"),
                };
            }
            ExprKind::Slice(node) => self.slice(e, node)?,
            ExprKind::Name(node) => match self.preprocess.constant(e) {
                Some(value) => {
                    let id = self.consts.intern_ast(&value);
                    self.load_const_id(at, id);
                }
                None => {
                    let name = self.names.intern(node.id);
                    self.name_op(at, name, node.ctx)?;
                }
            },
            ExprKind::List(node) => self.list_or_tuple(at, node.elts, node.ctx, LIST)?,
            ExprKind::Tuple(node) => self.list_or_tuple(at, node.elts, node.ctx, TUPLE)?,
        }
        Ok(())
    }

    fn bool_op(&mut self, at: Location, node: &'a BoolOp<'a>) -> Result {
        let op = if node.op == BoolOperator::And { Op::JUMP_IF_FALSE } else { Op::JUMP_IF_TRUE };
        let end = self.label();
        if let Some((last, others)) = node.values.split_last() {
            for value in others {
                self.expr(value)?;
                self.jump(at, op, end);
                self.op(at, Op::POP_TOP);
            }
            self.expr(last)?;
        }
        self.place(end);
        Ok(())
    }

    /// Long sums lean to the left; that side is walked without recursion.
    fn bin_op(&mut self, e: &'a Expr<'a>) -> Result {
        let mut pending = Vec::new();
        let mut left = e;
        while let ExprKind::BinOp(node) = &left.kind {
            if let Some((parts, items)) = self.as_percent_format(left) {
                self.percent_format(location(left.range), parts, items)?;
                break;
            }
            pending.push((node, location(left.range)));
            left = node.left;
        }
        if !matches!(left.kind, ExprKind::BinOp(_)) {
            self.expr(left)?;
        }
        while let Some((node, at)) = pending.pop() {
            self.expr(node.right)?;
            self.emit(at, Op::BINARY_OP, binary_arg(node.op));
        }
        Ok(())
    }

    /// Emits the yield of the value on top.
    pub(super) fn yield_top(&mut self, at: Location) {
        let entry = self.entry();
        if entry.generator && entry.coroutine {
            self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::ASYNC_GEN_WRAP);
        }
        self.emit(at, Op::YIELD_VALUE, 0);
        self.emit(at, Op::RESUME, resume::AFTER_YIELD);
    }

    /// Delegates to the iterator (or awaitable) below the top until it is done.
    pub(super) fn yield_from(&mut self, at: Location, is_await: bool) {
        let send = self.label();
        let fail = self.label();
        let exit = self.label();
        self.place(send);
        self.jump(at, Op::SEND, exit);
        // Catches what `throw` and `close` raise at the yield.
        self.jump(at, Op::SETUP_FINALLY, fail);
        self.emit(at, Op::YIELD_VALUE, 1);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.emit(at, Op::RESUME, if is_await { resume::AFTER_AWAIT } else { resume::AFTER_YIELD_FROM });
        self.jump(at, Op::JUMP_NO_INTERRUPT, send);
        self.place(fail);
        self.op(at, Op::CLEANUP_THROW);
        self.place(exit);
        self.op(at, Op::END_SEND);
    }

    // Conditions.

    /// Jumps to `next` if the truth of `e` is `condition`.
    pub(super) fn jump_if(&mut self, e: &'a Expr<'a>, next: Label, condition: bool) -> Result {
        self.depth.check()?;
        match &e.kind {
            ExprKind::UnaryOp(node) if node.op == UnaryOperator::Not => {
                self.jump_if(node.operand, next, !condition)?;
            }
            ExprKind::BoolOp(node) => {
                let stops_on = node.op == BoolOperator::Or;
                let early = if stops_on == condition { next } else { self.label() };
                if let Some((last, others)) = node.values.split_last() {
                    for value in others {
                        self.jump_if(value, early, stops_on)?;
                    }
                    self.jump_if(last, next, condition)?;
                }
                if early != next {
                    self.place(early);
                }
            }
            ExprKind::IfExp(node) => {
                let end = self.label();
                let next2 = self.label();
                self.jump_if(node.test, next2, false)?;
                self.jump_if(node.body, next, condition)?;
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(next2);
                self.jump_if(node.orelse, next, condition)?;
                self.place(end);
            }
            ExprKind::Compare(node) if node.ops.len() > 1 => {
                let place = location(e.range);
                self.check_compare(place, node)?;
                let cleanup = self.label();
                self.expr(node.left)?;
                let last = node.ops.len() - 1;
                for i in 0..last {
                    self.expr(node.comparators[i])?;
                    self.emit(place, Op::SWAP, 2);
                    self.emit(place, Op::COPY, 2);
                    self.comparison(place, node.ops[i]);
                    self.op(place, Op::TO_BOOL);
                    self.jump(place, Op::POP_JUMP_IF_FALSE, cleanup);
                }
                self.expr(node.comparators[last])?;
                self.comparison(place, node.ops[last]);
                self.op(place, Op::TO_BOOL);
                self.jump(place, if condition { Op::POP_JUMP_IF_TRUE } else { Op::POP_JUMP_IF_FALSE }, next);
                let end = self.label();
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(cleanup);
                self.op(place, Op::POP_TOP);
                if !condition {
                    self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, next);
                }
                self.place(end);
            }
            _ => {
                self.expr(e)?;
                let place = location(e.range);
                self.op(place, Op::TO_BOOL);
                self.jump(place, if condition { Op::POP_JUMP_IF_TRUE } else { Op::POP_JUMP_IF_FALSE }, next);
            }
        }
        Ok(())
    }

    /// Emits one comparison of the two values on top.
    pub(super) fn comparison(&mut self, at: Location, op: CmpOp) {
        // Bits 5 and up say which comparison, bits 0 to 3 which outcomes make it true.
        let (number, mask) = match op {
            CmpOp::Lt => (0, 2),
            CmpOp::LtE => (1, 2 | 8),
            CmpOp::Eq => (2, 8),
            CmpOp::NotEq => (3, 1 | 2 | 4),
            CmpOp::Gt => (4, 4),
            CmpOp::GtE => (5, 4 | 8),
            CmpOp::Is => return self.emit(at, Op::IS_OP, 0),
            CmpOp::IsNot => return self.emit(at, Op::IS_OP, 1),
            CmpOp::In => return self.emit(at, Op::CONTAINS_OP, 0),
            CmpOp::NotIn => return self.emit(at, Op::CONTAINS_OP, 1),
        };
        self.emit(at, Op::COMPARE_OP, number << 5 | mask);
    }

    fn compare(&mut self, e: &'a Expr<'a>, node: &'a Compare<'a>) -> Result {
        let at = location(e.range);
        self.check_compare(at, node)?;
        self.expr(node.left)?;
        let Some(last) = node.ops.len().checked_sub(1) else { return Ok(()) };
        if last == 0 {
            self.expr(node.comparators[0])?;
            self.comparison(at, node.ops[0]);
            return Ok(());
        }
        let cleanup = self.label();
        for i in 0..last {
            self.expr(node.comparators[i])?;
            self.emit(at, Op::SWAP, 2);
            self.emit(at, Op::COPY, 2);
            self.comparison(at, node.ops[i]);
            self.emit(at, Op::COPY, 1);
            self.op(at, Op::TO_BOOL);
            self.jump(at, Op::POP_JUMP_IF_FALSE, cleanup);
            self.op(at, Op::POP_TOP);
        }
        self.expr(node.comparators[last])?;
        self.comparison(at, node.ops[last]);
        let end = self.label();
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(cleanup);
        self.emit(at, Op::SWAP, 2);
        self.op(at, Op::POP_TOP);
        self.place(end);
        Ok(())
    }

    /// Warns of `is` with a literal.
    fn check_compare(&mut self, at: Location, node: &'a Compare<'a>) -> Result {
        let mut left = node.left;
        let mut left_ok = self.may_be_identical(left);
        for (op, &right) in node.ops.iter().zip(node.comparators) {
            let right_ok = self.may_be_identical(right);
            if matches!(op, CmpOp::Is | CmpOp::IsNot) && !(left_ok && right_ok) {
                let literal = if left_ok { right } else { left };
                let name = self.inferred_type(literal).unwrap_or("object");
                let message = match op {
                    CmpOp::Is => format!("\"is\" with '{name}' literal. Did you mean \"==\"?"),
                    _ => format!("\"is not\" with '{name}' literal. Did you mean \"!=\"?"),
                };
                return self.warn(at, &message);
            }
            (left, left_ok) = (right, right_ok);
        }
        Ok(())
    }

    fn may_be_identical(&self, e: &Expr<'_>) -> bool {
        match &e.kind {
            ExprKind::Tuple(tuple) => !tuple.elts.iter().all(|e| self.preprocess.constant(e).is_some()),
            _ => self.preprocess.constant(e).is_none_or(|value| {
                matches!(
                    value,
                    ConstantValue::None | ConstantValue::True | ConstantValue::False | ConstantValue::Ellipsis
                )
            }),
        }
    }

    /// The type that an expression has whatever happens.
    pub(super) fn inferred_type(&self, e: &Expr<'_>) -> Option<&'static str> {
        if let Some(value) = self.preprocess.constant(e) {
            return Some(from_ast(&value).type_name());
        }
        Some(match &e.kind {
            ExprKind::Tuple(_) => "tuple",
            ExprKind::List(_) | ExprKind::ListComp(_) => "list",
            ExprKind::Dict(_) | ExprKind::DictComp(_) => "dict",
            ExprKind::Set(_) | ExprKind::SetComp(_) => "set",
            ExprKind::GeneratorExp(_) => "generator",
            ExprKind::Lambda(_) => "function",
            ExprKind::JoinedStr(_) | ExprKind::FormattedValue(_) => "str",
            ExprKind::TemplateStr(_) => "string.templatelib.Template",
            ExprKind::Interpolation(_) => "string.templatelib.Interpolation",
            ExprKind::BinOp(_) if self.as_percent_format(e).is_some() => "str",
            _ => return None,
        })
    }

    // Displays and unpacking.

    /// A display, or the positional arguments of a call with a star; `pushed` items are on the stack already and `injected`
    /// is a name that becomes the last item.
    pub(super) fn sequence(
        &mut self,
        at: Location,
        elts: &'a [&'a Expr<'a>],
        injected: Option<Name>,
        pushed: u32,
        how: Builder,
    ) -> Result {
        let count = elts.len() + pushed as usize + injected.is_some() as usize;
        let big = count > STACK_USE_GUIDELINE;
        let starred = elts.iter().any(|e| matches!(e.kind, ExprKind::Starred(_)));
        if !starred && !big {
            self.exprs(elts)?;
            if let Some(name) = injected {
                self.load_name(at, name)?;
            }
            self.emit(at, if how.tuple { Op::BUILD_TUPLE } else { how.build }, count as u32);
            return Ok(());
        }
        let mut built = big;
        if big {
            self.emit(at, how.build, pushed);
        }
        for (i, elt) in elts.iter().enumerate() {
            if let ExprKind::Starred(node) = &elt.kind {
                if !built {
                    self.emit(at, how.build, i as u32 + pushed);
                    built = true;
                }
                self.expr(node.value)?;
                self.emit(at, how.extend, 1);
            } else {
                self.expr(elt)?;
                if built {
                    self.emit(at, how.add, 1);
                }
            }
        }
        if let Some(name) = injected {
            self.load_name(at, name)?;
            self.emit(at, how.add, 1);
        }
        if how.tuple {
            self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::LIST_TO_TUPLE);
        }
        Ok(())
    }

    fn list_or_tuple(&mut self, at: Location, elts: &'a [&'a Expr<'a>], ctx: ExprContext, how: Builder) -> Result {
        match ctx {
            ExprContext::Load => self.sequence(at, elts, None, 0, how),
            ExprContext::Del => self.exprs(elts),
            ExprContext::Store => {
                self.unpack(at, elts)?;
                for elt in elts {
                    match &elt.kind {
                        ExprKind::Starred(node) => self.expr(node.value)?,
                        _ => self.expr(elt)?,
                    }
                }
                Ok(())
            }
        }
    }

    fn unpack(&mut self, at: Location, elts: &[&Expr<'_>]) -> Result {
        let mut starred = false;
        for (i, elt) in elts.iter().enumerate() {
            if !matches!(elt.kind, ExprKind::Starred(_)) {
                continue;
            }
            if starred {
                return self.error(at, "multiple starred expressions in assignment");
            }
            let after = elts.len() - i - 1;
            if i >= 1 << 8 || after >= i32::MAX as usize >> 8 {
                return self.error(at, "too many expressions in star-unpacking assignment");
            }
            self.emit(at, Op::UNPACK_EX, (i | after << 8) as u32);
            starred = true;
        }
        if !starred {
            self.emit(at, Op::UNPACK_SEQUENCE, elts.len() as u32);
        }
        Ok(())
    }

    fn part_of_dict(&mut self, at: Location, node: &'a Dict<'a>, begin: usize, end: usize) -> Result {
        let n = end - begin;
        let big = n * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit(at, Op::BUILD_MAP, 0);
        }
        for i in begin..end {
            if let Some(key) = node.keys[i] {
                self.expr(key)?;
            }
            self.expr(node.values[i])?;
            if big {
                self.emit(at, Op::MAP_ADD, 1);
            }
        }
        if !big {
            self.emit(at, Op::BUILD_MAP, n as u32);
        }
        Ok(())
    }

    fn dict(&mut self, at: Location, node: &'a Dict<'a>) -> Result {
        let mut have_dict = false;
        let mut pending = 0;
        for (i, (key, value)) in node.keys.iter().zip(node.values).enumerate() {
            if key.is_none() {
                if pending > 0 {
                    self.part_of_dict(at, node, i - pending, i)?;
                    if have_dict {
                        self.emit(at, Op::DICT_UPDATE, 1);
                    }
                    have_dict = true;
                    pending = 0;
                }
                if !have_dict {
                    self.emit(at, Op::BUILD_MAP, 0);
                    have_dict = true;
                }
                self.expr(value)?;
                self.emit(at, Op::DICT_UPDATE, 1);
            } else if pending * 2 > STACK_USE_GUIDELINE {
                self.part_of_dict(at, node, i - pending, i + 1)?;
                if have_dict {
                    self.emit(at, Op::DICT_UPDATE, 1);
                }
                have_dict = true;
                pending = 0;
            } else {
                pending += 1;
            }
        }
        if pending > 0 {
            let n = node.values.len();
            self.part_of_dict(at, node, n - pending, n)?;
            if have_dict {
                self.emit(at, Op::DICT_UPDATE, 1);
            }
            have_dict = true;
        }
        if !have_dict {
            self.emit(at, Op::BUILD_MAP, 0);
        }
        Ok(())
    }

    // Attributes and subscripts.

    /// The place of an attribute's name, if the whole expression spans lines.
    pub(super) fn attribute_start(&self, mut at: Location, e: &Expr<'_>, attr: &str) -> Location {
        let end = location(e.range);
        if at.line != end.end_line {
            at.line = end.end_line;
            let len = attr.chars().count() as i32;
            if len <= end.end_column {
                at.column = end.end_column - len;
            } else {
                // A tree that no source has.
                at.column = -1;
                at.end_column = -1;
            }
            at.end_line = at.line.max(at.end_line);
            if at.line == at.end_line {
                at.end_column = at.column.max(at.end_column);
            }
        }
        at
    }

    fn attribute(&mut self, e: &'a Expr<'a>, node: &'a Attribute<'a>) -> Result {
        let at = location(e.range);
        if node.ctx == ExprContext::Load
            && let Some(call) = self.optimizable_super(node)
        {
            self.load_super_args(node.value, call)?;
            let op = AttrOp::Super { method: false, explicit: !call.args.is_empty() };
            self.attribute_op(at, op, node.attr);
            let place = self.attribute_start(at, e, node.attr);
            self.op(place, Op::NOP);
            return Ok(());
        }
        self.note_static_attribute(node);
        self.expr(node.value)?;
        let place = self.attribute_start(at, e, node.attr);
        let op = match node.ctx {
            ExprContext::Load => AttrOp::Load,
            ExprContext::Store => AttrOp::Store,
            ExprContext::Del => AttrOp::Delete,
        };
        self.attribute_op(place, op, node.attr);
        Ok(())
    }

    /// Remembers an assignment to an attribute of `self` for the class around.
    fn note_static_attribute(&mut self, node: &'a Attribute<'a>) {
        let ExprKind::Name(base) = &node.value.kind else { return };
        if node.ctx != ExprContext::Store || base.id != "self" {
            return;
        }
        let name = self.names.intern(node.attr);
        if let Some(set) = self.stack.iter_mut().rev().find_map(|unit| unit.static_attributes.as_mut()) {
            set.insert(name);
        }
    }

    fn is_constant_slice(&self, e: &Expr<'_>) -> bool {
        let ExprKind::Slice(slice) = &e.kind else { return false };
        [slice.lower, slice.upper, slice.step].into_iter().flatten().all(|e| self.preprocess.constant(e).is_some())
    }

    /// Whether a subscript is `lower:upper` and not constant.
    pub(super) fn is_two_part_slice(&self, e: &Expr<'_>) -> bool {
        matches!(&e.kind, ExprKind::Slice(slice) if slice.step.is_none()) && !self.is_constant_slice(e)
    }

    /// Loads the two parts of a slice.
    pub(super) fn slice_parts(&mut self, e: &'a Expr<'a>) -> Result {
        let ExprKind::Slice(slice) = &e.kind else { return Ok(()) };
        for part in [slice.lower, slice.upper] {
            match part {
                Some(part) => self.expr(part)?,
                None => self.load_none(location(e.range)),
            }
        }
        Ok(())
    }

    fn slice(&mut self, e: &'a Expr<'a>, node: &'a Slice<'a>) -> Result {
        let at = location(e.range);
        if self.is_constant_slice(e) {
            let part = |part: Option<&Expr<'_>>| {
                part.and_then(|e| self.preprocess.constant(e)).map_or(Const::None, |value| from_ast(&value))
            };
            let parts = [part(node.lower), part(node.upper), part(node.step)];
            self.load_const(at, Const::Slice(Box::new(parts)));
            return Ok(());
        }
        self.slice_parts(e)?;
        if let Some(step) = node.step {
            self.expr(step)?;
        }
        self.emit(at, Op::BUILD_SLICE, 2 + node.step.is_some() as u32);
        Ok(())
    }

    fn subscript(&mut self, at: Location, node: &'a Subscript<'a>) -> Result {
        if node.ctx == ExprContext::Load {
            self.check_subscripted(node.value)?;
            self.check_index(node.value, node.slice)?;
        }
        self.expr(node.value)?;
        if node.ctx != ExprContext::Del && self.is_two_part_slice(node.slice) {
            self.slice_parts(node.slice)?;
            let op = if node.ctx == ExprContext::Load { Op::BINARY_SLICE } else { Op::STORE_SLICE };
            self.op(at, op);
            return Ok(());
        }
        self.expr(node.slice)?;
        match node.ctx {
            ExprContext::Load => self.emit(at, Op::BINARY_OP, nb::SUBSCR),
            ExprContext::Store => self.op(at, Op::STORE_SUBSCR),
            ExprContext::Del => self.op(at, Op::DELETE_SUBSCR),
        }
        Ok(())
    }

    fn check_subscripted(&mut self, e: &'a Expr<'a>) -> Result {
        let suspicious = match self.preprocess.constant(e) {
            Some(value) => matches!(
                value,
                ConstantValue::None
                    | ConstantValue::Ellipsis
                    | ConstantValue::True
                    | ConstantValue::False
                    | ConstantValue::Int(_)
                    | ConstantValue::BigInt(_)
                    | ConstantValue::Float(_)
                    | ConstantValue::Complex { .. }
                    | ConstantValue::FrozenSet(_)
            ),
            None => matches!(
                e.kind,
                ExprKind::Set(_)
                    | ExprKind::SetComp(_)
                    | ExprKind::GeneratorExp(_)
                    | ExprKind::TemplateStr(_)
                    | ExprKind::Interpolation(_)
                    | ExprKind::Lambda(_)
            ),
        };
        if suspicious && let Some(name) = self.inferred_type(e) {
            let message = format!("'{name}' object is not subscriptable; perhaps you missed a comma?");
            self.warn(location(e.range), &message)?;
        }
        Ok(())
    }

    fn check_index(&mut self, e: &'a Expr<'a>, index: &'a Expr<'a>) -> Result {
        let Some(index_type) = self.inferred_type(index) else { return Ok(()) };
        if matches!(index_type, "int" | "bool" | "slice") {
            return Ok(());
        }
        let suspicious = match self.preprocess.constant(e) {
            Some(value) => {
                matches!(value, ConstantValue::Str(_) | ConstantValue::Bytes(_) | ConstantValue::Tuple(_))
            }
            None => matches!(self.inferred_type(e), Some("tuple" | "list" | "str")),
        };
        if suspicious && let Some(name) = self.inferred_type(e) {
            let message =
                format!("{name} indices must be integers or slices, not {index_type}; perhaps you missed a comma?");
            self.warn(location(e.range), &message)?;
        }
        Ok(())
    }
}
