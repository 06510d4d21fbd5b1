//! The engine for large magnitudes: little-endian 64-bit limbs.
//!
//! The 30-bit digits of the object layout are repacked into limbs when an operation costs more than the
//! repacking: one 64-bit multiplication does the work of four and a half 30-bit ones.

use std::cmp::Ordering;

use super::ntt;

/// Below this many limbs (of the shorter factor) multiplication is schoolbook.
const KARATSUBA_MIN: usize = 32;
/// From this many limbs (of the shorter factor) multiplication goes through the number-theoretic transform.
const NTT_MIN: usize = 3000;
/// Divisors shorter than this are divided by Knuth's algorithm D.
const RECURSIVE_DIV_MIN: usize = 80;

/// Repacks 30-bit digits into limbs (normalised).
pub fn from_digits(d: &[u32]) -> Vec<u64> {
    let mut out = Vec::with_capacity(d.len() * 30 / 64 + 1);
    let (mut acc, mut bits) = (0u128, 0u32);
    for &x in d {
        acc |= u128::from(x) << bits;
        bits += 30;
        if bits >= 64 {
            out.push(acc as u64);
            acc >>= 64;
            bits -= 64;
        }
    }
    if bits > 0 {
        out.push(acc as u64);
    }
    trim(&mut out);
    out
}

/// Repacks limbs into 30-bit digits written to `out`; returns the normalised length.
/// `out` must be long enough for the value.
pub fn to_digits_into(out: &mut [u32], l: &[u64]) -> usize {
    let (mut acc, mut bits) = (0u128, 0u32);
    let mut src = l.iter();
    let mut len = 0;
    for (i, slot) in out.iter_mut().enumerate() {
        if bits < 30 {
            if let Some(&x) = src.next() {
                acc |= u128::from(x) << bits;
                bits += 64;
            } else {
                bits = u32::MAX / 2;
            }
        }
        let digit = acc as u32 & super::MASK;
        acc >>= 30;
        bits -= 30;
        *slot = digit;
        if digit != 0 {
            len = i + 1;
        }
    }
    len
}

/// Repacks limbs into a vector of 30-bit digits.
pub fn to_digits(l: &[u64]) -> Vec<u32> {
    let mut out = vec![0; (l.len() * 64).div_ceil(30)];
    let n = to_digits_into(&mut out, l);
    out.truncate(n);
    out
}

/// Drops leading zero limbs.
pub fn trim(v: &mut Vec<u64>) {
    while v.last() == Some(&0) {
        v.pop();
    }
}

fn trimmed(v: &[u64]) -> &[u64] {
    let n = v.iter().rposition(|&x| x != 0).map_or(0, |i| i + 1);
    &v[..n]
}

/// Compares two values of possibly unnormalised limbs.
pub fn cmp(a: &[u64], b: &[u64]) -> Ordering {
    let (a, b) = (trimmed(a), trimmed(b));
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a += b`; returns the carry out of `a`. Needs `a.len() >= b.len()`.
pub fn add_assign(a: &mut [u64], b: &[u64]) -> bool {
    let mut carry = false;
    let (low, high) = a.split_at_mut(b.len());
    for (x, &y) in low.iter_mut().zip(b) {
        let (s, c1) = x.overflowing_add(y);
        let (s, c2) = s.overflowing_add(u64::from(carry));
        *x = s;
        carry = c1 | c2;
    }
    for x in high {
        if !carry {
            return false;
        }
        (*x, carry) = x.overflowing_add(1);
    }
    carry
}

/// `a -= b`; returns the borrow out of `a`. Needs `a.len() >= b.len()`.
pub fn sub_assign(a: &mut [u64], b: &[u64]) -> bool {
    let mut borrow = false;
    let (low, high) = a.split_at_mut(b.len());
    for (x, &y) in low.iter_mut().zip(b) {
        let (s, c1) = x.overflowing_sub(y);
        let (s, c2) = s.overflowing_sub(u64::from(borrow));
        *x = s;
        borrow = c1 | c2;
    }
    for x in high {
        if !borrow {
            return false;
        }
        (*x, borrow) = x.overflowing_sub(1);
    }
    borrow
}

/// `acc += a * m` over the length of `a`; returns the carry limb.
fn add_mul_1(acc: &mut [u64], a: &[u64], m: u64) -> u64 {
    let mut carry = 0u64;
    for (x, &y) in acc.iter_mut().zip(a) {
        let t = u128::from(y) * u128::from(m) + u128::from(*x) + u128::from(carry);
        *x = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// `acc -= a * m` over the length of `a`; returns the borrow limb.
fn sub_mul_1(acc: &mut [u64], a: &[u64], m: u64) -> u64 {
    let mut borrow = 0u64;
    for (x, &y) in acc.iter_mut().zip(a) {
        let t = u128::from(y) * u128::from(m) + u128::from(borrow);
        let (d, c) = x.overflowing_sub(t as u64);
        *x = d;
        borrow = (t >> 64) as u64 + u64::from(c);
    }
    borrow
}

/// `out = a * m + add`; returns the carry limb. In place on `a`.
pub fn mul_1_add(a: &mut [u64], m: u64, add: u64) -> u64 {
    let mut carry = add;
    for x in a {
        let t = u128::from(*x) * u128::from(m) + u128::from(carry);
        *x = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// The product of two magnitudes (normalised).
pub fn mul(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut out = vec![0; a.len() + b.len()];
    mul_into(&mut out, a, b);
    trim(&mut out);
    out
}

/// The product written over `out`, whose length must be the sum of the factors' lengths.
pub fn mul_into(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let n = b.len();
    if n < KARATSUBA_MIN {
        mul_school(out, a, b);
    } else if n >= NTT_MIN {
        ntt::mul_into(out, a, b);
    } else if a.len() == n {
        let mut scratch = vec![0; 4 * n + 512];
        karatsuba(out, a, b, &mut scratch);
    } else {
        // Cut the longer factor into pieces as long as the shorter one.
        out.fill(0);
        let mut scratch = vec![0; 4 * n + 512];
        let mut piece = vec![0; 2 * n];
        for (i, chunk) in a.chunks(n).enumerate() {
            let len = chunk.len() + n;
            if chunk.len() == n {
                karatsuba(&mut piece, chunk, b, &mut scratch);
            } else {
                mul_into(&mut piece[..len], chunk, b);
            }
            add_assign(&mut out[i * n..], &piece[..len]);
        }
    }
}

fn mul_school(out: &mut [u64], a: &[u64], b: &[u64]) {
    out.fill(0);
    for (j, &m) in b.iter().enumerate() {
        let carry = add_mul_1(&mut out[j..j + a.len()], a, m);
        out[j + a.len()] = carry;
    }
}

/// `out = |a - b|`; true if `a < b`. `b` may be shorter than `a` by one limb; `out` is as long as `a`.
fn abs_diff(out: &mut [u64], a: &[u64], b: &[u64]) -> bool {
    if cmp(a, b) == Ordering::Less {
        out[..b.len()].copy_from_slice(b);
        out[b.len()..].fill(0);
        // `a` may be longer than `b`, but then its excess is zero.
        sub_assign(out, a);
        true
    } else {
        out.copy_from_slice(a);
        sub_assign(out, b);
        false
    }
}

/// Karatsuba's multiplication of factors of equal length; `scratch` holds 4n limbs and some.
fn karatsuba(out: &mut [u64], a: &[u64], b: &[u64], scratch: &mut [u64]) {
    let n = a.len();
    if n < KARATSUBA_MIN {
        return mul_school(out, a, b);
    }
    let h = n.div_ceil(2);
    let (a0, a1) = a.split_at(h);
    let (b0, b1) = b.split_at(h);
    let (diffs, rest) = scratch.split_at_mut(2 * h);
    let (mid, rest) = rest.split_at_mut(2 * h);
    let (da, db) = diffs.split_at_mut(h);
    let na = abs_diff(da, a0, a1);
    let nb = abs_diff(db, b0, b1);
    karatsuba(mid, da, db, rest);
    {
        let (low, high) = out.split_at_mut(2 * h);
        karatsuba(low, a0, b0, rest);
        karatsuba(high, a1, b1, rest);
    }
    // The middle term is z0 + z2 - (a0 - a1)(b0 - b1); it is never negative.
    diffs.copy_from_slice(&out[..2 * h]);
    let mut top = i64::from(add_assign(diffs, &out[2 * h..]));
    if na == nb {
        top -= i64::from(sub_assign(diffs, mid));
    } else {
        top += i64::from(add_assign(diffs, mid));
    }
    let tail = &mut out[h..];
    add_assign(tail, diffs);
    if top > 0 && tail.len() > 2 * h {
        add_assign(&mut tail[2 * h..], &[top as u64]);
    }
}

/// Möller and Granlund's reciprocal of a normalised limb: floor((2^128 - 1) / d) - 2^64.
fn reciprocal(d: u64) -> u64 {
    ((u128::from(!d) << 64 | u128::from(u64::MAX)) / u128::from(d)) as u64
}

/// Divides `(hi, lo)` by the normalised `d` with reciprocal `v`; needs `hi < d`.
#[inline]
fn div_2by1(hi: u64, lo: u64, d: u64, v: u64) -> (u64, u64) {
    let q = (u128::from(v) * u128::from(hi)).wrapping_add(u128::from(hi) << 64 | u128::from(lo));
    let mut q1 = ((q >> 64) as u64).wrapping_add(1);
    let mut r = lo.wrapping_sub(q1.wrapping_mul(d));
    if r > q as u64 {
        q1 = q1.wrapping_sub(1);
        r = r.wrapping_add(d);
    }
    if r >= d {
        q1 = q1.wrapping_add(1);
        r -= d;
    }
    (q1, r)
}

/// Divides in place by one non-zero limb; returns the remainder.
pub fn divrem_1(a: &mut [u64], d: u64) -> u64 {
    let s = d.leading_zeros();
    let dn = d << s;
    let v = reciprocal(dn);
    let Some(&top) = a.last() else { return 0 };
    let mut r = if s == 0 { 0 } else { top >> (64 - s) };
    for i in (0..a.len()).rev() {
        let low = if s == 0 || i == 0 { 0 } else { a[i - 1] >> (64 - s) };
        let (q, rest) = div_2by1(r, a[i] << s | low, dn, v);
        a[i] = q;
        r = rest;
    }
    r >> s
}

/// Shifts left by fewer than 64 bits into a new vector one limb longer.
fn shl_small(a: &[u64], s: u32, len: usize) -> Vec<u64> {
    let mut out = vec![0; len];
    let mut carry = 0;
    for (o, &x) in out.iter_mut().zip(a) {
        *o = x << s | carry;
        carry = if s == 0 { 0 } else { x >> (64 - s) };
    }
    if a.len() < len {
        out[a.len()] = carry;
    }
    out
}

fn shr_small(a: &mut [u64], s: u32) {
    if s == 0 {
        return;
    }
    let mut carry = 0;
    for x in a.iter_mut().rev() {
        let v = *x;
        *x = v >> s | carry;
        carry = v << (64 - s);
    }
}

/// Shifts left by any number of bits.
pub fn shl(a: &[u64], bits: usize) -> Vec<u64> {
    let words = bits / 64;
    let mut out = vec![0; words];
    out.extend(shl_small(a, (bits % 64) as u32, a.len() + 1));
    trim(&mut out);
    out
}

/// Shifts right by any number of bits, dropping them.
pub fn shr(a: &[u64], bits: usize) -> Vec<u64> {
    let mut out = a.get(bits / 64..).unwrap_or(&[]).to_vec();
    shr_small(&mut out, (bits % 64) as u32);
    trim(&mut out);
    out
}

/// Quotient and remainder (normalised). `b` must be normalised and not zero.
pub fn divrem(a: &[u64], b: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let a = trimmed(a);
    if cmp(a, b) == Ordering::Less {
        return (Vec::new(), a.to_vec());
    }
    if let [d] = *b {
        let mut q = a.to_vec();
        let r = divrem_1(&mut q, d);
        trim(&mut q);
        return (q, if r == 0 { Vec::new() } else { vec![r] });
    }
    let s = b[b.len() - 1].leading_zeros();
    let n = b.len();
    let (mut q, mut r) = if n < RECURSIVE_DIV_MIN || a.len() - n < RECURSIVE_DIV_MIN {
        let v = shl_small(b, s, n);
        let mut u = shl_small(a, s, a.len() + 1);
        let mut q = vec![0; u.len() - n];
        div_knuth(&mut q, &mut u, &v);
        u.truncate(n);
        (q, u)
    } else {
        return divrem_blocks(a, b);
    };
    shr_small(&mut r, s);
    trim(&mut q);
    trim(&mut r);
    (q, r)
}

/// Knuth's algorithm D: `u` (with a spare top limb) by the normalised `v` of at least two limbs; the remainder stays in `u`.
fn div_knuth(q: &mut [u64], u: &mut [u64], v: &[u64]) {
    let n = v.len();
    let (v1, v0) = (v[n - 1], v[n - 2]);
    let recip = reciprocal(v1);
    for j in (0..u.len() - n).rev() {
        let (u2, u1, u0) = (u[j + n], u[j + n - 1], u[j + n - 2]);
        let (mut qhat, mut rhat, mut over) = if u2 >= v1 {
            let (r, over) = u1.overflowing_add(v1);
            (u64::MAX, r, over)
        } else {
            let (q, r) = div_2by1(u2, u1, v1, recip);
            (q, r, false)
        };
        while !over && u128::from(qhat) * u128::from(v0) > (u128::from(rhat) << 64 | u128::from(u0)) {
            qhat -= 1;
            (rhat, over) = rhat.overflowing_add(v1);
        }
        let borrow = sub_mul_1(&mut u[j..j + n], v, qhat);
        let (top, under) = u[j + n].overflowing_sub(borrow);
        u[j + n] = top;
        if under {
            qhat -= 1;
            let carry = add_assign(&mut u[j..j + n], v);
            u[j + n] = u[j + n].wrapping_add(u64::from(carry));
        }
        q[j] = qhat;
    }
}

/// Burnikel and Ziegler's division: pads the divisor to a length that halves evenly, then divides block by block.
fn divrem_blocks(a: &[u64], b: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let mut levels = 0;
    while b.len() >> levels >= RECURSIVE_DIV_MIN {
        levels += 1;
    }
    let n = b.len().div_ceil(1 << levels) << levels;
    let pad = n - b.len();
    let s = pad * 64 + b[b.len() - 1].leading_zeros() as usize;
    let b = shl(b, s);
    let mut a = shl(a, s);
    a.push(0);
    let blocks = a.len().div_ceil(n);
    a.resize(blocks * n, 0);
    let mut q = vec![0; blocks * n];
    let mut window = vec![0; 2 * n];
    let mut r = vec![0; n];
    // A top block below the divisor is the first remainder: no division to do there.
    let mut count = blocks;
    if cmp(&a[(blocks - 1) * n..], &b).is_lt() {
        count -= 1;
        r.copy_from_slice(&a[count * n..]);
    }
    for i in (0..count).rev() {
        window[..n].copy_from_slice(&a[i * n..(i + 1) * n]);
        window[n..].copy_from_slice(&r);
        div_2n_1n(&mut q[i * n..(i + 1) * n], &mut r, &window, &b);
    }
    trim(&mut q);
    let r = shr(&r, s);
    (q, r)
}

/// Divides 2n limbs by n; needs the top half of `a` below `b`.
fn div_2n_1n(q: &mut [u64], r: &mut [u64], a: &[u64], b: &[u64]) {
    let n = b.len();
    if n % 2 == 1 || n < RECURSIVE_DIV_MIN {
        let mut u = a.to_vec();
        u.push(0);
        let mut qq = vec![0; n + 1];
        div_knuth(&mut qq, &mut u, b);
        q.copy_from_slice(&qq[..n]);
        r.copy_from_slice(&u[..n]);
        return;
    }
    let h = n / 2;
    let mut r1 = vec![0; n];
    let (q0, q1) = q.split_at_mut(h);
    div_3n_2n(q1, &mut r1, &a[n..], &a[h..n], b);
    div_3n_2n(q0, r, &r1, &a[..h], b);
}

/// Divides (`a12`, `a3`) of 3h limbs by `b` of 2h; needs `a12` below `b`.
fn div_3n_2n(q: &mut [u64], r: &mut [u64], a12: &[u64], a3: &[u64], b: &[u64]) {
    let h = a3.len();
    let (b2, b1) = b.split_at(h);
    let mut rest = vec![0; h + 1];
    if cmp(&a12[h..], b1) == Ordering::Less {
        div_2n_1n(q, &mut rest[..h], a12, b1);
    } else {
        // The top halves are equal: the quotient is all ones, the rest a12 - (2^k - 1) * b1 = low half + b1.
        q.fill(u64::MAX);
        rest[..h].copy_from_slice(&a12[..h]);
        let carry = add_assign(&mut rest[..h], b1);
        rest[h] = u64::from(carry);
    }
    let mut d = vec![0; 2 * h];
    mul_into(&mut d, q, b2);
    let mut full = Vec::with_capacity(2 * h + 1);
    full.extend_from_slice(a3);
    full.extend_from_slice(&rest);
    let mut negative = sub_assign(&mut full, &d);
    while negative {
        sub_assign(q, &[1]);
        negative = !add_assign(&mut full, b);
    }
    r.copy_from_slice(&full[..2 * h]);
}

/// The number of significant bits.
pub fn bit_length(a: &[u64]) -> usize {
    let a = trimmed(a);
    a.last().map_or(0, |t| a.len() * 64 - t.leading_zeros() as usize)
}

/// Floor of the square root.
pub fn isqrt(n: &[u64]) -> Vec<u64> {
    let bits = bit_length(n);
    if bits <= 64 {
        let x = n.first().copied().unwrap_or(0);
        return if x == 0 { Vec::new() } else { vec![x.isqrt()] };
    }
    // Root of the upper half of the bits, then one step of Newton's iteration, which from above never falls
    // below the true root; the few units too many are taken away one at a time.
    let k = (bits - 1) / 4;
    let mut top = isqrt(&shr(n, 2 * k));
    if add_assign(&mut top, &[1]) {
        top.push(1);
    }
    let x = shl(&top, k);
    let (mut q, _) = divrem(n, &x);
    q.resize(q.len().max(x.len()) + 1, 0);
    add_assign(&mut q, &x);
    let mut root = shr(&q, 1);
    while cmp(&mul(&root, &root), n) == Ordering::Greater {
        sub_assign(&mut root, &[1]);
        trim(&mut root);
    }
    root
}

/// Montgomery arithmetic modulo an odd number.
struct Montgomery<'a> {
    m: &'a [u64],
    inv: u64,
}

impl<'a> Montgomery<'a> {
    fn new(m: &'a [u64]) -> Self {
        let m0 = m[0];
        let mut inv = m0;
        for _ in 0..5 {
            inv = inv.wrapping_mul(2u64.wrapping_sub(m0.wrapping_mul(inv)));
        }
        Montgomery { m, inv: inv.wrapping_neg() }
    }

    /// `out = t / 2^(64 n) mod m`, where `t` has 2n + 1 limbs and is below `m * 2^(64 n)`.
    fn reduce(&self, t: &mut [u64], out: &mut [u64]) {
        let n = self.m.len();
        for i in 0..n {
            let f = t[i].wrapping_mul(self.inv);
            let carry = add_mul_1(&mut t[i..i + n], self.m, f);
            add_assign(&mut t[i + n..], &[carry]);
        }
        if t[2 * n] != 0 || cmp(&t[n..2 * n], self.m) != Ordering::Less {
            sub_assign(&mut t[n..], self.m);
        }
        out.copy_from_slice(&t[n..2 * n]);
    }
}

fn bit(a: &[u64], i: usize) -> usize {
    (a[i / 64] >> (i % 64) & 1) as usize
}

/// `base ** exp mod m` for `m > 1` and `base < m`, all normalised.
pub fn pow_mod(base: &[u64], exp: &[u64], m: &[u64]) -> Vec<u64> {
    let bits = bit_length(exp);
    let window = match bits {
        0..=24 => 1,
        25..=100 => 3,
        101..=600 => 4,
        _ => 5,
    };
    let n = m.len();
    if m[0] & 1 == 1 && n <= 64 {
        let mont = Montgomery::new(m);
        let mut t = vec![0; 2 * n + 1];
        let into = |x: &[u64]| {
            let (_, mut r) = divrem(&shl(x, 64 * n), m);
            r.resize(n, 0);
            r
        };
        let one = into(&[1]);
        let b = into(base);
        let result = windowed(one, b, exp, bits, window, |x, y| {
            mul_into(&mut t[..2 * n], x, y);
            t[2 * n] = 0;
            let mut out = vec![0; n];
            mont.reduce(&mut t, &mut out);
            out
        });
        let mut t = vec![0; 2 * n + 1];
        t[..n].copy_from_slice(&result);
        let mut out = vec![0; n];
        mont.reduce(&mut t, &mut out);
        trim(&mut out);
        out
    } else {
        windowed(vec![1], base.to_vec(), exp, bits, window, |x, y| divrem(&mul(x, y), m).1)
    }
}

/// Left-to-right exponentiation with fixed windows of `w` bits.
fn windowed(
    one: Vec<u64>,
    base: Vec<u64>,
    exp: &[u64],
    bits: usize,
    w: usize,
    mut mul: impl FnMut(&[u64], &[u64]) -> Vec<u64>,
) -> Vec<u64> {
    if bits == 0 {
        return one;
    }
    let mut table = vec![one, base];
    for i in 2..1 << w {
        let next = mul(&table[i - 1], &table[1]);
        table.push(next);
    }
    let mut acc: Option<Vec<u64>> = None;
    let mut left = bits.div_ceil(w) * w;
    while left > 0 {
        let mut index = 0;
        for _ in 0..w {
            left -= 1;
            index = index << 1 | if left < bits { bit(exp, left) } else { 0 };
            if let Some(a) = &acc {
                acc = Some(mul(a, a));
            }
        }
        acc = Some(match acc {
            None => table[index].clone(),
            Some(a) if index == 0 => a,
            Some(a) => mul(&a, &table[index]),
        });
    }
    acc.unwrap_or_default()
}

/// `base ** exp` without a modulus.
pub fn pow(base: &[u64], exp: u64) -> Vec<u64> {
    if exp == 0 {
        return vec![1];
    }
    let mut acc = base.to_vec();
    for i in (0..exp.ilog2()).rev() {
        acc = mul(&acc, &acc);
        if exp >> i & 1 == 1 {
            acc = mul(&acc, base);
        }
    }
    acc
}
