//! Complex numbers: arithmetic, reading and writing.

use crate::float::{Flags, format_double, text};

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplexError {
    /// ZeroDivisionError
    ZeroDivision,
    /// OverflowError
    Overflow,
}

const fn c(re: f64, im: f64) -> Complex {
    Complex { re, im }
}

impl Complex {
    /// A number from its parts.
    pub const fn new(re: f64, im: f64) -> Self {
        c(re, im)
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, b: Complex) -> Complex {
        c(self.re + b.re, self.im + b.im)
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, b: Complex) -> Complex {
        c(self.re - b.re, self.im - b.im)
    }

    /// The product. Infinite factors give infinite products even where the plain formula yields NaN (C99, annex G).
    #[must_use]
    pub fn times(self, z: Complex) -> Complex {
        let (a, b, cc, d) = (self.re, self.im, z.re, z.im);
        let r = c(a * cc - b * d, a * d + b * cc);
        if !(r.re.is_nan() && r.im.is_nan()) {
            return r;
        }
        let (mut a, mut b, mut x, mut y) = (a, b, cc, d);
        let boxed = |v: f64| (if v.is_infinite() { 1f64 } else { 0.0 }).copysign(v);
        let zeroed = |v: f64| if v.is_nan() { 0f64.copysign(v) } else { v };
        let mut recalc = false;
        if a.is_infinite() || b.is_infinite() {
            (a, b, x, y) = (boxed(a), boxed(b), zeroed(x), zeroed(y));
            recalc = true;
        }
        if x.is_infinite() || y.is_infinite() {
            (x, y, a, b) = (boxed(x), boxed(y), zeroed(a), zeroed(b));
            recalc = true;
        }
        if !recalc && [cc * self.re, self.im * d, self.re * d, self.im * cc].iter().any(|v| v.is_infinite()) {
            (a, b, x, y) = (zeroed(a), zeroed(b), zeroed(x), zeroed(y));
            recalc = true;
        }
        if recalc { c(f64::INFINITY * (a * x - b * y), f64::INFINITY * (a * y + b * x)) } else { r }
    }

    /// The quotient, by Smith's method.
    pub fn over(self, z: Complex) -> Result<Complex, ComplexError> {
        let (ar, ai) = (z.re.abs(), z.im.abs());
        let mut r = if ar >= ai {
            if ar == 0.0 {
                return Err(ComplexError::ZeroDivision);
            }
            let ratio = z.im / z.re;
            let d = z.re + z.im * ratio;
            c((self.re + self.im * ratio) / d, (self.im - self.re * ratio) / d)
        } else if ai >= ar {
            let ratio = z.re / z.im;
            let d = z.re * ratio + z.im;
            c((self.re * ratio + self.im) / d, (self.im * ratio - self.re) / d)
        } else {
            c(f64::NAN, f64::NAN)
        };
        if r.re.is_nan() && r.im.is_nan() {
            let boxed = |v: f64| (if v.is_infinite() { 1f64 } else { 0.0 }).copysign(v);
            if (self.re.is_infinite() || self.im.is_infinite()) && z.re.is_finite() && z.im.is_finite() {
                let (x, y) = (boxed(self.re), boxed(self.im));
                r = c(f64::INFINITY * (x * z.re + y * z.im), f64::INFINITY * (y * z.re - x * z.im));
            } else if (ar.is_infinite() || ai.is_infinite()) && self.re.is_finite() && self.im.is_finite() {
                let (x, y) = (boxed(z.re), boxed(z.im));
                r = c(0.0 * (self.re * x + self.im * y), 0.0 * (self.im * x - self.re * y));
            }
        }
        Ok(r)
    }

    /// A real number divided by a complex one.
    pub fn real_over(x: f64, z: Complex) -> Result<Complex, ComplexError> {
        let (ar, ai) = (z.re.abs(), z.im.abs());
        let mut r = if ar >= ai {
            if ar == 0.0 {
                return Err(ComplexError::ZeroDivision);
            }
            let ratio = z.im / z.re;
            let d = z.re + z.im * ratio;
            c(x / d, (-x * ratio) / d)
        } else if ai >= ar {
            let ratio = z.re / z.im;
            let d = z.re * ratio + z.im;
            c((x * ratio) / d, -x / d)
        } else {
            c(f64::NAN, f64::NAN)
        };
        if r.re.is_nan() && r.im.is_nan() && x.is_finite() && (ar.is_infinite() || ai.is_infinite()) {
            let boxed = |v: f64| (if v.is_infinite() { 1f64 } else { 0.0 }).copysign(v);
            r = c(0.0 * (x * boxed(z.re)), 0.0 * (-x * boxed(z.im)));
        }
        Ok(r)
    }

    /// The power.
    pub fn power(self, e: Complex) -> Result<Complex, ComplexError> {
        if e.im == 0.0 && e.re == e.re.floor() && e.re.abs() <= 100.0 {
            let r = self.power_int(e.re as i32)?;
            return r.checked();
        }
        if e.re == 0.0 && e.im == 0.0 {
            return Ok(c(1.0, 0.0));
        }
        if self.re == 0.0 && self.im == 0.0 {
            return if e.im != 0.0 || e.re < 0.0 { Err(ComplexError::ZeroDivision) } else { Ok(c(0.0, 0.0)) };
        }
        let len = self.re.hypot(self.im);
        let angle = self.im.atan2(self.re);
        let (mut size, mut phase) = (len.powf(e.re), angle * e.re);
        if e.im != 0.0 {
            size *= (-angle * e.im).exp();
            phase += e.im * len.ln();
        }
        c(size * phase.cos(), size * phase.sin()).checked()
    }

    fn checked(self) -> Result<Complex, ComplexError> {
        if self.re.is_infinite() || self.im.is_infinite() { Err(ComplexError::Overflow) } else { Ok(self) }
    }

    fn power_int(self, n: i32) -> Result<Complex, ComplexError> {
        let mut r = c(1.0, 0.0);
        let mut p = self;
        let k = n.unsigned_abs();
        let mut mask = 1;
        while mask <= k {
            if k & mask != 0 {
                r = r.times(p);
            }
            mask <<= 1;
            p = p.times(p);
        }
        if n > 0 { Ok(r) } else { c(1.0, 0.0).over(r) }
    }

    /// `repr(z)`
    pub fn repr(self) -> String {
        let plain = Flags::default();
        if self.re == 0.0 && self.re.is_sign_positive() {
            return format_double(self.im, b'r', 0, plain) + "j";
        }
        let im = format_double(self.im, b'r', 0, Flags { sign: true, ..plain });
        format!("({}{im}j)", format_double(self.re, b'r', 0, plain))
    }
}

/// `complex(text)` for ASCII text. None if it is malformed.
pub fn parse(s: &[u8]) -> Option<Complex> {
    let s = text::strip_underscores(text::trim_space(s))?;
    let mut s = text::trim_space(&s);
    if let [b'(', inner @ .., b')'] = s {
        s = text::trim_space(inner);
    }
    let unit = |s: &[u8]| match s.first() {
        Some(b'+') => (1, 1.0),
        Some(b'-') => (1, -1.0),
        _ => (0, 1.0),
    };
    let j = |s: &[u8]| matches!(s, [b'j' | b'J']);
    let Some((n, x)) = text::parse_prefix(s) else {
        let (n, sign) = unit(s);
        return j(&s[n..]).then_some(c(0.0, sign));
    };
    let rest = &s[n..];
    match rest {
        [] => Some(c(x, 0.0)),
        [b'+' | b'-', ..] => {
            let (n, y) = text::parse_prefix(rest).unwrap_or_else(|| unit(rest));
            j(&rest[n..]).then_some(c(x, y))
        }
        _ => j(rest).then_some(c(0.0, x)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text() {
        for (s, re, im) in [
            ("1+2j", 1.0, 2.0),
            (" ( 1_0-j ) ", 10.0, -1.0),
            ("j", 0.0, 1.0),
            ("-1.5e3J", 0.0, -1500.0),
            ("3", 3.0, 0.0),
            ("inf-infj", f64::INFINITY, f64::NEG_INFINITY),
        ] {
            assert_eq!(parse(s.as_bytes()), Some(c(re, im)), "{s}");
        }
        for s in ["", "1+", "1+2", "j1", "1 + 2j", "(1", "1)", "1+2jj", "+", "()", "1++2j"] {
            assert_eq!(parse(s.as_bytes()), None, "{s}");
        }
        assert_eq!(c(1.0, -0.0).repr(), "(1-0j)");
        assert_eq!(c(0.0, 2.5).repr(), "2.5j");
        assert_eq!(c(-0.0, f64::NAN).repr(), "(-0+nanj)");
    }

    #[test]
    fn arithmetic() {
        assert_eq!(c(1.0, 2.0).times(c(3.0, -4.0)), c(11.0, 2.0));
        assert_eq!(c(1.0, 2.0).over(c(3.0, -4.0)), Ok(c(-0.2, 0.4)));
        assert_eq!(c(1.0, 2.0).over(c(0.0, 0.0)), Err(ComplexError::ZeroDivision));
        assert_eq!(c(1.0, 2.0).power(c(3.0, 0.0)), Ok(c(-11.0, -2.0)));
        assert_eq!(c(1.0, 2.0).power(c(0.5, -1.5)), Ok(c(6.248604836334073, -4.784858580631062)));
        assert_eq!(c(0.0, 0.0).power(c(-1.0, 0.0)), Err(ComplexError::ZeroDivision));
        assert_eq!(c(1e300, 1.0).power(c(2.0, 0.0)), Err(ComplexError::Overflow));
        let inf = c(f64::INFINITY, f64::NAN).times(c(1.0, 1.0));
        assert!(inf.re.is_infinite());
    }
}
