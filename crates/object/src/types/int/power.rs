//! Powers and shifts of integers.

use super::{Int, SHIFT};
use crate::error::{PyResult, no_memory};
use crate::header::Ref;
use crate::types::float;
use crate::{bail, raise};
use taipan_numeric::digits;
use taipan_numeric::digits::big::PowModError;

/// What `ob_size` could count in the reference: more digits are an `OverflowError`.
const MAX_DIGITS: u64 = i64::MAX as u64 / SHIFT as u64;

/// Raises `MemoryError` when that many digits cannot be had, before a computation that would need them at its end.
fn check_room(n: u64) -> PyResult<()> {
    if n > 1 << 20 {
        let room = usize::try_from(n)
            .ok()
            .and_then(|n| n.checked_mul(4))
            .is_some_and(|n| Vec::<u8>::new().try_reserve_exact(n).is_ok());
        if !room {
            return Err(no_memory());
        }
    }
    Ok(())
}

/// `pow(a, b, m)`; a negative exponent without a modulus gives a float.
pub fn pow(a: &Int, b: &Int, m: Option<&Int>) -> PyResult {
    if let Some(m) = m {
        return pow_mod(a, b, m).map(Ref::into_obj);
    }
    if b.is_negative() {
        return float::pow(a.to_f64_checked()?, b.to_f64_checked()?);
    }
    pow_plain(a, b).map(Ref::into_obj)
}

fn pow_plain(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if b.is_zero() {
        return Ok(Int::one());
    }
    // These stay small whatever the exponent.
    match a.compact() {
        Some(0) => return Ok(Int::zero()),
        Some(1) => return Ok(Int::one()),
        Some(-1) => return Ok(Int::small(if b.is_odd() { -1 } else { 1 })),
        _ => {}
    }
    let Some(e) = b.to_u64() else { return Err(no_memory()) };
    if let Some(x) = a.short()
        && let Some(v) = u32::try_from(e).ok().and_then(|e| x.checked_pow(e))
    {
        return Ok(Int::from_i64(v));
    }
    if let &[2] = a.digits() {
        let negative = a.is_negative() && b.is_odd();
        return shift_digits(&[1], negative, e);
    }
    let bits = u128::from(a.bit_length() - 1) * u128::from(e);
    match u64::try_from(bits / u128::from(SHIFT)) {
        Ok(n) if n <= MAX_DIGITS => check_room(n)?,
        _ => return Err(no_memory()),
    }
    Ok(Int::from_big(&a.as_big().pow(e)))
}

fn pow_mod(a: &Int, b: &Int, m: &Int) -> PyResult<Ref<Int>> {
    if let (Some(x), Some(e), Some(n)) = (a.short(), b.short(), m.short())
        && e >= 0
        && n > 0
    {
        let n = n as u128;
        let mut base = (i128::from(x)).rem_euclid(n as i128) as u128;
        let mut e = e as u64;
        let mut r = 1 % n;
        while e != 0 {
            if e & 1 != 0 {
                r = r * base % n;
            }
            base = base * base % n;
            e >>= 1;
        }
        return Ok(Int::from_i64(r as i64));
    }
    match a.as_big().pow_mod(b.as_big(), m.as_big()) {
        Ok(r) => Ok(Int::from_big(&r)),
        Err(PowModError::ZeroModulus) => bail!(ValueError, "pow() 3rd argument cannot be 0"),
        Err(PowModError::NotInvertible) => bail!(ValueError, "base is not invertible for the given modulus"),
    }
}

/// The magnitude `d` shifted left, with a sign.
fn shift_digits(d: &[u32], negative: bool, bits: u64) -> PyResult<Ref<Int>> {
    let n = d.len() as u64 + bits / u64::from(SHIFT) + 1;
    if n > MAX_DIGITS {
        return Err(raise!(OverflowError, "too many digits in integer"));
    }
    Int::build(negative, n as usize, |out| digits::shl_into(out, d, bits))
}

/// `a << b`.
pub fn shift_left(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if b.is_negative() {
        bail!(ValueError, "negative shift count");
    }
    if a.is_zero() {
        return Ok(Int::zero());
    }
    let Some(n) = b.to_u64().filter(|n| *n <= i64::MAX as u64) else {
        bail!(OverflowError, "too many digits in integer");
    };
    if let Some(x) = a.short()
        && n < 64
    {
        return Ok(Int::from_i128(i128::from(x) << n));
    }
    shift_digits(a.digits(), a.is_negative(), n)
}

/// `a >> b`.
pub fn shift_right(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if b.is_negative() {
        bail!(ValueError, "negative shift count");
    }
    let n = b.to_u64().unwrap_or(u64::MAX);
    if let Some(x) = a.short() {
        return Ok(Int::from_i64(x >> n.min(63)));
    }
    if n >= a.bit_length() {
        return Ok(Int::small(if a.is_negative() { -1 } else { 0 }));
    }
    Ok(Int::from_big(&a.as_big().shr(n)))
}
