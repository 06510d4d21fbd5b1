//! The first pass: what is done to each name in each block.

use rustc_hash::FxHashSet;
use taipan_bytecode::code::flags as code_flags;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::*;

use super::{BlockKind, Comprehension as CompKind, Entry, EntryId, Key, SymbolTable, analyze, def};
use crate::error::{CompileError, Result};
use crate::future::Future;
use crate::location;
use crate::names::{Name, Names, known};
use crate::ordered_map::OrderedMap;
use crate::preprocess::{Body, Preprocess};
use crate::{ALLOW_TOP_LEVEL_AWAIT, Depth};

/// Builds the symbol table of a module.
pub(crate) fn build<'a>(
    module: &Mod<'a>,
    names: &mut Names<'a>,
    future: &Future,
    preprocess: Preprocess,
    depth: &Depth,
) -> Result<SymbolTable> {
    let mut builder = Builder {
        table: SymbolTable::default(),
        names,
        stack: Vec::new(),
        current: SymbolTable::TOP,
        private: None,
        future: *future,
        preprocess,
        depth,
    };
    let start = Location::new(0, 0, 0, 0);
    builder.enter(known::TOP, BlockKind::Module, Key::MODULE, start)?;
    match module {
        Mod::Module(m) => {
            let body = preprocess.body(m.body);
            builder.current().has_docstring = body.docstring.is_some();
            builder.body(&body)?;
        }
        Mod::Interactive(m) => builder.stmts(m.body)?,
        Mod::Expression(m) => builder.expr(m.body)?,
        Mod::FunctionType(_) => return Err(CompileError::system("this compiler does not handle FunctionTypes")),
    }
    builder.exit();
    let mut table = builder.table;
    analyze::analyze(&mut table, names, depth)?;
    Ok(table)
}

struct Builder<'a, 'n> {
    table: SymbolTable,
    names: &'n mut Names<'a>,
    stack: Vec<EntryId>,
    current: EntryId,
    /// The class around, for mangling.
    private: Option<Name>,
    future: Future,
    preprocess: Preprocess,
    depth: &'n Depth,
}

impl<'a> Builder<'a, '_> {
    fn current(&mut self) -> &mut Entry {
        self.table.entry_mut(self.current)
    }

    fn text(&self, name: Name) -> &'a str {
        self.names.text(name)
    }

    fn new_entry(&mut self, name: Name, kind: BlockKind, key: Key, at: Location) -> EntryId {
        let id = EntryId(self.table.entries.len() as u32);
        let (mut nested, mut method) = (false, false);
        if !self.stack.is_empty() {
            let outer = self.table.entry(self.current);
            nested = outer.nested || outer.is_function_like();
            method = outer.kind == BlockKind::Class && kind == BlockKind::Function;
        }
        self.table.entries.push(Entry {
            key,
            name,
            kind,
            symbols: OrderedMap::default(),
            varnames: Vec::new(),
            children: Vec::new(),
            directives: Vec::new(),
            mangled_names: None,
            scope_info: "",
            nested,
            generator: false,
            coroutine: false,
            annotations_used: false,
            comprehension: CompKind::No,
            varargs: false,
            varkeywords: false,
            returns_value: false,
            needs_class_closure: false,
            needs_classdict: false,
            comp_inlined: false,
            comp_iter_target: false,
            can_see_class_scope: false,
            has_docstring: false,
            method,
            has_conditional_annotations: false,
            in_conditional_block: false,
            in_unevaluated_annotation: false,
            comp_iter_expr: 0,
            location: at,
            annotation_block: None,
        });
        self.table.blocks.insert(key, id);
        id
    }

    fn enter_existing(&mut self, id: EntryId, add_to_children: bool) {
        let previous = self.stack.last().copied();
        self.stack.push(id);
        if let Some(previous) = previous {
            let outer = self.table.entry(previous);
            let (comp_iter_expr, mangled) = (outer.comp_iter_expr, outer.mangled_names);
            let entry = self.table.entry_mut(id);
            entry.comp_iter_expr = comp_iter_expr;
            if mangled.is_some() && entry.kind != BlockKind::Class {
                entry.mangled_names = mangled;
            }
        }
        self.current = id;
        // Annotations that stay text have no part in the table.
        if self.future.features & code_flags::FUTURE_ANNOTATIONS != 0
            && self.table.entry(id).kind == BlockKind::Annotation
        {
            return;
        }
        if let Some(previous) = previous
            && add_to_children
        {
            self.table.entry_mut(previous).children.push(id);
        }
    }

    fn enter(&mut self, name: Name, kind: BlockKind, key: Key, at: Location) -> Result {
        let id = self.new_entry(name, kind, key, at);
        self.enter_existing(id, true);
        if matches!(kind, BlockKind::Annotation | BlockKind::TypeVariable | BlockKind::TypeAlias) {
            self.add(known::DOT_FORMAT, def::PARAM, at)?;
            self.add(known::DOT_FORMAT, def::USE, at)?;
        }
        Ok(())
    }

    fn exit(&mut self) {
        self.stack.pop();
        if let Some(&outer) = self.stack.last() {
            self.current = outer;
        }
    }

    fn mangled(&mut self, name: Name) -> Name {
        self.table.maybe_mangle(self.names, self.private, self.current, name)
    }

    fn lookup_in(&mut self, id: EntryId, name: Name) -> u32 {
        let mangled = self.table.maybe_mangle(self.names, self.private, id, name);
        self.table.entry(id).symbol(mangled)
    }

    /// Records in the block `id` what is done to a name.
    fn add_to(&mut self, id: EntryId, name: Name, flag: u32, at: Location) -> Result {
        let mangled = self.mangled(name);
        let entry = self.table.entry_mut(id);
        let old = entry.symbol(mangled);
        if flag & def::PARAM != 0 && old & def::PARAM != 0 {
            let message = format!("duplicate argument '{}' in function definition", self.text(name));
            return Err(CompileError::syntax(at, message));
        }
        if flag & def::TYPE_PARAM != 0 && old & def::TYPE_PARAM != 0 {
            return Err(CompileError::syntax(at, format!("duplicate type parameter '{}'", self.text(name))));
        }
        let mut value = old | flag;
        if entry.comp_iter_target {
            if value & (def::GLOBAL | def::NONLOCAL) != 0 {
                let message = format!(
                    "comprehension inner loop cannot rebind assignment expression target '{}'",
                    self.text(name)
                );
                return Err(CompileError::syntax(at, message));
            }
            value |= def::COMP_ITER;
        }
        entry.symbols.insert(mangled.0, value);
        if flag & def::PARAM != 0 {
            entry.varnames.push(mangled);
        } else if flag & def::GLOBAL != 0 {
            let top = self.table.entry_mut(SymbolTable::TOP);
            let value = top.symbol(mangled) | flag;
            top.symbols.insert(mangled.0, value);
        }
        Ok(())
    }

    fn check_name(&self, name: Name, at: Location, ctx: ExprContext) -> Result {
        if name == known::DEBUG {
            match ctx {
                ExprContext::Store => return Err(CompileError::syntax(at, "cannot assign to __debug__")),
                ExprContext::Del => return Err(CompileError::syntax(at, "cannot delete __debug__")),
                ExprContext::Load => {}
            }
        }
        Ok(())
    }

    fn add_ctx(&mut self, name: Name, flag: u32, at: Location, ctx: ExprContext) -> Result {
        if flag & (def::PARAM | def::LOCAL | def::IMPORT) != 0 {
            self.check_name(name, at, ctx)?;
        }
        if flag & def::TYPE_PARAM != 0
            && let Some(set) = self.table.entry(self.current).mangled_names
        {
            self.table.mangled_sets[set as usize].insert(name);
        }
        self.add_to(self.current, name, flag, at)
    }

    /// Records in the current block what is done to a name.
    fn add(&mut self, name: Name, flag: u32, at: Location) -> Result {
        let ctx = if flag == def::USE { ExprContext::Load } else { ExprContext::Store };
        self.add_ctx(name, flag, at, ctx)
    }

    fn add_text(&mut self, name: &'a str, flag: u32, at: Location) -> Result {
        let name = self.names.intern(name);
        self.add(name, flag, at)
    }

    fn record_directive(&mut self, name: Name, at: Location) {
        let mangled = self.mangled(name);
        self.current().directives.push((mangled, at));
    }

    fn enter_type_params(
        &mut self,
        name: Name,
        params: &'a [TypeParam<'a>],
        has_defaults: bool,
        has_kwdefaults: bool,
        of_class: bool,
        at: Location,
    ) -> Result {
        let in_class = self.current().kind == BlockKind::Class;
        self.enter(name, BlockKind::TypeParameters, Key::type_params(params), at)?;
        if in_class {
            self.current().can_see_class_scope = true;
            self.add(known::CLASSDICT, def::USE, at)?;
        }
        if of_class {
            for internal in [known::DOT_TYPE_PARAMS, known::DOT_GENERIC_BASE] {
                self.add(internal, def::LOCAL, at)?;
                self.add(internal, def::USE, at)?;
            }
        }
        if has_defaults {
            self.add(known::DOT_DEFAULTS, def::PARAM, at)?;
        }
        if has_kwdefaults {
            self.add(known::DOT_KWDEFAULTS, def::PARAM, at)?;
        }
        Ok(())
    }

    fn allows_top_level_await(&mut self) -> bool {
        self.future.features & ALLOW_TOP_LEVEL_AWAIT != 0 && self.current().kind == BlockKind::Module
    }

    fn in_async_def(&mut self) -> bool {
        let entry = self.current();
        entry.kind == BlockKind::Function && entry.coroutine
    }

    fn conditional(&mut self, visit: impl FnOnce(&mut Self) -> Result) -> Result {
        let id = self.current;
        let before = std::mem::replace(&mut self.table.entry_mut(id).in_conditional_block, true);
        visit(self)?;
        self.table.entry_mut(id).in_conditional_block = before;
        Ok(())
    }

    fn body(&mut self, body: &Body<'a>) -> Result {
        if let Some(first) = body.docstring {
            self.stmt(first)?;
        }
        self.stmts(body.rest)
    }

    fn stmts(&mut self, stmts: &'a [Stmt<'a>]) -> Result {
        stmts.iter().try_for_each(|s| self.stmt(s))
    }

    fn exprs(&mut self, exprs: &'a [&'a Expr<'a>]) -> Result {
        exprs.iter().try_for_each(|e| self.expr(e))
    }

    fn opt_expr(&mut self, expr: Option<&'a Expr<'a>>) -> Result {
        expr.map_or(Ok(()), |e| self.expr(e))
    }

    fn opt_exprs(&mut self, exprs: &'a [Option<&'a Expr<'a>>]) -> Result {
        exprs.iter().flatten().try_for_each(|e| self.expr(e))
    }

    fn function(&mut self, s: &'a Stmt<'a>, def_: &'a FunctionDef<'a>, is_async: bool) -> Result {
        let at = location(s.range);
        let name = self.names.intern(def_.name);
        self.add(name, def::LOCAL, at)?;
        self.exprs(def_.args.defaults)?;
        self.opt_exprs(def_.args.kw_defaults)?;
        self.exprs(def_.decorator_list)?;
        let generic = !def_.type_params.is_empty();
        if generic {
            let has_kwdefaults = def_.args.kw_defaults.iter().any(Option::is_some);
            self.enter_type_params(name, def_.type_params, true, has_kwdefaults, false, at)?;
            def_.type_params.iter().try_for_each(|p| self.type_param(p))?;
        }
        let entry = self.new_entry(name, BlockKind::Function, Key::node(s), at);
        let body = self.preprocess.body(def_.body);
        self.table.entry_mut(entry).has_docstring = body.docstring.is_some();
        self.annotations(def_, at)?;
        self.enter_existing(entry, true);
        if is_async {
            self.current().coroutine = true;
        }
        self.arguments(def_.args)?;
        self.body(&body)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn class(&mut self, s: &'a Stmt<'a>, class: &'a ClassDef<'a>) -> Result {
        let at = location(s.range);
        let name = self.names.intern(class.name);
        self.add(name, def::LOCAL, at)?;
        self.exprs(class.decorator_list)?;
        let outer_private = self.private;
        let generic = !class.type_params.is_empty();
        if generic {
            self.enter_type_params(name, class.type_params, false, false, true, at)?;
            self.private = Some(name);
            let set = self.table.mangled_sets.len() as u32;
            self.table.mangled_sets.push(FxHashSet::default());
            self.current().mangled_names = Some(set);
            class.type_params.iter().try_for_each(|p| self.type_param(p))?;
        }
        self.exprs(class.bases)?;
        self.keywords(class.keywords)?;
        self.enter(name, BlockKind::Class, Key::node(s), at)?;
        self.private = Some(name);
        if generic {
            self.add(known::TYPE_PARAMS, def::LOCAL, at)?;
            self.add(known::DOT_TYPE_PARAMS, def::USE, at)?;
        }
        let body = self.preprocess.body(class.body);
        self.current().has_docstring = body.docstring.is_some();
        self.body(&body)?;
        self.exit();
        if generic {
            self.exit();
        }
        self.private = outer_private;
        Ok(())
    }

    fn type_alias(&mut self, s: &'a Stmt<'a>, alias: &'a TypeAlias<'a>) -> Result {
        let at = location(s.range);
        self.expr(alias.name)?;
        let ExprKind::Name(target) = alias.name.kind else {
            return Err(CompileError::system("type alias with a name that is no Name"));
        };
        let name = self.names.intern(target.id);
        let in_class = self.current().kind == BlockKind::Class;
        let generic = !alias.type_params.is_empty();
        if generic {
            self.enter_type_params(name, alias.type_params, false, false, false, at)?;
            alias.type_params.iter().try_for_each(|p| self.type_param(p))?;
        }
        self.enter(name, BlockKind::TypeAlias, Key::node(s), at)?;
        self.current().can_see_class_scope = in_class;
        if in_class {
            self.add(known::CLASSDICT, def::USE, location(alias.value.range))?;
        }
        self.expr(alias.value)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    fn ann_assign(&mut self, s: &'a Stmt<'a>, assign: &'a AnnAssign<'a>) -> Result {
        self.current().annotations_used = true;
        let simple = assign.simple != 0;
        if let ExprKind::Name(target) = &assign.target.kind {
            let name = self.names.intern(target.id);
            let known_as = self.lookup_in(self.current, name);
            if known_as & (def::GLOBAL | def::NONLOCAL) != 0 && self.current != SymbolTable::TOP && simple {
                let what = if known_as & def::GLOBAL != 0 { "global" } else { "nonlocal" };
                let message = format!("annotated name '{}' can't be {what}", target.id);
                return Err(CompileError::syntax(location(s.range), message));
            }
            let at = location(assign.target.range);
            if simple {
                self.add(name, def::ANNOT | def::LOCAL, at)?;
            } else if assign.value.is_some() {
                self.add(name, def::LOCAL, at)?;
            }
        } else {
            self.expr(assign.target)?;
        }
        self.annotation(assign.annotation)?;
        self.opt_expr(assign.value)
    }

    fn declare(&mut self, s: &'a Stmt<'a>, names: &'a [&'a str], flag: u32) -> Result {
        let at = location(s.range);
        let what = if flag == def::GLOBAL { "global" } else { "nonlocal" };
        for &text in names {
            let name = self.names.intern(text);
            let known_as = self.lookup_in(self.current, name);
            let message = if known_as & def::PARAM != 0 {
                format!("name '{text}' is parameter and {what}")
            } else if known_as & def::USE != 0 {
                format!("name '{text}' is used prior to {what} declaration")
            } else if known_as & def::ANNOT != 0 {
                format!("annotated name '{text}' can't be {what}")
            } else if known_as & def::LOCAL != 0 {
                format!("name '{text}' is assigned to before {what} declaration")
            } else {
                self.add(name, flag, at)?;
                self.record_directive(name, at);
                continue;
            };
            return Err(CompileError::syntax(at, message));
        }
        Ok(())
    }

    fn import_from(&mut self, s: &'a Stmt<'a>, import: &'a ImportFrom<'a>) -> Result {
        import.names.iter().try_for_each(|a| self.alias(a))?;
        let at = location(s.range);
        let last = self.future.location;
        if import.module == Some("__future__")
            && import.level.unwrap_or(0) == 0
            && (at.line > last.line || (at.line == last.end_line && at.column > last.end_column))
        {
            let message = "from __future__ imports must occur at the beginning of the file";
            return Err(CompileError::syntax(at, message));
        }
        Ok(())
    }

    fn async_only(&mut self, s: &'a Stmt<'a>, what: &str) -> Result {
        if self.allows_top_level_await() {
            self.current().coroutine = true;
        }
        if !self.current().coroutine {
            return Err(CompileError::syntax(location(s.range), format!("'{what}' outside async function")));
        }
        Ok(())
    }

    fn for_(&mut self, node: &'a For<'a>) -> Result {
        self.expr(node.target)?;
        self.expr(node.iter)?;
        self.conditional(|b| {
            b.stmts(node.body)?;
            b.stmts(node.orelse)
        })
    }

    fn with(&mut self, node: &'a With<'a>) -> Result {
        self.conditional(|b| {
            for item in node.items {
                b.expr(item.context_expr)?;
                b.opt_expr(item.optional_vars)?;
            }
            b.stmts(node.body)
        })
    }

    fn try_(&mut self, node: &'a Try<'a>) -> Result {
        self.conditional(|b| {
            b.stmts(node.body)?;
            for handler in node.handlers {
                let ExceptHandlerKind::ExceptHandler(h) = &handler.kind;
                b.opt_expr(h.r#type)?;
                if let Some(name) = h.name {
                    b.add_text(name, def::LOCAL, location(handler.range))?;
                }
                b.stmts(h.body)?;
            }
            b.stmts(node.orelse)?;
            b.stmts(node.finalbody)
        })
    }

    fn stmt(&mut self, s: &'a Stmt<'a>) -> Result {
        self.depth.check()?;
        match &s.kind {
            StmtKind::FunctionDef(node) => self.function(s, node, false)?,
            StmtKind::AsyncFunctionDef(node) => self.function(s, node, true)?,
            StmtKind::ClassDef(node) => self.class(s, node)?,
            StmtKind::TypeAlias(node) => self.type_alias(s, node)?,
            StmtKind::Return(node) => {
                if let Some(value) = node.value {
                    self.expr(value)?;
                    self.current().returns_value = true;
                }
            }
            StmtKind::Delete(node) => self.exprs(node.targets)?,
            StmtKind::Assign(node) => {
                self.exprs(node.targets)?;
                self.expr(node.value)?;
            }
            StmtKind::AnnAssign(node) => self.ann_assign(s, node)?,
            StmtKind::AugAssign(node) => {
                self.expr(node.target)?;
                self.expr(node.value)?;
            }
            StmtKind::For(node) => self.for_(node)?,
            StmtKind::AsyncFor(node) => {
                self.async_only(s, "async for")?;
                self.for_(node)?;
            }
            StmtKind::While(node) => {
                self.expr(node.test)?;
                self.conditional(|b| {
                    b.stmts(node.body)?;
                    b.stmts(node.orelse)
                })?;
            }
            StmtKind::If(node) => {
                self.expr(node.test)?;
                self.conditional(|b| {
                    b.stmts(node.body)?;
                    // Long chains of `elif` are walked without recursion.
                    let mut orelse = node.orelse;
                    while let [Stmt { kind: StmtKind::If(elif), .. }] = orelse {
                        b.expr(elif.test)?;
                        b.stmts(elif.body)?;
                        orelse = elif.orelse;
                    }
                    b.stmts(orelse)
                })?;
            }
            StmtKind::Match(node) => {
                self.expr(node.subject)?;
                self.conditional(|b| {
                    for case in node.cases {
                        b.pattern(case.pattern)?;
                        b.opt_expr(case.guard)?;
                        b.stmts(case.body)?;
                    }
                    Ok(())
                })?;
            }
            StmtKind::Raise(node) => {
                if let Some(exc) = node.exc {
                    self.expr(exc)?;
                    self.opt_expr(node.cause)?;
                }
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => self.try_(node)?,
            StmtKind::Assert(node) => {
                self.expr(node.test)?;
                self.opt_expr(node.msg)?;
            }
            StmtKind::Import(node) => node.names.iter().try_for_each(|a| self.alias(a))?,
            StmtKind::ImportFrom(node) => self.import_from(s, node)?,
            StmtKind::Global(node) => self.declare(s, node.names, def::GLOBAL)?,
            StmtKind::Nonlocal(node) => self.declare(s, node.names, def::NONLOCAL)?,
            StmtKind::Expr(node) => self.expr(node.value)?,
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => {}
            StmtKind::With(node) => self.with(node)?,
            StmtKind::AsyncWith(node) => {
                self.async_only(s, "async with")?;
                self.with(node)?;
            }
        }
        Ok(())
    }

    /// Finds the block that a `:=` inside a comprehension binds in.
    fn extend_named_expr_scope(&mut self, target: &'a Expr<'a>) -> Result {
        let ExprKind::Name(node) = &target.kind else {
            return Err(CompileError::system("named expression with a target that is no Name"));
        };
        let name = self.names.intern(node.id);
        let at = location(target.range);
        for i in (0..self.stack.len()).rev() {
            let id = self.stack[i];
            let (comprehension, kind) = {
                let entry = self.table.entry(id);
                (entry.comprehension, entry.kind)
            };
            if comprehension != CompKind::No {
                let there = self.lookup_in(id, name);
                if there & def::COMP_ITER != 0 && there & def::LOCAL != 0 {
                    let message =
                        format!("assignment expression cannot rebind comprehension iteration variable '{}'", node.id);
                    return Err(CompileError::syntax(at, message));
                }
                continue;
            }
            let message = match kind {
                BlockKind::Function => {
                    let flag = if self.lookup_in(id, name) & def::GLOBAL != 0 { def::GLOBAL } else { def::NONLOCAL };
                    self.add(name, flag, at)?;
                    self.record_directive(name, at);
                    return self.add_to(id, name, def::LOCAL, at);
                }
                BlockKind::Module => {
                    self.add(name, def::GLOBAL, at)?;
                    self.record_directive(name, at);
                    return self.add_to(id, name, def::GLOBAL, at);
                }
                BlockKind::Class => "assignment expression within a comprehension cannot be used in a class body",
                BlockKind::TypeParameters => {
                    "assignment expression within a comprehension cannot be used within the definition of a generic"
                }
                BlockKind::TypeAlias => "assignment expression within a comprehension cannot be used in a type alias",
                BlockKind::TypeVariable => {
                    "assignment expression within a comprehension cannot be used in a TypeVar bound"
                }
                BlockKind::Annotation => continue,
            };
            return Err(CompileError::syntax(at, message));
        }
        Err(CompileError::system("named expression outside of any block"))
    }

    fn not_in_annotation(&mut self, what: &str, e: &Expr<'_>) -> Result {
        let entry = self.current();
        let message = match entry.kind {
            BlockKind::Annotation => format!("{what} cannot be used within an annotation"),
            BlockKind::TypeVariable => format!("{what} cannot be used within {}", entry.scope_info),
            BlockKind::TypeAlias => format!("{what} cannot be used within a type alias"),
            BlockKind::TypeParameters => format!("{what} cannot be used within the definition of a generic"),
            _ => return Ok(()),
        };
        Err(CompileError::syntax(location(e.range), message))
    }

    fn yields(&mut self, e: &'a Expr<'a>, value: Option<&'a Expr<'a>>) -> Result {
        self.not_in_annotation("yield expression", e)?;
        self.opt_expr(value)?;
        self.current().generator = true;
        let what = match self.current().comprehension {
            CompKind::No => return Ok(()),
            CompKind::List => "list comprehension",
            CompKind::Set => "set comprehension",
            CompKind::Dict => "dict comprehension",
            CompKind::Generator => "generator expression",
        };
        Err(CompileError::syntax(location(e.range), format!("'yield' inside {what}")))
    }

    fn awaits(&mut self, e: &'a Expr<'a>, value: &'a Expr<'a>) -> Result {
        self.not_in_annotation("await expression", e)?;
        if !self.allows_top_level_await() {
            if !self.current().is_function_like() {
                return Err(CompileError::syntax(location(e.range), "'await' outside function"));
            }
            if !self.in_async_def() && self.current().comprehension == CompKind::No {
                return Err(CompileError::syntax(location(e.range), "'await' outside async function"));
            }
        }
        self.expr(value)?;
        self.current().coroutine = true;
        Ok(())
    }

    fn expr(&mut self, e: &'a Expr<'a>) -> Result {
        self.depth.check()?;
        match &e.kind {
            ExprKind::NamedExpr(node) => {
                self.not_in_annotation("named expression", e)?;
                if self.current().comp_iter_expr > 0 {
                    let message = "assignment expression cannot be used in a comprehension iterable expression";
                    return Err(CompileError::syntax(location(e.range), message));
                }
                if self.current().comprehension != CompKind::No {
                    self.extend_named_expr_scope(node.target)?;
                }
                self.expr(node.value)?;
                self.expr(node.target)?;
            }
            ExprKind::BoolOp(node) => self.exprs(node.values)?,
            ExprKind::BinOp(_) => {
                // Long sums lean to the left: walk down that side without recursion.
                let mut rights = Vec::new();
                let mut left = e;
                while let ExprKind::BinOp(node) = &left.kind {
                    rights.push(node.right);
                    left = node.left;
                }
                self.depth.check_chain(rights.len())?;
                self.expr(left)?;
                while let Some(right) = rights.pop() {
                    self.expr(right)?;
                }
            }
            ExprKind::UnaryOp(node) => self.expr(node.operand)?,
            ExprKind::Lambda(node) => {
                self.exprs(node.args.defaults)?;
                self.opt_exprs(node.args.kw_defaults)?;
                self.enter(known::LAMBDA, BlockKind::Function, Key::node(e), location(e.range))?;
                self.arguments(node.args)?;
                self.expr(node.body)?;
                self.exit();
            }
            ExprKind::IfExp(node) => {
                self.expr(node.test)?;
                self.expr(node.body)?;
                self.expr(node.orelse)?;
            }
            ExprKind::Dict(node) => {
                self.opt_exprs(node.keys)?;
                self.exprs(node.values)?;
            }
            ExprKind::Set(node) => self.exprs(node.elts)?,
            ExprKind::GeneratorExp(node) => {
                self.comprehension(e, known::GENEXPR, CompKind::Generator, node.generators, node.elt, None)?;
            }
            ExprKind::ListComp(node) => {
                self.comprehension(e, known::LISTCOMP, CompKind::List, node.generators, node.elt, None)?;
            }
            ExprKind::SetComp(node) => {
                self.comprehension(e, known::SETCOMP, CompKind::Set, node.generators, node.elt, None)?;
            }
            ExprKind::DictComp(node) => {
                self.comprehension(e, known::DICTCOMP, CompKind::Dict, node.generators, node.key, Some(node.value))?;
            }
            ExprKind::Yield(node) => self.yields(e, node.value)?,
            ExprKind::YieldFrom(node) => self.yields(e, Some(node.value))?,
            ExprKind::Await(node) => self.awaits(e, node.value)?,
            ExprKind::Compare(node) => {
                self.expr(node.left)?;
                self.exprs(node.comparators)?;
            }
            ExprKind::Call(node) => {
                self.expr(node.func)?;
                self.exprs(node.args)?;
                self.keywords(node.keywords)?;
            }
            ExprKind::FormattedValue(node) => {
                self.expr(node.value)?;
                self.opt_expr(node.format_spec)?;
            }
            ExprKind::Interpolation(node) => {
                self.expr(node.value)?;
                self.opt_expr(node.format_spec)?;
            }
            ExprKind::JoinedStr(node) => self.exprs(node.values)?,
            ExprKind::TemplateStr(node) => self.exprs(node.values)?,
            ExprKind::Constant(_) => {}
            ExprKind::Attribute(node) => {
                let name = self.names.intern(node.attr);
                self.check_name(name, location(e.range), node.ctx)?;
                self.expr(node.value)?;
            }
            ExprKind::Subscript(node) => {
                self.expr(node.value)?;
                self.expr(node.slice)?;
            }
            ExprKind::Starred(node) => self.expr(node.value)?,
            ExprKind::Slice(node) => {
                self.opt_expr(node.lower)?;
                self.opt_expr(node.upper)?;
                self.opt_expr(node.step)?;
            }
            ExprKind::Name(node) => self.name(e, node)?,
            ExprKind::List(node) => self.exprs(node.elts)?,
            ExprKind::Tuple(node) => self.exprs(node.elts)?,
        }
        Ok(())
    }

    fn name(&mut self, e: &'a Expr<'a>, node: &taipan_syntax::ast::Name<'a>) -> Result {
        if self.current().in_unevaluated_annotation {
            return Ok(());
        }
        let name = self.names.intern(node.id);
        let load = node.ctx == ExprContext::Load;
        // A read of `__debug__` is a constant, except in annotations that stay text.
        if load && name == known::DEBUG && !self.preprocess.as_written && !self.in_text_annotation() {
            return Ok(());
        }
        let at = location(e.range);
        self.add_ctx(name, if load { def::USE } else { def::LOCAL }, at, node.ctx)?;
        // `super` needs the class that it is used in.
        if load && name == known::SUPER && self.current().is_function_like() {
            self.add(known::CLASS, def::USE, at)?;
        }
        Ok(())
    }

    fn in_text_annotation(&mut self) -> bool {
        self.future.features & code_flags::FUTURE_ANNOTATIONS != 0 && self.current().kind == BlockKind::Annotation
    }

    fn keywords(&mut self, keywords: &'a [Keyword<'a>]) -> Result {
        for keyword in keywords {
            if let Some(arg) = keyword.arg {
                let name = self.names.intern(arg);
                self.check_name(name, location(keyword.range), ExprContext::Store)?;
            }
        }
        keywords.iter().try_for_each(|k| self.expr(k.value))
    }

    fn type_variable(
        &mut self,
        param: &'a TypeParam<'a>,
        name: Name,
        value: Option<&'a Expr<'a>>,
        key: Key,
        info: &'static str,
    ) -> Result {
        if name == known::CLASSDICT {
            let message = "reserved name '__classdict__' cannot be used for type parameter";
            return Err(CompileError::syntax(location(param.range), message));
        }
        let Some(value) = value else { return Ok(()) };
        let in_class = self.current().can_see_class_scope;
        let at = location(value.range);
        self.enter(name, BlockKind::TypeVariable, key, at)?;
        self.current().can_see_class_scope = in_class;
        if in_class {
            self.add(known::CLASSDICT, def::USE, at)?;
        }
        self.current().scope_info = info;
        self.expr(value)?;
        self.exit();
        Ok(())
    }

    fn type_param(&mut self, param: &'a TypeParam<'a>) -> Result {
        self.depth.check()?;
        let at = location(param.range);
        let text = match &param.kind {
            TypeParamKind::TypeVar(p) => p.name,
            TypeParamKind::ParamSpec(p) => p.name,
            TypeParamKind::TypeVarTuple(p) => p.name,
        };
        let name = self.names.intern(text);
        self.add(name, def::TYPE_PARAM | def::LOCAL, at)?;
        match &param.kind {
            TypeParamKind::TypeVar(p) => {
                let info = match p.bound.map(|b| &b.kind) {
                    Some(ExprKind::Tuple(_)) => "a TypeVar constraint",
                    _ => "a TypeVar bound",
                };
                self.type_variable(param, name, p.bound, Key::bound(param), info)?;
                self.type_variable(param, name, p.default_value, Key::default(param), "a TypeVar default")?;
            }
            TypeParamKind::ParamSpec(p) => {
                self.type_variable(param, name, p.default_value, Key::bound(param), "a ParamSpec default")?;
            }
            TypeParamKind::TypeVarTuple(p) => {
                self.type_variable(param, name, p.default_value, Key::bound(param), "a TypeVarTuple default")?;
            }
        }
        Ok(())
    }

    fn pattern(&mut self, p: &'a Pattern<'a>) -> Result {
        self.depth.check()?;
        let at = location(p.range);
        match &p.kind {
            PatternKind::MatchValue(node) => self.expr(node.value)?,
            PatternKind::MatchSingleton(_) => {}
            PatternKind::MatchSequence(node) => node.patterns.iter().try_for_each(|p| self.pattern(p))?,
            PatternKind::MatchStar(node) => {
                if let Some(name) = node.name {
                    self.add_text(name, def::LOCAL, at)?;
                }
            }
            PatternKind::MatchMapping(node) => {
                self.exprs(node.keys)?;
                node.patterns.iter().try_for_each(|p| self.pattern(p))?;
                if let Some(rest) = node.rest {
                    self.add_text(rest, def::LOCAL, at)?;
                }
            }
            PatternKind::MatchClass(node) => {
                self.expr(node.cls)?;
                node.patterns.iter().try_for_each(|p| self.pattern(p))?;
                for (attr, pattern) in node.kwd_attrs.iter().zip(node.kwd_patterns) {
                    let name = self.names.intern(attr);
                    self.check_name(name, location(pattern.range), ExprContext::Store)?;
                }
                node.kwd_patterns.iter().try_for_each(|p| self.pattern(p))?;
            }
            PatternKind::MatchAs(node) => {
                if let Some(pattern) = node.pattern {
                    self.pattern(pattern)?;
                }
                if let Some(name) = node.name {
                    self.add_text(name, def::LOCAL, at)?;
                }
            }
            PatternKind::MatchOr(node) => node.patterns.iter().try_for_each(|p| self.pattern(p))?,
        }
        Ok(())
    }

    fn params(&mut self, args: &'a [Arg<'a>]) -> Result {
        args.iter().try_for_each(|arg| self.add_text(arg.arg, def::PARAM, location(arg.range)))
    }

    fn arguments(&mut self, args: &'a Arguments<'a>) -> Result {
        self.params(args.posonlyargs)?;
        self.params(args.args)?;
        self.params(args.kwonlyargs)?;
        if let Some(arg) = args.vararg {
            self.params(std::slice::from_ref(arg))?;
            self.current().varargs = true;
        }
        if let Some(arg) = args.kwarg {
            self.params(std::slice::from_ref(arg))?;
            self.current().varkeywords = true;
        }
        Ok(())
    }

    /// The annotation of an assignment.
    fn annotation(&mut self, annotation: &'a Expr<'a>) -> Result {
        let at = location(annotation.range);
        let parent = self.current;
        let (kind, conditional, has_conditional, block, key) = {
            let entry = self.table.entry(parent);
            (
                entry.kind,
                entry.in_conditional_block,
                entry.has_conditional_annotations,
                entry.annotation_block,
                entry.key,
            )
        };
        // Those of local variables are never evaluated.
        let unevaluated = kind == BlockKind::Function;
        // A module may be run in part, so all of its annotations count as conditional.
        if ((kind == BlockKind::Class && conditional) || kind == BlockKind::Module) && !has_conditional {
            self.current().has_conditional_annotations = true;
            self.add(known::CONDITIONAL_ANNOTATIONS, def::USE, at)?;
        }
        match block {
            None => {
                self.enter(known::ANNOTATE, BlockKind::Annotation, key.annotations(), at)?;
                self.table.entry_mut(parent).annotation_block = Some(self.current);
                if kind == BlockKind::Class && self.future.features & code_flags::FUTURE_ANNOTATIONS == 0 {
                    self.current().can_see_class_scope = true;
                    self.table.entry_mut(parent).needs_classdict = true;
                    self.add(known::CLASSDICT, def::USE, at)?;
                }
            }
            Some(block) => self.enter_existing(block, false),
        }
        if unevaluated {
            self.current().in_unevaluated_annotation = true;
        }
        self.expr(annotation)?;
        if unevaluated {
            self.current().in_unevaluated_annotation = false;
        }
        self.exit();
        Ok(())
    }

    fn arg_annotations(&mut self, args: &'a [Arg<'a>]) -> Result {
        for annotation in args.iter().filter_map(|arg| arg.annotation) {
            self.current().annotations_used = true;
            self.expr(annotation)?;
        }
        Ok(())
    }

    /// The annotations of a function, which make a block of their own.
    fn annotations(&mut self, def_: &'a FunctionDef<'a>, at: Location) -> Result {
        let sees_class = self.current().can_see_class_scope;
        let in_class = self.current().kind == BlockKind::Class;
        let args = def_.args;
        self.enter(known::ANNOTATE, BlockKind::Annotation, Key::node(args), at)?;
        if sees_class || in_class {
            self.current().can_see_class_scope = true;
            self.add(known::CLASSDICT, def::USE, at)?;
        }
        self.arg_annotations(args.posonlyargs)?;
        self.arg_annotations(args.args)?;
        if let Some(arg) = args.vararg {
            self.arg_annotations(std::slice::from_ref(arg))?;
        }
        if let Some(arg) = args.kwarg {
            self.arg_annotations(std::slice::from_ref(arg))?;
        }
        self.arg_annotations(args.kwonlyargs)?;
        if let Some(returns) = def_.returns {
            self.current().annotations_used = true;
            self.expr(returns)?;
        }
        self.exit();
        Ok(())
    }

    fn alias(&mut self, alias: &'a Alias<'a>) -> Result {
        let at = location(alias.range);
        let name = alias.asname.unwrap_or(alias.name);
        if name == "*" {
            if self.current().kind != BlockKind::Module {
                return Err(CompileError::syntax(at, "import * only allowed at module level"));
            }
            return Ok(());
        }
        self.add_text(name.split('.').next().unwrap_or(name), def::IMPORT, at)
    }

    fn comprehension(
        &mut self,
        e: &'a Expr<'a>,
        name: Name,
        kind: CompKind,
        generators: &'a [Comprehension<'a>],
        elt: &'a Expr<'a>,
        value: Option<&'a Expr<'a>>,
    ) -> Result {
        let is_generator = kind == CompKind::Generator;
        let Some((outermost, others)) = generators.split_first() else {
            return Err(CompileError::system("comprehension without generators"));
        };
        self.current().comp_iter_expr += 1;
        self.expr(outermost.iter)?;
        self.current().comp_iter_expr -= 1;
        let at = location(e.range);
        self.enter(name, BlockKind::Function, Key::node(e), at)?;
        self.current().comprehension = kind;
        if outermost.is_async != 0 {
            self.current().coroutine = true;
        }
        self.add(known::DOT_ZERO, def::PARAM, at)?;
        self.current().comp_iter_target = true;
        self.expr(outermost.target)?;
        self.current().comp_iter_target = false;
        self.exprs(outermost.ifs)?;
        for generator in others {
            self.current().comp_iter_target = true;
            self.expr(generator.target)?;
            self.current().comp_iter_target = false;
            self.current().comp_iter_expr += 1;
            self.expr(generator.iter)?;
            self.current().comp_iter_expr -= 1;
            self.exprs(generator.ifs)?;
            if generator.is_async != 0 {
                self.current().coroutine = true;
            }
        }
        self.opt_expr(value)?;
        self.expr(elt)?;
        self.current().generator = is_generator;
        let is_async = self.current().coroutine && !is_generator;
        self.exit();
        if is_async {
            if !self.in_async_def() && self.current().comprehension == CompKind::No && !self.allows_top_level_await() {
                let message = "asynchronous comprehension outside of an asynchronous function";
                return Err(CompileError::syntax(at, message));
            }
            self.current().coroutine = true;
        }
        Ok(())
    }
}
