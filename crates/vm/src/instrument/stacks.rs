//! What lies on the value stack before each instruction, as far as a jump must know it.

use crate::code::CodeObject;
use taipan_bytecode::instruction::decode;
use taipan_bytecode::opcode::Flags;
use taipan_bytecode::{Op, exception_table};

/// What a place of the stack holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The iterator of a `for` loop.
    Iterator,
    /// An exception whose handler is being run.
    Except,
    /// Anything.
    Object,
    /// No value.
    Null,
    /// The position of a raising instruction.
    Lasti,
}

/// A stack, bottom first; `None`: the instruction is not reached.
pub type Stack = Option<Vec<Kind>>;

/// The stacks before all units of the code (of instructions; caches hold `None`).
pub fn before(code: &CodeObject) -> Vec<Stack> {
    let bytes = code.original_code();
    let n = bytes.len() / 2;
    let mut stacks: Vec<Stack> = vec![None; n + 1];
    let instructions: Vec<_> = decode(&bytes).collect();
    if stacks.is_empty() {
        return stacks;
    }
    stacks[0] = Some(Vec::new());
    let mut again = true;
    while again {
        again = false;
        for i in &instructions {
            let Some(stack) = stacks[i.start].clone() else { continue };
            let mut fill = |at: usize, s: Vec<Kind>| {
                if at < stacks.len() && stacks[at].is_none() {
                    if at <= i.start {
                        again = true;
                    }
                    stacks[at] = Some(s);
                }
            };
            let end = i.end();
            let mut s = stack;
            for k in i.start + 1..=i.offset {
                fill(k, s.clone());
            }
            let target = i.jump_target();
            let oparg = i.oparg as usize;
            match i.op {
                Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE => {
                    s.pop();
                    if let Some(t) = target {
                        fill(t, s.clone());
                    }
                    fill(end, s);
                }
                Op::SEND => {
                    if let Some(t) = target {
                        fill(t, s.clone());
                    }
                    fill(end, s);
                }
                Op::JUMP_FORWARD | Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT => {
                    if let Some(t) = target {
                        fill(t, s);
                    }
                }
                Op::GET_ITER | Op::GET_AITER => {
                    s.pop();
                    s.push(Kind::Iterator);
                    fill(end, s);
                }
                Op::FOR_ITER => {
                    let mut with = s.clone();
                    with.push(Kind::Object);
                    if let Some(t) = target {
                        fill(t, with.clone());
                        // Over END_FOR, when the iterator is no generator.
                        fill(t + 1, s);
                    }
                    fill(end, with);
                }
                Op::END_ASYNC_FOR => {
                    s.truncate(s.len().saturating_sub(2));
                    fill(end, s);
                }
                Op::PUSH_EXC_INFO => {
                    s.push(Kind::Except);
                    fill(end, s);
                }
                Op::POP_EXCEPT => {
                    s.pop();
                    fill(end, s);
                }
                Op::RETURN_VALUE | Op::RAISE_VARARGS | Op::RERAISE => {}
                Op::PUSH_NULL => {
                    s.push(Kind::Null);
                    fill(end, s);
                }
                Op::LOAD_GLOBAL => {
                    s.push(Kind::Object);
                    if oparg & 1 != 0 {
                        s.push(Kind::Null);
                    }
                    fill(end, s);
                }
                Op::LOAD_ATTR => {
                    if oparg & 1 != 0 {
                        s.pop();
                        s.push(Kind::Object);
                        s.push(Kind::Null);
                    }
                    fill(end, s);
                }
                Op::SWAP => {
                    let n = s.len();
                    if oparg >= 1 && oparg <= n {
                        s.swap(n - 1, n - oparg);
                    }
                    fill(end, s);
                }
                Op::COPY => {
                    let n = s.len();
                    let k = if oparg >= 1 && oparg <= n { s[n - oparg] } else { Kind::Object };
                    s.push(k);
                    fill(end, s);
                }
                Op::RETURN_GENERATOR => {
                    s.push(Kind::Object);
                    fill(end, s);
                }
                op => {
                    // Only the difference counts: what stays on the stack keeps its kind.
                    let (pops, pushes) = op.stack_effect(i.oparg);
                    for _ in pushes..pops {
                        s.pop();
                    }
                    s.extend(std::iter::repeat_n(Kind::Object, (pushes - pops).max(0) as usize));
                    if op.flags().has(Flags::JUMP)
                        && let Some(t) = target
                    {
                        fill(t, s.clone());
                    }
                    fill(end, s);
                }
            }
        }
        // Handlers are reached from the blocks that they guard.
        for e in exception_table::read(code.exception_table()) {
            let t = e.target as usize;
            let Some(mut s) = stacks.get(e.start as usize).cloned().flatten() else { continue };
            if stacks.get(t).is_some_and(|x| x.is_none()) {
                s.truncate(e.depth as usize);
                if e.lasti {
                    s.push(Kind::Lasti);
                }
                s.push(Kind::Except);
                stacks[t] = Some(s);
                again = true;
            }
        }
    }
    stacks.truncate(n);
    stacks
}

/// Whether a frame with stack `from` may go on where the stack is to be `to`, by popping.
pub fn compatible(from: &[Kind], to: &[Kind]) -> bool {
    to.len() <= from.len()
        && to.iter().zip(from).all(|(to, from)| match to {
            Kind::Object => *from != Kind::Null,
            Kind::Null => true,
            _ => to == from,
        })
}
