//! Code that only handlers reach goes to the end.

use taipan_bytecode::Op;

use super::{BlockId, Cfg, Instr};
use crate::error::Result;
use crate::sequence::NO_LOCATION;

impl Cfg {
    fn mark_warm(&mut self) {
        let mut work = self.start_traversal();
        self[BlockId::ENTRY].visited = true;
        work.push(BlockId::ENTRY);
        while let Some(id) = work.pop() {
            self[id].warm = true;
            let next = self[id].next;
            if next.is_some() && self[id].falls_through() && !self[next].visited {
                self[next].visited = true;
                work.push(next);
            }
            if let Some(&Instr { op, target, .. }) = self[id].last()
                && op.has_jump()
                && !self[target].visited
            {
                self[target].visited = true;
                work.push(target);
            }
        }
        self.work = work;
    }

    fn mark_cold(&mut self) {
        self.mark_warm();
        let mut work = self.start_traversal();
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            if block.except_handler {
                block.visited = true;
                work.push(id);
            }
            id = self[id].next;
        }
        while let Some(id) = work.pop() {
            self[id].cold = true;
            let next = self[id].next;
            let mut reach = |cfg: &mut Cfg, to: BlockId| {
                let block = &mut cfg[to];
                if !block.warm && !block.visited {
                    block.visited = true;
                    work.push(to);
                }
            };
            if next.is_some() && self[id].falls_through() {
                reach(self, next);
            }
            if let Some(&Instr { op, target, .. }) = self[id].last()
                && op.has_jump()
            {
                reach(self, target);
            }
        }
        self.work = work;
    }

    pub(super) fn push_cold_blocks_to_end(&mut self) -> Result {
        if self[BlockId::ENTRY].next == BlockId::NONE || !self.facts.handlers {
            return Ok(());
        }
        self.mark_cold();
        // A cold block can no longer fall through to a warm one.
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let next = self[id].next;
            if next.is_some() && self[id].cold && self[id].falls_through() && self[next].warm {
                let jump = self.new_block();
                self[next].is_labelled = true;
                let block = &mut self[jump];
                block.instrs.push(Instr { target: next, ..Instr::new(Op::JUMP_NO_INTERRUPT, 0, NO_LOCATION) });
                block.cold = true;
                block.next = next;
                block.predecessors = 1;
                self[id].next = jump;
            }
            id = self[id].next;
        }
        let (mut last_warm, mut first_cold, mut last_cold) = (BlockId::NONE, BlockId::NONE, BlockId::NONE);
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let next = self[id].next;
            let (first, last) = match self[id].cold {
                true => (Some(&mut first_cold), &mut last_cold),
                false => (None, &mut last_warm),
            };
            let previous = std::mem::replace(last, id);
            if previous.is_some() {
                self[previous].next = id;
            } else if let Some(first) = first {
                *first = id;
            }
            id = next;
        }
        if last_cold.is_some() {
            self[last_cold].next = BlockId::NONE;
        }
        self[last_warm].next = first_cold;
        if first_cold.is_some() {
            self.remove_redundant_nops_and_jumps()?;
        }
        Ok(())
    }
}
