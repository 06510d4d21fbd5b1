//! `MultibyteIncrementalEncoder` and `MultibyteIncrementalDecoder`.

use super::run::text_of;
use super::stateful::Stateful;
use crate::stateful_type;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::buffer::Buffer;
use taipan_object::codecs::errors::decode_error;
use taipan_object::codecs::text::utf_8_decode;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, method, methods, visit,
};

const MAX_PENDING: usize = 8;

fn to_int(bytes: &[u8]) -> PyResult {
    PyLong_Type
        .as_object()
        .call_method(intern!("from_bytes"), &[&Bytes::new(bytes) as &Object, &Str::from_utf8("little")])
}

fn from_int(n: &Object, size: i64) -> PyResult<Vec<u8>> {
    let b = n.call_method(intern!("to_bytes"), &[&Int::from_i64(size) as &Object, &Str::from_utf8("little")])?;
    Ok(b.cast::<Bytes>().as_slice().to_vec())
}

/// Encode a piece of text.
#[method(name = "encode", signature = "(input, final=False)")]
fn encode(this: &MultibyteIncrementalEncoder, input: &Object, last: Option<&Object>) -> PyResult<Ref<Bytes>> {
    let last = last.map_or(Ok(false), Object::is_true)?;
    Ok(Bytes::new(&this.0.encode(text_of(input)?, last)?))
}

/// The state as an integer.
#[method(name = "getstate", signature = "()")]
fn encoder_getstate(this: &MultibyteIncrementalEncoder) -> PyResult {
    this.0.codec()?;
    let pending = Str::from_ucs4(&this.0.characters.borrow());
    let utf8 = pending.to_utf8()?;
    let mut bytes = vec![utf8.len() as u8];
    bytes.extend_from_slice(utf8.as_bytes());
    bytes.extend_from_slice(&this.0.state.get());
    to_int(&bytes)
}

/// Takes a state back.
#[method(name = "setstate", signature = "(state, /)")]
fn encoder_setstate(this: &MultibyteIncrementalEncoder, state: &Object) -> PyResult<()> {
    if state.downcast::<Int>().is_none() {
        bail!(TypeError, "setstate() argument must be int, not {}", state.ty().name_str());
    }
    let bytes = from_int(state, 1 + 8 + 8)?;
    let n = usize::from(bytes[0]);
    if n > MAX_PENDING {
        bail!(UnicodeError, "pending buffer too large");
    }
    let (text, _) = utf_8_decode(&bytes[1..1 + n], "strict", true)?;
    let mut new = [0; 8];
    let rest = &bytes[1 + n..];
    new.copy_from_slice(&rest[..8]);
    *this.0.characters.borrow_mut() = text.chars().collect();
    this.0.state.set(new);
    Ok(())
}

/// Forgets what was left over, and goes back to the state at the beginning.
#[method(name = "reset", signature = "()")]
fn encoder_reset(this: &MultibyteIncrementalEncoder) -> PyResult<()> {
    this.0.reset_encoder().map(drop)
}

stateful_type!(
    MultibyteIncrementalEncoder,
    MultibyteIncrementalEncoder_Type,
    c"_multibytecodec.MultibyteIncrementalEncoder",
    decodes false,
    [encode, encoder_getstate, encoder_setstate, encoder_reset],
    ["errors" false],
    None
);

/// Decode a piece of bytes.
#[method(name = "decode", signature = "(input, final=False)")]
fn decode(this: &MultibyteIncrementalDecoder, input: &Object, last: Option<&Object>) -> PyResult<Ref<Str>> {
    let data = Buffer::get(input)?.as_slice().to_vec();
    let last = last.map_or(Ok(false), Object::is_true)?;
    Ok(Str::from_ucs4(&this.0.decode(&data, last)?))
}

/// What is left over, and the state as an integer.
#[method(name = "getstate", signature = "()")]
fn decoder_getstate(this: &MultibyteIncrementalDecoder) -> PyResult<Ref<Tuple>> {
    this.0.codec()?;
    let pending = Bytes::new(&this.0.bytes.borrow());
    let state = to_int(&this.0.state.get())?;
    Ok(Tuple::new(&[&pending, &state]))
}

/// Takes a state back.
#[method(name = "setstate", signature = "(state, /)")]
fn decoder_setstate(this: &MultibyteIncrementalDecoder, state: &Object) -> PyResult<()> {
    let Some(t) = state.downcast::<Tuple>() else {
        bail!(TypeError, "setstate() argument must be tuple, not {}", state.ty().name_str())
    };
    let parts = if t.len() == 2 {
        t.item(0).downcast::<Bytes>().zip(t.item(1).downcast::<Int>().map(|_| t.item(1)))
    } else {
        None
    };
    let Some((pending, number)) = parts else { bail!(TypeError, "setstate(): illegal state argument") };
    let bytes = from_int(number, 8)?;
    if pending.as_slice().len() > MAX_PENDING {
        let (name, data) = (this.0.codec()?.name, pending.as_slice());
        return Err(decode_error(name, data, 0, data.len(), "pending buffer too large"));
    }
    let mut new = [0; 8];
    new.copy_from_slice(&bytes);
    *this.0.bytes.borrow_mut() = pending.as_slice().to_vec();
    this.0.state.set(new);
    Ok(())
}

/// Forgets what was left over, and goes back to the state at the beginning.
#[method(name = "reset", signature = "()")]
fn decoder_reset(this: &MultibyteIncrementalDecoder) -> PyResult<()> {
    this.0.reset_decoder()
}

stateful_type!(
    MultibyteIncrementalDecoder,
    MultibyteIncrementalDecoder_Type,
    c"_multibytecodec.MultibyteIncrementalDecoder",
    decodes true,
    [decode, decoder_getstate, decoder_setstate, decoder_reset],
    ["errors" false],
    None
);
