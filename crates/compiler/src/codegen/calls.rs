//! Calls.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{common_constant, intrinsic};
use taipan_syntax::ast::*;

use super::expr::TUPLE;
use super::names::AttrOp;
use super::{Compiler, STACK_USE_GUIDELINE};
use crate::error::Result;
use crate::location;
use crate::names::{Name, known};
use crate::sequence::{Label, NO_LOCATION};
use crate::symtable::{Key, Scope, SymbolTable, def};

impl<'a> Compiler<'a, '_> {
    pub(super) fn call(&mut self, e: &'a Expr<'a>, node: &'a Call<'a>) -> Result {
        self.check_keywords(node.keywords)?;
        if self.method_call(e, node)? {
            return Ok(());
        }
        let skip = self.label();
        self.check_caller(node.func)?;
        self.expr(node.func)?;
        self.builtin_call(node, skip)?;
        self.op(location(node.func.range), Op::PUSH_NULL);
        self.call_args(location(e.range), 0, node.args, None, node.keywords)?;
        self.place(skip);
        Ok(())
    }

    fn check_keywords(&self, keywords: &[Keyword<'_>]) -> Result {
        for (i, keyword) in keywords.iter().enumerate() {
            let Some(arg) = keyword.arg else { continue };
            if let Some(other) = keywords[i + 1..].iter().find(|k| k.arg == Some(arg)) {
                return self.error(location(other.range), format!("keyword argument repeated: {arg}"));
            }
        }
        Ok(())
    }

    /// Warns of a call of something that cannot be called.
    fn check_caller(&mut self, e: &'a Expr<'a>) -> Result {
        match self.inferred_type(e) {
            Some(name) if name != "function" => {
                let message = format!("'{name}' object is not callable; perhaps you missed a comma?");
                self.warn(location(e.range), &message)
            }
            _ => Ok(()),
        }
    }

    fn is_import(&mut self, e: &Expr<'a>) -> bool {
        let ExprKind::Name(node) = &e.kind else { return false };
        let name = self.names.intern(node.id);
        self.table.entry(SymbolTable::TOP).symbol(name) & def::IMPORT != 0
    }

    /// `value.method(args)`; answers false if the call is not of that simple form.
    fn method_call(&mut self, e: &'a Expr<'a>, node: &'a Call<'a>) -> Result<bool> {
        let ExprKind::Attribute(method) = &node.func.kind else { return Ok(false) };
        if method.ctx != ExprContext::Load || self.is_import(method.value) {
            return Ok(false);
        }
        let keywords = node.keywords.len();
        if node.args.len() + keywords + (keywords != 0) as usize >= STACK_USE_GUIDELINE
            || node.args.iter().any(|e| matches!(e.kind, ExprKind::Starred(_)))
            || node.keywords.iter().any(|k| k.arg.is_none())
        {
            return Ok(false);
        }
        let mut at = location(node.func.range);
        if let Some(call) = self.optimizable_super(method) {
            self.load_super_args(method.value, call)?;
            let op = AttrOp::Super { method: true, explicit: !call.args.is_empty() };
            self.attribute_op(at, op, method.attr);
            at = self.attribute_start(at, node.func, method.attr);
            self.op(at, Op::NOP);
        } else {
            self.expr(method.value)?;
            at = self.attribute_start(at, node.func, method.attr);
            self.attribute_op(at, AttrOp::LoadMethod, method.attr);
        }
        self.exprs(node.args)?;
        let call_at = self.attribute_start(location(e.range), node.func, method.attr);
        if keywords > 0 {
            self.keyword_values(at, node.keywords)?;
            self.emit(call_at, Op::CALL_KW, (node.args.len() + keywords) as u32);
        } else {
            self.emit(call_at, Op::CALL, node.args.len() as u32);
        }
        Ok(true)
    }

    fn keyword_values(&mut self, at: Location, keywords: &'a [Keyword<'a>]) -> Result {
        for keyword in keywords {
            self.expr(keyword.value)?;
        }
        self.load_str_tuple(at, keywords.iter().filter_map(|k| k.arg));
        Ok(())
    }

    /// `all`, `any` and `tuple` of a generator expression become loops, if the name still means the built-in.
    fn builtin_call(&mut self, node: &'a Call<'a>, end: Label) -> Result {
        let ExprKind::Name(func) = &node.func.kind else { return Ok(()) };
        let [argument] = node.args else { return Ok(()) };
        if !node.keywords.is_empty() || !matches!(argument.kind, ExprKind::GeneratorExp(_)) {
            return Ok(());
        }
        if self.table.lookup(Key::node(*argument)).is_some_and(|id| self.table.entry(id).coroutine) {
            return Ok(());
        }
        // The result if no element decides, and the jump taken by one that does not.
        let (constant, decided) = match func.id {
            "all" => (common_constant::ALL, Some((Const::True, Const::False, Op::POP_JUMP_IF_TRUE))),
            "any" => (common_constant::ANY, Some((Const::False, Const::True, Op::POP_JUMP_IF_FALSE))),
            "tuple" => (common_constant::TUPLE, None),
            _ => return Ok(()),
        };
        let at = location(node.func.range);
        let skip = self.label();
        self.emit(at, Op::COPY, 1);
        self.emit(at, Op::LOAD_COMMON_CONSTANT, constant);
        self.emit(at, Op::IS_OP, 0);
        self.jump(at, Op::POP_JUMP_IF_FALSE, skip);
        self.op(at, Op::POP_TOP);
        if decided.is_none() {
            self.emit(at, Op::BUILD_LIST, 0);
        }
        self.expr(argument)?;
        let start = self.label();
        let cleanup = self.label();
        self.place(start);
        self.jump(at, Op::FOR_ITER, cleanup);
        match &decided {
            None => {
                self.emit(at, Op::LIST_APPEND, 2);
                self.jump(at, Op::JUMP, start);
            }
            Some((_, _, go_on)) => {
                self.op(at, Op::TO_BOOL);
                self.jump(at, *go_on, start);
            }
        }
        self.op(NO_LOCATION, Op::POP_ITER);
        if let Some((_, found, _)) = &decided {
            self.load_const(at, found.clone());
        }
        self.jump(at, Op::JUMP, end);
        self.place(cleanup);
        self.op(NO_LOCATION, Op::END_FOR);
        self.op(NO_LOCATION, Op::POP_ITER);
        match decided {
            None => self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::LIST_TO_TUPLE),
            Some((initial, _, _)) => self.load_const(at, initial),
        }
        self.jump(at, Op::JUMP, end);
        self.place(skip);
        Ok(())
    }

    /// The arguments and the call itself; `pushed` arguments are on the stack already, `injected` is one more.
    pub(super) fn call_args(
        &mut self,
        at: Location,
        pushed: u32,
        args: &'a [&'a Expr<'a>],
        injected: Option<Name>,
        keywords: &'a [Keyword<'a>],
    ) -> Result {
        self.check_keywords(keywords)?;
        let simple = args.len() + keywords.len() * 2 <= STACK_USE_GUIDELINE
            && !args.iter().any(|e| matches!(e.kind, ExprKind::Starred(_)))
            && keywords.iter().all(|k| k.arg.is_some());
        if simple {
            self.exprs(args)?;
            let mut count = pushed + args.len() as u32;
            if let Some(name) = injected {
                self.load_name(at, name)?;
                count += 1;
            }
            if keywords.is_empty() {
                self.emit(at, Op::CALL, count);
            } else {
                self.keyword_values(at, keywords)?;
                self.emit(at, Op::CALL_KW, count + keywords.len() as u32);
            }
            return Ok(());
        }
        match args {
            [only] if pushed == 0 && matches!(only.kind, ExprKind::Starred(_)) => {
                if let ExprKind::Starred(node) = &only.kind {
                    self.expr(node.value)?;
                }
            }
            _ => self.sequence(at, args, injected, pushed, TUPLE)?,
        }
        let mut have_dict = false;
        let mut pending = 0;
        for (i, keyword) in keywords.iter().enumerate() {
            if keyword.arg.is_some() {
                pending += 1;
                continue;
            }
            if pending > 0 {
                self.keyword_dict(at, &keywords[i - pending..i])?;
                if have_dict {
                    self.emit(at, Op::DICT_MERGE, 1);
                }
                have_dict = true;
                pending = 0;
            }
            if !have_dict {
                self.emit(at, Op::BUILD_MAP, 0);
                have_dict = true;
            }
            self.expr(keyword.value)?;
            self.emit(at, Op::DICT_MERGE, 1);
        }
        if pending > 0 {
            self.keyword_dict(at, &keywords[keywords.len() - pending..])?;
            if have_dict {
                self.emit(at, Op::DICT_MERGE, 1);
            }
        }
        if keywords.is_empty() {
            self.op(at, Op::PUSH_NULL);
        }
        self.op(at, Op::CALL_FUNCTION_EX);
        Ok(())
    }

    fn keyword_dict(&mut self, at: Location, keywords: &'a [Keyword<'a>]) -> Result {
        let big = keywords.len() * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit(NO_LOCATION, Op::BUILD_MAP, 0);
        }
        for keyword in keywords {
            if let Some(arg) = keyword.arg {
                let name = self.names.intern(arg);
                self.load_str(at, name);
            }
            self.expr(keyword.value)?;
            if big {
                self.emit(NO_LOCATION, Op::MAP_ADD, 1);
            }
        }
        if !big {
            self.emit(at, Op::BUILD_MAP, keywords.len() as u32);
        }
        Ok(())
    }

    // `super()`.

    /// The call of `super` whose attribute this is, if one instruction can do both.
    pub(super) fn optimizable_super(&mut self, node: &'a Attribute<'a>) -> Option<&'a Call<'a>> {
        let ExprKind::Call(call) = &node.value.kind else { return None };
        let ExprKind::Name(func) = &call.func.kind else { return None };
        if func.id != "super" || node.attr == "__class__" || !call.keywords.is_empty() {
            return None;
        }
        // Anything that shadows the name rules it out.
        if self.entry().scope(known::SUPER) != Scope::GlobalImplicit
            || self.table.entry(SymbolTable::TOP).scope(known::SUPER) != Scope::Unknown
        {
            return None;
        }
        match call.args {
            [a, b] => {
                let starred = |e: &Expr<'_>| matches!(e.kind, ExprKind::Starred(_));
                (!starred(a) && !starred(b)).then_some(call)
            }
            [] => {
                let arguments = self.unit.metadata.arguments;
                let has_self = arguments.args > 0 || arguments.posonly > 0;
                (has_self && self.ref_type(known::CLASS) == Scope::Free).then_some(call)
            }
            _ => None,
        }
    }

    /// Loads `super`, the class and the instance.
    pub(super) fn load_super_args(&mut self, e: &'a Expr<'a>, call: &'a Call<'a>) -> Result {
        let at = location(e.range);
        self.load_name(location(call.func.range), known::SUPER)?;
        if let [class, instance] = call.args {
            self.expr(class)?;
            return self.expr(instance);
        }
        self.load_name(at, known::CLASS)?;
        if let Some((first, _)) = self.unit.metadata.varnames.at(0) {
            self.load_name(at, Name(first))?;
        }
        Ok(())
    }
}
