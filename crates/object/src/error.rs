//! The one way an error travels: `Err(Raised)` says that the exception lies in the thread state.

use crate::header::{Obj, Object};
use crate::thread::Thread;
use crate::typeobj::Type;
use std::ffi::c_int;
use std::fmt;

/// Proof that an exception is set in the current thread state (`current_exception`). Zero-sized, so that
/// `Result<Obj, Raised>` is C's nullable pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the exception is set in the thread state: return it, or clear it"]
pub struct Raised {}

const _: () = assert!(size_of::<Result<Obj, Raised>>() == 8);

/// What can raise.
pub type PyResult<T = Obj> = Result<T, Raised>;

impl Raised {
    /// For code that has just set the exception in the thread state, or received C's error value.
    #[inline(always)]
    pub fn already_set() -> Raised {
        debug_assert!(!Thread::current().current_exception.is_empty(), "error return without an exception set");
        Raised {}
    }

    /// Takes the exception out of the thread state (`PyErr_GetRaisedException`).
    #[inline]
    pub fn take(self) -> Obj {
        Thread::current().current_exception.take().expect("Raised without an exception in the thread state")
    }

    /// Drops the exception (`PyErr_Clear`).
    #[inline]
    pub fn clear(self) {
        drop(self.take());
    }

    /// Whether the exception is an instance of `ty` or a subclass (`PyErr_ExceptionMatches`).
    #[inline]
    pub fn matches(&self, ty: &Type) -> bool {
        Thread::current().current_exception.get().is_some_and(|e| e.ty().is_subtype(ty))
    }

    /// Drops the exception and answers `Ok(default)` if it is a `ty`; passes it on otherwise.
    pub fn recover<T>(self, ty: &Type, default: T) -> PyResult<T> {
        if self.matches(ty) {
            self.clear();
            Ok(default)
        } else {
            Err(self)
        }
    }
}

/// Makes `exc`, an exception instance, the current exception (`PyErr_SetRaisedException`), without chaining.
pub fn restore(exc: Obj) -> Raised {
    Thread::current().current_exception.set(Some(exc));
    Raised {}
}

/// The current exception, if one is set (`PyErr_Occurred`).
#[inline]
pub fn occurred() -> Option<Raised> {
    if Thread::current().current_exception.is_empty() { None } else { Some(Raised {}) }
}

/// Clears the current exception, if any.
pub fn clear() {
    Thread::current().current_exception.set(None);
}

/// Raises `exc` (an instance), linking the exception being handled as its context as `raise` does.
pub fn raise_instance(exc: Obj) -> Raised {
    let ts = Thread::current();
    if let Some(handled) = ts.handled_exception() {
        crate::types::exceptions::chain_context(&exc, handled);
    }
    restore(exc)
}

/// Raises `ty(arg)` (`PyErr_SetObject`).
#[cold]
pub fn raise_arg(ty: &Type, arg: Obj) -> Raised {
    match crate::types::exceptions::make(ty, arg) {
        Ok(exc) => raise_instance(exc),
        Err(e) => e,
    }
}

/// Raises `ty(message)`; see the macro [`crate::raise`].
#[cold]
pub fn raise_fmt(ty: &Type, message: fmt::Arguments<'_>) -> Raised {
    let text = match message.as_str() {
        Some(s) => crate::types::str::Str::from_utf8(s),
        None => crate::types::str::Str::from_utf8(&message.to_string()),
    };
    raise_arg(ty, text.into_obj())
}

/// Raises `ty()` without arguments (`PyErr_SetNone`).
#[cold]
pub fn raise_empty(ty: &Type) -> Raised {
    match ty.as_object().call_noargs() {
        Ok(exc) => raise_instance(exc),
        Err(e) => e,
    }
}

/// `MemoryError`, from the thread's reserve.
#[cold]
pub fn no_memory() -> Raised {
    raise_empty(crate::types::exceptions::MemoryError)
}

/// `raise!(TypeError, "'{}' object is not callable", name)` makes the exception current and yields the [`Raised`] to return:
/// `Err(raise!(..))`. Names are those of the built-in exceptions.
#[macro_export]
macro_rules! raise {
    ($ty:ident, $($fmt:tt)*) => {
        $crate::error::raise_fmt($crate::types::exceptions::$ty, format_args!($($fmt)*))
    };
}

/// `bail!(TypeError, "...")` is `return Err(raise!(TypeError, "..."))`.
#[macro_export]
macro_rules! bail {
    ($($t:tt)*) => { return Err($crate::raise!($($t)*)) };
}

/// A result as the `int` of C's slots: 0, or -1 with the exception set.
#[inline(always)]
pub fn status(r: PyResult<()>) -> c_int {
    match r {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// A truth value as the `int` of C's slots: 0, 1, or -1 with the exception set.
#[inline(always)]
pub fn status_bool(r: PyResult<bool>) -> c_int {
    match r {
        Ok(b) => b as c_int,
        Err(_) => -1,
    }
}

/// A length, index or hash as C's slots return it: -1 with the exception set on error.
#[inline(always)]
pub fn status_len(r: PyResult<isize>) -> isize {
    r.unwrap_or(-1)
}

/// The reverse of [`status`].
#[inline(always)]
pub fn from_status(n: c_int) -> PyResult<()> {
    if n < 0 { Err(Raised::already_set()) } else { Ok(()) }
}

/// The reverse of [`status_bool`].
#[inline(always)]
pub fn from_status_bool(n: c_int) -> PyResult<bool> {
    if n < 0 { Err(Raised::already_set()) } else { Ok(n != 0) }
}

/// The reverse of [`status_len`]: -1 is an error only if an exception is set.
#[inline(always)]
pub fn from_status_len(n: isize) -> PyResult<isize> {
    if n == -1 && occurred().is_some() { Err(Raised::already_set()) } else { Ok(n) }
}

/// Turns the answer of a `tp_iternext`-like function into the three cases: an item, exhausted, raised.
/// A `StopIteration` that was set is cleared and counts as exhausted.
#[inline(always)]
pub fn from_iternext(item: Option<Obj>) -> PyResult<Option<Obj>> {
    match item {
        Some(o) => Ok(Some(o)),
        None => match occurred() {
            None => Ok(None),
            Some(e) => e.recover(crate::types::exceptions::StopIteration, None),
        },
    }
}

/// The `tp_iternext` answer for a result: `None` means exhausted, or raised with the exception set.
#[inline(always)]
pub fn to_iternext(r: PyResult<Option<Obj>>) -> Option<Obj> {
    r.unwrap_or(None)
}

/// Reports an exception that cannot propagate to `sys.unraisablehook` (`PyErr_WriteUnraisable`).
pub fn unraisable(e: Raised, context: Option<&Object>) {
    (crate::hooks::get().unraisable)(e.take(), None, context);
}

/// The same with a text that says what was being done (`PyErr_FormatUnraisable`).
pub fn unraisable_message(e: Raised, message: &str) {
    (crate::hooks::get().unraisable)(e.take(), Some(message), None);
}

/// The same with what was being done to which object: `"Exception ignored while {doing} {object!r}"`.
pub fn unraisable_while(e: Raised, doing: &str, object: &Object) {
    unraisable_doing(e, &format!("while {doing}"), object);
}

/// The same for another preposition: `"Exception ignored {doing} {object!r}"`.
pub fn unraisable_doing(e: Raised, doing: &str, object: &Object) {
    // What the exception came from may not be shown for the same reason for which it was raised.
    let exc = e.take();
    let shown = match object.repr() {
        Ok(r) => r.to_utf8_lossy().into_owned(),
        Err(e) => {
            e.clear();
            "<object repr() failed>".to_owned()
        }
    };
    (crate::hooks::get().unraisable)(exc, Some(&format!("Exception ignored {doing} {shown}")), None);
}
