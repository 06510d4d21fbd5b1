//! Numbers, contexts and rounding.

use super::coeff::{Coeff, Rest};

/// Conditions, as bits of a status word.
#[allow(missing_docs)]
pub mod status {
    pub const CLAMPED: u32 = 0x1;
    pub const CONVERSION_SYNTAX: u32 = 0x2;
    pub const DIVISION_BY_ZERO: u32 = 0x4;
    pub const DIVISION_IMPOSSIBLE: u32 = 0x8;
    pub const DIVISION_UNDEFINED: u32 = 0x10;
    pub const FPU_ERROR: u32 = 0x20;
    pub const INEXACT: u32 = 0x40;
    pub const INVALID_CONTEXT: u32 = 0x80;
    pub const INVALID_OPERATION: u32 = 0x100;
    pub const MALLOC_ERROR: u32 = 0x200;
    pub const NOT_IMPLEMENTED: u32 = 0x400;
    pub const OVERFLOW: u32 = 0x800;
    pub const ROUNDED: u32 = 0x1000;
    pub const SUBNORMAL: u32 = 0x2000;
    pub const UNDERFLOW: u32 = 0x4000;
    pub const FLOAT_OPERATION: u32 = 0x8000;
    /// The conditions that are kinds of `InvalidOperation`.
    pub const IEEE_INVALID: u32 = CONVERSION_SYNTAX
        | DIVISION_IMPOSSIBLE
        | DIVISION_UNDEFINED
        | FPU_ERROR
        | INVALID_CONTEXT
        | INVALID_OPERATION
        | MALLOC_ERROR;
}
use status::*;

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

/// Coefficients of more digits are refused as too large for memory.
const MAX_DIGITS: i64 = 4_000_000_000;

/// How results are rounded; the order is that of the reference's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Round {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

/// What an operation needs to know of its context.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Ctx {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub round: Round,
    pub clamp: bool,
}

impl Ctx {
    /// The widest context, in which little is rounded.
    pub const MAX: Ctx = Ctx { prec: MAX_PREC, emax: MAX_EMAX, emin: MIN_EMIN, round: Round::HalfEven, clamp: false };

    /// The smallest exponent of a subnormal number.
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }

    /// The largest exponent of a number with a full coefficient.
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }

    /// A wide context of so many digits.
    pub fn wide(prec: i64) -> Ctx {
        Ctx { prec, ..Ctx::MAX }
    }
}

/// What kind of number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    Finite,
    Inf,
    Nan,
    Snan,
}

/// A number. The coefficient of a NaN is its payload.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Dec {
    pub neg: bool,
    pub kind: Kind,
    pub exp: i64,
    pub coeff: Coeff,
}

impl Dec {
    /// A finite number.
    #[inline]
    pub fn new(neg: bool, coeff: Coeff, exp: i64) -> Dec {
        Dec { neg, kind: Kind::Finite, exp, coeff }
    }

    pub fn zero(neg: bool, exp: i64) -> Dec {
        Dec::new(neg, Coeff::ZERO, exp)
    }

    pub fn from_i64(n: i64) -> Dec {
        Dec::new(n < 0, Coeff::from_u64(n.unsigned_abs()), 0)
    }

    pub fn inf(neg: bool) -> Dec {
        Dec { neg, kind: Kind::Inf, exp: 0, coeff: Coeff::ZERO }
    }

    pub fn nan() -> Dec {
        Dec { neg: false, kind: Kind::Nan, exp: 0, coeff: Coeff::ZERO }
    }

    /// A NaN, with the condition that made it.
    pub fn invalid(condition: u32, st: &mut u32) -> Dec {
        *st |= condition;
        Dec::nan()
    }

    #[inline(always)]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }
    #[inline(always)]
    pub fn is_special(&self) -> bool {
        self.kind != Kind::Finite
    }
    pub fn is_inf(&self) -> bool {
        self.kind == Kind::Inf
    }
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::Nan | Kind::Snan)
    }
    pub fn is_snan(&self) -> bool {
        self.kind == Kind::Snan
    }
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.kind == Kind::Finite && self.coeff.is_zero()
    }

    /// Digits of the coefficient.
    pub fn digits(&self) -> i64 {
        self.coeff.digits() as i64
    }

    /// The exponent of the first digit.
    pub fn adjusted(&self) -> i64 {
        self.exp + self.digits() - 1
    }

    pub fn is_normal(&self, ctx: &Ctx) -> bool {
        self.is_finite() && !self.is_zero() && self.adjusted() >= ctx.emin
    }
    pub fn is_subnormal(&self, ctx: &Ctx) -> bool {
        self.is_finite() && !self.is_zero() && self.adjusted() < ctx.emin
    }

    /// Whether a finite number is an integer.
    pub fn is_integer(&self) -> bool {
        self.is_finite() && (self.exp >= 0 || self.is_zero() || self.coeff.trailing_zeros() as i64 >= -self.exp)
    }

    /// Whether an integer is odd.
    pub fn is_odd(&self) -> bool {
        match self.exp {
            0 => self.coeff.is_odd(),
            e if e > 0 => false,
            e => self.coeff.digit_at(e.unsigned_abs()) % 2 == 1,
        }
    }

    pub fn with_sign(&self, neg: bool) -> Dec {
        Dec { neg, ..self.clone() }
    }

    /// The value of a small integer.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        if self.is_zero() {
            return Some(0);
        }
        if self.adjusted() > 18 {
            return None;
        }
        let c = if self.exp >= 0 { self.coeff.shl(self.exp as u64) } else { self.coeff.shr(self.exp.unsigned_abs()).0 };
        let n = c.to_u64()?;
        if self.neg { if n <= 1 << 63 { Some((n as i64).wrapping_neg()) } else { None } } else { i64::try_from(n).ok() }
    }
}

/// Whether digits that are cut off round the rest up in magnitude.
pub fn rounds_up(round: Round, neg: bool, kept: &Coeff, rest: Rest) -> bool {
    if rest == Rest::Zero {
        return false;
    }
    match round {
        Round::Up => true,
        Round::Down => false,
        Round::Ceiling => !neg,
        Round::Floor => neg,
        Round::HalfUp => matches!(rest, Rest::Half | Rest::Above),
        Round::HalfDown => rest == Rest::Above,
        Round::HalfEven => rest == Rest::Above || rest == Rest::Half && kept.is_odd(),
        Round::ZeroFiveUp => matches!(kept.digit_at(0), 0 | 5),
    }
}

/// Cuts `n` digits off, rounding. Whether anything but zeros was cut off.
pub fn cut(c: &Coeff, n: u64, round: Round, neg: bool) -> (Coeff, bool) {
    let (kept, rest) = c.shr(n);
    if rounds_up(round, neg, &kept, rest) { (kept.add_one(), true) } else { (kept, rest != Rest::Zero) }
}

/// The result that is too large for the context.
fn overflow(neg: bool, ctx: &Ctx, st: &mut u32) -> Dec {
    *st |= OVERFLOW | INEXACT | ROUNDED;
    let to_inf = match ctx.round {
        Round::HalfUp | Round::HalfEven | Round::HalfDown | Round::Up => true,
        Round::Down | Round::ZeroFiveUp => false,
        Round::Ceiling => !neg,
        Round::Floor => neg,
    };
    if to_inf {
        return Dec::inf(neg);
    }
    if ctx.prec > MAX_DIGITS {
        return Dec::invalid(MALLOC_ERROR, st);
    }
    let nines = Coeff::power_of_ten(ctx.prec as u64).sub(&Coeff::from_u64(1));
    Dec::new(neg, nines, ctx.etop())
}

/// Fits a number into a context.
#[inline]
pub fn finalize(d: Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    if d.is_finite() {
        let digits = d.digits();
        if digits <= ctx.prec && !d.coeff.is_zero() {
            let adjusted = d.exp + digits - 1;
            if adjusted >= ctx.emin && adjusted <= ctx.emax && (!ctx.clamp || d.exp <= ctx.etop()) {
                return d;
            }
        }
    }
    finalize_slow(d, ctx, st)
}

#[cold]
fn fix_nan(mut d: Dec, ctx: &Ctx) -> Dec {
    let max = ctx.prec - i64::from(ctx.clamp);
    if max <= 0 {
        d.coeff = Coeff::ZERO;
    } else if d.digits() > max {
        d.coeff = d.coeff.low(max as u64);
    }
    d
}

fn finalize_slow(mut d: Dec, ctx: &Ctx, st: &mut u32) -> Dec {
    match d.kind {
        Kind::Finite => {}
        Kind::Inf => return d,
        Kind::Nan | Kind::Snan => return fix_nan(d, ctx),
    }
    let (etiny, etop) = (ctx.etiny(), ctx.etop());
    if d.coeff.is_zero() {
        let max = if ctx.clamp { etop } else { ctx.emax };
        let e = d.exp.min(max).max(etiny);
        if e != d.exp {
            *st |= CLAMPED;
            d.exp = e;
        }
        return d;
    }
    let digits = d.digits();
    // The exponent that the result must have at least.
    let mut min = digits + d.exp - ctx.prec;
    if min > etop {
        return overflow(d.neg, ctx, st);
    }
    let subnormal = min < etiny;
    if subnormal {
        min = etiny;
    }
    if d.exp < min {
        let n = (min - d.exp) as u64;
        // Everything beyond the first digit that is cut off counts as a little.
        let (mut c, inexact) = if n > digits as u64 + 1 {
            cut(&Coeff::from_u64(1), 2, ctx.round, d.neg)
        } else {
            cut(&d.coeff, n, ctx.round, d.neg)
        };
        if c.digits() as i64 > ctx.prec {
            c = c.shr(1).0;
            min += 1;
        }
        if min > etop {
            return overflow(d.neg, ctx, st);
        }
        if inexact && subnormal {
            *st |= UNDERFLOW;
        }
        if subnormal {
            *st |= SUBNORMAL;
        }
        if inexact {
            *st |= INEXACT;
        }
        *st |= ROUNDED;
        if c.is_zero() {
            *st |= CLAMPED;
        }
        d.coeff = c;
        d.exp = min;
        return d;
    }
    if subnormal {
        *st |= SUBNORMAL;
    }
    if ctx.clamp && d.exp > etop {
        *st |= CLAMPED;
        d.coeff = d.coeff.shl((d.exp - etop) as u64);
        d.exp = etop;
    }
    d
}

/// Zeros appended to a coefficient, unless there would be too many.
pub fn pad(c: &Coeff, n: i64, st: &mut u32) -> Option<Coeff> {
    if n > MAX_DIGITS {
        *st |= MALLOC_ERROR;
        return None;
    }
    Some(c.shl(n.max(0) as u64))
}

/// Whether a result of so many digits can be held.
pub fn too_long(digits: i64) -> bool {
    digits > MAX_DIGITS
}

/// The NaN that results from NaN operands, if there is one: signalling ones first, then the first.
pub fn check_nans(a: &Dec, b: Option<&Dec>, ctx: &Ctx, st: &mut u32) -> Option<Dec> {
    let b_nan = b.filter(|b| b.is_nan());
    if !a.is_nan() && b_nan.is_none() {
        return None;
    }
    let chosen = if a.is_snan() {
        a
    } else if let Some(b) = b_nan.filter(|b| b.is_snan() || !a.is_nan()) {
        b
    } else {
        a
    };
    if chosen.is_snan() {
        *st |= INVALID_OPERATION;
    }
    Some(fix_nan(Dec { kind: Kind::Nan, ..chosen.clone() }, ctx))
}
