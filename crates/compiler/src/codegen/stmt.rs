//! Statements.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{common_constant, intrinsic, nb};
use taipan_syntax::ast::*;

use super::names::AttrOp;
use super::{BlockKind, Compiler, Datum, ScopeKind};
use crate::error::{CompileError, Result};
use crate::names::known;
use crate::preprocess::docstring_text;
use crate::sequence::{Label, NO_LOCATION};
use crate::{docstring, location};

impl<'a> Compiler<'a, '_> {
    /// The body of a module or class: docstring, statements, annotations.
    pub(super) fn body(&mut self, at: Location, stmts: &'a [Stmt<'a>], interactive: bool) -> Result {
        if self.future_annotations() && self.entry().annotations_used {
            self.op(at, Op::SETUP_ANNOTATIONS);
        }
        if stmts.is_empty() {
            return Ok(());
        }
        if interactive {
            self.stmts(stmts)?;
        } else {
            let body = self.preprocess.body(stmts);
            if let Some((text, place)) = body.docstring.and_then(docstring_text) {
                let clean = docstring::clean(text)?;
                self.load_const(place, Const::Str(clean));
                self.store_name(NO_LOCATION, known::DOC)?;
            }
            self.rest_of_body(&body)?;
        }
        if !self.future_annotations() {
            self.deferred_annotations(at)?;
        }
        Ok(())
    }

    /// All statements of a body but its docstring.
    pub(super) fn rest_of_body(&mut self, body: &crate::preprocess::Body<'a>) -> Result {
        if let Some(at) = body.pass {
            self.op(at, Op::NOP);
        }
        let mut rest = body.rest;
        if body.plain_string
            && let Some((first, others)) = rest.split_first()
        {
            if let StmtKind::Expr(node) = &first.kind {
                self.expr(node.value)?;
                self.op(NO_LOCATION, Op::POP_TOP);
            }
            rest = others;
        }
        self.stmts(rest)
    }

    pub(super) fn stmts(&mut self, stmts: &'a [Stmt<'a>]) -> Result {
        stmts.iter().try_for_each(|s| self.stmt(s))
    }

    fn conditional(&mut self, visit: impl FnOnce(&mut Self) -> Result) -> Result {
        self.unit.conditional_blocks += 1;
        visit(self)?;
        self.unit.conditional_blocks -= 1;
        Ok(())
    }

    fn stmt(&mut self, s: &'a Stmt<'a>) -> Result {
        self.depth.check()?;
        let at = location(s.range);
        match &s.kind {
            StmtKind::FunctionDef(node) => self.function(s, node, false)?,
            StmtKind::AsyncFunctionDef(node) => self.function(s, node, true)?,
            StmtKind::ClassDef(node) => self.class(s, node)?,
            StmtKind::TypeAlias(node) => self.type_alias(s, node)?,
            StmtKind::Return(node) => self.return_(at, node)?,
            StmtKind::Delete(node) => self.exprs(node.targets)?,
            StmtKind::Assign(node) => {
                self.expr(node.value)?;
                for (i, target) in node.targets.iter().enumerate() {
                    if i + 1 < node.targets.len() {
                        self.emit(at, Op::COPY, 1);
                    }
                    self.expr(target)?;
                }
            }
            StmtKind::AugAssign(node) => self.aug_assign(at, node)?,
            StmtKind::AnnAssign(node) => self.ann_assign(s, node)?,
            StmtKind::For(node) => self.conditional(|c| c.for_(at, node))?,
            StmtKind::AsyncFor(node) => self.conditional(|c| c.async_for(at, node))?,
            StmtKind::While(node) => self.conditional(|c| c.while_(at, node))?,
            StmtKind::If(node) => self.conditional(|c| c.if_(node))?,
            StmtKind::Match(node) => self.conditional(|c| c.match_(node))?,
            StmtKind::Raise(node) => {
                let mut n = 0;
                if let Some(exc) = node.exc {
                    self.expr(exc)?;
                    n += 1;
                    if let Some(cause) = node.cause {
                        self.expr(cause)?;
                        n += 1;
                    }
                }
                self.emit(at, Op::RAISE_VARARGS, n);
            }
            StmtKind::Try(node) => self.conditional(|c| c.try_(at, node))?,
            StmtKind::TryStar(node) => self.conditional(|c| c.try_star(at, node))?,
            StmtKind::Assert(node) => self.assert(at, node)?,
            StmtKind::Import(node) => self.import(at, node)?,
            StmtKind::ImportFrom(node) => self.import_from(at, node)?,
            StmtKind::Global(_) | StmtKind::Nonlocal(_) => {}
            StmtKind::Expr(node) => self.expr_stmt(at, node.value)?,
            StmtKind::Pass => self.op(at, Op::NOP),
            StmtKind::Break => self.break_(at)?,
            StmtKind::Continue => self.continue_(at)?,
            StmtKind::With(node) => self.conditional(|c| c.with(node, 0, false))?,
            StmtKind::AsyncWith(node) => self.conditional(|c| c.with(node, 0, true))?,
        }
        Ok(())
    }

    fn if_(&mut self, node: &'a If<'a>) -> Result {
        // Long chains of `elif` are walked without recursion; all of their ends are placed after the last.
        let mut ends = Vec::new();
        let mut node = node;
        loop {
            let end = self.label();
            ends.push(end);
            if node.orelse.is_empty() {
                self.jump_if(node.test, end, false)?;
                self.stmts(node.body)?;
                break;
            }
            let next = self.label();
            self.jump_if(node.test, next, false)?;
            self.stmts(node.body)?;
            self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
            self.place(next);
            match node.orelse {
                [Stmt { kind: StmtKind::If(elif), .. }] => {
                    self.unit.conditional_blocks += 1;
                    node = elif;
                }
                orelse => {
                    self.stmts(orelse)?;
                    break;
                }
            }
        }
        self.unit.conditional_blocks -= ends.len() as u32 - 1;
        for end in ends.into_iter().rev() {
            self.place(end);
        }
        Ok(())
    }

    fn expr_stmt(&mut self, at: Location, value: &'a Expr<'a>) -> Result {
        if self.interactive && self.stack.is_empty() {
            self.expr(value)?;
            self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::PRINT);
            self.op(NO_LOCATION, Op::POP_TOP);
        } else if self.preprocess.constant(value).is_some() {
            self.op(at, Op::NOP);
        } else {
            self.expr(value)?;
            self.op(NO_LOCATION, Op::POP_TOP);
        }
        Ok(())
    }

    fn return_(&mut self, at: Location, node: &'a Return<'a>) -> Result {
        let entry = self.entry();
        if !entry.is_function_like() {
            return self.error(at, "'return' outside function");
        }
        if node.value.is_some() && entry.coroutine && entry.generator {
            return self.error(at, "'return' with value in async generator");
        }
        let constant = node.value.and_then(|v| self.preprocess.constant(v));
        let preserve = node.value.is_some() && constant.is_none();
        let mut place = at;
        if let Some(value) = node.value {
            if preserve {
                self.expr(value)?;
            } else {
                place = location(value.range);
                self.op(place, Op::NOP);
            }
        }
        if node.value.is_none_or(|v| location(v.range).line != at.line) {
            place = at;
            self.op(place, Op::NOP);
        }
        self.unwind_blocks(&mut place, preserve, false)?;
        match constant {
            Some(value) => {
                let id = self.consts.intern_ast(&value);
                self.load_const_id(place, id);
            }
            None if node.value.is_none() => self.load_none(place),
            None => {}
        }
        self.op(place, Op::RETURN_VALUE);
        Ok(())
    }

    fn break_(&mut self, at: Location) -> Result {
        let mut place = at;
        self.op(place, Op::NOP);
        match self.unwind_blocks(&mut place, false, true)? {
            None => self.error(at, "'break' outside loop"),
            Some((kind, _, exit)) => {
                if kind == BlockKind::ForLoop {
                    self.op(place, Op::POP_TOP);
                }
                self.jump(place, Op::JUMP, exit);
                Ok(())
            }
        }
    }

    fn continue_(&mut self, at: Location) -> Result {
        let mut place = at;
        self.op(place, Op::NOP);
        match self.unwind_blocks(&mut place, false, true)? {
            None => self.error(at, "'continue' not properly in loop"),
            Some((_, start, _)) => {
                self.jump(place, Op::JUMP, start);
                Ok(())
            }
        }
    }

    /// Undoes the blocks around the current statement, up to the innermost loop if `to_loop`; answers that loop's kind and
    /// labels. The top of the stack survives if `preserve`.
    pub(super) fn unwind_blocks(
        &mut self,
        place: &mut Location,
        preserve: bool,
        to_loop: bool,
    ) -> Result<Option<(BlockKind, Label, Label)>> {
        let mut undone = Vec::new();
        let mut found = None;
        while let Some(&block) = self.unit.blocks.last() {
            if block.kind == BlockKind::ExceptionGroupHandler {
                let message = "'break', 'continue' and 'return' cannot appear in an except* block";
                return self.error(*place, message);
            }
            if to_loop && matches!(block.kind, BlockKind::WhileLoop | BlockKind::ForLoop) {
                found = Some((block.kind, block.block, block.exit));
                break;
            }
            self.unit.blocks.pop();
            undone.push(block);
            self.unwind_block(place, &block, preserve)?;
        }
        self.unit.blocks.extend(undone.into_iter().rev());
        Ok(found)
    }

    fn unwind_block(&mut self, place: &mut Location, block: &super::FrameBlock<'a>, preserve: bool) -> Result {
        let at = *place;
        match block.kind {
            BlockKind::WhileLoop
            | BlockKind::ExceptionHandler
            | BlockKind::ExceptionGroupHandler
            | BlockKind::AsyncComprehensionGenerator
            | BlockKind::StopIteration => {}
            BlockKind::ForLoop | BlockKind::PopValue => {
                if preserve {
                    self.emit(at, Op::SWAP, 2);
                }
                self.op(at, Op::POP_TOP);
            }
            BlockKind::TryExcept => self.op(at, Op::POP_BLOCK),
            BlockKind::FinallyTry => {
                self.op(at, Op::POP_BLOCK);
                if preserve {
                    self.push_block(at, BlockKind::PopValue, Label::NONE, Label::NONE, Datum::None)?;
                }
                if let Datum::Finally(stmts) = block.datum {
                    self.stmts(stmts)?;
                }
                if preserve {
                    self.pop_block(BlockKind::PopValue);
                }
                // The rest should appear to run as part of the statement that leaves.
                *place = NO_LOCATION;
            }
            BlockKind::FinallyEnd => {
                if preserve {
                    self.emit(at, Op::SWAP, 2);
                }
                self.op(at, Op::POP_TOP);
                if preserve {
                    self.emit(at, Op::SWAP, 2);
                }
                self.op(at, Op::POP_BLOCK);
                self.op(at, Op::POP_EXCEPT);
            }
            BlockKind::With | BlockKind::AsyncWith => {
                let at = block.location;
                self.op(at, Op::POP_BLOCK);
                if preserve {
                    self.emit(at, Op::SWAP, 3);
                    self.emit(at, Op::SWAP, 2);
                }
                self.call_exit_with_nones(at);
                if block.kind == BlockKind::AsyncWith {
                    self.emit(at, Op::GET_AWAITABLE, 2);
                    self.load_none(at);
                    self.yield_from(at, true);
                }
                self.op(at, Op::POP_TOP);
                *place = NO_LOCATION;
            }
            BlockKind::HandlerCleanup => {
                let name = match block.datum {
                    Datum::Name(name) => Some(name),
                    _ => None,
                };
                if name.is_some() {
                    self.op(at, Op::POP_BLOCK);
                }
                if preserve {
                    self.emit(at, Op::SWAP, 2);
                }
                self.op(at, Op::POP_BLOCK);
                self.op(at, Op::POP_EXCEPT);
                if let Some(name) = name {
                    self.load_none(at);
                    self.name_op(at, name, ExprContext::Store)?;
                    self.name_op(at, name, ExprContext::Del)?;
                }
            }
        }
        Ok(())
    }

    fn assert(&mut self, at: Location, node: &'a Assert<'a>) -> Result {
        let always_true = match &node.test.kind {
            ExprKind::Tuple(t) => !t.elts.is_empty(),
            ExprKind::Constant(c) => matches!(c.value, ConstantValue::Tuple(items) if !items.is_empty()),
            _ => false,
        };
        if always_true {
            self.warn(at, "assertion is always true, perhaps remove parentheses?")?;
        }
        if self.preprocess.optimize > 0 {
            return Ok(());
        }
        let end = self.label();
        self.jump_if(node.test, end, true)?;
        self.emit(at, Op::LOAD_COMMON_CONSTANT, common_constant::ASSERTION_ERROR);
        if let Some(msg) = node.msg {
            self.expr(msg)?;
            self.emit(at, Op::CALL, 0);
        }
        self.emit(location(node.test.range), Op::RAISE_VARARGS, 1);
        self.place(end);
        Ok(())
    }

    fn import(&mut self, at: Location, node: &'a Import<'a>) -> Result {
        for alias in node.names {
            self.load_const(at, Const::Int(0));
            self.load_none(at);
            let name = self.names.intern(alias.name);
            let arg = self.name_arg(name);
            self.emit(at, Op::IMPORT_NAME, arg);
            match alias.asname {
                Some(asname) => {
                    // `import a.b.c as d` walks down to `c`.
                    let mut parts = alias.name.split('.').skip(1).peekable();
                    let dotted = parts.peek().is_some();
                    while let Some(part) = parts.next() {
                        let part = self.names.intern(part);
                        let arg = self.unit.metadata.name(part);
                        self.emit(at, Op::IMPORT_FROM, arg);
                        if parts.peek().is_some() {
                            self.emit(at, Op::SWAP, 2);
                            self.op(at, Op::POP_TOP);
                        }
                    }
                    let asname = self.names.intern(asname);
                    self.store_name(at, asname)?;
                    if dotted {
                        self.op(at, Op::POP_TOP);
                    }
                }
                None => {
                    let first = self.names.intern(alias.name.split('.').next().unwrap_or(alias.name));
                    self.store_name(at, first)?;
                }
            }
        }
        Ok(())
    }

    fn import_from(&mut self, at: Location, node: &'a ImportFrom<'a>) -> Result {
        self.load_const(at, Const::Int(node.level.unwrap_or(0).into()));
        self.load_str_tuple(at, node.names.iter().map(|alias| alias.name));
        let module = self.names.intern(node.module.unwrap_or(""));
        let arg = self.name_arg(module);
        self.emit(at, Op::IMPORT_NAME, arg);
        for (i, alias) in node.names.iter().enumerate() {
            if i == 0 && alias.name.starts_with('*') {
                self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::IMPORT_STAR);
                self.op(NO_LOCATION, Op::POP_TOP);
                return Ok(());
            }
            let name = self.names.intern(alias.name);
            let arg = self.name_arg(name);
            self.emit(at, Op::IMPORT_FROM, arg);
            let target = alias.asname.map_or(name, |asname| self.names.intern(asname));
            self.store_name(at, target)?;
        }
        self.op(at, Op::POP_TOP);
        Ok(())
    }

    fn aug_assign(&mut self, at: Location, node: &'a AugAssign<'a>) -> Result {
        let target = node.target;
        let mut place = location(target.range);
        match &target.kind {
            ExprKind::Attribute(attribute) => {
                self.expr(attribute.value)?;
                self.emit(place, Op::COPY, 1);
                place = self.attribute_start(place, target, attribute.attr);
                self.attribute_op(place, AttrOp::Load, attribute.attr);
            }
            ExprKind::Subscript(subscript) => {
                self.expr(subscript.value)?;
                if self.is_two_part_slice(subscript.slice) {
                    self.slice_parts(subscript.slice)?;
                    for _ in 0..3 {
                        self.emit(place, Op::COPY, 3);
                    }
                    self.op(place, Op::BINARY_SLICE);
                } else {
                    self.expr(subscript.slice)?;
                    self.emit(place, Op::COPY, 2);
                    self.emit(place, Op::COPY, 2);
                    self.emit(place, Op::BINARY_OP, nb::SUBSCR);
                }
            }
            ExprKind::Name(name) => {
                let name = self.names.intern(name.id);
                self.load_name(place, name)?;
            }
            _ => return Err(CompileError::system("invalid target of augmented assignment")),
        }
        self.expr(node.value)?;
        self.emit(at, Op::BINARY_OP, nb::INPLACE + super::expr::binary_arg(node.op));
        place = location(target.range);
        match &target.kind {
            ExprKind::Attribute(attribute) => {
                place = self.attribute_start(place, target, attribute.attr);
                self.emit(place, Op::SWAP, 2);
                self.attribute_op(place, AttrOp::Store, attribute.attr);
            }
            ExprKind::Subscript(subscript) => {
                if self.is_two_part_slice(subscript.slice) {
                    for depth in [4, 3, 2] {
                        self.emit(place, Op::SWAP, depth);
                    }
                    self.op(place, Op::STORE_SLICE);
                } else {
                    self.emit(place, Op::SWAP, 3);
                    self.emit(place, Op::SWAP, 2);
                    self.op(place, Op::STORE_SUBSCR);
                }
            }
            ExprKind::Name(name) => {
                let name = self.names.intern(name.id);
                self.store_name(place, name)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn ann_assign(&mut self, s: &'a Stmt<'a>, node: &'a AnnAssign<'a>) -> Result {
        let at = location(s.range);
        let future = self.future_annotations();
        if let Some(value) = node.value {
            self.expr(value)?;
            self.expr(node.target)?;
        }
        match &node.target.kind {
            ExprKind::Name(target) => {
                if node.simple != 0 && matches!(self.unit.kind, ScopeKind::Module | ScopeKind::Class) {
                    if future {
                        self.annotation_text(node.annotation)?;
                        let arg = self.name_arg(known::ANNOTATIONS);
                        self.emit(at, Op::LOAD_NAME, arg);
                        let name = self.names.intern(target.id);
                        let mangled = self.mangled(name);
                        self.load_str(at, mangled);
                        self.op(at, Op::STORE_SUBSCR);
                    } else {
                        self.defer_annotation(at, s)?;
                    }
                }
            }
            ExprKind::Attribute(target) => {
                if node.value.is_none() {
                    self.check_annotation_expr(target.value)?;
                }
            }
            ExprKind::Subscript(target) => {
                if node.value.is_none() {
                    self.check_annotation_expr(target.value)?;
                    self.check_annotation_subscript(target.slice)?;
                }
            }
            _ => return Err(CompileError::system("invalid target of annotated assignment")),
        }
        Ok(())
    }

    fn check_annotation_expr(&mut self, e: &'a Expr<'a>) -> Result {
        self.expr(e)?;
        self.op(location(e.range), Op::POP_TOP);
        Ok(())
    }

    fn check_annotation_subscript(&mut self, e: &'a Expr<'a>) -> Result {
        match &e.kind {
            ExprKind::Slice(slice) => {
                for part in [slice.lower, slice.upper, slice.step].into_iter().flatten() {
                    self.check_annotation_expr(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple(tuple) => tuple.elts.iter().try_for_each(|e| self.check_annotation_subscript(e)),
            _ => self.check_annotation_expr(e),
        }
    }
}
