//! Codecs by character maps: strings, mappings, and the encoding map that inverts a string.

use super::errors::{Decoding, Encoding};
use super::text::{decode, encode, latin_1_decode, latin_1_encode};
use crate::error::PyResult;
use crate::header::{Layout, Object, Ref};
use crate::typeobj::{Type, TypeDef};
use crate::types::bytes::Bytes;
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::str::{Str, StrBuilder};
use crate::{bail, layout, method, methods};
use taipan_unicode::codec::narrow::{CharmapDecoder, CharmapEncoder, EncodingMap};
use taipan_unicode::codec::{DecodeErrors, EncodeErrors, Failure, Replacement};

const UNDEFINED: &str = "character maps to <undefined>";

/// `_codecs.charmap_decode`. Without a mapping it is Latin-1.
pub fn charmap_decode(data: &[u8], errors: &str, mapping: Option<&Object>) -> PyResult<(Ref<Str>, usize)> {
    let Some(mapping) = mapping else { return Ok(latin_1_decode(data)) };
    if let Some(s) = mapping.downcast_exact::<Str>() {
        let table: Vec<u32> = s.chars().collect();
        return decode(&mut CharmapDecoder { table: &table }, data, errors, true);
    }
    let mut out = StrBuilder::with_capacity(data.len());
    let mut handler = Decoding::new(errors);
    let mut input = std::borrow::Cow::Borrowed(data);
    let mut pos = 0;
    while let Some(&b) = input.get(pos) {
        if push_mapped(&mut out, mapping, b)? {
            pos += 1;
            continue;
        }
        let failure = Failure { start: pos, end: pos + 1, reason: UNDEFINED };
        let reply = handler.handle("charmap", &input, failure)?;
        reply.text.iter().for_each(|&c| out.push_char(c));
        pos = reply.resume;
        if let Some(other) = reply.input {
            input = other.into();
        }
    }
    Ok((out.finish(), data.len()))
}

/// Appends what `b` maps to; false when it is undefined.
fn push_mapped(out: &mut StrBuilder, mapping: &Object, b: u8) -> PyResult<bool> {
    let v = match mapping.get_item(&Int::from_i64(b.into())) {
        Ok(v) => v,
        Err(e) => return e.recover(exceptions::LookupError, false),
    };
    if v.is_none() {
        return Ok(false);
    }
    if let Some(i) = v.downcast::<Int>() {
        match i.to_i64() {
            Some(0xFFFE) => return Ok(false),
            Some(n @ 0..=0x10_FFFF) => out.push_char(n as u32),
            _ => bail!(TypeError, "character mapping must be in range(0x110000)"),
        }
        return Ok(true);
    }
    let Some(s) = v.downcast::<Str>() else { bail!(TypeError, "character mapping must return integer, None or str") };
    if s.len() == 1 && s.char_at(0) == 0xFFFE {
        return Ok(false);
    }
    out.push_pystr(s);
    Ok(true)
}

/// `_codecs.charmap_encode`. Without a mapping it is Latin-1.
pub fn charmap_encode(s: &Str, errors: &str, mapping: Option<&Object>) -> PyResult<Ref<Bytes>> {
    let Some(mapping) = mapping else { return latin_1_encode(s, errors) };
    if let Some(m) = mapping.downcast::<EncodingMapObject>() {
        return encode(&mut CharmapEncoder { map: &m.map }, s, errors);
    }
    let mut out = Vec::with_capacity(s.len());
    let mut handler = Encoding::new(s, errors);
    let mut pos = 0;
    while pos < s.len() {
        if encode_mapped(&mut out, mapping, s.char_at(pos))? {
            pos += 1;
            continue;
        }
        let mut end = pos + 1;
        while end < s.len() && !encode_mapped(&mut Vec::new(), mapping, s.char_at(end))? {
            end += 1;
        }
        let failure = Failure { start: pos, end, reason: UNDEFINED };
        let (replacement, resume) = handler.handle("charmap", failure)?;
        match replacement {
            Replacement::Bytes(b) => out.extend_from_slice(&b),
            Replacement::Text(t) => {
                for c in t {
                    if !encode_mapped(&mut out, mapping, c)? {
                        return Err(handler.raise("charmap", failure));
                    }
                }
            }
        }
        pos = resume;
    }
    Bytes::try_new(&out)
}

/// Appends what `c` maps to; false when it is undefined.
fn encode_mapped(out: &mut Vec<u8>, mapping: &Object, c: u32) -> PyResult<bool> {
    let v = match mapping.get_item(&Int::from_i64(c.into())) {
        Ok(v) => v,
        Err(e) => return e.recover(exceptions::LookupError, false),
    };
    if v.is_none() {
        return Ok(false);
    }
    if let Some(i) = v.downcast::<Int>() {
        match i.to_i64() {
            Some(n @ 0..=255) => out.push(n as u8),
            _ => bail!(TypeError, "character mapping must be in range(256)"),
        }
        return Ok(true);
    }
    match v.downcast::<Bytes>() {
        Some(b) => out.extend_from_slice(b.as_slice()),
        None => bail!(TypeError, "character mapping must return integer, bytes or None, not {}", v.ty().name_str()),
    }
    Ok(true)
}

/// The inverse of a decoding string.
#[repr(C)]
pub struct EncodingMapObject {
    /// The head.
    pub ob_base: Object,
    map: Box<EncodingMap>,
}

layout!(EncodingMapObject, EncodingMap_Type);

/// `_codecs.charmap_build`: an encoding map, or a dict when the string is no ordinary table.
pub fn charmap_build(map: &Str) -> PyResult {
    let table: Vec<u32> = map.chars().take(256).collect();
    let ordinary = table.len() == 256 && table[0] == 0 && table[1..].iter().all(|&c| c != 0 && c < 0x10000);
    if ordinary {
        let body = EncodingMapObject { ob_base: Object::placeholder(), map: Box::new(EncodingMap::new(&table)) };
        return Ok(crate::alloc::new_object(body).into_obj());
    }
    let d = Dict::new();
    for (b, &c) in table.iter().enumerate() {
        d.set_item(&Int::from_i64(c.into()), &Int::from_i64(b as i64))?;
    }
    Ok(d.into_obj())
}

/// The memory that the map takes, in bytes.
#[method(signature = "()", text = false)]
fn size(this: &EncodingMapObject) -> usize {
    size_of::<EncodingMapObject>() + this.map.size()
}

/// The type of encoding maps.
pub static EncodingMap_Type: Type = Type::new_static(TypeDef {
    name: c"EncodingMap",
    basicsize: size_of::<EncodingMapObject>(),
    dealloc: Some(crate::alloc::dealloc_of::<EncodingMapObject>),
    methods: methods![size],
    ..TypeDef::EMPTY
});

/// Whether `o` is an encoding map.
pub fn is_encoding_map(o: &Object) -> bool {
    EncodingMapObject::is_instance(o)
}
