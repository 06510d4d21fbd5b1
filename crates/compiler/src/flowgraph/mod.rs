//! The flow graph of a unit: basic blocks, the passes over them, and their layout.
//!
//! Invariants: a block holds at most one jump or exit, as its last instruction; blocks form a chain by `next`, which is also
//! the order of the code; a block that does not end in a jump or exit falls through to the next.

mod blocks;
mod cells;
mod cold;
mod consts;
mod exceptions;
mod fast_locals;
mod jumps;
mod lines;
mod peephole;
mod stackdepth;
mod swaps;

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;

use crate::codegen::Metadata;
use crate::consts::{ConstId, Consts};
use crate::error::{CompileError, Result};
use crate::sequence::Sequence;

pub use cells::Layout;

/// A block's number in its graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockId(pub u32);

impl BlockId {
    /// No block.
    pub const NONE: BlockId = BlockId(u32::MAX);
    const ENTRY: BlockId = BlockId(0);

    /// Whether there is one.
    #[inline]
    pub fn is_some(self) -> bool {
        self != BlockId::NONE
    }
}

/// An instruction of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Instr {
    /// What to do.
    pub op: Op,
    /// With what.
    pub oparg: u32,
    /// On behalf of which source.
    pub location: Location,
    /// Where it jumps, or the handler that it sets up.
    pub target: BlockId,
    /// The handler of what it raises.
    pub except: BlockId,
}

impl Instr {
    fn new(op: Op, oparg: u32, location: Location) -> Instr {
        Instr { op, oparg, location, target: BlockId::NONE, except: BlockId::NONE }
    }

    fn set(&mut self, op: Op, oparg: u32) {
        self.op = op;
        self.oparg = oparg;
    }

    fn set_nop(&mut self) {
        self.set(Op::NOP, 0);
    }
}

/// A basic block.
#[derive(Debug)]
pub struct Block {
    /// Its instructions.
    pub instrs: Vec<Instr>,
    /// The block after it.
    pub next: BlockId,
    /// Stack depth at its start; negative while unknown.
    pub startdepth: i32,
    /// Whether its handler code wants the offset of the raising instruction.
    pub preserve_lasti: bool,
    is_labelled: bool,
    label: u32,
    visited: bool,
    except_handler: bool,
    cold: bool,
    warm: bool,
    predecessors: i32,
    unsafe_locals: u64,
    except_stack: u32,
    /// Whether there may be NOPs in it.
    has_nops: bool,
    /// Handlers of instructions that were cut off the end. The reference leaves them in the memory that an instruction
    /// appended later takes over, and they show in its exception tables.
    cut_handlers: Vec<BlockId>,
}

impl Block {
    fn empty() -> Block {
        Block {
            instrs: Vec::new(),
            next: BlockId::NONE,
            startdepth: -1,
            preserve_lasti: false,
            is_labelled: false,
            label: u32::MAX,
            visited: false,
            except_handler: false,
            cold: false,
            warm: false,
            predecessors: 0,
            unsafe_locals: 0,
            except_stack: 0,
            has_nops: false,
            cut_handlers: Vec::new(),
        }
    }

    fn reset(&mut self) {
        let mut instrs = std::mem::take(&mut self.instrs);
        let mut cut_handlers = std::mem::take(&mut self.cut_handlers);
        instrs.clear();
        cut_handlers.clear();
        *self = Block { instrs, cut_handlers, ..Block::empty() };
    }

    /// Drops instructions from the end.
    fn cut(&mut self, len: usize) {
        let before = self.instrs.len();
        if len == before {
            return;
        }
        if self.cut_handlers.len() < before {
            self.cut_handlers.resize(before, BlockId::NONE);
        }
        for i in len..before {
            self.cut_handlers[i] = self.instrs[i].except;
        }
        self.instrs.truncate(len);
    }

    /// Appends an instruction made by a late pass.
    fn append(&mut self, instr: Instr) {
        let except = self.cut_handlers.get(self.instrs.len()).copied().unwrap_or(BlockId::NONE);
        self.instrs.push(Instr { except, ..instr });
    }

    fn last(&self) -> Option<&Instr> {
        self.instrs.last()
    }

    fn falls_through(&self) -> bool {
        self.last().is_none_or(|i| !i.op.leaves())
    }

    fn exits_scope(&self) -> bool {
        self.last().is_some_and(|i| i.op.is_scope_exit())
    }

    fn has_no_line(&self) -> bool {
        self.instrs.iter().all(|i| i.location.line < 0)
    }
}

/// A flow graph. It is reused from unit to unit, so that its memory is.
#[derive(Default)]
pub struct Cfg {
    blocks: Vec<Block>,
    used: usize,
    work: Vec<BlockId>,
    /// What each position of the instruction list is to the block it starts.
    targets: Vec<BlockId>,
    facts: Facts,
}

/// What occurs in the unit: passes that deal with what does not occur are skipped.
#[derive(Clone, Copy, Default)]
struct Facts {
    /// Handlers are set up.
    handlers: bool,
    /// Locals are deleted or cleared.
    unsets: bool,
    /// There are pseudo-instructions that only change their name in the end.
    renamed: bool,
}

impl Facts {
    fn note(&mut self, op: Op) {
        match op {
            Op::SETUP_FINALLY | Op::SETUP_CLEANUP | Op::SETUP_WITH => self.handlers = true,
            Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR => self.unsets = true,
            Op::STORE_FAST_MAYBE_NULL => {
                self.unsets = true;
                self.renamed = true;
            }
            Op::LOAD_CLOSURE => self.renamed = true,
            _ => {}
        }
    }
}

impl std::ops::Index<BlockId> for Cfg {
    type Output = Block;
    #[inline]
    fn index(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }
}

impl std::ops::IndexMut<BlockId> for Cfg {
    #[inline]
    fn index_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id.0 as usize]
    }
}

impl Cfg {
    fn new_block(&mut self) -> BlockId {
        if self.used == self.blocks.len() {
            self.blocks.push(Block::empty());
        } else {
            self.blocks[self.used].reset();
        }
        self.used += 1;
        BlockId(self.used as u32 - 1)
    }

    /// Blocks that it has memory for.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The first block.
    pub fn entry(&self) -> BlockId {
        BlockId::ENTRY
    }

    fn next_nonempty(&self, mut id: BlockId) -> BlockId {
        while id.is_some() && self[id].instrs.is_empty() {
            id = self[id].next;
        }
        id
    }

    /// Forgets which blocks were visited and hands out the (empty) work list.
    fn start_traversal(&mut self) -> Vec<BlockId> {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            block.visited = false;
            id = block.next;
        }
        let mut work = std::mem::take(&mut self.work);
        work.clear();
        work
    }

    /// Builds the graph of a list of instructions.
    pub fn build(&mut self, sequence: &Sequence) -> Result {
        self.used = 0;
        self.facts = Facts::default();
        let entry = self.new_block();
        let instructions = &sequence.instructions;
        // Blocks start where something jumps to.
        self.targets.clear();
        self.targets.resize(instructions.len() + 1, BlockId::NONE);
        const WANTED: BlockId = BlockId(u32::MAX - 1);
        let position = |label: u32| sequence.labels.get(label as usize).map_or(usize::MAX, |&p| p as usize);
        for instruction in instructions {
            if instruction.op.has_target() {
                match self.targets.get_mut(position(instruction.oparg)) {
                    Some(target) => *target = WANTED,
                    None => return Err(CompileError::system("jump to a label that is not placed")),
                }
            }
        }
        let mut builder = Building { current: entry, label: None, ended: false };
        for (i, instruction) in instructions.iter().enumerate() {
            if instruction.op == Op::ANNOTATIONS_PLACEHOLDER {
                for annotation in sequence.annotations.iter().flatten() {
                    builder.push(self, Instr::new(annotation.op, annotation.oparg, annotation.location));
                }
                continue;
            }
            if self.targets[i] == WANTED {
                builder.label = Some(i as u32);
                builder.start_block_if_needed(self);
            }
            let oparg = match instruction.op.has_target() {
                true => position(instruction.oparg) as u32,
                false => instruction.oparg,
            };
            builder.push(self, Instr::new(instruction.op, oparg, instruction.location));
        }
        for i in 0..self.used {
            let block = &self.blocks[i];
            if block.is_labelled {
                self.targets[block.label as usize] = BlockId(i as u32);
            }
        }
        let targets = std::mem::take(&mut self.targets);
        for block in &mut self.blocks[..self.used] {
            for instr in &mut block.instrs {
                if instr.op.has_target() {
                    instr.target = targets[instr.oparg as usize];
                    if instr.target == BlockId::NONE || instr.target == WANTED {
                        return Err(CompileError::system("jump with NULL target"));
                    }
                }
            }
        }
        self.targets = targets;
        Ok(())
    }

    /// All passes that make the code better.
    pub fn optimize(&mut self, consts: &mut Consts, metadata: &mut Metadata, nparams: usize) -> Result {
        let nlocals = metadata.varnames.len();
        if self.facts.handlers {
            self.mark_except_handlers();
            self.label_exception_targets();
        }
        self.inline_small_or_no_lineno_blocks();
        self.remove_unreachable();
        self.resolve_line_numbers();
        let mut pool = Pool { consts, metadata };
        self.optimize_load_const(&mut pool);
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            self.optimize_block(id, &mut pool);
            id = self[id].next;
        }
        self.remove_redundant_nops_and_pairs();
        self.remove_unreachable();
        self.remove_redundant_nops_and_jumps()?;
        self.remove_unused_consts(metadata);
        if nlocals > nparams || self.facts.unsets {
            self.add_checks_for_uninitialized_locals(nlocals, nparams);
        }
        self.insert_superinstructions();
        self.push_cold_blocks_to_end()?;
        self.resolve_line_numbers();
        Ok(())
    }

    /// Notes the handlers of instructions that are not going to be optimised.
    pub fn label_exceptions(&mut self) {
        self.mark_except_handlers();
        self.label_exception_targets();
    }

    /// Makes loads of locals borrow, as a last step without those that assembly needs.
    pub fn optimize_loads(&mut self) -> Result {
        self.calculate_stackdepth()?;
        self.optimize_load_fast();
        Ok(())
    }

    /// What remains to be done before assembly: pseudo-instructions, cells, directions of jumps, borrowed references.
    pub fn finish(&mut self, metadata: &Metadata, code_flags: u32) -> Result<Layout> {
        self.convert_pseudo_conditional_jumps();
        let stackdepth = self.calculate_stackdepth()?;
        let mut layout = self.prepare_localsplus(metadata, code_flags);
        layout.stackdepth = stackdepth.max(1);
        self.convert_pseudo_ops()?;
        self.normalize_jumps();
        self.optimize_load_fast();
        Ok(layout)
    }
}

struct Building {
    current: BlockId,
    label: Option<u32>,
    /// The current block has its jump or exit.
    ended: bool,
}

impl Building {
    fn start_block_if_needed(&mut self, cfg: &mut Cfg) {
        let block = &mut cfg[self.current];
        if !self.ended {
            let Some(label) = self.label else { return };
            if block.instrs.is_empty() && !block.is_labelled {
                block.is_labelled = true;
                block.label = label;
                self.label = None;
                return;
            }
        }
        let id = cfg.new_block();
        if let Some(label) = self.label.take() {
            cfg[id].is_labelled = true;
            cfg[id].label = label;
        }
        cfg[self.current].next = id;
        self.current = id;
        self.ended = false;
    }

    fn push(&mut self, cfg: &mut Cfg, instr: Instr) {
        if self.ended || self.label.is_some() {
            self.start_block_if_needed(cfg);
        }
        cfg.facts.note(instr.op);
        self.ended = instr.op.is_terminator();
        let block = &mut cfg[self.current];
        block.has_nops |= instr.op == Op::NOP;
        block.instrs.push(instr);
    }
}

/// The constants of the unit, as passes use them.
struct Pool<'c> {
    consts: &'c mut Consts,
    metadata: &'c mut Metadata,
}

impl Pool<'_> {
    fn id_at(&self, index: u32) -> ConstId {
        ConstId(self.metadata.consts.at(index as usize).map_or(0, |(key, _)| key))
    }
}
