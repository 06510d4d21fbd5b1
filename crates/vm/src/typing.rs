//! Type parameters (PEP 695): what the intrinsics behind `def f[T](): ...`, `class C[T]: ...` and `type A = ...` make.

use taipan_object::{Object, PyResult, bail};

/// `T`, `T: bound` or `T: (constraints)`; bound and constraints are functions that compute them.
pub fn make_typevar(_name: &Object, _bound: Option<&Object>, _constraints: Option<&Object>) -> PyResult {
    bail!(NotImplementedError, "type parameters are not there yet")
}
/// `**P`.
pub fn make_paramspec(_name: &Object) -> PyResult {
    bail!(NotImplementedError, "type parameters are not there yet")
}
/// `*Ts`.
pub fn make_typevartuple(_name: &Object) -> PyResult {
    bail!(NotImplementedError, "type parameters are not there yet")
}
/// `Generic[params]`.
pub fn subscript_generic(_params: &Object) -> PyResult {
    bail!(NotImplementedError, "type parameters are not there yet")
}
/// A type alias from (name, type parameters, function).
pub fn make_typealias(_parts: &Object) -> PyResult {
    bail!(NotImplementedError, "type aliases are not there yet")
}
/// Gives a type parameter its default.
pub fn set_default(_param: &Object, _default: &Object) -> PyResult {
    bail!(NotImplementedError, "type parameters are not there yet")
}
