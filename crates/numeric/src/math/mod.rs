//! Functions of `math` that neither the standard library nor C's library gives with Python's accuracy and rules.

mod c;
pub mod combinatorics;
pub mod gamma;
pub mod sums;

pub use combinatorics::{comb, factorial, perm};
pub use gamma::{MathError, erf, erfc, gamma, lgamma};
pub use sums::{CompensatedSum, ExactSum, ExactSumError, ProductSum, norm};

/// `math.remainder(x, y)` for finite `x` and `y != 0`.
pub fn remainder(x: f64, y: f64) -> f64 {
    c::remainder(x, y)
}

/// `x * 2**e`, rounded once. Infinite if too large: the caller reports that.
pub fn ldexp(x: f64, e: i64) -> f64 {
    c::ldexp(x, e.clamp(-5000, 5000) as i32)
}

/// Mantissa in [0.5, 1) and exponent.
pub fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, bias) = if x.is_subnormal() { (x * f64::from_bits((1023 + 64) << 52), 64) } else { (x, 0) };
    let bits = x.to_bits();
    let e = (bits >> 52 & 0x7ff) as i32 - 1022;
    (f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52), e - bias)
}

/// `math.fma(x, y, z)`
pub fn fma(x: f64, y: f64, z: f64) -> f64 {
    x.mul_add(y, z)
}

/// `math.nextafter(x, y, steps=n)`
pub fn next_after(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 || x.is_nan() {
        return x;
    }
    if y.is_nan() {
        return y;
    }
    // Doubles in order of their values, both zeros at 0.
    let rank = |v: f64| {
        let bits = (v.to_bits() << 1 >> 1) as i128;
        if v.is_sign_negative() { -bits } else { bits }
    };
    let (a, b) = (rank(x), rank(y));
    if a == b {
        return y;
    }
    let steps = i128::from(steps);
    let target = if a < b { (a + steps).min(b) } else { (a - steps).max(b) };
    if target == 0 {
        // Zero is reached from one side.
        return 0f64.copysign(x);
    }
    if target == b {
        return y;
    }
    let v = f64::from_bits(target.unsigned_abs() as u64);
    if target < 0 { -v } else { v }
}

/// `math.ulp(x)`
pub fn ulp(x: f64) -> f64 {
    let x = x.abs();
    if !x.is_finite() {
        return x;
    }
    let up = f64::from_bits(x.to_bits() + 1);
    if up.is_infinite() { x - f64::from_bits(x.to_bits() - 1) } else { up - x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        assert_eq!(next_after(1.0, 2.0, 1), 1.0000000000000002);
        assert_eq!(next_after(0.0, -1.0, 1), -5e-324);
        assert!(next_after(-5e-324, 1.0, 1).is_sign_negative());
        assert_eq!(next_after(-5e-324, 1.0, 3), 1e-323);
        assert_eq!(next_after(1.0, f64::INFINITY, u64::MAX), f64::INFINITY);
        assert!(next_after(0.0, -0.0, 1).is_sign_negative());
        assert_eq!(ulp(1.0), f64::EPSILON);
        assert_eq!(ulp(f64::MAX), 1.99584030953472e292);
        assert_eq!(ulp(0.0), 5e-324);
        assert_eq!(ldexp(1.0, -1075), 0.0);
        assert_eq!(ldexp(1.5, -1074), 1e-323);
        assert_eq!(frexp(5e-324), (0.5, -1073));
        assert_eq!(frexp(-12.0), (-0.75, 4));
        assert_eq!(frexp(0.0), (0.0, 0));
        assert_eq!(remainder(5.0, 2.0), 1.0);
        assert_eq!(remainder(7.0, 2.0), -1.0);
    }
}
