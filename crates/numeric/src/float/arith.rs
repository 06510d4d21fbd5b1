//! Arithmetic of doubles where Python says more than IEEE 754 does.

use crate::digits::{self, Big, convert};

/// `divmod(x, y)` for `y != 0`: the quotient is a floor, the remainder has the divisor's sign.
pub fn divmod(x: f64, y: f64) -> (f64, f64) {
    let mut m = x % y;
    // x - m is a multiple of y up to rounding; the quotient is made exact below.
    let mut div = (x - m) / y;
    if m != 0.0 {
        if (y < 0.0) != (m < 0.0) {
            m += y;
            div -= 1.0;
        }
    } else {
        m = 0f64.copysign(y);
    }
    let q = if div != 0.0 {
        let f = div.floor();
        if div - f > 0.5 { f + 1.0 } else { f }
    } else {
        0f64.copysign(x / y)
    };
    (q, m)
}

/// `x // y` for `y != 0`.
pub fn floor_div(x: f64, y: f64) -> f64 {
    divmod(x, y).0
}

/// `x % y` for `y != 0`.
pub fn rem(x: f64, y: f64) -> f64 {
    let m = x % y;
    if m == 0.0 {
        0f64.copysign(y)
    } else if (y < 0.0) != (m < 0.0) {
        m + y
    } else {
        m
    }
}

/// What raising a double to a power comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PowOutcome {
    /// A number.
    Value(f64),
    /// ZeroDivisionError: "zero to a negative power"
    ZeroToNegative,
    /// A negative base with a fractional exponent: the result is complex.
    Complex,
    /// OverflowError: (34, 'Numerical result out of range')
    Overflow,
}

/// `x ** y`
pub fn pow(x: f64, y: f64) -> PowOutcome {
    use PowOutcome::*;
    if y == 0.0 || x == 1.0 {
        return Value(1.0);
    }
    if x.is_nan() || y.is_nan() {
        return Value(if x.is_nan() { x } else { y });
    }
    if y.is_infinite() {
        let a = x.abs();
        return Value(if a == 1.0 {
            1.0
        } else if (y > 0.0) == (a > 1.0) {
            y.abs()
        } else {
            0.0
        });
    }
    let odd = y.abs() % 2.0 == 1.0;
    if x.is_infinite() {
        return Value(match (y > 0.0, odd) {
            (true, true) => x,
            (true, false) => x.abs(),
            (false, true) => 0f64.copysign(x),
            (false, false) => 0.0,
        });
    }
    if x == 0.0 {
        return match (y > 0.0, odd) {
            (true, true) => Value(x),
            (true, false) => Value(0.0),
            (false, _) => ZeroToNegative,
        };
    }
    let mut base = x;
    let mut negate = false;
    if x < 0.0 {
        if y.floor() != y {
            return Complex;
        }
        base = -x;
        negate = odd;
    }
    if base == 1.0 {
        return Value(if negate { -1.0 } else { 1.0 });
    }
    let r = base.powf(y);
    if r.is_infinite() {
        return Overflow;
    }
    Value(if negate { -r } else { r })
}

/// The rounded value is too large for a double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundOverflow;

/// `round(x, ndigits)`: rounds the exact value, halves to even. Infinities and NaN come back unchanged.
pub fn round_ndigits(x: f64, ndigits: i64) -> Result<f64, RoundOverflow> {
    if !x.is_finite() || ndigits > 323 || x == 0.0 {
        return Ok(x);
    }
    if ndigits < -308 {
        return Ok(0f64.copysign(x));
    }
    if ndigits >= 0 {
        let p = ndigits as usize;
        let s = format!("{:.p$}", x.abs());
        let v: f64 = s.parse().unwrap_or(f64::INFINITY);
        return if v.is_finite() { Ok(v.copysign(x)) } else { Err(RoundOverflow) };
    }
    let Some(int) = convert::from_f64(x.abs()) else {
        return Ok(x);
    };
    let power = Big::from(10u64).as_ref().pow(ndigits.unsigned_abs());
    let (q, r) = digits::divrem(&int.digits, &power.digits);
    let up = match digits::cmp(&digits::shl(&r, 1), &power.digits) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => x.fract() != 0.0 || q.first().is_some_and(|d| d & 1 == 1),
    };
    let q = if up { digits::add(&q, &[1]) } else { q };
    let v = digits::mul(&q, &power.digits);
    let v = convert::to_f64(digits::BigRef::new(false, &v)).map_err(|_| RoundOverflow)?;
    Ok(v.copysign(x))
}

/// `round(x)`: the nearest integer, halves to even.
pub fn round_half_even(x: f64) -> f64 {
    x.round_ties_even()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division() {
        assert_eq!(divmod(7.0, -2.0), (-4.0, -1.0));
        assert_eq!(divmod(-7.0, 2.0), (-4.0, 1.0));
        assert_eq!(divmod(1.0, 0.1), (9.0, 0.09999999999999995));
        assert_eq!(divmod(-1e-100, 1.0), (-1.0, 1.0));
        assert!(divmod(-0.0, 3.0).0.is_sign_negative());
        assert!(rem(-0.0, -3.0).is_sign_negative());
        assert_eq!(rem(5.5, f64::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn powers() {
        use PowOutcome::*;
        assert_eq!(pow(-2.0, 0.5), Complex);
        assert_eq!(pow(-2.0, 3.0), Value(-8.0));
        assert_eq!(pow(0.0, -1.0), ZeroToNegative);
        assert_eq!(pow(1e200, 2.0), Overflow);
        assert_eq!(pow(f64::NAN, 0.0), Value(1.0));
        assert_eq!(pow(-1.0, f64::INFINITY), Value(1.0));
        assert_eq!(pow(f64::NEG_INFINITY, -3.0), Value(-0.0));
    }

    #[test]
    fn rounding() {
        assert_eq!(round_ndigits(2.675, 2), Ok(2.67));
        assert_eq!(round_ndigits(0.125, 2), Ok(0.12));
        assert_eq!(round_ndigits(-25.0, -1), Ok(-20.0));
        assert_eq!(round_ndigits(25.000001, -1), Ok(30.0));
        assert_eq!(round_ndigits(1.7e308, -308), Err(RoundOverflow));
        assert_eq!(round_ndigits(5e-324, 323), Ok(0.0));
        assert_eq!(round_ndigits(1e22, -22), Ok(1e22));
    }
}
