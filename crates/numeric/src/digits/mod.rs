//! Magnitudes as slices of 30-bit digits, least significant first: the digits of the object layout.
//!
//! A slice is *normalised* when its last digit is not zero; zero is the empty slice. Functions take
//! normalised slices unless they say otherwise, and return normalised values or lengths. The `_into` functions
//! write to storage of the caller, so that an integer object's own digits can be the target.

use std::cmp::Ordering;

pub mod big;
pub mod convert;
pub mod gcd;
pub mod limbs;
pub(crate) mod ntt;
pub mod text;

#[cfg(test)]
mod tests;

pub use big::{Big, BigRef};

/// Bits per digit.
pub const SHIFT: u32 = 30;
/// All bits of a digit.
pub const MASK: u32 = (1 << SHIFT) - 1;

/// From this many digits (of the shorter factor) multiplication repacks into limbs.
const LIMB_MUL_MIN: usize = 10;

/// The slice without leading zero digits.
#[inline]
pub fn trim(d: &[u32]) -> &[u32] {
    &d[..normalized_len(d)]
}

/// The length of the slice without leading zero digits.
#[inline]
pub fn normalized_len(d: &[u32]) -> usize {
    let mut n = d.len();
    while n > 0 && d[n - 1] == 0 {
        n -= 1;
    }
    n
}

/// Drops leading zero digits.
#[inline]
pub fn normalize(v: &mut Vec<u32>) {
    v.truncate(normalized_len(v));
}

/// Compares two magnitudes.
pub fn cmp(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// Writes the digits of a 64-bit number; returns how many.
pub fn u64_into(out: &mut [u32; 3], x: u64) -> usize {
    *out = [x as u32 & MASK, (x >> 30) as u32 & MASK, (x >> 60) as u32];
    normalized_len(out)
}

/// The value, if it has at most 64 bits.
pub fn to_u64(d: &[u32]) -> Option<u64> {
    match *d {
        [] => Some(0),
        [a] => Some(u64::from(a)),
        [a, b] => Some(u64::from(a) | u64::from(b) << 30),
        [a, b, c] if c < 16 => Some(u64::from(a) | u64::from(b) << 30 | u64::from(c) << 60),
        _ => None,
    }
}

/// The lowest 64 bits of the magnitude.
pub fn low_u64(d: &[u32]) -> u64 {
    d.iter().take(3).enumerate().fold(0, |x, (i, &d)| x | u64::from(d) << (30 * i))
}

/// The number of significant bits.
#[inline]
pub fn bit_length(d: &[u32]) -> u64 {
    d.last().map_or(0, |t| (d.len() as u64 - 1) * 30 + u64::from(32 - t.leading_zeros()))
}

/// The number of one bits.
pub fn bit_count(d: &[u32]) -> u64 {
    d.iter().map(|x| u64::from(x.count_ones())).sum()
}

/// The number of zero bits below the lowest one bit (0 for zero).
pub fn trailing_zeros(d: &[u32]) -> u64 {
    match d.iter().position(|&x| x != 0) {
        Some(i) => i as u64 * 30 + u64::from(d[i].trailing_zeros()),
        None => 0,
    }
}

/// `out = a + b`; `out` needs one digit more than the longer of the two. Returns the length.
pub fn add_into(out: &mut [u32], a: &[u32], b: &[u32]) -> usize {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (low, high) = a.split_at(b.len());
    let mut carry = 0;
    let (out_low, out_rest) = out.split_at_mut(b.len());
    for ((o, &x), &y) in out_low.iter_mut().zip(low).zip(b) {
        carry += x + y;
        *o = carry & MASK;
        carry >>= 30;
    }
    for (o, &x) in out_rest.iter_mut().zip(high) {
        carry += x;
        *o = carry & MASK;
        carry >>= 30;
    }
    if carry != 0 {
        out[a.len()] = carry;
        a.len() + 1
    } else {
        a.len()
    }
}

/// `out = a - b` for `a >= b`; `out` needs the length of `a`. Returns the normalised length.
pub fn sub_into(out: &mut [u32], a: &[u32], b: &[u32]) -> usize {
    let (low, high) = a.split_at(b.len());
    let mut borrow = 0u32;
    let (out_low, out_rest) = out.split_at_mut(b.len());
    for ((o, &x), &y) in out_low.iter_mut().zip(low).zip(b) {
        let t = x.wrapping_sub(y).wrapping_sub(borrow);
        *o = t & MASK;
        borrow = t >> 31;
    }
    for (o, &x) in out_rest.iter_mut().zip(high) {
        let t = x.wrapping_sub(borrow);
        *o = t & MASK;
        borrow = t >> 31;
    }
    normalized_len(&out[..a.len()])
}

/// `out = a * b`; `out` needs the sum of the lengths. Returns the normalised length.
pub fn mul_into(out: &mut [u32], a: &[u32], b: &[u32]) -> usize {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let size = a.len() + b.len();
    if b.len() >= LIMB_MUL_MIN {
        let la = limbs::from_digits(a);
        let product = if std::ptr::eq(a, b) { limbs::mul(&la, &la) } else { limbs::mul(&la, &limbs::from_digits(b)) };
        return limbs::to_digits_into(&mut out[..size], &product);
    }
    let out = &mut out[..size];
    out.fill(0);
    for (j, &m) in b.iter().enumerate() {
        let mut carry = 0u64;
        for (o, &x) in out[j..].iter_mut().zip(a) {
            carry += u64::from(x) * u64::from(m) + u64::from(*o);
            *o = carry as u32 & MASK;
            carry >>= 30;
        }
        out[j + a.len()] = carry as u32;
    }
    normalized_len(out)
}

/// `out = a * m + add`; `out` needs one digit more than `a`. Returns the normalised length.
pub fn mul_digit_into(out: &mut [u32], a: &[u32], m: u32, add: u32) -> usize {
    let mut carry = u64::from(add);
    for (o, &x) in out.iter_mut().zip(a) {
        carry += u64::from(x) * u64::from(m);
        *o = carry as u32 & MASK;
        carry >>= 30;
    }
    out[a.len()] = carry as u32;
    normalized_len(&out[..=a.len()])
}

/// `out = a / d` for a non-zero digit `d`; `out` needs the length of `a`.
/// Returns the quotient's length and the remainder.
pub fn divrem_digit_into(out: &mut [u32], a: &[u32], d: u32) -> (usize, u32) {
    let mut rem = 0u64;
    for (o, &x) in out.iter_mut().zip(a).rev() {
        rem = rem << 30 | u64::from(x);
        *o = (rem / u64::from(d)) as u32;
        rem %= u64::from(d);
    }
    (normalized_len(&out[..a.len()]), rem as u32)
}

/// The remainder of a division by a non-zero digit.
pub fn rem_digit(a: &[u32], d: u32) -> u32 {
    a.iter().rev().fold(0u64, |r, &x| (r << 30 | u64::from(x)) % u64::from(d)) as u32
}

/// The sum.
pub fn add(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0; a.len().max(b.len()) + 1];
    let n = add_into(&mut out, a, b);
    out.truncate(n);
    out
}

/// The difference, for `a >= b`.
pub fn sub(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0; a.len()];
    let n = sub_into(&mut out, a, b);
    out.truncate(n);
    out
}

/// The product.
pub fn mul(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0; a.len() + b.len()];
    let n = mul_into(&mut out, a, b);
    out.truncate(n);
    out
}

/// The square.
pub fn square(a: &[u32]) -> Vec<u32> {
    mul(a, a)
}

/// Quotient and remainder; `b` must not be zero.
pub fn divrem(a: &[u32], b: &[u32]) -> (Vec<u32>, Vec<u32>) {
    if cmp(a, b) == Ordering::Less {
        return (Vec::new(), a.to_vec());
    }
    if let (Some(x), Some(y)) = (to_u64(a), to_u64(b)) {
        let digits = |x| {
            let mut out = [0; 3];
            let n = u64_into(&mut out, x);
            out[..n].to_vec()
        };
        return (digits(x / y), digits(x % y));
    }
    if let [d] = *b {
        let mut q = vec![0; a.len()];
        let (n, r) = divrem_digit_into(&mut q, a, d);
        q.truncate(n);
        return (q, if r == 0 { Vec::new() } else { vec![r] });
    }
    let (q, r) = limbs::divrem(&limbs::from_digits(a), &limbs::from_digits(b));
    (limbs::to_digits(&q), limbs::to_digits(&r))
}

/// How many digits `shl_into` needs at most.
pub fn shl_len(a: &[u32], bits: u64) -> u64 {
    a.len() as u64 + bits / 30 + 1
}

/// `out = a << bits`; returns the normalised length. `out` needs `shl_len` digits.
pub fn shl_into(out: &mut [u32], a: &[u32], bits: u64) -> usize {
    let (words, bits) = ((bits / 30) as usize, (bits % 30) as u32);
    out[..words].fill(0);
    let mut carry = 0u64;
    for (o, &x) in out[words..].iter_mut().zip(a) {
        carry |= u64::from(x) << bits;
        *o = carry as u32 & MASK;
        carry >>= 30;
    }
    out[words + a.len()] = carry as u32;
    normalized_len(&out[..=words + a.len()])
}

/// The magnitude shifted left.
pub fn shl(a: &[u32], bits: u64) -> Vec<u32> {
    if a.is_empty() {
        return Vec::new();
    }
    let mut out = vec![0; shl_len(a, bits) as usize];
    let n = shl_into(&mut out, a, bits);
    out.truncate(n);
    out
}

/// The magnitude shifted right, dropping bits.
pub fn shr(a: &[u32], bits: u64) -> Vec<u32> {
    let words = usize::try_from(bits / 30).unwrap_or(usize::MAX);
    let Some(a) = a.get(words..) else {
        return Vec::new();
    };
    let bits = (bits % 30) as u32;
    let mut out: Vec<u32> = (0..a.len())
        .map(|i| {
            let high = a.get(i + 1).copied().unwrap_or(0);
            ((u64::from(high) << 30 | u64::from(a[i])) >> bits) as u32 & MASK
        })
        .collect();
    normalize(&mut out);
    out
}

/// Whether any of the lowest `bits` bits is set.
pub fn any_low_bits(a: &[u32], bits: u64) -> bool {
    !a.is_empty() && trailing_zeros(a) < bits
}

/// Floor of the square root.
pub fn isqrt(a: &[u32]) -> Vec<u32> {
    limbs::to_digits(&limbs::isqrt(&limbs::from_digits(a)))
}

/// The hash of the magnitude: its value modulo 2^61 - 1.
pub fn hash_magnitude(a: &[u32]) -> u64 {
    const M: u64 = crate::hash::MODULUS;
    let mut x = 0u64;
    for &d in a.iter().rev() {
        x = (x << 30 & M) | x >> 31;
        x += u64::from(d);
        if x >= M {
            x -= M;
        }
    }
    x
}
