//! Runs of `SWAP`: as few as possible, and none where the instructions after them can trade places instead.

use taipan_bytecode::Op;

use super::Instr;

/// Replaces the run of `SWAP`s and NOPs at `start` by the shortest one with its effect; answers its last position.
pub(super) fn swaptimize(instrs: &mut [Instr], start: usize) -> usize {
    let run = instrs[start..].iter().take_while(|i| matches!(i.op, Op::SWAP | Op::NOP)).count();
    let run = &mut instrs[start..start + run];
    if run[1..].iter().all(|i| i.op != Op::SWAP) {
        return start;
    }
    let depth = run.iter().filter(|i| i.op == Op::SWAP).map(|i| i.oparg as usize).max().unwrap_or(1);
    // Where the value of each position comes from.
    const DONE: usize = usize::MAX;
    let mut stack: Vec<usize> = (0..depth).collect();
    for instr in run.iter().filter(|i| i.op == Op::SWAP) {
        stack.swap(0, instr.oparg as usize - 1);
    }
    // Each cycle of the permutation is undone through the top; the swaps are written from the end backwards.
    let mut left = run.len();
    for i in 0..depth {
        if stack[i] == DONE || stack[i] == i {
            continue;
        }
        let mut j = i;
        loop {
            if j != 0 {
                left -= 1;
                run[left].set(Op::SWAP, j as u32 + 1);
            }
            if stack[j] == DONE {
                break;
            }
            j = std::mem::replace(&mut stack[j], DONE);
        }
    }
    for instr in &mut run[..left] {
        instr.set_nop();
    }
    start + run.len() - 1
}

fn swappable(op: Op) -> bool {
    matches!(op, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL | Op::POP_TOP)
}

fn stored_local(instr: &Instr) -> Option<u32> {
    matches!(instr.op, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL).then_some(instr.oparg)
}

/// The next instruction after `i` that only consumes the top, on `line` if that is known.
fn next_swappable(instrs: &[Instr], mut i: usize, line: Option<i32>) -> Option<usize> {
    loop {
        i += 1;
        let instr = instrs.get(i)?;
        if line.is_some_and(|line| line >= 0 && instr.location.line != line) {
            return None;
        }
        if instr.op == Op::NOP {
            continue;
        }
        return swappable(instr.op).then_some(i);
    }
}

/// Removes `SWAP`s at and before `i` by exchanging the instructions that consume the values.
pub(super) fn apply_static_swaps(instrs: &mut [Instr], i: usize) {
    for i in (0..=i).rev() {
        let swap = instrs[i];
        if swap.op != Op::SWAP {
            if swap.op == Op::NOP || swappable(swap.op) {
                continue;
            }
            return;
        }
        let Some(j) = next_swappable(instrs, i, None) else { return };
        let line = instrs[j].location.line;
        let mut k = j;
        for _ in 1..swap.oparg {
            match next_swappable(instrs, k, Some(line)) {
                Some(next) => k = next,
                None => return,
            }
        }
        // Stores to one local must keep their order.
        let (store_j, store_k) = (stored_local(&instrs[j]), stored_local(&instrs[k]));
        if store_j.is_some() || store_k.is_some() {
            if store_j == store_k {
                return;
            }
            let between = instrs[j + 1..k].iter().filter_map(stored_local);
            if between.into_iter().any(|local| Some(local) == store_j || Some(local) == store_k) {
                return;
            }
        }
        instrs[i].set_nop();
        instrs.swap(j, k);
    }
}
