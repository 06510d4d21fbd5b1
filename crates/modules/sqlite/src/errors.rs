//! The exceptions of the module (PEP 249), and the library's errors as such.

use crate::constants::ERRORS;
use libsqlite3_sys as ffi;
use std::ffi::{CStr, c_char, c_int};
use taipan_object::native::{add_exception, exception_class};
use taipan_object::types::int::Int;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::{exceptions, none};
use taipan_object::{Obj, PyResult, Raised, Type, error, intern};

/// The classes, in the order of [`Class`].
pub const CLASSES: [&str; 10] = [
    "sqlite3.Warning",
    "sqlite3.Error",
    "sqlite3.InterfaceError",
    "sqlite3.DatabaseError",
    "sqlite3.DataError",
    "sqlite3.OperationalError",
    "sqlite3.IntegrityError",
    "sqlite3.InternalError",
    "sqlite3.ProgrammingError",
    "sqlite3.NotSupportedError",
];

/// A class of [`CLASSES`].
#[derive(Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Class {
    Warning,
    Error,
    Interface,
    Database,
    Data,
    Operational,
    Integrity,
    Internal,
    Programming,
    NotSupported,
}

impl Class {
    /// The class object.
    pub fn object(self) -> Obj {
        exception_class(CLASSES[self as usize]).unwrap_or_else(|| exceptions::Exception.to_obj())
    }
}

/// Makes the classes.
pub fn add_classes(m: &Module) -> PyResult<()> {
    for (i, name) in CLASSES.iter().enumerate() {
        let base = match i {
            0 | 1 => exceptions::Exception.to_obj(),
            2 | 3 => Class::Error.object(),
            _ => Class::Database.object(),
        };
        add_exception(m, name, base.cast::<Type>())?;
    }
    Ok(())
}

/// An exception of the module with this text.
#[cold]
pub fn raise(class: Class, text: &str) -> Raised {
    let c = class.object();
    error::raise_arg(c.cast::<Type>(), Str::from_utf8(text).into_obj())
}

/// Text that the library owns.
///
/// # Safety
/// `p` is null or a C string that lives during the call.
pub unsafe fn text(p: *const c_char) -> String {
    // SAFETY: the caller's promise.
    if p.is_null() { String::new() } else { unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned() }
}

/// What the last failed call on this connection means; `Ok` if it did not fail.
#[cold]
pub fn check(db: *mut ffi::sqlite3) -> PyResult<()> {
    // SAFETY: an open connection, or null, which the library understands.
    let (code, extended, message) =
        unsafe { (ffi::sqlite3_errcode(db), ffi::sqlite3_extended_errcode(db), text(ffi::sqlite3_errmsg(db))) };
    from_code(code, extended, &message)
}

/// The same as an error, whatever the library says.
#[cold]
pub fn failed(db: *mut ffi::sqlite3) -> Raised {
    if let Some(e) = error::occurred() {
        return e;
    }
    check(db).err().unwrap_or_else(|| raise(Class::Interface, "not an error"))
}

fn from_code(code: c_int, extended: c_int, message: &str) -> PyResult<()> {
    let class = match code & 0xff {
        ffi::SQLITE_OK | ffi::SQLITE_ROW | ffi::SQLITE_DONE => return Ok(()),
        ffi::SQLITE_NOMEM => return Err(error::no_memory()),
        ffi::SQLITE_INTERNAL | ffi::SQLITE_NOTFOUND => Class::Internal,
        ffi::SQLITE_ERROR
        | ffi::SQLITE_PERM
        | ffi::SQLITE_ABORT
        | ffi::SQLITE_BUSY
        | ffi::SQLITE_LOCKED
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_INTERRUPT
        | ffi::SQLITE_IOERR
        | ffi::SQLITE_FULL
        | ffi::SQLITE_CANTOPEN
        | ffi::SQLITE_PROTOCOL
        | ffi::SQLITE_EMPTY
        | ffi::SQLITE_SCHEMA => Class::Operational,
        ffi::SQLITE_TOOBIG => Class::Data,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => Class::Integrity,
        ffi::SQLITE_MISUSE | ffi::SQLITE_RANGE => Class::Interface,
        _ => Class::Database,
    };
    let exc = class.object().call(&[&Str::from_utf8(message)])?;
    let name = ERRORS.iter().find(|(_, n)| *n == i64::from(extended)).map_or("unknown", |(name, _)| name);
    exc.set_attr(intern!("sqlite_errorcode"), &Int::from_i64(extended.into()))?;
    exc.set_attr(intern!("sqlite_errorname"), &Str::from_utf8(name))?;
    Err(error::raise_instance(exc))
}

/// For a call that failed with a code of its own.
#[cold]
pub fn from_result(code: c_int) -> Raised {
    // SAFETY: answers a constant text.
    let message = unsafe { text(ffi::sqlite3_errstr(code)) };
    from_code(code, code, &message).err().unwrap_or_else(|| raise(Class::Interface, &message))
}

/// `None`.
pub fn none() -> Obj {
    none::none_obj()
}
