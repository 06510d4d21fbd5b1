//! What every file of the API uses: argument types that are C pointers, and conversions of results.

pub(crate) use std::ffi::{CStr, c_char, c_double, c_int, c_long, c_longlong, c_uint, c_ulong, c_ulonglong, c_void};
pub(crate) use taipan_object::error::{self, occurred, status, status_bool, status_len};
pub(crate) use taipan_object::types::dict::Dict;
pub(crate) use taipan_object::types::int::Int;
pub(crate) use taipan_object::types::list::List;
pub(crate) use taipan_object::types::str::Str;
pub(crate) use taipan_object::types::tuple::Tuple;
pub(crate) use taipan_object::types::{exceptions, none};
pub(crate) use taipan_object::{
    Layout, Obj, Object, PyResult, Raised, Ref, Thread, Type, VarObject, bail, flags, intern, raise,
};

use std::borrow::Cow;

/// An object pointer that may be null.
pub(crate) type Null<'a> = Option<&'a Object>;

/// A C string that the caller passes; may be null where the function's description says so.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text(pub *const c_char);

impl Text {
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }
    /// The bytes; none for null.
    pub fn bytes<'a>(self) -> &'a [u8] {
        if self.0.is_null() {
            return &[];
        }
        // SAFETY: the C API's contract: a string argument ends with NUL and lives as long as the call.
        unsafe { CStr::from_ptr(self.0) }.to_bytes()
    }
    pub fn text<'a>(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes())
    }
    /// As text, or `None` for null.
    pub fn opt<'a>(self) -> Option<Cow<'a, str>> {
        if self.0.is_null() { None } else { Some(self.text()) }
    }
    /// As a `str` object; invalid UTF-8 raises.
    pub fn obj(self) -> PyResult {
        decode_utf8(self.bytes())
    }
    /// As an interned `str` object, for names of attributes.
    pub fn name(self) -> PyResult {
        match std::str::from_utf8(self.bytes()) {
            Ok(s) => Ok(taipan_object::types::str::intern::intern_str(s).into_obj()),
            Err(_) => self.obj(),
        }
    }
}

/// UTF-8 to `str`, strictly.
pub(crate) fn decode_utf8(b: &[u8]) -> PyResult {
    match std::str::from_utf8(b) {
        Ok(s) => Ok(Str::from_utf8(s).into_obj()),
        Err(_) => Ok(taipan_object::codecs::text::utf_8_decode(b, "strict", true)?.0.into_obj()),
    }
}

/// A place for a result; may be null where the function's description says so.
#[repr(transparent)]
pub struct Out<T>(pub *mut T);

impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Out<T> {}

impl<T> Out<T> {
    /// Stores without looking at what was there.
    pub fn put(self, v: T) {
        if !self.0.is_null() {
            // SAFETY: the C API's contract: a place for a result is writable.
            unsafe { self.0.write(v) }
        }
    }
    /// Takes what is there by a bitwise copy; the place must be overwritten afterwards.
    pub fn read(self) -> T {
        // SAFETY: the C API's contract: the place holds a valid value.
        unsafe { self.0.read() }
    }
}

/// `len` bytes at `p`.
pub(crate) fn slice<'a, T>(p: *const T, len: isize) -> &'a [T] {
    if p.is_null() || len <= 0 {
        return &[];
    }
    // SAFETY: the C API's contract: the pointer is to `len` values that live as long as the call.
    unsafe { std::slice::from_raw_parts(p, len as usize) }
}

/// A typed result as an untyped one.
pub(crate) fn obj<T: Layout>(r: PyResult<Ref<T>>) -> PyResult {
    r.map(Ref::into_obj)
}

/// The error of functions that got an argument of the wrong type or out of range.
#[cold]
pub(crate) fn bad_call() -> Raised {
    raise!(SystemError, "bad argument to internal function")
}

/// An argument that must not be null.
pub(crate) fn given(o: Null<'_>) -> PyResult<&Object> {
    match o {
        Some(o) => Ok(o),
        None => match occurred() {
            Some(e) => Err(e),
            None => bail!(SystemError, "null argument to internal routine"),
        },
    }
}

/// An argument as a `T`, or the error for wrong arguments.
pub(crate) fn typed<T: Layout>(o: &Object) -> PyResult<&T> {
    o.downcast().ok_or_else(bad_call)
}

/// The truth of a result as 1 and 0, errors swallowed.
pub(crate) fn quiet(r: PyResult<bool>) -> c_int {
    match r {
        Ok(b) => b as c_int,
        Err(e) => {
            e.clear();
            0
        }
    }
}

/// A function's address, for the table that keeps it linked.
#[derive(Clone, Copy)]
pub struct Export(pub &'static str, pub *const ());
// SAFETY: addresses of functions.
unsafe impl Sync for Export {}

/// Defines functions with C's calling convention under their own names, and lists them in `TABLE`.
macro_rules! exports {
    ($( $(#[$m:meta])* fn $name:ident $(<$l:lifetime>)? ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? $body:block )*) => {
        $(
            $(#[$m])*
            #[unsafe(no_mangle)]
            pub extern "C" fn $name $(<$l>)? ($($arg: $ty),*) $(-> $ret)? $body
        )*
        pub static TABLE: &[$crate::prelude::Export] = &[$($crate::prelude::Export(stringify!($name), $name as *const ())),*];
    };
}
