//! Doubles: reading, writing, rounding and the arithmetic whose rules are Python's own.

pub mod arith;
pub mod hex;
pub mod text;

pub use arith::{PowOutcome, divmod, floor_div, pow, rem, round_ndigits};
pub use text::{Flags, Repr, format_double, parse, repr};

use crate::digits::{Big, convert};

/// The numerator and the positive denominator, in lowest terms. None for infinities and NaN.
pub fn as_integer_ratio(x: f64) -> Option<(Big, Big)> {
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let exp = (bits >> 52 & 0x7ff) as i64;
    if exp >= 1075 || x == 0.0 {
        return Some((convert::from_f64(x)?, Big::from(1u64)));
    }
    let fraction = bits & ((1 << 52) - 1);
    let (mut m, mut e) = if exp == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exp - 1075) };
    let twos = i64::from(m.trailing_zeros()).min(-e);
    m >>= twos;
    e += twos;
    let num = Big { neg: x < 0.0, ..Big::from(m) };
    Some((num, Big::from(1u64).as_ref().shl(-e as u64)))
}
