//! Operators of `float`.

use super::{Float, real_operand};
use crate::error::{PyResult, raise_instance};
use crate::header::{Layout, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::types::complex::{self, Complex};
use crate::types::int::Int;
use crate::types::iterators::tuple_of;
use crate::types::{bool_, exceptions, str::Str};
use crate::{Raised, bail, raise};
use std::cmp::Ordering;
use std::ffi::c_int;
use taipan_numeric::digits::convert::cmp_f64;
use taipan_numeric::float::{self as numeric, PowOutcome};
use taipan_numeric::hash::hash_double;

/// Both operands as doubles. Most often both are exact floats.
#[inline(always)]
fn operands(a: &Object, b: &Object) -> Option<PyResult<(f64, f64)>> {
    if let (Some(x), Some(y)) = (a.downcast_exact::<Float>(), b.downcast_exact::<Float>()) {
        return Some(Ok((x.value(), y.value())));
    }
    mixed_operands(a, b)
}

fn mixed_operands(a: &Object, b: &Object) -> Option<PyResult<(f64, f64)>> {
    match (real_operand(a)?, real_operand(b)?) {
        (Ok(x), Ok(y)) => Some(Ok((x, y))),
        (Err(e), _) | (_, Err(e)) => Some(Err(e)),
    }
}

#[cold]
fn zero_division() -> Raised {
    raise!(ZeroDivisionError, "division by zero")
}

macro_rules! binary_slots {
    ($($slot:ident = |$x:ident, $y:ident| $e:expr;)*) => { $(
        pub(super) extern "C" fn $slot(a: &Object, b: &Object) -> PyResult {
            let Some(operands) = operands(a, b) else { return Ok(not_implemented()) };
            let ($x, $y) = operands?;
            $e
        }
    )* };
}

fn float(x: f64) -> PyResult {
    Ok(Float::new(x).into_obj())
}

binary_slots! {
    float_add = |x, y| float(x + y);
    float_subtract = |x, y| float(x - y);
    float_multiply = |x, y| float(x * y);
    float_true_divide = |x, y| if y == 0.0 { Err(zero_division()) } else { float(x / y) };
    float_remainder = |x, y| if y == 0.0 { Err(zero_division()) } else { float(numeric::rem(x, y)) };
    float_floor_divide = |x, y| if y == 0.0 { Err(zero_division()) } else { float(numeric::floor_div(x, y)) };
    float_divmod = |x, y| {
        if y == 0.0 {
            return Err(zero_division());
        }
        let (q, r) = numeric::divmod(x, y);
        Ok(tuple_of([Float::new(q).into_obj(), Float::new(r).into_obj()]).into_obj())
    };
}

/// `OverflowError(34, 'Numerical result out of range')`, what C's `ERANGE` becomes.
#[cold]
fn out_of_range() -> Raised {
    let text = Str::from_utf8("Numerical result out of range");
    match exceptions::OverflowError.as_object().call(&[&Int::from_i64(34), &text]) {
        Ok(e) => raise_instance(e),
        Err(e) => e,
    }
}

/// `x ** y` as an object: a float, or a complex number for a negative base with a fractional exponent.
pub fn pow(x: f64, y: f64) -> PyResult {
    match numeric::pow(x, y) {
        PowOutcome::Value(v) => float(v),
        PowOutcome::ZeroToNegative => bail!(ZeroDivisionError, "zero to a negative power"),
        PowOutcome::Overflow => Err(out_of_range()),
        PowOutcome::Complex => complex::pow(Complex::value_of(x, 0.0), Complex::value_of(y, 0.0)),
    }
}

pub(super) extern "C" fn float_power(a: &Object, b: &Object, c: &Object) -> PyResult {
    if !c.is_none() {
        bail!(TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
    }
    let Some(operands) = operands(a, b) else { return Ok(not_implemented()) };
    let (x, y) = operands?;
    pow(x, y)
}

pub(super) extern "C" fn float_negative(a: &Object) -> PyResult {
    float(-a.cast::<Float>().value())
}
pub(super) extern "C" fn float_absolute(a: &Object) -> PyResult {
    float(a.cast::<Float>().value().abs())
}
pub(super) extern "C" fn float_float(a: &Object) -> PyResult {
    Ok(Float::exact(a.cast()).into_obj())
}
pub(super) extern "C" fn float_int(a: &Object) -> PyResult {
    Int::from_f64(a.cast::<Float>().value()).map(Ref::into_obj)
}
pub(super) extern "C" fn float_bool(a: &Object) -> c_int {
    (a.cast::<Float>().value() != 0.0) as c_int
}

/// The hash of a double held by `o`; NaN hashes by identity.
pub fn hash_of(o: &Object, x: f64) -> isize {
    match hash_double(x) {
        Some(h) => h as isize,
        None => crate::protocol::compare::hash_pointer(o),
    }
}

pub(super) extern "C" fn float_hash(a: &Object) -> isize {
    hash_of(a, a.cast::<Float>().value())
}

pub(super) extern "C" fn float_repr(a: &Object) -> PyResult {
    Ok(Str::from_latin1(numeric::repr(a.cast::<Float>().value()).as_bytes()).into_obj())
}

/// The order of a double and an integer, exactly; `None` for NaN.
pub fn partial_cmp_int(x: f64, i: &Int) -> Option<Ordering> {
    if x.is_nan() {
        return None;
    }
    match i.compact() {
        Some(v) => x.partial_cmp(&(v as f64)),
        None if x == f64::INFINITY => Some(Ordering::Greater),
        None if x == f64::NEG_INFINITY => Some(Ordering::Less),
        None => Some(cmp_f64(i.as_big(), x).reverse()),
    }
}

pub(super) extern "C" fn float_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let x = a.cast::<Float>().value();
    let order = if let Some(y) = b.downcast::<Float>() {
        x.partial_cmp(&y.value())
    } else if Int::is_instance(b) {
        partial_cmp_int(x, b.cast())
    } else {
        return Ok(not_implemented());
    };
    Ok(bool_::from_bool(match order {
        Some(o) => op.test(o),
        None => op == CompareOp::Ne,
    }))
}
