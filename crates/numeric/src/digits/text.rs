//! Between magnitudes and text in bases 2 to 36.

use super::limbs;
use super::{Big, bit_length};

/// 10^19, the largest power of ten in a limb.
const CHUNK: u64 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: usize = 19;
/// Above this many limbs conversion to decimal divides and conquers.
const TO_DECIMAL_RECURSIVE: usize = 30;
/// Above this many chunks conversion from decimal divides and conquers.
const FROM_DECIMAL_RECURSIVE: usize = 64;

const LOWER: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Appends the decimal digits of a magnitude.
pub fn to_decimal(out: &mut Vec<u8>, d: &[u32]) {
    if let Some(mut x) = super::to_u64(d) {
        let mut buf = [0u8; 20];
        let mut at = buf.len();
        loop {
            at -= 1;
            buf[at] = b'0' + (x % 10) as u8;
            x /= 10;
            if x == 0 {
                break;
            }
        }
        out.extend_from_slice(&buf[at..]);
        return;
    }
    let mut x = limbs::from_digits(d);
    let start = out.len();
    if x.len() <= TO_DECIMAL_RECURSIVE {
        chunks(out, &mut x, 0);
    } else {
        // powers[k] = 10^(19 * 2^k), up to the one that halves the number.
        let mut powers = vec![vec![CHUNK]];
        while let Some(last) = powers.last()
            && last.len() * 2 - 1 <= x.len()
        {
            let next = limbs::mul(last, last);
            powers.push(next);
        }
        split(out, x, &powers, 0);
    }
    // The recursion pads on the left.
    let zeros = out[start..].iter().take_while(|&&c| c == b'0').count();
    out.drain(start..start + zeros);
}

/// Writes a small number, padded with zeros to `width` digits.
fn chunks(out: &mut Vec<u8>, x: &mut Vec<u64>, width: usize) {
    let mut parts = Vec::with_capacity(x.len() + 2);
    while !x.is_empty() {
        parts.push(limbs::divrem_1(x, CHUNK));
        limbs::trim(x);
    }
    let len = parts.len() * CHUNK_DIGITS;
    out.resize(out.len() + width.saturating_sub(len), b'0');
    for part in parts.into_iter().rev() {
        let mut buf = [b'0'; CHUNK_DIGITS];
        let mut part = part;
        for c in buf.iter_mut().rev() {
            *c = b'0' + (part % 10) as u8;
            part /= 10;
        }
        out.extend_from_slice(&buf);
    }
}

fn split(out: &mut Vec<u8>, mut x: Vec<u64>, powers: &[Vec<u64>], width: usize) {
    let Some((power, smaller)) = powers.split_last() else {
        return chunks(out, &mut x, width);
    };
    if x.len() <= TO_DECIMAL_RECURSIVE {
        return chunks(out, &mut x, width);
    }
    if limbs::cmp(&x, power).is_lt() {
        // Nothing above this power: the zeros there are written by whoever writes the rest.
        return split(out, x, smaller, width);
    }
    let low = CHUNK_DIGITS << smaller.len();
    let (q, r) = limbs::divrem(&x, power);
    drop(x);
    split(out, q, smaller, width.saturating_sub(low));
    split(out, r, smaller, low);
}

/// Appends the digits of a magnitude in a base that is a power of two, 2^`bits`.
fn to_power_of_two(out: &mut Vec<u8>, d: &[u32], bits: u32) {
    let count = bit_length(d).div_ceil(u64::from(bits)).max(1) as usize;
    let start = out.len();
    out.resize(start + count, b'0');
    let (mut acc, mut have) = (0u64, 0u32);
    let mut digits = d.iter();
    for c in out[start..].iter_mut().rev() {
        if have < bits {
            acc |= u64::from(digits.next().copied().unwrap_or(0)) << have;
            have += 30;
        }
        *c = LOWER[(acc & ((1 << bits) - 1)) as usize];
        acc >>= bits;
        have -= bits;
    }
}

/// Appends the digits of a magnitude in a base from 2 to 36, in lower case.
pub fn to_base(out: &mut Vec<u8>, d: &[u32], base: u32) {
    if base == 10 {
        return to_decimal(out, d);
    }
    if base.is_power_of_two() {
        return to_power_of_two(out, d, base.trailing_zeros());
    }
    if d.is_empty() {
        out.push(b'0');
        return;
    }
    // Quadratic: no operation of Python's writes large numbers in these bases.
    let (mut chunk, mut per) = (u64::from(base), 1);
    while let Some(next) = chunk.checked_mul(u64::from(base)) {
        chunk = next;
        per += 1;
    }
    let start = out.len();
    let mut x = limbs::from_digits(d);
    while !x.is_empty() {
        let mut part = limbs::divrem_1(&mut x, chunk);
        limbs::trim(&mut x);
        for _ in 0..per {
            if x.is_empty() && part == 0 {
                break;
            }
            out.push(LOWER[(part % u64::from(base)) as usize]);
            part /= u64::from(base);
        }
    }
    out[start..].reverse();
}

/// The value of an ASCII digit or letter, 0 to 35.
#[inline]
pub fn digit_value(c: u8) -> Option<u32> {
    match c {
        b'0'..=b'9' => Some(u32::from(c - b'0')),
        b'a'..=b'z' => Some(u32::from(c - b'a') + 10),
        b'A'..=b'Z' => Some(u32::from(c - b'A') + 10),
        _ => None,
    }
}

/// The magnitude written as ASCII digits of `base` (2 to 36). None if there is no digit or another character.
pub fn from_base(text: &[u8], base: u32) -> Option<Vec<u32>> {
    if text.is_empty() || !text.iter().all(|&c| digit_value(c).is_some_and(|v| v < base)) {
        return None;
    }
    let value = |c: u8| u64::from(digit_value(c).unwrap_or(0));
    if base.is_power_of_two() {
        let bits = base.trailing_zeros();
        let mut out = Vec::with_capacity(text.len() * bits as usize / 30 + 1);
        let (mut acc, mut have) = (0u64, 0);
        for &c in text.iter().rev() {
            acc |= value(c) << have;
            have += bits;
            if have >= 30 {
                out.push(acc as u32 & super::MASK);
                acc >>= 30;
                have -= 30;
            }
        }
        out.push(acc as u32);
        super::normalize(&mut out);
        return Some(out);
    }
    let (mut chunk, mut per) = (u64::from(base), 1);
    while let Some(next) = chunk.checked_mul(u64::from(base)) {
        chunk = next;
        per += 1;
    }
    let fold = |s: &[u8]| s.iter().fold(0u64, |x, &c| x * u64::from(base) + value(c));
    if text.len() <= per {
        return Some(Big::from(fold(text)).digits);
    }
    // The value of each chunk, most significant first; the first one may be shorter.
    let first = text.len() % per;
    let mut parts = Vec::with_capacity(text.len() / per + 1);
    if first > 0 {
        parts.push(fold(&text[..first]));
    }
    parts.extend(text[first..].chunks(per).map(fold));
    let mut powers = Vec::new();
    if parts.len() > FROM_DECIMAL_RECURSIVE {
        powers.push(vec![chunk]);
        while let Some(last) = powers.last()
            && 2 << (powers.len() - 1) < parts.len()
        {
            let next = limbs::mul(last, last);
            powers.push(next);
        }
    }
    Some(limbs::to_digits(&join(&parts, chunk, &powers)))
}

fn join(parts: &[u64], chunk: u64, powers: &[Vec<u64>]) -> Vec<u64> {
    if parts.len() <= FROM_DECIMAL_RECURSIVE || powers.is_empty() {
        let mut out = Vec::with_capacity(parts.len());
        for &p in parts {
            let carry = limbs::mul_1_add(&mut out, chunk, p);
            if carry != 0 {
                out.push(carry);
            }
        }
        limbs::trim(&mut out);
        return out;
    }
    // The largest power 2^k of the chunk below the number of chunks.
    let k = ((parts.len() - 1).ilog2() as usize).min(powers.len() - 1);
    let (high, low) = parts.split_at(parts.len() - (1 << k));
    let mut out = limbs::mul(&join(high, chunk, powers), &powers[k]);
    let low = join(low, chunk, powers);
    if out.len() < low.len() {
        out.resize(low.len(), 0);
    }
    if limbs::add_assign(&mut out, &low) {
        out.push(1);
    }
    out
}
