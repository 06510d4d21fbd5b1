//! `bytes` and `bytearray`.

use crate::prelude::*;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;

fn new_bytes(p: *const u8, n: isize) -> PyResult {
    if n < 0 {
        bail!(SystemError, "Negative size passed to PyBytes_FromStringAndSize");
    }
    if p.is_null() { obj(Bytes::zeroed(n as usize)) } else { obj(Bytes::try_new(slice(p, n))) }
}

fn bytes_of(o: &Object) -> PyResult<&Bytes> {
    match o.downcast() {
        Some(b) => Ok(b),
        None => bail!(TypeError, "expected bytes, {} found", o.ty().name_str()),
    }
}

fn join(a: &Object, b: &Object) -> PyResult {
    let (a, b) = (taipan_object::buffer::Buffer::get(a)?, taipan_object::buffer::Buffer::get(b)?);
    obj(Bytes::try_new(&[a.as_slice(), b.as_slice()].concat()))
}

exports! {
    fn PyBytes_FromStringAndSize(p: *const u8, n: isize) -> PyResult { new_bytes(p, n) }
    fn PyBytes_FromString(text: Text) -> PyResult { obj(Bytes::try_new(text.bytes())) }
    fn PyBytes_FromObject(o: &Object) -> PyResult {
        if o.is_exact(Bytes::type_object()) {
            return Ok(o.to_obj());
        }
        if o.downcast::<Str>().is_some() || o.downcast::<Int>().is_some() {
            bail!(TypeError, "cannot convert '{}' object to bytes", o.ty().name_str());
        }
        Bytes::type_object().as_object().call_one(o)
    }
    fn PyBytes_Size(o: &Object) -> isize { bytes_of(o).map_or(-1, |b| b.len() as isize) }
    fn PyBytes_AsString(o: &Object) -> *mut u8 { bytes_of(o).map_or(std::ptr::null_mut(), Bytes::data_ptr) }
    fn PyBytes_AsStringAndSize(o: &Object, p: Out<*mut u8>, n: Out<isize>) -> c_int {
        status((|| {
            let b = bytes_of(o)?;
            p.put(b.data_ptr());
            if n.0.is_null() && b.as_slice().contains(&0) {
                bail!(ValueError, "embedded null byte");
            }
            n.put(b.len() as isize);
            Ok(())
        })())
    }
    fn PyBytes_Concat(place: Out<Option<Obj>>, b: Null<'_>) {
        let Some(a) = place.read() else { return };
        place.put(b.and_then(|b| join(&a, b).ok()));
    }
    fn PyBytes_ConcatAndDel(place: Out<Option<Obj>>, b: Option<Obj>) { PyBytes_Concat(place, b.as_deref()) }
    fn PyBytes_Join(sep: &Object, items: &Object) -> PyResult { sep.call_method(intern!("join"), &[items]) }
    fn _PyBytes_Join(sep: &Object, items: &Object) -> PyResult { sep.call_method(intern!("join"), &[items]) }
    fn PyBytes_Repr(o: &Object, _smart: c_int) -> PyResult { obj(o.repr()) }
    fn _PyBytes_Resize(place: Out<Option<Obj>>, n: isize) -> c_int {
        let Some(old) = place.read() else {
            let _ = bad_call();
            return -1;
        };
        let r = match old.downcast::<Bytes>() {
            Some(b) if n >= 0 && b.len() == n as usize => Ok(old.clone()),
            Some(b) if n >= 0 => Bytes::zeroed(n as usize).map(|new| {
                let keep = b.len().min(n as usize);
                // SAFETY: both are at least `keep` bytes, and the new one is not shared yet.
                unsafe { std::ptr::copy_nonoverlapping(b.data_ptr(), new.data_ptr(), keep) };
                new.into_obj()
            }),
            _ => Err(bad_call()),
        };
        let s = if r.is_ok() { 0 } else { -1 };
        place.put(r.ok());
        s
    }
    fn PyByteArray_FromStringAndSize(p: *const u8, n: isize) -> PyResult {
        if n < 0 {
            bail!(SystemError, "Negative size passed to PyByteArray_FromStringAndSize");
        }
        if p.is_null() { obj(ByteArray::new(&vec![0; n as usize])) } else { obj(ByteArray::new(slice(p, n))) }
    }
    fn PyByteArray_FromObject(o: &Object) -> PyResult { ByteArray::type_object().as_object().call_one(o) }
    fn PyByteArray_Size(o: &Object) -> isize { o.cast::<ByteArray>().len() as isize }
    fn PyByteArray_AsString(o: &Object) -> *mut u8 { o.cast::<ByteArray>().data_ptr() }
    fn PyByteArray_Resize(o: &Object, n: isize) -> c_int {
        status((|| {
            if n < 0 {
                bail!(ValueError, "Can only resize to positive sizes, got {n}");
            }
            o.cast::<ByteArray>().resize(n as usize)
        })())
    }
    fn PyByteArray_Concat(a: &Object, b: &Object) -> PyResult {
        let joined = join(a, b)?;
        obj(ByteArray::new(joined.cast::<Bytes>().as_slice()))
    }
}
