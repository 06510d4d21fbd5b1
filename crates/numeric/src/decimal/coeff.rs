//! Coefficients: natural numbers in base 10^19, least word first, without leading zero words.

use std::cmp::Ordering;

/// The base.
pub const RADIX: u64 = 10_000_000_000_000_000_000;
/// Decimal digits in a word.
pub const RDIGITS: u64 = 19;

/// Powers of ten that fit a word.
pub const POW10: [u64; 20] = {
    let mut t = [1u64; 20];
    let mut i = 1;
    while i < 20 {
        t[i] = t[i - 1] * 10;
        i += 1;
    }
    t
};

const INLINE: usize = 4;
/// From this many words on Karatsuba's method multiplies.
const KARATSUBA: usize = 32;
/// From this many words on the number-theoretic transform does.
const TRANSFORM: usize = 300;

#[derive(Clone)]
enum Repr {
    Inline(u8, [u64; INLINE]),
    Heap(Vec<u64>),
}

/// A natural number.
#[derive(Clone)]
pub struct Coeff(Repr);

/// `floor((2^128 - 1) / RADIX) - 2^64`.
const RECIPROCAL: u64 = (u128::MAX / RADIX as u128 - (1u128 << 64)) as u64;

/// Divides a number below `RADIX * 2^64` by the base.
#[inline(always)]
fn div_radix(x: u128) -> (u64, u64) {
    let (u1, u0) = ((x >> 64) as u64, x as u64);
    let q = u128::from(RECIPROCAL) * u128::from(u1);
    let q = q.wrapping_add(x);
    let (mut q1, q0) = (((q >> 64) as u64).wrapping_add(1), q as u64);
    let mut r = u0.wrapping_sub(q1.wrapping_mul(RADIX));
    if r > q0 {
        q1 = q1.wrapping_sub(1);
        r = r.wrapping_add(RADIX);
    }
    if r >= RADIX {
        q1 = q1.wrapping_add(1);
        r -= RADIX;
    }
    (q1, r)
}

/// Decimal digits of a word, 0 for 0.
#[inline]
pub fn word_digits(x: u64) -> u64 {
    if x == 0 {
        return 0;
    }
    // 1233 / 4096 is a little more than log10(2).
    let guess = ((64 - x.leading_zeros() as u64) * 1233) >> 12;
    guess + u64::from(x >= POW10[guess.min(19) as usize])
}

fn trim(v: &mut Vec<u64>) {
    while v.last() == Some(&0) {
        v.pop();
    }
}

fn significant(a: &[u64]) -> &[u64] {
    let n = a.iter().rposition(|x| *x != 0).map_or(0, |i| i + 1);
    &a[..n]
}

/// How what was cut off compares to half a unit of what stayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    Zero,
    Below,
    Half,
    Above,
}

impl PartialEq for Coeff {
    fn eq(&self, o: &Coeff) -> bool {
        self.words() == o.words()
    }
}

impl Eq for Coeff {}

impl PartialOrd for Coeff {
    fn partial_cmp(&self, o: &Coeff) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}

impl Ord for Coeff {
    fn cmp(&self, o: &Coeff) -> Ordering {
        cmp_words(self.words(), o.words())
    }
}

impl Coeff {
    pub const ZERO: Coeff = Coeff(Repr::Inline(0, [0; INLINE]));

    #[inline]
    pub fn from_u64(x: u64) -> Coeff {
        if x < RADIX {
            Coeff(Repr::Inline(u8::from(x != 0), [x, 0, 0, 0]))
        } else {
            Coeff(Repr::Inline(2, [x - RADIX, 1, 0, 0]))
        }
    }

    #[inline]
    pub fn from_u128(x: u128) -> Coeff {
        if x < u128::from(RADIX) {
            return Coeff::from_u64(x as u64);
        }
        let r = u128::from(RADIX);
        let (lo, rest) = ((x % r) as u64, x / r);
        let (mid, hi) = ((rest % r) as u64, (rest / r) as u64);
        Coeff(Repr::Inline(if hi != 0 { 3 } else { 2 }, [lo, mid, hi, 0]))
    }

    pub fn from_words(mut v: Vec<u64>) -> Coeff {
        trim(&mut v);
        if v.len() <= INLINE {
            let mut w = [0; INLINE];
            w[..v.len()].copy_from_slice(&v);
            return Coeff(Repr::Inline(v.len() as u8, w));
        }
        Coeff(Repr::Heap(v))
    }

    /// From words, of which the leading ones may be zeros.
    #[inline]
    fn from_slice(v: &[u64]) -> Coeff {
        let v = significant(v);
        if v.len() > INLINE {
            return Coeff(Repr::Heap(v.to_vec()));
        }
        let mut w = [0; INLINE];
        w[..v.len()].copy_from_slice(v);
        Coeff(Repr::Inline(v.len() as u8, w))
    }

    /// From ASCII digits.
    pub fn from_digits(s: &[u8]) -> Coeff {
        let word = |c: &[u8]| c.iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'));
        if s.len() <= 19 {
            return Coeff::from_u64(word(s));
        }
        Coeff::from_words(s.rchunks(19).map(word).collect())
    }

    /// `10^n`.
    pub fn power_of_ten(n: u64) -> Coeff {
        Coeff::from_u64(1).shl(n)
    }

    #[inline(always)]
    pub fn words(&self) -> &[u64] {
        match &self.0 {
            Repr::Inline(n, w) => &w[..*n as usize],
            Repr::Heap(v) => v,
        }
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Inline(n, _) => *n == 0,
            Repr::Heap(v) => v.is_empty(),
        }
    }

    /// The number of digits; zero has one.
    #[inline]
    pub fn digits(&self) -> u64 {
        match self.words() {
            [] => 1,
            w => (w.len() as u64 - 1) * RDIGITS + word_digits(w[w.len() - 1]),
        }
    }

    /// The value, if it fits.
    pub fn to_u64(&self) -> Option<u64> {
        match self.words() {
            [] => Some(0),
            [a] => Some(*a),
            [a, 1] => a.checked_add(RADIX),
            _ => None,
        }
    }

    /// The value, if it is below 10^38.
    pub fn to_u128(&self) -> Option<u128> {
        match self.words() {
            [] => Some(0),
            [a] => Some(u128::from(*a)),
            [a, b] => Some(u128::from(*b) * u128::from(RADIX) + u128::from(*a)),
            _ => None,
        }
    }

    /// ASCII digits.
    pub fn to_digits(&self, out: &mut Vec<u8>) {
        let w = self.words();
        let Some((top, rest)) = w.split_last() else {
            out.push(b'0');
            return;
        };
        let mut buf = [0u8; 20];
        let mut put = |mut x: u64, full: bool, out: &mut Vec<u8>| {
            let mut i = 20;
            while x > 0 || (full && i > 1) {
                i -= 1;
                buf[i] = b'0' + (x % 10) as u8;
                x /= 10;
            }
            out.extend_from_slice(&buf[i..]);
        };
        put(*top, false, out);
        for x in rest.iter().rev() {
            put(*x, true, out);
        }
    }

    /// The digit at a place, 0 being the last one.
    pub fn digit_at(&self, place: u64) -> u8 {
        match self.words().get((place / RDIGITS) as usize) {
            Some(w) => (w / POW10[(place % RDIGITS) as usize] % 10) as u8,
            None => 0,
        }
    }

    pub fn is_odd(&self) -> bool {
        self.words().first().is_some_and(|w| w & 1 == 1)
    }

    /// Zeros at the end; 0 for zero itself.
    pub fn trailing_zeros(&self) -> u64 {
        let w = self.words();
        let Some(i) = w.iter().position(|x| *x != 0) else { return 0 };
        let mut n = i as u64 * RDIGITS;
        let mut x = w[i];
        while x.is_multiple_of(10) {
            x /= 10;
            n += 1;
        }
        n
    }

    #[inline]
    pub fn add(&self, o: &Coeff) -> Coeff {
        let (a, b) = (self.words(), o.words());
        if a.len() <= 1 && b.len() <= 1 {
            let (x, y) = (a.first().copied().unwrap_or(0), b.first().copied().unwrap_or(0));
            return Coeff::from_u128(u128::from(x) + u128::from(y));
        }
        let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
        if long.len() < 8 {
            let mut v = [0; 8];
            v[..long.len()].copy_from_slice(long);
            add_into(&mut v, short);
            return Coeff::from_slice(&v);
        }
        let mut v = Vec::with_capacity(long.len() + 1);
        v.extend_from_slice(long);
        v.push(0);
        add_into(&mut v, short);
        Coeff::from_words(v)
    }

    /// The difference; `o` is not larger.
    pub fn sub(&self, o: &Coeff) -> Coeff {
        let (a, b) = (self.words(), o.words());
        if a.len() <= 1 {
            return Coeff::from_u64(a.first().copied().unwrap_or(0) - b.first().copied().unwrap_or(0));
        }
        if a.len() <= 8 {
            let mut v = [0; 8];
            v[..a.len()].copy_from_slice(a);
            sub_from(&mut v, b);
            return Coeff::from_slice(&v);
        }
        let mut v = a.to_vec();
        sub_from(&mut v, b);
        Coeff::from_words(v)
    }

    #[inline]
    pub fn mul(&self, o: &Coeff) -> Coeff {
        let (a, b) = (self.words(), o.words());
        if let ([x], [y]) = (a, b) {
            let p = u128::from(*x) * u128::from(*y);
            let (hi, lo) = div_radix(p);
            return Coeff(Repr::Inline(if hi != 0 { 2 } else { 1 }, [lo, hi, 0, 0]));
        }
        if a.is_empty() || b.is_empty() {
            return Coeff::ZERO;
        }
        let n = a.len() + b.len();
        if n <= 8 {
            let mut out = [0; 8];
            mul_school(&mut out[..n], a, b);
            return Coeff::from_slice(&out[..n]);
        }
        let mut out = vec![0; n];
        mul_into(&mut out, a, b);
        Coeff::from_words(out)
    }

    pub fn mul_word(&self, m: u64) -> Coeff {
        let mut v = Vec::with_capacity(self.words().len() + 2);
        let mut carry = 0u64;
        for x in self.words() {
            let (q, r) = div_radix(u128::from(*x) * u128::from(m) + u128::from(carry));
            v.push(r);
            carry = q;
        }
        v.push(carry % RADIX);
        v.push(carry / RADIX);
        Coeff::from_words(v)
    }

    /// Quotient and remainder by a word below the base.
    pub fn div_word(&self, d: u64) -> (Coeff, u64) {
        let mut v = self.words().to_vec();
        let mut r = 0u64;
        for x in v.iter_mut().rev() {
            let n = u128::from(r) * u128::from(RADIX) + u128::from(*x);
            *x = (n / u128::from(d)) as u64;
            r = (n % u128::from(d)) as u64;
        }
        (Coeff::from_words(v), r)
    }

    /// Quotient and remainder; `d` is not zero.
    pub fn divrem(&self, d: &Coeff) -> (Coeff, Coeff) {
        let (a, b) = (self.words(), d.words());
        if let (Some(x), Some(y)) = (self.to_u128(), d.to_u128()) {
            return (Coeff::from_u128(x / y), Coeff::from_u128(x % y));
        }
        if cmp_words(a, b) == Ordering::Less {
            return (Coeff::ZERO, self.clone());
        }
        if let [one] = b {
            let (q, r) = self.div_word(*one);
            return (q, Coeff::from_u64(r));
        }
        if b.len() > 4 * KARATSUBA && a.len() - b.len() > 4 * KARATSUBA {
            return self.divrem_newton(d);
        }
        divrem_long(a, b)
    }

    /// By way of the reciprocal, for large numbers.
    fn divrem_newton(&self, d: &Coeff) -> (Coeff, Coeff) {
        let n = d.words().len();
        let m = self.words().len() - n + 2;
        // The reciprocal of the divisor's leading words, scaled.
        let (shift_d, lead) =
            if n > m { (n - m, Coeff::from_words(d.words()[n - m..].to_vec())) } else { (0, d.clone()) };
        let k = lead.words().len() + m;
        let inverse = reciprocal(&lead, k);
        // self / d is about self * inverse / R^(k + shift_d).
        let cut = shift_d.saturating_sub(1).min(self.words().len());
        let top = Coeff::from_words(self.words()[cut..].to_vec());
        let product = top.mul(&inverse);
        let drop = k + shift_d - cut;
        let mut q = Coeff::from_words(product.words().get(drop..).unwrap_or(&[]).to_vec());
        let mut p = q.mul(d);
        let one = Coeff::from_u64(1);
        while p.cmp(self) == Ordering::Greater {
            q = q.sub(&one);
            p = p.sub(d);
        }
        let mut r = self.sub(&p);
        while r.cmp(d) != Ordering::Less {
            q = q.add(&one);
            r = r.sub(d);
        }
        (q, r)
    }

    /// `self * 10^n`.
    pub fn shl(&self, n: u64) -> Coeff {
        if n == 0 || self.is_zero() {
            return self.clone();
        }
        let (words, digits) = ((n / RDIGITS) as usize, (n % RDIGITS) as usize);
        if words == 0
            && let [x] = self.words()
        {
            let (hi, lo) = div_radix(u128::from(*x) * u128::from(POW10[digits]));
            return Coeff(Repr::Inline(if hi != 0 { 2 } else { 1 }, [lo, hi, 0, 0]));
        }
        let mut v = Vec::with_capacity(words + self.words().len() + 1);
        v.resize(words, 0);
        if digits == 0 {
            v.extend_from_slice(self.words());
            return Coeff::from_words(v);
        }
        let mut carry = 0;
        for x in self.words() {
            let (q, r) = div_radix(u128::from(*x) * u128::from(POW10[digits]) + u128::from(carry));
            v.push(r);
            carry = q;
        }
        v.push(carry);
        Coeff::from_words(v)
    }

    /// `self / 10^n`, and how the digits cut off compare to half a unit.
    pub fn shr(&self, n: u64) -> (Coeff, Rest) {
        if n == 0 || self.is_zero() {
            return (self.clone(), Rest::Zero);
        }
        let w = self.words();
        let (words, digits) = ((n / RDIGITS) as usize, (n % RDIGITS) as usize);
        let top = self.digit_at(n - 1);
        let sticky = !self.low_is_zero(n - 1);
        let rest = match (top, sticky) {
            (0, false) => Rest::Zero,
            (0..=4, _) => Rest::Below,
            (5, false) => Rest::Half,
            _ => Rest::Above,
        };
        if words >= w.len() {
            return (Coeff::ZERO, rest);
        }
        let w = &w[words..];
        if digits == 0 {
            return (Coeff::from_words(w.to_vec()), rest);
        }
        let (d, m) = (POW10[digits], POW10[19 - digits]);
        if let [x] = w {
            return (Coeff::from_u64(x / d), rest);
        }
        let mut v = Vec::with_capacity(w.len());
        for (i, x) in w.iter().enumerate() {
            let above = w.get(i + 1).map_or(0, |y| y % d);
            v.push(x / d + above * m);
        }
        (Coeff::from_words(v), rest)
    }

    /// Whether the last `n` digits are zeros.
    pub fn low_is_zero(&self, n: u64) -> bool {
        let (words, digits) = ((n / RDIGITS) as usize, (n % RDIGITS) as usize);
        let w = self.words();
        w.iter().take(words).all(|x| *x == 0) && w.get(words).is_none_or(|x| x % POW10[digits] == 0)
    }

    /// The last `n` digits.
    pub fn low(&self, n: u64) -> Coeff {
        let (words, digits) = ((n / RDIGITS) as usize, (n % RDIGITS) as usize);
        let w = self.words();
        if words >= w.len() {
            return self.clone();
        }
        let mut v = w[..=words].to_vec();
        v[words] %= POW10[digits];
        Coeff::from_words(v)
    }

    /// Floor of the square root.
    pub fn isqrt(&self) -> Coeff {
        if let Some(x) = self.to_u128() {
            return Coeff::from_u64(x.isqrt() as u64);
        }
        // Half the digits first, then one step of Newton's method makes nearly all right.
        let digits = self.digits();
        let cut = digits / 4 * 2;
        let mut x = if cut >= 2 {
            let (head, _) = self.shr(cut);
            head.isqrt().add(&Coeff::from_u64(1)).shl(cut / 2)
        } else {
            Coeff::power_of_ten(digits / 2 + 1)
        };
        loop {
            let (q, _) = self.divrem(&x);
            let (next, _) = x.add(&q).div_word(2);
            if next.cmp(&x) != Ordering::Less {
                return x;
            }
            x = next;
        }
    }

    pub fn add_one(&self) -> Coeff {
        self.add(&Coeff::from_u64(1))
    }
}

/// `R^k / d`, perhaps a little less.
fn reciprocal(d: &Coeff, k: usize) -> Coeff {
    let n = d.words().len();
    let scale = |k: usize| {
        let mut v = vec![0; k];
        v.push(1);
        Coeff::from_words(v)
    };
    let extra = k - n;
    if extra <= 2 * KARATSUBA || n <= 2 {
        let s = scale(k);
        return divrem_any(&s, d).0;
    }
    // The reciprocal of the leading half, doubled in length by a step of Newton's method.
    let half = extra / 2 + 2;
    let lead_len = n.min(half + 1);
    let cut = n - lead_len;
    let lead = Coeff::from_words(d.words()[cut..].to_vec());
    let x0 = reciprocal(&lead, lead_len + half);
    // x0 is about R^(n - cut + half) / (d / R^cut) = R^(n + half) / d.
    let up = extra - half;
    let x = {
        let mut v = vec![0; up];
        v.extend_from_slice(x0.words());
        Coeff::from_words(v)
    };
    let target = scale(k);
    let dx = d.mul(&x);
    // x + x * (R^k - d x) / R^k
    let drop = |c: Coeff| Coeff::from_words(c.words().get(k..).unwrap_or(&[]).to_vec());
    if dx.cmp(&target) == Ordering::Greater {
        let e = dx.sub(&target);
        x.sub(&drop(x.mul(&e)).add_one())
    } else {
        let e = target.sub(&dx);
        x.add(&drop(x.mul(&e)))
    }
}

fn divrem_any(a: &Coeff, b: &Coeff) -> (Coeff, Coeff) {
    if cmp_words(a.words(), b.words()) == Ordering::Less {
        return (Coeff::ZERO, a.clone());
    }
    match b.words() {
        [one] => {
            let (q, r) = a.div_word(*one);
            (q, Coeff::from_u64(r))
        }
        w => divrem_long(a.words(), w),
    }
}

fn cmp_words(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// Adds `b` to `a`, which has room for the carry.
fn add_into(a: &mut [u64], b: &[u64]) {
    let mut carry = 0;
    let mut it = a.iter_mut();
    for y in b {
        let Some(x) = it.next() else { return };
        let (s, o1) = x.overflowing_add(*y);
        let (s, o2) = s.overflowing_add(carry);
        carry = u64::from(o1 || o2 || s >= RADIX);
        *x = if carry == 1 { s.wrapping_sub(RADIX) } else { s };
    }
    for x in it {
        if carry == 0 {
            return;
        }
        *x += 1;
        carry = u64::from(*x == RADIX);
        if carry == 1 {
            *x = 0;
        }
    }
}

/// Subtracts `b`, not larger, from `a`.
fn sub_from(a: &mut [u64], b: &[u64]) {
    let mut borrow = 0;
    for (i, x) in a.iter_mut().enumerate() {
        let y = match b.get(i) {
            Some(y) => *y,
            None if borrow == 0 => return,
            None => 0,
        };
        let take = y + borrow;
        borrow = u64::from(*x < take);
        *x = if borrow == 1 { x.wrapping_add(RADIX).wrapping_sub(take) } else { *x - take };
    }
}

/// The product into `out`, which is as long as both together.
fn mul_into(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.len() < KARATSUBA {
        return mul_school(out, a, b);
    }
    if b.len() >= TRANSFORM {
        return mul_transform(out, a, b);
    }
    if a.len() > 2 * b.len() {
        // Slices of the longer one.
        out.fill(0);
        for (i, part) in a.chunks(b.len()).enumerate() {
            let mut p = vec![0; part.len() + b.len()];
            mul_into(&mut p, part, b);
            add_into(&mut out[i * b.len()..], significant(&p));
        }
        return;
    }
    mul_karatsuba(out, a, b);
}

fn mul_school(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (na, nb) = (a.len(), b.len());
    let mut acc = 0u128;
    let mut high = 0u64;
    for k in 0..na + nb {
        let from = k.saturating_sub(nb - 1);
        let to = k.min(na - 1);
        for i in from..=to {
            if k - i >= nb {
                continue;
            }
            let (s, o) = acc.overflowing_add(u128::from(a[i]) * u128::from(b[k - i]));
            acc = s;
            high += u64::from(o);
        }
        // The three-word sum is divided by the base.
        let (q1, r1) = div_radix(u128::from(high) << 64 | acc >> 64);
        let (q0, r0) = div_radix(u128::from(r1) << 64 | u128::from(acc as u64));
        out[k] = r0;
        acc = u128::from(q1) << 64 | u128::from(q0);
        high = 0;
    }
}

fn mul_karatsuba(out: &mut [u64], a: &[u64], b: &[u64]) {
    let h = a.len().div_ceil(2);
    let (a0, a1) = a.split_at(h);
    if b.len() <= h {
        // The short factor has no upper half.
        out.fill(0);
        let mut p = vec![0; a0.len() + b.len()];
        mul_into(&mut p, a0, b);
        out[..p.len()].copy_from_slice(&p);
        let mut p = vec![0; a1.len() + b.len()];
        mul_into(&mut p, a1, b);
        add_into(&mut out[h..], &p);
        return;
    }
    let (b0, b1) = b.split_at(h);
    let sum = |x: &[u64], y: &[u64]| {
        let mut v = x.to_vec();
        v.push(0);
        add_into(&mut v, y);
        v
    };
    let (sa, sb) = (sum(a0, a1), sum(b0, b1));
    let mut low = vec![0; 2 * h];
    mul_into(&mut low, a0, b0);
    let mut high = vec![0; a1.len() + b1.len()];
    mul_into(&mut high, a1, b1);
    let mut mid = vec![0; sa.len() + sb.len()];
    mul_into(&mut mid, &sa, &sb);
    sub_from(&mut mid, &low);
    sub_from(&mut mid, &high);
    out.fill(0);
    out[..2 * h].copy_from_slice(&low);
    out[2 * h..2 * h + high.len()].copy_from_slice(&high);
    add_into(&mut out[h..], significant(&mid));
}

/// Digits per piece in transforms: column sums stay below the modulus for up to 10^7 pieces.
const PIECE: usize = 6;

fn pieces(a: &[u64]) -> Vec<u64> {
    let mut out = Vec::with_capacity(a.len() * 4);
    let (mut pending, mut have) = (0u128, 0usize);
    for w in a {
        pending += u128::from(*w) * u128::from(POW10[have]);
        have += 19;
        while have >= PIECE {
            out.push((pending % 1_000_000) as u64);
            pending /= 1_000_000;
            have -= PIECE;
        }
    }
    if have > 0 {
        out.push(pending as u64);
    }
    out
}

fn mul_transform(out: &mut [u64], a: &[u64], b: &[u64]) {
    let columns = crate::digits::ntt::convolve(pieces(a), pieces(b));
    let (mut pending, mut have) = (0u128, 0u32);
    let mut carry = 0u64;
    let mut at = 0;
    out.fill(0);
    for c in columns {
        let s = c + carry;
        carry = s / 1_000_000;
        pending += u128::from(s % 1_000_000) * 10u128.pow(have);
        have += PIECE as u32;
        if have >= 19 && at < out.len() {
            out[at] = (pending % u128::from(RADIX)) as u64;
            pending /= u128::from(RADIX);
            have -= 19;
            at += 1;
        }
    }
    let mut tail = pending + u128::from(carry) * 10u128.pow(have);
    while at < out.len() {
        out[at] = (tail % u128::from(RADIX)) as u64;
        tail /= u128::from(RADIX);
        at += 1;
    }
}

/// Long division; `b` has at least two words and `a` is not smaller.
fn divrem_long(a: &[u64], b: &[u64]) -> (Coeff, Coeff) {
    let n = b.len();
    // Normalised so that the divisor's first word is at least half the base.
    let factor = RADIX / (b[n - 1] + 1);
    let scaled = |x: &[u64]| {
        let mut v = Vec::with_capacity(x.len() + 1);
        let mut carry = 0u64;
        for w in x {
            let (q, r) = div_radix(u128::from(*w) * u128::from(factor) + u128::from(carry));
            v.push(r);
            carry = q;
        }
        v.push(carry);
        v
    };
    let mut u = scaled(a);
    let mut v = scaled(b);
    v.truncate(n);
    let m = a.len() - n;
    let mut q = vec![0; m + 1];
    let (top, second) = (v[n - 1], v[n - 2]);
    for j in (0..=m).rev() {
        let num = u128::from(u[j + n]) * u128::from(RADIX) + u128::from(u[j + n - 1]);
        let mut qhat = num / u128::from(top);
        let mut rhat = num % u128::from(top);
        while qhat >= u128::from(RADIX)
            || qhat * u128::from(second) > rhat * u128::from(RADIX) + u128::from(u[j + n - 2])
        {
            qhat -= 1;
            rhat += u128::from(top);
            if rhat >= u128::from(RADIX) {
                break;
            }
        }
        let qw = qhat as u64;
        // Multiply and subtract.
        let (mut carry, mut borrow) = (0u64, 0u64);
        for i in 0..n {
            let (hi, lo) = div_radix(u128::from(qw) * u128::from(v[i]) + u128::from(carry));
            carry = hi;
            let take = lo + borrow;
            let x = u[j + i];
            borrow = u64::from(x < take);
            u[j + i] = if borrow == 1 { x.wrapping_add(RADIX).wrapping_sub(take) } else { x - take };
        }
        let take = carry + borrow;
        let x = u[j + n];
        let negative = x < take;
        u[j + n] = if negative { x.wrapping_add(RADIX).wrapping_sub(take) } else { x - take };
        q[j] = qw;
        if negative {
            // One too many: add the divisor back.
            q[j] -= 1;
            let mut carry = 0;
            for i in 0..n {
                let (s, o1) = u[j + i].overflowing_add(v[i]);
                let (s, o2) = s.overflowing_add(carry);
                carry = u64::from(o1 || o2 || s >= RADIX);
                u[j + i] = if carry == 1 { s.wrapping_sub(RADIX) } else { s };
            }
            u[j + n] = (u[j + n] + carry) % RADIX;
        }
    }
    u.truncate(n);
    let (r, _) = Coeff::from_words(u).div_word(factor);
    (Coeff::from_words(q), r)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(words: usize, seed: &mut u64) -> Coeff {
        Coeff::from_words(
            (0..words)
                .map(|_| {
                    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (*seed ^ (*seed >> 29)) % RADIX
                })
                .collect(),
        )
    }

    #[test]
    fn text_and_back() {
        for s in
            ["0", "1", "9999999999999999999", "10000000000000000000", "123456789012345678901234567890123456789012345"]
        {
            let mut out = Vec::new();
            let c = Coeff::from_digits(s.as_bytes());
            c.to_digits(&mut out);
            assert_eq!(out, s.as_bytes());
            assert_eq!(c.digits(), s.len() as u64);
        }
    }

    #[test]
    fn products_agree() {
        let mut seed = 1;
        for (n, m) in [(2, 3), (40, 40), (70, 33), (100, 35), (320, 310), (900, 400)] {
            let (a, b) = (random(n, &mut seed), random(m, &mut seed));
            let mut school = vec![0; a.words().len() + b.words().len()];
            mul_school(&mut school, a.words(), b.words());
            assert!(a.mul(&b).cmp(&Coeff::from_words(school)).is_eq(), "{n} {m}");
        }
    }

    #[test]
    fn division_undoes_products() {
        let mut seed = 7;
        for (n, m) in [(2, 2), (5, 2), (40, 20), (300, 140), (700, 300), (1500, 200), (1000, 800)] {
            let (a, b) = (random(n, &mut seed), random(m, &mut seed));
            let (q, r) = a.divrem(&b);
            assert!(r.cmp(&b).is_lt());
            assert!(q.mul(&b).add(&r).cmp(&a).is_eq(), "{n} {m}");
        }
    }

    #[test]
    fn shifts_and_roots() {
        let mut seed = 3;
        for n in [1, 2, 3, 7, 30] {
            let a = random(n, &mut seed);
            for k in [1, 18, 19, 20, 45] {
                let (back, rest) = a.shl(k).shr(k);
                assert!(back.cmp(&a).is_eq() && rest == Rest::Zero);
            }
            let r = a.isqrt();
            assert!(!r.mul(&r).cmp(&a).is_gt());
            let s = r.add_one();
            assert!(s.mul(&s).cmp(&a).is_gt());
        }
    }
}
