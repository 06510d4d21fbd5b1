//! The type `bool` and its two instances.

use crate::error::PyResult;
use crate::flags;
use crate::header::{Obj, Object};
use crate::protocol::call::nargs;
use crate::protocol::compare::not_implemented;
use crate::typeobj::slots::{NumberMethods, Slot};
use crate::types::int::{self, Int, PyLong_Type};
use crate::{Layout, Type, TypeDef, bail, hooks, intern};

/// `True`.
#[unsafe(no_mangle)]
pub static _Py_TrueStruct: Int = Int::immortal(&PyBool_Type, 1, 0);
/// `False`.
#[unsafe(no_mangle)]
pub static _Py_FalseStruct: Int = Int::immortal(&PyBool_Type, 0, 0);

/// `True`.
#[inline(always)]
pub fn true_() -> &'static Object {
    _Py_TrueStruct.as_object()
}

/// `False`.
#[inline(always)]
pub fn false_() -> &'static Object {
    _Py_FalseStruct.as_object()
}

/// The object of a truth value, borrowed.
#[inline(always)]
pub fn borrowed(b: bool) -> &'static Object {
    if b { true_() } else { false_() }
}

/// The object of a truth value.
#[inline(always)]
pub fn from_bool(b: bool) -> Obj {
    // SAFETY: both are immortal, so a reference to one needs no counting.
    unsafe { Obj::from_raw(borrowed(b)) }
}

/// Whether an object of this type is `True`; the type has no other instances than the two.
#[inline(always)]
fn is_bool(o: &Object) -> bool {
    o.is_exact(&PyBool_Type)
}

extern "C" fn bool_repr(o: &Object) -> PyResult {
    Ok(if o.is(true_()) { intern!("True") } else { intern!("False") }.to_obj())
}

fn construct(args: &[&Object]) -> PyResult {
    match *args {
        [] => Ok(from_bool(false)),
        [x] => Ok(from_bool(x.is_true()?)),
        _ => bail!(TypeError, "bool expected at most 1 argument, got {}", args.len()),
    }
}

extern "C" fn bool_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    crate::args::with_tuple_args("bool", args, kwargs, |call| {
        if !call.keywords().is_empty() {
            bail!(TypeError, "bool() takes no keyword arguments");
        }
        construct(call.positional())
    })
}

unsafe extern "C" fn bool_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { crate::args::CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "bool() takes no keyword arguments");
    }
    construct(call.positional())
}

extern "C" fn bool_invert(o: &Object) -> PyResult {
    (hooks::get().warn)(
        crate::types::exceptions::DeprecationWarning,
        "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from negating a bool. Use the 'not' operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
        1,
    )?;
    Ok(int::not(o.cast()).into_obj())
}

macro_rules! logic {
    ($($slot:ident, $op:tt, $int:path;)*) => { $(
        extern "C" fn $slot(a: &Object, b: &Object) -> PyResult {
            if is_bool(a) && is_bool(b) {
                return Ok(from_bool(a.is(true_()) $op b.is(true_())));
            }
            match (a.downcast::<Int>(), b.downcast::<Int>()) {
                (Some(a), Some(b)) => Ok($int(a, b).into_obj()),
                _ => Ok(not_implemented()),
            }
        }
    )* };
}

logic! {
    bool_and, &, int::and;
    bool_or, |, int::or;
    bool_xor, ^, int::xor;
}

static AS_NUMBER: NumberMethods = NumberMethods {
    invert: Slot::new(bool_invert),
    and: Slot::new(bool_and),
    or: Slot::new(bool_or),
    xor: Slot::new(bool_xor),
    ..NumberMethods::EMPTY
};

/// The type `bool`.
#[unsafe(no_mangle)]
pub static PyBool_Type: Type = Type::new_static(TypeDef {
    name: c"bool",
    basicsize: 24,
    itemsize: 4,
    flags: flags::LONG_SUBCLASS | flags::MATCH_SELF,
    base: Some(&PyLong_Type),
    doc: Some(c"bool(object=False, /)\n--\n\nThe truth of an object: True or False.\n\nThe two are the only instances of this class, which nothing can derive from."),
    repr: Some(bool_repr),
    as_number: Some(&AS_NUMBER),
    new: Some(bool_new),
    vectorcall: Some(bool_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyBool_Type];
