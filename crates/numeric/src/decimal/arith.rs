//! Sums, products, quotients and remainders.

use super::coeff::{Coeff, Rest};
use super::value::status::*;
use super::value::*;
use std::cmp::Ordering;

/// `a + b`.
pub fn add(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    add_signed(a, b, b.neg, ctx, st)
}

/// `a - b`.
pub fn sub(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    add_signed(a, b, !b.neg, ctx, st)
}

fn add_signed(a: &Dec, b: &Dec, b_neg: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        return match (a.is_inf(), b.is_inf()) {
            (true, true) if a.neg != b_neg => Dec::invalid(INVALID_OPERATION, st),
            (true, _) => Dec::inf(a.neg),
            _ => Dec::inf(b_neg),
        };
    }
    if a.exp == b.exp {
        let d = combine(a.neg, &a.coeff, b_neg, &b.coeff, a.exp, ctx);
        return finalize(d, ctx, st);
    }
    let (hi, hi_neg, lo, lo_neg) = if a.exp > b.exp { (a, a.neg, b, b_neg) } else { (b, b_neg, a, a.neg) };
    if hi.coeff.is_zero() {
        // A zero only lends its sign, and what it has of exponent is larger.
        let neg = if lo.coeff.is_zero() { sum_of_zeros(a.neg, b_neg, ctx) } else { lo_neg };
        return finalize(Dec { neg, ..lo.clone() }, ctx, st);
    }
    let shift = hi.exp - lo.exp;
    // If the smaller number lies far below the digits that stay, a one in its place does.
    let hi_adj = hi.exp + hi.digits() - 1;
    let limit = hi.digits().max(ctx.prec) + 2;
    if shift > limit {
        if lo.coeff.is_zero() {
            // The ideal exponent is that of the zero, as far as there are digits.
            let pad_by = (ctx.prec - hi.digits()).max(0).min(shift);
            let Some(c) = pad(&hi.coeff, pad_by, st) else { return Dec::nan() };
            let d = Dec::new(hi_neg, c, hi.exp - pad_by);
            if pad_by < shift {
                *st |= ROUNDED;
            }
            return finalize(d, ctx, st);
        }
        if lo.adjusted() < hi_adj - ctx.prec - 2 && lo.adjusted() < hi.exp - 2 {
            let target = (hi_adj - ctx.prec - 3).min(hi.exp - 3);
            let Some(c) = pad(&hi.coeff, hi.exp - target, st) else { return Dec::nan() };
            let d = combine(hi_neg, &c, lo_neg, &Coeff::from_u64(1), target, ctx);
            return finalize(d, ctx, st);
        }
    }
    let Some(c) = pad(&hi.coeff, shift, st) else { return Dec::nan() };
    let d = combine(hi_neg, &c, lo_neg, &lo.coeff, lo.exp, ctx);
    finalize(d, ctx, st)
}

/// The sign of a sum of zeros, or of numbers that cancel.
fn sum_of_zeros(a: bool, b: bool, ctx: &Ctx) -> bool {
    if a == b { a } else { ctx.round == Round::Floor }
}

fn combine(an: bool, a: &Coeff, bn: bool, b: &Coeff, exp: i64, ctx: &Ctx) -> Dec {
    if an == bn {
        return Dec::new(an, a.add(b), exp);
    }
    match a.cmp(b) {
        Ordering::Equal => Dec::zero(ctx.round == Round::Floor, exp),
        Ordering::Greater => Dec::new(an, a.sub(b), exp),
        Ordering::Less => Dec::new(bn, b.sub(a), exp),
    }
}

/// `a * b`.
pub fn mul(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    finalize(mul_exact(a, b, ctx, st), ctx, st)
}

/// The product without rounding.
fn mul_exact(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        if a.is_zero() || b.is_zero() {
            return Dec::invalid(INVALID_OPERATION, st);
        }
        return Dec::inf(neg);
    }
    Dec::new(neg, a.coeff.mul(&b.coeff), a.exp + b.exp)
}

/// `a * b + c`, rounded once.
pub fn fma(a: &Dec, b: &Dec, c: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_inf() && b.is_zero() || a.is_zero() && b.is_inf() {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    let p = mul_exact(a, b, ctx, st);
    if p.is_nan() && *st & INVALID_OPERATION != 0 {
        return p;
    }
    add(&p, c, ctx, st)
}

/// Both quotient and remainder of coefficients brought to one exponent.
fn reduced(c: Coeff, exp: &mut i64, ideal: i64) -> Coeff {
    let n = (c.trailing_zeros() as i64).min(ideal - *exp);
    if n <= 0 {
        return c;
    }
    *exp += n;
    c.shr(n as u64).0
}

/// `a / b`.
pub fn div(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        return match (a.is_inf(), b.is_inf()) {
            (true, true) => Dec::invalid(INVALID_OPERATION, st),
            (true, false) => Dec::inf(neg),
            _ => {
                *st |= CLAMPED;
                Dec::zero(neg, ctx.etiny())
            }
        };
    }
    if b.coeff.is_zero() {
        if a.coeff.is_zero() {
            return Dec::invalid(DIVISION_UNDEFINED, st);
        }
        *st |= DIVISION_BY_ZERO;
        return Dec::inf(neg);
    }
    let ideal = a.exp - b.exp;
    if a.coeff.is_zero() {
        return finalize(Dec::zero(neg, ideal), ctx, st);
    }
    let shift = b.digits() - a.digits() + ctx.prec + 1;
    let mut exp = ideal - shift;
    if too_long(shift) {
        // So many digits only if the division does not come out even.
        return div_huge(a, b, neg, ideal, ctx, st);
    }
    let (mut q, r) = if shift >= 0 {
        a.coeff.shl(shift as u64).divrem(&b.coeff)
    } else {
        a.coeff.divrem(&b.coeff.shl(shift.unsigned_abs()))
    };
    if r.is_zero() {
        q = reduced(q, &mut exp, ideal);
    } else if q.digit_at(0).is_multiple_of(5) {
        // Not exact: the last digit must not look like an exact or a half one.
        q = q.add_one();
    }
    finalize(Dec::new(neg, q, exp), ctx, st)
}

fn div_huge(a: &Dec, b: &Dec, neg: bool, ideal: i64, ctx: &Ctx, st: &mut u32) -> Dec {
    // A quotient that comes out even has at most as many more digits as the divisor has factors of 2 or 5.
    let extra = (b.digits() * 4).min(1_000_000);
    let (q, r) = a.coeff.shl(extra as u64).divrem(&b.coeff);
    if !r.is_zero() {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let mut exp = ideal - extra;
    let q = reduced(q, &mut exp, ideal);
    finalize(Dec::new(neg, q, exp), ctx, st)
}

/// Integer quotient and remainder of finite numbers; `None` if the quotient has too many digits.
fn div_parts(a: &Dec, b: &Dec, ctx: &Ctx) -> Option<(Coeff, Dec)> {
    let ideal = a.exp.min(b.exp);
    let expdiff = a.adjusted() - b.adjusted();
    if a.coeff.is_zero() || expdiff < 0 {
        // The quotient is zero, the dividend what remains.
        let mut r = a.clone();
        if a.exp > ideal && !too_long(a.exp - ideal) {
            r.coeff = a.coeff.shl((a.exp - ideal) as u64);
            r.exp = ideal;
        }
        return Some((Coeff::ZERO, r));
    }
    if expdiff > ctx.prec || too_long(expdiff) {
        return None;
    }
    let n = a.coeff.shl((a.exp - ideal) as u64);
    let d = b.coeff.shl((b.exp - ideal) as u64);
    let (q, r) = n.divrem(&d);
    if q.digits() as i64 > ctx.prec {
        return None;
    }
    Some((q, Dec::new(a.neg, r, ideal)))
}

/// `a // b`, towards zero.
pub fn div_int(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        return match (a.is_inf(), b.is_inf()) {
            (true, true) => Dec::invalid(INVALID_OPERATION, st),
            (true, false) => Dec::inf(neg),
            _ => Dec::zero(neg, 0),
        };
    }
    if b.coeff.is_zero() {
        if a.coeff.is_zero() {
            return Dec::invalid(DIVISION_UNDEFINED, st);
        }
        *st |= DIVISION_BY_ZERO;
        return Dec::inf(neg);
    }
    match div_parts(a, b, ctx) {
        Some((q, _)) => finalize(Dec::new(neg, q, 0), ctx, st),
        None => Dec::invalid(DIVISION_IMPOSSIBLE, st),
    }
}

/// `a % b`, with the sign of `a`.
pub fn rem(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        if a.is_inf() {
            return Dec::invalid(INVALID_OPERATION, st);
        }
        return finalize(a.clone(), ctx, st);
    }
    if b.coeff.is_zero() {
        return Dec::invalid(if a.coeff.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION }, st);
    }
    match div_parts(a, b, ctx) {
        Some((_, r)) => finalize(r, ctx, st),
        None => Dec::invalid(DIVISION_IMPOSSIBLE, st),
    }
}

/// Both.
pub fn divmod(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> (Dec, Dec) {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return (n.clone(), n);
        }
        return match (a.is_inf(), b.is_inf()) {
            (true, true) => {
                *st |= INVALID_OPERATION;
                (Dec::nan(), Dec::nan())
            }
            (true, false) => {
                *st |= INVALID_OPERATION;
                (Dec::inf(neg), Dec::nan())
            }
            _ => (Dec::zero(neg, 0), finalize(a.clone(), ctx, st)),
        };
    }
    if b.coeff.is_zero() {
        if a.coeff.is_zero() {
            *st |= DIVISION_UNDEFINED;
            return (Dec::nan(), Dec::nan());
        }
        *st |= DIVISION_BY_ZERO | INVALID_OPERATION;
        return (Dec::inf(neg), Dec::nan());
    }
    match div_parts(a, b, ctx) {
        Some((q, r)) => {
            let q = finalize(Dec::new(neg, q, 0), ctx, st);
            (q, finalize(r, ctx, st))
        }
        None => {
            *st |= DIVISION_IMPOSSIBLE;
            (Dec::nan(), Dec::nan())
        }
    }
}

/// What remains of `a` after the nearest multiple of `b`.
pub fn rem_near(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        if a.is_inf() {
            return Dec::invalid(INVALID_OPERATION, st);
        }
        return finalize(a.clone(), ctx, st);
    }
    if b.coeff.is_zero() {
        return Dec::invalid(if a.coeff.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION }, st);
    }
    let ideal = a.exp.min(b.exp);
    if a.coeff.is_zero() {
        return finalize(Dec::zero(a.neg, ideal), ctx, st);
    }
    let expdiff = a.adjusted() - b.adjusted();
    if expdiff > ctx.prec {
        return Dec::invalid(DIVISION_IMPOSSIBLE, st);
    }
    if expdiff <= -2 {
        // More zeros than the precision holds are rounded away again.
        let up = (a.exp - ideal).min(ctx.prec + 1);
        return match pad(&a.coeff, up, st) {
            Some(c) => finalize(Dec::new(a.neg, c, a.exp - up), ctx, st),
            None => Dec::nan(),
        };
    }
    let n = a.coeff.shl((a.exp - ideal) as u64);
    let d = b.coeff.shl((b.exp - ideal) as u64);
    let (mut q, mut r) = n.divrem(&d);
    let mut neg = a.neg;
    let twice = r.mul_word(2);
    if twice.cmp(&d) == Ordering::Greater || twice.cmp(&d) == Ordering::Equal && q.is_odd() {
        r = d.sub(&r);
        q = q.add_one();
        neg = !neg;
    }
    if q.digits() as i64 > ctx.prec {
        return Dec::invalid(DIVISION_IMPOSSIBLE, st);
    }
    finalize(Dec::new(neg, r, ideal), ctx, st)
}

/// `+a`.
pub fn plus(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    signed(a, a.neg, ctx, st)
}

/// `-a`.
pub fn minus(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    signed(a, !a.neg, ctx, st)
}

/// `|a|`.
pub fn abs(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, None, ctx, st) {
        return n;
    }
    signed(a, false, ctx, st)
}

fn signed(a: &Dec, neg: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, None, ctx, st) {
        return n;
    }
    // Zero minus zero: negative only when rounding down.
    let neg = if a.is_zero() { ctx.round == Round::Floor && neg } else { neg };
    finalize(Dec { neg, ..a.clone() }, ctx, st)
}

/// The product of coefficients with rounding to so many digits, for powers: how far the exponent moved.
pub(super) fn shorten(c: Coeff, digits: i64, inexact: &mut bool) -> (Coeff, i64) {
    let n = c.digits() as i64 - digits;
    if n <= 0 {
        return (c, 0);
    }
    let (kept, rest) = c.shr(n as u64);
    if rest != Rest::Zero {
        *inexact = true;
    }
    if matches!(rest, Rest::Above | Rest::Half) { (kept.add_one(), n) } else { (kept, n) }
}
