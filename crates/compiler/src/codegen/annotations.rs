//! Annotations: functions that evaluate them when asked (PEP 649), or their text.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::Str;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{common_constant, function_attribute};
use taipan_syntax::ast::{Arg, CmpOp, Expr, ExprKind, FunctionDef, Stmt, StmtKind};

use super::{Arguments, Compiler, Finished, ScopeKind};
use crate::error::Result;
use crate::names::{Name, known};
use crate::symtable::{BlockKind, Key};
use crate::{location, unparse};

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`: the last format that compiled code answers itself.
const VALUE_WITH_FAKE_GLOBALS: i64 = 2;

impl<'a> Compiler<'a, '_> {
    /// Enters a function with the one parameter `.format`, which refuses formats that it does not know.
    pub(super) fn enter_annotations(&mut self, at: Location, key: Key, name: Name) -> Result {
        let arguments = Arguments { posonly: 1, ..Arguments::default() };
        self.enter_scope(name, ScopeKind::Annotations, key, at.line, None, arguments)?;
        let body = self.label();
        self.emit(at, Op::LOAD_FAST, 0);
        self.load_const(at, Const::Int(VALUE_WITH_FAKE_GLOBALS));
        self.comparison(at, CmpOp::Gt);
        self.jump(at, Op::POP_JUMP_IF_FALSE, body);
        self.emit(at, Op::LOAD_COMMON_CONSTANT, common_constant::NOT_IMPLEMENTED_ERROR);
        self.emit(at, Op::RAISE_VARARGS, 1);
        self.place(body);
        Ok(())
    }

    fn leave_annotations(&mut self, at: Location) -> Result {
        self.op(at, Op::RETURN_VALUE);
        let Finished { mut code, freevars } = self.finish_unit(true)?;
        // Inside, the parameter has a name that no annotation can use; outside it is `format`.
        let format = self.names.shared(known::FORMAT);
        if let Some(first) = std::sync::Arc::make_mut(&mut code).localsplusnames.first_mut() {
            *first = format;
        }
        self.make_closure(at, Finished { code, freevars }, 0)
    }

    /// The text of an annotation that is not evaluated.
    pub(super) fn annotation_text(&mut self, e: &'a Expr<'a>) -> Result {
        let text = unparse::expr(e);
        self.load_const(location(e.range), Const::Str(Str::from_wtf8(&text)));
        Ok(())
    }

    fn arg_annotation(&mut self, at: Location, name: Name, annotation: Option<&'a Expr<'a>>) -> Result<u32> {
        let Some(annotation) = annotation else { return Ok(0) };
        let mangled = self.mangled(name);
        self.load_str(at, mangled);
        if self.future_annotations() {
            self.annotation_text(annotation)?;
        } else if let ExprKind::Starred(node) = &annotation.kind {
            // `*args: *Ts` means the one item of `Ts`.
            self.expr(node.value)?;
            self.emit(at, Op::UNPACK_SEQUENCE, 1);
        } else {
            self.expr(annotation)?;
        }
        Ok(1)
    }

    fn arg_annotations(&mut self, at: Location, args: impl Iterator<Item = &'a Arg<'a>>) -> Result<u32> {
        let mut count = 0;
        for arg in args {
            let name = self.names.intern(arg.arg);
            count += self.arg_annotation(at, name, arg.annotation)?;
        }
        Ok(count)
    }

    /// Makes the `__annotate__` of a function, if it has annotations; answers the attribute that it is.
    pub(super) fn function_annotations(&mut self, at: Location, node: &'a FunctionDef<'a>) -> Result<u32> {
        let key = Key::node(node.args);
        let Some(id) = self.table.lookup(key) else { return Ok(0) };
        if !self.table.entry(id).annotations_used {
            return Ok(0);
        }
        let name = self.table.entry(id).name;
        self.enter_annotations(at, key, name)?;
        let args = node.args;
        let mut count = self.arg_annotations(at, args.args.iter())?;
        count += self.arg_annotations(at, args.posonlyargs.iter())?;
        count += self.arg_annotations(at, args.vararg.into_iter())?;
        count += self.arg_annotations(at, args.kwonlyargs.iter())?;
        count += self.arg_annotations(at, args.kwarg.into_iter())?;
        count += self.arg_annotation(at, known::RETURN, node.returns)?;
        self.emit(at, Op::BUILD_MAP, count);
        self.leave_annotations(at)?;
        Ok(function_attribute::ANNOTATE)
    }

    /// Puts off an annotation of a module or class; one that may not be reached is recorded when it is.
    pub(super) fn defer_annotation(&mut self, at: Location, s: &'a Stmt<'a>) -> Result {
        let unit = &mut self.unit;
        if unit.kind != ScopeKind::Module && unit.conditional_blocks == 0 {
            unit.deferred_annotations.push((s, None));
            return Ok(());
        }
        let index = unit.next_conditional_annotation;
        unit.next_conditional_annotation += 1;
        unit.deferred_annotations.push((s, Some(index)));
        let mangled = self.mangled(known::CONDITIONAL_ANNOTATIONS);
        if self.unit.kind == ScopeKind::Class {
            let arg = self.unit.metadata.cellvar(mangled);
            self.emit(at, Op::LOAD_DEREF, arg);
        } else {
            let arg = self.unit.metadata.name(mangled);
            self.emit(at, Op::LOAD_NAME, arg);
        }
        self.load_const(at, Const::Int(index.into()));
        self.emit(at, Op::SET_ADD, 1);
        self.op(at, Op::POP_TOP);
        Ok(())
    }

    /// Makes the `__annotate__` of a module or class from the annotations put off.
    pub(super) fn deferred_annotations(&mut self, at: Location) -> Result {
        let deferred = std::mem::take(&mut self.unit.deferred_annotations);
        if deferred.is_empty() {
            return Ok(());
        }
        let of_module = self.unit.kind == ScopeKind::Module;
        let of_class = self.unit.kind == ScopeKind::Class;
        if of_module {
            // This code belongs before all other code of the module.
            let fresh = self.workshop.sequences.pop().unwrap_or_default();
            self.unit.stashed = Some(std::mem::replace(&mut self.unit.sequence, fresh));
        }
        let snapshots = self.snapshots.as_ref().map_or(0, Vec::len);
        let entry = self.entry();
        let (key, is_class_block) = (entry.key.annotations(), entry.kind == BlockKind::Class);
        let name = entry.annotation_block.map_or(known::ANNOTATE, |id| self.table.entry(id).name);
        self.enter_annotations(at, key, name)?;
        self.emit(at, Op::BUILD_MAP, 0);
        for (stmt, index) in deferred {
            let StmtKind::AnnAssign(node) = &stmt.kind else { continue };
            let ExprKind::Name(target) = &node.target.kind else { continue };
            let place = location(stmt.range);
            let target = self.names.intern(target.id);
            let mangled = self.names.mangle(self.unit.private, target);
            let not_set = self.label();
            if let Some(index) = index {
                self.load_const(place, Const::Int(index.into()));
                let name = self.mangled(known::CONDITIONAL_ANNOTATIONS);
                if of_class {
                    let arg = self.unit.metadata.freevar(name);
                    self.emit(place, Op::LOAD_DEREF, arg);
                } else {
                    let arg = self.unit.metadata.name(name);
                    self.emit(place, Op::LOAD_GLOBAL, arg);
                }
                self.emit(place, Op::CONTAINS_OP, 0);
                self.jump(place, Op::POP_JUMP_IF_FALSE, not_set);
            }
            self.expr(node.annotation)?;
            self.emit(place, Op::COPY, 2);
            self.load_str(place, mangled);
            self.op(at, Op::STORE_SUBSCR);
            self.place(not_set);
        }
        self.leave_annotations(at)?;
        self.store_name(at, if is_class_block { known::ANNOTATE_FUNC } else { known::ANNOTATE })?;
        if of_module && let Some(sequence) = self.unit.stashed.take() {
            let annotations = std::mem::replace(&mut self.unit.sequence, sequence);
            self.unit.sequence.annotations = Some(annotations.instructions);
            // What is inside belongs to that code, not to the module's.
            if let Some(list) = &mut self.snapshots {
                list.truncate(snapshots);
            }
        }
        Ok(())
    }
}
