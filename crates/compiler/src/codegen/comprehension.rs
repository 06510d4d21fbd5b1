//! Comprehensions, inlined into the code around them (PEP 709), and generator expressions.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::*;

use super::{Arguments, BlockKind, Compiler, Datum, ScopeKind};
use crate::error::{CompileError, Result};
use crate::location;
use crate::names::{Name, known};
use crate::sequence::{Label, NO_LOCATION};
use crate::symtable::{self, EntryId, Key, Scope, def};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Generator,
    List,
    Set,
    Dict,
}

/// What a comprehension computes.
#[derive(Clone, Copy)]
struct Plan<'a> {
    kind: Kind,
    generators: &'a [Comprehension<'a>],
    element: &'a Expr<'a>,
    value: Option<&'a Expr<'a>>,
    at: Location,
}

/// What an inlined comprehension has changed in the unit around it.
#[derive(Default)]
struct Inlined {
    pushed: Vec<Name>,
    symbols: Vec<(Name, u32)>,
    hidden: Vec<Name>,
    cleanup: Option<Label>,
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn comprehension(&mut self, e: &'a Expr<'a>) -> Result {
        let at = location(e.range);
        let (kind, name, generators, element, value) = match &e.kind {
            ExprKind::GeneratorExp(n) => (Kind::Generator, known::GENEXPR_CODE, n.generators, n.elt, None),
            ExprKind::ListComp(n) => (Kind::List, known::LISTCOMP_CODE, n.generators, n.elt, None),
            ExprKind::SetComp(n) => (Kind::Set, known::SETCOMP_CODE, n.generators, n.elt, None),
            ExprKind::DictComp(n) => (Kind::Dict, known::DICTCOMP_CODE, n.generators, n.key, Some(n.value)),
            _ => return Err(CompileError::system("not a comprehension")),
        };
        let plan = Plan { kind, generators, element, value, at };
        let key = Key::node(e);
        let id = self.table.lookup(key).ok_or_else(|| CompileError::system("unknown symbol table entry"))?;
        let entry = self.table.entry(id);
        let (inlined, is_async) = (entry.comp_inlined, entry.coroutine);
        let Some(outermost) = generators.first() else {
            return Err(CompileError::system("comprehension without generators"));
        };
        let mut state = Inlined::default();
        if inlined {
            self.outermost_iterator(outermost)?;
            self.tweak_scopes(id, &mut state);
            self.push_locals(at, id, &mut state)?;
        } else {
            let arguments = Arguments { args: 1, ..Arguments::default() };
            self.enter_scope(name, ScopeKind::Comprehension, key, at.line, None, arguments)?;
        }
        let build = match kind {
            Kind::Generator => None,
            Kind::List => Some(Op::BUILD_LIST),
            Kind::Set => Some(Op::BUILD_SET),
            Kind::Dict => Some(Op::BUILD_MAP),
        };
        if let Some(build) = build {
            self.emit(at, build, 0);
            if inlined {
                self.emit(at, Op::SWAP, 2);
            }
        }
        self.generator(&plan, 0, 0, inlined)?;
        if inlined {
            self.pop_locals(at, &state);
            self.revert_scopes(state);
            return Ok(());
        }
        if kind == Kind::Generator {
            self.wrap_in_stop_iteration_handler();
        } else {
            self.op(at, Op::RETURN_VALUE);
        }
        let finished = self.finish_unit(true)?;
        self.make_closure(at, finished, 0)?;
        self.outermost_iterator(outermost)?;
        self.emit(at, Op::CALL, 0);
        if is_async && kind != Kind::Generator {
            self.emit(at, Op::GET_AWAITABLE, 0);
            self.load_none(at);
            self.yield_from(at, true);
        }
        Ok(())
    }

    fn outermost_iterator(&mut self, generator: &'a Comprehension<'a>) -> Result {
        self.expr(generator.iter)?;
        let op = if generator.is_async != 0 { Op::GET_AITER } else { Op::GET_ITER };
        self.op(location(generator.iter.range), op);
        Ok(())
    }

    /// The loop of the generator at `index` and everything inside; `depth` counts the iterators on the stack.
    fn generator(&mut self, plan: &Plan<'a>, index: usize, depth: u32, on_stack: bool) -> Result {
        self.depth.check()?;
        let generator = &plan.generators[index];
        if generator.is_async != 0 {
            self.async_generator(plan, index, depth, on_stack)?;
        } else {
            self.sync_generator(plan, index, depth, on_stack)?;
        }
        Ok(())
    }

    fn sync_generator(&mut self, plan: &Plan<'a>, index: usize, mut depth: u32, on_stack: bool) -> Result {
        let generator = &plan.generators[index];
        let start = self.label();
        let if_cleanup = self.label();
        let anchor = self.label();
        let mut loops = true;
        if !on_stack {
            if index == 0 {
                self.emit(plan.at, Op::LOAD_FAST, 0);
            } else {
                // `for x in [value]` only gives a value a name.
                let elts = match &generator.iter.kind {
                    ExprKind::List(node) => node.elts,
                    ExprKind::Tuple(node) => node.elts,
                    _ => &[],
                };
                match elts {
                    [only] if !matches!(only.kind, ExprKind::Starred(_)) => {
                        self.expr(only)?;
                        loops = false;
                    }
                    _ => {
                        self.expr(generator.iter)?;
                        self.op(location(generator.iter.range), Op::GET_ITER);
                    }
                }
            }
        }
        if loops {
            depth += 1;
            self.place(start);
            self.jump(location(generator.iter.range), Op::FOR_ITER, anchor);
        }
        self.expr(generator.target)?;
        for condition in generator.ifs {
            self.jump_if(condition, if_cleanup, false)?;
        }
        let element_at = self.inner(plan, index, depth)?;
        self.place(if_cleanup);
        if loops {
            self.jump(element_at, Op::JUMP, start);
            self.place(anchor);
            self.op(NO_LOCATION, Op::END_FOR);
            self.op(NO_LOCATION, Op::POP_ITER);
        }
        Ok(())
    }

    fn async_generator(&mut self, plan: &Plan<'a>, index: usize, depth: u32, on_stack: bool) -> Result {
        let generator = &plan.generators[index];
        let at = plan.at;
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let if_cleanup = self.label();
        if !on_stack {
            if index == 0 {
                self.emit(at, Op::LOAD_FAST, 0);
            } else {
                self.expr(generator.iter)?;
                self.op(location(generator.iter.range), Op::GET_AITER);
            }
        }
        self.place(start);
        self.push_block(at, BlockKind::AsyncComprehensionGenerator, start, Label::NONE, Datum::None)?;
        self.jump(at, Op::SETUP_FINALLY, except);
        self.op(at, Op::GET_ANEXT);
        self.load_none(at);
        self.place(send);
        self.yield_from(at, true);
        self.op(at, Op::POP_BLOCK);
        self.expr(generator.target)?;
        for condition in generator.ifs {
            self.jump_if(condition, if_cleanup, false)?;
        }
        let element_at = self.inner(plan, index, depth + 1)?;
        self.place(if_cleanup);
        self.jump(element_at, Op::JUMP, start);
        self.pop_block(BlockKind::AsyncComprehensionGenerator);
        self.place(except);
        self.jump(at, Op::END_ASYNC_FOR, send);
        Ok(())
    }

    /// The next generator, or the element; answers the place of the jump back.
    fn inner(&mut self, plan: &Plan<'a>, index: usize, depth: u32) -> Result<Location> {
        let mut place = location(plan.element.range);
        if index + 1 < plan.generators.len() {
            self.generator(plan, index + 1, depth, false)?;
            return Ok(place);
        }
        self.expr(plan.element)?;
        match plan.kind {
            Kind::Generator => {
                self.yield_top(place);
                self.op(place, Op::POP_TOP);
            }
            Kind::List => self.emit(place, Op::LIST_APPEND, depth + 1),
            Kind::Set => self.emit(place, Op::SET_ADD, depth + 1),
            Kind::Dict => {
                if let Some(value) = plan.value {
                    self.expr(value)?;
                    let end = location(value.range);
                    place.end_line = end.end_line;
                    place.end_column = end.end_column;
                }
                self.emit(place, Op::MAP_ADD, depth + 1);
            }
        }
        Ok(place)
    }

    // Inlining.

    fn in_class_block(&self) -> bool {
        self.entry().kind == symtable::BlockKind::Class
    }

    fn symbols_of(&self, id: EntryId) -> Vec<(Name, u32)> {
        self.table.entry(id).symbols.iter().map(|(key, symbol)| (Name(key), symbol)).collect()
    }

    /// Gives the names of the comprehension their scopes in it, for the time of its code.
    fn tweak_scopes(&mut self, comp: EntryId, state: &mut Inlined) {
        let in_class = self.in_class_block() && self.unit.inlined_comprehensions == 0;
        self.unit.inlined_comprehensions += 1;
        let function_like = self.entry().is_function_like();
        let outer = self.unit.entry;
        for (name, symbol) in self.symbols_of(comp) {
            let scope = symtable::scope_of(symbol);
            let outer_symbol = self.table.entry(outer).symbol(name);
            let outer_scope = symtable::scope_of(outer_symbol);
            let differs =
                scope != outer_scope && scope != Scope::Free && !(scope == Scope::Cell && outer_scope == Scope::Free);
            if differs || in_class {
                self.table.entry_mut(outer).symbols.insert(name.0, symbol);
                state.symbols.push((name, outer_symbol));
            }
            let bound = symbol & def::LOCAL != 0 && symbol & def::NONLOCAL == 0;
            if (bound || in_class) && !function_like {
                let hidden = &mut self.unit.metadata.fast_hidden;
                if hidden.get(name.0) != Some(true) {
                    hidden.insert(name.0, true);
                    state.hidden.push(name);
                }
            }
        }
    }

    fn revert_scopes(&mut self, state: Inlined) {
        self.unit.inlined_comprehensions -= 1;
        let outer = self.unit.entry;
        for (name, symbol) in state.symbols {
            self.table.entry_mut(outer).symbols.insert(name.0, symbol);
        }
        for name in state.hidden {
            // Still remembered, as a local that is hidden.
            self.unit.metadata.fast_hidden.insert(name.0, false);
        }
    }

    /// Saves the values of the names that the comprehension binds.
    fn push_locals(&mut self, at: Location, comp: EntryId, state: &mut Inlined) -> Result {
        let in_class = self.in_class_block() && self.unit.inlined_comprehensions == 0;
        let outer = self.unit.entry;
        for (name, symbol) in self.symbols_of(comp) {
            let bound = symbol & def::LOCAL != 0 && symbol & def::NONLOCAL == 0;
            if !bound && !in_class {
                continue;
            }
            let mangled = self.mangled(name);
            let arg = self.unit.metadata.varname(mangled);
            self.emit(at, Op::LOAD_FAST_AND_CLEAR, arg);
            if symtable::scope_of(symbol) == Scope::Cell {
                let arg = if self.table.entry(outer).scope(name) == Scope::Free {
                    self.unit.metadata.freevar(mangled)
                } else {
                    self.unit.metadata.cellvar(mangled)
                };
                self.emit(at, Op::MAKE_CELL, arg);
            }
            state.pushed.push(name);
        }
        if !state.pushed.is_empty() {
            // The iterator goes back to the top.
            self.emit(at, Op::SWAP, state.pushed.len() as u32 + 1);
            let cleanup = self.label();
            state.cleanup = Some(cleanup);
            self.jump(at, Op::SETUP_FINALLY, cleanup);
            // It only counts: nothing leaves a comprehension by a jump.
            self.push_block(at, BlockKind::StopIteration, cleanup, cleanup, Datum::None)?;
        }
        Ok(())
    }

    fn restore_locals(&mut self, at: Location, state: &Inlined) {
        self.emit(at, Op::SWAP, state.pushed.len() as u32 + 1);
        for &name in state.pushed.iter().rev() {
            let mangled = self.mangled(name);
            let arg = self.unit.metadata.varname(mangled);
            self.emit(at, Op::STORE_FAST_MAYBE_NULL, arg);
        }
    }

    fn pop_locals(&mut self, at: Location, state: &Inlined) {
        let Some(cleanup) = state.cleanup else { return };
        self.pop_block(BlockKind::StopIteration);
        self.op(NO_LOCATION, Op::POP_BLOCK);
        let end = self.label();
        self.jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(cleanup);
        // The unfinished result lies below the exception.
        self.emit(NO_LOCATION, Op::SWAP, 2);
        self.op(NO_LOCATION, Op::POP_TOP);
        self.restore_locals(at, state);
        self.emit(NO_LOCATION, Op::RERAISE, 0);
        self.place(end);
        self.restore_locals(at, state);
    }
}
