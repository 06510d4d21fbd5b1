//! `_pickle`: objects as bytes and back.
//!
//! - `opcode.rs`: the format; `state.rs`: what comes from other modules
//! - `writer.rs`: output and frames; `memo.rs`: what was written; `save.rs`, `reduce.rs`: how; `pickler.rs`: the types
//! - `input.rs`: where bytes come from; `machine.rs`: what runs the opcodes; `unpickler.rs`: the types
//! - `buffer.rs`: `PickleBuffer`

mod buffer;
mod input;
mod machine;
mod memo;
mod opcode;
mod pickler;
mod reduce;
mod save;
mod state;
mod unpickler;
mod writer;

use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Object, PyResult, function, methods};

/// Write the pickled form of obj to a binary file.
#[function(signature = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)")]
fn dump(
    obj: &Object,
    file: &Object,
    protocol: Option<&Object>,
    fix_imports: bool,
    buffer_callback: Option<&Object>,
) -> PyResult<()> {
    pickler::dump_to(obj, file, protocol, fix_imports, buffer_callback)
}

/// Return the pickled form of obj as bytes.
#[function(signature = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)")]
fn dumps(obj: &Object, protocol: Option<&Object>, fix_imports: bool, buffer_callback: Option<&Object>) -> PyResult {
    pickler::dump_bytes(obj, protocol, fix_imports, buffer_callback)
}

/// Read a pickled object from a binary file.
#[function(
    signature = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
    shown = "(file, *, fix_imports=True, encoding='ASCII',\n     errors='strict', buffers=())"
)]
fn load(file: &Object, fix_imports: bool, encoding: &str, errors: &str, buffers: Option<&Object>) -> PyResult {
    unpickler::load_from(file, fix_imports, encoding, errors, buffers)
}

/// Read a pickled object from bytes.
#[function(
    signature = "(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
    shown = "(data, /, *, fix_imports=True, encoding='ASCII',\n      errors='strict', buffers=())"
)]
fn loads(data: &Object, fix_imports: bool, encoding: &str, errors: &str, buffers: Option<&Object>) -> PyResult {
    unpickler::load_bytes(data, fix_imports, encoding, errors, buffers)
}

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&buffer::PICKLE_BUFFER_TYPE)?;
    m.add_type(&pickler::PICKLER_TYPE)?;
    m.add_type(&unpickler::UNPICKLER_TYPE)?;
    taipan_object::typeobj::ready::ready(&pickler::PICKLER_MEMO_PROXY_TYPE)?;
    taipan_object::typeobj::ready::ready(&unpickler::UNPICKLER_MEMO_PROXY_TYPE)?;
    let [base, pickling, unpickling] = state::error_classes()?;
    m.add("PickleError", &base)?;
    m.add("PicklingError", &pickling)?;
    m.add("UnpicklingError", &unpickling)?;
    state::init()
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_pickle",
    doc: "Objects as bytes and back, for the module pickle.",
    methods: methods![dump, dumps, load, loads],
    exec,
};
