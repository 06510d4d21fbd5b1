//! Reading and writing numbers.

use super::coeff::Coeff;
use super::value::*;

/// Reads a number from ASCII text without spaces and underscores; `None` if it is none.
pub fn parse(s: &[u8]) -> Option<Dec> {
    let (neg, s) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    let first = *s.first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return special(neg, s);
    }
    let end = s.iter().position(|c| !(c.is_ascii_digit() || *c == b'.')).unwrap_or(s.len());
    let (number, rest) = s.split_at(end);
    let mut exp = match rest {
        [] => 0i64,
        [b'e' | b'E', text @ ..] => exponent(text)?,
        _ => return None,
    };
    let mut digits = Vec::new();
    let digits = match number.iter().position(|c| *c == b'.') {
        None => number,
        Some(i) => {
            let (whole, fraction) = (&number[..i], &number[i + 1..]);
            if fraction.contains(&b'.') || whole.is_empty() && fraction.is_empty() {
                return None;
            }
            exp = exp.saturating_sub(fraction.len() as i64);
            digits.extend_from_slice(whole);
            digits.extend_from_slice(fraction);
            &digits
        }
    };
    Some(Dec::new(neg, Coeff::from_digits(digits), exp))
}

/// The exponents far beyond all contexts are all the same.
const FAR: i64 = 4_000_000_000_000_000_000;

fn exponent(s: &[u8]) -> Option<i64> {
    let (neg, s) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    if s.is_empty() || !s.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = s.iter().fold(0i64, |n, c| n.saturating_mul(10).saturating_add(i64::from(c - b'0'))).min(FAR);
    Some(if neg { -n } else { n })
}

fn special(neg: bool, s: &[u8]) -> Option<Dec> {
    let lower = s.to_ascii_lowercase();
    if lower == b"inf" || lower == b"infinity" {
        return Some(Dec::inf(neg));
    }
    let (kind, payload) = match lower.as_slice() {
        [b'n', b'a', b'n', rest @ ..] => (Kind::Nan, rest),
        [b's', b'n', b'a', b'n', rest @ ..] => (Kind::Snan, rest),
        _ => return None,
    };
    if !payload.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Dec { neg, kind, exp: 0, coeff: Coeff::from_digits(payload) })
}

/// The scientific or the engineering form.
pub fn to_text(d: &Dec, capitals: bool, engineering: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    if d.neg {
        out.push(b'-');
    }
    match d.kind {
        Kind::Inf => {
            out.extend_from_slice(b"Infinity");
            return out;
        }
        Kind::Nan | Kind::Snan => {
            out.extend_from_slice(if d.kind == Kind::Nan { b"NaN" } else { b"sNaN" });
            if !d.coeff.is_zero() {
                d.coeff.to_digits(&mut out);
            }
            return out;
        }
        Kind::Finite => {}
    }
    let mut digits = Vec::with_capacity(24);
    d.coeff.to_digits(&mut digits);
    let n = digits.len() as i64;
    // Digits before the point if there were no exponent.
    let left = d.exp.saturating_add(n);
    let dot = if d.exp <= 0 && left > -6 {
        left
    } else if !engineering {
        1
    } else if d.coeff.is_zero() {
        (left + 1).rem_euclid(3) - 1
    } else {
        (left - 1).rem_euclid(3) + 1
    };
    if dot <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + dot.unsigned_abs() as usize, b'0');
        out.extend_from_slice(&digits);
    } else if dot >= n {
        out.extend_from_slice(&digits);
        out.resize(out.len() + (dot - n) as usize, b'0');
    } else {
        out.extend_from_slice(&digits[..dot as usize]);
        out.push(b'.');
        out.extend_from_slice(&digits[dot as usize..]);
    }
    if left != dot {
        out.push(if capitals { b'E' } else { b'e' });
        out.extend_from_slice(format!("{:+}", left - dot).as_bytes());
    }
    out
}
