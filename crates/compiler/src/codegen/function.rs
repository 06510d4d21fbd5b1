//! Functions, lambdas, type aliases and type parameters.

use taipan_bytecode::Const;
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::{function_attribute, intrinsic};
use taipan_syntax::ast;
use taipan_syntax::ast::{Expr, ExprKind, FunctionDef, Lambda, Stmt, TypeAlias, TypeParam, TypeParamKind};

use super::{Arguments, BlockKind, Compiler, Datum, ScopeKind};
use crate::error::{CompileError, Result};
use crate::names::{Name, known};
use crate::preprocess::docstring_text;
use crate::sequence::{Label, NO_LOCATION};
use crate::symtable::Key;
use crate::{docstring, location};

fn counts(args: &ast::Arguments<'_>) -> Arguments {
    Arguments {
        posonly: args.posonlyargs.len() as u32,
        args: args.args.len() as u32,
        kwonly: args.kwonlyargs.len() as u32,
    }
}

impl<'a> Compiler<'a, '_> {
    /// Calls each decorator, innermost first, at its own place.
    pub(super) fn apply_decorators(&mut self, decorators: &'a [&'a Expr<'a>]) {
        for decorator in decorators.iter().rev() {
            self.emit(location(decorator.range), Op::CALL, 0);
        }
    }

    /// Pushes the defaults of parameters; answers which attributes they make.
    fn default_arguments(&mut self, at: Location, args: &'a ast::Arguments<'a>) -> Result<u32> {
        let mut attributes = 0;
        if !args.defaults.is_empty() {
            self.exprs(args.defaults)?;
            self.emit(at, Op::BUILD_TUPLE, args.defaults.len() as u32);
            attributes |= function_attribute::DEFAULTS;
        }
        let mut count = 0;
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            if let Some(default) = default {
                let name = self.names.intern(arg.arg);
                let mangled = self.mangled(name);
                self.load_str(at, mangled);
                self.expr(default)?;
                count += 1;
            }
        }
        if count > 0 {
            self.emit(at, Op::BUILD_MAP, count);
            attributes |= function_attribute::KWDEFAULTS;
        }
        Ok(attributes)
    }

    fn generic_name(&mut self, name: &str) -> Name {
        self.names.intern_copy(&format!("<generic parameters of {name}>"))
    }

    /// Enters the block around the type parameters of a generic.
    pub(super) fn enter_generic(
        &mut self,
        name: &str,
        params: &'a [TypeParam<'a>],
        firstlineno: i32,
        private: Option<Name>,
        arguments: Arguments,
    ) -> Result {
        let title = self.generic_name(name);
        let key = Key::type_params(params);
        self.enter_scope(title, ScopeKind::Annotations, key, firstlineno, private, arguments)
    }

    /// The line of the first decorator, or of the statement itself.
    pub(super) fn first_line(s: &Stmt<'_>, decorators: &[&Expr<'_>]) -> i32 {
        decorators.first().map_or(location(s.range), |d| location(d.range)).line
    }

    pub(super) fn function(&mut self, s: &'a Stmt<'a>, node: &'a FunctionDef<'a>, is_async: bool) -> Result {
        self.exprs(node.decorator_list)?;
        let firstlineno = Self::first_line(s, node.decorator_list);
        let at = location(s.range);
        let mut attributes = self.default_arguments(at, node.args)?;
        let generic = !node.type_params.is_empty();
        let passed = attributes.count_ones();
        if generic {
            if passed == 2 {
                self.emit(at, Op::SWAP, 2);
            }
            let arguments = Arguments { args: passed, ..Arguments::default() };
            self.enter_generic(node.name, node.type_params, firstlineno, None, arguments)?;
            self.type_params(node.type_params)?;
            for i in 0..passed {
                self.emit(at, Op::LOAD_FAST, i);
            }
        }
        attributes |= self.function_annotations(at, node)?;
        self.function_body(s, node, is_async, attributes, firstlineno)?;
        if generic {
            self.emit(at, Op::SWAP, 2);
            self.emit(at, Op::CALL_INTRINSIC_2, intrinsic::SET_FUNCTION_TYPE_PARAMS);
            let finished = self.finish_unit(false)?;
            self.make_closure(at, finished, 0)?;
            if passed > 0 {
                self.emit(at, Op::SWAP, passed + 1);
                self.emit(at, Op::CALL, passed - 1);
            } else {
                self.op(at, Op::PUSH_NULL);
                self.emit(at, Op::CALL, 0);
            }
        }
        self.apply_decorators(node.decorator_list);
        let name = self.names.intern(node.name);
        self.store_name(at, name)
    }

    fn function_body(
        &mut self,
        s: &'a Stmt<'a>,
        node: &'a FunctionDef<'a>,
        is_async: bool,
        attributes: u32,
        firstlineno: i32,
    ) -> Result {
        let kind = if is_async { ScopeKind::AsyncFunction } else { ScopeKind::Function };
        let name = self.names.intern(node.name);
        self.enter_scope(name, kind, Key::node(s), firstlineno, None, counts(node.args))?;
        let body = self.preprocess.body(node.body);
        if let Some((text, _)) = body.docstring.and_then(docstring_text) {
            // The first constant of the code object, not loaded by any instruction.
            let id = self.consts.intern(Const::Str(docstring::clean(text)?));
            self.unit.metadata.constant(id);
        }
        let start = self.label();
        self.place(start);
        let generator = self.entry().coroutine || self.entry().generator;
        if generator {
            self.push_block(NO_LOCATION, BlockKind::StopIteration, start, Label::NONE, Datum::None)?;
        }
        self.rest_of_body(&body)?;
        if generator {
            self.wrap_in_stop_iteration_handler();
            self.pop_block(BlockKind::StopIteration);
        }
        let finished = self.finish_unit(true)?;
        self.make_closure(location(s.range), finished, attributes)
    }

    /// Around all of a generator: a `StopIteration` that escapes becomes a `RuntimeError`.
    pub(super) fn wrap_in_stop_iteration_handler(&mut self) {
        let handler = self.label();
        self.unit.sequence.push_front(Op::SETUP_CLEANUP, handler.0, NO_LOCATION);
        self.load_none(NO_LOCATION);
        self.op(NO_LOCATION, Op::RETURN_VALUE);
        self.place(handler);
        self.emit(NO_LOCATION, Op::CALL_INTRINSIC_1, intrinsic::STOPITERATION_ERROR);
        self.emit(NO_LOCATION, Op::RERAISE, 1);
    }

    pub(super) fn lambda(&mut self, e: &'a Expr<'a>, node: &'a Lambda<'a>) -> Result {
        let at = location(e.range);
        let attributes = self.default_arguments(at, node.args)?;
        let key = Key::node(e);
        self.enter_scope(known::LAMBDA_CODE, ScopeKind::Lambda, key, at.line, None, counts(node.args))?;
        self.expr(node.body)?;
        let finished = if self.entry().generator {
            self.finish_unit(false)?
        } else {
            self.op(location(node.body.range), Op::RETURN_VALUE);
            self.finish_unit(true)?
        };
        self.make_closure(at, finished, attributes)
    }

    /// A function that evaluates a bound or default when asked.
    fn type_variable_part(&mut self, e: &'a Expr<'a>, name: Name, key: Key, may_be_starred: bool) -> Result {
        let at = location(e.range);
        self.load_const(at, Const::Tuple([Const::Int(1)].into()));
        self.enter_annotations(at, key, name)?;
        match &e.kind {
            ExprKind::Starred(node) if may_be_starred => {
                self.expr(node.value)?;
                self.emit(at, Op::UNPACK_SEQUENCE, 1);
            }
            _ => self.expr(e)?,
        }
        self.op(at, Op::RETURN_VALUE);
        let finished = self.finish_unit(true)?;
        self.make_closure(at, finished, function_attribute::DEFAULTS)
    }

    pub(super) fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result {
        let mut seen_default = false;
        for param in params {
            let at = location(param.range);
            let (text, default, default_key, starred) = match &param.kind {
                TypeParamKind::TypeVar(p) => (p.name, p.default_value, Key::default(param), false),
                TypeParamKind::ParamSpec(p) => (p.name, p.default_value, Key::bound(param), false),
                TypeParamKind::TypeVarTuple(p) => (p.name, p.default_value, Key::bound(param), true),
            };
            let name = self.names.intern(text);
            self.load_str(at, name);
            match &param.kind {
                TypeParamKind::TypeVar(p) => match p.bound {
                    Some(bound) => {
                        self.type_variable_part(bound, name, Key::bound(param), false)?;
                        let arg = match bound.kind {
                            ExprKind::Tuple(_) => intrinsic::TYPEVAR_WITH_CONSTRAINTS,
                            _ => intrinsic::TYPEVAR_WITH_BOUND,
                        };
                        self.emit(at, Op::CALL_INTRINSIC_2, arg);
                    }
                    None => self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::TYPEVAR),
                },
                TypeParamKind::ParamSpec(_) => self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::PARAMSPEC),
                TypeParamKind::TypeVarTuple(_) => self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::TYPEVARTUPLE),
            }
            match default {
                Some(default) => {
                    seen_default = true;
                    self.type_variable_part(default, name, default_key, starred)?;
                    self.emit(at, Op::CALL_INTRINSIC_2, intrinsic::SET_TYPEPARAM_DEFAULT);
                }
                None if seen_default => {
                    let message = format!("non-default type parameter '{text}' follows default type parameter");
                    return self.error(at, message);
                }
                None => {}
            }
            self.emit(at, Op::COPY, 1);
            self.store_name(at, name)?;
        }
        if let Some(first) = params.first() {
            self.emit(location(first.range), Op::BUILD_TUPLE, params.len() as u32);
        }
        Ok(())
    }

    pub(super) fn type_alias(&mut self, s: &'a Stmt<'a>, node: &'a TypeAlias<'a>) -> Result {
        let at = location(s.range);
        let ExprKind::Name(target) = &node.name.kind else {
            return Err(CompileError::system("type alias with a name that is no Name"));
        };
        let name = self.names.intern(target.id);
        let generic = !node.type_params.is_empty();
        if generic {
            self.enter_generic(target.id, node.type_params, at.line, None, Arguments::default())?;
            self.load_str(at, name);
            self.type_params(node.type_params)?;
        } else {
            self.load_str(at, name);
            self.load_none(at);
        }
        self.load_const(at, Const::Tuple([Const::Int(1)].into()));
        self.enter_annotations(at, Key::node(s), name)?;
        self.expr(node.value)?;
        self.op(at, Op::RETURN_VALUE);
        let finished = self.finish_unit(false)?;
        self.make_closure(at, finished, function_attribute::DEFAULTS)?;
        self.emit(at, Op::BUILD_TUPLE, 3);
        self.emit(at, Op::CALL_INTRINSIC_1, intrinsic::TYPEALIAS);
        if generic {
            let finished = self.finish_unit(false)?;
            self.make_closure(at, finished, 0)?;
            self.op(at, Op::PUSH_NULL);
            self.emit(at, Op::CALL, 0);
        }
        self.store_name(at, name)
    }
}
