//! `_multibytecodec` and the modules of the codecs: `_codecs_cn`, `_codecs_hk`, `_codecs_iso2022`, `_codecs_jp`, `_codecs_kr`, `_codecs_tw`.
//!
//! - `codec.rs`: `MultibyteCodec`; `run.rs`: whole texts with error handlers; `incremental.rs`: the incremental codecs;
//!   `stream.rs`: stream readers and writers; `stateful.rs`: what these four share

mod codec;
mod incremental;
mod run;
mod stateful;
mod stream;

use taipan_object::typeobj::ready::ready;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, bail, function, methods};
use taipan_unicode::cjk::Codec;

fn getcodec(module: &str, name: &Object) -> PyResult {
    let Some(name) = name.downcast::<Str>() else { bail!(TypeError, "encoding name must be a string.") };
    match Codec::find(module, name.to_utf8()?) {
        Some(c) => Ok(codec::make(c)),
        None => bail!(LookupError, "no such codec is supported."),
    }
}

macro_rules! modules {
    ($($ident:ident $function:ident $name:literal;)*) => {
        $(
            /// The codec of that name.
            #[function(name = "getcodec", signature = "(encoding, /)", text = false)]
            fn $function(encoding: &Object) -> PyResult {
                getcodec($name, encoding)
            }

            /// A module of codecs.
            pub static $ident: ModuleDef = ModuleDef {
                name: $name,
                doc: "",
                methods: methods![$function],
                exec: |_| ready(&codec::MultibyteCodec_Type),
            };
        )*
    };
}

modules! {
    CN getcodec_cn "_codecs_cn";
    HK getcodec_hk "_codecs_hk";
    ISO2022 getcodec_iso2022 "_codecs_iso2022";
    JP getcodec_jp "_codecs_jp";
    KR getcodec_kr "_codecs_kr";
    TW getcodec_tw "_codecs_tw";
}

fn exec(m: &Module) -> PyResult<()> {
    ready(&codec::MultibyteCodec_Type)?;
    for t in [
        &incremental::MultibyteIncrementalEncoder_Type,
        &incremental::MultibyteIncrementalDecoder_Type,
        &stream::MultibyteStreamReader_Type,
        &stream::MultibyteStreamWriter_Type,
    ] {
        m.add_type(t)?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_multibytecodec", doc: "", methods: None, exec };
