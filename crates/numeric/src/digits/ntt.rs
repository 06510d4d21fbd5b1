//! Multiplication of very large magnitudes by the number-theoretic transform modulo 2^64 - 2^32 + 1.
//!
//! The factors are cut into pieces of 20 bits (16 for enormous ones), so that a column sum of the product
//! stays below the modulus and one transform suffices.

const P: u64 = 0xFFFF_FFFF_0000_0001;
/// 2^32 - 1, which is 2^64 modulo `P`.
const EPSILON: u64 = 0xFFFF_FFFF;

#[inline]
fn add(a: u64, b: u64) -> u64 {
    let (s, c) = a.overflowing_add(b);
    let (d, borrow) = s.overflowing_sub(P);
    if c || !borrow { d } else { s }
}

#[inline]
fn sub(a: u64, b: u64) -> u64 {
    let (d, borrow) = a.overflowing_sub(b);
    if borrow { d.wrapping_add(P) } else { d }
}

#[inline]
fn mul(a: u64, b: u64) -> u64 {
    let x = u128::from(a) * u128::from(b);
    let (lo, hi) = (x as u64, (x >> 64) as u64);
    let (mut t, borrow) = lo.overflowing_sub(hi >> 32);
    if borrow {
        t = t.wrapping_sub(EPSILON);
    }
    let (s, carry) = t.overflowing_add((hi & EPSILON) * EPSILON);
    let s = if carry { s.wrapping_add(EPSILON) } else { s };
    if s >= P { s - P } else { s }
}

fn pow(mut b: u64, mut e: u64) -> u64 {
    let mut r = 1;
    while e > 0 {
        if e & 1 == 1 {
            r = mul(r, b);
        }
        b = mul(b, b);
        e >>= 1;
    }
    r
}

/// The twiddle factors of all levels: those of half-length `h` stand at `h..2h`.
fn twiddles(n: usize, inverse: bool) -> Vec<u64> {
    let mut t = vec![1; n];
    let mut h = n / 2;
    let mut root = pow(7, (P - 1) / n as u64);
    if inverse {
        root = pow(root, P - 2);
    }
    if h > 0 {
        let mut w = 1;
        for x in &mut t[h..] {
            *x = w;
            w = mul(w, root);
        }
    }
    while h > 1 {
        h /= 2;
        for i in 0..h {
            t[h + i] = t[2 * h + 2 * i];
        }
    }
    t
}

/// Decimation in frequency: natural order in, bit-reversed order out.
fn forward(a: &mut [u64], tw: &[u64]) {
    let mut h = a.len() / 2;
    while h > 0 {
        let w = &tw[h..2 * h];
        for block in a.chunks_exact_mut(2 * h) {
            let (lo, hi) = block.split_at_mut(h);
            for ((x, y), &w) in lo.iter_mut().zip(hi).zip(w) {
                let (u, v) = (*x, *y);
                *x = add(u, v);
                *y = mul(sub(u, v), w);
            }
        }
        h /= 2;
    }
}

/// Decimation in time: bit-reversed order in, natural order out.
fn backward(a: &mut [u64], tw: &[u64]) {
    let mut h = 1;
    while h < a.len() {
        let w = &tw[h..2 * h];
        for block in a.chunks_exact_mut(2 * h) {
            let (lo, hi) = block.split_at_mut(h);
            for ((x, y), &w) in lo.iter_mut().zip(hi).zip(w) {
                let (u, v) = (*x, mul(*y, w));
                *x = add(u, v);
                *y = sub(u, v);
            }
        }
        h *= 2;
    }
}

fn cut(a: &[u64], piece: usize, n: usize) -> Vec<u64> {
    let mask = (1u64 << piece) - 1;
    let count = (a.len() * 64).div_ceil(piece);
    let mut out = vec![0; n];
    for (i, o) in out[..count].iter_mut().enumerate() {
        let at = i * piece;
        let (word, off) = (at / 64, at % 64);
        let mut x = a[word] >> off;
        if off + piece > 64 && word + 1 < a.len() {
            x |= a[word + 1] << (64 - off);
        }
        *o = x & mask;
    }
    out
}

/// Writes the product of `a` and `b` over `out`, whose length is the sum of theirs.
pub fn mul_into(out: &mut [u64], a: &[u64], b: &[u64]) {
    // A column sums at most min(pieces) products of 2 * piece bits.
    let piece = if b.len().min(a.len()) * 64 / 20 < 1 << 23 { 20 } else { 16 };
    let pieces = (a.len() * 64).div_ceil(piece) + (b.len() * 64).div_ceil(piece);
    let n = pieces.next_power_of_two();
    let tw = twiddles(n, false);
    let mut fa = cut(a, piece, n);
    forward(&mut fa, &tw);
    if std::ptr::eq(a, b) {
        for x in &mut fa {
            *x = mul(*x, *x);
        }
    } else {
        let mut fb = cut(b, piece, n);
        forward(&mut fb, &tw);
        for (x, y) in fa.iter_mut().zip(fb) {
            *x = mul(*x, y);
        }
    }
    drop(tw);
    backward(&mut fa, &twiddles(n, true));
    let scale = pow(n as u64, P - 2);
    let (mut acc, mut bits, mut at) = (0u128, 0, 0);
    // `carry` is what lies above the piece being emitted.
    let mut carry = 0u128;
    let mask = (1u128 << piece) - 1;
    for x in fa {
        carry += u128::from(mul(x, scale));
        acc |= (carry & mask) << bits;
        carry >>= piece;
        bits += piece;
        if bits >= 64 {
            if at < out.len() {
                out[at] = acc as u64;
                at += 1;
            }
            acc >>= 64;
            bits -= 64;
        }
    }
    while at < out.len() {
        out[at] = acc as u64;
        acc = 0;
        at += 1;
    }
}

/// The column sums of the product of two sequences of small pieces; none may reach the modulus.
pub fn convolve(mut a: Vec<u64>, mut b: Vec<u64>) -> Vec<u64> {
    let len = a.len() + b.len();
    let n = len.next_power_of_two();
    a.resize(n, 0);
    b.resize(n, 0);
    let tw = twiddles(n, false);
    forward(&mut a, &tw);
    forward(&mut b, &tw);
    for (x, y) in a.iter_mut().zip(b) {
        *x = mul(*x, y);
    }
    drop(tw);
    backward(&mut a, &twiddles(n, true));
    let scale = pow(n as u64, P - 2);
    for x in &mut a {
        *x = mul(*x, scale);
    }
    a.truncate(len);
    a
}
