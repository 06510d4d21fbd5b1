//! The slots of `bytes`.

use super::convert::{self, bind, from_object, from_source};
use super::shared::needle_of_in;
use super::{Bytes, PyBytes_Type};
use crate::args::{CallArgs, with_tuple_args};
use crate::bail;
use crate::buffer::{self, Buffer, RawBuffer, fill_info};
use crate::error::{PyResult, status, status_bool};
use crate::header::{Object, Ref};
use crate::protocol::number::has_index;
use crate::typeobj::Type;
use crate::typeobj::slots::{BufferProcs, MappingMethods, NumberMethods, SequenceMethods, Slot};
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::slice::Slice;
use crate::types::str::concat::fill_repeated;
use crate::types::str::{percent, search};
use std::ffi::c_int;

/// `bytes(source=b'', encoding, errors)` as an exact instance.
fn from_call(args: CallArgs<'_>) -> PyResult<Ref<Bytes>> {
    let args = bind("bytes", args)?;
    if let (Some(source), None, None) = (args.source, args.encoding, args.errors) {
        return of(source);
    }
    Bytes::try_new(&from_source(&args, convert::BYTES)?)
}

/// `bytes(source)`.
fn of(source: &Object) -> PyResult<Ref<Bytes>> {
    if source.is_exact(&PyBytes_Type) {
        return Ok(Ref::from_borrowed(source.cast()));
    }
    if let Some(r) = convert::try_dunder_bytes(source)? {
        return Ok(Ref::from_borrowed(r.cast()));
    }
    let args = convert::Given3 { source: Some(source), encoding: None, errors: None };
    if has_index(source) && source.is_exact(&crate::types::int::PyLong_Type) {
        let n = source.index_as_isize(Some(exceptions::OverflowError))?;
        let Ok(n) = usize::try_from(n) else { bail!(ValueError, "negative count") };
        return Bytes::zeroed(n);
    }
    Bytes::try_new(&from_source(&args, convert::BYTES)?)
}

/// The content of any bytes-like object or iterable of integers (`PyBytes_FromObject`).
pub fn bytes_from_object(o: &Object) -> PyResult<Ref<Bytes>> {
    if o.is_exact(&PyBytes_Type) {
        return Ok(Ref::from_borrowed(o.cast()));
    }
    Bytes::try_new(&from_object(o, convert::BYTES)?)
}

pub(super) extern "C" fn bytes_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let b = with_tuple_args("bytes", args, kwargs, from_call)?;
    if std::ptr::eq(cls, &PyBytes_Type) { Ok(b.to_obj()) } else { Bytes::new_in_subclass(cls, b.as_slice()) }
}

pub(super) extern "C" fn bytes_str(o: &Object) -> PyResult {
    warn_on_str("bytes")?;
    super::bytes_repr(o)
}

/// The warning of `-b` on `str(bytes)`.
pub(crate) fn warn_on_str(name: &str) -> PyResult<()> {
    if crate::Interp::current().config.bytes_warning.get() != 0 {
        (crate::hooks::get().warn)(exceptions::BytesWarning, &format!("str() on a {name} instance"), 1)?;
    }
    Ok(())
}

/// The warning of `-b` on comparing bytes with text or integers.
pub(crate) fn warn_on_compare(name: &str, a: &Object, b: &Object) -> PyResult<()> {
    if crate::Interp::current().config.bytes_warning.get() != 0 {
        let is_str = |o: &Object| o.downcast::<crate::types::str::Str>().is_some();
        let is_int = |o: &Object| o.downcast::<Int>().is_some();
        let other = if is_str(a) || is_str(b) {
            "string"
        } else if is_int(a) || is_int(b) {
            "int"
        } else {
            return Ok(());
        };
        (crate::hooks::get().warn)(exceptions::BytesWarning, &format!("Comparison between {name} and {other}"), 1)?;
    }
    Ok(())
}

extern "C" fn length(o: &Object) -> isize {
    o.cast::<Bytes>().len() as isize
}

extern "C" fn concat(a: &Object, b: &Object) -> PyResult {
    if !buffer::supports(a) || !buffer::supports(b) {
        bail!(TypeError, "can't concat {} to {}", b.ty().name_str(), a.ty().name_str());
    }
    let (x, y) = (Buffer::get(a)?, Buffer::get(b)?);
    if x.is_empty() && b.is_exact(&PyBytes_Type) {
        return Ok(b.to_obj());
    }
    if y.is_empty() && a.is_exact(&PyBytes_Type) {
        return Ok(a.to_obj());
    }
    // SAFETY: both parts are copied, and there is a byte: the shared empty object is never written to.
    unsafe {
        let out = Bytes::new_uninit(x.len() + y.len())?;
        std::ptr::copy_nonoverlapping(x.as_ptr(), out.data_ptr(), x.len());
        std::ptr::copy_nonoverlapping(y.as_ptr(), out.data_ptr().add(x.len()), y.len());
        Ok(out.into_obj())
    }
}

extern "C" fn repeat(o: &Object, n: isize) -> PyResult {
    let b: &Bytes = o.cast();
    let n = usize::try_from(n).unwrap_or(0);
    if n == 1 && o.is_exact(&PyBytes_Type) {
        return Ok(o.to_obj());
    }
    let Some(total) = b.len().checked_mul(n).filter(|&t| t <= isize::MAX as usize) else {
        bail!(OverflowError, "repeated bytes are too long");
    };
    if total == 0 {
        return Ok(Bytes::empty().into_obj());
    }
    // SAFETY: `total` bytes are written, and the unit is not empty.
    unsafe {
        let out = Bytes::new_uninit(total)?;
        fill_repeated(out.data_ptr(), b.as_slice(), total);
        Ok(out.into_obj())
    }
}

extern "C" fn item(o: &Object, i: isize) -> PyResult {
    match usize::try_from(i).ok().and_then(|i| o.cast::<Bytes>().as_slice().get(i).copied()) {
        Some(b) => Ok(Int::from_i64(b.into()).into_obj()),
        None => bail!(IndexError, "index out of range"),
    }
}

extern "C" fn contains(o: &Object, x: &Object) -> c_int {
    status_bool(needle_of_in(x).map(|n| search::find(o.cast::<Bytes>().as_slice(), n.as_slice()).is_some()))
}

extern "C" fn subscript(o: &Object, key: &Object) -> PyResult {
    let b: &Bytes = o.cast();
    if has_index(key) {
        let i = key.index_as_isize(Some(exceptions::IndexError))?;
        return item(o, if i < 0 { i.wrapping_add(b.len() as isize) } else { i });
    }
    let Some(slice) = key.downcast::<Slice>() else {
        bail!(TypeError, "byte indices must be integers or slices, not {}", key.ty().name_str());
    };
    let r = slice.indices(b.len())?;
    if r.step == 1 && r.len == b.len() && o.is_exact(&PyBytes_Type) {
        return Ok(o.to_obj());
    }
    Bytes::try_new(&pick(b.as_slice(), r.start, r.step, r.len)).map(Ref::into_obj)
}

/// `len` bytes from `start` on, every `step`th.
pub(crate) fn pick(b: &[u8], start: isize, step: isize, len: usize) -> Vec<u8> {
    if len == 0 {
        return Vec::new();
    }
    if step == 1 {
        return b[start as usize..start as usize + len].to_vec();
    }
    (0..len).map(|i| b[start.wrapping_add(step.wrapping_mul(i as isize)) as usize]).collect()
}

extern "C" fn remainder(a: &Object, b: &Object) -> PyResult {
    match a.downcast::<Bytes>() {
        Some(f) => Bytes::try_new(&percent::format_bytes(f.as_slice(), b)?).map(Ref::into_obj),
        None => Ok(crate::protocol::compare::not_implemented()),
    }
}

extern "C" fn getbuffer(o: &Object, view: *mut RawBuffer, flags: c_int) -> c_int {
    let b: &Bytes = o.cast();
    // SAFETY: the protocol passes a view to fill; bytes never move.
    status(unsafe { fill_info(view, Some(o), b.data_ptr(), b.len(), true, flags) })
}

pub(super) static AS_NUMBER: NumberMethods = NumberMethods { remainder: Slot::new(remainder), ..NumberMethods::EMPTY };
pub(super) static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(length),
    concat: Slot::new(concat),
    repeat: Slot::new(repeat),
    item: Slot::new(item),
    contains: Slot::new(contains),
    ..SequenceMethods::EMPTY
};
pub(super) static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(length), subscript: Slot::new(subscript), ..MappingMethods::EMPTY };
pub(super) static AS_BUFFER: BufferProcs = BufferProcs { getbuffer: Slot::new(getbuffer), ..BufferProcs::EMPTY };
