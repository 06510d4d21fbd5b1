//! Hexadecimal text of doubles: `float.hex` and `float.fromhex`.

use std::fmt::Write;

use super::text::trim_space;

/// `x.hex()`
pub fn to_hex(x: f64) -> String {
    if !x.is_finite() {
        return super::repr(x).as_str().to_owned();
    }
    let mut out = String::new();
    if x.is_sign_negative() {
        out.push('-');
    }
    if x == 0.0 {
        out.push_str("0x0.0p+0");
        return out;
    }
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let biased = (bits >> 52 & 0x7ff) as i32;
    let (lead, exp) = if biased == 0 { (0, -1022) } else { (1, biased - 1023) };
    let _ = write!(out, "0x{lead}.{fraction:013x}p{exp:+}");
    out
}

/// Why a text is no hexadecimal float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// "invalid hexadecimal floating-point string"
    Invalid,
    /// "hexadecimal value too large to represent as a float"
    Overflow,
}

/// `float.fromhex(text)`
pub fn from_hex(text: &[u8]) -> Result<f64, HexError> {
    let s = trim_space(text);
    let (neg, s) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let signed = |x: f64| if neg { -x } else { x };
    if s.eq_ignore_ascii_case(b"inf") || s.eq_ignore_ascii_case(b"infinity") {
        return Ok(signed(f64::INFINITY));
    }
    if s.eq_ignore_ascii_case(b"nan") {
        return Ok(signed(f64::NAN));
    }
    let s = match s {
        [b'0', b'x' | b'X', rest @ ..] => rest,
        _ => s,
    };
    let hex = |s: &[u8]| s.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    let int = hex(s);
    let mut at = int;
    let mut frac: &[u8] = &[];
    if s.get(at) == Some(&b'.') {
        frac = &s[at + 1..at + 1 + hex(&s[at + 1..])];
        at += 1 + frac.len();
    }
    if int + frac.len() == 0 {
        return Err(HexError::Invalid);
    }
    let mut exp = 0i64;
    if matches!(s.get(at), Some(b'p' | b'P')) {
        at += 1;
        let mut eneg = false;
        if let Some(c @ (b'+' | b'-')) = s.get(at) {
            eneg = *c == b'-';
            at += 1;
        }
        let digits = s[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 {
            return Err(HexError::Invalid);
        }
        for c in &s[at..at + digits] {
            exp = exp.saturating_mul(10).saturating_add(i64::from(c - b'0'));
        }
        at += digits;
        if eneg {
            exp = -exp;
        }
    }
    if at != s.len() {
        return Err(HexError::Invalid);
    }
    // The leading 64 bits, whether anything lies below, and the exponent of the lowest of them.
    let (mut mantissa, mut sticky) = (0u64, false);
    let mut low = 0i64;
    let digits = s[..int].iter().chain(frac);
    for &c in digits {
        let v = u64::from(crate::digits::text::digit_value(c).unwrap_or(0));
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | v;
        } else {
            sticky |= v != 0;
            low += 4;
        }
    }
    if mantissa == 0 {
        return Ok(signed(0.0));
    }
    let lz = mantissa.leading_zeros();
    let exp = exp.saturating_add(low).saturating_sub(4 * frac.len() as i64).saturating_sub(i64::from(lz));
    // Far outside the range of doubles the exact exponent does not matter.
    let exp = exp.clamp(-1 << 40, 1 << 40);
    crate::digits::convert::round_mantissa(mantissa << lz, sticky, exp).map(signed).map_err(|_| HexError::Overflow)
}
