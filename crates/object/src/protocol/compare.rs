//! Comparison, hash and truth.

use crate::error::{PyResult, from_status_bool, from_status_len};
use crate::header::{Obj, Object};
use crate::thread::check_recursion;
use crate::types::int::{Int, PyLong_Type};
use crate::types::str::{PyUnicode_Type, Str};
use crate::types::{bool_, none};
use crate::{bail, raise};
use std::ffi::c_int;

/// The six comparisons, with C's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum CompareOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CompareOp {
    /// From C's number.
    #[inline(always)]
    pub fn from_c(n: c_int) -> CompareOp {
        match n {
            0 => CompareOp::Lt,
            1 => CompareOp::Le,
            2 => CompareOp::Eq,
            3 => CompareOp::Ne,
            4 => CompareOp::Gt,
            _ => CompareOp::Ge,
        }
    }
    /// The operator with its operands exchanged.
    pub fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            op => op,
        }
    }
    /// What the operator says of an ordering.
    #[inline(always)]
    pub fn test(self, o: std::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => o.is_lt(),
            CompareOp::Le => o.is_le(),
            CompareOp::Eq => o.is_eq(),
            CompareOp::Ne => o.is_ne(),
            CompareOp::Gt => o.is_gt(),
            CompareOp::Ge => o.is_ge(),
        }
    }
    /// As Python writes it.
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
}

/// A new reference to `NotImplemented`.
#[inline(always)]
pub fn not_implemented() -> Obj {
    none::not_implemented().to_obj()
}

/// Whether a slot declined.
#[inline(always)]
pub fn is_not_implemented(o: &Object) -> bool {
    o.is(none::not_implemented())
}

/// The answer for two plain numbers or texts, which runs no code of the program's.
#[inline(always)]
pub(crate) fn plain_answer(a: &Object, b: &Object, op: CompareOp) -> Option<bool> {
    if !std::ptr::eq(a.ty_ptr(), b.ty_ptr()) {
        return None;
    }
    if a.is_exact(&PyLong_Type) {
        // SAFETY: exact ints.
        let (x, y) = unsafe { a.cast_unchecked::<Int>().compact_pair(b.cast_unchecked()) }?;
        return Some(op.test(x.cmp(&y)));
    }
    if a.is_exact(&PyUnicode_Type) && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        // SAFETY: exact strings.
        let same = unsafe { Str::eq(a.cast_unchecked(), b.cast_unchecked()) };
        return Some(same == (op == CompareOp::Eq));
    }
    None
}

impl Object {
    /// `self op other` (`PyObject_RichCompare`).
    pub fn rich_compare(&self, other: &Object, op: CompareOp) -> PyResult {
        check_recursion(" in comparison")?;
        let mut reflected = false;
        if !std::ptr::eq(self.ty_ptr(), other.ty_ptr())
            && other.ty().is_subtype(self.ty())
            && let Some(f) = other.ty().richcompare.get()
        {
            reflected = true;
            let r = f(other, self, op.swapped() as c_int)?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
        }
        if let Some(f) = self.ty().richcompare.get() {
            let r = f(self, other, op as c_int)?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
        }
        if !reflected && let Some(f) = other.ty().richcompare.get() {
            let r = f(other, self, op.swapped() as c_int)?;
            if !is_not_implemented(&r) {
                return Ok(r);
            }
        }
        match op {
            CompareOp::Eq => Ok(bool_::from_bool(self.is(other))),
            CompareOp::Ne => Ok(bool_::from_bool(!self.is(other))),
            _ => Err(raise!(
                TypeError,
                "'{}' not supported between instances of '{}' and '{}'",
                op.symbol(),
                self.ty().name_str(),
                other.ty().name_str()
            )),
        }
    }

    /// The truth of `self op other`; identical objects are equal (`PyObject_RichCompareBool`).
    #[inline]
    pub fn rich_compare_bool(&self, other: &Object, op: CompareOp) -> PyResult<bool> {
        if self.is(other) {
            match op {
                CompareOp::Eq => return Ok(true),
                CompareOp::Ne => return Ok(false),
                _ => {}
            }
        }
        if let Some(answer) = plain_answer(self, other, op) {
            return Ok(answer);
        }
        self.rich_compare(other, op)?.is_true()
    }

    /// The truth of `self == other`, with the identity shortcut.
    #[inline]
    pub fn eq(&self, other: &Object) -> PyResult<bool> {
        self.rich_compare_bool(other, CompareOp::Eq)
    }

    /// `hash(self)`.
    #[inline]
    pub fn hash(&self) -> PyResult<isize> {
        match self.ty().hash.get() {
            Some(f) => {
                let h = f(self);
                if h == -1 { Err(crate::Raised::already_set()) } else { Ok(h) }
            }
            None => bail!(TypeError, "unhashable type: '{}'", self.ty().name_str()),
        }
    }

    /// `bool(self)`.
    #[inline]
    pub fn is_true(&self) -> PyResult<bool> {
        if self.is(bool_::true_()) {
            return Ok(true);
        }
        if self.is(bool_::false_()) || self.is_none() {
            return Ok(false);
        }
        let ty = self.ty();
        if let Some(f) = ty.number().and_then(|n| n.bool_.get()) {
            return from_status_bool(f(self));
        }
        if let Some(f) = ty.mapping().and_then(|m| m.length.get()) {
            return Ok(from_status_len(f(self))? != 0);
        }
        if let Some(f) = ty.sequence().and_then(|s| s.length.get()) {
            return Ok(from_status_len(f(self))? != 0);
        }
        Ok(true)
    }
}

/// `tp_hash` of unhashable types (`PyObject_HashNotImplemented`).
pub extern "C" fn hash_not_implemented(o: &Object) -> isize {
    let _ = raise!(TypeError, "unhashable type: '{}'", o.ty().name_str());
    -1
}

/// `tp_hash` by identity.
pub extern "C" fn hash_pointer(o: &Object) -> isize {
    let a = o.as_ptr() as usize;
    match a.rotate_right(4) as isize {
        -1 => -2,
        h => h,
    }
}
