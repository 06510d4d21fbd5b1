//! Loading, storing and deleting names; attributes and other names as arguments.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::ExprContext;

use super::Compiler;
use crate::error::{CompileError, Result};
use crate::names::{Name, known};
use crate::symtable::{BlockKind, Scope};

/// How an attribute is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AttrOp {
    Load,
    LoadMethod,
    Store,
    Delete,
    Super { method: bool, explicit: bool },
}

enum Access {
    Fast,
    Global,
    Deref,
    Name,
}

impl<'a> Compiler<'a, '_> {
    /// A name as the current unit knows it.
    pub(super) fn mangled(&mut self, name: Name) -> Name {
        self.table.maybe_mangle(&mut self.names, self.unit.private, self.unit.entry, name)
    }

    /// The number of a mangled name in `co_names`.
    pub(super) fn name_arg(&mut self, name: Name) -> u32 {
        let mangled = self.mangled(name);
        self.unit.metadata.name(mangled)
    }

    pub(super) fn attribute_op(&mut self, at: Location, op: AttrOp, attr: &'a str) {
        let name = self.names.intern(attr);
        let arg = self.name_arg(name);
        let (op, arg) = match op {
            AttrOp::Load => (Op::LOAD_ATTR, arg << 1),
            AttrOp::LoadMethod => (Op::LOAD_ATTR, arg << 1 | 1),
            AttrOp::Store => (Op::STORE_ATTR, arg),
            AttrOp::Delete => (Op::DELETE_ATTR, arg),
            AttrOp::Super { method, explicit } => {
                (Op::LOAD_SUPER_ATTR, arg << 2 | (explicit as u32) << 1 | method as u32)
            }
        };
        self.emit(at, op, arg);
    }

    pub(super) fn load_name(&mut self, at: Location, name: Name) -> Result {
        self.name_op(at, name, ExprContext::Load)
    }

    pub(super) fn store_name(&mut self, at: Location, name: Name) -> Result {
        self.name_op(at, name, ExprContext::Store)
    }

    fn load_classdict(&mut self, at: Location) {
        let arg = self.unit.metadata.freevar(known::CLASSDICT);
        self.emit(at, Op::LOAD_DEREF, arg);
    }

    /// Loads, stores or deletes a name.
    pub(super) fn name_op(&mut self, at: Location, name: Name, ctx: ExprContext) -> Result {
        let mangled = self.mangled(name);
        let entry = self.entry();
        let scope = entry.scope(mangled);
        let function_like = entry.is_function_like();
        let is_class = entry.kind == BlockKind::Class;
        let sees_class = entry.can_see_class_scope;
        let inlined = self.unit.inlined_comprehensions > 0;
        let access = match scope {
            Scope::Free | Scope::Cell => Access::Deref,
            Scope::Local if function_like => Access::Fast,
            Scope::Local if self.unit.metadata.fast_hidden.get(mangled.0) == Some(true) => Access::Fast,
            Scope::GlobalImplicit if function_like => Access::Global,
            Scope::GlobalExplicit => Access::Global,
            Scope::Local | Scope::GlobalImplicit => Access::Name,
            Scope::Unknown if self.names.text(name).starts_with('_') || function_like => Access::Name,
            Scope::Unknown => {
                return Err(CompileError::system(format!("unknown scope of name '{}'", self.names.text(name))));
            }
        };
        let metadata = &mut self.unit.metadata;
        let (op, arg) = match access {
            Access::Fast => {
                let op = match ctx {
                    ExprContext::Load => Op::LOAD_FAST,
                    ExprContext::Store => Op::STORE_FAST,
                    ExprContext::Del => Op::DELETE_FAST,
                };
                (op, metadata.varname(mangled))
            }
            Access::Deref => {
                let arg = if scope == Scope::Free { metadata.freevar(mangled) } else { metadata.cellvar(mangled) };
                let op = match ctx {
                    ExprContext::Load if is_class && !inlined => {
                        self.op(at, Op::LOAD_LOCALS);
                        Op::LOAD_FROM_DICT_OR_DEREF
                    }
                    ExprContext::Load if sees_class => {
                        self.load_classdict(at);
                        Op::LOAD_FROM_DICT_OR_DEREF
                    }
                    ExprContext::Load => Op::LOAD_DEREF,
                    ExprContext::Store => Op::STORE_DEREF,
                    ExprContext::Del => Op::DELETE_DEREF,
                };
                (op, arg)
            }
            Access::Global => {
                let arg = metadata.name(mangled);
                match ctx {
                    ExprContext::Load if sees_class && scope == Scope::GlobalImplicit => {
                        self.load_classdict(at);
                        (Op::LOAD_FROM_DICT_OR_GLOBALS, arg)
                    }
                    ExprContext::Load => (Op::LOAD_GLOBAL, arg << 1),
                    ExprContext::Store => (Op::STORE_GLOBAL, arg),
                    ExprContext::Del => (Op::DELETE_GLOBAL, arg),
                }
            }
            Access::Name => {
                let arg = metadata.name(mangled);
                match ctx {
                    ExprContext::Load if is_class && inlined => (Op::LOAD_GLOBAL, arg << 1),
                    ExprContext::Load => (Op::LOAD_NAME, arg),
                    ExprContext::Store => (Op::STORE_NAME, arg),
                    ExprContext::Del => (Op::DELETE_NAME, arg),
                }
            }
        };
        self.emit(at, op, arg);
        Ok(())
    }
}
