//! Exponents: quantising, rounding to integers, trailing zeros, neighbours.

use super::coeff::Coeff;
use super::compare::cmp_numbers;
use super::value::status::*;
use super::value::*;
use std::cmp::Ordering;

/// `a` with the exponent of `b`.
pub fn quantize(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() || b.is_special() {
        if let Some(n) = check_nans(a, Some(b), ctx, st) {
            return n;
        }
        return if a.is_inf() && b.is_inf() { Dec::inf(a.neg) } else { Dec::invalid(INVALID_OPERATION, st) };
    }
    if b.exp > ctx.emax || b.exp < ctx.etiny() {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    if a.is_zero() {
        return finalize(Dec::zero(a.neg, b.exp), ctx, st);
    }
    if a.adjusted() > ctx.emax || a.adjusted() - b.exp + 1 > ctx.prec {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    let mut local = 0;
    let r = rescale(a, b.exp, ctx.round, &mut local);
    if r.is_nan() {
        *st |= local;
        return r;
    }
    if r.digits() > ctx.prec || r.adjusted() > ctx.emax {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    if !r.is_zero() && r.adjusted() < ctx.emin {
        local |= SUBNORMAL;
    }
    if local & INEXACT != 0 {
        local |= ROUNDED;
    }
    *st |= local;
    let mut more = 0;
    let r = finalize(r, ctx, &mut more);
    // Underflow is no result of quantising.
    *st |= more & !UNDERFLOW;
    r
}

/// A finite number with another exponent, rounded as need be; `ROUNDED` and `INEXACT` say what happened.
pub fn rescale(a: &Dec, exp: i64, round: Round, st: &mut u32) -> Dec {
    if a.coeff.is_zero() {
        return Dec::zero(a.neg, exp);
    }
    if a.exp >= exp {
        return match pad(&a.coeff, a.exp - exp, st) {
            Some(c) => Dec::new(a.neg, c, exp),
            None => Dec::nan(),
        };
    }
    let n = (exp - a.exp) as u64;
    let (c, inexact) = if n > a.coeff.digits() + 1 {
        cut(&Coeff::from_u64(1), 2, round, a.neg)
    } else {
        cut(&a.coeff, n, round, a.neg)
    };
    *st |= ROUNDED;
    if inexact {
        *st |= INEXACT;
    }
    Dec::new(a.neg, c, exp)
}

/// The nearest integer, telling whether it was rounded.
pub fn to_integral_exact(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() {
        return check_nans(a, None, ctx, st).unwrap_or_else(|| a.clone());
    }
    if a.exp >= 0 {
        return a.clone();
    }
    rescale(a, 0, ctx.round, st)
}

/// The nearest integer, silently.
pub fn to_integral_value(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let mut local = 0;
    let r = to_integral_exact(a, ctx, &mut local);
    *st |= local & !(ROUNDED | INEXACT);
    r
}

/// Without zeros at the end.
pub fn normalize(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, None, ctx, st) {
        return n;
    }
    let mut d = finalize(a.clone(), ctx, st);
    if d.is_special() {
        return d;
    }
    if d.coeff.is_zero() {
        return Dec::zero(d.neg, 0);
    }
    let max = if ctx.clamp { ctx.etop() } else { ctx.emax };
    let n = (d.coeff.trailing_zeros() as i64).min(max - d.exp);
    if n > 0 {
        d.coeff = d.coeff.shr(n as u64).0;
        d.exp += n;
    }
    finalize(d, ctx, st)
}

fn next(a: &Dec, up: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() {
        if let Some(n) = check_nans(a, None, ctx, st) {
            return n;
        }
        if a.neg != up {
            return a.clone();
        }
        // The finite number next to infinity.
        if too_long(ctx.prec) {
            return Dec::invalid(MALLOC_ERROR, st);
        }
        let nines = Coeff::power_of_ten(ctx.prec as u64).sub(&Coeff::from_u64(1));
        return Dec::new(a.neg, nines, ctx.etop());
    }
    let wide = Ctx { round: if up { Round::Ceiling } else { Round::Floor }, ..*ctx };
    let mut ignored = 0;
    let fitted = finalize(a.clone(), &wide, &mut ignored);
    if cmp_numbers(&fitted, a) != Ordering::Equal {
        return fitted;
    }
    let tiny = Dec::new(!up, Coeff::from_u64(1), ctx.etiny() - 1);
    super::arith::add(a, &tiny, &wide, &mut ignored)
}

/// The largest number that is smaller.
pub fn next_minus(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    next(a, false, ctx, st)
}

/// The smallest number that is larger.
pub fn next_plus(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    next(a, true, ctx, st)
}

/// The neighbour of `a` in the direction of `b`.
pub fn next_toward(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let r = match cmp_numbers(a, b) {
        Ordering::Equal => return a.with_sign(b.neg),
        Ordering::Less => next(a, true, ctx, st),
        Ordering::Greater => next(a, false, ctx, st),
    };
    if r.is_inf() {
        *st |= OVERFLOW | INEXACT | ROUNDED;
    } else if r.is_zero() || r.adjusted() < ctx.emin {
        *st |= UNDERFLOW | SUBNORMAL | INEXACT | ROUNDED;
        if r.is_zero() {
            *st |= CLAMPED;
        }
    }
    r
}
