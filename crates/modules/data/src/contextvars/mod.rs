//! `_contextvars`: context variables (PEP 567).

mod context;
mod hamt;
pub mod var;

pub use context::copy_current;

use context::Context;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Ref, function, methods};

/// Return a copy of the current context.
#[function]
fn copy_context() -> Ref<Context> {
    context::copy_current()
}

fn exec(m: &Module) -> PyResult<()> {
    for t in hamt::TYPES.iter().chain(context::TYPES).chain(var::TYPES) {
        taipan_object::typeobj::ready::ready(t)?;
    }
    if let Some(d) = var::PyContextToken_Type.dict.get() {
        d.cast::<Dict>().set_str("MISSING", var::missing())?;
    }
    m.add_type(&context::PyContext_Type)?;
    m.add_type(&var::PyContextVar_Type)?;
    m.add_type(&var::PyContextToken_Type)
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_contextvars", doc: "Context variables.", methods: methods![copy_context], exec };
