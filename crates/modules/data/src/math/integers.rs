//! Functions of integers.

use taipan_numeric::digits;
use taipan_numeric::math as numeric;
use taipan_object::protocol::number;
use taipan_object::types::int::{self, Int};
use taipan_object::{Object, PyResult, Ref, bail, function};

fn gcd_of(a: &Int, b: &Int) -> Ref<Int> {
    if let (Some(x), Some(y)) = (a.compact(), b.compact()) {
        return Int::from_u64(digits::gcd::gcd_u64(x.unsigned_abs(), y.unsigned_abs()));
    }
    Int::from_digits(false, &digits::gcd::gcd(a.digits(), b.digits()))
}

/// Return the greatest common divisor.
#[function(signature = "(*integers)")]
pub fn gcd(integers: &[&Object]) -> PyResult<Ref<Int>> {
    let mut result = Int::zero();
    for x in integers {
        let x = number::index(x)?;
        result = gcd_of(&result, &x);
    }
    Ok(result)
}

/// Return the least common multiple.
#[function(signature = "(*integers)")]
pub fn lcm(integers: &[&Object]) -> PyResult<Ref<Int>> {
    let mut result = Int::one();
    for x in integers {
        let x = number::index(x)?;
        if result.is_zero() {
            continue;
        }
        if x.is_zero() {
            result = Int::zero();
            continue;
        }
        let g = gcd_of(&result, &x);
        let part = int::floor_div(&result, &g)?;
        result = int::abs(&*int::mul(&part, &x)?);
    }
    Ok(result)
}

/// Return the integer part of the square root of n.
#[function(signature = "(n, /)")]
pub fn isqrt(n: &Object) -> PyResult<Ref<Int>> {
    let n = number::index(n)?;
    if n.is_negative() {
        bail!(ValueError, "isqrt() argument must be nonnegative");
    }
    if let Some(v) = n.to_u64() {
        return Ok(Int::from_u64(v.isqrt()));
    }
    Ok(Int::from_digits(false, &digits::isqrt(n.digits())))
}

fn factorial_of(n: &Int) -> PyResult<Ref<Int>> {
    if n.is_negative() {
        bail!(ValueError, "factorial() not defined for negative values");
    }
    match n.to_i64() {
        Some(v) => Ok(Int::from_big(&numeric::factorial(v as u64))),
        None => bail!(OverflowError, "factorial() argument should not exceed {}", i64::MAX),
    }
}

/// Return n!, the product of 1 to n.
#[function(signature = "(n, /)")]
pub fn factorial(n: &Object) -> PyResult<Ref<Int>> {
    factorial_of(&*number::index(n)?)
}

fn check_non_negative(n: &Int, name: &str) -> PyResult<()> {
    if n.is_negative() {
        bail!(ValueError, "{name} must be a non-negative integer");
    }
    Ok(())
}

/// Return the number of ways to choose k items from n in order; of all n if k is None.
#[function(signature = "(n, k=None, /)")]
pub fn perm(n: &Object, k: Option<&Object>) -> PyResult<Ref<Int>> {
    let Some(k) = k else { return factorial_of(&*number::index(n)?) };
    let (n, k) = (number::index(n)?, number::index(k)?);
    check_non_negative(&n, "n")?;
    check_non_negative(&k, "k")?;
    if n.compare(&k).is_lt() {
        return Ok(Int::zero());
    }
    let Some(count) = k.to_i64() else { bail!(OverflowError, "k must not exceed {}", i64::MAX) };
    Ok(match n.to_u64() {
        Some(v) => Int::from_big(&numeric::perm(v, count as u64)),
        None => Int::from_big(&numeric::combinatorics::perm_big(n.digits(), count as u64)),
    })
}

/// Return the number of ways to choose k items from n without order.
#[function(signature = "(n, k, /)")]
pub fn comb(n: &Object, k: &Object) -> PyResult<Ref<Int>> {
    let (n, k) = (number::index(n)?, number::index(k)?);
    check_non_negative(&n, "n")?;
    check_non_negative(&k, "k")?;
    if n.compare(&k).is_lt() {
        return Ok(Int::zero());
    }
    if let (Some(n), Some(k)) = (n.to_u64(), k.to_u64()) {
        let k = k.min(n - k);
        return Ok(Int::from_big(&numeric::comb(n, k)));
    }
    let rest = int::sub(&n, &k)?;
    let smaller = if rest.compare(&k).is_lt() { &rest } else { &k };
    match smaller.to_i64() {
        Some(k) => Ok(Int::from_big(&numeric::combinatorics::comb_big(n.digits(), k as u64))),
        None => bail!(OverflowError, "min(n - k, k) must not exceed {}", i64::MAX),
    }
}
