//! `BufferedRWPair`: a reader and a writer as one stream.

use super::{PyBufferedReader_Type, PyBufferedWriter_Type};
use crate::io::DEFAULT_BUFFER_SIZE;
use crate::io::abstracts::PyBufferedIOBase_Type;
use crate::io::base::{IOBase, check_readable, check_writable, stream_dealloc};
use crate::support::{chained, param};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::new_instance;
use taipan_object::args::{self, Signature};
use taipan_object::error::{self, PyResult, status};
use taipan_object::header::{Obj, ObjCell, Object};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::typeobj::{Type, TypeDef, flags};
use taipan_object::types::bool_;
use taipan_object::types::int::Int;
use taipan_object::{bail, getset, getsets, intern, layout, method, methods, visit};

/// A `BufferedRWPair`.
#[repr(C)]
pub struct RWPair {
    base: IOBase,
    reader: ObjCell,
    writer: ObjCell,
}
layout!(RWPair, PyBufferedRWPair_Type);

fn part(c: &ObjCell) -> PyResult {
    match c.get_owned() {
        Some(o) => Ok(o),
        None => bail!(ValueError, "I/O operation on uninitialized object"),
    }
}

fn forward(c: &ObjCell, name: &Object, args: &[&Object]) -> PyResult {
    part(c)?.call_method(name, args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn read(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.reader, intern!("read"), args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn peek(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.reader, intern!("peek"), args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn read1(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.reader, intern!("read1"), args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn readinto(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.reader, intern!("readinto"), args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn readinto1(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.reader, intern!("readinto1"), args)
}

#[method(signature = "(*args)", text = false, varargs)]
fn write(this: &RWPair, args: &[&Object]) -> PyResult {
    forward(&this.writer, intern!("write"), args)
}

#[method(signature = "()")]
fn flush(this: &RWPair) -> PyResult {
    forward(&this.writer, intern!("flush"), &[])
}

#[method(signature = "()")]
fn readable(this: &RWPair) -> PyResult {
    forward(&this.reader, intern!("readable"), &[])
}

#[method(signature = "()")]
fn writable(this: &RWPair) -> PyResult {
    forward(&this.writer, intern!("writable"), &[])
}

#[method(signature = "()")]
fn close(this: &RWPair) -> PyResult {
    let first = forward(&this.writer, intern!("close"), &[]).map_err(error::Raised::take);
    let second = forward(&this.reader, intern!("close"), &[]);
    match (first, second) {
        (Ok(_), r) => r,
        (Err(exc), Ok(_)) => Err(error::restore(exc)),
        (Err(exc), Err(e)) => Err(chained(exc, e)),
    }
}

#[method(signature = "()")]
fn isatty(this: &RWPair) -> PyResult {
    let r = forward(&this.writer, intern!("isatty"), &[])?;
    // Either will do.
    if !r.is(bool_::false_()) {
        return Ok(r);
    }
    forward(&this.reader, intern!("isatty"), &[])
}

fn get_closed(this: &RWPair) -> PyResult {
    match this.writer.get_owned() {
        Some(w) => w.get_attr(intern!("closed")),
        None => bail!(RuntimeError, "the BufferedRWPair object is being garbage-collected"),
    }
}

static INIT: Signature = Signature {
    name: "BufferedRWPair",
    params: &[param("", true), param("", true), param("", false)],
    posonly: 3,
    positional: 3,
    varargs: false,
    varkw: false,
};

extern "C" fn pair_init(o: &Object, call_args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        args::no_keywords("BufferedRWPair", o.ty(), &PyBufferedRWPair_Type, kwargs)?;
        args::with_tuple_args("BufferedRWPair", call_args, None, |call| {
            let mut a = [None; 3];
            args::bind_positional(&INIT, call, &mut a)?;
            let [Some(reader), Some(writer), size] = a else { return Ok(()) };
            check_readable(reader)?;
            check_writable(writer)?;
            let size: Obj = size.map_or_else(|| Int::from_usize(DEFAULT_BUFFER_SIZE).into_obj(), Object::to_obj);
            let this: &RWPair = o.cast();
            let r = PyBufferedReader_Type.as_object().call(&[reader, &size])?;
            let w = PyBufferedWriter_Type.as_object().call(&[writer, &size])?;
            this.reader.set(Some(r));
            this.writer.set(Some(w));
            Ok(())
        })
    })())
}

extern "C" fn pair_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, RWPair { base: IOBase::new(), reader: ObjCell::empty(), writer: ObjCell::empty() })?
        .into_obj())
}

extern "C" fn pair_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &RWPair = o.cast();
    visit!(this.reader, visit, arg);
    visit!(this.writer, visit, arg);
    this.base.traverse(visit, arg)
}

extern "C" fn pair_clear(o: &Object) -> c_int {
    let this: &RWPair = o.cast();
    this.reader.set(None);
    this.writer.set(None);
    this.base.dict.set(None);
    0
}

/// `BufferedRWPair`.
pub static PyBufferedRWPair_Type: Type = Type::new_static(TypeDef {
    name: c"_io.BufferedRWPair",
    basicsize: size_of::<RWPair>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    base: Some(&PyBufferedIOBase_Type),
    doc: Some(c"BufferedRWPair(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)\n--\n\nTwo raw streams, one for each direction, as one buffered stream."),
    dealloc: Some(stream_dealloc::<RWPair>),
    traverse: Some(pair_traverse),
    clear: Some(pair_clear),
    methods: methods![read, peek, read1, readinto, readinto1, write, flush, readable, writable, close, isatty],
    getset: getsets![getset!(c"closed", get_closed)],
    init: Some(pair_init),
    new: Some(pair_new),
    ..TypeDef::EMPTY
});
