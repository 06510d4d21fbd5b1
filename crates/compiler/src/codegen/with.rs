//! `with` and `async with`.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::*;

use super::{BlockKind, Compiler, Datum};
use crate::error::Result;
use crate::location;
use crate::sequence::{Label, NO_LOCATION};

impl<'a> Compiler<'a, '_> {
    /// Calls the bound `__exit__` on the stack for a block that ended without an exception.
    pub(super) fn call_exit_with_nones(&mut self, at: Location) {
        for _ in 0..3 {
            self.load_none(at);
        }
        self.emit(at, Op::CALL, 3);
    }

    fn await_top(&mut self, at: Location, why: u32) {
        self.emit(at, Op::GET_AWAITABLE, why);
        self.load_none(at);
        self.yield_from(at, true);
    }

    /// The item at `position` and everything inside of it.
    pub(super) fn with(&mut self, node: &'a With<'a>, position: usize, is_async: bool) -> Result {
        self.depth.check()?;
        let block = self.label();
        let handler = self.label();
        let exit = self.label();
        let cleanup = self.label();
        let item = &node.items[position];
        self.expr(item.context_expr)?;
        let at = location(item.context_expr.range);
        let (enter_method, exit_method, kind) =
            if is_async { (2, 3, BlockKind::AsyncWith) } else { (0, 1, BlockKind::With) };
        self.emit(at, Op::COPY, 1);
        self.emit(at, Op::LOAD_SPECIAL, exit_method);
        self.emit(at, Op::SWAP, 2);
        self.emit(at, Op::SWAP, 3);
        self.emit(at, Op::LOAD_SPECIAL, enter_method);
        self.emit(at, Op::CALL, 0);
        if is_async {
            self.await_top(at, 1);
        }
        self.jump(at, Op::SETUP_WITH, handler);
        self.place(block);
        self.push_block(at, kind, block, handler, Datum::None)?;
        match item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.op(at, Op::POP_TOP),
        }
        if position + 1 == node.items.len() {
            self.stmts(node.body)?;
        } else {
            self.with(node, position + 1, is_async)?;
        }
        self.pop_block(kind);
        self.op(if is_async { at } else { NO_LOCATION }, Op::POP_BLOCK);
        self.call_exit_with_nones(at);
        if is_async {
            self.await_top(at, 2);
        }
        self.op(at, Op::POP_TOP);
        self.jump(at, Op::JUMP, exit);

        self.place(handler);
        self.jump(at, Op::SETUP_CLEANUP, cleanup);
        self.op(at, Op::PUSH_EXC_INFO);
        self.op(at, Op::WITH_EXCEPT_START);
        if is_async {
            self.await_top(at, 2);
        }
        self.finish_handler(cleanup);
        self.place(exit);
        Ok(())
    }

    fn finish_handler(&mut self, cleanup: Label) {
        let suppress = self.label();
        self.op(NO_LOCATION, Op::TO_BOOL);
        self.jump(NO_LOCATION, Op::POP_JUMP_IF_TRUE, suppress);
        self.emit(NO_LOCATION, Op::RERAISE, 2);
        self.place(suppress);
        self.op(NO_LOCATION, Op::POP_TOP);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        self.op(NO_LOCATION, Op::POP_EXCEPT);
        for _ in 0..3 {
            self.op(NO_LOCATION, Op::POP_TOP);
        }
        let exit = self.label();
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, exit);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(exit);
    }
}
