//! Square roots, exponentials, logarithms and powers.

use super::arith::shorten;
use super::coeff::{Coeff, Rest};
use super::value::status::*;
use super::value::*;
use std::cell::RefCell;
use std::cmp::Ordering;

/// The square root, rounded half to even.
pub fn sqrt(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() {
        if let Some(n) = check_nans(a, None, ctx, st) {
            return n;
        }
        return if a.neg { Dec::invalid(INVALID_OPERATION, st) } else { a.clone() };
    }
    let ideal = a.exp.div_euclid(2);
    if a.is_zero() {
        return finalize(Dec::zero(a.neg, ideal), ctx, st);
    }
    if a.neg {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    if too_long(ctx.prec) {
        // Only what comes out even.
        let c = if a.exp % 2 == 0 { a.coeff.clone() } else { a.coeff.shl(1) };
        let r = c.isqrt();
        if r.mul(&r).cmp(&c) == Ordering::Equal {
            return finalize(Dec::new(false, r, ideal), ctx, st);
        }
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let prec = ctx.prec + 1;
    let (mut c, len) =
        if a.exp & 1 == 1 { (a.coeff.shl(1), (a.digits() >> 1) + 1) } else { (a.coeff.clone(), (a.digits() + 1) >> 1) };
    let mut e = ideal;
    // To so many digits of root.
    let shift = prec - len;
    let mut exact = true;
    if shift >= 0 {
        c = c.shl(2 * shift as u64);
    } else {
        let (kept, rest) = c.shr(2 * shift.unsigned_abs());
        c = kept;
        exact = rest == Rest::Zero;
    }
    e -= shift;
    let mut n = c.isqrt();
    exact = exact && n.mul(&n).cmp(&c) == Ordering::Equal;
    if exact {
        // Back to the ideal exponent.
        if shift >= 0 {
            n = n.shr(shift as u64).0;
        } else {
            n = n.shl(shift.unsigned_abs());
        }
        e += shift;
    } else if n.digit_at(0).is_multiple_of(5) {
        n = n.add_one();
    }
    let half_even = Ctx { round: Round::HalfEven, ..*ctx };
    finalize(Dec::new(false, n, e), &half_even, st)
}

/// A fixed-point number with a sign: `value / 10^places`, the places known from the context.
#[derive(Clone)]
struct Fixed {
    neg: bool,
    c: Coeff,
}

impl Fixed {
    fn new(neg: bool, c: Coeff) -> Fixed {
        Fixed { neg: neg && !c.is_zero(), c }
    }

    fn add(&self, o: &Fixed) -> Fixed {
        if self.neg == o.neg {
            return Fixed::new(self.neg, self.c.add(&o.c));
        }
        match self.c.cmp(&o.c) {
            Ordering::Less => Fixed::new(o.neg, o.c.sub(&self.c)),
            _ => Fixed::new(self.neg, self.c.sub(&o.c)),
        }
    }

    fn sub(&self, o: &Fixed) -> Fixed {
        self.add(&Fixed::new(!o.neg, o.c.clone()))
    }

    fn div(&self, o: &Fixed, places: u64) -> Fixed {
        Fixed::new(self.neg != o.neg, self.c.shl(places).divrem(&o.c).0)
    }
}

/// `e^x` for `0 <= x < 1` or so, with an error of a few hundred units in the last place.
fn exp_fixed(x: &Coeff, places: u64) -> Coeff {
    // Smaller by a power of two, so that the series is short; squared back afterwards.
    let halvings = (places as f64).sqrt() as u64 / 2 + 4;
    let work = places + halvings / 2 + 4;
    let mut r = x.shl(work - places);
    let mut left = halvings;
    while left > 0 {
        let step = left.min(60);
        r = r.div_word(1 << step).0;
        left -= step;
    }
    let one = Coeff::power_of_ten(work);
    let mut sum = one.add(&r);
    let mut term = r.clone();
    let mut n = 2u64;
    while !term.is_zero() {
        term = term.mul(&r).shr(work).0.div_word(n).0;
        sum = sum.add(&term);
        n += 1;
    }
    for _ in 0..halvings {
        sum = sum.mul(&sum).shr(work).0;
    }
    sum.shr(work - places).0
}

/// `ln(m)` for `1 <= m <= 10`, by Newton's method on the exponential, starting from a double.
fn ln_fixed(m: &Coeff, places: u64) -> Fixed {
    if places > 40 {
        // Half the places give a start of which one step makes all.
        let start_places = places / 2 + 8;
        let start = ln_fixed(&m.shr(places - start_places).0, start_places);
        return ln_step(m, places, &Fixed::new(start.neg, start.c.shl(places - start_places)));
    }
    let mut text = Vec::new();
    m.shr(places.saturating_sub(17)).0.to_digits(&mut text);
    let scale = places.min(17) as i32;
    let x = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<f64>().ok()).unwrap_or(1.0) / 10f64.powi(scale);
    let guess = x.max(1.0).ln();
    let start = Coeff::from_u64((guess * 1e15) as u64);
    let start = if places >= 15 { start.shl(places - 15) } else { start.shr(15 - places).0 };
    let y = ln_step(m, places, &Fixed::new(false, start));
    ln_step(m, places, &y)
}

/// `y + 2 (m - e^y) / (m + e^y)`.
fn ln_step(m: &Coeff, places: u64, y: &Fixed) -> Fixed {
    let places_work = places + 4;
    let up = |f: &Fixed| Fixed::new(f.neg, f.c.shl(4));
    let y4 = up(y);
    // The exponential is computed for an argument below one.
    let mut whole = 0u64;
    let one = Coeff::power_of_ten(places_work);
    let mut rest = y4.c.clone();
    while rest.cmp(&one) != Ordering::Less && whole < 4 {
        rest = rest.sub(&one);
        whole += 1;
    }
    let mut e = exp_fixed(&rest, places_work);
    if whole > 0 {
        let e1 = exp_fixed(&one, places_work);
        for _ in 0..whole {
            e = e.mul(&e1).shr(places_work).0;
        }
    }
    let m4 = m.shl(4);
    let num = Fixed::new(false, m4.clone()).sub(&Fixed::new(false, e.clone()));
    let den = Fixed::new(false, m4.add(&e));
    let step = num.div(&den, places_work);
    let r = y4.add(&Fixed::new(step.neg, step.c.mul_word(2)));
    Fixed::new(r.neg, r.c.shr(4).0)
}

thread_local! {
    static LN10: RefCell<(u64, Coeff)> = const { RefCell::new((0, Coeff::ZERO)) };
}

/// `ln(10)` to so many places.
fn ln10(places: u64) -> Coeff {
    let known = LN10.with_borrow(|(p, c)| if *p >= places { Some(c.shr(p - places).0) } else { None });
    known.unwrap_or_else(|| {
        let p = places + 20;
        let c = ln_fixed(&Coeff::from_u64(10).shl(p + 5), p + 5).c.shr(5).0;
        LN10.set((p, c.clone()));
        c.shr(20).0
    })
}

/// Rounds `c * 10^exp`, known to within `error` units, unless the digits that follow leave the rounding open.
fn settle(c: &Coeff, exp: i64, error: u64, neg: bool, ctx: &Ctx) -> Option<Dec> {
    // Rounding places: those of the precision, or of subnormal numbers.
    let digits = c.digits() as i64;
    let keep = (ctx.prec).min(digits + exp - ctx.etiny()).max(0);
    let n = (digits - keep).max(0) as u64;
    if n < 3 {
        return None;
    }
    let e = Coeff::from_u64(error);
    let low = if c.cmp(&e) == Ordering::Less { Coeff::ZERO } else { c.sub(&e) };
    let high = c.add(&e);
    let (a, _) = cut(&low, n, ctx.round, neg);
    let (b, _) = cut(&high, n, ctx.round, neg);
    if a.cmp(&b) != Ordering::Equal || low.low_is_zero(n) || high.low_is_zero(n) {
        return None;
    }
    // Not exact, and not half-way.
    let c = if c.digit_at(0).is_multiple_of(5) { c.add_one() } else { c.clone() };
    Some(Dec::new(neg, c, exp))
}

/// `e^a`, correctly rounded half to even.
pub fn exp(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if a.is_special() {
        if let Some(n) = check_nans(a, None, ctx, st) {
            return n;
        }
        return if a.neg { Dec::zero(false, 0) } else { a.clone() };
    }
    if a.is_zero() {
        return Dec::from_i64(1);
    }
    let ctx = &Ctx { round: Round::HalfEven, ..*ctx };
    if too_long(ctx.prec) {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let adj = a.adjusted();
    // Far out of range, or next to one.
    if adj > 19 {
        let e = if a.neg { ctx.etiny() - 10 } else { ctx.emax + 10 };
        return finalize(Dec::new(false, Coeff::from_u64(1), e), ctx, st);
    }
    if adj < -ctx.prec - 2 {
        let one = Coeff::power_of_ten(ctx.prec as u64 + 1);
        let c = if a.neg { one.sub(&Coeff::from_u64(1)) } else { one.add_one() };
        return finalize(Dec::new(false, c, -ctx.prec - 1), ctx, st);
    }
    let mut extra = 6u64;
    loop {
        let places = ctx.prec as u64 + adj.max(0) as u64 + extra + 4;
        let (c, e) = exp_parts(a, places);
        if e > ctx.emax + 1 {
            return finalize(Dec::new(false, Coeff::from_u64(1), ctx.emax + 10), ctx, st);
        }
        if e < ctx.etiny() - 10 {
            return finalize(Dec::new(false, Coeff::from_u64(1), ctx.etiny() - 10), ctx, st);
        }
        if let Some(d) = settle(&c, e - places as i64, 1_000, false, ctx) {
            return finalize(d, ctx, st);
        }
        extra = extra * 2 + 4;
    }
}

/// `e^a` as a fixed-point number of one digit or two before the point, times a power of ten.
fn exp_parts(a: &Dec, places: u64) -> (Coeff, i64) {
    let x = fixed_of(a, places);
    // a = k ln(10) + r
    let big = places + 25;
    let l = ln10(big);
    let (k, r) = x.shl(25).divrem(&l);
    let mut k = k.to_u64().unwrap_or(0) as i64;
    let mut r = r;
    if a.neg {
        k = -k;
        if !r.is_zero() {
            k -= 1;
            r = l.sub(&r);
        }
    }
    // r < ln(10): whole powers of e first.
    let r = r.shr(25).0;
    let one = Coeff::power_of_ten(places);
    let (whole, rest) = r.divrem(&one);
    let mut e = exp_fixed(&rest, places);
    let n = whole.to_u64().unwrap_or(0);
    if n > 0 {
        let e1 = exp_fixed(&one, places);
        for _ in 0..n {
            e = e.mul(&e1).shr(places).0;
        }
    }
    (e, k)
}

/// The magnitude of a finite number in fixed point.
fn fixed_of(a: &Dec, places: u64) -> Coeff {
    let shift = a.exp + places as i64;
    if shift >= 0 { a.coeff.shl(shift as u64) } else { a.coeff.shr(shift.unsigned_abs()).0 }
}

/// `ln(a)` in fixed point.
fn ln_parts(a: &Dec, places: u64) -> Fixed {
    // a = m * 10^k with 1 <= m < 10; with m below one for numbers just below one, so that nothing cancels.
    let k = a.adjusted();
    let shift = places as i64 - (a.digits() - 1);
    let m = if shift >= 0 { a.coeff.shl(shift as u64) } else { a.coeff.shr(shift.unsigned_abs()).0 };
    let lm = ln_fixed(&m, places);
    let l10 = ln10(places + 20);
    let kl = Fixed::new(k < 0, l10.mul(&Coeff::from_u64(k.unsigned_abs())).shr(20).0);
    kl.add(&lm)
}

/// How many digits of the logarithm are lost because the number is close to one.
fn cancelled(a: &Dec) -> u64 {
    let one = Dec::from_i64(1);
    let mut st = 0;
    let d = super::arith::sub(a, &one, &Ctx::MAX, &mut st);
    if d.is_zero() || d.is_special() { 0 } else { (-d.adjusted()).max(0) as u64 }
}

/// The natural logarithm, correctly rounded half to even.
pub fn ln(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    logarithm(a, false, ctx, st)
}

/// The logarithm to base ten.
pub fn log10(a: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    logarithm(a, true, ctx, st)
}

fn logarithm(a: &Dec, ten: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, None, ctx, st) {
        return n;
    }
    if a.is_zero() {
        return Dec::inf(true);
    }
    if a.neg {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    if a.is_inf() {
        return Dec::inf(false);
    }
    let ctx = &Ctx { round: Round::HalfEven, ..*ctx };
    let zeros = a.coeff.trailing_zeros();
    if zeros + 1 == a.coeff.digits() && a.coeff.digit_at(zeros) == 1 {
        // A power of ten.
        let k = a.adjusted();
        if ten || k == 0 {
            return finalize(Dec::from_i64(k), ctx, st);
        }
    }
    if too_long(ctx.prec) {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let lost = cancelled(a);
    if lost > ctx.prec as u64 + 8 && !ten {
        // ln(1 + d) is d, less half its square.
        let one = Dec::from_i64(1);
        let mut ignored = 0;
        let d = super::arith::sub(a, &one, &Ctx::MAX, &mut ignored);
        let c = d.coeff.shl(ctx.prec as u64 + 4);
        let c = if d.neg { c.add_one() } else { c.sub(&Coeff::from_u64(1)) };
        return finalize(Dec::new(d.neg, c, d.exp - ctx.prec - 4), ctx, st);
    }
    let mut extra = 6u64;
    loop {
        let places = ctx.prec as u64 + lost + extra + 4;
        let mut r = ln_parts(a, places + 6);
        if ten {
            let l = Fixed::new(false, ln10(places + 6));
            r = r.div(&l, places + 6);
        }
        let c = r.c.shr(6).0;
        if let Some(d) = settle(&c, -(places as i64), 100, r.neg, ctx) {
            return finalize(d, ctx, st);
        }
        extra = extra * 2 + 4;
    }
}

/// `a ** b`.
pub fn pow(a: &Dec, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(n) = check_nans(a, Some(b), ctx, st) {
        return n;
    }
    let one = Dec::from_i64(1);
    if b.is_zero() {
        if a.is_zero() {
            return Dec::invalid(INVALID_OPERATION, st);
        }
        return one;
    }
    let mut neg = false;
    let mut base = a.clone();
    if a.neg {
        if b.is_integer() {
            neg = b.is_odd();
        } else if !a.is_zero() {
            return Dec::invalid(INVALID_OPERATION, st);
        }
        base = a.with_sign(false);
    }
    if a.is_zero() {
        return if b.neg { Dec::inf(neg) } else { Dec::zero(neg, 0) };
    }
    if a.is_inf() {
        return if b.neg { Dec::zero(neg, 0) } else { Dec::inf(neg) };
    }
    let to_one = super::compare::cmp_numbers(&base, &one);
    if to_one == Ordering::Equal {
        return pow_of_one(&base, neg, b, ctx, st);
    }
    if b.is_inf() {
        return if b.neg == (to_one == Ordering::Less) { Dec::inf(neg) } else { Dec::zero(neg, 0) };
    }
    // |log10(base)| * |b| bounds the exponent of the result.
    let self_adj = base.adjusted();
    let grows = (to_one == Ordering::Greater) != b.neg;
    if let Some(out_of_range) = pow_bounds(&base, b, self_adj, grows, ctx) {
        let e = if out_of_range { ctx.emax.saturating_add(10) } else { ctx.etiny().saturating_sub(10) };
        return finalize(Dec::new(neg, Coeff::from_u64(1), e), ctx, st);
    }
    if (b.neg || !b.is_integer()) && too_long(ctx.prec) {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    if let Some(n) = b.to_i64() {
        return pow_int(&base, n, neg, ctx, st);
    }
    pow_real(&base, b, neg, ctx, st)
}

fn pow_of_one(base: &Dec, neg: bool, b: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if b.is_integer() && b.is_finite() {
        // 1.000 to an integer power keeps as many zeros as the exact result has.
        let exp = match (b.neg, b.to_i64()) {
            (true, _) => 1 - ctx.prec,
            (_, Some(n)) if base.exp.checked_mul(n).is_some_and(|e| e > 1 - ctx.prec) => base.exp * n,
            _ => 1 - ctx.prec,
        };
        if exp == 0 || base.exp == 0 {
            return Dec::new(neg, Coeff::from_u64(1), 0);
        }
        if exp == 1 - ctx.prec && b.to_i64().is_none_or(|n| base.exp.checked_mul(n) != Some(exp)) {
            *st |= ROUNDED;
        }
        if too_long(exp.abs()) {
            return Dec::invalid(MALLOC_ERROR, st);
        }
        return Dec::new(neg, Coeff::power_of_ten(exp.unsigned_abs()), exp);
    }
    *st |= INEXACT | ROUNDED;
    if too_long(ctx.prec) {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    Dec::new(neg, Coeff::power_of_ten((ctx.prec - 1) as u64), 1 - ctx.prec)
}

/// Whether the result surely overflows (`true`) or underflows (`false`).
fn pow_bounds(base: &Dec, b: &Dec, self_adj: i64, grows: bool, ctx: &Ctx) -> Option<bool> {
    // A lower bound of the decimal exponent of |log10(base)|.
    let log_exp = if self_adj >= 1 {
        digits_of(self_adj) - 1
    } else if self_adj <= -2 {
        digits_of(-1 - self_adj) - 1
    } else {
        // Near one: |base - 1| tells.
        let mut st = 0;
        let d = super::arith::sub(base, &Dec::from_i64(1), &Ctx::MAX, &mut st);
        d.adjusted() - 1
    };
    let bound = log_exp + b.adjusted();
    let limit = if grows { digits_of(ctx.emax) } else { digits_of(-ctx.etiny()) };
    if bound >= limit { Some(grows) } else { None }
}

fn digits_of(n: i64) -> i64 {
    Coeff::from_u64(n.unsigned_abs()).digits() as i64
}

/// An integer power by squaring, to more digits than are needed.
fn pow_int(base: &Dec, n: i64, neg: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    let m = n.unsigned_abs();
    let work = ctx.prec.saturating_add(digits_of(n) + 8);
    let mut inexact = false;
    let (mut c, mut e) = (Coeff::from_u64(1), 0i64);
    let (mut b, mut be) = (base.coeff.clone(), base.exp);
    let mut k = m;
    loop {
        if k & 1 == 1 {
            let (p, moved) = shorten(c.mul(&b), work, &mut inexact);
            c = p;
            e = e.saturating_add(be).saturating_add(moved);
        }
        k >>= 1;
        if k == 0 {
            break;
        }
        let (p, moved) = shorten(b.mul(&b), work, &mut inexact);
        b = p;
        be = be.saturating_mul(2).saturating_add(moved);
        if be.abs() > 8_000_000_000_000_000_000 {
            break;
        }
    }
    if n < 0 {
        let one = Dec::from_i64(1);
        let d = Dec::new(neg, c, e);
        let mut local = 0;
        let wide = Ctx { prec: work, round: ctx.round, ..Ctx::MAX };
        let q = super::arith::div(&one, &d, &wide, &mut local);
        if local & INEXACT == 0 && !inexact {
            return finalize(q, ctx, st);
        }
        return finalize_inexact(q, ctx, st);
    }
    let d = Dec::new(neg, c, e);
    if inexact { finalize_inexact(d, ctx, st) } else { finalize(d, ctx, st) }
}

/// Rounds a result that is known not to be exact.
fn finalize_inexact(d: Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    let missing = ctx.prec + 2 - d.digits();
    let mut d = d;
    if missing > 0 {
        d.coeff = d.coeff.shl(missing as u64);
        d.exp -= missing;
    }
    *st |= INEXACT | ROUNDED;
    let r = finalize(d, ctx, st);
    if *st & SUBNORMAL != 0 {
        *st |= UNDERFLOW;
    }
    r
}

/// `e^(b ln a)` for a fractional or huge exponent.
fn pow_real(base: &Dec, b: &Dec, neg: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    if let Some(d) = exact_root_power(base, b, neg, ctx) {
        // Such results count as rounded, whatever they are.
        return finalize_inexact(d, ctx, st);
    }
    // |b ln(a)| is below ten to this power: too small to show in the digits of the result, it needs no logarithm.
    let magnitude = b.adjusted() + digits_of(base.adjusted()) + 3;
    let tries = if magnitude < -(ctx.prec + 2) { 0 } else { 4 };
    let mut extra = 8u64;
    for _ in 0..tries {
        // Digits before the point of b * ln(a).
        let size = (b.adjusted() + digits_of(base.adjusted()) + 2).clamp(0, 60) as u64;
        let places = ctx.prec as u64 + size + extra + cancelled(base).min(100) + (-b.adjusted()).max(0) as u64 / 8 + 6;
        let l = ln_parts(base, places + b.digits() as u64);
        let shift = b.exp - b.digits();
        // l is scaled by places + digits(b); the product with b.coeff gets scaled to `places`.
        let p = l.c.mul(&b.coeff);
        let product = if shift >= 0 { p.shl(shift as u64) } else { p.shr(shift.unsigned_abs()).0 };
        let x = Dec::new(l.neg != b.neg, product, -(places as i64));
        if x.is_zero() {
            extra *= 4;
            continue;
        }
        let (c, e) = exp_parts(&x, places);
        if e > ctx.emax + 1 || e < ctx.etiny() - 10 {
            let far = if e > 0 { ctx.emax + 10 } else { ctx.etiny() - 10 };
            return finalize(Dec::new(neg, Coeff::from_u64(1), far), ctx, st);
        }
        if let Some(d) = settle(&c, e - places as i64, 100_000, neg, ctx) {
            return finalize_inexact(d, ctx, st);
        }
        extra *= 4;
    }
    // Next to one.
    let c = Coeff::power_of_ten(ctx.prec as u64 + 2);
    let below = (super::compare::cmp_numbers(base, &Dec::from_i64(1)) == Ordering::Less) != b.neg;
    let c = if below { c.sub(&Coeff::from_u64(1)) } else { c.add_one() };
    finalize(Dec::new(neg, c, -ctx.prec - 2), ctx, st)
}

/// Results of fractional exponents that are exact, such as `4 ** 0.5`.
fn exact_root_power(base: &Dec, b: &Dec, neg: bool, ctx: &Ctx) -> Option<Dec> {
    // b = n / (2^i 5^j) in lowest terms; such roots are taken by repeated square and fifth roots.
    if b.exp >= 0 || -b.exp > 40 || b.digits() > 30 {
        return None;
    }
    let mut n = b.coeff.to_u128()?;
    let (mut twos, mut fives) = (-b.exp, -b.exp);
    while twos > 0 && n % 2 == 0 {
        n /= 2;
        twos -= 1;
    }
    while fives > 0 && n % 5 == 0 {
        n /= 5;
        fives -= 1;
    }
    if n > 1_000_000 || twos > 20 || fives > 10 || fives > 0 {
        return None;
    }
    let zeros = base.coeff.trailing_zeros();
    let (mut c, mut e) = (base.coeff.shr(zeros).0, base.exp + zeros as i64);
    for _ in 0..twos {
        if e % 2 != 0 {
            c = c.shl(1);
            e -= 1;
        }
        let r = c.isqrt();
        if r.mul(&r).cmp(&c) != Ordering::Equal {
            return None;
        }
        c = r;
        e /= 2;
    }
    let mut st = 0;
    let power = pow_int(&Dec::new(false, c, e), if b.neg { -(n as i64) } else { n as i64 }, neg, ctx, &mut st);
    if st & (INEXACT | ROUNDED) != 0 || power.is_special() {
        return None;
    }
    // As many digits as the precision has: the result counts as rounded.
    Some(power)
}

/// `a ** b % m` for integers.
pub fn pow_mod(a: &Dec, b: &Dec, m: &Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    for x in [a, b, m] {
        if x.is_snan() {
            return check_nans(x, None, ctx, st).unwrap_or_else(Dec::nan);
        }
    }
    for x in [a, b, m] {
        if x.is_nan() {
            return check_nans(x, None, ctx, st).unwrap_or_else(Dec::nan);
        }
    }
    if !(a.is_integer() && b.is_integer() && m.is_integer()) || b.neg && !b.is_zero() || m.is_zero() {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    if m.adjusted() >= ctx.prec || a.is_zero() && b.is_zero() {
        return Dec::invalid(INVALID_OPERATION, st);
    }
    let neg = a.neg && b.is_odd();
    let whole = |d: &Dec| if d.exp >= 0 { d.coeff.shl(d.exp as u64) } else { d.coeff.shr(d.exp.unsigned_abs()).0 };
    let modulus = whole(m);
    if a.exp > 4_000_000 || b.exp > 4_000_000 {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let mut base = whole(a).divrem(&modulus).1;
    let mut e = whole(b);
    let mut r = Coeff::from_u64(1).divrem(&modulus).1;
    while !e.is_zero() {
        let (half, odd) = e.div_word(2);
        if odd == 1 {
            r = r.mul(&base).divrem(&modulus).1;
        }
        base = base.mul(&base).divrem(&modulus).1;
        e = half;
    }
    Dec::new(neg && !r.is_zero(), r, 0)
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn show(d: &Dec) -> String {
        String::from_utf8(to_text(d, true, false)).unwrap_or_default()
    }

    fn ctx(prec: i64) -> Ctx {
        Ctx { prec, emax: 999_999, emin: -999_999, round: Round::HalfEven, clamp: false }
    }

    fn num(s: &str) -> Dec {
        parse(s.as_bytes()).unwrap_or_else(Dec::nan)
    }

    #[test]
    fn known_values() {
        let (c, mut st) = (ctx(28), 0);
        assert_eq!(show(&exp(&num("1"), &c, &mut st)), "2.718281828459045235360287471");
        assert_eq!(show(&ln(&num("2"), &c, &mut st)), "0.6931471805599453094172321215");
        assert_eq!(show(&ln(&num("10"), &c, &mut st)), "2.302585092994045684017991455");
        assert_eq!(show(&ln(&num("0.999999"), &c, &mut st)), "-0.000001000000500000333333583333533");
        assert_eq!(show(&log10(&num("70"), &c, &mut st)), "1.845098040014256830712216259");
        assert_eq!(show(&log10(&num("1e30"), &c, &mut st)), "30");
        assert_eq!(show(&sqrt(&num("2"), &c, &mut st)), "1.414213562373095048801688724");
        assert_eq!(show(&sqrt(&num("100"), &c, &mut st)), "10");
        assert_eq!(show(&exp(&num("-100"), &c, &mut st)), "3.720075976020835962959695804E-44");
        assert_eq!(show(&pow(&num("2"), &num("0.5"), &c, &mut st)), "1.414213562373095048801688724");
        assert_eq!(
            show(&pow(&num("2"), &num("100"), &c, &mut st)),
            "1267650600228229401496703205376"
                .replace("1267650600228229401496703205376", "1.267650600228229401496703205E+30")
        );
        assert_eq!(show(&pow(&num("2"), &num("-2"), &c, &mut st)), "0.25");
        assert_eq!(show(&div(&num("1"), &num("3"), &c, &mut st)), "0.3333333333333333333333333333");
        assert_eq!(show(&add(&num("1e20"), &num("1"), &c, &mut st)), "100000000000000000001");
        assert_eq!(show(&div(&num("1"), &num("8"), &c, &mut st)), "0.125");
    }
}
