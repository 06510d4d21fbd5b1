//! `match`.
//!
//! Every pattern takes its subject off the stack; when it fails, it jumps to a label that pops what it has left there.
//! Captured values wait at the bottom, below everything that is still needed, until the whole pattern has matched.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::nb;
use taipan_syntax::ast::*;

use super::Compiler;
use crate::consts::{equal, from_ast};
use crate::error::{CompileError, Result};
use crate::location;
use crate::names::Name;
use crate::preprocess::pattern_constant;
use crate::repr;
use crate::sequence::{Label, NEXT_LOCATION, NO_LOCATION};

/// The state of one `case`.
#[derive(Default)]
struct Context {
    /// Names captured so far, in the order of their values on the stack.
    stores: Vec<Name>,
    /// Whether a pattern that always matches is fine here.
    allow_irrefutable: bool,
    /// Label `i` pops `i` values.
    fail_pop: Vec<Label>,
    /// Values on top that have to stay there.
    on_top: usize,
}

fn is_wildcard(pattern: &Pattern<'_>) -> bool {
    matches!(&pattern.kind, PatternKind::MatchAs(node) if node.name.is_none())
}

fn is_star_wildcard(pattern: &Pattern<'_>) -> bool {
    matches!(&pattern.kind, PatternKind::MatchStar(node) if node.name.is_none())
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn match_(&mut self, node: &'a Match<'a>) -> Result {
        self.expr(node.subject)?;
        let end = self.label();
        let Some((last_case, _)) = node.cases.split_last() else {
            return Err(CompileError::system("match without cases"));
        };
        let count = node.cases.len();
        let has_default = is_wildcard(last_case.pattern) && count > 1;
        let tested = count - has_default as usize;
        for (i, case) in node.cases[..tested].iter().enumerate() {
            let at = location(case.pattern.range);
            let last = i + 1 == tested;
            if !last {
                self.emit(at, Op::COPY, 1);
            }
            let mut context =
                Context { allow_irrefutable: case.guard.is_some() || i + 1 == count, ..Context::default() };
            self.pattern(case.pattern, &mut context)?;
            for &name in &context.stores.clone() {
                self.store_name(at, name)?;
            }
            if let Some(guard) = case.guard {
                self.ensure_fail_pop(&mut context, 0);
                self.jump_if(guard, context.fail_pop[0], false)?;
            }
            if !last {
                self.op(NEXT_LOCATION, Op::POP_TOP);
            }
            self.stmts(case.body)?;
            self.jump(NO_LOCATION, Op::JUMP, end);
            self.place_fail_pop(at, &mut context);
        }
        if has_default {
            let at = location(last_case.pattern.range);
            self.op(at, Op::NOP);
            if let Some(guard) = last_case.guard {
                self.jump_if(guard, end, false)?;
            }
            self.stmts(last_case.body)?;
        }
        self.place(end);
        Ok(())
    }

    fn ensure_fail_pop(&mut self, context: &mut Context, n: usize) {
        while context.fail_pop.len() <= n {
            let label = self.label();
            context.fail_pop.push(label);
        }
    }

    fn fail(&mut self, at: Location, context: &mut Context, op: Op) {
        let pops = context.on_top + context.stores.len();
        self.ensure_fail_pop(context, pops);
        self.jump(at, op, context.fail_pop[pops]);
    }

    fn place_fail_pop(&mut self, at: Location, context: &mut Context) {
        let labels = std::mem::take(&mut context.fail_pop);
        for (i, &label) in labels.iter().enumerate().rev() {
            self.place(label);
            if i > 0 {
                self.op(at, Op::POP_TOP);
            }
        }
    }

    /// Moves the top below the `count - 1` values under it.
    fn rotate(&mut self, at: Location, count: usize) {
        for depth in (2..=count).rev() {
            self.emit(at, Op::SWAP, depth as u32);
        }
    }

    fn duplicate_store<T>(&self, at: Location, name: Name) -> Result<T> {
        self.error(at, format!("multiple assignments to name {} in pattern", repr::name(self.names.text(name))))
    }

    fn capture(&mut self, at: Location, name: Option<&'a str>, context: &mut Context) -> Result {
        let Some(name) = name else {
            self.op(at, Op::POP_TOP);
            return Ok(());
        };
        let name = self.names.intern(name);
        if context.stores.contains(&name) {
            return self.duplicate_store(at, name);
        }
        self.rotate(at, context.on_top + context.stores.len() + 1);
        context.stores.push(name);
        Ok(())
    }

    fn subpattern(&mut self, pattern: &'a Pattern<'a>, context: &mut Context) -> Result {
        let before = std::mem::replace(&mut context.allow_irrefutable, true);
        self.pattern(pattern, context)?;
        context.allow_irrefutable = before;
        Ok(())
    }

    fn pattern(&mut self, p: &'a Pattern<'a>, context: &mut Context) -> Result {
        self.depth.check()?;
        let at = location(p.range);
        match &p.kind {
            PatternKind::MatchValue(node) => {
                self.pattern_value(at, node.value)?;
                self.comparison(at, CmpOp::Eq);
                self.op(at, Op::TO_BOOL);
                self.fail(at, context, Op::POP_JUMP_IF_FALSE);
            }
            PatternKind::MatchSingleton(node) => {
                self.load_const(at, from_ast(&node.value));
                self.comparison(at, CmpOp::Is);
                self.fail(at, context, Op::POP_JUMP_IF_FALSE);
            }
            PatternKind::MatchSequence(node) => self.sequence_pattern(at, node.patterns, context)?,
            PatternKind::MatchMapping(node) => self.mapping_pattern(at, node, context)?,
            PatternKind::MatchClass(node) => self.class_pattern(at, node, context)?,
            PatternKind::MatchStar(node) => self.capture(at, node.name, context)?,
            PatternKind::MatchAs(node) => match node.pattern {
                None => {
                    if !context.allow_irrefutable {
                        let message = match node.name {
                            Some(name) => {
                                format!("name capture {} makes remaining patterns unreachable", repr::name(name))
                            }
                            None => "wildcard makes remaining patterns unreachable".into(),
                        };
                        return self.error(at, message);
                    }
                    self.capture(at, node.name, context)?;
                }
                Some(pattern) => {
                    context.on_top += 1;
                    self.emit(at, Op::COPY, 1);
                    self.pattern(pattern, context)?;
                    context.on_top -= 1;
                    self.capture(at, node.name, context)?;
                }
            },
            PatternKind::MatchOr(node) => self.or_pattern(at, node.patterns, context)?,
        }
        Ok(())
    }

    fn pattern_value(&mut self, at: Location, value: &'a Expr<'a>) -> Result {
        if let Some(constant) = pattern_constant(value) {
            self.load_const(location(value.range), constant);
            return Ok(());
        }
        if !matches!(value.kind, ExprKind::Attribute(_)) {
            return self.error(at, "patterns may only match literals and attribute lookups");
        }
        self.expr(value)
    }

    fn sequence_pattern(&mut self, at: Location, patterns: &'a [&'a Pattern<'a>], context: &mut Context) -> Result {
        let mut star = None;
        let mut only_wildcard = true;
        let mut star_wildcard = false;
        for (i, pattern) in patterns.iter().enumerate() {
            if matches!(pattern.kind, PatternKind::MatchStar(_)) {
                if star.is_some() {
                    return self.error(at, "multiple starred names in sequence pattern");
                }
                star_wildcard = is_star_wildcard(pattern);
                only_wildcard &= star_wildcard;
                star = Some(i);
            } else {
                only_wildcard &= is_wildcard(pattern);
            }
        }
        context.on_top += 1;
        self.op(at, Op::MATCH_SEQUENCE);
        self.fail(at, context, Op::POP_JUMP_IF_FALSE);
        let size = patterns.len();
        if star.is_none() {
            self.check_length(at, size, CmpOp::Eq, context);
        } else if size > 1 {
            self.check_length(at, size - 1, CmpOp::GtE, context);
        }
        context.on_top -= 1;
        match star {
            _ if only_wildcard => self.op(at, Op::POP_TOP),
            Some(star) if star_wildcard => self.subscript_items(at, patterns, star, context)?,
            _ => self.unpack_items(at, patterns, context)?,
        }
        Ok(())
    }

    fn check_length(&mut self, at: Location, size: usize, op: CmpOp, context: &mut Context) {
        self.op(at, Op::GET_LEN);
        self.load_const(at, Const::Int(size as i64));
        self.comparison(at, op);
        self.fail(at, context, Op::POP_JUMP_IF_FALSE);
    }

    fn unpack_items(&mut self, at: Location, patterns: &'a [&'a Pattern<'a>], context: &mut Context) -> Result {
        let size = patterns.len();
        match patterns.iter().position(|p| matches!(p.kind, PatternKind::MatchStar(_))) {
            Some(i) => {
                let after = size - i - 1;
                if i >= 1 << 8 || after >= i32::MAX as usize >> 8 {
                    return self.error(at, "too many expressions in star-unpacking sequence pattern");
                }
                self.emit(at, Op::UNPACK_EX, (i | after << 8) as u32);
            }
            None => self.emit(at, Op::UNPACK_SEQUENCE, size as u32),
        }
        context.on_top += size;
        for pattern in patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        Ok(())
    }

    /// With a `*_` there is no need to unpack: the other items are fetched one by one.
    fn subscript_items(
        &mut self,
        at: Location,
        patterns: &'a [&'a Pattern<'a>],
        star: usize,
        context: &mut Context,
    ) -> Result {
        context.on_top += 1;
        for (i, pattern) in patterns.iter().enumerate() {
            if is_wildcard(pattern) || i == star {
                continue;
            }
            self.emit(at, Op::COPY, 1);
            if i < star {
                self.load_const(at, Const::Int(i as i64));
            } else {
                // The subject need not know negative indices.
                self.op(at, Op::GET_LEN);
                self.load_const(at, Const::Int((patterns.len() - i) as i64));
                self.emit(at, Op::BINARY_OP, nb::SUBTRACT);
            }
            self.emit(at, Op::BINARY_OP, nb::SUBSCR);
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 1;
        self.op(at, Op::POP_TOP);
        Ok(())
    }

    fn class_pattern(&mut self, at: Location, node: &'a MatchClass<'a>, context: &mut Context) -> Result {
        let (attrs, kwd_patterns) = (node.kwd_attrs, node.kwd_patterns);
        if attrs.len() != kwd_patterns.len() {
            let message = format!(
                "kwd_attrs ({}) / kwd_patterns ({}) length mismatch in class pattern",
                attrs.len(),
                kwd_patterns.len()
            );
            return self.error(at, message);
        }
        for (i, attr) in attrs.iter().enumerate() {
            if let Some(j) = (i + 1..attrs.len()).find(|&j| attrs[j] == *attr) {
                let place = location(kwd_patterns[j].range);
                return self.error(place, format!("attribute name repeated in class pattern: {attr}"));
            }
        }
        self.expr(node.cls)?;
        self.load_str_tuple(at, attrs.iter().copied());
        self.emit(at, Op::MATCH_CLASS, node.patterns.len() as u32);
        self.emit(at, Op::COPY, 1);
        self.load_none(at);
        self.emit(at, Op::IS_OP, 1);
        context.on_top += 1;
        self.fail(at, context, Op::POP_JUMP_IF_FALSE);
        let total = node.patterns.len() + attrs.len();
        self.emit(at, Op::UNPACK_SEQUENCE, total as u32);
        context.on_top = context.on_top + total - 1;
        for pattern in node.patterns.iter().chain(kwd_patterns) {
            context.on_top -= 1;
            if is_wildcard(pattern) {
                self.op(at, Op::POP_TOP);
            } else {
                self.subpattern(pattern, context)?;
            }
        }
        Ok(())
    }

    fn mapping_pattern(&mut self, at: Location, node: &'a MatchMapping<'a>, context: &mut Context) -> Result {
        let size = node.keys.len();
        if size != node.patterns.len() {
            let message =
                format!("keys ({size}) / patterns ({}) length mismatch in mapping pattern", node.patterns.len());
            return self.error(at, message);
        }
        context.on_top += 1;
        self.op(at, Op::MATCH_MAPPING);
        self.fail(at, context, Op::POP_JUMP_IF_FALSE);
        if size == 0 && node.rest.is_none() {
            context.on_top -= 1;
            self.op(at, Op::POP_TOP);
            return Ok(());
        }
        if size > 0 {
            self.check_length(at, size, CmpOp::GtE, context);
        }
        let mut seen: Vec<Const> = Vec::new();
        for key in node.keys {
            match pattern_constant(key) {
                Some(constant) => {
                    if seen.iter().any(|s| equal(s, &constant)) {
                        let text = repr::constant(&constant);
                        let message =
                            format!("mapping pattern checks duplicate key ({})", String::from_utf8_lossy(&text));
                        return self.error(at, message);
                    }
                    seen.push(constant.clone());
                    self.load_const(location(key.range), constant);
                }
                None if matches!(key.kind, ExprKind::Attribute(_)) => self.expr(key)?,
                None => {
                    let message = "mapping pattern keys may only match literals and attribute lookups";
                    return self.error(at, message);
                }
            }
        }
        self.emit(at, Op::BUILD_TUPLE, size as u32);
        self.op(at, Op::MATCH_KEYS);
        context.on_top += 2;
        self.emit(at, Op::COPY, 1);
        self.load_none(at);
        self.emit(at, Op::IS_OP, 1);
        self.fail(at, context, Op::POP_JUMP_IF_FALSE);
        self.emit(at, Op::UNPACK_SEQUENCE, size as u32);
        context.on_top = context.on_top + size - 1;
        for pattern in node.patterns {
            context.on_top -= 1;
            self.subpattern(pattern, context)?;
        }
        context.on_top -= 2;
        match node.rest {
            Some(rest) => {
                // A copy of the subject without the keys that matched.
                self.emit(at, Op::BUILD_MAP, 0);
                self.emit(at, Op::SWAP, 3);
                self.emit(at, Op::DICT_UPDATE, 2);
                self.emit(at, Op::UNPACK_SEQUENCE, size as u32);
                for left in (1..=size as u32).rev() {
                    self.emit(at, Op::COPY, 1 + left);
                    self.emit(at, Op::SWAP, 2);
                    self.op(at, Op::DELETE_SUBSCR);
                }
                self.capture(at, Some(rest), context)
            }
            None => {
                self.op(at, Op::POP_TOP);
                self.op(at, Op::POP_TOP);
                Ok(())
            }
        }
    }

    fn or_pattern(&mut self, at: Location, patterns: &'a [&'a Pattern<'a>], context: &mut Context) -> Result {
        let end = self.label();
        // The first alternative decides the order of the captures.
        let mut control: Vec<Name> = Vec::new();
        for (i, alternative) in patterns.iter().enumerate() {
            let place = location(alternative.range);
            let mut inner = Context {
                allow_irrefutable: i + 1 == patterns.len() && context.allow_irrefutable,
                ..Context::default()
            };
            self.emit(place, Op::COPY, 1);
            self.pattern(alternative, &mut inner)?;
            let stores = &mut inner.stores;
            if i == 0 {
                control.clone_from(stores);
            } else if stores.len() != control.len() {
                return self.error(at, "alternative patterns bind different names");
            } else {
                for wanted in (0..control.len()).rev() {
                    let Some(found) = stores.iter().position(|&name| name == control[wanted]) else {
                        return self.error(at, "alternative patterns bind different names");
                    };
                    if wanted != found {
                        stores[..=wanted].rotate_left(found + 1);
                        for _ in 0..=found {
                            self.rotate(place, wanted + 1);
                        }
                    }
                }
            }
            self.jump(place, Op::JUMP, end);
            self.place_fail_pop(place, &mut inner);
        }
        self.op(at, Op::POP_TOP);
        self.fail(at, context, Op::JUMP);
        self.place(end);
        // The captures lie above the copy of the subject and all that was there before.
        let rotations = control.len() + 1 + context.on_top + context.stores.len();
        for name in control {
            self.rotate(at, rotations);
            if context.stores.contains(&name) {
                return self.duplicate_store(at, name);
            }
            context.stores.push(name);
        }
        self.op(at, Op::POP_TOP);
        Ok(())
    }
}
