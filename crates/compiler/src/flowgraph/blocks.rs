//! Passes over whole blocks: reachability, NOPs that only hold a line, jumps to what follows, small exits.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;

use super::{BlockId, Cfg, Instr};
use crate::error::{CompileError, Result};
use crate::sequence::NO_LOCATION;

/// The largest exit block that is copied to where it is jumped to from.
const MAX_COPY_SIZE: usize = 4;

impl Cfg {
    /// Empties blocks that nothing leads to, and counts for all others what does.
    pub(super) fn remove_unreachable(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            self[id].predecessors = 0;
            id = self[id].next;
        }
        let mut work = self.start_traversal();
        self[BlockId::ENTRY].predecessors = 1;
        self[BlockId::ENTRY].visited = true;
        work.push(BlockId::ENTRY);
        while let Some(id) = work.pop() {
            let next = self[id].next;
            if next.is_some() && self[id].falls_through() {
                if !self[next].visited {
                    self[next].visited = true;
                    work.push(next);
                }
                self[next].predecessors += 1;
            }
            // Without handlers only the last instruction leads anywhere.
            let len = self[id].instrs.len();
            let first = if self.facts.handlers { 0 } else { len.saturating_sub(1) };
            for i in first..len {
                let Instr { op, target, .. } = self[id].instrs[i];
                if op.has_target() {
                    if !self[target].visited {
                        self[target].visited = true;
                        work.push(target);
                    }
                    self[target].predecessors += 1;
                }
            }
        }
        self.work = work;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            if block.predecessors == 0 {
                block.cut(0);
                block.except_handler = false;
            }
            id = block.next;
        }
    }

    /// The place of the first instruction of a block that will not be removed.
    fn first_place(&self, id: BlockId) -> Location {
        let first = self[id].instrs.iter().find(|i| !(i.op == Op::NOP && i.location.line < 0));
        first.map_or(NO_LOCATION, |i| i.location)
    }

    /// Removes NOPs of a block whose line some instruction beside them has too; answers how many.
    fn remove_block_nops(&mut self, id: BlockId) -> usize {
        if !self[id].has_nops {
            return 0;
        }
        let next = self.next_nonempty(self[id].next);
        let next_place = next.is_some().then(|| self.first_place(next));
        let instrs = &mut self[id].instrs;
        let before = instrs.len();
        let mut kept = 0;
        let mut previous_line = -1;
        let mut nops_left = false;
        for i in 0..before {
            let instr = instrs[i];
            let line = instr.location.line;
            if instr.op == Op::NOP {
                if line < 0 || previous_line == line {
                    continue;
                }
                if i + 1 < before {
                    let following = &mut instrs[i + 1];
                    if following.location.line == line {
                        continue;
                    }
                    if following.location.line < 0 {
                        following.location = instr.location;
                        continue;
                    }
                } else if next_place.is_some_and(|place| place.line == line) {
                    continue;
                }
                nops_left = true;
            }
            if kept != i {
                instrs[kept] = instr;
            }
            kept += 1;
            previous_line = line;
        }
        self[id].has_nops = nops_left;
        self[id].cut(kept);
        before - kept
    }

    pub(super) fn remove_redundant_nops(&mut self) -> usize {
        let mut removed = 0;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            removed += self.remove_block_nops(id);
            id = self[id].next;
        }
        removed
    }

    /// Removes pairs that push a value only to pop it, across fall-throughs too.
    pub(super) fn remove_redundant_nops_and_pairs(&mut self) {
        loop {
            let mut done = true;
            // The instruction that runs before the current one in any case.
            let mut previous: Option<(BlockId, usize)> = None;
            let mut id = BlockId::ENTRY;
            while id.is_some() {
                self.remove_block_nops(id);
                if self[id].is_labelled {
                    previous = None;
                }
                let len = self[id].instrs.len();
                for i in 0..len {
                    if self[id].instrs[i].op != Op::POP_TOP {
                        continue;
                    }
                    let before = if i > 0 { Some((id, i - 1)) } else { previous };
                    let Some((block, at)) = before else { continue };
                    let pushed = &mut self[block].instrs[at];
                    let redundant = match pushed.op {
                        Op::LOAD_CONST | Op::LOAD_SMALL_INT => true,
                        Op::COPY => pushed.oparg == 1,
                        _ => false,
                    };
                    if redundant {
                        pushed.set_nop();
                        self[block].has_nops = true;
                        self[id].instrs[i].set_nop();
                        self[id].has_nops = true;
                        done = false;
                    }
                }
                if len > 0 {
                    previous = Some((id, len - 1));
                }
                let jumps = previous.is_some_and(|(block, at)| self[block].instrs[at].op.has_jump());
                if jumps || !self[id].falls_through() {
                    previous = None;
                }
                id = self[id].next;
            }
            if done {
                return;
            }
        }
    }

    fn remove_redundant_jumps(&mut self) -> Result<usize> {
        let mut changes = 0;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let next = self[id].next;
            if let Some(&last) = self[id].last()
                && last.op.is_unconditional_jump()
            {
                let target = self.next_nonempty(last.target);
                if target == BlockId::NONE {
                    return Err(CompileError::system("jump with NULL target"));
                }
                if target == self.next_nonempty(next)
                    && let Some(last) = self[id].instrs.last_mut()
                {
                    last.set_nop();
                    self[id].has_nops = true;
                    changes += 1;
                }
            }
            id = next;
        }
        Ok(changes)
    }

    pub(super) fn remove_redundant_nops_and_jumps(&mut self) -> Result {
        loop {
            let removed = self.remove_redundant_nops();
            if removed + self.remove_redundant_jumps()? == 0 {
                return Ok(());
            }
        }
    }

    /// Copies a small exit, or a block without lines, to the end of a block that jumps to it.
    fn inline_target(&mut self, id: BlockId) -> bool {
        let Some(&last) = self[id].last() else { return false };
        if !last.op.is_unconditional_jump() {
            return false;
        }
        let target = &self[last.target];
        let small_exit = target.exits_scope() && target.instrs.len() <= MAX_COPY_SIZE;
        let no_line = target.has_no_line() && !target.falls_through();
        if !small_exit && !no_line {
            return false;
        }
        let copy = target.instrs.clone();
        self[id].has_nops = true;
        let block = &mut self[id].instrs;
        if let Some(jump) = block.last_mut() {
            jump.set_nop();
        }
        block.extend(copy);
        if no_line
            && last.op == Op::JUMP
            && let Some(jump) = block.last_mut()
            && jump.op.is_unconditional_jump()
        {
            // The check of the eval breaker must not get lost.
            jump.op = Op::JUMP;
        }
        self[last.target].predecessors -= 1;
        true
    }

    pub(super) fn inline_small_or_no_lineno_blocks(&mut self) {
        loop {
            let mut changes = false;
            let mut id = BlockId::ENTRY;
            while id.is_some() {
                changes |= self.inline_target(id);
                id = self[id].next;
            }
            if !changes {
                return;
            }
        }
    }
}
