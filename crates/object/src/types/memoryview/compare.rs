//! Equality and hash of views.

use super::MemoryView;
use super::item::{native_format, unpack};
use crate::buffer::{self, FullBuffer, RawBuffer, request};
use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::protocol::compare::not_implemented;
use crate::types::bool_::from_bool;
use crate::types::bytes::Bytes;
use crate::types::bytes::shared::Pin;
use crate::types::str::Str;
use crate::types::str::hash::hash_bytes;
use crate::{bail, intern};
use std::ffi::c_int;

pub(super) extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    if op != 2 && op != 3 {
        return Ok(not_implemented());
    }
    let equal = |e: bool| Ok(from_bool(e == (op == 2)));
    let this: &MemoryView = a.cast();
    if this.is_released() {
        return equal(a.is(b));
    }
    if let Some(other) = b.downcast::<MemoryView>() {
        if other.is_released() {
            return equal(a.is(b));
        }
        return equal(same_items(this.raw(), other.raw())?);
    }
    if !buffer::supports(b) {
        return Ok(not_implemented());
    }
    match FullBuffer::get(b, request::FULL_RO) {
        Ok(other) => equal(same_items(this.raw(), other.raw())?),
        Err(e) => {
            e.clear();
            Ok(not_implemented())
        }
    }
}

fn shape_of(v: &RawBuffer) -> Vec<isize> {
    match v.shape() {
        [] if v.ndim() == 1 => vec![v.len / v.itemsize.max(1)],
        s => s.to_vec(),
    }
}

/// How items of a format become objects.
enum Unpacker {
    Native(u8),
    /// `Struct(format).unpack_from`, and the size of an item.
    Struct(Obj),
}

impl Unpacker {
    /// `None` when the format is none that `struct` knows.
    fn new(v: &RawBuffer) -> PyResult<Option<Unpacker>> {
        if let Some((c, _)) = native_format(v.format()) {
            return Ok(Some(Unpacker::Native(c)));
        }
        let module = (crate::hooks::get().import)("struct")?;
        let error = module.get_attr(intern!("error"))?;
        let format = Str::from_latin1(v.format().to_bytes());
        match module.get_attr(intern!("Struct"))?.call_one(&format) {
            Ok(s) => {
                if s.get_attr(intern!("size"))?.as_i64()? as isize != v.itemsize {
                    return Ok(None);
                }
                Ok(Some(Unpacker::Struct(s.get_attr(intern!("unpack"))?)))
            }
            Err(e) => {
                let known = crate::Thread::current().current_exception.get_owned();
                if known.is_some_and(|x| x.ty().is_subtype(error.cast())) {
                    e.clear();
                    return Ok(None);
                }
                Err(e)
            }
        }
    }

    fn unpack(&self, item: &[u8]) -> PyResult {
        match self {
            // SAFETY: the item has the size of the format.
            Unpacker::Native(c) => unsafe { unpack(item.as_ptr(), *c) },
            Unpacker::Struct(f) => {
                let t = f.call_one(&Bytes::new(item))?;
                let items = t.cast::<crate::types::tuple::Tuple>();
                Ok(if items.len() == 1 { items.item(0).to_obj() } else { t.clone() })
            }
        }
    }
}

fn same_items(a: &RawBuffer, b: &RawBuffer) -> PyResult<bool> {
    if a.ndim != b.ndim || shape_of(a) != shape_of(b) {
        return Ok(false);
    }
    let (x, y) = (a.to_contiguous(false)?, b.to_contiguous(false)?);
    if let (Some((f, n)), Some((g, _))) = (native_format(a.format()), native_format(b.format()))
        && f == g
        && n == a.itemsize
        && a.itemsize == b.itemsize
        && !matches!(f, b'f' | b'd' | b'e' | b'F' | b'D' | b'?')
    {
        return Ok(x == y);
    }
    let (Some(f), Some(g)) = (Unpacker::new(a)?, Unpacker::new(b)?) else { return Ok(false) };
    if a.itemsize <= 0 || b.itemsize <= 0 {
        return Ok(true);
    }
    for (p, q) in x.chunks_exact(a.itemsize as usize).zip(y.chunks_exact(b.itemsize as usize)) {
        let (p, q) = (f.unpack(p)?, g.unpack(q)?);
        if !p.rich_compare(&q, crate::protocol::compare::CompareOp::Eq)?.is_true()? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) extern "C" fn hash(o: &Object) -> isize {
    crate::error::status_len(hash_of(o.cast()))
}

fn hash_of(this: &MemoryView) -> PyResult<isize> {
    if this.hash.get() != -1 {
        return Ok(this.hash.get());
    }
    this.check_released()?;
    let v = this.raw();
    if v.readonly == 0 {
        bail!(ValueError, "cannot hash writable memoryview object");
    }
    if !matches!(native_format(v.format()), Some((b'B' | b'b' | b'c', _))) {
        bail!(ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
    }
    if let Some(exporter) = &v.obj {
        let exporter = exporter.clone();
        // Who is asked may try to release the view.
        let _pin = Pin::new(&this.exports);
        exporter.hash()?;
        this.check_released()?;
    }
    let h = hash_bytes(&this.raw().to_contiguous(false)?);
    this.hash.set(h);
    Ok(h)
}
