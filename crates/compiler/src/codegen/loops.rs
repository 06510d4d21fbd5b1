//! `for`, `async for`, `while`.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::*;

use super::{BlockKind, Compiler, Datum};
use crate::error::Result;
use crate::location;
use crate::sequence::NO_LOCATION;

impl<'a> Compiler<'a, '_> {
    pub(super) fn for_(&mut self, at: Location, node: &'a For<'a>) -> Result {
        let start = self.label();
        let cleanup = self.label();
        let end = self.label();
        self.push_block(at, BlockKind::ForLoop, start, end, Datum::None)?;
        self.expr(node.iter)?;
        let place = location(node.iter.range);
        self.op(place, Op::GET_ITER);
        self.place(start);
        self.jump(place, Op::FOR_ITER, cleanup);
        // Keeps the line of a target that stands on a line of its own.
        self.op(location(node.target.range), Op::NOP);
        self.expr(node.target)?;
        self.stmts(node.body)?;
        self.jump(NO_LOCATION, Op::JUMP, start);
        self.place(cleanup);
        self.op(NO_LOCATION, Op::END_FOR);
        self.op(NO_LOCATION, Op::POP_ITER);
        self.pop_block(BlockKind::ForLoop);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn async_for(&mut self, at: Location, node: &'a For<'a>) -> Result {
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let end = self.label();
        self.expr(node.iter)?;
        let iter_place = location(node.iter.range);
        self.op(iter_place, Op::GET_AITER);
        self.place(start);
        self.push_block(at, BlockKind::ForLoop, start, end, Datum::None)?;
        self.jump(at, Op::SETUP_FINALLY, except);
        self.op(at, Op::GET_ANEXT);
        self.load_none(at);
        self.place(send);
        self.yield_from(at, true);
        self.op(at, Op::POP_BLOCK);
        self.op(at, Op::NOT_TAKEN);
        self.expr(node.target)?;
        self.stmts(node.body)?;
        self.jump(NO_LOCATION, Op::JUMP, start);
        self.pop_block(BlockKind::ForLoop);
        self.place(except);
        self.jump(iter_place, Op::END_ASYNC_FOR, send);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn while_(&mut self, at: Location, node: &'a While<'a>) -> Result {
        let start = self.label();
        let end = self.label();
        let anchor = self.label();
        self.place(start);
        self.push_block(at, BlockKind::WhileLoop, start, end, Datum::None)?;
        self.jump_if(node.test, anchor, false)?;
        self.stmts(node.body)?;
        self.jump(NO_LOCATION, Op::JUMP, start);
        self.pop_block(BlockKind::WhileLoop);
        self.place(anchor);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }
}
