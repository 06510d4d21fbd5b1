//! Operations on digits and on exponents.

use super::coeff::Coeff;
use super::value::status::*;
use super::value::*;

/// The digits of a number made of zeros and ones, last first.
fn bits(a: &Dec) -> Option<Vec<u8>> {
    if !a.is_finite() || a.neg || a.exp != 0 {
        return None;
    }
    let mut text = Vec::new();
    a.coeff.to_digits(&mut text);
    if !text.iter().all(|c| matches!(c, b'0' | b'1')) {
        return None;
    }
    text.reverse();
    Some(text)
}

fn from_bits(mut digits: Vec<u8>, prec: i64) -> Dec {
    digits.truncate(usize::try_from(prec).unwrap_or(usize::MAX));
    digits.reverse();
    Dec::new(false, Coeff::from_digits(&digits), 0)
}

fn logical(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32, f: fn(u8, u8) -> u8) -> Dec {
    let (Some(x), Some(y)) = (bits(a), bits(b)) else { return Dec::invalid(INVALID_OPERATION, st) };
    let n = x.len().max(y.len());
    let at = |v: &[u8], i: usize| v.get(i).map_or(0, |c| c - b'0');
    from_bits((0..n).map(|i| b'0' + f(at(&x, i), at(&y, i))).collect(), ctx.prec)
}

pub fn logical_and(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    logical(a, b, ctx, st, |x, y| x & y)
}
pub fn logical_or(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    logical(a, b, ctx, st, |x, y| x | y)
}
pub fn logical_xor(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    logical(a, b, ctx, st, |x, y| x ^ y)
}

/// Ones for zeros and the reverse, in all digits of the precision.
pub fn logical_invert(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let Some(mut x) = bits(a) else { return Dec::invalid(INVALID_OPERATION, st) };
    if too_long(ctx.prec) {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    x.resize(x.len().max(ctx.prec as usize), b'0');
    from_bits(x.iter().map(|c| b'0' + (b'1' - c)).collect(), ctx.prec)
}

/// A small integer operand in the given range.
fn count(b: &Dec, limit: i64) -> Option<i64> {
    if !b.is_finite() || b.exp != 0 {
        return None;
    }
    b.to_i64().filter(|n| n.abs() <= limit)
}

/// Digits moved by `b` places, zeros moving in.
pub fn shift(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let Some(n) = count(b, ctx.prec) else { return Dec::invalid(INVALID_OPERATION, st) };
    if a.is_inf() {
        return a.clone();
    }
    let mut d = a.clone();
    if n < 0 {
        d.coeff = d.coeff.low(ctx.prec as u64).shr(n.unsigned_abs()).0;
        return d;
    }
    let keep = (ctx.prec - n).max(0) as u64;
    let kept = d.coeff.low(keep);
    if kept.is_zero() {
        d.coeff = Coeff::ZERO;
        return d;
    }
    match pad(&kept, n, st) {
        Some(c) => Dec { coeff: c, ..d },
        None => Dec::nan(),
    }
}

/// Digits turned around by `b` places within the precision.
pub fn rotate(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let Some(n) = count(b, ctx.prec) else { return Dec::invalid(INVALID_OPERATION, st) };
    if a.is_inf() {
        return a.clone();
    }
    let left = if n >= 0 { n } else { ctx.prec + n };
    let c = a.coeff.low(ctx.prec as u64);
    let (high, _) = c.shr((ctx.prec - left) as u64);
    let low = c.low((ctx.prec - left) as u64);
    let Some(low) = (if low.is_zero() { Some(low) } else { pad(&low, left, st) }) else { return Dec::nan() };
    Dec { coeff: low.add(&high), ..a.clone() }
}

/// `a * 10^b`.
pub fn scaleb(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let limit = 2 * (i128::from(ctx.emax) + i128::from(ctx.prec));
    let Some(n) = count(b, i64::try_from(limit).unwrap_or(i64::MAX)) else {
        return Dec::invalid(INVALID_OPERATION, st);
    };
    if a.is_inf() {
        return a.clone();
    }
    let mut d = a.clone();
    d.exp = (i128::from(d.exp) + i128::from(n)).clamp(-8_000_000_000_000_000_000, 8_000_000_000_000_000_000) as i64;
    finalize(d, ctx, st)
}

/// The exponent of the first digit, as a number.
pub fn logb(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, None, ctx, st) {
        return n;
    }
    if a.is_inf() {
        return Dec::inf(false);
    }
    if a.is_zero() {
        *st |= DIVISION_BY_ZERO;
        return Dec::inf(true);
    }
    finalize(Dec::from_i64(a.adjusted()), ctx, st)
}

/// The class of a number, by name.
pub fn class(a: &Dec, ctx: &Ctx) -> &'static str {
    match (a.kind, a.neg) {
        (Kind::Snan, _) => "sNaN",
        (Kind::Nan, _) => "NaN",
        (Kind::Inf, false) => "+Infinity",
        (Kind::Inf, true) => "-Infinity",
        (Kind::Finite, false) if a.is_zero() => "+Zero",
        (Kind::Finite, true) if a.is_zero() => "-Zero",
        (Kind::Finite, false) if a.is_subnormal(ctx) => "+Subnormal",
        (Kind::Finite, true) if a.is_subnormal(ctx) => "-Subnormal",
        (Kind::Finite, false) => "+Normal",
        (Kind::Finite, true) => "-Normal",
    }
}
