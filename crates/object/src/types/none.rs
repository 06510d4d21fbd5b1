//! The singletons `None`, `NotImplemented` and `Ellipsis`, and their types.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::protocol::repr::text;
use crate::typeobj::slots::{NumberMethods, Slot};
use crate::typeobj::{Type, TypeDef};
use crate::types::tuple::Tuple;
use crate::{bail, methods};
use std::ffi::c_int;
use taipan_clinic::method;

#[unsafe(no_mangle)]
pub static _Py_NoneStruct: Object = Object::immortal(&_PyNone_Type);
#[unsafe(no_mangle)]
pub static _Py_NotImplementedStruct: Object = Object::immortal(&_PyNotImplemented_Type);
#[unsafe(no_mangle)]
pub static _Py_EllipsisObject: Object = Object::immortal(&PyEllipsis_Type);

/// `None`.
#[inline(always)]
pub fn none() -> &'static Object {
    &_Py_NoneStruct
}
/// `NotImplemented`.
#[inline(always)]
pub fn not_implemented() -> &'static Object {
    &_Py_NotImplementedStruct
}
/// `...`.
#[inline(always)]
pub fn ellipsis() -> &'static Object {
    &_Py_EllipsisObject
}

/// A new reference to `None`, the commonest answer.
#[inline(always)]
pub fn none_obj() -> Obj {
    none().to_obj()
}

fn no_args(name: &str, args: &Object, kwargs: Option<&Object>) -> PyResult<()> {
    if !args.cast::<Tuple>().is_empty() || kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "{name} takes no arguments");
    }
    Ok(())
}

extern "C" fn none_repr(_: &Object) -> PyResult {
    Ok(text("None"))
}
extern "C" fn none_bool(_: &Object) -> c_int {
    0
}
extern "C" fn none_hash(_: &Object) -> isize {
    // The same in every process, whatever the address.
    0xFCA8_6420
}
extern "C" fn none_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_args("NoneType", args, kwargs)?;
    Ok(none_obj())
}
static NONE_NUMBER: NumberMethods = NumberMethods { bool_: Slot::new(none_bool), ..NumberMethods::EMPTY };

#[unsafe(no_mangle)]
pub static _PyNone_Type: Type = Type::new_static(TypeDef {
    name: c"NoneType",
    doc: Some(c"NoneType()\n--\n\nThe type of the None singleton."),
    repr: Some(none_repr),
    as_number: Some(&NONE_NUMBER),
    hash: Some(none_hash),
    richcompare: Some(super::object::object_richcompare),
    new: Some(none_new),
    ..TypeDef::EMPTY
});

extern "C" fn notimplemented_repr(_: &Object) -> PyResult {
    Ok(text("NotImplemented"))
}
extern "C" fn notimplemented_bool(_: &Object) -> c_int {
    let _ = crate::raise!(TypeError, "NotImplemented should not be used in a boolean context");
    -1
}
extern "C" fn notimplemented_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_args("NotImplementedType", args, kwargs)?;
    Ok(not_implemented().to_obj())
}
/// Pickle by name.
#[method(signature = "()", name = "__reduce__", text = false)]
fn notimplemented_reduce(_this: &Object) -> &'static str {
    "NotImplemented"
}
static NOTIMPLEMENTED_NUMBER: NumberMethods =
    NumberMethods { bool_: Slot::new(notimplemented_bool), ..NumberMethods::EMPTY };

#[unsafe(no_mangle)]
pub static _PyNotImplemented_Type: Type = Type::new_static(TypeDef {
    name: c"NotImplementedType",
    doc: Some(c"NotImplementedType()\n--\n\nThe type of the NotImplemented singleton."),
    repr: Some(notimplemented_repr),
    as_number: Some(&NOTIMPLEMENTED_NUMBER),
    methods: methods![notimplemented_reduce],
    new: Some(notimplemented_new),
    ..TypeDef::EMPTY
});

extern "C" fn ellipsis_repr(_: &Object) -> PyResult {
    Ok(text("Ellipsis"))
}
extern "C" fn ellipsis_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_args("EllipsisType", args, kwargs)?;
    Ok(ellipsis().to_obj())
}
/// Pickle by name.
#[method(signature = "()", name = "__reduce__", text = false)]
fn ellipsis_reduce(_this: &Object) -> &'static str {
    "Ellipsis"
}

#[unsafe(no_mangle)]
pub static PyEllipsis_Type: Type = Type::new_static(TypeDef {
    name: c"ellipsis",
    doc: Some(c"ellipsis()\n--\n\nThe type of the Ellipsis singleton."),
    repr: Some(ellipsis_repr),
    methods: methods![ellipsis_reduce],
    new: Some(ellipsis_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&_PyNone_Type, &_PyNotImplemented_Type, &PyEllipsis_Type];
