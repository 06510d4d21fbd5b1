//! Improvements inside one block, and of jumps to jumps.

use taipan_bytecode::Op;
use taipan_bytecode::opcode::intrinsic;

use super::consts::{
    fold_binary, fold_built_sequence, fold_list_to_tuple, fold_tuple, fold_unary, optimize_list_or_set,
};
use super::swaps::{apply_static_swaps, swaptimize};
use super::{BlockId, Cfg, Instr, Pool};

impl Cfg {
    /// Makes a jump to a jump go to the final target; answers false if that would be the same place.
    fn thread_jump(&mut self, id: BlockId, i: usize, op: Op) -> bool {
        let instr = self[id].instrs[i];
        let Some(&first) = self[instr.target].instrs.first() else { return false };
        if instr.target == first.target {
            return false;
        }
        self[id].instrs[i].set_nop();
        let mut jump = Instr::new(op, 0, first.location);
        jump.target = first.target;
        self[id].append(jump);
        true
    }

    pub(super) fn optimize_block(&mut self, id: BlockId, pool: &mut Pool<'_>) {
        let mut i = 0;
        while i < self[id].instrs.len() {
            let Instr { op, oparg, target, .. } = self[id].instrs[i];
            if op.has_jump() {
                if !self.optimize_jump(id, i, op, target) {
                    i += 1;
                }
                continue;
            }
            self.optimize_instr(id, i, op, oparg, pool);
            i += 1;
        }
        let instrs = &mut self[id].instrs;
        let mut i = 0;
        while i < instrs.len() {
            if instrs[i].op == Op::SWAP {
                i = swaptimize(instrs, i);
                apply_static_swaps(instrs, i);
            }
            i += 1;
        }
    }

    /// Answers whether the instruction has to be looked at again.
    fn optimize_jump(&mut self, id: BlockId, i: usize, op: Op, target: BlockId) -> bool {
        let to = self[target].instrs.first().map_or(Op::NOP, |t| t.op);
        match (op, to) {
            (
                Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE | Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE,
                Op::JUMP,
            ) => self.thread_jump(id, i, op),
            (Op::JUMP_IF_FALSE, Op::JUMP | Op::JUMP_IF_FALSE) | (Op::JUMP_IF_TRUE, Op::JUMP | Op::JUMP_IF_TRUE) => {
                self.thread_jump(id, i, op)
            }
            (Op::JUMP_IF_FALSE, Op::JUMP_IF_TRUE) | (Op::JUMP_IF_TRUE, Op::JUMP_IF_FALSE) => {
                // The value is known not to make the second one jump.
                let next = self[target].next;
                self[id].instrs[i].target = next;
                true
            }
            (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP) => self.thread_jump(id, i, Op::JUMP),
            (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP_NO_INTERRUPT) => self.thread_jump(id, i, op),
            _ => false,
        }
    }

    fn optimize_instr(&mut self, id: BlockId, i: usize, op: Op, oparg: u32, pool: &mut Pool<'_>) {
        let instrs = &mut self[id].instrs[..];
        let next = instrs.get(i + 1).map_or(Op::CACHE, |n| n.op);
        match op {
            Op::BUILD_TUPLE => {
                if next == Op::UNPACK_SEQUENCE && oparg == instrs[i + 1].oparg {
                    match oparg {
                        1 => {
                            instrs[i].set_nop();
                            instrs[i + 1].set_nop();
                            return;
                        }
                        2 | 3 => {
                            instrs[i].set_nop();
                            instrs[i + 1].op = Op::SWAP;
                            return;
                        }
                        _ => {}
                    }
                }
                fold_tuple(instrs, i, pool);
            }
            Op::BUILD_LIST | Op::BUILD_SET => optimize_list_or_set(instrs, i, next, pool),
            Op::STORE_FAST
                if next == Op::STORE_FAST
                    && oparg == instrs[i + 1].oparg
                    && instrs[i].location.line == instrs[i + 1].location.line =>
            {
                instrs[i].set(Op::POP_TOP, 0);
            }
            Op::SWAP if oparg == 1 => instrs[i].set_nop(),
            Op::LOAD_GLOBAL if next == Op::PUSH_NULL && oparg & 1 == 0 => {
                instrs[i].oparg |= 1;
                instrs[i + 1].set_nop();
            }
            Op::COMPARE_OP if next == Op::TO_BOOL => {
                instrs[i].set_nop();
                instrs[i + 1].set(Op::COMPARE_OP, oparg | 16);
            }
            Op::CONTAINS_OP | Op::IS_OP if next == Op::TO_BOOL => {
                instrs[i].set_nop();
                instrs[i + 1].set(op, oparg);
            }
            Op::CONTAINS_OP | Op::IS_OP if next == Op::UNARY_NOT => {
                instrs[i].set_nop();
                instrs[i + 1].set(op, oparg ^ 1);
            }
            Op::TO_BOOL if next == Op::TO_BOOL => instrs[i].set_nop(),
            Op::UNARY_NOT if next == Op::TO_BOOL => {
                instrs[i].set_nop();
                instrs[i + 1].set(Op::UNARY_NOT, 0);
            }
            Op::UNARY_NOT if next == Op::UNARY_NOT => {
                instrs[i].set_nop();
                instrs[i + 1].set_nop();
            }
            Op::UNARY_NOT | Op::UNARY_INVERT | Op::UNARY_NEGATIVE => fold_unary(instrs, i, pool),
            Op::CALL_INTRINSIC_1 => match oparg {
                intrinsic::LIST_TO_TUPLE if !fold_list_to_tuple(instrs, i, pool) && next == Op::GET_ITER => {
                    instrs[i].set_nop();
                }
                intrinsic::UNARY_POSITIVE => fold_unary(instrs, i, pool),
                _ => {}
            },
            Op::LIST_APPEND | Op::SET_ADD if oparg == 1 && matches!(next, Op::GET_ITER | Op::CONTAINS_OP) => {
                fold_built_sequence(instrs, i, pool);
            }
            Op::BINARY_OP => fold_binary(instrs, i, pool),
            _ => {}
        }
    }
}
