//! Between magnitudes, doubles and bytes.

use std::cmp::Ordering;

use super::{Big, BigRef, MASK, any_low_bits, bit_length, low_u64, shr};

/// The value does not fit the range of doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

/// Rounds `mantissa * 2^exp`, a little more if `sticky`, to the nearest double, halves to even.
/// The mantissa must have its top bit set (or be zero and not sticky).
pub fn round_mantissa(mantissa: u64, sticky: bool, exp: i64) -> Result<f64, Overflow> {
    if mantissa == 0 {
        return Ok(0.0);
    }
    // The unit of the result is 2^unit: 53 bits are kept, fewer among the subnormals.
    let unit = (exp + 11).max(-1074);
    let drop = unit - exp;
    if drop > 64 {
        return Ok(0.0);
    }
    let drop = drop as u32;
    let (mut kept, rest, half) = if drop == 64 {
        (0, mantissa, 1u64 << 63)
    } else {
        (mantissa >> drop, mantissa & ((1 << drop) - 1), 1u64 << (drop - 1))
    };
    if rest > half || (rest == half && (sticky || kept & 1 == 1)) {
        kept += 1;
    }
    if unit > 971 || (unit == 971 && kept >= 1 << 53) {
        return Err(Overflow);
    }
    // `kept` has at most 53 bits (or is exactly 2^53): both products are exact.
    let x = kept as f64;
    let power = |e: i64| f64::from_bits(((e + 1023) as u64) << 52);
    Ok(if unit < -1022 { x * power(-1000) * power(unit + 1000) } else { x * power(unit) })
}

/// The top 64 bits of a magnitude, whether anything non-zero lies below, and the exponent of the lowest bit kept.
fn top_bits(d: &[u32]) -> (u64, bool, i64) {
    let bits = bit_length(d);
    if bits <= 64 {
        let s = 64 - bits as u32;
        let x = low_u64(d);
        return (if x == 0 { 0 } else { x << s }, false, -i64::from(s));
    }
    let drop = bits - 64;
    let words = (drop / 30) as usize;
    (low_u64(&shr(&d[words..], drop % 30)), any_low_bits(d, drop), drop as i64)
}

/// The nearest double, halves to even.
pub fn to_f64(x: BigRef<'_>) -> Result<f64, Overflow> {
    let v = match *x.digits {
        [] => return Ok(0.0),
        [a] => f64::from(a),
        _ => {
            let (m, sticky, exp) = top_bits(x.digits);
            round_mantissa(m, sticky, exp)?
        }
    };
    Ok(if x.neg { -v } else { v })
}

/// The number as `(m, e)` with `0.5 <= |m| < 1` and value `m * 2^e`, rounded to the nearest double.
pub fn frexp(x: BigRef<'_>) -> (f64, i64) {
    let (m, sticky, exp) = top_bits(x.digits);
    if m == 0 {
        return (0.0, 0);
    }
    let f = round_mantissa(m, sticky, -64).unwrap_or(0.5);
    let (f, e) = if f >= 1.0 { (f / 2.0, exp + 65) } else { (f, exp + 64) };
    (if x.neg { -f } else { f }, e)
}

/// The integer part of a finite double. None for infinities and NaN.
pub fn from_f64(x: f64) -> Option<Big> {
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let exp = (bits >> 52 & 0x7ff) as i64 - 1075;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    if exp < -52 {
        return Some(Big::default());
    }
    let m = Big { neg: false, digits: Big::from(mantissa).digits };
    let mut big = if exp >= 0 { m.as_ref().shl(exp as u64) } else { m.as_ref().shr(-exp as u64) };
    big.neg = x < 0.0 && !big.digits.is_empty();
    Some(big)
}

/// What can go wrong in a true division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrueDivError {
    /// The divisor is zero.
    ZeroDivision,
    /// "integer division result too large for a float"
    Overflow,
}

/// `a / b`, correctly rounded.
pub fn true_div(a: BigRef<'_>, b: BigRef<'_>) -> Result<f64, TrueDivError> {
    if b.is_zero() {
        return Err(TrueDivError::ZeroDivision);
    }
    let neg = a.neg != b.neg;
    if a.is_zero() {
        return Ok(if b.neg { -0.0 } else { 0.0 });
    }
    let (la, lb) = (bit_length(a.digits), bit_length(b.digits));
    if la <= 53 && lb <= 53 {
        let q = low_u64(a.digits) as f64 / low_u64(b.digits) as f64;
        return Ok(if neg { -q } else { q });
    }
    let diff = la as i64 - lb as i64;
    if diff > 1025 {
        return Err(TrueDivError::Overflow);
    }
    if diff < -1080 {
        return Ok(if neg { -0.0 } else { 0.0 });
    }
    // Scaled so that the quotient has 63 or 64 bits.
    let s = 63 - diff;
    let (q, r) = if s >= 0 {
        super::divrem(&super::shl(a.digits, s as u64), b.digits)
    } else {
        super::divrem(a.digits, &super::shl(b.digits, -s as u64))
    };
    let mut m = low_u64(&q);
    let mut exp = -s;
    let lz = m.leading_zeros();
    m <<= lz;
    exp -= i64::from(lz);
    // The bit made free by the shift is unknown but covered by `sticky`: it lies far below the rounding position.
    let v = round_mantissa(m, !r.is_empty(), exp).map_err(|_| TrueDivError::Overflow)?;
    Ok(if neg { -v } else { v })
}

/// Compares a number with a finite double exactly.
pub fn cmp_f64(a: BigRef<'_>, x: f64) -> Ordering {
    if let Some(small) = a.to_i64().filter(|v| v.unsigned_abs() <= 1 << 53) {
        return (small as f64).partial_cmp(&x).unwrap_or(Ordering::Equal);
    }
    // |a| > 2^53. A double with a fraction is smaller than that in magnitude, so its integer part decides.
    match from_f64(x) {
        Some(b) => a.cmp(&b.as_ref()),
        None if x == f64::INFINITY => Ordering::Less,
        None => Ordering::Greater,
    }
}

/// Why a number does not fit its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BytesError {
    /// "int too big to convert"
    TooBig,
    /// "can't convert negative int to unsigned"
    Negative,
}

/// Writes the number as bytes, in two's complement if `signed`.
pub fn to_bytes_into(out: &mut [u8], x: BigRef<'_>, little: bool, signed: bool) -> Result<(), BytesError> {
    if x.neg && !signed {
        return Err(BytesError::Negative);
    }
    let room = out.len() as u64 * 8;
    let bits = bit_length(x.digits);
    let fits = if !signed {
        bits <= room
    } else if x.neg {
        // -2^(n-1) needs n bits, as do all that are nearer to zero.
        bits < room || (bits == room && super::trailing_zeros(x.digits) == room - 1)
    } else {
        bits < room || bits == 0
    };
    if !fits {
        return Err(BytesError::TooBig);
    }
    let (mut acc, mut have) = (0u64, 0u32);
    let mut digits = x.digits.iter();
    let mut carry = u32::from(x.neg);
    for byte in out.iter_mut() {
        if have < 8 {
            let d = digits.next().copied().unwrap_or(0);
            let d = if x.neg {
                let t = (d ^ MASK) + carry;
                carry = t >> 30;
                t & MASK
            } else {
                d
            };
            acc |= u64::from(d) << have;
            have += 30;
        }
        *byte = acc as u8;
        acc >>= 8;
        have -= 8;
    }
    if !little {
        out.reverse();
    }
    Ok(())
}

/// Reads a number from bytes, in two's complement if `signed`.
pub fn from_bytes(bytes: &[u8], little: bool, signed: bool) -> Big {
    let top = if little { bytes.last() } else { bytes.first() };
    let neg = signed && top.is_some_and(|b| b & 0x80 != 0);
    let mut digits = Vec::with_capacity(bytes.len() * 8 / 30 + 1);
    let (mut acc, mut have) = (0u64, 0u32);
    let mut carry = u32::from(neg);
    let mut push = |d: u32| {
        digits.push(if neg {
            let t = (d ^ MASK) + carry;
            carry = t >> 30;
            t & MASK
        } else {
            d
        });
    };
    let mut take = |b: u8| {
        acc |= u64::from(b) << have;
        have += 8;
        if have >= 30 {
            push(acc as u32 & MASK);
            acc >>= 30;
            have -= 30;
        }
    };
    if little {
        bytes.iter().for_each(|&b| take(b));
    } else {
        bytes.iter().rev().for_each(|&b| take(b));
    }
    if have > 0 {
        let fill = if neg { MASK << have & MASK } else { 0 };
        push(acc as u32 | fill);
    }
    Big::new(neg, digits)
}
