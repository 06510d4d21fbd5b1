//! Equality and order of strings, by code points.

use super::{Str, StrData};
use crate::error::PyResult;
use crate::header::Object;
use crate::types::bool_::from_bool;
use std::cmp::Ordering;
use std::ffi::c_int;

#[allow(clippy::should_implement_trait)]
impl Str {
    /// Whether both have the same characters.
    #[inline]
    pub fn eq(&self, other: &Str) -> bool {
        std::ptr::eq(self, other)
            || self.length.get() == other.length.get()
                && self.kind() == other.kind()
                && self.data_bytes() == other.data_bytes()
    }

    /// The order by code points.
    pub fn cmp(&self, other: &Str) -> Ordering {
        use StrData::*;
        fn mixed<A: Copy + Into<u32>, B: Copy + Into<u32>>(a: &[A], b: &[B]) -> Ordering {
            a.iter().map(|&c| c.into()).cmp(b.iter().map(|&c| c.into()))
        }
        match (self.data(), other.data()) {
            (Latin1(a), Latin1(b)) => a.cmp(b),
            (Ucs2(a), Ucs2(b)) => a.cmp(b),
            (Ucs4(a), Ucs4(b)) => a.cmp(b),
            (Latin1(a), Ucs2(b)) => mixed(a, b),
            (Latin1(a), Ucs4(b)) => mixed(a, b),
            (Ucs2(a), Latin1(b)) => mixed(a, b),
            (Ucs2(a), Ucs4(b)) => mixed(a, b),
            (Ucs4(a), Latin1(b)) => mixed(a, b),
            (Ucs4(a), Ucs2(b)) => mixed(a, b),
        }
    }
}

/// The answer of a rich comparison with the operator number of C (`Py_LT` 0 .. `Py_GE` 5).
#[inline]
pub(crate) fn by_order(order: Ordering, op: c_int) -> bool {
    match op {
        0 => order.is_lt(),
        1 => order.is_le(),
        2 => order.is_eq(),
        3 => order.is_ne(),
        4 => order.is_gt(),
        _ => order.is_ge(),
    }
}

pub(super) extern "C" fn str_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) else {
        return Ok(crate::protocol::compare::not_implemented());
    };
    let r = match op {
        2 => x.eq(y),
        3 => !x.eq(y),
        _ if a.is(b) => matches!(op, 1 | 5),
        _ => by_order(x.cmp(y), op),
    };
    Ok(from_bool(r))
}
