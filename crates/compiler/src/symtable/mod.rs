//! The symbol table: for every block of a module, which names it holds and in which scope each of them lives.
//!
//! Two passes: `build` walks the tree and records what is done to each name in each block; `analyze` then decides, from
//! the outside in, where each name is bound, and from the inside out, which bindings are shared through cells.

mod analyze;
mod build;

use rustc_hash::{FxHashMap, FxHashSet};
use taipan_bytecode::location_table::Location;

use crate::names::{Name, Names};
use crate::ordered_map::OrderedMap;

pub(crate) use build::build;

/// What is done to a name in a block, as bits; the scope is kept above them.
#[allow(missing_docs)]
pub mod def {
    pub const GLOBAL: u32 = 1;
    pub const LOCAL: u32 = 2;
    pub const PARAM: u32 = 2 << 1;
    pub const NONLOCAL: u32 = 2 << 2;
    pub const USE: u32 = 2 << 3;
    pub const FREE_CLASS: u32 = 2 << 5;
    pub const IMPORT: u32 = 2 << 6;
    pub const ANNOT: u32 = 2 << 7;
    pub const COMP_ITER: u32 = 2 << 8;
    pub const TYPE_PARAM: u32 = 2 << 9;
    pub const COMP_CELL: u32 = 2 << 10;
    pub const BOUND: u32 = LOCAL | PARAM | IMPORT;
    pub const SCOPE_OFFSET: u32 = 12;
    pub const SCOPE_MASK: u32 = 15;
}

/// Where a name of a block lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Scope {
    Unknown = 0,
    Local = 1,
    GlobalExplicit = 2,
    GlobalImplicit = 3,
    Free = 4,
    Cell = 5,
}

/// The scope within a symbol's bits.
pub fn scope_of(symbol: u32) -> Scope {
    match symbol >> def::SCOPE_OFFSET & def::SCOPE_MASK {
        1 => Scope::Local,
        2 => Scope::GlobalExplicit,
        3 => Scope::GlobalImplicit,
        4 => Scope::Free,
        5 => Scope::Cell,
        _ => Scope::Unknown,
    }
}

/// The kinds of blocks, numbered as `_symtable` numbers them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum BlockKind {
    Function = 0,
    Class = 1,
    Module = 2,
    Annotation = 3,
    TypeAlias = 4,
    TypeParameters = 5,
    TypeVariable = 6,
}

/// The kinds of comprehensions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Comprehension {
    No,
    List,
    Dict,
    Set,
    Generator,
}

/// A block's place in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct EntryId(pub u32);

/// Names the node that a block stands for: its address, and which of several blocks of one address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(usize, u8);

impl Key {
    /// The block of a statement, expression or argument list.
    pub fn node<T>(node: &T) -> Key {
        Key(std::ptr::from_ref(node) as usize, 0)
    }

    /// The block around the type parameters of a generic.
    pub fn type_params<T>(list: &[T]) -> Key {
        Key(list.as_ptr() as usize, 1)
    }

    /// The block of a bound, or the only default.
    pub fn bound<T>(node: &T) -> Key {
        Key(std::ptr::from_ref(node) as usize, 2)
    }

    /// The block of the default beside a bound.
    pub fn default<T>(node: &T) -> Key {
        Key(std::ptr::from_ref(node) as usize, 3)
    }

    /// The module.
    pub const MODULE: Key = Key(0, 0);

    /// The annotations of the block with this key.
    pub fn annotations(self) -> Key {
        Key(self.0, 4 + self.1)
    }
}

/// One block.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Entry {
    pub key: Key,
    pub name: Name,
    pub kind: BlockKind,
    pub symbols: OrderedMap<u32>,
    pub varnames: Vec<Name>,
    pub children: Vec<EntryId>,
    /// Where `global` and `nonlocal` statements (and `:=` in comprehensions) name a name.
    pub directives: Vec<(Name, Location)>,
    /// The only names that are mangled, by index into the table's sets.
    pub mangled_names: Option<u32>,
    /// What an error message calls the block of a type variable.
    pub scope_info: &'static str,
    pub nested: bool,
    pub generator: bool,
    pub coroutine: bool,
    pub annotations_used: bool,
    pub comprehension: Comprehension,
    pub varargs: bool,
    pub varkeywords: bool,
    pub returns_value: bool,
    pub needs_class_closure: bool,
    pub needs_classdict: bool,
    pub comp_inlined: bool,
    pub comp_iter_target: bool,
    pub can_see_class_scope: bool,
    pub has_docstring: bool,
    pub method: bool,
    pub has_conditional_annotations: bool,
    pub in_conditional_block: bool,
    pub in_unevaluated_annotation: bool,
    /// Nesting depth of comprehension iterables around the current position.
    pub comp_iter_expr: u32,
    pub location: Location,
    pub annotation_block: Option<EntryId>,
}

impl Entry {
    /// Whether names of the block are fast locals.
    pub fn is_function_like(&self) -> bool {
        !matches!(self.kind, BlockKind::Class | BlockKind::Module)
    }

    /// The bits of a name; 0 when the block does not know it.
    pub fn symbol(&self, name: Name) -> u32 {
        self.symbols.get(name.0).unwrap_or(0)
    }

    /// The scope of a name.
    pub fn scope(&self, name: Name) -> Scope {
        scope_of(self.symbol(name))
    }
}

/// The blocks of a module.
#[derive(Debug, Default)]
pub struct SymbolTable {
    entries: Vec<Entry>,
    blocks: FxHashMap<Key, EntryId>,
    mangled_sets: Vec<FxHashSet<Name>>,
}

impl SymbolTable {
    /// The block of the module.
    pub const TOP: EntryId = EntryId(0);

    /// A block.
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// A block, to change.
    pub fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    /// The block of a node.
    pub fn lookup(&self, key: Key) -> Option<EntryId> {
        self.blocks.get(&key).copied()
    }

    /// The blocks, in the order in which they were met.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// A name as the block of `entry` knows it inside the class `private`.
    pub fn maybe_mangle(&self, names: &mut Names<'_>, private: Option<Name>, entry: EntryId, name: Name) -> Name {
        if let Some(set) = self.entry(entry).mangled_names
            && !self.mangled_sets[set as usize].contains(&name)
        {
            return name;
        }
        names.mangle(private, name)
    }
}
