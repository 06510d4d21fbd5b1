//! The module `_ast`: syntax trees as Python objects.
//!
//! - `base.rs`: the class `AST`; `classes.rs`: its subclasses, made from the node table of `taipan_syntax`
//! - `to_objects.rs`, `from_objects.rs`: between trees of the parser and trees of objects; `validate.rs`: whether a tree makes sense
//! - `optimize.rs`: the tree as the compiler reads it

pub mod base;
pub mod classes;
pub mod from_objects;
pub mod optimize;
pub mod to_objects;
pub mod validate;

use classes::State;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Object, PyResult, bail};
use taipan_syntax::ast::Mod;
use taipan_syntax::ast::table::Node;
use taipan_syntax::{Arena, Mode, parse};
use taipan_vm::ast_hooks::{self, AstHooks};
use taipan_vm::compile::{self, Request, flag};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "_ast", doc: "The nodes of syntax trees.", methods: None, exec };

fn exec(m: &Module) -> PyResult<()> {
    let state = State::get()?;
    m.add("AST", base::AST_Type.as_object())?;
    for (name, class) in state.named() {
        m.add(name, &class)?;
    }
    m.add_int("PyCF_ALLOW_TOP_LEVEL_AWAIT", flag::ALLOW_TOP_LEVEL_AWAIT as i64)?;
    m.add_int("PyCF_ONLY_AST", flag::ONLY_AST as i64)?;
    m.add_int("PyCF_OPTIMIZED_AST", flag::OPTIMIZED_AST as i64)?;
    m.add_int("PyCF_TYPE_COMMENTS", flag::TYPE_COMMENTS as i64)
}

/// Lets `compile()` work with trees of objects.
pub fn install() {
    ast_hooks::install(AstHooks { is_tree, compile: compile_objects, parse: parse_text });
}

fn is_tree(o: &Object) -> PyResult<bool> {
    // Before anybody has asked for the classes there is no tree.
    if !State::exists() {
        return Ok(false);
    }
    o.is_instance(base::AST_Type.as_object())
}

fn root_class(mode: Mode) -> &'static str {
    match mode {
        Mode::Exec => "Module",
        Mode::Eval => "Expression",
        Mode::Single => "Interactive",
        Mode::FuncType => "FunctionType",
    }
}

/// Whether only the tree is wanted, as it is.
fn plain_tree(r: &Request<'_>) -> bool {
    r.flags & flag::OPTIMIZED_AST == flag::ONLY_AST
}

fn compile_objects(tree: &Object, r: &Request<'_>) -> PyResult {
    let state = State::get()?;
    let wanted = root_class(r.mode);
    if !tree.is_instance(&state.class(wanted))? {
        bail!(TypeError, "expected {wanted} node, got {}", tree.ty().name_str());
    }
    if plain_tree(r) {
        return Ok(tree.to_obj());
    }
    let arena = Arena::new();
    let module = from_objects::module(&state, &arena, tree)?;
    validate::module(&module)?;
    finish(&state, &arena, module, r)
}

/// Reads a tree of objects, and passes it on as the compiler takes it.
pub fn with_tree<T>(tree: &Object, mode: Mode, read: impl FnOnce(&Mod<'_>) -> PyResult<T>) -> PyResult<T> {
    let state = State::get()?;
    let wanted = root_class(mode);
    if !tree.is_instance(&state.class(wanted))? {
        bail!(TypeError, "expected {wanted} node, got {}", tree.ty().name_str());
    }
    let arena = Arena::new();
    let module = from_objects::module(&state, &arena, tree)?;
    validate::module(&module)?;
    read(&module)
}

fn parse_text(text: &str, r: &Request<'_>) -> PyResult {
    let state = State::get()?;
    let arena = Arena::new();
    let mut warnings = Vec::new();
    let parsed = parse(&arena, text, &compile::parse_options(r), &mut warnings);
    compile::issue_parser_warnings(&warnings, text, r.filename)?;
    let module = parsed.map_err(|e| compile::raise_parse_error(&e, r, Some(text)))?;
    if !text.is_ascii() {
        validate::names(&arena, Node::Mod(arena.alloc(module)))?;
    }
    if plain_tree(r) {
        return to_objects::module(&state, &arena, &module);
    }
    finish(&state, &arena, module, r)
}

fn finish<'a>(state: &State, arena: &'a Arena, module: Mod<'a>, r: &Request<'_>) -> PyResult {
    if r.flags & flag::ONLY_AST == 0 {
        return Ok(compile::compile_tree(&module, r)?.into_obj());
    }
    let optimize = compile::compile_options(r).optimize;
    let module = optimize::module(arena, module, optimize)?;
    to_objects::module(state, arena, &module)
}
