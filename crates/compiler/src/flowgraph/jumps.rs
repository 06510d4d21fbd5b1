//! Pseudo-jumps become real ones; conditional jumps only go forward.

use taipan_bytecode::Op;

use super::{BlockId, Cfg, Instr};
use crate::error::Result;

impl Cfg {
    /// A conditional jump that keeps its value becomes a copy and a jump that pops.
    pub(super) fn convert_pseudo_conditional_jumps(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            if let Some(&jump) = block.last()
                && matches!(jump.op, Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE)
            {
                let op = if jump.op == Op::JUMP_IF_FALSE { Op::POP_JUMP_IF_FALSE } else { Op::POP_JUMP_IF_TRUE };
                block.instrs.pop();
                let except = jump.except;
                block.instrs.push(Instr { except, ..Instr::new(Op::COPY, 1, jump.location) });
                block.instrs.push(Instr { except, ..Instr::new(Op::TO_BOOL, 0, jump.location) });
                block.instrs.push(Instr { op, ..jump });
            }
            id = block.next;
        }
    }

    pub(super) fn convert_pseudo_ops(&mut self) -> Result {
        let wanted = self.facts.handlers || self.facts.renamed;
        let mut id = if wanted { BlockId::ENTRY } else { BlockId::NONE };
        while id.is_some() {
            let block = &mut self[id];
            for instr in &mut block.instrs {
                match instr.op {
                    Op::SETUP_FINALLY | Op::SETUP_CLEANUP | Op::SETUP_WITH => {
                        instr.set_nop();
                        block.has_nops = true;
                    }
                    Op::LOAD_CLOSURE => instr.op = Op::LOAD_FAST,
                    Op::STORE_FAST_MAYBE_NULL => instr.op = Op::STORE_FAST,
                    _ => {}
                }
            }
            id = block.next;
        }
        self.remove_redundant_nops_and_jumps()
    }

    /// Backward conditional jumps skip over an unconditional one; forward ones get the marker of the way not taken.
    pub(super) fn normalize_jumps(&mut self) {
        let work = self.start_traversal();
        self.work = work;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            self[id].visited = true;
            if let Some(&last) = self[id].last()
                && last.op.is_conditional_jump()
            {
                if !self[last.target].visited {
                    self[id].append(Instr::new(Op::NOT_TAKEN, 0, last.location));
                } else {
                    self.reverse_jump(id, last);
                }
            }
            id = self[id].next;
        }
    }

    fn reverse_jump(&mut self, id: BlockId, jump: Instr) {
        let reversed = match jump.op {
            Op::POP_JUMP_IF_NOT_NONE => Op::POP_JUMP_IF_NONE,
            Op::POP_JUMP_IF_NONE => Op::POP_JUMP_IF_NOT_NONE,
            Op::POP_JUMP_IF_FALSE => Op::POP_JUMP_IF_TRUE,
            _ => Op::POP_JUMP_IF_FALSE,
        };
        let back = self.new_block();
        let next = self[id].next;
        let startdepth = self[jump.target].startdepth;
        let cold = self[id].cold;
        let block = &mut self[back];
        block.append(Instr::new(Op::NOT_TAKEN, 0, jump.location));
        block.append(Instr { target: jump.target, ..Instr::new(Op::JUMP, 0, jump.location) });
        block.startdepth = startdepth;
        block.cold = cold;
        block.next = next;
        let block = &mut self[id];
        block.next = back;
        if let Some(last) = block.instrs.last_mut() {
            last.op = reversed;
            last.target = next;
        }
    }
}
