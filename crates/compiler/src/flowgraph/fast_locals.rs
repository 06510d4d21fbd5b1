//! Locals: which may be unset when they are read, pairs that one instruction can do, references that need not be counted.

use taipan_bytecode::Op;

use super::{BlockId, Cfg, Instr};

/// Locals beyond this many are checked within single blocks only; one bit each of a word stands for the others.
const TRACKED: usize = 64;

fn push_unsafe(cfg: &mut Cfg, work: &mut Vec<BlockId>, id: BlockId, mask: u64) {
    let block = &mut cfg[id];
    let both = block.unsafe_locals | mask;
    if block.unsafe_locals != both {
        block.unsafe_locals = both;
        // `visited` means: on the work list.
        if !block.visited {
            block.visited = true;
            work.push(id);
        }
    }
}

impl Cfg {
    fn scan_for_unset_locals(&mut self, id: BlockId, work: &mut Vec<BlockId>) {
        let mut unset = self[id].unsafe_locals;
        let mut instrs = std::mem::take(&mut self[id].instrs);
        let handlers = self.facts.handlers;
        for instr in &mut instrs {
            if handlers && instr.except.is_some() {
                push_unsafe(self, work, instr.except, unset);
            }
            let bit = |oparg: u32| 1u64.checked_shl(oparg).unwrap_or(0);
            match instr.op {
                Op::LOAD_FAST => {
                    let bit = bit(instr.oparg);
                    if unset & bit != 0 {
                        instr.op = Op::LOAD_FAST_CHECK;
                        unset &= !bit;
                    }
                }
                Op::STORE_FAST | Op::LOAD_FAST_CHECK => unset &= !bit(instr.oparg),
                Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL => unset |= bit(instr.oparg),
                _ => {}
            }
        }
        let last = instrs.last().copied();
        self[id].instrs = instrs;
        let next = self[id].next;
        if next.is_some() && self[id].falls_through() {
            push_unsafe(self, work, next, unset);
        }
        if let Some(Instr { op, target, .. }) = last
            && op.has_jump()
        {
            push_unsafe(self, work, target, unset);
        }
    }

    /// Locals beyond the tracked ones: set only if set before in the same block.
    fn scan_many_locals(&mut self, nlocals: usize) {
        let mut set_in = vec![0u32; nlocals - TRACKED];
        let mut number = 0;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            number += 1;
            let block = &mut self[id];
            for instr in &mut block.instrs {
                let Some(state) = (instr.oparg as usize).checked_sub(TRACKED).and_then(|i| set_in.get_mut(i)) else {
                    continue;
                };
                match instr.op {
                    Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL => *state = number - 1,
                    Op::STORE_FAST => *state = number,
                    Op::LOAD_FAST => {
                        if *state != number {
                            instr.op = Op::LOAD_FAST_CHECK;
                        }
                        *state = number;
                    }
                    _ => {}
                }
            }
            id = block.next;
        }
    }

    pub(super) fn add_checks_for_uninitialized_locals(&mut self, mut nlocals: usize, nparams: usize) {
        if nlocals == 0 {
            return;
        }
        if nlocals > TRACKED {
            self.scan_many_locals(nlocals);
            nlocals = TRACKED;
        }
        let mut work = self.start_traversal();
        let unset = (nparams..nlocals).fold(0, |mask, local| mask | 1u64 << local);
        push_unsafe(self, &mut work, BlockId::ENTRY, unset);
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            self.scan_for_unset_locals(id, &mut work);
            id = self[id].next;
        }
        while let Some(id) = work.pop() {
            self[id].visited = false;
            self.scan_for_unset_locals(id, &mut work);
        }
        self.work = work;
    }

    pub(super) fn insert_superinstructions(&mut self) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            let mut made = false;
            for i in 1..block.instrs.len() {
                let [first, second] = &mut block.instrs[i - 1..=i] else { break };
                let pair = match (first.op, second.op) {
                    (Op::LOAD_FAST, Op::LOAD_FAST) => Op::LOAD_FAST_LOAD_FAST,
                    (Op::STORE_FAST, Op::LOAD_FAST) => Op::STORE_FAST_LOAD_FAST,
                    (Op::STORE_FAST, Op::STORE_FAST) => Op::STORE_FAST_STORE_FAST,
                    _ => continue,
                };
                let (line1, line2) = (first.location.line, second.location.line);
                if (line1 >= 0 && line2 >= 0 && line1 != line2) || first.oparg >= 16 || second.oparg >= 16 {
                    continue;
                }
                first.set(pair, first.oparg << 4 | second.oparg);
                second.set_nop();
                made = true;
            }
            block.has_nops |= made;
            id = block.next;
        }
        self.remove_redundant_nops();
    }
}

/// A value on the stack: which instruction put it there, and which local it came from.
#[derive(Clone, Copy)]
struct Ref {
    instr: i32,
    local: i32,
}

const NOT_LOCAL: i32 = -1;
const OUTSIDE: Ref = Ref { instr: -1, local: NOT_LOCAL };

/// The stack in one block, and which of its loads must own their reference.
struct Refs {
    stack: Vec<Ref>,
    owned: Vec<bool>,
}

impl Refs {
    fn push(&mut self, instr: usize, local: i32) {
        self.stack.push(Ref { instr: instr as i32, local });
    }

    fn pop(&mut self) -> Ref {
        self.stack.pop().unwrap_or(OUTSIDE)
    }

    fn pop_many(&mut self, n: i32) {
        let left = self.stack.len().saturating_sub(n.max(0) as usize);
        self.stack.truncate(left);
    }

    fn own(&mut self, r: Ref) {
        if let Ok(i) = usize::try_from(r.instr) {
            self.owned[i] = true;
        }
    }

    /// The local changes while copies of its value are on the stack.
    fn kill(&mut self, local: i32) {
        for i in 0..self.stack.len() {
            if self.stack[i].local == local {
                self.own(self.stack[i]);
            }
        }
    }

    fn store(&mut self, local: i32) {
        let r = self.pop();
        self.kill(local);
        self.own(r);
    }
}

impl Cfg {
    /// Makes loads of locals borrow where the local outlives the value on the stack.
    pub(super) fn optimize_load_fast(&mut self) {
        let mut work = self.start_traversal();
        self[BlockId::ENTRY].startdepth = 0;
        self[BlockId::ENTRY].visited = true;
        work.push(BlockId::ENTRY);
        let mut refs = Refs { stack: Vec::new(), owned: Vec::new() };
        while let Some(id) = work.pop() {
            refs.owned.clear();
            refs.owned.resize(self[id].instrs.len(), false);
            refs.stack.clear();
            refs.stack.resize(self[id].startdepth.max(0) as usize, OUTSIDE);
            let mut instrs = std::mem::take(&mut self[id].instrs);
            for (i, instr) in instrs.iter().enumerate() {
                if instr.op.has_target() && !self[instr.target].visited {
                    self[instr.target].visited = true;
                    work.push(instr.target);
                }
                simulate(&mut refs, i, instr);
            }
            let falls_through = instrs.last().is_some_and(|last| !last.op.leaves());
            let next = self[id].next;
            if next.is_some() && falls_through && !self[next].visited {
                self[next].visited = true;
                work.push(next);
            }
            // Nothing is known of what the next block does with what is left.
            for i in 0..refs.stack.len() {
                refs.own(refs.stack[i]);
            }
            for (instr, owned) in instrs.iter_mut().zip(&refs.owned) {
                if !owned {
                    match instr.op {
                        Op::LOAD_FAST => instr.op = Op::LOAD_FAST_BORROW,
                        Op::LOAD_FAST_LOAD_FAST => instr.op = Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW,
                        _ => {}
                    }
                }
            }
            self[id].instrs = instrs;
        }
        self.work = work;
    }
}

fn simulate(refs: &mut Refs, i: usize, instr: &Instr) {
    let oparg = instr.oparg;
    let (high, low) = ((oparg >> 4) as i32, (oparg & 15) as i32);
    let effect = || instr.op.stack_effect(oparg);
    match instr.op {
        Op::DELETE_FAST => refs.kill(oparg as i32),
        Op::LOAD_FAST => refs.push(i, oparg as i32),
        Op::LOAD_FAST_AND_CLEAR => {
            refs.kill(oparg as i32);
            refs.push(i, oparg as i32);
        }
        Op::LOAD_FAST_LOAD_FAST => {
            refs.push(i, high);
            refs.push(i, low);
        }
        Op::STORE_FAST => refs.store(oparg as i32),
        Op::STORE_FAST_LOAD_FAST => {
            refs.store(high);
            refs.push(i, low);
        }
        Op::STORE_FAST_STORE_FAST => {
            refs.store(high);
            refs.store(low);
        }
        Op::COPY => {
            let at = refs.stack.len().checked_sub(oparg as usize);
            let copy = at.and_then(|at| refs.stack.get(at)).copied().unwrap_or(OUTSIDE);
            refs.stack.push(copy);
        }
        Op::SWAP => {
            let len = refs.stack.len();
            if let Some(at) = len.checked_sub(oparg as usize)
                && at < len
            {
                refs.stack.swap(at, len - 1);
            }
        }
        // These leave their inputs where they are. What they add is put down to the first instructions of the block, as
        // the reference does.
        Op::FORMAT_SIMPLE
        | Op::GET_ANEXT
        | Op::GET_LEN
        | Op::GET_YIELD_FROM_ITER
        | Op::IMPORT_FROM
        | Op::MATCH_KEYS
        | Op::MATCH_MAPPING
        | Op::MATCH_SEQUENCE
        | Op::WITH_EXCEPT_START => {
            let (popped, pushed) = effect();
            for n in 0..(pushed - popped).max(0) as usize {
                refs.push(n, NOT_LOCAL);
            }
        }
        // These take the top and leave the rest.
        Op::DICT_MERGE
        | Op::DICT_UPDATE
        | Op::LIST_APPEND
        | Op::LIST_EXTEND
        | Op::MAP_ADD
        | Op::RERAISE
        | Op::SET_ADD
        | Op::SET_UPDATE => {
            let (popped, pushed) = effect();
            refs.pop_many(popped - pushed);
        }
        Op::END_SEND | Op::SET_FUNCTION_ATTRIBUTE => {
            let top = refs.pop();
            refs.pop();
            refs.stack.push(top);
        }
        Op::CHECK_EXC_MATCH => {
            refs.pop();
            refs.push(i, NOT_LOCAL);
        }
        Op::FOR_ITER => refs.push(i, NOT_LOCAL),
        Op::LOAD_ATTR | Op::LOAD_SUPER_ATTR => {
            let owner = refs.pop();
            if instr.op == Op::LOAD_SUPER_ATTR {
                refs.pop_many(2);
            }
            refs.push(i, NOT_LOCAL);
            if oparg & 1 != 0 {
                // A method call gets its owner back.
                refs.stack.push(owner);
            }
        }
        Op::LOAD_SPECIAL | Op::PUSH_EXC_INFO => {
            let top = refs.pop();
            refs.push(i, NOT_LOCAL);
            refs.stack.push(top);
        }
        Op::SEND => {
            refs.pop();
            refs.push(i, NOT_LOCAL);
        }
        op if op.is_block_push() => {}
        _ => {
            let (popped, pushed) = effect();
            refs.pop_many(popped);
            for _ in 0..pushed {
                refs.push(i, NOT_LOCAL);
            }
        }
    }
}
