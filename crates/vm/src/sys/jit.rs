//! `sys._jit`: whether a compiler to machine code is there. There is none yet.

use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, function, methods};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "sys._jit",
    doc: "What is known of just-in-time compilation.",
    methods: methods![is_available, is_enabled, is_active],
    exec,
};

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// Return whether this build has a just-in-time compiler.
#[function(signature = "()")]
fn is_available() -> bool {
    false
}

/// Return whether the compiler is switched on.
#[function(signature = "()")]
fn is_enabled() -> bool {
    false
}

/// Return whether the caller runs compiled code.
#[function(signature = "()")]
fn is_active() -> bool {
    false
}
