//! The wrappers that present slots as special methods: they check the number of arguments and call the slot.

use crate::error::{PyResult, from_status, from_status_bool, from_status_len};
use crate::header::Object;
use crate::protocol::compare::CompareOp;
use crate::typeobj::slots::*;
use crate::types::exceptions;
use crate::types::tuple::Tuple;
use crate::types::{bool_, int::Int, none};
use crate::{Type, bail};
use std::ffi::{c_int, c_void};

/// The slot as the function type that the row's offset implies.
///
/// # Safety
/// `p` is a filled slot of that type.
unsafe fn slot<F: Copy>(p: *const c_void) -> F {
    const { assert!(size_of::<F>() == size_of::<*const c_void>()) };
    // SAFETY: the caller's promise; function pointers and data pointers have the same representation here.
    unsafe { std::mem::transmute_copy(&p) }
}

fn expect(args: &Tuple, n: usize) -> PyResult<()> {
    if args.len() != n {
        bail!(TypeError, "expected {n} argument{}, got {}", if n == 1 { "" } else { "s" }, args.len());
    }
    Ok(())
}

fn none() -> PyResult {
    Ok(none::none().to_obj())
}

macro_rules! wrapper {
    ($name:ident, $f:ty, $n:literal, |$s:ident, $a:ident, $call:ident| $body:expr) => {
        pub fn $name($s: &Object, $a: &Tuple, p: *const c_void, _: Option<&Object>) -> PyResult {
            expect($a, $n)?;
            // SAFETY: the slot table pairs this wrapper with slots of this type.
            let $call: $f = unsafe { slot(p) };
            $body
        }
    };
}

wrapper!(wrap_unary, UnaryFunc, 0, |s, _a, f| f(s));
wrapper!(wrap_binary, BinaryFunc, 1, |s, a, f| f(s, a.item(0)));
wrapper!(wrap_binary_l, BinaryFunc, 1, |s, a, f| f(s, a.item(0)));
wrapper!(wrap_binary_r, BinaryFunc, 1, |s, a, f| f(a.item(0), s));
wrapper!(wrap_inquiry, InquiryFunc, 0, |s, _a, f| Ok(bool_::from_bool(from_status_bool(f(s))?)));
wrapper!(wrap_len, LenFunc, 0, |s, _a, f| Ok(Int::from_i64(from_status_len(f(s))? as i64).into_obj()));
wrapper!(wrap_hash, HashFunc, 0, |s, _a, f| Ok(Int::from_i64(from_status_len(f(s))? as i64).into_obj()));
wrapper!(wrap_index, SizeArgFunc, 1, |s, a, f| f(s, a.item(0).index_as_isize(Some(exceptions::OverflowError))?));
wrapper!(wrap_sq_item, SizeArgFunc, 1, |s, a, f| f(s, index_arg(s, a.item(0))?));
wrapper!(wrap_sq_set_item, SizeObjArgProc, 2, |s, a, f| {
    from_status(f(s, index_arg(s, a.item(0))?, Some(a.item(1))))?;
    none()
});
wrapper!(wrap_sq_del_item, SizeObjArgProc, 1, |s, a, f| {
    from_status(f(s, index_arg(s, a.item(0))?, None))?;
    none()
});
wrapper!(wrap_contains, ObjObjProc, 1, |s, a, f| Ok(bool_::from_bool(from_status_bool(f(s, a.item(0)))?)));
wrapper!(wrap_set_item, ObjObjArgProc, 2, |s, a, f| {
    from_status(f(s, a.item(0), Some(a.item(1))))?;
    none()
});
wrapper!(wrap_del_item, ObjObjArgProc, 1, |s, a, f| {
    from_status(f(s, a.item(0), None))?;
    none()
});
wrapper!(wrap_next, IterNextFunc, 0, |s, _a, f| match f(s) {
    Some(o) => Ok(o),
    None => Err(crate::error::occurred().unwrap_or_else(|| crate::error::raise_empty(exceptions::StopIteration))),
});
wrapper!(wrap_descr_set, DescrSetFunc, 2, |s, a, f| {
    from_status(f(s, a.item(0), Some(a.item(1))))?;
    none()
});
wrapper!(wrap_descr_delete, DescrSetFunc, 1, |s, a, f| {
    from_status(f(s, a.item(0), None))?;
    none()
});
wrapper!(wrap_del, FinalizeFunc, 0, |s, _a, f| {
    f(s);
    none()
});
wrapper!(wrap_setattr, SetAttroFunc, 2, |s, a, f| {
    not_bypassing(s, f, "__setattr__")?;
    from_status(f(s, a.item(0), Some(a.item(1))))?;
    none()
});
wrapper!(wrap_delattr, SetAttroFunc, 1, |s, a, f| {
    not_bypassing(s, f, "__delattr__")?;
    from_status(f(s, a.item(0), None))?;
    none()
});

fn index_arg(s: &Object, i: &Object) -> PyResult<isize> {
    let i = i.index_as_isize(Some(exceptions::OverflowError))?;
    if i < 0
        && let Some(len) = s.ty().sequence().and_then(|q| q.length.get())
    {
        return Ok(i + from_status_len(len(s))?);
    }
    Ok(i)
}

/// `object.__setattr__(some_type, ...)` must not get around `type.__setattr__`: between the class that defines the slot in force and the
/// one whose slot is called, no native class may have another.
fn not_bypassing(s: &Object, f: SetAttroFunc, what: &str) -> PyResult<()> {
    let ty = s.ty();
    let Ok(mro) = ty.mro_tuple() else { return Ok(()) };
    let slot = |t: &Type| t.setattro.get().map(|g| g as usize);
    let python = Some(super::slotfuncs::setattro as *const () as usize);
    let in_force = |t: &&Type| slot(t) != python && slot(t) == slot(ty);
    let defining = mro.items().iter().rev().map(|t| t.cast::<Type>()).find(in_force).unwrap_or(ty);
    for base in std::iter::successors(Some(defining), |t| t.base()) {
        if slot(base) == Some(f as usize) {
            break;
        }
        if slot(base) != python {
            bail!(TypeError, "can't apply this {what} to {} object", ty.name_str());
        }
    }
    Ok(())
}

pub fn wrap_ternary(s: &Object, a: &Tuple, p: *const c_void, _: Option<&Object>) -> PyResult {
    if a.is_empty() || a.len() > 2 {
        bail!(TypeError, "expected 1 or 2 arguments, got {}", a.len());
    }
    // SAFETY: paired with `nb_power` slots.
    let f: TernaryFunc = unsafe { slot(p) };
    f(s, a.item(0), if a.len() > 1 { a.item(1) } else { none::none() })
}

pub fn wrap_ternary_r(s: &Object, a: &Tuple, p: *const c_void, _: Option<&Object>) -> PyResult {
    if a.is_empty() || a.len() > 2 {
        bail!(TypeError, "expected 1 or 2 arguments, got {}", a.len());
    }
    // SAFETY: paired with `nb_power` slots.
    let f: TernaryFunc = unsafe { slot(p) };
    f(a.item(0), s, if a.len() > 1 { a.item(1) } else { none::none() })
}

macro_rules! compare_wrappers {
    ($($name:ident $op:ident),*) => { $(
        wrapper!($name, RichCompareFunc, 1, |s, a, f| f(s, a.item(0), CompareOp::$op as c_int));
    )* };
}
compare_wrappers!(wrap_lt Lt, wrap_le Le, wrap_eq Eq, wrap_ne Ne, wrap_gt Gt, wrap_ge Ge);

pub fn wrap_descr_get(s: &Object, a: &Tuple, p: *const c_void, _: Option<&Object>) -> PyResult {
    if a.is_empty() || a.len() > 2 {
        bail!(TypeError, "expected 1 or 2 arguments, got {}", a.len());
    }
    // SAFETY: paired with `tp_descr_get`.
    let f: DescrGetFunc = unsafe { slot(p) };
    let instance = Some(a.item(0)).filter(|o| !o.is_none());
    let owner = a.items().get(1).map(|o| &**o).filter(|o| !o.is_none());
    if instance.is_none() && owner.is_none() {
        bail!(TypeError, "__get__(None, None) is invalid");
    }
    f(s, instance, owner)
}

pub fn wrap_init(s: &Object, a: &Tuple, p: *const c_void, kw: Option<&Object>) -> PyResult {
    // SAFETY: paired with `tp_init`.
    let f: InitProc = unsafe { slot(p) };
    from_status(f(s, a, kw))?;
    none()
}

pub fn wrap_call(s: &Object, a: &Tuple, p: *const c_void, kw: Option<&Object>) -> PyResult {
    // SAFETY: paired with `tp_call`.
    let f: CallFunc = unsafe { slot(p) };
    f(s, a, kw)
}

pub fn wrap_buffer(s: &Object, a: &Tuple, p: *const c_void, _: Option<&Object>) -> PyResult {
    expect(a, 1)?;
    // SAFETY: paired with `bf_getbuffer`.
    let f: GetBufferProc = unsafe { slot(p) };
    crate::types::memoryview::python::memoryview_from_flags(s, a.item(0), f)
}

pub fn wrap_release_buffer(s: &Object, a: &Tuple, _: *const c_void, _: Option<&Object>) -> PyResult {
    expect(a, 1)?;
    crate::types::memoryview::python::release_memoryview_of(s, a.item(0))?;
    none()
}
