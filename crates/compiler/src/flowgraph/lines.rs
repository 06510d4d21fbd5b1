//! Lines: instructions without one inherit it where only one place leads to them.

use super::{BlockId, Cfg};
use crate::sequence::NO_LOCATION;
use taipan_bytecode::opcode::Flags;

impl Cfg {
    pub(super) fn resolve_line_numbers(&mut self) {
        self.duplicate_exits_without_lineno();
        self.propagate_line_numbers();
    }

    /// Leaves the frame, or checks the eval breaker, without a line of its own.
    fn needs_a_line(&self, id: BlockId) -> bool {
        let block = &self[id];
        // Most blocks have a line, which the first instruction tells.
        block.has_no_line() && (block.exits_scope() || block.instrs.iter().any(|i| i.op.flags().has(Flags::EVAL_BREAK)))
    }

    /// Every way into an exit without a line gets a copy of its own, so that the line is known.
    fn duplicate_exits_without_lineno(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            if let Some(&last) = self[id].last()
                && last.op.has_jump()
            {
                let target = self.next_nonempty(last.target);
                if target.is_some() && self.needs_a_line(target) && self[target].predecessors > 1 {
                    let copy = self.new_block();
                    let mut instrs = std::mem::take(&mut self[copy].instrs);
                    instrs.extend_from_slice(&self[target].instrs);
                    if let Some(first) = instrs.first_mut() {
                        first.location = last.location;
                    }
                    let next = self[target].next;
                    let block = &mut self[copy];
                    block.instrs = instrs;
                    block.predecessors = 1;
                    block.next = next;
                    block.is_labelled = true;
                    block.has_nops = true;
                    self[target].predecessors -= 1;
                    self[target].next = copy;
                    if let Some(last) = self[id].instrs.last_mut() {
                        last.target = copy;
                    }
                }
            }
            id = self[id].next;
        }
        // The others are reached by falling through only.
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let next = self[id].next;
            if next.is_some()
                && self[id].falls_through()
                && let Some(&last) = self[id].last()
                && self.needs_a_line(next)
                && let Some(first) = self[next].instrs.first_mut()
            {
                first.location = last.location;
            }
            id = next;
        }
    }

    fn propagate_line_numbers(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            let next = block.next;
            let Some(last) = block.last().copied() else {
                id = next;
                continue;
            };
            let mut previous = NO_LOCATION;
            for instr in &mut block.instrs {
                if instr.location.line == NO_LOCATION.line {
                    instr.location = previous;
                } else {
                    previous = instr.location;
                }
            }
            if next.is_some() && self[id].falls_through() {
                self.inherit(next, previous);
            }
            if last.op.has_jump() {
                self.inherit(last.target, previous);
            }
            id = next;
        }
    }

    fn inherit(&mut self, id: BlockId, place: taipan_bytecode::location_table::Location) {
        let block = &mut self[id];
        if block.predecessors == 1
            && let Some(first) = block.instrs.first_mut()
            && first.location.line == NO_LOCATION.line
        {
            first.location = place;
        }
    }
}
