//! Cells and the instructions at the start of a code object.

use taipan_bytecode::Op;
use taipan_bytecode::code::flags;
use taipan_bytecode::location_table::Location;

use super::{BlockId, Cfg, Instr};
use crate::codegen::Metadata;
use crate::sequence::NO_LOCATION;

/// The layout of a frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// Deepest stack.
    pub stackdepth: u32,
    /// Locals, cells and free variables.
    pub nlocalsplus: usize,
    /// `co_flags`
    pub code_flags: u32,
}

impl Cfg {
    pub(super) fn prepare_localsplus(&mut self, metadata: &Metadata, code_flags: u32) -> Layout {
        let nlocals = metadata.varnames.len();
        let ncells = metadata.cellvars.len();
        let nfrees = metadata.freevars.len();
        // The slot of each cell and free variable; a parameter that is a cell keeps its own.
        let mut slots: Vec<usize> = (nlocals..nlocals + ncells + nfrees).collect();
        for (name, cell) in metadata.cellvars.iter() {
            if let Some(local) = metadata.varnames.get(name) {
                slots[cell as usize] = local as usize;
            }
        }
        self.insert_prefix(metadata, &slots, nfrees, code_flags);
        let mut dropped = 0;
        for (i, slot) in slots.iter_mut().enumerate() {
            if *slot == i + nlocals {
                *slot -= dropped;
            } else {
                dropped += 1;
            }
        }
        let mut id = if slots.is_empty() { BlockId::NONE } else { BlockId::ENTRY };
        while id.is_some() {
            let block = &mut self[id];
            for instr in &mut block.instrs {
                if matches!(
                    instr.op,
                    Op::MAKE_CELL
                        | Op::LOAD_CLOSURE
                        | Op::LOAD_DEREF
                        | Op::STORE_DEREF
                        | Op::DELETE_DEREF
                        | Op::LOAD_FROM_DICT_OR_DEREF
                ) && let Some(&slot) = slots.get(instr.oparg as usize)
                {
                    instr.oparg = slot as u32;
                }
            }
            id = block.next;
        }
        Layout { stackdepth: 0, code_flags, nlocalsplus: nlocals + ncells + nfrees - dropped }
    }

    fn insert_prefix(&mut self, metadata: &Metadata, slots: &[usize], nfrees: usize, code_flags: u32) {
        let mut prefix = Vec::new();
        if nfrees > 0 {
            prefix.push(Instr::new(Op::COPY_FREE_VARS, nfrees as u32, NO_LOCATION));
        }
        // In the order of their slots.
        let mut cells: Vec<usize> = (0..metadata.cellvars.len()).collect();
        cells.sort_by_key(|&cell| slots[cell]);
        prefix.extend(cells.into_iter().map(|cell| Instr::new(Op::MAKE_CELL, cell as u32, NO_LOCATION)));
        if code_flags & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0 {
            let at = Location::new(metadata.firstlineno, metadata.firstlineno, -1, -1);
            prefix.push(Instr::new(Op::RETURN_GENERATOR, 0, at));
            prefix.push(Instr::new(Op::POP_TOP, 0, at));
        }
        if !prefix.is_empty() {
            self[BlockId::ENTRY].instrs.splice(0..0, prefix);
        }
    }
}
