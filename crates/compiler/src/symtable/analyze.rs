//! The second pass: scopes.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::{BlockKind, Comprehension, EntryId, Scope, SymbolTable, def, scope_of};
use crate::Depth;
use crate::error::{CompileError, Result};
use crate::names::{Name, Names, known};
use crate::ordered_map::OrderedMap;
use taipan_bytecode::location_table::Location;

type NameSet = FxHashSet<Name>;

/// What a block sees of the blocks around it. Blocks share the sets until one changes its own.
struct Context {
    /// Names bound in enclosing function-like blocks; `None` for the module.
    bound: Option<Rc<NameSet>>,
    /// Names declared global around here.
    global: Rc<NameSet>,
    /// Type parameters around here.
    type_params: Rc<NameSet>,
    /// The class whose namespace the block sees.
    class: Option<EntryId>,
}

/// Decides the scopes of all names of all blocks.
pub(super) fn analyze(table: &mut SymbolTable, names: &Names<'_>, depth: &Depth) -> Result {
    let mut context = Context { bound: None, global: Rc::default(), type_params: Rc::default(), class: None };
    let mut free = Vec::new();
    Analyzer { table, names, depth }.block(SymbolTable::TOP, &mut context, &mut free)
}

struct Analyzer<'t, 'n, 'a> {
    table: &'t mut SymbolTable,
    names: &'n Names<'a>,
    depth: &'n Depth,
}

fn add(set: &mut Vec<Name>, name: Name) {
    if !set.contains(&name) {
        set.push(name);
    }
}

/// Removes a name from a shared set, which is copied only if it holds the name.
fn forget(set: &mut Rc<NameSet>, name: Name) {
    if set.contains(&name) {
        Rc::make_mut(set).remove(&name);
    }
}

fn discard(set: &mut Vec<Name>, name: Name) -> bool {
    let before = set.len();
    set.retain(|&n| n != name);
    set.len() != before
}

impl Analyzer<'_, '_, '_> {
    fn directive_error(&self, id: EntryId, name: Name, message: String) -> CompileError {
        let directives = &self.table.entry(id).directives;
        let at = directives.iter().find(|d| d.0 == name).map_or(Location::NONE, |d| d.1);
        CompileError::syntax(at, message)
    }

    /// Decides the scope of one name; `local` collects what the block binds.
    fn name(
        &mut self,
        id: EntryId,
        name: Name,
        flags: u32,
        context: &mut Context,
        local: &mut Vec<Name>,
        free: &mut Vec<Name>,
    ) -> Result<Scope> {
        let text = |name: Name| self.names.text(name);
        if flags & def::GLOBAL != 0 {
            if flags & def::NONLOCAL != 0 {
                return Err(self.directive_error(id, name, format!("name '{}' is nonlocal and global", text(name))));
            }
            Rc::make_mut(&mut context.global).insert(name);
            if let Some(bound) = &mut context.bound {
                forget(bound, name);
            }
            return Ok(Scope::GlobalExplicit);
        }
        if flags & def::NONLOCAL != 0 {
            let Some(bound) = &context.bound else {
                return Err(self.directive_error(id, name, "nonlocal declaration not allowed at module level".into()));
            };
            if !bound.contains(&name) {
                return Err(self.directive_error(id, name, format!("no binding for nonlocal '{}' found", text(name))));
            }
            if context.type_params.contains(&name) {
                let message = format!("nonlocal binding not allowed for type parameter '{}'", text(name));
                return Err(self.directive_error(id, name, message));
            }
            add(free, name);
            return Ok(Scope::Free);
        }
        if flags & def::BOUND != 0 {
            local.push(name);
            forget(&mut context.global, name);
            if flags & def::TYPE_PARAM != 0 {
                Rc::make_mut(&mut context.type_params).insert(name);
            } else {
                forget(&mut context.type_params, name);
            }
            return Ok(Scope::Local);
        }
        // What the class around binds is looked up there and in the globals, never in the functions further out.
        if let Some(class) = context.class {
            let in_class = self.table.entry(class).symbol(name);
            if in_class & def::GLOBAL != 0 {
                return Ok(Scope::GlobalExplicit);
            }
            if in_class & def::BOUND != 0 && in_class & def::NONLOCAL == 0 {
                return Ok(Scope::GlobalImplicit);
            }
        }
        if context.bound.as_ref().is_some_and(|bound| bound.contains(&name)) {
            add(free, name);
            return Ok(Scope::Free);
        }
        Ok(Scope::GlobalImplicit)
    }

    /// Analyzes a block and those in it; adds to `free` the names that it leaves free.
    fn block(&mut self, id: EntryId, context: &mut Context, free: &mut Vec<Name>) -> Result {
        self.depth.check()?;
        let (kind, function_like, sees_class) = {
            let entry = self.table.entry(id);
            (entry.kind, entry.is_function_like(), entry.can_see_class_scope)
        };
        let is_class = kind == BlockKind::Class;
        let mut scopes: OrderedMap<Scope> = OrderedMap::default();
        let mut local = Vec::new();
        let mut new_free: Vec<Name> = Vec::new();
        let mut inlined_cells: Vec<Name> = Vec::new();

        // A class hands on what it sees, not what it binds.
        let mut before = is_class.then(|| (context.bound.clone().unwrap_or_default(), context.global.clone()));
        for position in 0..self.table.entry(id).symbols.len() {
            let Some((key, flags)) = self.table.entry(id).symbols.at(position) else { break };
            let scope = self.name(id, Name(key), flags, context, &mut local, free)?;
            scopes.insert(key, scope);
        }
        let children = std::mem::take(&mut self.table.entry_mut(id).children);
        let (mut bound, global) =
            before.take().unwrap_or_else(|| (context.bound.clone().unwrap_or_default(), context.global.clone()));
        if children.is_empty() {
            // Nobody asks.
        } else if is_class {
            let names = [known::CLASS, known::CLASSDICT, known::CONDITIONAL_ANNOTATIONS];
            if !names.iter().all(|name| bound.contains(name)) {
                Rc::make_mut(&mut bound).extend(names);
            }
        } else if function_like && !local.is_empty() {
            Rc::make_mut(&mut bound).extend(local.iter().copied());
        }

        for &child in &children {
            let entry = self.table.entry(child);
            let inlines = entry.comprehension != Comprehension::No && !entry.generator && !sees_class;
            let class = match entry.can_see_class_scope {
                true if is_class => Some(id),
                true => context.class,
                false => None,
            };
            let mut inner = Context {
                bound: Some(bound.clone()),
                global: global.clone(),
                type_params: context.type_params.clone(),
                class,
            };
            let mut child_free = new_free.clone();
            self.block(child, &mut inner, &mut child_free)?;
            if inlines {
                self.inline(id, child, &mut scopes, &mut child_free, &mut inlined_cells);
                self.table.entry_mut(child).comp_inlined = true;
            }
            for name in child_free {
                add(&mut new_free, name);
            }
        }
        self.table.entry_mut(id).children = children;

        // What is in an inlined comprehension is now in this block.
        if self.table.entry(id).children.iter().any(|&c| self.table.entry(c).comp_inlined) {
            let mut children = Vec::new();
            for &child in &self.table.entry(id).children {
                let entry = self.table.entry(child);
                if entry.comp_inlined {
                    children.extend_from_slice(&entry.children);
                } else {
                    children.push(child);
                }
            }
            self.table.entry_mut(id).children = children;
        }

        if function_like {
            // A local that something inside leaves free is shared through a cell.
            for position in 0..scopes.len() {
                let Some((key, scope)) = scopes.at(position) else { break };
                let name = Name(key);
                if scope == Scope::Local && (new_free.contains(&name) || inlined_cells.contains(&name)) {
                    scopes.set_at(position, Scope::Cell);
                    discard(&mut new_free, name);
                }
            }
        } else if is_class {
            let entry = self.table.entry_mut(id);
            entry.needs_class_closure |= discard(&mut new_free, known::CLASS);
            entry.needs_classdict |= discard(&mut new_free, known::CLASSDICT);
            entry.has_conditional_annotations |= discard(&mut new_free, known::CONDITIONAL_ANNOTATIONS);
        }
        self.record(id, &scopes, context.bound.as_ref(), &new_free, &inlined_cells, is_class || sees_class);
        for name in new_free {
            add(free, name);
        }
        Ok(())
    }

    /// Merges the symbols of a comprehension into the block that runs it.
    fn inline(
        &mut self,
        id: EntryId,
        comp: EntryId,
        scopes: &mut OrderedMap<Scope>,
        comp_free: &mut Vec<Name>,
        inlined_cells: &mut Vec<Name>,
    ) {
        let is_class = self.table.entry(id).kind == BlockKind::Class;
        let mut dropped = Vec::new();
        for position in 0..self.table.entry(comp).symbols.len() {
            let Some((key, symbol)) = self.table.entry(comp).symbols.at(position) else { break };
            if symbol & def::PARAM != 0 {
                continue;
            }
            let name = Name(key);
            let mut scope = scope_of(symbol);
            let flags = symbol & ((1 << def::SCOPE_OFFSET) - 1);
            if scope == Scope::Cell || flags & def::COMP_CELL != 0 {
                add(inlined_cells, name);
            }
            // These are never free through a class; functions in the comprehension get them from the class itself.
            if scope == Scope::Free
                && is_class
                && matches!(name, known::CLASS | known::CLASSDICT | known::CONDITIONAL_ANNOTATIONS)
            {
                scope = Scope::GlobalImplicit;
                if !self.free_in_a_child(comp, name) {
                    discard(comp_free, name);
                }
                dropped.push(name);
            }
            match self.table.entry(id).symbols.get(key) {
                None => {
                    self.table.entry_mut(id).symbols.insert(key, flags);
                    scopes.insert(key, scope);
                }
                Some(outer) => {
                    if outer & def::BOUND != 0 && !is_class && !self.free_in_a_child(comp, name) {
                        discard(comp_free, name);
                    }
                }
            }
        }
        for name in dropped {
            self.table.entry_mut(comp).symbols.remove(name.0);
        }
    }

    fn free_in_a_child(&self, id: EntryId, name: Name) -> bool {
        self.table.entry(id).children.iter().any(|&child| self.table.entry(child).scope(name) == Scope::Free)
    }

    /// Writes the scopes into the symbols of a block and adds the free names that pass through it.
    fn record(
        &mut self,
        id: EntryId,
        scopes: &OrderedMap<Scope>,
        bound: Option<&Rc<NameSet>>,
        free: &[Name],
        inlined_cells: &[Name],
        class_flag: bool,
    ) {
        let symbols = &mut self.table.entry_mut(id).symbols;
        for position in 0..symbols.len() {
            let Some((key, mut flags)) = symbols.at(position) else { break };
            if inlined_cells.contains(&Name(key)) {
                flags |= def::COMP_CELL;
            }
            let scope = scopes.get(key).unwrap_or(Scope::Unknown);
            symbols.set_at(position, flags | (scope as u32) << def::SCOPE_OFFSET);
        }
        for &name in free {
            match symbols.get(name.0) {
                Some(flags) => {
                    if class_flag {
                        symbols.insert(name.0, flags | def::FREE_CLASS);
                    }
                }
                None if bound.is_some_and(|bound| !bound.contains(&name)) => {}
                None => symbols.insert(name.0, (Scope::Free as u32) << def::SCOPE_OFFSET),
            }
        }
    }
}
