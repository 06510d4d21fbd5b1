//! The functions of `_testbuffer`: contiguous copies, comparison of views, single items.

use crate::buffer::{NdArray, PyMemoryView_GetContiguous, format_of, in_list, tuple_of, unpack};
use std::ffi::{c_char, c_int};
use taipan_object::buffer::{FullBuffer, RawBuffer, request};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::slice::{self, Slice};
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, Ref, bail, function};

/// Start, stop, step and length of a slice of so many items.
#[function(signature = "(key, length, /)", text = false)]
pub fn slice_indices(key: &Object, length: isize) -> PyResult {
    let Some(s) = key.downcast::<Slice>() else { bail!(TypeError, "first argument must be a slice object") };
    let r = slice::adjust(s.unpack()?, length.max(0) as usize);
    Ok(tuple_of(&[r.start, r.stop, r.step, r.len as isize]))
}

/// The item at indices, one for each dimension.
#[function(signature = "(bufobj, seq, /)", text = false)]
pub fn get_pointer(bufobj: &Object, seq: &Object) -> PyResult {
    let indices = in_list(seq, "seq")?;
    let view = FullBuffer::get(bufobj, request::FULL_RO)?;
    let raw = view.raw();
    if indices.len() != raw.ndim() {
        bail!(ValueError, "get_pointer(): len(indices) != ndim");
    }
    let mut index = Vec::with_capacity(indices.len());
    for (i, x) in indices.iter().enumerate() {
        let n = x.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
        if n < 0 || n >= raw.shape()[i] {
            bail!(ValueError, "get_pointer(): invalid index {n} at position {i}");
        }
        index.push(n);
    }
    // SAFETY: the indices are in range.
    unsafe { unpack(raw.item_ptr(&index), &format_of(raw)?, raw.itemsize) }
}

/// The size of a pointer.
#[function(signature = "()", text = false)]
pub fn get_sizeof_void_p() -> usize {
    size_of::<*const u8>()
}

fn order_of(order: &Object) -> PyResult<char> {
    let Some(s) = order.downcast::<Str>() else { bail!(TypeError, "order must be a string") };
    match s.to_utf8()?.chars().next() {
        Some(c @ ('C' | 'F' | 'A')) => Ok(c),
        _ => bail!(ValueError, "invalid order, must be C, F or A"),
    }
}

/// A contiguous memoryview.
#[function(signature = "(obj, buffertype, order, /)", text = false)]
pub fn get_contiguous(obj: &Object, buffertype: &Object, order: &Object) -> PyResult {
    if buffertype.downcast::<Int>().is_none() {
        bail!(TypeError, "buffertype must be PyBUF_READ or PyBUF_WRITE");
    }
    let kind = buffertype.as_i64()? as c_int;
    if kind != request::READ && kind != request::WRITE {
        bail!(ValueError, "invalid buffer type");
    }
    let order = order_of(order)?;
    // SAFETY: an object, a kind and an order, as the function wants them.
    unsafe { PyMemoryView_GetContiguous(obj, kind, order as u8 as c_char) }
}

/// The bytes of a view in an order.
#[function(signature = "(obj, order, flags, /)", text = false)]
pub fn py_buffer_to_contiguous(obj: &Object, order: &Object, flags: c_int) -> PyResult<Ref<Bytes>> {
    let view = FullBuffer::get(obj, flags)?;
    let raw = view.raw();
    let fortran = match order_of(order)? {
        'F' => true,
        'A' => !raw.is_contiguous('C') && raw.is_contiguous('F'),
        _ => false,
    };
    Ok(Bytes::new(&raw.to_contiguous(fortran)?))
}

/// Whether two contiguous views are the same, bytes and layout.
#[function(signature = "(b1, b2, /)", text = false)]
pub fn cmp_contig(b1: &Object, b2: &Object) -> PyResult<bool> {
    let view = |o: &Object, which: &str| {
        FullBuffer::get(o, request::FULL_RO).map_err(|e| {
            e.clear();
            taipan_object::raise!(TypeError, "cmp_contig: {which} argument does not implement the buffer protocol")
        })
    };
    let (a, b) = (view(b1, "first")?, view(b2, "second")?);
    let (a, b) = (a.raw(), b.raw());
    let both = |order: char| a.is_contiguous(order) && b.is_contiguous(order);
    if !both('C') && !both('F') {
        return Ok(false);
    }
    let same_strides = || {
        let pairs = a.strides().iter().zip(b.strides());
        // Strides of a dimension with one item may differ.
        pairs.enumerate().all(|(i, (x, y))| x == y || a.shape().get(i).is_some_and(|n| *n <= 1))
    };
    let bytes = |v: &RawBuffer| {
        // SAFETY: a contiguous view is `len` bytes.
        unsafe { std::slice::from_raw_parts(v.buf.cast::<u8>(), v.len.max(0) as usize) }.to_vec()
    };
    Ok(a.len == b.len
        && a.itemsize == b.itemsize
        && a.ndim == b.ndim
        && a.format() == b.format()
        && a.shape.is_null() == b.shape.is_null()
        && a.strides.is_null() == b.strides.is_null()
        && a.suboffsets.is_null() == b.suboffsets.is_null()
        && a.shape() == b.shape()
        && same_strides()
        && a.suboffsets() == b.suboffsets()
        && bytes(a) == bytes(b))
}

/// Whether a view is contiguous in an order.
#[function(signature = "(obj, order, /)", text = false)]
pub fn is_contiguous(obj: &Object, order: &Object) -> PyResult<bool> {
    let order = order_of(order)?;
    if let Some(a) = obj.downcast::<NdArray>() {
        return Ok(a.head()?.raw.borrow().is_contiguous(order));
    }
    match FullBuffer::get(obj, request::FULL_RO) {
        Ok(v) => Ok(v.raw().is_contiguous(order)),
        Err(e) => {
            e.clear();
            bail!(TypeError, "is_contiguous: object does not implement the buffer protocol")
        }
    }
}
