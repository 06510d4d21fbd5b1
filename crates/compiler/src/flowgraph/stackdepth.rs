//! How deep the stack gets.

use taipan_bytecode::Op;

use super::{BlockId, Cfg};
use crate::error::{CompileError, Result};

impl Cfg {
    fn push_depth(&mut self, work: &mut Vec<BlockId>, id: BlockId, depth: i32) -> Result {
        let block = &mut self[id];
        if block.startdepth >= 0 && block.startdepth != depth {
            return Err(CompileError::system("Invalid CFG, inconsistent stackdepth"));
        }
        if block.startdepth < depth && block.startdepth < 100 {
            block.startdepth = depth;
            work.push(id);
        }
        Ok(())
    }

    pub(super) fn calculate_stackdepth(&mut self) -> Result<u32> {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            self[id].startdepth = i32::MIN;
            id = self[id].next;
        }
        let mut work = self.start_traversal();
        let mut max = 0;
        self.push_depth(&mut work, BlockId::ENTRY, 0)?;
        while let Some(id) = work.pop() {
            let mut depth = self[id].startdepth;
            let mut next = self[id].next;
            let instrs = std::mem::take(&mut self[id].instrs);
            for instr in &instrs {
                let (popped, pushed) = instr.op.stack_effect(instr.oparg);
                let jumping = depth + pushed - popped;
                // Setting up a handler changes the stack only for the handler.
                let after = if instr.op.is_block_push() { depth } else { jumping };
                if after < 0 {
                    return Err(CompileError::system("Invalid CFG, stack underflow"));
                }
                max = max.max(depth);
                if instr.op.has_target() && instr.op != Op::END_ASYNC_FOR {
                    self.push_depth(&mut work, instr.target, jumping)?;
                }
                depth = after;
                if instr.op.leaves() {
                    next = BlockId::NONE;
                    break;
                }
            }
            self[id].instrs = instrs;
            if next.is_some() {
                self.push_depth(&mut work, next, depth)?;
            }
        }
        self.work = work;
        Ok(max as u32)
    }
}
