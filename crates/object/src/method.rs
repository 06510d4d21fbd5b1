//! The tables that describe native functions, members and attributes to type and module objects, as C lays them out.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;

/// Calling conventions (`ml_flags`).
#[allow(missing_docs)]
pub mod meth {
    use std::ffi::c_int;
    pub const VARARGS: c_int = 0x1;
    pub const KEYWORDS: c_int = 0x2;
    pub const NOARGS: c_int = 0x4;
    pub const O: c_int = 0x8;
    pub const CLASS: c_int = 0x10;
    pub const STATIC: c_int = 0x20;
    pub const COEXIST: c_int = 0x40;
    pub const FASTCALL: c_int = 0x80;
    pub const METHOD: c_int = 0x200;
}

/// `METH_NOARGS` and `METH_O`; the argument is null for the former. Self is null for `METH_STATIC`.
pub type PyCFunction = extern "C" fn(Option<&Object>, Option<&Object>) -> PyResult;
/// `METH_VARARGS | METH_KEYWORDS`.
pub type PyCFunctionWithKeywords = extern "C" fn(Option<&Object>, &Object, Option<&Object>) -> PyResult;
/// `METH_FASTCALL`.
pub type PyCFunctionFast = unsafe extern "C" fn(Option<&Object>, *const *const Object, isize) -> PyResult;
/// `METH_FASTCALL | METH_KEYWORDS`.
pub type PyCFunctionFastWithKeywords =
    unsafe extern "C" fn(Option<&Object>, *const *const Object, isize, Option<&Object>) -> PyResult;
/// `METH_METHOD | METH_FASTCALL | METH_KEYWORDS`: the second is the defining class.
pub type PyCMethod =
    unsafe extern "C" fn(Option<&Object>, &crate::Type, *const *const Object, usize, Option<&Object>) -> PyResult;

/// The function of a [`MethodDef`]; `ml_flags` says which field is meant.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub union MethodPtr {
    pub plain: PyCFunction,
    pub keywords: PyCFunctionWithKeywords,
    pub fast: PyCFunctionFast,
    pub fast_keywords: PyCFunctionFastWithKeywords,
    pub method: PyCMethod,
    pub null: *const c_void,
}

/// A native function's description (`PyMethodDef`).
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct MethodDef {
    pub name: *const c_char,
    pub meth: MethodPtr,
    pub flags: c_int,
    pub doc: *const c_char,
}

const _: () = assert!(size_of::<MethodDef>() == 32 && offset_of!(MethodDef, doc) == 24);

// SAFETY: immutable data pointing at static strings and functions.
unsafe impl Sync for MethodDef {}
// SAFETY: as above.
unsafe impl Send for MethodDef {}

impl MethodDef {
    /// The end of a table.
    pub const END: MethodDef = MethodDef {
        name: std::ptr::null(),
        meth: MethodPtr { null: std::ptr::null() },
        flags: 0,
        doc: std::ptr::null(),
    };

    /// The name, for error texts.
    pub fn name_str(&self) -> &'static str {
        // SAFETY: names in tables are static C strings.
        unsafe { CStr::from_ptr(self.name) }.to_str().unwrap_or("?")
    }
}

/// An attribute stored in the object's memory (`PyMemberDef`).
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct MemberDef {
    pub name: *const c_char,
    pub kind: c_int,
    pub offset: isize,
    pub flags: c_int,
    pub doc: *const c_char,
}

const _: () = assert!(size_of::<MemberDef>() == 40);
// SAFETY: immutable data.
unsafe impl Sync for MemberDef {}

/// Kinds of members (`Py_T_*`) and their flags.
#[allow(missing_docs)]
pub mod member {
    use std::ffi::c_int;
    pub const SHORT: c_int = 0;
    pub const INT: c_int = 1;
    pub const LONG: c_int = 2;
    pub const FLOAT: c_int = 3;
    pub const DOUBLE: c_int = 4;
    pub const STRING: c_int = 5;
    /// An object or null; null reads as `None`.
    pub const OBJECT: c_int = 6;
    pub const CHAR: c_int = 7;
    pub const BYTE: c_int = 8;
    pub const UBYTE: c_int = 9;
    pub const USHORT: c_int = 10;
    pub const UINT: c_int = 11;
    pub const ULONG: c_int = 12;
    pub const STRING_INPLACE: c_int = 13;
    pub const BOOL: c_int = 14;
    /// An object or null; null raises `AttributeError`.
    pub const OBJECT_EX: c_int = 16;
    pub const LONGLONG: c_int = 17;
    pub const ULONGLONG: c_int = 18;
    pub const PYSSIZET: c_int = 19;
    pub const NONE: c_int = 20;
    pub const READONLY: c_int = 1;
    pub const AUDIT_READ: c_int = 2;
    pub const RELATIVE_OFFSET: c_int = 8;
}

impl MemberDef {
    /// The end of a table.
    pub const END: MemberDef =
        MemberDef { name: std::ptr::null(), kind: 0, offset: 0, flags: 0, doc: std::ptr::null() };
    /// A row: `MemberDef::new(c"start", member::OBJECT, offset_of!(Slice, start), member::READONLY)`.
    pub const fn new(name: &'static CStr, kind: c_int, offset: usize, flags: c_int) -> MemberDef {
        MemberDef { name: name.as_ptr(), kind, offset: offset as isize, flags, doc: std::ptr::null() }
    }
    /// The same with a docstring.
    pub const fn doc(mut self, doc: &'static CStr) -> MemberDef {
        self.doc = doc.as_ptr();
        self
    }
}

/// `getter`.
pub type Getter = extern "C" fn(&Object, *mut c_void) -> PyResult;
/// `setter`: a null value deletes.
pub type Setter = extern "C" fn(&Object, Option<&Object>, *mut c_void) -> c_int;

/// A computed attribute (`PyGetSetDef`). Made by [`crate::getset!`].
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct GetSetDef {
    pub name: *const c_char,
    pub get: Option<Getter>,
    pub set: Option<Setter>,
    pub doc: *const c_char,
    pub closure: *mut c_void,
}

const _: () = assert!(size_of::<GetSetDef>() == 40);
// SAFETY: immutable data.
unsafe impl Sync for GetSetDef {}

impl GetSetDef {
    /// The end of a table.
    pub const END: GetSetDef = GetSetDef {
        name: std::ptr::null(),
        get: None,
        set: None,
        doc: std::ptr::null(),
        closure: std::ptr::null_mut(),
    };
    /// A row.
    pub const fn new(
        name: &'static CStr,
        get: Option<Getter>,
        set: Option<Setter>,
        doc: Option<&'static CStr>,
    ) -> GetSetDef {
        let doc = match doc {
            Some(d) => d.as_ptr(),
            None => std::ptr::null(),
        };
        GetSetDef { name: name.as_ptr(), get, set, doc, closure: std::ptr::null_mut() }
    }
}

/// What a native function may answer; everything becomes a new reference or an exception.
pub trait IntoPy {
    /// The answer as an object.
    fn into_py(self) -> PyResult;
}

impl IntoPy for Obj {
    #[inline(always)]
    fn into_py(self) -> PyResult {
        Ok(self)
    }
}
impl<T: crate::Layout> IntoPy for crate::Ref<T> {
    #[inline(always)]
    fn into_py(self) -> PyResult {
        Ok(self.into_obj())
    }
}
impl IntoPy for () {
    #[inline(always)]
    fn into_py(self) -> PyResult {
        Ok(crate::types::none::none().to_obj())
    }
}
impl IntoPy for bool {
    #[inline(always)]
    fn into_py(self) -> PyResult {
        Ok(crate::types::bool_::from_bool(self))
    }
}
macro_rules! into_py_int {
    ($($t:ty),*) => { $(impl IntoPy for $t {
        #[inline]
        fn into_py(self) -> PyResult { Ok(crate::types::int::Int::from_i64(self as i64).into_obj()) }
    })* };
}
into_py_int!(i8, i16, i32, i64, isize, u8, u16, u32);
impl IntoPy for u64 {
    fn into_py(self) -> PyResult {
        Ok(crate::types::int::Int::from_u64(self).into_obj())
    }
}
impl IntoPy for usize {
    fn into_py(self) -> PyResult {
        Ok(crate::types::int::Int::from_u64(self as u64).into_obj())
    }
}
impl IntoPy for f64 {
    fn into_py(self) -> PyResult {
        Ok(crate::types::float::Float::new(self).into_obj())
    }
}
impl IntoPy for &str {
    fn into_py(self) -> PyResult {
        Ok(crate::types::str::Str::from_utf8(self).into_obj())
    }
}
impl IntoPy for String {
    fn into_py(self) -> PyResult {
        Ok(crate::types::str::Str::from_utf8(&self).into_obj())
    }
}
/// `None` becomes Python's `None`.
impl<T: IntoPy> IntoPy for Option<T> {
    #[inline]
    fn into_py(self) -> PyResult {
        match self {
            Some(v) => v.into_py(),
            None => ().into_py(),
        }
    }
}
impl<T: IntoPy> IntoPy for PyResult<T> {
    #[inline(always)]
    fn into_py(self) -> PyResult {
        self?.into_py()
    }
}

/// The receiver of a getter, setter or method as the Rust function wants it: `&Object` or `&T`.
pub trait FromSelf<'a> {
    /// Converts; the descriptor has checked the type.
    fn from_self(o: &'a Object) -> Self;
}
impl<'a> FromSelf<'a> for &'a Object {
    #[inline(always)]
    fn from_self(o: &'a Object) -> Self {
        o
    }
}
impl<'a, T: crate::Layout> FromSelf<'a> for &'a T {
    #[inline(always)]
    fn from_self(o: &'a Object) -> Self {
        o.cast()
    }
}

/// One row of a getset table: `getset!(c"real", get_real)`, `getset!(c"__dict__", get, set)`, optionally `; c"doc"`.
/// `get` is `fn(&T) -> impl IntoPy`, `set` is `fn(&T, Option<&Object>) -> PyResult<()>` (`None` deletes).
#[macro_export]
macro_rules! getset {
    ($name:literal, $get:path $(; $doc:literal)?) => {
        $crate::method::GetSetDef::new($name, Some($crate::getset!(@get $get)), None, $crate::getset!(@doc $($doc)?))
    };
    ($name:literal, $get:path, $set:path $(; $doc:literal)?) => {
        $crate::method::GetSetDef::new($name, Some($crate::getset!(@get $get)), Some($crate::getset!(@set $set)), $crate::getset!(@doc $($doc)?))
    };
    (@get $get:path) => {{
        extern "C" fn get(o: &$crate::Object, _: *mut std::ffi::c_void) -> $crate::PyResult {
            $crate::method::IntoPy::into_py($get($crate::method::FromSelf::from_self(o)))
        }
        get
    }};
    (@set $set:path) => {{
        extern "C" fn set(o: &$crate::Object, v: Option<&$crate::Object>, _: *mut std::ffi::c_void) -> std::ffi::c_int {
            $crate::error::status($set($crate::method::FromSelf::from_self(o), v))
        }
        set
    }};
    (@doc) => { None };
    (@doc $doc:literal) => { Some($doc) };
}

/// A terminated table of [`crate::getset!`] rows, for [`crate::TypeDef::getset`].
#[macro_export]
macro_rules! getsets {
    ($($row:expr),* $(,)?) => {{ static ROWS: &[$crate::method::GetSetDef] = &[$($row,)* $crate::method::GetSetDef::END]; Some(ROWS) }};
}

/// A terminated table of [`MemberDef`] rows.
#[macro_export]
macro_rules! members {
    ($($row:expr),* $(,)?) => {{ static ROWS: &[$crate::method::MemberDef] = &[$($row,)* $crate::method::MemberDef::END]; Some(ROWS) }};
}

/// A terminated table of functions written with `clinic`'s attributes: `methods![append, extend, list_sort]` names the Rust functions.
#[macro_export]
macro_rules! methods {
    ($($f:ident),* $(,)?) => {{ static ROWS: &[$crate::method::MethodDef] = &[$($f::DEF,)* $crate::method::MethodDef::END]; Some(ROWS) }};
}
