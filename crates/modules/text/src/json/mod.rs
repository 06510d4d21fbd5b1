//! `_json`: reading and writing JSON.
//!
//! - `scan.rs`: the scanner; `encode.rs`: the encoder; `text.rs`: strings, both ways

pub mod encode;
pub mod scan;
pub mod text;

use taipan_object::typeobj::ready::ready;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, methods};
use text::{encode_basestring, encode_basestring_ascii, scanstring};

fn exec(m: &Module) -> PyResult<()> {
    ready(&scan::Scanner_Type)?;
    ready(&encode::Encoder_Type)?;
    m.add("make_scanner", scan::Scanner_Type.as_object())?;
    m.add("make_encoder", encode::Encoder_Type.as_object())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_json",
    doc: "Reading and writing JSON, fast.",
    methods: methods![encode_basestring_ascii, encode_basestring, scanstring],
    exec,
};
