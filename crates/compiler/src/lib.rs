//! From a syntax tree to the code object that CPython 3.14 makes of it, byte for byte.
//!
//! The stages, in order: `future` reads future statements, `preprocess` says how the tree is to be read, `symtable` decides
//! where names live, `codegen` writes pseudo-instructions, `flowgraph` turns them into basic blocks and optimises them,
//! `assemble` lays out the code object. No stage knows Python objects: constants are plain data.
#![warn(missing_docs)]

mod assemble;
mod codegen;
mod consts;
mod docstring;
mod error;
mod flowgraph;
mod fold;
mod future;
mod names;
mod ordered_map;
pub mod preprocess;
pub mod repr;
mod sequence;
pub mod stages;
pub mod symtable;
mod unparse;

use std::sync::Arc;

use bumpalo::Bump;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::{Code, Str};
use taipan_syntax::Arena;
use taipan_syntax::ast::{Mod, Span};

pub use error::{CompileError, ErrorKind, Result, WarningSink};
pub use names::{Name, Names};

/// The flag of `compile()` that allows `await` outside of functions.
pub const ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;

/// How much of the stack a compilation may use, unless [`Options`] say otherwise: what the smallest usual threads have to
/// spare.
pub const DEFAULT_STACK_BYTES: usize = 1 << 20;

/// What `compile()` is told beside the tree.
#[derive(Clone, Debug)]
pub struct Options {
    /// `co_filename`
    pub filename: Str,
    /// 0; 1 for `-O`: no assertions; 2 for `-OO`: no docstrings either.
    pub optimize: u8,
    /// Future features that are on from the start, and [`ALLOW_TOP_LEVEL_AWAIT`].
    pub flags: u32,
    /// How much of the stack may be used; a tree too deep for that is a `RecursionError`.
    pub stack_bytes: usize,
}

impl Options {
    /// The usual options.
    pub fn new(filename: impl Into<Str>) -> Options {
        Options { filename: filename.into(), optimize: 0, flags: 0, stack_bytes: DEFAULT_STACK_BYTES }
    }
}

/// Watches how much of the stack is used; every recursive walk over the tree asks it at each step.
#[derive(Clone, Debug)]
pub(crate) struct Depth {
    start: usize,
    budget: usize,
}

/// Where the stack ends at present.
#[inline(always)]
fn stack_position() -> usize {
    let marker = 0u8;
    std::ptr::from_ref(std::hint::black_box(&marker)) as usize
}

impl Depth {
    fn new(budget: usize) -> Depth {
        Depth { start: stack_position(), budget }
    }

    /// Asks for one more level.
    #[inline]
    pub(crate) fn check(&self) -> Result {
        let used = self.start.abs_diff(stack_position());
        if used > self.budget { Err(CompileError::too_deep(used)) } else { Ok(()) }
    }

    /// Asks for a chain of this many operators, which is not walked by recursion: what is made of it later may be (and a
    /// long chain of texts to be joined takes the time of its length squared).
    pub(crate) fn check_chain(&self, length: usize) -> Result {
        const LEVEL: usize = 200;
        let used = self.start.abs_diff(stack_position()).saturating_add(length.saturating_mul(LEVEL));
        if used > self.budget { Err(CompileError::too_deep(used)) } else { Ok(()) }
    }
}

/// A node's place in the form of the location table.
#[inline]
pub(crate) fn location(span: Span) -> Location {
    Location::new(span.lineno as i32, span.end_lineno as i32, span.col_offset as i32, span.end_col_offset as i32)
}

/// Compiles a tree.
pub fn compile(module: &Mod<'_>, options: &Options, warnings: &mut WarningSink<'_>) -> Result<Arc<Code>> {
    let arena = Arena::new();
    compile_in(arena.bump(), module, options, warnings)
}

fn compile_in<'a>(
    bump: &'a Bump,
    module: &'a Mod<'a>,
    options: &Options,
    warnings: &mut WarningSink<'_>,
) -> Result<Arc<Code>> {
    let mut warnings = |message: &str, at: Location| warnings(message, at);
    let depth = Depth::new(options.stack_bytes);
    let (names, table, future) = analyze_in(bump, module, options, Some(&mut warnings), &depth)?;
    codegen::Compiler::new(names, table, future, options, depth, &mut warnings).module(module)
}

type Analyzed<'a> = (Names<'a>, symtable::SymbolTable, future::Future);

/// Everything before code generation. Without `warnings` the tree is taken as written, not prepared for code.
fn analyze_in<'a>(
    bump: &'a Bump,
    module: &'a Mod<'a>,
    options: &Options,
    warnings: Option<&mut WarningSink<'_>>,
    depth: &Depth,
) -> Result<Analyzed<'a>> {
    let mut future = future::future(module).map_err(CompileError::early)?;
    future.features |= options.flags;
    let preprocess = preprocess::Preprocess { optimize: options.optimize, as_written: warnings.is_none() };
    if let Some(warnings) = warnings {
        preprocess::check_finally(module, warnings, depth)?;
    }
    let mut names = Names::new(bump);
    let table = symtable::build(module, &mut names, &future, preprocess, depth).map_err(CompileError::early)?;
    Ok((names, table, future))
}

/// Builds the symbol table of a tree and passes it to `read`, as `_symtable.symtable()` wants it.
pub fn with_symbol_table<T>(
    module: &Mod<'_>,
    options: &Options,
    read: impl FnOnce(&symtable::SymbolTable, &Names<'_>) -> T,
) -> Result<T> {
    let bump = Bump::new();
    with_symbol_table_in(&bump, module, options, read)
}

fn with_symbol_table_in<'a, T>(
    bump: &'a Bump,
    module: &'a Mod<'a>,
    options: &Options,
    read: impl FnOnce(&symtable::SymbolTable, &Names<'_>) -> T,
) -> Result<T> {
    let depth = Depth::new(options.stack_bytes);
    let (names, table, _) = analyze_in(bump, module, options, None, &depth)?;
    Ok(read(&table, &names))
}
