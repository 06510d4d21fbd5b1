//! The slots of `bytearray`.

use super::ByteArray;
use crate::args::with_tuple_args;
use crate::bail;
use crate::buffer::{self, Buffer, RawBuffer, fill_info};
use crate::error::{PyResult, status, status_bool};
use crate::header::{Obj, Object, Ref};
use crate::protocol::number::has_index;
use crate::typeobj::Type;
use crate::typeobj::slots::{BufferProcs, MappingMethods, NumberMethods, SequenceMethods, Slot};
use crate::types::bytes::convert::{BYTEARRAY, Given3, bind, byte_of, from_object, from_source};
use crate::types::bytes::push_bytes_repr;
use crate::types::bytes::shared::{Pin, needle_of_in};
use crate::types::bytes::slots::{pick, warn_on_compare, warn_on_str};
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::slice::{Slice, SliceRange, adjust};
use crate::types::str::compare::by_order;
use crate::types::str::concat::fill_repeated;
use crate::types::str::{Str, StrBuilder, percent, search};
use std::ffi::c_int;

pub(super) extern "C" fn bytearray_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    ByteArray::empty_in(cls).map(Ref::into_obj)
}

pub(super) extern "C" fn bytearray_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let a: &ByteArray = o.cast();
    status(with_tuple_args("bytearray", args, kwargs, |call| {
        let args = bind("bytearray", call)?;
        if !a.is_empty() {
            a.resize(0)?;
        }
        fill(a, &args)
    }))
}

fn fill(a: &ByteArray, args: &Given3<'_>) -> PyResult<()> {
    if let Given3 { source: Some(n), encoding: None, errors: None } = args
        && n.is_exact(&crate::types::int::PyLong_Type)
    {
        let Ok(n) = usize::try_from(n.index_as_isize(Some(exceptions::OverflowError))?) else {
            bail!(ValueError, "negative count")
        };
        a.resize(n)?;
        if n > 0 {
            // SAFETY: the array is `n` bytes long.
            unsafe { std::ptr::write_bytes(a.data_ptr(), 0, n) };
        }
        return Ok(());
    }
    if let Given3 { source: Some(o), encoding: None, errors: None } = args
        && o.is_iterator()
        && !buffer::supports(o)
        && !crate::protocol::number::has_index(o)
    {
        // Who makes the items may look at the array that they go into.
        return crate::protocol::iter::for_each(o, |x| {
            let b = byte_of(&x, BYTEARRAY.range)?;
            let end = a.len();
            a.splice(end, end, &[b])
        });
    }
    a.assign(&from_source(args, BYTEARRAY)?)
}

pub(super) extern "C" fn bytearray_repr(o: &Object) -> PyResult {
    let b = o.cast::<ByteArray>().as_slice();
    let mut out = StrBuilder::with_capacity(b.len() + 14);
    out.push_str(o.ty().short_name());
    out.push('(');
    push_bytes_repr(&mut out, b, true);
    out.push(')');
    Ok(out.finish().into_obj())
}

pub(super) extern "C" fn bytearray_str(o: &Object) -> PyResult {
    warn_on_str("bytearray")?;
    bytearray_repr(o)
}

pub(super) extern "C" fn bytearray_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    if !buffer::supports(a) || !buffer::supports(b) {
        if op == 2 || op == 3 {
            warn_on_compare("bytearray", a, b)?;
        }
        return Ok(crate::protocol::compare::not_implemented());
    }
    let views = Buffer::get(a).and_then(|x| Buffer::get(b).map(|y| (x, y)));
    match views {
        Ok((x, y)) => Ok(crate::types::bool_::from_bool(by_order(x.as_slice().cmp(y.as_slice()), op))),
        Err(e) => {
            e.clear();
            Ok(crate::protocol::compare::not_implemented())
        }
    }
}

extern "C" fn length(o: &Object) -> isize {
    o.cast::<ByteArray>().len() as isize
}

extern "C" fn concat(a: &Object, b: &Object) -> PyResult {
    if !buffer::supports(a) || !buffer::supports(b) {
        bail!(TypeError, "can't concat {} to {}", b.ty().name_str(), a.ty().name_str());
    }
    let (x, y) = (Buffer::get(a)?, Buffer::get(b)?);
    let out = ByteArray::new(b"")?;
    let Some(len) = x.len().checked_add(y.len()) else { return Err(crate::error::no_memory()) };
    out.resize(len)?;
    // SAFETY: the array is new and as long as both parts.
    unsafe {
        std::ptr::copy_nonoverlapping(x.as_ptr(), out.data_ptr(), x.len());
        std::ptr::copy_nonoverlapping(y.as_ptr(), out.data_ptr().add(x.len()), y.len());
    }
    Ok(out.into_obj())
}

extern "C" fn inplace_concat(a: &Object, b: &Object) -> PyResult {
    let this: &ByteArray = a.cast();
    if !buffer::supports(b) {
        bail!(TypeError, "can't concat {} to {}", b.ty().name_str(), a.ty().name_str());
    }
    let y = Buffer::get(b)?;
    let end = this.len();
    this.splice(end, end, &y)?;
    Ok(a.to_obj())
}

/// Fills `out`, which is empty, with `unit` `n` times.
fn repeat_into(out: &ByteArray, unit: &[u8], n: usize) -> PyResult<()> {
    let Some(total) = unit.len().checked_mul(n).filter(|&t| t <= isize::MAX as usize) else {
        return Err(crate::error::no_memory());
    };
    out.resize(total)?;
    if total > 0 {
        // SAFETY: the array has the length, the unit lies elsewhere.
        unsafe { fill_repeated(out.data_ptr(), unit, total) };
    }
    Ok(())
}

extern "C" fn repeat(o: &Object, n: isize) -> PyResult {
    let out = ByteArray::new(b"")?;
    repeat_into(&out, o.cast::<ByteArray>().as_slice(), usize::try_from(n).unwrap_or(0))?;
    Ok(out.into_obj())
}

extern "C" fn inplace_repeat(o: &Object, n: isize) -> PyResult {
    let this: &ByteArray = o.cast();
    let n = usize::try_from(n).unwrap_or(0);
    if n != 1 && !this.is_empty() {
        this.check_exports()?;
        let unit = this.as_slice().to_vec();
        repeat_into(this, &unit, n)?;
    }
    Ok(o.to_obj())
}

extern "C" fn item(o: &Object, i: isize) -> PyResult {
    match usize::try_from(i).ok().and_then(|i| o.cast::<ByteArray>().as_slice().get(i).copied()) {
        Some(b) => Ok(Int::from_i64(b.into()).into_obj()),
        None => bail!(IndexError, "bytearray index out of range"),
    }
}

extern "C" fn set_item(o: &Object, i: isize, value: Option<&Object>) -> c_int {
    status(set_index(o.cast(), i, value))
}

fn set_index(a: &ByteArray, i: isize, value: Option<&Object>) -> PyResult<()> {
    let b = value.map(|v| byte_of(v, BYTEARRAY.range)).transpose()?;
    let Some(i) = usize::try_from(i).ok().filter(|&i| i < a.len()) else {
        bail!(IndexError, "bytearray index out of range");
    };
    match b {
        Some(b) => a.set(i, b),
        None => a.splice(i, i + 1, b"")?,
    }
    Ok(())
}

extern "C" fn contains(o: &Object, x: &Object) -> c_int {
    let a: &ByteArray = o.cast();
    let _pin = Pin::new(&a.exports);
    status_bool(needle_of_in(x).map(|n| search::find(a.as_slice(), n.as_slice()).is_some()))
}

/// What a slice means for the array, whose length its `__index__` methods may change.
fn range_of(a: &ByteArray, slice: &Slice) -> PyResult<SliceRange> {
    let bounds = slice.unpack()?;
    Ok(adjust(bounds, a.len()))
}

extern "C" fn subscript(o: &Object, key: &Object) -> PyResult {
    let a: &ByteArray = o.cast();
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        return item(o, if i < 0 { i.wrapping_add(a.len() as isize) } else { i });
    }
    let Some(slice) = key.downcast::<Slice>() else {
        bail!(TypeError, "bytearray indices must be integers or slices, not {}", key.ty().name_str());
    };
    let r = range_of(a, slice)?;
    ByteArray::new(&pick(a.as_slice(), r.start, r.step, r.len)).map(Ref::into_obj)
}

extern "C" fn ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign(o.cast(), key, value))
}

fn assign(a: &ByteArray, key: &Object, value: Option<&Object>) -> PyResult<()> {
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        let b = value.map(|v| byte_of(v, BYTEARRAY.range)).transpose()?;
        let i = if i < 0 { i.wrapping_add(a.len() as isize) } else { i };
        let Some(i) = usize::try_from(i).ok().filter(|&i| i < a.len()) else {
            bail!(IndexError, "bytearray index out of range");
        };
        return match b {
            Some(b) => {
                a.set(i, b);
                Ok(())
            }
            None => a.splice(i, i + 1, b""),
        };
    }
    let Some(slice) = key.downcast::<Slice>() else {
        bail!(TypeError, "bytearray indices must be integers or slices, not {}", key.ty().name_str());
    };
    let values = match value {
        None => Vec::new(),
        Some(v) => match v.downcast::<ByteArray>() {
            Some(b) => b.as_slice().to_vec(),
            None => {
                let number = v
                    .ty()
                    .number()
                    .is_some_and(|n| n.index.get().is_some() || n.int.get().is_some() || n.float.get().is_some());
                if number || v.downcast::<Str>().is_some() {
                    bail!(TypeError, "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
                }
                from_object(v, BYTEARRAY)?
            }
        },
    };
    let r = range_of(a, slice)?;
    if r.step == 1 {
        let start = r.start as usize;
        return a.splice(start, start + r.len, &values);
    }
    let at = |i: usize| r.start.wrapping_add(r.step.wrapping_mul(i as isize)) as usize;
    if value.is_none() || values.is_empty() {
        if r.len == 0 {
            return Ok(());
        }
        a.check_exports()?;
        let mut gone = vec![false; a.len()];
        (0..r.len).for_each(|i| gone[at(i)] = true);
        let kept: Vec<u8> = a.as_slice().iter().zip(&gone).filter(|(_, g)| !**g).map(|(b, _)| *b).collect();
        return a.assign(&kept);
    }
    if values.len() != r.len {
        bail!(ValueError, "attempt to assign bytes of size {} to extended slice of size {}", values.len(), r.len);
    }
    values.iter().enumerate().for_each(|(i, &b)| a.set(at(i), b));
    Ok(())
}

extern "C" fn remainder(a: &Object, b: &Object) -> PyResult {
    match a.downcast::<ByteArray>() {
        Some(f) => {
            let _pin = Pin::new(&f.exports);
            ByteArray::new(&percent::format_bytes(f.as_slice(), b)?).map(Ref::into_obj)
        }
        None => Ok(crate::protocol::compare::not_implemented()),
    }
}

extern "C" fn getbuffer(o: &Object, view: *mut RawBuffer, flags: c_int) -> c_int {
    let a: &ByteArray = o.cast();
    // SAFETY: the protocol passes a view to fill; the block stays while `exports` counts the view.
    let r = unsafe { fill_info(view, Some(o), a.data_ptr(), a.len(), false, flags) };
    if r.is_ok() {
        a.exports.set(a.exports.get() + 1);
    }
    status(r)
}

extern "C" fn releasebuffer(o: &Object, _: *mut RawBuffer) {
    let a: &ByteArray = o.cast();
    a.exports.set(a.exports.get() - 1);
}

/// A new array with what `bytearray(source)` takes.
pub fn bytearray_from_object(source: &Object) -> PyResult<Obj> {
    let a = ByteArray::new(b"")?;
    fill(&a, &Given3 { source: Some(source), encoding: None, errors: None })?;
    Ok(a.into_obj())
}

pub(super) static AS_NUMBER: NumberMethods = NumberMethods { remainder: Slot::new(remainder), ..NumberMethods::EMPTY };
pub(super) static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(length),
    concat: Slot::new(concat),
    repeat: Slot::new(repeat),
    item: Slot::new(item),
    ass_item: Slot::new(set_item),
    contains: Slot::new(contains),
    inplace_concat: Slot::new(inplace_concat),
    inplace_repeat: Slot::new(inplace_repeat),
    ..SequenceMethods::EMPTY
};
pub(super) static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(length),
    subscript: Slot::new(subscript),
    ass_subscript: Slot::new(ass_subscript),
};
pub(super) static AS_BUFFER: BufferProcs =
    BufferProcs { getbuffer: Slot::new(getbuffer), releasebuffer: Slot::new(releasebuffer) };
