//! The state of one code object in the making.

use rustc_hash::FxHashSet;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::Stmt;

use crate::consts::ConstId;
use crate::names::{Name, known};
use crate::ordered_map::OrderedMap;
use crate::sequence::{Label, Sequence};
use crate::symtable::EntryId;

/// What a unit is made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs)]
pub enum ScopeKind {
    #[default]
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    Annotations,
}

/// Numbers of parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arguments {
    /// Positional only.
    pub posonly: u32,
    /// Positional or by keyword.
    pub args: u32,
    /// By keyword only.
    pub kwonly: u32,
}

/// Names and constants of a unit, each table with the argument that instructions use.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Metadata {
    pub name: Name,
    pub qualname: Name,
    pub firstlineno: i32,
    pub arguments: Arguments,
    pub consts: OrderedMap<u32>,
    pub names: OrderedMap<u32>,
    pub varnames: OrderedMap<u32>,
    pub cellvars: OrderedMap<u32>,
    /// Numbered after the cells.
    pub freevars: OrderedMap<u32>,
    /// Locals of inlined comprehensions outside of functions; true while inside of one.
    pub fast_hidden: OrderedMap<bool>,
}

impl Default for Metadata {
    fn default() -> Self {
        Metadata {
            name: known::EMPTY,
            qualname: known::EMPTY,
            firstlineno: 0,
            arguments: Arguments::default(),
            consts: OrderedMap::default(),
            names: OrderedMap::default(),
            varnames: OrderedMap::default(),
            cellvars: OrderedMap::default(),
            freevars: OrderedMap::default(),
            fast_hidden: OrderedMap::default(),
        }
    }
}

fn number(map: &mut OrderedMap<u32>, key: u32) -> u32 {
    let next = map.len() as u32;
    map.get_or_insert(key, next)
}

impl Metadata {
    /// Makes it empty, keeping its memory.
    pub fn clear(&mut self) {
        let Metadata { consts, names, varnames, cellvars, freevars, fast_hidden, .. } = self;
        [consts, names, varnames, cellvars, freevars].into_iter().for_each(OrderedMap::clear);
        fast_hidden.clear();
    }

    /// The number of a name.
    pub fn name(&mut self, name: Name) -> u32 {
        number(&mut self.names, name.0)
    }

    /// The number of a local.
    pub fn varname(&mut self, name: Name) -> u32 {
        number(&mut self.varnames, name.0)
    }

    /// The number of a cell.
    pub fn cellvar(&mut self, name: Name) -> u32 {
        number(&mut self.cellvars, name.0)
    }

    /// The number of a free variable.
    pub fn freevar(&mut self, name: Name) -> u32 {
        number(&mut self.freevars, name.0)
    }

    /// The number of a constant.
    pub fn constant(&mut self, id: ConstId) -> u32 {
        number(&mut self.consts, id.0)
    }
}

/// What a frame block is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum BlockKind {
    WhileLoop,
    ForLoop,
    TryExcept,
    FinallyTry,
    FinallyEnd,
    With,
    AsyncWith,
    HandlerCleanup,
    PopValue,
    ExceptionHandler,
    ExceptionGroupHandler,
    AsyncComprehensionGenerator,
    StopIteration,
}

/// What the code that leaves a block needs to know.
#[derive(Clone, Copy)]
pub enum Datum<'a> {
    /// Nothing.
    None,
    /// The statements of `finally`.
    Finally(&'a [Stmt<'a>]),
    /// The name bound by `except ... as name`.
    Name(Name),
}

/// A loop, handler or the like around the current statement: what leaving it has to undo.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct FrameBlock<'a> {
    pub kind: BlockKind,
    pub block: Label,
    pub exit: Label,
    pub location: Location,
    pub datum: Datum<'a>,
}

/// A code object in the making.
pub struct Unit<'a> {
    /// Its symbols.
    pub entry: EntryId,
    /// What it is made from.
    pub kind: ScopeKind,
    /// The class around, for mangling.
    pub private: Option<Name>,
    /// Attributes assigned through `self` in the methods of a class.
    pub static_attributes: Option<FxHashSet<Name>>,
    /// Annotated assignments with the index of the annotation, if it is conditional.
    pub deferred_annotations: Vec<(&'a Stmt<'a>, Option<u32>)>,
    /// Conditional annotations so far.
    pub next_conditional_annotation: u32,
    /// The instructions.
    pub sequence: Sequence,
    /// The instructions, while those of the annotations are being made.
    pub stashed: Option<Sequence>,
    /// Inlined comprehensions around the current expression.
    pub inlined_comprehensions: u32,
    /// Conditionally executed statements around the current one.
    pub conditional_blocks: u32,
    /// Loops and handlers around the current statement.
    pub blocks: Vec<FrameBlock<'a>>,
    /// Names and constants.
    pub metadata: Metadata,
    /// Instructions of the units finished in the unit around, kept while this one is made.
    pub outer_snapshots: Option<Vec<crate::stages::Generated>>,
}

impl Default for Unit<'_> {
    fn default() -> Self {
        Unit {
            entry: EntryId(0),
            kind: ScopeKind::Module,
            private: None,
            static_attributes: None,
            deferred_annotations: Vec::new(),
            next_conditional_annotation: 0,
            sequence: Sequence::default(),
            stashed: None,
            inlined_comprehensions: 0,
            conditional_blocks: 0,
            blocks: Vec::new(),
            metadata: Metadata::default(),
            outer_snapshots: None,
        }
    }
}
