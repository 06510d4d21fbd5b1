//! Values of the database as objects, and objects as results of functions.

use crate::errors::{Class, none, raise};
use libsqlite3_sys as ffi;
use std::ffi::{c_char, c_int, c_void};
use taipan_object::buffer::{self, Buffer};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, bail, codecs};

/// The destructor that makes the library copy what it is given.
pub fn transient() -> ffi::sqlite3_destructor_type {
    ffi::SQLITE_TRANSIENT()
}

/// Bytes that the library owns.
///
/// # Safety
/// `n` bytes at `p`, which may be null when there are none.
pub unsafe fn bytes_at<'a>(p: *const c_void, n: c_int) -> &'a [u8] {
    if p.is_null() || n <= 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(p.cast(), n as usize) }
}

/// UTF-8 as `str`.
pub fn decode(b: &[u8]) -> PyResult {
    match std::str::from_utf8(b) {
        Ok(s) => Ok(Str::from_utf8(s).into_obj()),
        Err(_) => codecs::decode_text(&Bytes::new(b), "utf-8", "strict"),
    }
}

/// An argument of a function.
///
/// # Safety
/// `v` is a value that the library passed to a function.
pub unsafe fn from_value(v: *mut ffi::sqlite3_value) -> PyResult {
    // SAFETY: the caller's promise.
    unsafe {
        Ok(match ffi::sqlite3_value_type(v) {
            ffi::SQLITE_INTEGER => Int::from_i64(ffi::sqlite3_value_int64(v)).into_obj(),
            ffi::SQLITE_FLOAT => Float::new(ffi::sqlite3_value_double(v)).into_obj(),
            ffi::SQLITE_TEXT => {
                let p = ffi::sqlite3_value_text(v);
                decode(bytes_at(p.cast(), ffi::sqlite3_value_bytes(v)))?
            }
            ffi::SQLITE_BLOB => {
                let p = ffi::sqlite3_value_blob(v);
                Bytes::new(bytes_at(p, ffi::sqlite3_value_bytes(v))).into_obj()
            }
            _ => none(),
        })
    }
}

/// Gives the result of a function to the library.
///
/// # Safety
/// `context` is what the library passed to the running function.
pub unsafe fn set_result(context: *mut ffi::sqlite3_context, o: &Object) -> PyResult<()> {
    // SAFETY: the caller's promise; data is copied.
    unsafe {
        if o.is_none() {
            ffi::sqlite3_result_null(context);
        } else if let Some(i) = o.downcast::<Int>() {
            match i.to_i64() {
                Some(n) => ffi::sqlite3_result_int64(context, n),
                None => bail!(OverflowError, "Python int too large to convert to SQLite INTEGER"),
            }
        } else if let Some(f) = o.downcast::<Float>() {
            ffi::sqlite3_result_double(context, f.value());
        } else if let Some(s) = o.downcast::<Str>() {
            let s = s.to_utf8()?;
            let Ok(n) = c_int::try_from(s.len()) else {
                bail!(OverflowError, "string is longer than INT_MAX bytes");
            };
            ffi::sqlite3_result_text(context, s.as_ptr().cast::<c_char>(), n, transient());
        } else if buffer::supports(o) {
            let b = Buffer::get(o)?;
            let Ok(n) = c_int::try_from(b.as_slice().len()) else {
                bail!(OverflowError, "BLOB longer than INT_MAX bytes");
            };
            ffi::sqlite3_result_blob(context, pointer(b.as_slice()), n, transient());
        } else {
            let text = format!("User-defined functions cannot return '{}' values to SQLite", o.ty().name_str());
            return Err(raise(Class::Programming, &text));
        }
    }
    Ok(())
}

/// A pointer that is not null, even to nothing: null would be NULL.
pub fn pointer(b: &[u8]) -> *const c_void {
    b.as_ptr().cast()
}

/// A C string or null as `str` or `None`.
///
/// # Safety
/// `p` is null or a C string.
pub unsafe fn optional_text(p: *const c_char) -> Obj {
    // SAFETY: the caller's promise.
    if p.is_null() { none() } else { Str::from_utf8(&unsafe { crate::errors::text(p) }).into_obj() }
}
