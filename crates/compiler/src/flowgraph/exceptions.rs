//! Handlers: which one catches what each instruction raises.

use taipan_bytecode::Op;
use taipan_bytecode::opcode::resume;

use super::{BlockId, Cfg};

/// One handler on a stack of handlers; stacks share their tails.
struct Handler {
    block: BlockId,
    below: u32,
    depth: u32,
}

impl Cfg {
    pub(super) fn mark_except_handlers(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            for i in 0..self[id].instrs.len() {
                let instr = self[id].instrs[i];
                if instr.op.is_block_push() {
                    self[instr.target].except_handler = true;
                }
            }
            id = self[id].next;
        }
    }

    /// Runs through the code with the stack of set-up handlers and notes the innermost for each instruction.
    pub(super) fn label_exception_targets(&mut self) {
        let mut handlers = vec![Handler { block: BlockId::NONE, below: 0, depth: 0 }];
        let mut work = self.start_traversal();
        self[BlockId::ENTRY].visited = true;
        self[BlockId::ENTRY].except_stack = 0;
        work.push(BlockId::ENTRY);
        while let Some(id) = work.pop() {
            let mut stack = self[id].except_stack;
            // How many handlers there were at the last yield.
            let mut yield_depth = None;
            for i in 0..self[id].instrs.len() {
                let handler = handlers[stack as usize].block;
                let instr = self[id].instrs[i];
                if instr.op.is_block_push() {
                    let target = &mut self[instr.target];
                    if !target.visited {
                        target.visited = true;
                        target.except_stack = stack;
                        work.push(instr.target);
                    }
                    if matches!(instr.op, Op::SETUP_WITH | Op::SETUP_CLEANUP) {
                        self[instr.target].preserve_lasti = true;
                    }
                    let depth = handlers[stack as usize].depth + 1;
                    handlers.push(Handler { block: instr.target, below: stack, depth });
                    stack = handlers.len() as u32 - 1;
                    continue;
                }
                if instr.op == Op::POP_BLOCK {
                    stack = handlers[stack as usize].below;
                    self[id].instrs[i].set_nop();
                    self[id].has_nops = true;
                    continue;
                }
                self[id].instrs[i].except = handler;
                match instr.op {
                    Op::YIELD_VALUE => yield_depth = Some(handlers[stack as usize].depth),
                    Op::RESUME if instr.oparg != resume::AT_FUNC_START && yield_depth.take() == Some(1) => {
                        self[id].instrs[i].oparg |= resume::DEPTH1_MASK;
                    }
                    op if op.has_jump() => {
                        let target = &mut self[instr.target];
                        if !target.visited {
                            target.visited = true;
                            target.except_stack = stack;
                            work.push(instr.target);
                        }
                    }
                    _ => {}
                }
            }
            let next = self[id].next;
            if next.is_some() && self[id].falls_through() && !self[next].visited {
                self[next].visited = true;
                self[next].except_stack = stack;
                work.push(next);
            }
        }
        self.work = work;
    }
}
