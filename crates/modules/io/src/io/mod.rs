//! `_io`: streams.
//!
//! - `base.rs`: `_IOBase`, `_RawIOBase`; `abstracts.rs`: `_BufferedIOBase`, `_TextIOBase`
//! - `fileio.rs`: file descriptors; `buffered/`: buffers over raw streams; `bytesio.rs`, `stringio.rs`: streams in memory
//! - `newline.rs`: line ends, and `IncrementalNewlineDecoder`; `textio/`: text over a buffer
//! - `opening.rs`: `open` and its kin
//!
//! Each class may have a Python class below it that overrides anything. Where one native class uses another it asks whether the other
//! is of the exact type and then goes the direct way, without calls of methods.

pub mod abstracts;
pub mod base;
pub mod buffered;
pub mod bytesio;
pub mod fileio;
pub mod newline;
pub mod opening;
pub mod stringio;
pub mod textio;

use taipan_object::error::{PyResult, Raised};
use taipan_object::header::{Obj, Object};
use taipan_object::types::dict::Dict;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, type_};
use taipan_object::{Interp, Type, bail, intern, methods};

/// The size of buffers unless the file asks for a larger one.
pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

/// Raises `io.UnsupportedOperation`.
#[cold]
pub fn unsupported(message: &str) -> Raised {
    match unsupported_type().and_then(|t| t.call_one(&Str::from_utf8(message))) {
        Ok(exc) => taipan_object::error::raise_instance(exc),
        Err(e) => e,
    }
}

const STATE_KEY: &str = "_io.UnsupportedOperation";

fn unsupported_type() -> PyResult {
    let interp = Interp::current();
    if let Some(t) = interp.module_state.borrow().get(STATE_KEY) {
        return Ok(t.clone());
    }
    let bases = Tuple::new(&[exceptions::OSError.as_object(), exceptions::ValueError.as_object()]);
    let dict = Dict::new();
    dict.set_item(intern!("__module__"), intern!("io"))?;
    let t = type_::PyType_Type.as_object().call(&[intern!("UnsupportedOperation"), &bases, &dict])?;
    interp.module_state.borrow_mut().insert(STATE_KEY, t.clone());
    Ok(t)
}

/// Streams cannot be pickled unless a subclass says how.
pub fn cannot_pickle(o: &Object) -> PyResult {
    bail!(TypeError, "cannot pickle '{}' instances", shown_type(o))
}

/// A type as `repr` of streams shows it: the dotted name of native ones, the bare name of classes.
pub fn shown_type(o: &Object) -> &str {
    o.ty().name_str()
}

fn exec(m: &Module) -> PyResult<()> {
    m.add_int("DEFAULT_BUFFER_SIZE", DEFAULT_BUFFER_SIZE as i64)?;
    let unsupported: Obj = unsupported_type()?;
    m.add("UnsupportedOperation", &unsupported)?;
    m.add("BlockingIOError", exceptions::BlockingIOError.as_object())?;
    let types: [&'static Type; 14] = [
        &base::PyIOBase_Type,
        &base::PyRawIOBase_Type,
        &abstracts::PyBufferedIOBase_Type,
        &abstracts::PyTextIOBase_Type,
        &fileio::PyFileIO_Type,
        &bytesio::PyBytesIO_Type,
        &bytesio::PyBytesIOBuffer_Type,
        &stringio::PyStringIO_Type,
        &newline::PyIncrementalNewlineDecoder_Type,
        &buffered::PyBufferedReader_Type,
        &buffered::PyBufferedWriter_Type,
        &buffered::PyBufferedRandom_Type,
        &buffered::rwpair::PyBufferedRWPair_Type,
        &textio::PyTextIOWrapper_Type,
    ];
    for t in types {
        m.add_type(t)?;
    }
    Ok(())
}

use opening::{open, open_code, text_encoding};

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_io",
    doc: "The native part of io: the classes of streams, and open().",
    methods: methods![open, open_code, text_encoding],
    exec,
};
