//! Classes.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::intrinsic;
use taipan_syntax::ast::{ClassDef, Stmt};

use super::{Arguments, Compiler, ScopeKind};
use crate::error::Result;
use crate::location;
use crate::names::{Name, known};
use crate::sequence::NO_LOCATION;
use crate::symtable::Key;

impl<'a> Compiler<'a, '_> {
    pub(super) fn class(&mut self, s: &'a Stmt<'a>, node: &'a ClassDef<'a>) -> Result {
        self.exprs(node.decorator_list)?;
        let firstlineno = Self::first_line(s, node.decorator_list);
        let at = location(s.range);
        let name = self.names.intern(node.name);
        let generic = !node.type_params.is_empty();
        if generic {
            self.enter_generic(node.name, node.type_params, firstlineno, Some(name), Arguments::default())?;
            self.type_params(node.type_params)?;
            self.store_name(at, known::DOT_TYPE_PARAMS)?;
        }
        self.class_body(s, node, name, firstlineno)?;
        if generic {
            self.load_name(at, known::DOT_TYPE_PARAMS)?;
            self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::SUBSCRIPT_GENERIC);
            self.store_name(at, known::DOT_GENERIC_BASE)?;
            self.call_args(at, 2, node.bases, Some(known::DOT_GENERIC_BASE), node.keywords)?;
            let finished = self.finish_unit(false)?;
            self.make_closure(at, finished, 0)?;
            self.op(at, Op::PUSH_NULL);
            self.emit(at, Op::CALL, 0);
        } else {
            self.call_args(at, 2, node.bases, None, node.keywords)?;
        }
        self.apply_decorators(node.decorator_list);
        self.store_name(at, name)
    }

    /// The body as a function, then `__build_class__`, that function and the name on the stack.
    fn class_body(&mut self, s: &'a Stmt<'a>, node: &'a ClassDef<'a>, name: Name, firstlineno: i32) -> Result {
        let none = Arguments::default();
        self.enter_scope(name, ScopeKind::Class, Key::node(s), firstlineno, Some(name), none)?;
        let at = Location::new(firstlineno, firstlineno, 0, 0);
        self.load_name(at, known::NAME)?;
        self.store_name(at, known::MODULE)?;
        let qualname = self.unit.metadata.qualname;
        self.load_str(at, qualname);
        self.store_name(at, known::QUALNAME)?;
        self.load_const(at, Const::Int(firstlineno.into()));
        self.store_name(at, known::FIRSTLINENO)?;
        if !node.type_params.is_empty() {
            self.load_name(at, known::DOT_TYPE_PARAMS)?;
            self.store_name(at, known::TYPE_PARAMS)?;
        }
        if self.entry().needs_classdict {
            self.op(at, Op::LOAD_LOCALS);
            let arg = self.unit.metadata.cellvar(known::CLASSDICT);
            self.emit(at, Op::STORE_DEREF, arg);
        }
        if self.entry().has_conditional_annotations {
            self.emit(at, Op::BUILD_SET, 0);
            let arg = self.unit.metadata.cellvar(known::CONDITIONAL_ANNOTATIONS);
            self.emit(at, Op::STORE_DEREF, arg);
        }
        self.body(at, node.body, false)?;
        let mut attributes: Vec<&'a str> = match self.unit.static_attributes.take() {
            Some(set) => set.into_iter().map(|name| self.names.text(name)).collect(),
            None => Vec::new(),
        };
        attributes.sort_unstable();
        self.load_str_tuple(NO_LOCATION, attributes.into_iter());
        self.store_name(NO_LOCATION, known::STATIC_ATTRIBUTES)?;
        if self.entry().needs_classdict {
            let arg = self.unit.metadata.cellvar(known::CLASSDICT);
            self.emit(NO_LOCATION, Op::LOAD_CLOSURE, arg);
            self.store_name(NO_LOCATION, known::CLASSDICTCELL)?;
        }
        if self.entry().needs_class_closure {
            let arg = self.unit.metadata.cellvar(known::CLASS);
            self.emit(NO_LOCATION, Op::LOAD_CLOSURE, arg);
            self.emit(NO_LOCATION, Op::COPY, 1);
            self.store_name(NO_LOCATION, known::CLASSCELL)?;
        } else {
            self.load_none(NO_LOCATION);
        }
        self.op(NO_LOCATION, Op::RETURN_VALUE);
        let finished = self.finish_unit(true)?;
        // At the `class` statement, not at a decorator.
        let at = location(s.range);
        self.op(at, Op::LOAD_BUILD_CLASS);
        self.op(at, Op::PUSH_NULL);
        self.make_closure(at, finished, 0)?;
        self.load_str(at, name);
        Ok(())
    }
}
