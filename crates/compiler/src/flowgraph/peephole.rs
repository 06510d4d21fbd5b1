//! Improvements inside one block, and of jumps to jumps.

use taipan_bytecode::Op;
use taipan_bytecode::opcode::intrinsic;

use super::consts::{
    fold_binary, fold_built_sequence, fold_list_to_tuple, fold_tuple, fold_unary, optimize_list_or_set,
};
use super::swaps::{apply_static_swaps, swaptimize};
use super::{BlockId, Cfg, Instr, Pool};

impl Cfg {
    pub(super) fn optimize_block(&mut self, id: BlockId, pool: &mut Pool<'_>) {
        let mut i = 0;
        let mut swaps = false;
        let mut instrs = std::mem::take(&mut self[id].instrs);
        while let Some(&Instr { op, target, .. }) = instrs.get(i) {
            swaps |= op == Op::SWAP;
            if op.has_jump() {
                if !self.optimize_jump(id, &mut instrs, i, op, target) {
                    i += 1;
                }
            } else {
                optimize_instr(&mut instrs, i, pool);
                i += 1;
            }
        }
        if swaps {
            let mut i = 0;
            while i < instrs.len() {
                if instrs[i].op == Op::SWAP {
                    i = swaptimize(&mut instrs, i);
                    apply_static_swaps(&mut instrs, i);
                }
                i += 1;
            }
        }
        let block = &mut self[id];
        block.instrs = instrs;
        block.has_nops = true;
    }

    /// Shortens the way of a jump to a jump; answers whether it has to be looked at again.
    fn optimize_jump(&mut self, id: BlockId, instrs: &mut Vec<Instr>, i: usize, op: Op, target: BlockId) -> bool {
        // The instructions of this block are not in their place.
        let first = if target == id { instrs.first() } else { self[target].instrs.first() };
        let Some(&first) = first else { return false };
        let threaded = match (op, first.op) {
            (
                Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE | Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE,
                Op::JUMP,
            ) => op,
            (Op::JUMP_IF_FALSE, Op::JUMP | Op::JUMP_IF_FALSE) | (Op::JUMP_IF_TRUE, Op::JUMP | Op::JUMP_IF_TRUE) => op,
            (Op::JUMP_IF_FALSE, Op::JUMP_IF_TRUE) | (Op::JUMP_IF_TRUE, Op::JUMP_IF_FALSE) => {
                // The value is known not to make the second one jump.
                let next = self[target].next;
                if next.is_some() {
                    instrs[i].target = next;
                }
                return next.is_some();
            }
            (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP) => Op::JUMP,
            (Op::JUMP | Op::JUMP_NO_INTERRUPT, Op::JUMP_NO_INTERRUPT) => op,
            _ => return false,
        };
        if target == first.target {
            return false;
        }
        instrs[i].set_nop();
        let except = self[id].cut_handlers.get(instrs.len()).copied().unwrap_or(BlockId::NONE);
        instrs.push(Instr { target: first.target, except, ..Instr::new(threaded, 0, first.location) });
        true
    }
}

fn optimize_instr(instrs: &mut [Instr], i: usize, pool: &mut Pool<'_>) {
    let Instr { op, oparg, .. } = instrs[i];
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
