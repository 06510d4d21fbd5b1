//! The stages of compilation one by one, for tools that look inside and for the reference's own tests of them.

use std::sync::Arc;

use bumpalo::Bump;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::{Code, Const, Op, Str};
use taipan_syntax::ast::Mod;

use crate::codegen::{Arguments, Compiler, Metadata};
use crate::consts::{ConstId, Consts};
use crate::error::{CompileError, Result, WarningSink};
use crate::flowgraph::Cfg;
use crate::names::{Name, Names};
use crate::ordered_map::OrderedMap;
use crate::sequence::Sequence;
use crate::{Depth, Options, analyze_in, assemble};

/// A pseudo-instruction; the argument of one that has a target is the index of an instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct PseudoInstruction {
    pub op: Op,
    pub oparg: u32,
    pub location: Location,
}

/// Names, constants and numbers of a unit, by index.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct UnitMetadata {
    pub name: String,
    pub qualname: String,
    pub firstlineno: i32,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub consts: Vec<Const>,
    pub names: Vec<String>,
    pub varnames: Vec<String>,
    pub cellvars: Vec<String>,
    pub freevars: Vec<String>,
}

/// What code generation makes of a unit.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// The instructions, not yet optimised.
    pub instructions: Vec<PseudoInstruction>,
    /// What replaces the placeholder for a module's annotations.
    pub annotations: Vec<PseudoInstruction>,
    /// The units inside.
    pub nested: Vec<Generated>,
    /// Names and constants.
    pub metadata: UnitMetadata,
}

pub(crate) fn snapshot(
    sequence: &Sequence,
    metadata: &Metadata,
    names: &Names<'_>,
    consts: &Consts,
    nested: Vec<Generated>,
) -> Generated {
    let texts = |map: &OrderedMap<u32>| map.iter().map(|(key, _)| names.text(Name(key)).to_string()).collect();
    let convert = |i: &crate::sequence::Instruction| {
        let oparg = match i.op.has_target() {
            true => sequence.labels.get(i.oparg as usize).copied().unwrap_or(u32::MAX),
            false => i.oparg,
        };
        PseudoInstruction { op: i.op, oparg, location: i.location }
    };
    Generated {
        instructions: sequence.instructions.iter().map(convert).collect(),
        annotations: sequence.annotations.iter().flatten().map(convert).collect(),
        nested,
        metadata: UnitMetadata {
            name: names.text(metadata.name).into(),
            qualname: names.text(metadata.qualname).into(),
            firstlineno: metadata.firstlineno,
            argcount: metadata.arguments.args,
            posonlyargcount: metadata.arguments.posonly,
            kwonlyargcount: metadata.arguments.kwonly,
            consts: metadata.consts.iter().map(|(key, _)| consts.get(ConstId(key)).clone()).collect(),
            names: texts(&metadata.names),
            varnames: texts(&metadata.varnames),
            cellvars: texts(&metadata.cellvars),
            freevars: texts(&metadata.freevars),
        },
    }
}

/// Runs code generation alone.
pub fn generate(module: &Mod<'_>, options: &Options, warnings: &mut WarningSink<'_>) -> Result<Generated> {
    generate_in(&Bump::new(), module, options, warnings)
}

fn generate_in<'a>(
    bump: &'a Bump,
    module: &'a Mod<'a>,
    options: &Options,
    warnings: &mut WarningSink<'_>,
) -> Result<Generated> {
    let mut warnings = |message: &str, at: Location| warnings(message, at);
    let depth = Depth::new(options.stack_bytes);
    let (names, table, future) = analyze_in(bump, module, options, Some(&mut warnings), &depth)?;
    Compiler::new(names, table, future, options, depth, &mut warnings).module_snapshot(module)
}

/// A docstring as code objects keep it.
pub fn clean_docstring(text: &str) -> Result<Str> {
    crate::docstring::clean(taipan_syntax::Wtf8::new(text))
}

fn to_sequence(instructions: &[PseudoInstruction]) -> Result<Sequence> {
    let mut sequence = Sequence::default();
    for i in instructions {
        let mut oparg = i.oparg;
        if i.op.has_target() {
            if oparg as usize >= instructions.len() {
                return Err(CompileError::system("jump out of the instructions"));
            }
            let label = sequence.new_label();
            sequence.labels[label.0 as usize] = oparg;
            oparg = label.0;
        }
        sequence.push(i.op, oparg, i.location);
    }
    Ok(sequence)
}

fn from_cfg(cfg: &Cfg) -> Vec<PseudoInstruction> {
    let mut starts = Vec::new();
    let mut count = 0;
    let mut id = cfg.entry();
    while id.is_some() {
        let i = id.0 as usize;
        starts.resize(starts.len().max(i + 1), 0);
        starts[i] = count;
        count += cfg[id].instrs.len() as u32;
        id = cfg[id].next;
    }
    let mut out = Vec::with_capacity(count as usize);
    let mut id = cfg.entry();
    while id.is_some() {
        out.extend(cfg[id].instrs.iter().map(|i| PseudoInstruction {
            op: i.op,
            oparg: if i.op.has_target() { starts[i.target.0 as usize] } else { i.oparg },
            location: i.location,
        }));
        id = cfg[id].next;
    }
    out
}

/// Optimises instructions; `consts` are what `LOAD_CONST` refers to, before and after.
pub fn optimize(
    instructions: &[PseudoInstruction],
    consts: &mut Vec<Const>,
    nlocals: usize,
) -> Result<Vec<PseudoInstruction>> {
    let mut table = Consts::default();
    let mut metadata = Metadata { firstlineno: 1, ..Metadata::default() };
    // Equal constants become one.
    let numbers: Vec<u32> = consts.drain(..).map(|value| metadata.constant(table.intern(value))).collect();
    let mut instructions = instructions.to_vec();
    for i in &mut instructions {
        match i.op {
            Op::LOAD_CONST => {
                let number = numbers.get(i.oparg as usize);
                i.oparg = *number.ok_or_else(|| CompileError::system("constant out of range"))?;
            }
            Op::SWAP | Op::COPY if i.oparg == 0 => return Err(CompileError::system("no such place on the stack")),
            _ => {}
        }
    }
    for local in 0..nlocals as u32 {
        metadata.varnames.insert(local, local);
    }
    let mut cfg = Cfg::default();
    cfg.build(&to_sequence(&instructions)?)?;
    cfg.optimize(&mut table, &mut metadata, 0)?;
    cfg.optimize_loads()?;
    consts.extend(metadata.consts.iter().map(|(key, _)| table.get(ConstId(key)).clone()));
    Ok(from_cfg(&cfg))
}

/// Assembles instructions that are optimised already.
pub fn assemble_code(instructions: &[PseudoInstruction], metadata: &UnitMetadata, filename: &Str) -> Result<Arc<Code>> {
    let bump = Bump::new();
    let mut names = Names::new(&bump);
    let mut table = Consts::default();
    let mut unit = Metadata {
        name: names.intern_copy(&metadata.name),
        qualname: names.intern_copy(&metadata.qualname),
        firstlineno: metadata.firstlineno,
        arguments: Arguments {
            posonly: metadata.posonlyargcount,
            args: metadata.argcount,
            kwonly: metadata.kwonlyargcount,
        },
        ..Metadata::default()
    };
    for value in &metadata.consts {
        let id = table.intern(value.clone());
        unit.constant(id);
    }
    for (texts, map) in [
        (&metadata.names, &mut unit.names),
        (&metadata.varnames, &mut unit.varnames),
        (&metadata.cellvars, &mut unit.cellvars),
        (&metadata.freevars, &mut unit.freevars),
    ] {
        for (i, text) in texts.iter().enumerate() {
            map.insert(names.intern_copy(text).0, i as u32);
        }
    }
    let first_free = unit.cellvars.len() as u32;
    for (i, text) in metadata.freevars.iter().enumerate() {
        unit.freevars.insert(names.intern_copy(text).0, first_free + i as u32);
    }
    let mut cfg = Cfg::default();
    cfg.build(&to_sequence(instructions)?)?;
    cfg.label_exceptions();
    let layout = cfg.finish(&unit, 0)?;
    Ok(assemble::assemble(&cfg, &mut assemble::Scratch::default(), &unit, &layout, filename, &mut names, &table)?.code)
}
