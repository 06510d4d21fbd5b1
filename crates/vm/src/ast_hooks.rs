//! Trees as Python objects: what `compile()` needs from the module `_ast`, which installs it.

use crate::compile::Request;
use std::sync::OnceLock;
use taipan_object::header::Object;
use taipan_object::{PyResult, bail};

/// The functions of `_ast` that `compile()` uses.
pub struct AstHooks {
    /// Whether the object is a tree.
    pub is_tree: fn(&Object) -> PyResult<bool>,
    /// Compiles a tree, or answers it again, checked and optimised, for `ONLY_AST`.
    pub compile: fn(&Object, &Request<'_>) -> PyResult,
    /// Parses text into objects.
    pub parse: fn(&str, &Request<'_>) -> PyResult,
}

static HOOKS: OnceLock<AstHooks> = OnceLock::new();

/// Installs the functions; the first caller wins.
pub fn install(h: AstHooks) {
    let _ = HOOKS.set(h);
}

/// The compiler of trees, if the object is one.
pub fn tree_compiler(o: &Object) -> PyResult<Option<&'static AstHooks>> {
    match HOOKS.get() {
        Some(h) if (h.is_tree)(o)? => Ok(Some(h)),
        _ => Ok(None),
    }
}

impl AstHooks {
    /// Compiles a tree.
    pub fn compile(&self, tree: &Object, r: &Request<'_>) -> PyResult {
        (self.compile)(tree, r)
    }
}

/// Parses text into a tree of objects.
pub fn parse_to_objects(text: &str, r: &Request<'_>) -> PyResult {
    match HOOKS.get() {
        Some(h) => (h.parse)(text, r),
        None => bail!(NotImplementedError, "this build has no _ast"),
    }
}
