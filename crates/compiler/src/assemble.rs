//! The last stage: blocks to code units, with location and exception tables, and the code object itself.

use std::sync::Arc;

use taipan_bytecode::code::{Code, flags, kinds};
use taipan_bytecode::location_table::{self, Location};
use taipan_bytecode::{Op, exception_table, instruction};

use crate::codegen::{Finished, Metadata};
use crate::consts::ConstId;
use crate::error::Result;
use crate::flowgraph::{BlockId, Cfg, Layout};
use crate::names::Name;
use crate::sequence::{NEXT_LOCATION, NO_LOCATION};

/// Units from the `SEND` of an awaited `__anext__` to its `END_SEND`.
const END_SEND_OFFSET: i64 = 5;

/// An instruction in the order of the code.
struct Placed {
    op: Op,
    oparg: u32,
    location: Location,
    /// Position of the instruction jumped to.
    target: u32,
    except: BlockId,
    offset: u32,
}

/// Memory that is used again for every code object.
#[derive(Default)]
pub(crate) struct Scratch {
    placed: Vec<Placed>,
    /// Position of the first instruction of each block.
    starts: Vec<u32>,
    /// Positions of jumps.
    jumps: Vec<u32>,
}

fn flatten(cfg: &Cfg, scratch: &mut Scratch) {
    let Scratch { placed, starts, jumps } = scratch;
    placed.clear();
    starts.clear();
    jumps.clear();
    let mut count = 0;
    let mut id = cfg.entry();
    while id.is_some() {
        let i = id.0 as usize;
        if starts.len() <= i {
            starts.resize(i + 1, 0);
        }
        starts[i] = count;
        count += cfg[id].instrs.len() as u32;
        id = cfg[id].next;
    }
    placed.reserve(count as usize);
    let mut id = cfg.entry();
    while id.is_some() {
        for instr in &cfg[id].instrs {
            let mut op = instr.op;
            let mut target = 0;
            if op.has_jump() {
                target = starts[instr.target.0 as usize];
                jumps.push(placed.len() as u32);
                let forward = target > placed.len() as u32;
                op = match (op, forward) {
                    (Op::JUMP | Op::JUMP_NO_INTERRUPT, true) => Op::JUMP_FORWARD,
                    (Op::JUMP, false) => Op::JUMP_BACKWARD,
                    (Op::JUMP_NO_INTERRUPT, false) => Op::JUMP_BACKWARD_NO_INTERRUPT,
                    (op, _) => op,
                };
            }
            // The size of a jump is first guessed from the position of its target; the guess decides where two sizes fit.
            let oparg = if op.has_jump() { target } else { instr.oparg };
            placed.push(Placed { op, oparg, location: instr.location, target, except: instr.except, offset: 0 });
        }
        id = cfg[id].next;
    }
}

/// Computes offsets and jump distances, again and again until no jump grows; answers the length of the code.
fn resolve_jumps(instrs: &mut [Placed], jumps: &[u32]) -> u32 {
    loop {
        let mut length = 0;
        for instr in instrs.iter_mut() {
            instr.offset = length;
            length += instruction::size(instr.op, instr.oparg) as u32;
        }
        let mut grown = false;
        for &i in jumps {
            let Placed { op, oparg, target, offset, .. } = instrs[i as usize];
            let size = instruction::size(op, oparg);
            let end = offset as i64 + size as i64;
            let to = instrs.get(target as usize).map_or(end, |t| t.offset as i64);
            let distance = match op {
                Op::END_ASYNC_FOR => end - to - END_SEND_OFFSET,
                _ => (end - to).abs(),
            };
            let oparg = distance.max(0) as u32;
            instrs[i as usize].oparg = oparg;
            grown |= instruction::size(op, oparg) != size;
        }
        if !grown {
            return length;
        }
    }
}

fn location_table(instrs: &mut [Placed], length: u32, firstlineno: i32) -> Box<[u8]> {
    let mut next = NO_LOCATION;
    for instr in instrs.iter_mut().rev() {
        if instr.location == NEXT_LOCATION {
            instr.location = if instr.op.is_terminator() { NO_LOCATION } else { next };
        }
        next = instr.location;
    }
    let mut writer = location_table::Writer::with_capacity(firstlineno, instrs.len());
    let (mut location, mut start) = (NO_LOCATION, 0);
    for instr in instrs.iter() {
        if instr.location != location {
            writer.add(location, (instr.offset - start) as usize);
            location = instr.location;
            start = instr.offset;
        }
    }
    writer.add(location, (length - start) as usize);
    writer.finish().into()
}

fn exception_table(cfg: &Cfg, instrs: &[Placed], starts: &[u32], end: u32) -> Box<[u8]> {
    let mut table = Vec::new();
    let mut write = |handler: BlockId, from: u32, to: u32| {
        if !handler.is_some() || from == to {
            return;
        }
        let block = &cfg[handler];
        let lasti = block.preserve_lasti;
        let target = instrs.get(starts[handler.0 as usize] as usize).map_or(end, |i| i.offset);
        let depth = (block.startdepth - 1 - lasti as i32).max(0) as u32;
        exception_table::write(&mut table, &exception_table::Entry { start: from, end: to, target, depth, lasti });
    };
    let (mut handler, mut start) = (BlockId::NONE, 0);
    for instr in instrs {
        let same = instr.except == handler
            || (handler.is_some()
                && instr.except.is_some()
                && starts[instr.except.0 as usize] == starts[handler.0 as usize]);
        if !same {
            write(handler, start, instr.offset);
            handler = instr.except;
            start = instr.offset;
        }
    }
    write(handler, start, end);
    table.into()
}

/// Names and kinds of locals, cells and free variables, and the names of the free ones.
fn locals(metadata: &Metadata, layout: &Layout) -> (Vec<Name>, Vec<u8>, Vec<Name>) {
    let mut names = vec![Name(0); layout.nlocalsplus];
    let mut kind_bytes = vec![0u8; layout.nlocalsplus];
    let mut set = |slot: usize, name: u32, kind: u8| {
        if let (Some(n), Some(k)) = (names.get_mut(slot), kind_bytes.get_mut(slot)) {
            *n = Name(name);
            *k = kind;
        }
    };
    let arguments = metadata.arguments;
    let groups = [
        (arguments.posonly, kinds::ARG_POS),
        (arguments.args, kinds::ARG_POS | kinds::ARG_KW),
        (arguments.kwonly, kinds::ARG_KW),
        ((layout.code_flags & flags::VARARGS != 0) as u32, kinds::ARG_VAR | kinds::ARG_POS),
        ((layout.code_flags & flags::VARKEYWORDS != 0) as u32, kinds::ARG_VAR | kinds::ARG_KW),
    ];
    let mut argument_kinds = groups.iter().flat_map(|&(count, kind)| std::iter::repeat_n(kind, count as usize));
    for (name, slot) in metadata.varnames.iter() {
        let mut kind = kinds::LOCAL | argument_kinds.next().unwrap_or(0);
        if metadata.fast_hidden.contains(name) {
            kind |= kinds::HIDDEN;
        }
        if metadata.cellvars.contains(name) {
            kind |= kinds::CELL;
        }
        set(slot as usize, name, kind);
    }
    let nlocals = metadata.varnames.len();
    let mut dropped = 0;
    for (name, cell) in metadata.cellvars.iter() {
        if metadata.varnames.contains(name) {
            dropped += 1;
        } else {
            set(cell as usize + nlocals - dropped, name, kinds::CELL);
        }
    }
    let mut free = Vec::new();
    for (name, number) in metadata.freevars.iter() {
        set((number as usize + nlocals).saturating_sub(dropped), name, kinds::FREE);
        free.push(Name(name));
    }
    (names, kind_bytes, free)
}

/// Lays out the code object of a finished graph.
pub(crate) fn assemble(
    cfg: &Cfg,
    scratch: &mut Scratch,
    metadata: &Metadata,
    layout: &Layout,
    filename: &taipan_bytecode::Str,
    names: &mut crate::names::Names<'_>,
    consts: &crate::consts::Consts,
) -> Result<Finished> {
    flatten(cfg, scratch);
    let Scratch { placed: instrs, starts, jumps } = scratch;
    let length = resolve_jumps(instrs, jumps);
    let mut code = Vec::with_capacity(length as usize * 2);
    for instr in instrs.iter() {
        instruction::emit(&mut code, instr.op, instr.oparg);
    }
    let linetable = location_table(instrs, length, metadata.firstlineno);
    let exceptiontable = exception_table(cfg, instrs, starts, length);
    let (local_names, local_kinds, freevars) = locals(metadata, layout);
    let code = Code {
        filename: filename.clone(),
        name: names.shared(metadata.name),
        qualname: names.shared(metadata.qualname),
        flags: layout.code_flags,
        argcount: metadata.arguments.posonly + metadata.arguments.args,
        posonlyargcount: metadata.arguments.posonly,
        kwonlyargcount: metadata.arguments.kwonly,
        stacksize: layout.stackdepth,
        firstlineno: metadata.firstlineno,
        code: code.into(),
        consts: metadata.consts.iter().map(|(key, _)| consts.get(ConstId(key)).clone()).collect(),
        names: metadata.names.iter().map(|(key, _)| names.shared(Name(key))).collect(),
        localsplusnames: local_names.into_iter().map(|name| names.shared(name)).collect(),
        localspluskinds: local_kinds.into(),
        linetable,
        exceptiontable,
    };
    Ok(Finished { code: Arc::new(code), freevars })
}
