//! Sums of doubles with extended precision.

/// `a + b` and its rounding error, exactly.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let bb = s - a;
    (s, (a - (s - bb)) + (b - bb))
}

/// `a * b` and its rounding error, exactly.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    (p, a.mul_add(b, -p))
}

/// The compensated sum of `sum()`: Neumaier's variant of Kahan's.
#[derive(Clone, Copy, Debug, Default)]
pub struct CompensatedSum {
    hi: f64,
    lo: f64,
}

impl CompensatedSum {
    /// A sum that begins with `x`.
    pub fn new(x: f64) -> Self {
        CompensatedSum { hi: x, lo: 0.0 }
    }

    /// Adds a term.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let t = self.hi + x;
        self.lo += if self.hi.abs() >= x.abs() { (self.hi - t) + x } else { (x - t) + self.hi };
        self.hi = t;
    }

    /// The sum.
    pub fn value(self) -> f64 {
        // A correction of zero would lose the sign of -0.0, one that is not finite would spoil an infinite sum.
        if self.lo != 0.0 && self.lo.is_finite() { self.hi + self.lo } else { self.hi }
    }
}

/// `math.fsum`: an exact sum, rounded once (Shewchuk's non-overlapping partial sums).
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    partials: Vec<f64>,
    special: f64,
    infinities: f64,
}

/// Why an exact sum has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactSumError {
    /// OverflowError: "intermediate overflow in fsum"
    Overflow,
    /// ValueError: "-inf + inf in fsum"
    OppositeInfinities,
}

impl ExactSum {
    /// Adds a term.
    pub fn add(&mut self, term: f64) -> Result<(), ExactSumError> {
        let mut x = term;
        let mut kept = 0;
        for j in 0..self.partials.len() {
            let mut y = self.partials[j];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let hi = x + y;
            let lo = y - (hi - x);
            if lo != 0.0 {
                self.partials[kept] = lo;
                kept += 1;
            }
            x = hi;
        }
        self.partials.truncate(kept);
        if x == 0.0 {
            return Ok(());
        }
        if x.is_finite() {
            self.partials.push(x);
            return Ok(());
        }
        if term.is_finite() {
            return Err(ExactSumError::Overflow);
        }
        if term.is_infinite() {
            self.infinities += term;
        }
        self.special += term;
        self.partials.clear();
        Ok(())
    }

    /// The sum, rounded half to even.
    pub fn value(&self) -> Result<f64, ExactSumError> {
        if self.special != 0.0 {
            return if self.infinities.is_nan() { Err(ExactSumError::OppositeInfinities) } else { Ok(self.special) };
        }
        let mut rest = self.partials.iter().rev().copied().peekable();
        let Some(mut hi) = rest.next() else {
            return Ok(0.0);
        };
        let mut lo = 0.0;
        for y in rest.by_ref() {
            let x = hi;
            hi = x + y;
            lo = y - (hi - x);
            if lo != 0.0 {
                break;
            }
        }
        // `hi` was rounded half to even without knowledge of what lies below `lo`; that decides exact halves.
        if let Some(&below) = rest.peek()
            && ((lo < 0.0 && below < 0.0) || (lo > 0.0 && below > 0.0))
        {
            let y = lo * 2.0;
            let x = hi + y;
            if y == x - hi {
                hi = x;
            }
        }
        Ok(hi)
    }
}

/// `math.sumprod`: a sum of products in triple length.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductSum {
    hi: f64,
    lo: f64,
    tiny: f64,
}

impl ProductSum {
    /// Adds `x * y`.
    #[inline]
    pub fn add(&mut self, x: f64, y: f64) {
        let (p, pe) = two_product(x, y);
        let (hi, he) = two_sum(self.hi, p);
        let (r1, e1) = two_sum(self.lo, pe);
        let (r2, e2) = two_sum(r1, he);
        self.hi = hi;
        self.lo = r2;
        self.tiny += e1 + e2;
    }

    /// The sum.
    pub fn value(self) -> f64 {
        let (last, le) = two_sum(self.lo, self.tiny);
        let (total, te) = two_sum(self.hi, last);
        total + (te + le)
    }
}

/// The Euclidean norm (`math.hypot`, `math.dist`), within one unit in the last place.
pub fn norm(v: &mut [f64]) -> f64 {
    let mut max = 0f64;
    let mut nan = false;
    for x in v.iter_mut() {
        *x = x.abs();
        nan |= x.is_nan();
        max = max.max(*x);
    }
    if max.is_infinite() {
        return max;
    }
    if nan {
        return f64::NAN;
    }
    if max == 0.0 || v.len() <= 1 {
        return max;
    }
    let (_, e) = super::frexp(max);
    if e < -1023 {
        // All are subnormal: the scale itself would overflow.
        for x in v.iter_mut() {
            *x /= f64::MIN_POSITIVE;
        }
        return f64::MIN_POSITIVE * norm(v);
    }
    let scale = super::ldexp(1.0, -i64::from(e));
    // The running sum starts at one so that it is never smaller than a term: a fast two-sum then is exact.
    let (mut sum, mut frac1, mut frac2) = (1.0, 0.0, 0.0);
    let mut add = |p: (f64, f64), sum: &mut f64| {
        let s = *sum + p.0;
        frac2 += (*sum - s) + p.0;
        frac1 += p.1;
        *sum = s;
        frac1 + frac2
    };
    let mut low = 0.0;
    for &x in v.iter() {
        let x = x * scale;
        low = add(two_product(x, x), &mut sum);
    }
    let mut h = (sum - 1.0 + low).sqrt();
    // One step of Newton's method on the square root, with the residue in extended precision.
    low = add(two_product(-h, h), &mut sum);
    let x = sum - 1.0 + low;
    h += x / (2.0 * h);
    h / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_sums() {
        let sum = |v: &[f64]| {
            let mut s = ExactSum::default();
            v.iter().try_for_each(|&x| s.add(x)).and_then(|()| s.value())
        };
        assert_eq!(sum(&[0.1; 10]), Ok(1.0));
        assert_eq!(sum(&[1e16, 1.0, -1e16]), Ok(1.0));
        assert_eq!(sum(&[1e-16, 1.0, 1e16]), Ok(10000000000000002.0));
        assert_eq!(sum(&[]), Ok(0.0));
        assert_eq!(sum(&[f64::INFINITY, 1.0]), Ok(f64::INFINITY));
        assert_eq!(sum(&[f64::INFINITY, f64::NEG_INFINITY]), Err(ExactSumError::OppositeInfinities));
        assert_eq!(sum(&[1e308, 1e308]), Err(ExactSumError::Overflow));
    }

    #[test]
    fn others() {
        let mut s = CompensatedSum::default();
        [0.1; 10].into_iter().for_each(|x| s.add(x));
        assert_eq!(s.value(), 1.0);
        let mut p = ProductSum::default();
        [(1e16, 1.0), (1.0, 1.0), (-1e16, 1.0), (0.1, 0.1)].into_iter().for_each(|(x, y)| p.add(x, y));
        assert_eq!(p.value(), 1.01);
        assert_eq!(norm(&mut [3.0, 4.0]), 5.0);
        assert_eq!(norm(&mut [1.0, 1.0, 1.0, 1.0]), 2.0);
        assert_eq!(norm(&mut [5e-324, 5e-324]), 5e-324);
        assert_eq!(norm(&mut [1e308, 1e308]), 1.4142135623730951e308);
        assert_eq!(norm(&mut [f64::NAN, f64::INFINITY]), f64::INFINITY);
    }
}
