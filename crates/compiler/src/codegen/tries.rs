//! `try` in all its forms.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::intrinsic;
use taipan_syntax::ast::*;

use super::{BlockKind, Compiler, Datum};
use crate::error::Result;
use crate::location;
use crate::names::Name;
use crate::sequence::{Label, NO_LOCATION};

impl<'a> Compiler<'a, '_> {
    pub(super) fn try_(&mut self, at: Location, node: &'a Try<'a>) -> Result {
        if node.finalbody.is_empty() { self.try_except(at, node) } else { self.try_finally(at, node, Self::try_except) }
    }

    pub(super) fn try_star(&mut self, at: Location, node: &'a Try<'a>) -> Result {
        if node.finalbody.is_empty() {
            self.try_star_except(at, node)
        } else {
            self.try_finally(at, node, Self::try_star_except)
        }
    }

    /// With `[previous exception, offset, exception]` on the stack: restores the previous one and raises again.
    pub(super) fn pop_except_and_reraise(&mut self, at: Location) {
        self.emit(at, Op::COPY, 3);
        self.op(at, Op::POP_EXCEPT);
        self.emit(at, Op::RERAISE, 1);
    }

    fn try_finally(
        &mut self,
        at: Location,
        node: &'a Try<'a>,
        inner: fn(&mut Self, Location, &'a Try<'a>) -> Result,
    ) -> Result {
        let body = self.label();
        let end = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.jump(at, Op::SETUP_FINALLY, end);
        self.place(body);
        self.push_block(at, BlockKind::FinallyTry, body, end, Datum::Finally(node.finalbody))?;
        if node.handlers.is_empty() {
            self.stmts(node.body)?;
        } else {
            inner(self, at, node)?;
        }
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.pop_block(BlockKind::FinallyTry);
        self.stmts(node.finalbody)?;
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, exit);
        // The same statements again, for the case that an exception was raised.
        self.place(end);
        self.jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(NO_LOCATION, BlockKind::FinallyEnd, end, Label::NONE, Datum::None)?;
        self.muted += 1;
        self.stmts(node.finalbody)?;
        self.muted -= 1;
        self.pop_block(BlockKind::FinallyEnd);
        self.emit(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(exit);
        Ok(())
    }

    /// `name = None; del name`, at the end of a handler.
    fn unbind(&mut self, name: Name) -> Result {
        self.load_none(NO_LOCATION);
        self.name_op(NO_LOCATION, name, ExprContext::Store)?;
        self.name_op(NO_LOCATION, name, ExprContext::Del)
    }

    fn try_except(&mut self, at: Location, node: &'a Try<'a>) -> Result {
        let body = self.label();
        let mut except = self.label();
        let end = self.label();
        let cleanup = self.label();
        self.jump(at, Op::SETUP_FINALLY, except);
        self.place(body);
        self.push_block(at, BlockKind::TryExcept, body, Label::NONE, Datum::None)?;
        self.stmts(node.body)?;
        self.pop_block(BlockKind::TryExcept);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.stmts(node.orelse)?;
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);

        self.place(except);
        self.jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(at, BlockKind::ExceptionHandler, Label::NONE, Label::NONE, Datum::None)?;
        for (i, handler) in node.handlers.iter().enumerate() {
            let at = location(handler.range);
            let ExceptHandlerKind::ExceptHandler(h) = &handler.kind;
            if h.r#type.is_none() && i + 1 < node.handlers.len() {
                return self.error(at, "default 'except:' must be last");
            }
            except = self.label();
            if let Some(type_) = h.r#type {
                self.expr(type_)?;
                self.op(at, Op::CHECK_EXC_MATCH);
                self.jump(at, Op::POP_JUMP_IF_FALSE, except);
            }
            if let Some(name) = h.name {
                let cleanup_end = self.label();
                let cleanup_body = self.label();
                let name = self.names.intern(name);
                self.store_name(at, name)?;
                self.jump(at, Op::SETUP_CLEANUP, cleanup_end);
                self.place(cleanup_body);
                self.push_block(at, BlockKind::HandlerCleanup, cleanup_body, Label::NONE, Datum::Name(name))?;
                self.stmts(h.body)?;
                self.pop_block(BlockKind::HandlerCleanup);
                self.op(NO_LOCATION, Op::POP_BLOCK);
                self.op(NO_LOCATION, Op::POP_BLOCK);
                self.op(NO_LOCATION, Op::POP_EXCEPT);
                self.unbind(name)?;
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(cleanup_end);
                self.unbind(name)?;
                self.emit(NO_LOCATION, Op::RERAISE, 1);
            } else {
                let cleanup_body = self.label();
                self.op(at, Op::POP_TOP);
                self.place(cleanup_body);
                self.push_block(at, BlockKind::HandlerCleanup, cleanup_body, Label::NONE, Datum::None)?;
                self.stmts(h.body)?;
                self.pop_block(BlockKind::HandlerCleanup);
                self.op(NO_LOCATION, Op::POP_BLOCK);
                self.op(NO_LOCATION, Op::POP_EXCEPT);
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
            }
            self.place(except);
        }
        self.pop_block(BlockKind::ExceptionHandler);
        self.emit(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(end);
        Ok(())
    }

    fn try_star_except(&mut self, at: Location, node: &'a Try<'a>) -> Result {
        let body = self.label();
        let mut except = self.label();
        let orelse = self.label();
        let end = self.label();
        let cleanup = self.label();
        let reraise_star = self.label();
        self.jump(at, Op::SETUP_FINALLY, except);
        self.place(body);
        self.push_block(at, BlockKind::TryExcept, body, Label::NONE, Datum::None)?;
        self.stmts(node.body)?;
        self.pop_block(BlockKind::TryExcept);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, orelse);

        self.place(except);
        self.jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(at, BlockKind::ExceptionGroupHandler, Label::NONE, Label::NONE, Datum::None)?;
        for (i, handler) in node.handlers.iter().enumerate() {
            let at = location(handler.range);
            let ExceptHandlerKind::ExceptHandler(h) = &handler.kind;
            let name = h.name.map(|name| self.names.intern(name));
            except = self.label();
            let except_with_error = self.label();
            let no_match = self.label();
            if i == 0 {
                // Collects what the handlers raise; the group itself stays below.
                self.emit(at, Op::BUILD_LIST, 0);
                self.emit(at, Op::COPY, 2);
            }
            if let Some(type_) = h.r#type {
                self.expr(type_)?;
                self.op(at, Op::CHECK_EG_MATCH);
                self.emit(at, Op::COPY, 1);
                self.jump(at, Op::POP_JUMP_IF_NONE, no_match);
            }
            let cleanup_end = self.label();
            let cleanup_body = self.label();
            match name {
                Some(name) => self.store_name(at, name)?,
                None => self.op(at, Op::POP_TOP),
            }
            self.jump(at, Op::SETUP_CLEANUP, cleanup_end);
            self.place(cleanup_body);
            let datum = name.map_or(Datum::None, Datum::Name);
            self.push_block(at, BlockKind::HandlerCleanup, cleanup_body, Label::NONE, datum)?;
            self.stmts(h.body)?;
            self.pop_block(BlockKind::HandlerCleanup);
            self.op(NO_LOCATION, Op::POP_BLOCK);
            if let Some(name) = name {
                self.unbind(name)?;
            }
            self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except);
            self.place(cleanup_end);
            if let Some(name) = name {
                self.unbind(name)?;
            }
            self.emit(NO_LOCATION, Op::LIST_APPEND, 3);
            self.op(NO_LOCATION, Op::POP_TOP);
            self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except_with_error);
            self.place(except);
            // Holds a propagated line.
            self.op(NO_LOCATION, Op::NOP);
            self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except_with_error);
            self.place(no_match);
            self.op(at, Op::POP_TOP);
            self.place(except_with_error);
            if i + 1 == node.handlers.len() {
                // What no handler took.
                self.emit(NO_LOCATION, Op::LIST_APPEND, 1);
                self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, reraise_star);
            }
        }
        self.pop_block(BlockKind::ExceptionGroupHandler);
        let reraise = self.label();
        self.place(reraise_star);
        self.emit(NO_LOCATION, Op::CALL_INTRINSIC_2, intrinsic::PREP_RERAISE_STAR);
        self.emit(NO_LOCATION, Op::COPY, 1);
        self.jump(NO_LOCATION, Op::POP_JUMP_IF_NOT_NONE, reraise);
        self.op(NO_LOCATION, Op::POP_TOP);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.op(NO_LOCATION, Op::POP_EXCEPT);
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(reraise);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.emit(NO_LOCATION, Op::SWAP, 2);
        self.op(NO_LOCATION, Op::POP_EXCEPT);
        self.emit(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(orelse);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }
}
