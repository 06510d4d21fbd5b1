//! `MultibyteCodec`: a codec as an object, which works on whole texts.

use super::run;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::buffer::Buffer;
use taipan_object::codecs::errors;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, flags, layout, method, methods};
use taipan_unicode::cjk::Codec;

/// A codec.
#[repr(C)]
pub struct MultibyteCodec {
    ob_base: Object,
    pub(super) codec: Codec,
}
layout!(MultibyteCodec, MultibyteCodec_Type);

/// The object of a codec.
pub fn make(codec: Codec) -> Obj {
    new_object(MultibyteCodec { ob_base: Object::placeholder(), codec }).into_obj()
}

/// Encode a text; returns the bytes and how many characters they are.
#[method(signature = "(input, errors=None)")]
fn encode(this: &MultibyteCodec, input: &Object, errors: Option<&str>) -> PyResult<Ref<Tuple>> {
    let converted;
    let text = match input.downcast::<Str>() {
        Some(s) => s,
        None => {
            converted = input.str()?;
            &converted
        }
    };
    let bytes = run::encode_whole(&this.codec, text, errors.unwrap_or("strict"))?;
    Ok(errors::pair(taipan_object::types::bytes::Bytes::new(&bytes).into_obj(), text.len()))
}

/// Decode bytes; returns the text and how many bytes it was.
#[method(signature = "(input, errors=None)")]
fn decode(this: &MultibyteCodec, input: &Object, errors: Option<&str>) -> PyResult<Ref<Tuple>> {
    let data = Buffer::get(input)?;
    let mut state = this.codec.decode_initial();
    let mut out = Vec::with_capacity(data.len());
    let mut run = run::Decoding {
        codec: &this.codec,
        errors: errors.unwrap_or("strict"),
        data: data.as_slice().to_vec(),
        pos: 0,
    };
    run.go(&mut state, &mut out, true)?;
    Ok(errors::pair(Str::from_ucs4(&out).into_obj(), data.len()))
}

/// `_multibytecodec.MultibyteCodec`
pub static MultibyteCodec_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_multibytecodec.MultibyteCodec",
        basicsize: size_of::<MultibyteCodec>(),
        flags: flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<MultibyteCodec>),
        methods: methods![encode, decode],
        ..TypeDef::EMPTY
    },
    0,
);
