//! `sys._jit`: whether machine code is made. It is not, yet.

use taipan_object::method::MethodDef;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, function};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "sys._jit", doc: "Utilities for observing just-in-time compilation.", methods: Some(METHODS), exec };

static METHODS: &[MethodDef] = &[is_available::DEF, is_enabled::DEF, is_active::DEF, MethodDef::END];

/// Return whether this build can make machine code.
#[function(signature = "()")]
fn is_available() -> bool {
    false
}

/// Return whether machine code is made.
#[function(signature = "()")]
fn is_enabled() -> bool {
    false
}

/// Return whether the caller is running as machine code.
#[function(signature = "()")]
fn is_active() -> bool {
    false
}

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}
