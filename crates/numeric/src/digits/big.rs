//! Signed numbers: a sign beside a magnitude, with the semantics of Python's `int`.

use std::cmp::Ordering;

use super::{MASK, limbs, normalize};

/// A borrowed signed number. Zero has no digits and is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigRef<'a> {
    /// Whether the number is below zero.
    pub neg: bool,
    /// The normalised magnitude.
    pub digits: &'a [u32],
}

/// An owned signed number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Big {
    /// Whether the number is below zero.
    pub neg: bool,
    /// The normalised magnitude.
    pub digits: Vec<u32>,
}

/// The bitwise operations on two's complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitOp {
    /// `&`
    And,
    /// `|`
    Or,
    /// `^`
    Xor,
}

impl From<u64> for Big {
    fn from(x: u64) -> Self {
        let mut out = [0; 3];
        let n = super::u64_into(&mut out, x);
        Big { neg: false, digits: out[..n].to_vec() }
    }
}

impl From<i64> for Big {
    fn from(x: i64) -> Self {
        Big { neg: x < 0, ..Big::from(x.unsigned_abs()) }
    }
}

impl From<u128> for Big {
    fn from(x: u128) -> Self {
        let mut digits: Vec<u32> = (0..5).map(|i| (x >> (30 * i)) as u32 & MASK).collect();
        normalize(&mut digits);
        Big { neg: false, digits }
    }
}

impl From<i128> for Big {
    fn from(x: i128) -> Self {
        Big { neg: x < 0, ..Big::from(x.unsigned_abs()) }
    }
}

impl Big {
    /// A number from a sign and digits that may have leading zeros.
    pub fn new(neg: bool, mut digits: Vec<u32>) -> Self {
        normalize(&mut digits);
        Big { neg: neg && !digits.is_empty(), digits }
    }

    /// The borrowed form.
    #[inline]
    pub fn as_ref(&self) -> BigRef<'_> {
        BigRef { neg: self.neg, digits: &self.digits }
    }

    /// The value, if it fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.as_ref().to_i64()
    }
}

#[expect(
    clippy::should_implement_trait,
    reason = "operators cannot borrow from both sides and return owned numbers without a second set of impls"
)]
impl<'a> BigRef<'a> {
    /// A number from a sign and normalised digits.
    #[inline]
    pub fn new(neg: bool, digits: &'a [u32]) -> Self {
        BigRef { neg: neg && !digits.is_empty(), digits }
    }

    /// Whether the number is zero.
    #[inline]
    pub fn is_zero(self) -> bool {
        self.digits.is_empty()
    }

    /// A copy that owns its digits.
    pub fn to_big(self) -> Big {
        Big { neg: self.neg, digits: self.digits.to_vec() }
    }

    /// The value, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        let m = super::to_u64(self.digits)?;
        if self.neg { (m <= 1 << 63).then(|| (m as i64).wrapping_neg()) } else { i64::try_from(m).ok() }
    }

    /// The value, if it fits and is not negative.
    pub fn to_u64(self) -> Option<u64> {
        if self.neg { None } else { super::to_u64(self.digits) }
    }

    /// The negated number.
    pub fn negated(self) -> BigRef<'a> {
        BigRef::new(!self.neg, self.digits)
    }

    /// The sum.
    pub fn add(self, other: BigRef<'_>) -> Big {
        if self.neg == other.neg {
            return Big { neg: self.neg, digits: super::add(self.digits, other.digits) };
        }
        match super::cmp(self.digits, other.digits) {
            Ordering::Equal => Big::default(),
            Ordering::Greater => Big { neg: self.neg, digits: super::sub(self.digits, other.digits) },
            Ordering::Less => Big { neg: other.neg, digits: super::sub(other.digits, self.digits) },
        }
    }

    /// The difference.
    pub fn sub(self, other: BigRef<'_>) -> Big {
        self.add(other.negated())
    }

    /// The product.
    pub fn mul(self, other: BigRef<'_>) -> Big {
        Big::new(self.neg != other.neg, super::mul(self.digits, other.digits))
    }

    /// Quotient rounded towards minus infinity, and the remainder with the divisor's sign. None for a zero divisor.
    pub fn divmod_floor(self, other: BigRef<'_>) -> Option<(Big, Big)> {
        if other.is_zero() {
            return None;
        }
        let (q, r) = super::divrem(self.digits, other.digits);
        if self.neg == other.neg {
            return Some((Big::new(false, q), Big::new(other.neg, r)));
        }
        if r.is_empty() {
            return Some((Big::new(true, q), Big::default()));
        }
        Some((Big::new(true, super::add(&q, &[1])), Big::new(other.neg, super::sub(other.digits, &r))))
    }

    /// Quotient rounded towards zero, and the remainder with the dividend's sign. None for a zero divisor.
    pub fn divmod_trunc(self, other: BigRef<'_>) -> Option<(Big, Big)> {
        if other.is_zero() {
            return None;
        }
        let (q, r) = super::divrem(self.digits, other.digits);
        Some((Big::new(self.neg != other.neg, q), Big::new(self.neg, r)))
    }

    /// Quotient rounded to the nearest integer, halves to even, and the remainder that belongs to it.
    pub fn divmod_near(self, other: BigRef<'_>) -> Option<(Big, Big)> {
        let (q, r) = self.divmod_floor(other)?;
        let twice = super::shl(&r.digits, 1);
        let up = match super::cmp(&twice, other.digits) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => q.digits.first().is_some_and(|d| d & 1 == 1),
        };
        if up {
            let one = Big::from(1u64);
            return Some((q.as_ref().add(one.as_ref()), r.as_ref().sub(other)));
        }
        Some((q, r))
    }

    /// The number shifted left.
    pub fn shl(self, bits: u64) -> Big {
        Big::new(self.neg, super::shl(self.digits, bits))
    }

    /// The number shifted right, rounding towards minus infinity.
    pub fn shr(self, bits: u64) -> Big {
        let q = super::shr(self.digits, bits);
        if self.neg && super::any_low_bits(self.digits, bits) {
            return Big { neg: true, digits: super::add(&q, &[1]) };
        }
        Big::new(self.neg, q)
    }

    /// `~self`
    pub fn invert(self) -> Big {
        if self.neg {
            Big::new(false, super::sub(self.digits, &[1]))
        } else {
            Big { neg: true, digits: super::add(self.digits, &[1]) }
        }
    }

    /// A bitwise operation on the infinite two's complement forms.
    pub fn bitop(self, op: BitOp, other: BigRef<'_>) -> Big {
        let apply = |a: u32, b: u32| match op {
            BitOp::And => a & b,
            BitOp::Or => a | b,
            BitOp::Xor => a ^ b,
        };
        let neg = apply(u32::from(self.neg), u32::from(other.neg)) != 0;
        let (long, short) = if self.digits.len() >= other.digits.len() { (self, other) } else { (other, self) };
        // Past the shorter number its sign fills: for `&` with a positive number nothing is left there.
        let len = if op == BitOp::And && !short.neg { short.digits.len() } else { long.digits.len() };
        let mut digits = Vec::with_capacity(len + 1);
        let (mut ca, mut cb, mut cr) = (u32::from(long.neg), u32::from(short.neg), u32::from(neg));
        let mut complement = |d: u32, sign: bool, which: usize| {
            if !sign {
                return d;
            }
            let carry = if which == 0 { &mut ca } else { &mut cb };
            let t = (d ^ MASK) + *carry;
            *carry = t >> 30;
            t & MASK
        };
        for i in 0..len {
            let a = complement(long.digits[i], long.neg, 0);
            let b = complement(short.digits.get(i).copied().unwrap_or(0), short.neg, 1);
            let mut r = apply(a, b);
            if neg {
                let t = (r ^ MASK) + cr;
                cr = t >> 30;
                r = t & MASK;
            }
            digits.push(r);
        }
        if neg && cr != 0 {
            digits.push(cr);
        }
        Big::new(neg, digits)
    }

    /// The number raised to a power.
    pub fn pow(self, exp: u64) -> Big {
        let neg = self.neg && exp & 1 == 1;
        if exp == 0 {
            return Big::from(1u64);
        }
        if exp == 1 || self.is_zero() {
            return self.to_big();
        }
        // Powers of two come out of the number first: they cost nothing.
        let twos = super::trailing_zeros(self.digits);
        let odd = super::shr(self.digits, twos);
        let power = if odd == [1] {
            vec![1]
        } else if let Some(small) = pow_small(&odd, exp) {
            small
        } else {
            limbs::to_digits(&limbs::pow(&limbs::from_digits(&odd), exp))
        };
        Big { neg, digits: super::shl(&power, twos.saturating_mul(exp)) }
    }

    /// `pow(self, exp, modulus)`: `exp` may be negative if the base is invertible. The result has the modulus's sign.
    pub fn pow_mod(self, exp: BigRef<'_>, modulus: BigRef<'_>) -> Result<Big, PowModError> {
        if modulus.is_zero() {
            return Err(PowModError::ZeroModulus);
        }
        let m = BigRef { neg: false, digits: modulus.digits };
        let base = if exp.neg {
            self.mod_inverse(m).ok_or(PowModError::NotInvertible)?
        } else {
            self.divmod_floor(m).map(|x| x.1).unwrap_or_default()
        };
        if m.digits == [1] {
            return Ok(Big::default());
        }
        let lm = limbs::from_digits(m.digits);
        let r = if let ([m1], Some(e)) = (&lm[..], super::to_u64(exp.digits)) {
            let mut acc = 1u128;
            let m1 = u128::from(*m1);
            let mut b = u128::from(super::to_u64(&base.digits).unwrap_or(0));
            let mut e = e;
            while e > 0 {
                if e & 1 == 1 {
                    acc = acc * b % m1;
                }
                e >>= 1;
                if e > 0 {
                    b = b * b % m1;
                }
            }
            Big::from(acc).digits
        } else {
            let p = limbs::pow_mod(&limbs::from_digits(&base.digits), &limbs::from_digits(exp.digits), &lm);
            limbs::to_digits(&p)
        };
        let r = Big::new(false, r);
        if modulus.neg && !r.digits.is_empty() { Ok(r.as_ref().add(modulus)) } else { Ok(r) }
    }

    /// The inverse modulo a positive `m`, in `0..m`; None if there is none.
    pub fn mod_inverse(self, m: BigRef<'_>) -> Option<Big> {
        let mut r0 = m.to_big();
        let mut r1 = self.divmod_floor(m)?.1;
        let (mut t0, mut t1) = (Big::default(), Big::from(1u64));
        while !r1.digits.is_empty() {
            let (q, r) = r0.as_ref().divmod_floor(r1.as_ref())?;
            let t = t0.as_ref().sub(q.as_ref().mul(t1.as_ref()).as_ref());
            (r0, r1) = (r1, r);
            (t0, t1) = (t1, t);
        }
        if r0.digits != [1] {
            return None;
        }
        Some(t0.as_ref().divmod_floor(m)?.1)
    }

    /// The hash of an `int`: modulo 2^61 - 1 with the sign, and -2 for -1.
    pub fn hash(self) -> i64 {
        let h = super::hash_magnitude(self.digits) as i64;
        crate::hash::not_minus_one(if self.neg { -h } else { h })
    }
}

impl PartialOrd for BigRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BigRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.neg, other.neg) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => super::cmp(self.digits, other.digits),
            (true, true) => super::cmp(other.digits, self.digits),
        }
    }
}

/// Why `pow_mod` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowModError {
    /// "pow() 3rd argument cannot be 0"
    ZeroModulus,
    /// "base is not invertible for the given modulus"
    NotInvertible,
}

/// The power, if it fits into 64 bits.
fn pow_small(base: &[u32], exp: u64) -> Option<Vec<u32>> {
    let p = super::to_u64(base)?.checked_pow(u32::try_from(exp).ok()?)?;
    Some(Big::from(p).digits)
}
