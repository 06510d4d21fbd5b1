//! Functions of real numbers.

use crate::support::tuple_of;
use taipan_numeric::digits::convert;
use taipan_numeric::float::text::repr;
use taipan_numeric::math as numeric;
use taipan_object::args::Given;
use taipan_object::protocol::number;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Raised, Ref, bail, function, intern, raise};

mod c {
    // SAFETY: functions of C's mathematical library, which are defined for all arguments.
    unsafe extern "C" {
        pub safe fn acos(x: f64) -> f64;
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn asin(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atan(x: f64) -> f64;
        pub safe fn atan2(y: f64, x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
        pub safe fn cbrt(x: f64) -> f64;
        pub safe fn cos(x: f64) -> f64;
        pub safe fn cosh(x: f64) -> f64;
        pub safe fn exp(x: f64) -> f64;
        pub safe fn exp2(x: f64) -> f64;
        pub safe fn expm1(x: f64) -> f64;
        pub safe fn fmod(x: f64, y: f64) -> f64;
        pub safe fn log(x: f64) -> f64;
        pub safe fn log10(x: f64) -> f64;
        pub safe fn log1p(x: f64) -> f64;
        pub safe fn log2(x: f64) -> f64;
        pub safe fn pow(x: f64, y: f64) -> f64;
        pub safe fn sin(x: f64) -> f64;
        pub safe fn sinh(x: f64) -> f64;
        pub safe fn tan(x: f64) -> f64;
        pub safe fn tanh(x: f64) -> f64;
    }
}

#[cold]
fn range_error() -> Raised {
    raise!(OverflowError, "math range error")
}

#[cold]
fn domain_error() -> Raised {
    raise!(ValueError, "math domain error")
}

#[cold]
fn outside(expected: &str, x: f64) -> Raised {
    raise!(ValueError, "expected {expected}, got {}", repr(x).as_str())
}

/// Checks the value of a function at `x`: a NaN that did not come in is outside the domain, an infinity that did not come in is too
/// large or a pole.
#[inline(always)]
fn checked(x: f64, y: f64, overflows: bool, expected: &str) -> PyResult<f64> {
    if y.is_nan() && !x.is_nan() {
        return Err(outside(expected, x));
    }
    if y.is_infinite() && x.is_finite() {
        return Err(if overflows { range_error() } else { outside(expected, x) });
    }
    Ok(y)
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident, $f:expr, $overflows:literal, $expected:literal;)*) => { $(
        $(#[$doc])*
        #[function(signature = "(x, /)")]
        pub fn $name(x: f64) -> PyResult<f64> {
            checked(x, $f(x), $overflows, $expected)
        }
    )* };
}

unary! {
    /// Return the arc cosine of x, in radians, between 0 and pi.
    acos, c::acos, false, "a number in range from -1 up to 1";
    /// Return the inverse hyperbolic cosine of x.
    acosh, c::acosh, false, "argument value not less than 1";
    /// Return the arc sine of x, in radians, between -pi/2 and pi/2.
    asin, c::asin, false, "a number in range from -1 up to 1";
    /// Return the inverse hyperbolic sine of x.
    asinh, c::asinh, false, "a number";
    /// Return the arc tangent of x, in radians, between -pi/2 and pi/2.
    atan, c::atan, false, "a number";
    /// Return the inverse hyperbolic tangent of x.
    atanh, c::atanh, false, "a number between -1 and 1";
    /// Return the cube root of x.
    cbrt, c::cbrt, false, "a number";
    /// Return the cosine of x, in radians.
    cos, c::cos, false, "a finite input";
    /// Return the hyperbolic cosine of x.
    cosh, c::cosh, true, "a number";
    /// Return the error function at x.
    erf, numeric::erf, false, "a number";
    /// Return 1 minus the error function at x.
    erfc, numeric::erfc, false, "a number";
    /// Return e raised to the power of x.
    exp, c::exp, true, "a number";
    /// Return 2 raised to the power of x.
    exp2, c::exp2, true, "a number";
    /// Return exp(x) - 1, precise for small x.
    expm1, c::expm1, true, "a number";
    /// Return the absolute value of x, as a float.
    fabs, f64::abs, false, "a number";
    /// Return the natural logarithm of 1 + x, precise for x near zero.
    log1p, log1p_of, false, "argument value > -1";
    /// Return the sine of x, in radians.
    sin, c::sin, false, "a finite input";
    /// Return the hyperbolic sine of x.
    sinh, c::sinh, true, "a number";
    /// Return the square root of x.
    sqrt, f64::sqrt, false, "a nonnegative input";
    /// Return the tangent of x, in radians.
    tan, c::tan, false, "a finite input";
    /// Return the hyperbolic tangent of x.
    tanh, c::tanh, false, "a number";
}

fn log1p_of(x: f64) -> f64 {
    // Some libraries lose the sign of zero.
    if x == 0.0 { x } else { c::log1p(x) }
}

fn special(x: f64, r: Result<f64, numeric::MathError>) -> PyResult<f64> {
    match r {
        Ok(y) => Ok(y),
        Err(numeric::MathError::Domain) => Err(outside("a noninteger or positive integer", x)),
        Err(numeric::MathError::Range) => Err(range_error()),
    }
}

/// Return the gamma function at x.
#[function(signature = "(x, /)")]
pub fn gamma(x: f64) -> PyResult<f64> {
    special(x, numeric::gamma(x))
}

/// Return the natural logarithm of the absolute value of the gamma function at x.
#[function(signature = "(x, /)")]
pub fn lgamma(x: f64) -> PyResult<f64> {
    special(x, numeric::lgamma(x))
}

/// Return the arc tangent of y/x, in radians, in the quadrant of the point (x, y).
#[function(signature = "(y, x, /)")]
pub fn atan2(y: f64, x: f64) -> f64 {
    c::atan2(y, x)
}

/// Return the absolute value of x with the sign of y, as a float.
#[function(signature = "(x, y, /)")]
pub fn copysign(x: f64, y: f64) -> f64 {
    x.copysign(y)
}

/// Return the remainder of x/y to the nearest multiple of y.
#[function(signature = "(x, y, /)")]
pub fn remainder(x: f64, y: f64) -> PyResult<f64> {
    if x.is_nan() || y.is_nan() {
        return Ok(x + y);
    }
    if x.is_infinite() || y == 0.0 {
        return Err(domain_error());
    }
    Ok(if y.is_infinite() { x } else { numeric::remainder(x, y) })
}

/// Return fmod(x, y) as C has it: with the sign of x.
#[function(signature = "(x, y, /)")]
pub fn fmod(x: f64, y: f64) -> PyResult<f64> {
    if y.is_infinite() && x.is_finite() {
        return Ok(x);
    }
    let r = c::fmod(x, y);
    if r.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain_error());
    }
    Ok(r)
}

/// Return x raised to the power of y, as a float.
#[function(signature = "(x, y, /)")]
pub fn pow(x: f64, y: f64) -> PyResult<f64> {
    let r = c::pow(x, y);
    if x.is_finite() && y.is_finite() && !r.is_finite() {
        return Err(if r.is_nan() || x == 0.0 { domain_error() } else { range_error() });
    }
    Ok(r)
}

/// Return x * y + z, rounded once.
#[function(signature = "(x, y, z, /)")]
pub fn fma(x: f64, y: f64, z: f64) -> PyResult<f64> {
    let r = numeric::fma(x, y, z);
    if r.is_finite() {
        return Ok(r);
    }
    if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
        bail!(ValueError, "invalid operation in fma");
    }
    if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
        bail!(OverflowError, "overflow in fma");
    }
    Ok(r)
}

/// The logarithm of a number: integers may be larger than floats can be.
fn log_of(x: &Object, f: fn(f64) -> f64) -> PyResult<f64> {
    if let Some(i) = x.downcast::<Int>() {
        if i.is_negative() || i.is_zero() {
            bail!(ValueError, "expected a positive input");
        }
        if let Ok(v) = convert::to_f64(i.as_big()) {
            return Ok(f(v));
        }
        let (m, e) = convert::frexp(i.as_big());
        return Ok(f(m) + f(2.0) * e as f64);
    }
    let v = x.to_f64()?;
    checked(v, f(v), false, "a positive input")
}

/// Return the logarithm of x to the given base, or the natural one.
#[function(signature = "(x, base=None, /)", text = false)]
pub fn log(x: &Object, base: Given<&Object>) -> PyResult {
    let n = Float::new(log_of(x, |v| c::log(v))?);
    match base.0 {
        None => Ok(n.into_obj()),
        Some(b) => number::true_divide(&n, &Float::new(log_of(b, |v| c::log(v))?)),
    }
}

/// Return the base 2 logarithm of x.
#[function(signature = "(x, /)")]
pub fn log2(x: &Object) -> PyResult<f64> {
    log_of(x, |v| c::log2(v))
}

/// Return the base 10 logarithm of x.
#[function(signature = "(x, /)")]
pub fn log10(x: &Object) -> PyResult<f64> {
    log_of(x, |v| c::log10(v))
}

/// Rounds by a special method of the type, or by a function if the argument is a float.
fn rounded(x: &Object, name: &Object, f: fn(f64) -> f64) -> PyResult {
    if let Some(v) = x.downcast_exact::<Float>() {
        return Int::from_f64(f(v.value())).map(Ref::into_obj);
    }
    if let Some(m) = x.lookup_special(name)? {
        return m.call_noargs();
    }
    Int::from_f64(f(x.to_f64()?)).map(Ref::into_obj)
}

/// Return the smallest integer not less than x.
#[function(signature = "(x, /)")]
pub fn ceil(x: &Object) -> PyResult {
    rounded(x, intern!("__ceil__"), f64::ceil)
}

/// Return the largest integer not greater than x.
#[function(signature = "(x, /)")]
pub fn floor(x: &Object) -> PyResult {
    rounded(x, intern!("__floor__"), f64::floor)
}

/// Return x truncated to an integer, by x.__trunc__().
#[function(signature = "(x, /)")]
pub fn trunc(x: &Object) -> PyResult {
    if let Some(v) = x.downcast_exact::<Float>() {
        return Int::from_f64(v.value().trunc()).map(Ref::into_obj);
    }
    match x.lookup_special(intern!("__trunc__"))? {
        Some(m) => m.call_noargs(),
        None => bail!(TypeError, "type {} doesn't define __trunc__ method", x.ty().name_str()),
    }
}

/// Return the mantissa and exponent of x: x = m * 2**e.
#[function(signature = "(x, /)")]
pub fn frexp(x: f64) -> Ref<Tuple> {
    let (m, e) = numeric::frexp(x);
    tuple_of([Float::new(m).into_obj(), Int::from_i64(i64::from(e)).into_obj()])
}

/// Return x * 2**i.
#[function(signature = "(x, i, /)")]
pub fn ldexp(x: f64, i: &Object) -> PyResult<f64> {
    let Some(i) = i.downcast::<Int>() else { bail!(TypeError, "Expected an int as second argument to ldexp.") };
    if x == 0.0 || !x.is_finite() {
        return Ok(x);
    }
    let e = i.to_i64().unwrap_or(if i.is_negative() { i64::MIN } else { i64::MAX });
    let r = numeric::ldexp(x, e);
    if r.is_infinite() { Err(range_error()) } else { Ok(r) }
}

/// Return the fractional and integer parts of x, both with its sign.
#[function(signature = "(x, /)")]
pub fn modf(x: f64) -> Ref<Tuple> {
    let (fraction, whole) = if x.is_infinite() {
        (0f64.copysign(x), x)
    } else if x.is_nan() {
        (x, x)
    } else {
        let whole = x.trunc();
        ((x - whole).copysign(x), whole)
    };
    tuple_of([Float::new(fraction).into_obj(), Float::new(whole).into_obj()])
}

/// Convert an angle from radians to degrees.
#[function(signature = "(x, /)")]
pub fn degrees(x: f64) -> f64 {
    x * (180.0 / std::f64::consts::PI)
}

/// Convert an angle from degrees to radians.
#[function(signature = "(x, /)")]
pub fn radians(x: f64) -> f64 {
    x * (std::f64::consts::PI / 180.0)
}

/// Return whether x is neither infinite nor NaN.
#[function(signature = "(x, /)")]
pub fn isfinite(x: f64) -> bool {
    x.is_finite()
}

/// Return whether x is NaN.
#[function(signature = "(x, /)")]
pub fn isnan(x: f64) -> bool {
    x.is_nan()
}

/// Return whether x is infinite.
#[function(signature = "(x, /)")]
pub fn isinf(x: f64) -> bool {
    x.is_infinite()
}

/// Return whether a and b are close: the difference is at most rel_tol of the larger, or abs_tol.
#[function(signature = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
pub fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
    if rel_tol < 0.0 || abs_tol < 0.0 {
        bail!(ValueError, "tolerances must be non-negative");
    }
    if a == b {
        return Ok(true);
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(false);
    }
    let difference = (b - a).abs();
    Ok(difference <= (rel_tol * b).abs() || difference <= (rel_tol * a).abs() || difference <= abs_tol)
}

/// Return the float so many steps after x in the direction of y.
#[function(signature = "(x, y, /, *, steps=None)")]
pub fn nextafter(x: f64, y: f64, steps: Option<&Object>) -> PyResult<f64> {
    let Some(steps) = steps else { return Ok(numeric::next_after(x, y, 1)) };
    let n = number::index(steps)?;
    if n.is_negative() {
        bail!(ValueError, "steps must be a non-negative integer");
    }
    Ok(numeric::next_after(x, y, n.to_u64().unwrap_or(u64::MAX)))
}

/// Return the value of the least significant bit of x.
#[function(signature = "(x, /)")]
pub fn ulp(x: f64) -> f64 {
    numeric::ulp(x)
}

/// Return the Euclidean distance from the origin of the point with these coordinates.
#[function(signature = "(*coordinates)", shown = "(*coordinates)")]
pub fn hypot(coordinates: &[&Object]) -> PyResult<f64> {
    let mut v = coordinates.iter().map(|x| x.to_f64()).collect::<PyResult<Vec<f64>>>()?;
    Ok(numeric::norm(&mut v))
}

/// Return the Euclidean distance between two points, given as sequences of coordinates.
#[function(signature = "(p, q, /)")]
pub fn dist(p: &Object, q: &Object) -> PyResult<f64> {
    let (p, q) = (p.to_tuple()?, q.to_tuple()?);
    if p.len() != q.len() {
        bail!(ValueError, "both points must have the same number of dimensions");
    }
    let pairs = p.items().iter().zip(q.items());
    let mut v = pairs.map(|(a, b)| Ok((a.to_f64()? - b.to_f64()?).abs())).collect::<PyResult<Vec<f64>>>()?;
    Ok(numeric::norm(&mut v))
}

/// Return an exact sum of floats, rounded once.
#[function(signature = "(seq, /)")]
pub fn fsum(seq: &Object) -> PyResult<f64> {
    let it = seq.iter()?;
    let mut sum = numeric::ExactSum::default();
    let failed = |e: numeric::ExactSumError| match e {
        numeric::ExactSumError::Overflow => raise!(OverflowError, "intermediate overflow in fsum"),
        numeric::ExactSumError::OppositeInfinities => raise!(ValueError, "-inf + inf in fsum"),
    };
    while let Some(x) = it.next()? {
        sum.add(x.to_f64()?).map_err(failed)?;
    }
    sum.value().map_err(failed)
}
