//! Where lines begin: the instructions at which a line event may come.

use crate::code::CodeObject;
use taipan_bytecode::instruction::decode;
use taipan_bytecode::{Op, exception_table, location_table};

/// By unit, the line it stands on, or -1.
pub fn numbers(code: &CodeObject) -> Vec<i32> {
    let n = code.len_units();
    let mut lines: Vec<i32> =
        location_table::positions(code.line_table(), code.co_firstlineno).map(|p| p.line).take(n).collect();
    lines.resize(n, -1);
    lines
}

/// By unit, whether a line starts there.
pub fn starts(code: &CodeObject) -> Vec<bool> {
    let n = code.len_units();
    let mut out = vec![false; n];
    let lines = numbers(code);
    let bytes = code.original_code();
    let first = code.co_firsttraceable as usize;
    let may_start = |op: Op| !matches!(op, Op::END_ASYNC_FOR | Op::END_FOR | Op::END_SEND | Op::RESUME | Op::POP_ITER);
    let mut ops = vec![None; n];
    let mut current = -1;
    for i in decode(&bytes) {
        if i.start < first {
            continue;
        }
        // The event comes before an EXTENDED_ARG.
        ops[i.start] = Some(i.op);
        if may_start(i.op) {
            let line = lines[i.offset];
            out[i.start] = line >= 0 && line != current;
            current = line;
        }
    }
    // What is jumped to from another line starts a line too.
    for i in decode(&bytes) {
        if i.start < first || i.op == Op::END_ASYNC_FOR {
            continue;
        }
        let target = match i.op {
            // The loop around a YIELD_VALUE is one place.
            Op::SEND => continue,
            _ => i.jump_target(),
        };
        if let Some(t) = target
            && t < n
            && lines[t] >= 0
            && lines[t] != lines[i.offset]
            && ops[t].is_some_and(may_start)
        {
            out[t] = true;
        }
    }
    for e in exception_table::read(code.exception_table()) {
        let t = e.target as usize;
        if t < n && lines[t] >= 0 && ops[t].is_some_and(may_start) {
            out[t] = true;
        }
    }
    out
}
