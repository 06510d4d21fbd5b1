//! The iterators of `bytes` and `bytearray`: a sequence and a position.

use super::Bytes;
use super::shared::BytesLike;
use crate::error::PyResult;
use crate::header::{Layout, Obj, ObjCell, Object};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bytearray::ByteArray;
use crate::types::int::Int;
use crate::types::str::iter::{reduce_iter, self_iter, state_index};
use crate::types::tuple::Tuple;
use crate::{layout, method, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};

/// The iterator of `bytes`.
#[repr(C)]
pub struct BytesIter {
    /// The head.
    pub ob_base: Object,
    index: Cell<usize>,
    seq: ObjCell,
}

/// The iterator of `bytearray`.
#[repr(C)]
pub struct ByteArrayIter(BytesIter);

layout!(BytesIter, PyBytesIter_Type);
layout!(ByteArrayIter, PyByteArrayIter_Type);

fn start(o: &Object) -> BytesIter {
    BytesIter { ob_base: Object::placeholder(), index: Cell::new(0), seq: ObjCell::new(o.to_obj()) }
}

pub(super) extern "C" fn bytes_iter(o: &Object) -> PyResult {
    Ok(crate::alloc::new_object(start(o)).into_obj())
}

pub(crate) extern "C" fn bytearray_iter(o: &Object) -> PyResult {
    Ok(crate::alloc::new_object(ByteArrayIter(start(o))).into_obj())
}

fn fields(o: &Object) -> &BytesIter {
    // SAFETY: the functions of this file are reachable through the two types only, which share a layout.
    unsafe { o.cast_unchecked() }
}

fn data<T: BytesLike>(it: &BytesIter) -> Option<&[u8]> {
    it.seq.get().map(|s| s.cast::<T>().as_slice())
}

extern "C" fn next<T: BytesLike>(o: &Object) -> Option<Obj> {
    let it = fields(o);
    let i = it.index.get();
    if let Some(&b) = data::<T>(it)?.get(i) {
        it.index.set(i + 1);
        return Some(Int::from_i64(b.into()).into_obj());
    }
    it.seq.set(None);
    None
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    fields(o).seq.get().map_or(0, |s| visit(s, arg))
}

fn length(o: &Object) -> usize {
    let it = fields(o);
    let bytes = it.seq.get().is_some_and(Bytes::is_instance);
    if bytes { data::<Bytes>(it) } else { data::<ByteArray>(it) }.map_or(0, <[u8]>::len)
}

/// How many items are left.
#[method(signature = "()")]
fn __length_hint__(this: &Object) -> usize {
    length(this).saturating_sub(fields(this).index.get())
}

/// What pickle needs.
#[method(signature = "()")]
fn __reduce__(this: &Object) -> PyResult {
    let it = fields(this);
    reduce_iter(|| (it.seq.get_owned(), it.index.get()), Tuple::new(&[]).into_obj())
}

/// Sets the position.
#[method(signature = "(object, /)")]
fn __setstate__(this: &Object, object: &Object) -> PyResult<()> {
    let len = length(this);
    fields(this).index.set(state_index(object, len)?);
    Ok(())
}

const COMMON: TypeDef = TypeDef {
    basicsize: size_of::<BytesIter>(),
    flags: flags::HAVE_GC,
    traverse: Some(traverse),
    iter: Some(self_iter),
    ..TypeDef::EMPTY
};

/// The type of iterators over `bytes`.
#[unsafe(no_mangle)]
pub static PyBytesIter_Type: Type = Type::new_static(TypeDef {
    name: c"bytes_iterator",
    dealloc: Some(crate::alloc::dealloc_of::<BytesIter>),
    iternext: Some(next::<Bytes>),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    ..COMMON
});

/// The type of iterators over `bytearray`.
#[unsafe(no_mangle)]
pub static PyByteArrayIter_Type: Type = Type::new_static(TypeDef {
    name: c"bytearray_iterator",
    dealloc: Some(crate::alloc::dealloc_of::<ByteArrayIter>),
    iternext: Some(next::<ByteArray>),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    ..COMMON
});
