//! Order: numerical and total, maxima and minima.

use super::value::status::*;
use super::value::*;
use std::cmp::Ordering;

/// The order of magnitudes of finite numbers.
fn cmp_magnitude(a: &Dec, b: &Dec) -> Ordering {
    match (a.coeff.is_zero(), b.coeff.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    let by_size = a.adjusted().cmp(&b.adjusted());
    if by_size != Ordering::Equal {
        return by_size;
    }
    match a.exp.cmp(&b.exp) {
        Ordering::Equal => a.coeff.cmp(&b.coeff),
        Ordering::Greater => a.coeff.shl((a.exp - b.exp) as u64).cmp(&b.coeff),
        Ordering::Less => a.coeff.cmp(&b.coeff.shl((b.exp - a.exp) as u64)),
    }
}

/// The order of numbers that are no NaNs.
pub fn cmp_numbers(a: &Dec, b: &Dec) -> Ordering {
    let sign = |d: &Dec| {
        if d.is_zero() {
            0
        } else if d.neg {
            -1
        } else {
            1
        }
    };
    let (s, t) = (sign(a), sign(b));
    if s != t || s == 0 {
        return s.cmp(&t);
    }
    let order = match (a.is_inf(), b.is_inf()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ => cmp_magnitude(a, b),
    };
    if s < 0 { order.reverse() } else { order }
}

fn sign_number(o: Ordering) -> Dec {
    Dec::from_i64(match o {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// `compare`: -1, 0, 1 or NaN.
pub fn compare(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    sign_number(cmp_numbers(a, b))
}

/// The same, but quiet NaNs are invalid too.
pub fn compare_signal(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        *st |= INVALID_OPERATION;
        return n;
    }
    sign_number(cmp_numbers(a, b))
}

/// The total order, which tells representations apart.
pub fn cmp_total(a: &Dec, b: &Dec) -> Ordering {
    if a.neg != b.neg {
        return if a.neg { Ordering::Less } else { Ordering::Greater };
    }
    let order = cmp_total_mag(a, b);
    if a.neg { order.reverse() } else { order }
}

/// The same for magnitudes.
pub fn cmp_total_mag(a: &Dec, b: &Dec) -> Ordering {
    let rank = |d: &Dec| match d.kind {
        Kind::Finite => 0,
        Kind::Inf => 1,
        Kind::Snan => 2,
        Kind::Nan => 3,
    };
    rank(a).cmp(&rank(b)).then_with(|| match a.kind {
        Kind::Inf => Ordering::Equal,
        Kind::Finite => cmp_magnitude(a, b).then(a.exp.cmp(&b.exp)),
        _ => a.coeff.cmp(&b.coeff),
    })
}

/// `compare_total` as a number.
pub fn compare_total(a: &Dec, b: &Dec) -> Dec {
    sign_number(cmp_total(a, b))
}

/// `compare_total_mag` as a number.
pub fn compare_total_mag(a: &Dec, b: &Dec) -> Dec {
    sign_number(cmp_total_mag(a, b))
}

fn pick(a: &Dec, b: &Dec, magnitude: bool, larger: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    // One quiet NaN yields the other operand.
    if a.kind == Kind::Nan && !b.is_nan() {
        return finalize(b.clone(), ctx, st);
    }
    if b.kind == Kind::Nan && !a.is_nan() {
        return finalize(a.clone(), ctx, st);
    }
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let mut order = if magnitude {
        cmp_numbers(&a.with_sign(false), &b.with_sign(false)).then_with(|| cmp_numbers(a, b))
    } else {
        cmp_numbers(a, b)
    };
    if order == Ordering::Equal {
        order = cmp_total(a, b);
    }
    let first = if larger { order != Ordering::Less } else { order != Ordering::Greater };
    finalize(if first { a.clone() } else { b.clone() }, ctx, st)
}

pub fn max(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    pick(a, b, false, true, ctx, st)
}
pub fn min(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    pick(a, b, false, false, ctx, st)
}
pub fn max_mag(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    pick(a, b, true, true, ctx, st)
}
pub fn min_mag(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    pick(a, b, true, false, ctx, st)
}

/// Whether two numbers have the same exponent.
pub fn same_quantum(a: &Dec, b: &Dec) -> bool {
    if a.is_special() || b.is_special() {
        return a.is_nan() && b.is_nan() || a.is_inf() && b.is_inf();
    }
    a.exp == b.exp
}
