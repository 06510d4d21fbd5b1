//! Constants: loads of small ones, tests of known ones, folding, and the removal of those no longer used.

use taipan_bytecode::opcode::intrinsic;
use taipan_bytecode::{Const, Op};

use super::{BlockId, Cfg, Instr, Pool};
use crate::codegen::{Metadata, STACK_USE_GUIDELINE};
use crate::consts::{frozenset, truth};
use crate::fold;
use crate::ordered_map::OrderedMap;
use crate::sequence::NO_LOCATION;

/// Lists and sets shorter than this are built item by item.
const MIN_CONST_SEQUENCE: usize = 3;

fn loads_const(op: Op) -> bool {
    matches!(op, Op::LOAD_CONST | Op::LOAD_SMALL_INT)
}

impl Pool<'_> {
    fn value(&self, op: Op, oparg: u32) -> Const {
        if op == Op::LOAD_SMALL_INT {
            return Const::Int(oparg.into());
        }
        self.consts.get(self.id_at(oparg)).clone()
    }

    fn is_true(&self, op: Op, oparg: u32) -> bool {
        if op == Op::LOAD_SMALL_INT { oparg != 0 } else { truth(self.consts.get(self.id_at(oparg))) }
    }

    fn add(&mut self, value: Const) -> u32 {
        let id = self.consts.intern(value);
        self.metadata.constant(id)
    }

    /// Makes the instruction load a constant.
    fn load(&mut self, instr: &mut Instr, value: Const) {
        match value {
            Const::Int(i @ 0..=255) => instr.set(Op::LOAD_SMALL_INT, i as u32),
            value => {
                let arg = self.add(value);
                instr.set(Op::LOAD_CONST, arg);
            }
        }
    }
}

/// Positions of the `count` loads of constants before `end`, NOPs skipped.
fn const_loads(instrs: &[Instr], end: usize, count: usize) -> Option<Vec<usize>> {
    let mut found = Vec::with_capacity(count);
    let mut i = end;
    while found.len() < count {
        i = i.checked_sub(1)?;
        let op = instrs[i].op;
        if op == Op::NOP {
            continue;
        }
        if !loads_const(op) {
            return None;
        }
        found.push(i);
    }
    found.reverse();
    Some(found)
}

fn nop_out(instr: &mut Instr) {
    instr.set_nop();
    instr.location = NO_LOCATION;
}

/// The values of loads found by [`const_loads`].
fn take_values(instrs: &[Instr], loads: &[usize], pool: &Pool<'_>) -> Vec<Const> {
    loads.iter().map(|&i| pool.value(instrs[i].op, instrs[i].oparg)).collect()
}

/// `BUILD_TUPLE` of constants.
pub(super) fn fold_tuple(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) {
    let size = instrs[i].oparg as usize;
    if size > STACK_USE_GUIDELINE {
        return;
    }
    let Some(loads) = const_loads(instrs, i, size) else { return };
    let values = take_values(instrs, &loads, pool);
    loads.iter().for_each(|&at| nop_out(&mut instrs[at]));
    pool.load(&mut instrs[i], Const::Tuple(values.into()));
}

/// A list or set built item by item from constants, by the instructions before `end`: where it starts.
fn built_sequence_start(instrs: &[Instr], end: usize, build: Op, add: Op) -> Option<usize> {
    let mut expect_add = true;
    for (start, &Instr { op, oparg, .. }) in instrs[..end].iter().enumerate().rev() {
        if op == Op::NOP {
            continue;
        }
        if op == build && oparg == 0 {
            return expect_add.then_some(start);
        }
        let as_expected = if expect_add { op == add && oparg == 1 } else { loads_const(op) };
        if !as_expected {
            return None;
        }
        expect_add = !expect_add;
    }
    None
}

/// Removes such a run of instructions and answers the constants in it.
fn take_built_sequence(instrs: &mut [Instr], pool: &Pool<'_>) -> Vec<Const> {
    let mut values = Vec::new();
    for instr in instrs.iter_mut().filter(|instr| instr.op != Op::NOP) {
        if loads_const(instr.op) {
            values.push(pool.value(instr.op, instr.oparg));
        }
        nop_out(instr);
    }
    values
}

/// A list built item by item from constants only to become a tuple; answers whether it was one.
pub(super) fn fold_list_to_tuple(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) -> bool {
    let Some(start) = built_sequence_start(instrs, i, Op::BUILD_LIST, Op::LIST_APPEND) else { return false };
    let values = take_built_sequence(&mut instrs[start..i], pool);
    pool.load(&mut instrs[i], Const::Tuple(values.into()));
    true
}

/// A list or set built item by item from constants, `i` being the last addition, only to be iterated or searched.
pub(super) fn fold_built_sequence(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) {
    let add = instrs[i].op;
    let build = if add == Op::SET_ADD { Op::BUILD_SET } else { Op::BUILD_LIST };
    let Some(start) = built_sequence_start(instrs, i + 1, build, add) else { return };
    let values = take_built_sequence(&mut instrs[start..=i], pool);
    let value = if add == Op::SET_ADD { frozenset(values) } else { Const::Tuple(values.into()) };
    pool.load(&mut instrs[i], value);
}

/// Lists and sets of constants: a constant where they are only iterated or searched, else copied from one.
pub(super) fn optimize_list_or_set(instrs: &mut [Instr], i: usize, next: Op, pool: &mut Pool<'_>) {
    let only_read = matches!(next, Op::GET_ITER | Op::CONTAINS_OP);
    let op = instrs[i].op;
    let size = instrs[i].oparg as usize;
    if size > STACK_USE_GUIDELINE || (size < MIN_CONST_SEQUENCE && !only_read) {
        return;
    }
    let Some(loads) = const_loads(instrs, i, size) else {
        if only_read && op == Op::BUILD_LIST {
            instrs[i].op = Op::BUILD_TUPLE;
        }
        return;
    };
    let values = take_values(instrs, &loads, pool);
    let value = if op == Op::BUILD_SET { frozenset(values) } else { Const::Tuple(values.into()) };
    let arg = pool.add(value);
    loads.iter().for_each(|&at| nop_out(&mut instrs[at]));
    if only_read {
        instrs[i].set(Op::LOAD_CONST, arg);
        return;
    }
    instrs[i - 2].location = instrs[i].location;
    instrs[i - 2].set(op, 0);
    instrs[i - 1].set(Op::LOAD_CONST, arg);
    instrs[i].set(if op == Op::BUILD_LIST { Op::LIST_EXTEND } else { Op::SET_UPDATE }, 1);
}

/// `BINARY_OP` of constants.
pub(super) fn fold_binary(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) {
    let Some(loads) = const_loads(instrs, i, 2) else { return };
    let values = take_values(instrs, &loads, pool);
    let Some(value) = fold::binary(&values[0], instrs[i].oparg, &values[1]) else { return };
    loads.iter().for_each(|&at| nop_out(&mut instrs[at]));
    pool.load(&mut instrs[i], value);
}

/// A unary operation on a constant.
pub(super) fn fold_unary(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) {
    let Some(loads) = const_loads(instrs, i, 1) else { return };
    let operand = pool.value(instrs[loads[0]].op, instrs[loads[0]].oparg);
    let value = match (instrs[i].op, instrs[i].oparg) {
        (Op::UNARY_NEGATIVE, _) => fold::negative(&operand),
        (Op::UNARY_INVERT, _) => fold::invert(&operand),
        (Op::UNARY_NOT, _) => Some(if truth(&operand) { Const::False } else { Const::True }),
        (Op::CALL_INTRINSIC_1, intrinsic::UNARY_POSITIVE) => fold::positive(&operand),
        _ => None,
    };
    let Some(value) = value else { return };
    nop_out(&mut instrs[loads[0]]);
    pool.load(&mut instrs[i], value);
}

impl Cfg {
    /// Small integers get their own instruction; jumps and tests on constants are decided.
    pub(super) fn optimize_load_const(&mut self, pool: &mut Pool<'_>) {
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            optimize_loads(&mut block.instrs, pool);
            id = block.next;
        }
    }

    pub(super) fn remove_unused_consts(&mut self, metadata: &mut Metadata) {
        let count = metadata.consts.len();
        if count == 0 {
            return;
        }
        let mut used = vec![false; count];
        // The first may be the docstring.
        used[0] = true;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            for instr in &self[id].instrs {
                if instr.op == Op::LOAD_CONST {
                    used[instr.oparg as usize] = true;
                }
            }
            id = self[id].next;
        }
        if used.iter().all(|&u| u) {
            return;
        }
        let mut kept = OrderedMap::default();
        let mut numbers = vec![0; count];
        for (i, (key, _)) in metadata.consts.iter().enumerate() {
            if used[i] {
                numbers[i] = kept.len() as u32;
                kept.insert(key, numbers[i]);
            }
        }
        metadata.consts = kept;
        let mut id = BlockId::ENTRY;
        while id.is_some() {
            let block = &mut self[id];
            for instr in &mut block.instrs {
                if instr.op == Op::LOAD_CONST {
                    instr.oparg = numbers[instr.oparg as usize];
                }
            }
            id = block.next;
        }
    }
}

fn optimize_loads(instrs: &mut [Instr], pool: &mut Pool<'_>) {
    // The constant that is on top: loaded here, or copied from a load just before.
    let (mut op, mut oparg) = (Op::CACHE, 0);
    for i in 0..instrs.len() {
        if instrs[i].op == Op::LOAD_CONST
            && let Const::Int(small @ 0..=255) = pool.consts.get(pool.id_at(instrs[i].oparg))
        {
            let small = *small as u32;
            instrs[i].set(Op::LOAD_SMALL_INT, small);
        }
        let copy_of_const = op == Op::LOAD_CONST && instrs[i].op == Op::COPY && instrs[i].oparg == 1;
        if !copy_of_const {
            (op, oparg) = (instrs[i].op, instrs[i].oparg);
        }
        if !matches!(op, Op::LOAD_CONST | Op::LOAD_SMALL_INT) {
            continue;
        }
        let Some(next) = instrs.get(i + 1).map(|n| n.op) else { continue };
        match next {
            Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE => {
                let is_true = pool.is_true(op, oparg);
                if matches!(next, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE) {
                    instrs[i].set_nop();
                }
                if is_true == matches!(next, Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_TRUE) {
                    instrs[i + 1].op = Op::JUMP;
                } else {
                    instrs[i + 1].set_nop();
                }
            }
            Op::IS_OP => {
                if op != Op::LOAD_CONST || !matches!(pool.consts.get(pool.id_at(oparg)), Const::None) {
                    continue;
                }
                let mut at = i + 2;
                if instrs.get(at).is_none() {
                    continue;
                }
                if instrs[at].op == Op::TO_BOOL {
                    instrs[at].set_nop();
                    at += 1;
                }
                let Some(jump) = instrs.get(at).map(|n| n.op) else { continue };
                let inverted = instrs[i + 1].oparg != 0;
                let if_none = match jump {
                    Op::POP_JUMP_IF_TRUE => !inverted,
                    Op::POP_JUMP_IF_FALSE => inverted,
                    _ => continue,
                };
                instrs[i].set_nop();
                instrs[i + 1].set_nop();
                instrs[at].op = if if_none { Op::POP_JUMP_IF_NONE } else { Op::POP_JUMP_IF_NOT_NONE };
            }
            Op::TO_BOOL => {
                let value = if pool.is_true(op, oparg) { Const::True } else { Const::False };
                let arg = pool.add(value);
                instrs[i].set_nop();
                instrs[i + 1].set(Op::LOAD_CONST, arg);
            }
            _ => {}
        }
    }
}
