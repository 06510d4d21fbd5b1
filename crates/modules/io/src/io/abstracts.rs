//! `_BufferedIOBase` and `_TextIOBase`: what buffers and text streams promise.

use super::base::{PyIOBase_Type, plain_base};
use super::unsupported;
use taipan_object::buffer::WritableBuffer;
use taipan_object::error::PyResult;
use taipan_object::header::Object;
use taipan_object::typeobj::{Type, TypeDef};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::none;
use taipan_object::{bail, getset, getsets, intern, method, methods};

/// Take the raw stream out; the buffer is of no use afterwards.
#[method(signature = "()")]
fn detach(_this: &Object) -> PyResult {
    Err(unsupported("detach"))
}

/// Read at most size bytes; all of them when size is negative or None.
#[method(signature = "(size=-1, /)", name = "read")]
fn buffered_read(_this: &Object, _size: Option<&Object>) -> PyResult {
    Err(unsupported("read"))
}

/// Read at most size bytes with at most one read of the raw stream.
#[method(signature = "(size=-1, /)")]
fn read1(_this: &Object, _size: Option<&Object>) -> PyResult {
    Err(unsupported("read1"))
}

fn read_into(this: &Object, buffer: &WritableBuffer, method: &Object, name: &str) -> PyResult<usize> {
    let raw = buffer.0.raw();
    let room = raw.len.max(0) as usize;
    let data = this.call_method(method, &[&Int::from_usize(room)])?;
    let Some(b) = data.downcast::<Bytes>() else { bail!(TypeError, "{name}() should return bytes") };
    let b = b.as_slice();
    if b.len() > room {
        bail!(ValueError, "{name}() returned too much data: {room} bytes requested, {} returned", b.len());
    }
    if !b.is_empty() {
        // SAFETY: the buffer has room for that much while we hold it; the bytes may lie inside it.
        unsafe { std::ptr::copy(b.as_ptr(), raw.buf.cast(), b.len()) };
    }
    Ok(b.len())
}

/// Read into a buffer; return how many bytes came.
#[method(signature = "(buffer, /)")]
fn readinto(this: &Object, buffer: WritableBuffer) -> PyResult<usize> {
    read_into(this, &buffer, intern!("read"), "read")
}

/// Read into a buffer with at most one read of the raw stream.
#[method(signature = "(buffer, /)")]
fn readinto1(this: &Object, buffer: WritableBuffer) -> PyResult<usize> {
    read_into(this, &buffer, intern!("read1"), "read1")
}

/// Write bytes; return their number.
#[method(signature = "(b, /)", name = "write")]
fn buffered_write(_this: &Object, _b: &Object) -> PyResult {
    Err(unsupported("write"))
}

/// `_BufferedIOBase`.
pub static PyBufferedIOBase_Type: Type = Type::new_static(TypeDef {
    methods: methods![detach, buffered_read, read1, readinto, readinto1, buffered_write],
    ..plain_base(
        c"_io._BufferedIOBase",
        &PyIOBase_Type,
        c"The base of binary streams with a buffer. Their read and write do all that was asked.",
    )
});

/// Take the buffer out; the text stream is of no use afterwards.
#[method(signature = "()", name = "detach")]
fn text_detach(_this: &Object) -> PyResult {
    Err(unsupported("detach"))
}

/// Read at most size characters; all of them when size is negative or None.
#[method(signature = "(size=-1, /)", name = "read")]
fn text_read(_this: &Object, _size: Option<&Object>) -> PyResult {
    Err(unsupported("read"))
}

/// Read until a line end or the end of the stream.
#[method(signature = "(size=-1, /)", name = "readline")]
fn text_readline(_this: &Object, _size: Option<&Object>) -> PyResult {
    Err(unsupported("readline"))
}

/// Write a string; return the number of its characters.
#[method(signature = "(s, /)", name = "write")]
fn text_write(_this: &Object, s: &Object) -> PyResult {
    if s.downcast::<taipan_object::types::str::Str>().is_none() {
        bail!(TypeError, "write() argument 1 must be str, not {}", s.ty().name_str());
    }
    Err(unsupported("write"))
}

fn none_answer(_this: &Object) -> PyResult {
    Ok(none::none_obj())
}

/// `_TextIOBase`.
pub static PyTextIOBase_Type: Type = Type::new_static(TypeDef {
    methods: methods![text_detach, text_read, text_readline, text_write],
    getset: getsets![
        getset!(c"encoding", none_answer),
        getset!(c"newlines", none_answer),
        getset!(c"errors", none_answer)
    ],
    ..plain_base(c"_io._TextIOBase", &PyIOBase_Type, c"The base of text streams.")
});
