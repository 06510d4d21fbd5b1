//! `array`: arrays of machine values.
//!
//! - `item.rs`: the type codes and single items; `object.rs`: the type's memory and slots; `methods.rs`: its methods;
//!   `reconstruct.rs`: pickling

mod item;
mod iter;
mod methods;
mod object;
mod reconstruct;

use reconstruct::_array_reconstructor;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, intern, methods};

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&object::ARRAY_TYPE)?;
    taipan_object::typeobj::ready::ready(&iter::ARRAY_ITER_TYPE)?;
    m.add("ArrayType", object::ARRAY_TYPE.as_object())?;
    m.add_str("typecodes", &item::codes())?;
    // What `collections.abc` says of arrays, once it is imported.
    let abc = (taipan_object::hooks::get().import)("collections.abc")?;
    let sequence = abc.get_attr(intern!("MutableSequence"))?;
    sequence.call_method(intern!("register"), &[object::ARRAY_TYPE.as_object()]).map(drop)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "array",
    doc: "Compact arrays of numbers or characters.",
    methods: methods![_array_reconstructor],
    exec,
};
