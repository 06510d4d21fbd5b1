//! Codecs over Python objects.
//!
//! - this file: encoding and decoding by name, with short cuts for the common encodings
//! - `registry.rs`: search functions, the cache, generic `encode` and `decode`
//! - `errors.rs`: error handlers, built-in and registered, and the exceptions they get
//! - `text.rs`, `charmap.rs`, `escape.rs`: the bodies of the functions of `_codecs`
//!
//! The codecs proper, which know no objects, are in `taipan-unicode`.
#![allow(non_upper_case_globals)]

pub mod charmap;
pub mod errors;
pub mod escape;
pub mod registry;
pub mod text;

pub use errors::{decode_error, encode_error};

use crate::buffer::{self, Buffer};
use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::types::bytearray::ByteArray;
use crate::types::bytes::Bytes;
use crate::types::str::Str;
use crate::{bail, raise};
use taipan_unicode::codec::utf16::{Utf16Decoder, Utf16Encoder};
use taipan_unicode::codec::utf32::{ByteOrder, Utf32Decoder, Utf32Encoder};

/// The encodings that need no look-up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Utf8,
    Latin1,
    Ascii,
    Utf16,
    Utf32,
}

fn known(name: &str) -> Option<Known> {
    if name == "utf-8" {
        return Some(Known::Utf8);
    }
    if name.len() > 16 || !name.is_ascii() {
        return None;
    }
    let norm = registry::normalize(name);
    Some(match norm.as_str() {
        "utf_8" | "utf8" => Known::Utf8,
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" => Known::Latin1,
        "ascii" | "us_ascii" => Known::Ascii,
        "utf_16" | "utf16" => Known::Utf16,
        "utf_32" | "utf32" => Known::Utf32,
        _ => return None,
    })
}

/// `s.encode(encoding, errors)`: always an exact `bytes`.
pub fn encode_text(s: &Str, encoding: &str, errors: &str) -> PyResult {
    match known(encoding) {
        Some(Known::Utf8) => return text::utf_8_encode(s, errors).map(Ref::into_obj),
        Some(Known::Latin1) => return text::latin_1_encode(s, errors).map(Ref::into_obj),
        Some(Known::Ascii) => return text::ascii_encode(s, errors).map(Ref::into_obj),
        Some(Known::Utf16) => {
            return text::encode(&mut Utf16Encoder::new(ByteOrder::Unknown), s, errors).map(Ref::into_obj);
        }
        Some(Known::Utf32) => {
            return text::encode(&mut Utf32Encoder::new(ByteOrder::Unknown), s, errors).map(Ref::into_obj);
        }
        None => {}
    }
    let r = registry::encode_with_text_codec(s, encoding, errors)?;
    if r.downcast::<Bytes>().is_some() {
        return Ok(r);
    }
    if let Some(b) = r.downcast::<ByteArray>() {
        let message = format!(
            "encoder {encoding} returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types"
        );
        (crate::hooks::get().warn)(crate::types::exceptions::RuntimeWarning, &message, 1)?;
        return Ok(Bytes::try_new(b.as_slice())?.into_obj());
    }
    bail!(
        TypeError,
        "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
        r.ty().name_str()
    )
}

/// Bytes decoded by name, to a `str`.
pub fn decode_bytes(data: &[u8], encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    let first = |r: PyResult<(Ref<Str>, usize)>| r.map(|x| x.0);
    match known(encoding) {
        Some(Known::Utf8) => first(text::utf_8_decode(data, errors, true)),
        Some(Known::Latin1) => Ok(Str::from_latin1(data)),
        Some(Known::Ascii) => first(text::ascii_decode(data, errors)),
        Some(Known::Utf16) => first(text::decode(&mut Utf16Decoder { order: ByteOrder::Unknown }, data, errors, true)),
        Some(Known::Utf32) => first(text::decode(&mut Utf32Decoder { order: ByteOrder::Unknown }, data, errors, true)),
        None => decode_found(Bytes::try_new(data)?.as_obj(), encoding, errors),
    }
}

fn decode_found(object: &Object, encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    let r = registry::decode_with_text_codec(object, encoding, errors)?;
    r.downcast_into::<Str>().map_err(|r| {
        raise!(
            TypeError,
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
            r.ty().name_str()
        )
    })
}

/// `object.decode(encoding, errors)` for `bytes` and `bytearray`.
pub fn decode_text(object: &Object, encoding: &str, errors: &str) -> PyResult {
    let b = Buffer::get(object)?;
    if known(encoding).is_some() {
        return decode_bytes(b.as_slice(), encoding, errors).map(Ref::into_obj);
    }
    drop(b);
    decode_found(object, encoding, errors).map(Ref::into_obj)
}

/// `str(object, encoding, errors)` (`PyUnicode_FromEncodedObject`).
pub fn decode_object(object: &Object, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Str>> {
    let (encoding, errors) = (encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"));
    if let Some(b) = object.downcast::<Bytes>() {
        return if b.is_empty() { Ok(Str::empty()) } else { decode_bytes(b.as_slice(), encoding, errors) };
    }
    if object.downcast::<Str>().is_some() {
        bail!(TypeError, "decoding str is not supported");
    }
    if !buffer::supports(object) {
        bail!(TypeError, "decoding to str: need a bytes-like object, {} found", object.ty().name_str());
    }
    let b = Buffer::get(object)?;
    if b.is_empty() {
        return Ok(Str::empty());
    }
    decode_bytes(b.as_slice(), encoding, errors)
}

/// The bytes of ASCII text; `UnicodeEncodeError` for others.
pub fn encode_ascii_strict(s: &Str) -> PyResult<Vec<u8>> {
    Ok(text::ascii_encode(s, "strict")?.as_slice().to_vec())
}

/// The types of this module.
pub static TYPES: &[&crate::Type] = &[&charmap::EncodingMap_Type];
