//! The type `complex`: layout and operators.
//!
//! A real operand is not made complex first: its missing imaginary part takes no part in sums and products, so that infinities and the
//! signs of zeros come out as C's annex G has them. `methods.rs` holds construction, methods and the type object.

mod methods;

pub use methods::{PyComplex_Type, TYPES};

use crate::error::PyResult;
use crate::header::{Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::types::bool_;
use crate::types::float::{Float, partial_cmp_int, real_operand};
use crate::types::int::Int;
use crate::types::str::Str;
use crate::{Raised, Type, bail, raise};
use std::cell::Cell;
use std::cmp::Ordering;
use std::ffi::c_int;
use std::mem::offset_of;
use taipan_numeric::complex::{Complex as Value, ComplexError};

/// A `complex` (`PyComplexObject`).
#[repr(C)]
pub struct Complex {
    ob_base: Object,
    real: Cell<f64>,
    imag: Cell<f64>,
}

const _: () = assert!(offset_of!(Complex, real) == 16 && offset_of!(Complex, imag) == 24 && size_of::<Complex>() == 32);

crate::layout!(Complex, PyComplex_Type);

impl Complex {
    fn body(re: f64, im: f64) -> Complex {
        Complex { ob_base: Object::placeholder(), real: Cell::new(re), imag: Cell::new(im) }
    }

    /// A new complex number.
    pub fn new(re: f64, im: f64) -> Ref<Complex> {
        crate::alloc::new_object(Complex::body(re, im))
    }

    /// A value in an instance of `cls`, which is `complex` or a subclass.
    pub fn new_in_class(cls: &Type, re: f64, im: f64) -> PyResult {
        crate::alloc::new_instance(cls, Complex::body(re, im)).map(Ref::into_obj)
    }

    /// The real part.
    #[inline]
    pub fn real(&self) -> f64 {
        self.real.get()
    }

    /// The imaginary part.
    #[inline]
    pub fn imag(&self) -> f64 {
        self.imag.get()
    }

    /// The value, for `taipan-numeric`.
    #[inline]
    pub fn value(&self) -> Value {
        Value::new(self.real(), self.imag())
    }

    /// A value from its parts.
    #[inline]
    pub fn value_of(re: f64, im: f64) -> Value {
        Value::new(re, im)
    }

    /// The same value as an exact `complex`.
    pub fn exact(c: &Complex) -> Ref<Complex> {
        if c.is_exact(&PyComplex_Type) { Ref::from_borrowed(c) } else { Complex::new(c.real(), c.imag()) }
    }
}

/// An operand of a mixed operation.
enum Operand {
    Real(f64),
    Complex(Value),
}

fn operand(o: &Object) -> Option<PyResult<Operand>> {
    if let Some(c) = o.downcast::<Complex>() {
        return Some(Ok(Operand::Complex(c.value())));
    }
    real_operand(o).map(|r| r.map(Operand::Real))
}

impl Operand {
    fn value(self) -> Value {
        match self {
            Operand::Real(x) => Value::new(x, 0.0),
            Operand::Complex(c) => c,
        }
    }
}

fn object(c: Value) -> PyResult {
    Ok(Complex::new(c.re, c.im).into_obj())
}

#[cold]
fn zero_division() -> Raised {
    raise!(ZeroDivisionError, "division by zero")
}

macro_rules! binary_slots {
    ($($slot:ident { $($pattern:pat => $e:expr,)* })*) => { $(
        extern "C" fn $slot(a: &Object, b: &Object) -> PyResult {
            let (Some(a), Some(b)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
            let c = match (a?, b?) { $($pattern => $e,)* };
            object(c)
        }
    )* };
}

use Operand::{Complex as C, Real as R};

binary_slots! {
    complex_add {
        (C(a), C(b)) => a.plus(b),
        (C(a), R(x)) | (R(x), C(a)) => Value::new(a.re + x, a.im),
        (R(x), R(y)) => Value::new(x + y, 0.0),
    }
    complex_subtract {
        (C(a), C(b)) => a.minus(b),
        (C(a), R(x)) => Value::new(a.re - x, a.im),
        (R(x), C(b)) => Value::new(x - b.re, -b.im),
        (R(x), R(y)) => Value::new(x - y, 0.0),
    }
    complex_multiply {
        (C(a), C(b)) => a.times(b),
        (C(a), R(x)) | (R(x), C(a)) => Value::new(a.re * x, a.im * x),
        (R(x), R(y)) => Value::new(x * y, 0.0),
    }
    complex_true_divide {
        (C(a), C(b)) => a.over(b).map_err(|_| zero_division())?,
        (C(a), R(x)) => {
            if x == 0.0 {
                return Err(zero_division());
            }
            Value::new(a.re / x, a.im / x)
        },
        (R(x), C(b)) => Value::real_over(x, b).map_err(|_| zero_division())?,
        (R(x), R(y)) => {
            if y == 0.0 {
                return Err(zero_division());
            }
            Value::new(x / y, 0.0)
        },
    }
}

/// `a ** b` as an object.
pub fn pow(a: Value, b: Value) -> PyResult {
    match a.power(b) {
        Ok(c) => object(c),
        Err(ComplexError::ZeroDivision) => bail!(ZeroDivisionError, "zero to a negative or complex power"),
        Err(ComplexError::Overflow) => bail!(OverflowError, "complex exponentiation"),
    }
}

extern "C" fn complex_power(a: &Object, b: &Object, modulus: &Object) -> PyResult {
    let (Some(a), Some(b)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
    let (a, b) = (a?, b?);
    if !modulus.is_none() {
        bail!(ValueError, "complex modulo");
    }
    pow(a.value(), b.value())
}

extern "C" fn complex_negative(a: &Object) -> PyResult {
    let c: &Complex = a.cast();
    Ok(Complex::new(-c.real(), -c.imag()).into_obj())
}

extern "C" fn complex_positive(a: &Object) -> PyResult {
    Ok(Complex::exact(a.cast()).into_obj())
}

extern "C" fn complex_absolute(a: &Object) -> PyResult {
    let c: &Complex = a.cast();
    let r = c.real().hypot(c.imag());
    if r.is_infinite() && c.real().is_finite() && c.imag().is_finite() {
        bail!(OverflowError, "absolute value too large");
    }
    Ok(Float::new(r).into_obj())
}

extern "C" fn complex_bool(a: &Object) -> c_int {
    let c: &Complex = a.cast();
    (c.real() != 0.0 || c.imag() != 0.0) as c_int
}

extern "C" fn complex_hash(a: &Object) -> isize {
    let c: &Complex = a.cast();
    let part = |x| crate::types::float::hash_of(a, x) as i64;
    taipan_numeric::hash::hash_complex(part(c.real()), part(c.imag())) as isize
}

extern "C" fn complex_repr(a: &Object) -> PyResult {
    Ok(Str::from_utf8(&a.cast::<Complex>().value().repr()).into_obj())
}

extern "C" fn complex_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let c: &Complex = a.cast();
    let equal = if let Some(i) = b.downcast::<Int>() {
        c.imag() == 0.0 && partial_cmp_int(c.real(), i) == Some(Ordering::Equal)
    } else if let Some(f) = b.downcast::<Float>() {
        c.imag() == 0.0 && c.real() == f.value()
    } else if let Some(d) = b.downcast::<Complex>() {
        c.real() == d.real() && c.imag() == d.imag()
    } else {
        return Ok(not_implemented());
    };
    Ok(bool_::from_bool(equal == (op == CompareOp::Eq)))
}
