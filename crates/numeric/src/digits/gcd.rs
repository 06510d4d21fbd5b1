//! Greatest common divisors by Lehmer's method.

use super::{bit_length, cmp, divrem, low_u64, normalize, to_u64};

/// The greatest common divisor of two magnitudes.
pub fn gcd(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut x, mut y) = if cmp(a, b).is_ge() { (a.to_vec(), b.to_vec()) } else { (b.to_vec(), a.to_vec()) };
    loop {
        if y.is_empty() {
            return x;
        }
        if let (Some(p), Some(q)) = (to_u64(&x), to_u64(&y)) {
            return super::Big::from(gcd_u64(p, q)).digits;
        }
        if x.len() - y.len() > 1 || !step(&mut x, &mut y) {
            let (_, r) = divrem(&x, &y);
            x = std::mem::replace(&mut y, r);
        }
    }
}

/// The greatest common divisor of two machine words.
pub fn gcd_u64(mut a: u64, mut b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let shift = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        if a > b {
            std::mem::swap(&mut a, &mut b);
        }
        b -= a;
    }
    a << shift
}

/// `v >> shift`, of which only the low 62 bits matter.
fn window(v: &[u32], shift: u64) -> i64 {
    let words = (shift / 30) as usize;
    let Some(rest) = v.get(words..) else { return 0 };
    let rest = &rest[..rest.len().min(4)];
    (low_u64(&super::shr(rest, shift % 30)) & ((1 << 62) - 1)) as i64
}

/// Knuth's algorithm L: replaces (x, y) by a smaller pair with the same divisors, found from the leading bits.
/// False if those did not decide even one quotient.
fn step(x: &mut Vec<u32>, y: &mut Vec<u32>) -> bool {
    let shift = bit_length(x).saturating_sub(62);
    let (mut p, mut q) = (window(x, shift), window(y, shift));
    let (mut a, mut b, mut c, mut d) = (1i64, 0i64, 0i64, 1i64);
    loop {
        if q + c == 0 || q + d == 0 {
            break;
        }
        let t = (p + a) / (q + c);
        if t != (p + b) / (q + d) || t >= 1 << 30 {
            break;
        }
        let (na, nb) = (a - t * c, b - t * d);
        // Cofactors below 2^30 keep the sums of products below in 64 bits.
        if na.abs() >= 1 << 30 || nb.abs() >= 1 << 30 {
            break;
        }
        (a, c) = (c, na);
        (b, d) = (d, nb);
        (p, q) = (q, p - t * q);
    }
    if b == 0 {
        return false;
    }
    let (mut cx, mut cy) = (0i64, 0i64);
    y.resize(x.len(), 0);
    for (xi, yi) in x.iter_mut().zip(y.iter_mut()) {
        let (u, v) = (i64::from(*xi), i64::from(*yi));
        cx += a * u + b * v;
        cy += c * u + d * v;
        *xi = cx as u32 & super::MASK;
        *yi = cy as u32 & super::MASK;
        cx >>= 30;
        cy >>= 30;
    }
    normalize(x);
    normalize(y);
    if cmp(x, y).is_lt() {
        std::mem::swap(x, y);
    }
    true
}
