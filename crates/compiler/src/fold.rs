//! Arithmetic on constants, with Python's results and the reference's limits on the size of a folded one.
//!
//! `None` means: leave the operation to run time (because it raises, or its result would be too big).

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use taipan_bytecode::code::DIGIT_BITS;
use taipan_bytecode::opcode::nb;
use taipan_bytecode::{Const, Str};

use crate::consts::truth;

const MAX_INT_BITS: u64 = 128;
const MAX_COLLECTION_SIZE: u64 = 256;
const MAX_STR_SIZE: u64 = 4096;
const MAX_TOTAL_ITEMS: i64 = 1024;

/// A constant as a number.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Number {
    Int(BigInt),
    Float(f64),
    Complex(f64, f64),
}

/// An integer constant (`True` and `False` too).
pub fn to_bigint(value: &Const) -> Option<BigInt> {
    Some(match value {
        Const::True => 1.into(),
        Const::False => 0.into(),
        Const::Int(i) => (*i).into(),
        Const::BigInt { negative, digits } => {
            let mut n = BigInt::zero();
            for &d in digits.iter().rev() {
                n = (n << DIGIT_BITS) + d;
            }
            if *negative { -n } else { n }
        }
        _ => return None,
    })
}

fn from_bigint(value: BigInt) -> Const {
    if let Some(small) = value.to_i64() {
        return Const::Int(small);
    }
    let (sign, mut n) = value.into_parts();
    let mask = (1u32 << DIGIT_BITS) - 1;
    let mut digits = Vec::new();
    while !n.is_zero() {
        digits.push((&n & num_bigint::BigUint::from(mask)).to_u32().unwrap_or(0));
        n >>= DIGIT_BITS;
    }
    Const::from_digits(sign == Sign::Minus, &digits)
}

/// An integer as a float, rounded to nearest even; `None` when it is too big.
pub fn int_to_float(value: &BigInt) -> Option<f64> {
    ratio_to_float(value, &BigInt::from(1))
}

/// The float nearest to `a / b`; `None` when it is too big.
fn ratio_to_float(a: &BigInt, b: &BigInt) -> Option<f64> {
    if a.is_zero() {
        return Some(if b.is_negative() { -0.0 } else { 0.0 });
    }
    let negative = a.is_negative() != b.is_negative();
    let (a, b) = (a.magnitude(), b.magnitude());
    // Scale so that the quotient has at least 55 bits, then round half to even with a sticky bit.
    let mut exponent = a.bits() as i64 - b.bits() as i64 - 56;
    exponent = exponent.max(-1075 - 1);
    let (numerator, denominator) =
        if exponent >= 0 { (a.clone(), b << exponent as u64) } else { (a << (-exponent) as u64, b.clone()) };
    let (quotient, remainder) = numerator.div_rem(&denominator);
    let mut q = quotient.to_u64()?;
    let bits = 64 - q.leading_zeros() as i64;
    // Bits to drop: down to 53, or to the smallest subnormal.
    let drop = (bits - 53).max(-1074 - exponent).max(0);
    if drop > 0 {
        let half = 1u64 << (drop - 1);
        let low = q & ((1u64 << drop) - 1);
        q >>= drop;
        if low > half || (low == half && (!remainder.is_zero() || q & 1 == 1)) {
            q += 1;
        }
        exponent += drop;
    }
    let result = q as f64;
    let mut scaled = result;
    let mut e = exponent;
    while e > 1000 {
        scaled *= 2f64.powi(1000);
        e -= 1000;
    }
    while e < -1000 {
        scaled *= 2f64.powi(-1000);
        e += 1000;
    }
    scaled *= 2f64.powi(e as i32);
    if scaled.is_infinite() {
        return None;
    }
    Some(if negative { -scaled } else { scaled })
}

impl Number {
    /// The number that a constant is.
    pub fn of(value: &Const) -> Option<Number> {
        Some(match value {
            Const::Float(f) => Number::Float(*f),
            Const::Complex { real, imag } => Number::Complex(*real, *imag),
            other => Number::Int(to_bigint(other)?),
        })
    }

    /// `==`
    pub fn equals(&self, other: &Number) -> bool {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (Number::Float(a), Number::Float(b)) => a == b,
            (Number::Int(i), Number::Float(f)) | (Number::Float(f), Number::Int(i)) => {
                f.is_finite()
                    && f.fract() == 0.0
                    && num_traits::FromPrimitive::from_f64(*f).is_some_and(|b: BigInt| b == *i)
            }
            (Number::Complex(r, i), Number::Complex(s, j)) => r == s && i == j,
            (Number::Complex(r, i), n) | (n, Number::Complex(r, i)) => *i == 0.0 && Number::Float(*r).equals(n),
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Number::Int(i) => int_to_float(i),
            Number::Float(f) => Some(*f),
            Number::Complex(..) => None,
        }
    }
}

fn complex(value: (f64, f64)) -> Option<Const> {
    Some(Const::Complex { real: value.0, imag: value.1 })
}

/// `left op right`, where `op` is an argument of `BINARY_OP`.
pub fn binary(left: &Const, op: u32, right: &Const) -> Option<Const> {
    if let (Const::Int(a), Const::Int(b)) = (left, right) {
        let quick = match op {
            nb::ADD => a.checked_add(*b),
            nb::SUBTRACT => a.checked_sub(*b),
            nb::MULTIPLY => a.checked_mul(*b),
            nb::AND => Some(a & b),
            nb::OR => Some(a | b),
            nb::XOR => Some(a ^ b),
            _ => None,
        };
        if let Some(value) = quick {
            return Some(Const::Int(value));
        }
    }
    match op {
        nb::MULTIPLY => return multiply(left, right),
        nb::SUBSCR => return subscript(left, right),
        nb::ADD => match (left, right) {
            (Const::Str(a), Const::Str(b)) => {
                return Some(Const::Str(Str::from_wtf8(&[a.as_bytes(), b.as_bytes()].concat())));
            }
            (Const::Bytes(a), Const::Bytes(b)) => return Some(Const::Bytes([&a[..], &b[..]].concat().into())),
            (Const::Tuple(a), Const::Tuple(b)) => return Some(Const::Tuple([&a[..], &b[..]].concat().into())),
            _ => {}
        },
        nb::AND | nb::OR | nb::XOR => {
            if let (Const::True | Const::False, Const::True | Const::False) = (left, right) {
                let (a, b) = (truth(left), truth(right));
                let value = match op {
                    nb::AND => a && b,
                    nb::OR => a || b,
                    _ => a != b,
                };
                return Some(if value { Const::True } else { Const::False });
            }
        }
        _ => {}
    }
    match (Number::of(left)?, Number::of(right)?) {
        (Number::Int(a), Number::Int(b)) => integers(a, op, b),
        (a @ Number::Complex(..), b) | (a, b @ Number::Complex(..)) => complexes(&a, op, &b),
        (a, b) => floats(a.float()?, op, b.float()?),
    }
}

fn integers(a: BigInt, op: u32, b: BigInt) -> Option<Const> {
    Some(from_bigint(match op {
        nb::ADD => a + b,
        nb::SUBTRACT => a - b,
        nb::FLOOR_DIVIDE if !b.is_zero() => a.div_floor(&b),
        nb::REMAINDER if !b.is_zero() => a.mod_floor(&b),
        nb::TRUE_DIVIDE if !b.is_zero() => return ratio_to_float(&a, &b).map(Const::Float),
        nb::POWER if b.is_negative() => {
            if a.is_zero() {
                return None;
            }
            return floats(int_to_float(&a)?, op, int_to_float(&b)?);
        }
        nb::POWER => {
            if !a.is_zero() && b.is_positive() {
                let limit = b.to_u64().map_or(0, |exponent| MAX_INT_BITS / exponent);
                if a.bits() > limit {
                    return None;
                }
            }
            // A zero base takes any exponent.
            match b.to_u32() {
                Some(exponent) => a.pow(exponent),
                None if a.is_zero() => a,
                None => return None,
            }
        }
        nb::LSHIFT => {
            if b.is_negative() {
                return None;
            }
            if a.is_zero() {
                return Some(Const::Int(0));
            }
            let shift = b.to_u64()?;
            if shift > MAX_INT_BITS || a.bits() > MAX_INT_BITS - shift {
                return None;
            }
            a << shift
        }
        nb::RSHIFT if !b.is_negative() => match b.to_u64() {
            Some(shift) => a >> shift,
            None => BigInt::from(if a.is_negative() { -1 } else { 0 }),
        },
        nb::AND => a & b,
        nb::OR => a | b,
        nb::XOR => a ^ b,
        _ => return None,
    }))
}

/// Python's floored division of floats: quotient and remainder.
fn float_divmod(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 {
        if (b < 0.0) != (remainder < 0.0) {
            remainder += b;
            quotient -= 1.0;
        }
    } else {
        remainder = 0f64.copysign(b);
    }
    let floored = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    (floored, remainder)
}

fn floats(a: f64, op: u32, b: f64) -> Option<Const> {
    let value = match op {
        nb::ADD => a + b,
        nb::SUBTRACT => a - b,
        nb::MULTIPLY => a * b,
        nb::TRUE_DIVIDE if b != 0.0 => a / b,
        nb::FLOOR_DIVIDE if b != 0.0 => float_divmod(a, b).0,
        nb::REMAINDER if b != 0.0 => float_divmod(a, b).1,
        nb::POWER => return float_power(a, b),
        _ => return None,
    };
    Some(Const::Float(value))
}

fn float_power(a: f64, b: f64) -> Option<Const> {
    if b == 0.0 || a == 1.0 {
        return Some(Const::Float(1.0));
    }
    if a == 0.0 && b < 0.0 {
        return None;
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b != b.floor() {
        return complex_power((a, 0.0), (b, 0.0));
    }
    let value = a.powf(b);
    if value.is_infinite() && a.is_finite() && b.is_finite() {
        return None;
    }
    Some(Const::Float(value))
}

type Pair = (f64, f64);

fn complex_product((a, b): Pair, (c, d): Pair) -> Pair {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let (x, y) = (ac - bd, ad + bc);
    if !(x.is_nan() && y.is_nan()) {
        return (x, y);
    }
    // Recover infinities that the plain formula turned into NaN (C99, annex G).
    let unit = |v: f64| if v.is_infinite() { 1f64.copysign(v) } else { 0f64.copysign(v) };
    let tame = |v: f64| if v.is_nan() { 0f64.copysign(v) } else { v };
    let (mut a, mut b, mut c, mut d) = (a, b, c, d);
    let mut again = false;
    if a.is_infinite() || b.is_infinite() {
        (a, b, c, d) = (unit(a), unit(b), tame(c), tame(d));
        again = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (c, d, a, b) = (unit(c), unit(d), tame(a), tame(b));
        again = true;
    }
    if !again && (ac.is_infinite() || bd.is_infinite() || ad.is_infinite() || bc.is_infinite()) {
        (a, b, c, d) = (tame(a), tame(b), tame(c), tame(d));
        again = true;
    }
    if again {
        return (f64::INFINITY * (a * c - b * d), f64::INFINITY * (a * d + b * c));
    }
    (x, y)
}

fn complex_quotient((a, b): Pair, (c, d): Pair) -> Option<Pair> {
    if c == 0.0 && d == 0.0 {
        return None;
    }
    let mut result = if c.abs() >= d.abs() {
        let ratio = d / c;
        let denominator = c + d * ratio;
        ((a + b * ratio) / denominator, (b - a * ratio) / denominator)
    } else if d.abs() >= c.abs() {
        let ratio = c / d;
        let denominator = c * ratio + d;
        ((a * ratio + b) / denominator, (b * ratio - a) / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan() && result.1.is_nan() {
        let unit = |v: f64| if v.is_infinite() { 1f64.copysign(v) } else { 0f64.copysign(v) };
        if (a.is_infinite() || b.is_infinite()) && c.is_finite() && d.is_finite() {
            let (x, y) = (unit(a), unit(b));
            result = (f64::INFINITY * (x * c + y * d), f64::INFINITY * (y * c - x * d));
        } else if (c.is_infinite() || d.is_infinite()) && a.is_finite() && b.is_finite() {
            let (x, y) = (unit(c), unit(d));
            result = (0.0 * (a * x + b * y), 0.0 * (b * x - a * y));
        }
    }
    Some(result)
}

fn complex_power(a: Pair, b: Pair) -> Option<Const> {
    let value = if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= 100.0 {
        let n = b.0 as i64;
        let mut mask = 1;
        let (mut result, mut power) = ((1.0, 0.0), a);
        while mask <= n.abs() {
            if n.abs() & mask != 0 {
                result = complex_product(result, power);
            }
            mask <<= 1;
            power = complex_product(power, power);
        }
        if n > 0 { result } else { complex_quotient((1.0, 0.0), result)? }
    } else if a == (0.0, 0.0) {
        if b.1 != 0.0 || b.0 < 0.0 {
            return None;
        }
        (0.0, 0.0)
    } else {
        let size = a.0.hypot(a.1);
        let mut length = size.powf(b.0);
        let angle = a.1.atan2(a.0);
        let mut phase = angle * b.0;
        if b.1 != 0.0 {
            length *= (-angle * b.1).exp();
            phase += b.1 * size.ln();
        }
        (length * phase.cos(), length * phase.sin())
    };
    if value.0.is_infinite() || value.1.is_infinite() {
        return None;
    }
    complex(value)
}

fn complexes(left: &Number, op: u32, right: &Number) -> Option<Const> {
    match (left, right) {
        (&Number::Complex(a, b), &Number::Complex(c, d)) => match op {
            nb::ADD => complex((a + c, b + d)),
            nb::SUBTRACT => complex((a - c, b - d)),
            nb::MULTIPLY => complex(complex_product((a, b), (c, d))),
            nb::TRUE_DIVIDE => complex(complex_quotient((a, b), (c, d))?),
            nb::POWER => complex_power((a, b), (c, d)),
            _ => None,
        },
        // A real operand has no imaginary part, not one of zero.
        (&Number::Complex(a, b), real) => {
            let r = real.float()?;
            match op {
                nb::ADD => complex((a + r, b)),
                nb::SUBTRACT => complex((a - r, b)),
                nb::MULTIPLY => complex((a * r, b * r)),
                nb::TRUE_DIVIDE if r != 0.0 => complex((a / r, b / r)),
                nb::POWER => complex_power((a, b), (r, 0.0)),
                _ => None,
            }
        }
        (real, &Number::Complex(c, d)) => {
            let r = real.float()?;
            match op {
                nb::ADD => complex((r + c, d)),
                nb::SUBTRACT => complex((r - c, -d)),
                nb::MULTIPLY => complex((r * c, r * d)),
                nb::TRUE_DIVIDE => complex(complex_quotient((r, 0.0), (c, d))?),
                nb::POWER => complex_power((r, 0.0), (c, d)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Items in nested tuples, counted down from `limit`; negative when there are more.
fn items_left(value: &Const, mut limit: i64) -> i64 {
    if let Const::Tuple(items) = value {
        limit -= items.len() as i64;
        for item in items {
            if limit < 0 {
                break;
            }
            limit = items_left(item, limit);
        }
    }
    limit
}

fn multiply(left: &Const, right: &Const) -> Option<Const> {
    let is_int = |c: &Const| matches!(c, Const::Int(_) | Const::BigInt { .. } | Const::True | Const::False);
    let is_sequence = |c: &Const| matches!(c, Const::Str(_) | Const::Bytes(_) | Const::Tuple(_));
    match (left, right) {
        (n, sequence) if is_int(n) && is_sequence(sequence) => repeat(n, sequence),
        (sequence, n) if is_int(n) && is_sequence(sequence) => repeat(n, sequence),
        _ => match (Number::of(left)?, Number::of(right)?) {
            (Number::Int(a), Number::Int(b)) => {
                if !a.is_zero() && !b.is_zero() && a.bits() + b.bits() > MAX_INT_BITS {
                    return None;
                }
                Some(from_bigint(a * b))
            }
            (a @ Number::Complex(..), b) | (a, b @ Number::Complex(..)) => complexes(&a, nb::MULTIPLY, &b),
            (a, b) => floats(a.float()?, nb::MULTIPLY, b.float()?),
        },
    }
}

fn repeat(count: &Const, sequence: &Const) -> Option<Const> {
    let (size, limit) = match sequence {
        Const::Tuple(items) => (items.len() as u64, MAX_COLLECTION_SIZE),
        Const::Str(s) => (s.char_count() as u64, MAX_STR_SIZE),
        Const::Bytes(b) => (b.len() as u64, MAX_STR_SIZE),
        _ => return None,
    };
    let n = to_bigint(count)?;
    if size == 0 {
        return n.to_i64().map(|_| sequence.clone());
    }
    let n = n.to_u64().filter(|&n| n <= limit / size)? as usize;
    if n != 0 && items_left(sequence, MAX_TOTAL_ITEMS / n as i64) < 0 {
        return None;
    }
    Some(match sequence {
        Const::Tuple(items) => Const::Tuple(std::iter::repeat_n(items, n).flat_map(|t| t.iter().cloned()).collect()),
        Const::Str(s) => Const::Str(Str::from_wtf8(&s.as_bytes().repeat(n))),
        Const::Bytes(b) => Const::Bytes(b.repeat(n).into()),
        _ => return None,
    })
}

/// The positions that a slice selects from a sequence of `len` items.
fn slice_positions(parts: &[Const; 3], len: usize) -> Option<Vec<usize>> {
    let len = len as i128;
    let part = |c: &Const| -> Option<Option<i128>> {
        match c {
            Const::None => Some(None),
            other => {
                let n = to_bigint(other)?;
                let far = i64::MAX as i128;
                Some(Some(n.to_i64().map_or(if n.is_negative() { -far } else { far }, i128::from)))
            }
        }
    };
    let step = part(&parts[2])?.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (low, high) = if step < 0 { (-1, len - 1) } else { (0, len) };
    let clamp = |n: i128| if n < 0 { (n + len).max(low) } else { n.min(high) };
    let start = part(&parts[0])?.map_or(if step < 0 { high } else { low }, clamp);
    let stop = part(&parts[1])?.map_or(if step < 0 { low } else { high }, clamp);
    let mut positions = Vec::new();
    let mut at = start;
    while if step < 0 { at > stop } else { at < stop } {
        positions.push(at as usize);
        at += step;
    }
    Some(positions)
}

fn subscript(value: &Const, index: &Const) -> Option<Const> {
    let points: Vec<u32>;
    let len = match value {
        Const::Str(s) => {
            points = s.code_points().collect();
            points.len()
        }
        Const::Bytes(b) => {
            points = Vec::new();
            b.len()
        }
        Const::Tuple(items) => {
            points = Vec::new();
            items.len()
        }
        _ => return None,
    };
    if let Const::Slice(parts) = index {
        let positions = slice_positions(parts, len)?;
        return Some(match value {
            Const::Str(_) => Const::Str(Str::from_code_points(positions.iter().map(|&i| points[i]))),
            Const::Bytes(b) => Const::Bytes(positions.iter().map(|&i| b[i]).collect()),
            Const::Tuple(items) => Const::Tuple(positions.iter().map(|&i| items[i].clone()).collect()),
            _ => return None,
        });
    }
    let i = to_bigint(index)?.to_i64()?;
    let i = if i < 0 { i.checked_add(len as i64)? } else { i };
    let i = usize::try_from(i).ok().filter(|&i| i < len)?;
    Some(match value {
        Const::Str(_) => Const::Str(Str::from_code_points([points[i]])),
        Const::Bytes(b) => Const::Int(b[i] as i64),
        Const::Tuple(items) => items[i].clone(),
        _ => return None,
    })
}

/// `-value`
pub fn negative(value: &Const) -> Option<Const> {
    Some(match Number::of(value)? {
        Number::Int(i) => from_bigint(-i),
        Number::Float(f) => Const::Float(-f),
        Number::Complex(real, imag) => Const::Complex { real: -real, imag: -imag },
    })
}

/// `+value`
pub fn positive(value: &Const) -> Option<Const> {
    Some(match Number::of(value)? {
        Number::Int(i) => from_bigint(i),
        Number::Float(f) => Const::Float(f),
        Number::Complex(real, imag) => Const::Complex { real, imag },
    })
}

/// `~value`; that of a bool is deprecated and left to run time, which warns.
pub fn invert(value: &Const) -> Option<Const> {
    match value {
        Const::True | Const::False => None,
        other => Some(from_bigint(!to_bigint(other)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_like_python() {
        let int = |i| Const::Int(i);
        assert_eq!(binary(&int(-7), nb::FLOOR_DIVIDE, &int(2)), Some(int(-4)));
        assert_eq!(binary(&int(-7), nb::REMAINDER, &int(2)), Some(int(1)));
        assert_eq!(binary(&int(1), nb::TRUE_DIVIDE, &int(3)), Some(Const::Float(1.0 / 3.0)));
        assert_eq!(binary(&int(1), nb::TRUE_DIVIDE, &int(0)), None);
        assert_eq!(binary(&int(2), nb::POWER, &int(-1)), Some(Const::Float(0.5)));
        assert_eq!(binary(&int(2), nb::POWER, &int(64)).and_then(|c| to_bigint(&c)), Some(BigInt::from(1u128 << 64)));
        assert_eq!(binary(&int(2), nb::POWER, &int(10_000)), None);
        assert_eq!(binary(&Const::Float(-7.0), nb::FLOOR_DIVIDE, &Const::Float(2.0)), Some(Const::Float(-4.0)));
    }

    #[test]
    fn big_integers_become_the_nearest_float() {
        let n: BigInt = (BigInt::from(1) << 53u32) + 1;
        assert_eq!(int_to_float(&n), Some(9007199254740992.0));
        assert_eq!(int_to_float(&(BigInt::from(1) << 1024u32)), None);
        assert_eq!(int_to_float(&(BigInt::from(3) << 100u32)), Some(3.0 * 2f64.powi(100)));
    }

    #[test]
    fn slices_of_constants() {
        let text = Const::Str(Str::from("abcdef"));
        let slice = Const::Slice(Box::new([Const::None, Const::None, Const::Int(-2)]));
        assert_eq!(binary(&text, nb::SUBSCR, &slice), Some(Const::Str(Str::from("fdb"))));
        assert_eq!(binary(&text, nb::SUBSCR, &Const::Int(-1)), Some(Const::Str(Str::from("f"))));
        assert_eq!(binary(&text, nb::SUBSCR, &Const::Int(6)), None);
    }
}
