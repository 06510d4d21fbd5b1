//! Code generation: the tree to pseudo-instructions, one unit (code object to be) inside another.

mod annotations;
mod calls;
mod class;
mod comprehension;
mod expr;
mod function;
mod loops;
mod names;
mod pattern;
mod stmt;
mod strings;
mod tries;
mod unit;
mod with;

use std::sync::Arc;

use rustc_hash::FxHashSet;
use taipan_bytecode::code::{self, Code, MAX_BLOCKS, flags};
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{function_attribute, resume};
use taipan_bytecode::{Const, Op, Str};
use taipan_syntax::ast::{Mod, Stmt};

use crate::assemble;
use crate::consts::{ConstId, Consts};
use crate::error::{CompileError, Result, WarningSink, warn};
use crate::flowgraph::Cfg;
use crate::future::Future;
use crate::names::{Name, Names, known};
use crate::preprocess::Preprocess;
use crate::sequence::{Label, NO_LOCATION, Sequence};
use crate::symtable::{Entry, EntryId, Key, Scope, SymbolTable};
use crate::{Depth, Options, location, stages};

pub use unit::{Arguments, BlockKind, Datum, FrameBlock, Metadata, ScopeKind, Unit};

/// Values on the stack that code prefers to stay below.
pub const STACK_USE_GUIDELINE: usize = 30;

/// A finished code object with the names of its free variables.
pub struct Finished {
    /// The code object.
    pub code: Arc<Code>,
    /// What its closure holds, in order.
    pub freevars: Vec<Name>,
}

/// The state of a compilation.
pub struct Compiler<'a, 'w> {
    pub(crate) names: Names<'a>,
    pub(crate) table: SymbolTable,
    pub(crate) consts: Consts,
    pub(crate) unit: Unit<'a>,
    pub(crate) stack: Vec<Unit<'a>>,
    pub(crate) future: Future,
    pub(crate) flags: u32,
    pub(crate) preprocess: Preprocess,
    pub(crate) filename: Str,
    pub(crate) interactive: bool,
    pub(crate) sink: &'w mut WarningSink<'w>,
    pub(crate) depth: Depth,
    /// Nesting of code that is a second copy and must not warn again.
    muted: u32,
    workshop: Box<Workshop>,
    /// The instructions of the units finished inside the current one, if they are wanted.
    snapshots: Option<Vec<stages::Generated>>,
}

/// Memory that every unit needs. It goes from unit to unit, and from one compilation of a thread to the next.
#[derive(Default)]
struct Workshop {
    cfg: Cfg,
    scratch: assemble::Scratch,
    sequences: Vec<Sequence>,
    metadata: Vec<Metadata>,
}

impl Workshop {
    /// Whether it is worth keeping, and not large only because one unit was.
    fn is_handy(&self) -> bool {
        let sequences: usize = self.sequences.iter().map(|s| s.instructions.capacity()).sum();
        self.cfg.blocks() < 2000 && sequences < 20_000 && self.metadata.len() < 100
    }
}

thread_local! {
    static WORKSHOP: std::cell::Cell<Option<Box<Workshop>>> = const { std::cell::Cell::new(None) };
}

impl Drop for Compiler<'_, '_> {
    fn drop(&mut self) {
        if self.workshop.is_handy() {
            WORKSHOP.set(Some(std::mem::take(&mut self.workshop)));
        }
    }
}

impl<'a, 'w> Compiler<'a, 'w> {
    /// A compiler for the module that the symbol table belongs to.
    pub fn new(
        names: Names<'a>,
        table: SymbolTable,
        future: Future,
        options: &Options,
        depth: Depth,
        sink: &'w mut WarningSink<'w>,
    ) -> Compiler<'a, 'w> {
        Compiler {
            names,
            table,
            consts: Consts::default(),
            unit: Unit::default(),
            stack: Vec::new(),
            future,
            flags: options.flags,
            preprocess: Preprocess { optimize: options.optimize, as_written: false },
            filename: options.filename.clone(),
            interactive: false,
            sink,
            depth,
            muted: 0,
            workshop: WORKSHOP.take().unwrap_or_default(),
            snapshots: None,
        }
    }

    /// Compiles the module.
    pub fn module(&mut self, module: &'a Mod<'a>) -> Result<Arc<Code>> {
        self.module_instructions(module)?;
        let add_none = !matches!(module, Mod::Expression(_));
        Ok(self.finish_unit(add_none)?.code)
    }

    /// Generates the instructions of the module and of all units in it, but does not assemble the module.
    pub fn module_snapshot(&mut self, module: &'a Mod<'a>) -> Result<stages::Generated> {
        self.snapshots = Some(Vec::new());
        self.module_instructions(module)?;
        if !matches!(module, Mod::Expression(_)) {
            self.load_none(NO_LOCATION);
        }
        self.op(NO_LOCATION, Op::RETURN_VALUE);
        let nested = self.snapshots.take().unwrap_or_default();
        Ok(stages::snapshot(&self.unit.sequence, &self.unit.metadata, &self.names, &self.consts, nested))
    }

    fn module_instructions(&mut self, module: &'a Mod<'a>) -> Result {
        self.enter_scope(known::MODULE_CODE, ScopeKind::Module, Key::MODULE, 1, None, Arguments::default())?;
        match module {
            Mod::Module(m) => self.module_body(m.body, false),
            Mod::Interactive(m) => {
                self.interactive = true;
                self.module_body(m.body, true)
            }
            Mod::Expression(m) => self.expr(m.body),
            Mod::FunctionType(_) => Err(CompileError::system("this compiler does not handle FunctionTypes")),
        }
    }

    fn module_body(&mut self, body: &'a [Stmt<'a>], interactive: bool) -> Result {
        let first = match interactive {
            true => body.first(),
            false => {
                let body = self.preprocess.body(body);
                body.docstring.or(body.rest.first())
            }
        };
        let at = first.map_or(Location::new(1, 1, 0, 0), |s| location(s.range));
        if self.entry().has_conditional_annotations {
            self.emit(at, Op::BUILD_SET, 0);
            let arg = self.unit.metadata.name(known::CONDITIONAL_ANNOTATIONS);
            self.emit(at, Op::STORE_NAME, arg);
        }
        self.body(at, body, interactive)
    }

    // Instructions.

    /// Appends an instruction.
    #[inline]
    pub(crate) fn emit(&mut self, at: Location, op: Op, oparg: u32) {
        self.unit.sequence.push(op, oparg, at);
    }

    /// Appends an instruction without argument.
    #[inline]
    pub(crate) fn op(&mut self, at: Location, op: Op) {
        self.unit.sequence.push(op, 0, at);
    }

    /// Appends a jump (or the set-up of a handler).
    #[inline]
    pub(crate) fn jump(&mut self, at: Location, op: Op, target: Label) {
        self.unit.sequence.push(op, target.0, at);
    }

    /// A new label.
    #[inline]
    pub(crate) fn label(&mut self) -> Label {
        self.unit.sequence.new_label()
    }

    /// Places a label.
    #[inline]
    pub(crate) fn place(&mut self, label: Label) {
        self.unit.sequence.use_label(label);
    }

    /// Loads a constant.
    pub(crate) fn load_const_id(&mut self, at: Location, id: ConstId) {
        let arg = self.unit.metadata.constant(id);
        self.emit(at, Op::LOAD_CONST, arg);
    }

    /// Loads a constant.
    pub(crate) fn load_const(&mut self, at: Location, value: Const) {
        let id = self.consts.intern(value);
        self.load_const_id(at, id);
    }

    /// Loads `None`.
    pub(crate) fn load_none(&mut self, at: Location) {
        let id = self.consts.none();
        self.load_const_id(at, id);
    }

    /// Loads a name as a string.
    pub(crate) fn load_str(&mut self, at: Location, name: Name) {
        let text = self.names.text(name);
        let names = &mut self.names;
        let id = self.consts.intern_str(text.as_bytes(), || names.shared(name));
        self.load_const_id(at, id);
    }

    /// Loads a tuple of names.
    pub(crate) fn load_str_tuple(&mut self, at: Location, items: impl Iterator<Item = &'a str>) {
        let mut strings = Vec::new();
        for text in items {
            let name = self.names.intern(text);
            strings.push(Const::Str(self.names.shared(name)));
        }
        self.load_const(at, Const::Tuple(strings.into()));
    }

    // State.

    /// The symbols of the current unit.
    pub(crate) fn entry(&self) -> &Entry {
        self.table.entry(self.unit.entry)
    }

    pub(crate) fn error<T>(&self, at: Location, message: impl Into<String>) -> Result<T> {
        Err(CompileError::syntax(at, message))
    }

    pub(crate) fn warn(&mut self, at: Location, message: &str) -> Result {
        if self.muted > 0 { Ok(()) } else { warn(self.sink, at, message) }
    }

    pub(crate) fn future_annotations(&self) -> bool {
        self.future.features & flags::FUTURE_ANNOTATIONS != 0
    }

    // Units.

    /// Starts a unit inside the current one.
    pub(crate) fn enter_scope(
        &mut self,
        name: Name,
        kind: ScopeKind,
        key: Key,
        firstlineno: i32,
        private: Option<Name>,
        arguments: Arguments,
    ) -> Result {
        let entry_id: EntryId =
            self.table.lookup(key).ok_or_else(|| CompileError::system("unknown symbol table entry"))?;
        let entry = self.table.entry(entry_id);
        let mut metadata = self.workshop.metadata.pop().unwrap_or_default();
        metadata.name = name;
        metadata.qualname = name;
        metadata.firstlineno = firstlineno;
        metadata.arguments = arguments;
        for &name in &entry.varnames {
            metadata.varname(name);
        }
        let mut cells: Vec<Name> = Vec::new();
        let mut frees: Vec<Name> = Vec::new();
        for (key, symbol) in entry.symbols.iter() {
            let scope = crate::symtable::scope_of(symbol);
            if scope == Scope::Cell || symbol & crate::symtable::def::COMP_CELL != 0 {
                cells.push(Name(key));
            }
            if scope == Scope::Free || symbol & crate::symtable::def::FREE_CLASS != 0 {
                frees.push(Name(key));
            }
        }
        cells.sort_by_key(|&n| self.names.text(n));
        frees.sort_by_key(|&n| self.names.text(n));
        if entry.needs_class_closure {
            cells.push(known::CLASS);
        }
        if entry.needs_classdict {
            cells.push(known::CLASSDICT);
        }
        if entry.has_conditional_annotations {
            cells.push(known::CONDITIONAL_ANNOTATIONS);
        }
        for name in cells {
            metadata.cellvar(name);
        }
        let first_free = metadata.cellvars.len() as u32;
        for (i, name) in frees.into_iter().enumerate() {
            metadata.freevars.insert(name.0, first_free + i as u32);
        }
        let mut unit = Unit {
            entry: entry_id,
            kind,
            metadata,
            sequence: self.workshop.sequences.pop().unwrap_or_default(),
            static_attributes: (kind == ScopeKind::Class).then(FxHashSet::default),
            ..Unit::default()
        };
        if kind == ScopeKind::Module {
            unit.private = private;
            self.unit = unit;
        } else {
            if let Some(snapshots) = &mut self.snapshots {
                unit.outer_snapshots = Some(std::mem::take(snapshots));
            }
            unit.private = private.or(self.unit.private);
            let outer = std::mem::replace(&mut self.unit, unit);
            self.stack.push(outer);
            self.unit.metadata.qualname = self.qualname();
        }
        let mut at = Location::new(firstlineno, firstlineno, 0, 0);
        if kind == ScopeKind::Module {
            at.line = 0;
        }
        self.emit(at, Op::RESUME, resume::AT_FUNC_START);
        if kind == ScopeKind::Module {
            self.op(at, Op::ANNOTATIONS_PLACEHOLDER);
        }
        Ok(())
    }

    fn qualname(&mut self) -> Name {
        let name = self.unit.metadata.name;
        let depth = self.stack.len();
        if depth < 2 {
            return name;
        }
        let mut parent = &self.stack[depth - 1];
        if parent.kind == ScopeKind::Annotations {
            if depth == 2 {
                return name;
            }
            parent = &self.stack[depth - 2];
        }
        if matches!(self.unit.kind, ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Class) {
            let mangled = self.names.mangle(parent.private, name);
            if self.table.entry(parent.entry).scope(mangled) == Scope::GlobalExplicit {
                return name;
            }
        }
        let base = self.names.text(parent.metadata.qualname);
        let text = self.names.text(name);
        let full = match parent.kind {
            ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Lambda => format!("{base}.<locals>.{text}"),
            _ => format!("{base}.{text}"),
        };
        self.names.intern_copy(&full)
    }

    /// Ends the current unit: optimises and assembles it and goes back to the one around it.
    pub(crate) fn finish_unit(&mut self, add_none: bool) -> Result<Finished> {
        if add_none {
            self.load_none(NO_LOCATION);
        }
        self.op(NO_LOCATION, Op::RETURN_VALUE);
        let code_flags = self.code_flags();
        let outer = self.stack.pop().unwrap_or_default();
        let mut unit = std::mem::replace(&mut self.unit, outer);
        if let Some(nested) = self.snapshots.take() {
            let snapshot = stages::snapshot(&unit.sequence, &unit.metadata, &self.names, &self.consts, nested);
            let mut outer = unit.outer_snapshots.take().unwrap_or_default();
            outer.push(snapshot);
            self.snapshots = Some(outer);
        }
        let nparams = self.table.entry(unit.entry).varnames.len();
        let Workshop { cfg, scratch, sequences, metadata } = &mut *self.workshop;
        cfg.build(&unit.sequence)?;
        cfg.optimize(&mut self.consts, &mut unit.metadata, nparams)?;
        let layout = cfg.finish(&unit.metadata, code_flags)?;
        let finished =
            assemble::assemble(cfg, scratch, &unit.metadata, &layout, &self.filename, &mut self.names, &self.consts)?;
        unit.sequence.clear();
        sequences.push(unit.sequence);
        unit.metadata.clear();
        metadata.push(unit.metadata);
        Ok(finished)
    }

    fn code_flags(&self) -> u32 {
        let entry = self.entry();
        let mut result = 0;
        if entry.is_function_like() {
            result |= flags::NEWLOCALS | flags::OPTIMIZED;
            for (set, flag) in [
                (entry.nested, flags::NESTED),
                (entry.generator && !entry.coroutine, flags::GENERATOR),
                (entry.generator && entry.coroutine, flags::ASYNC_GENERATOR),
                (entry.varargs, flags::VARARGS),
                (entry.varkeywords, flags::VARKEYWORDS),
                (entry.has_docstring, flags::HAS_DOCSTRING),
                (entry.method, flags::METHOD),
            ] {
                if set {
                    result |= flag;
                }
            }
        }
        if entry.coroutine && !entry.generator {
            result |= flags::COROUTINE;
        }
        result | ((self.flags | self.future.features) & code::flags::FUTURE_MASK)
    }

    /// Makes a function of a code object: its closure, then `MAKE_FUNCTION`, then the attributes that lie on the stack.
    pub(crate) fn make_closure(&mut self, at: Location, finished: Finished, mut attributes: u32) -> Result {
        if !finished.freevars.is_empty() {
            for &name in &finished.freevars {
                let arg = self.closure_arg(name)?;
                self.emit(at, Op::LOAD_CLOSURE, arg);
            }
            attributes |= function_attribute::CLOSURE;
            self.emit(at, Op::BUILD_TUPLE, finished.freevars.len() as u32);
        }
        self.load_const(at, Const::Code(finished.code));
        self.op(at, Op::MAKE_FUNCTION);
        for attribute in [
            function_attribute::CLOSURE,
            function_attribute::ANNOTATIONS,
            function_attribute::ANNOTATE,
            function_attribute::KWDEFAULTS,
            function_attribute::DEFAULTS,
        ] {
            if attributes & attribute != 0 {
                self.emit(at, Op::SET_FUNCTION_ATTRIBUTE, attribute);
            }
        }
        Ok(())
    }

    fn closure_arg(&self, name: Name) -> Result<u32> {
        let metadata = &self.unit.metadata;
        let found = match self.ref_type(name) {
            Scope::Cell => metadata.cellvars.get(name.0),
            _ => metadata.freevars.get(name.0),
        };
        found.ok_or_else(|| CompileError::system(format!("no cell for the free variable '{}'", self.names.text(name))))
    }

    /// Where the current unit keeps a name that a closure needs.
    pub(crate) fn ref_type(&self, name: Name) -> Scope {
        if self.unit.kind == ScopeKind::Class
            && matches!(name, known::CLASS | known::CLASSDICT | known::CONDITIONAL_ANNOTATIONS)
        {
            return Scope::Cell;
        }
        self.entry().scope(name)
    }

    // Frame blocks.

    pub(crate) fn push_block(
        &mut self,
        at: Location,
        kind: BlockKind,
        block: Label,
        exit: Label,
        datum: Datum<'a>,
    ) -> Result {
        if self.unit.blocks.len() >= MAX_BLOCKS {
            return self.error(at, "too many statically nested blocks");
        }
        self.unit.blocks.push(FrameBlock { kind, block, exit, location: at, datum });
        Ok(())
    }

    pub(crate) fn pop_block(&mut self, kind: BlockKind) {
        let popped = self.unit.blocks.pop();
        debug_assert_eq!(popped.map(|b| b.kind), Some(kind));
    }
}
