//! The gamma function, its logarithm, and the error function.

use std::f64::consts::PI;

/// Why a function has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathError {
    /// ValueError: the argument lies outside the domain.
    Domain,
    /// OverflowError: "math range error"
    Range,
}

// Lanczos' approximation with 13 terms: g and the coefficients of numerator and denominator.
#[expect(clippy::excessive_precision, reason = "the digits as published")]
const G: f64 = 6.024_680_040_776_729_583_740_234_375;
#[expect(clippy::excessive_precision, reason = "the digits as published")]
const G_MINUS_HALF: f64 = 5.524_680_040_776_729_583_740_234_375;
#[expect(clippy::excessive_precision, reason = "the digits as published")]
const NUM: [f64; 13] = [
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
];
const DEN: [f64; 13] = [
    0.0,
    39916800.0,
    120543840.0,
    150917976.0,
    105258076.0,
    45995730.0,
    13339535.0,
    2637558.0,
    357423.0,
    32670.0,
    1925.0,
    66.0,
    1.0,
];

fn lanczos_sum(x: f64) -> f64 {
    let (mut num, mut den) = (0.0, 0.0);
    if x < 5.0 {
        for i in (0..13).rev() {
            num = num * x + NUM[i];
            den = den * x + DEN[i];
        }
    } else {
        // In powers of 1/x, so that large arguments do not overflow.
        for i in 0..13 {
            num = num / x + NUM[i];
            den = den / x + DEN[i];
        }
    }
    num / den
}

/// sin(pi x), accurate near integers.
fn sin_pi(x: f64) -> f64 {
    let y = x.abs() % 2.0;
    let r = match (2.0 * y).round() as i32 {
        0 => (PI * y).sin(),
        1 => (PI * (y - 0.5)).cos(),
        2 => (PI * (1.0 - y)).sin(),
        3 => -(PI * (y - 1.5)).cos(),
        _ => (PI * (y - 2.0)).sin(),
    };
    r.copysign(1.0) * if r < 0.0 { -1f64 } else { 1.0 } * 1f64.copysign(x)
}

/// `math.gamma`
pub fn gamma(x: f64) -> Result<f64, MathError> {
    if !x.is_finite() {
        return if x.is_nan() || x > 0.0 { Ok(x) } else { Err(MathError::Domain) };
    }
    if x == 0.0 {
        return Err(MathError::Domain);
    }
    if x == x.floor() {
        if x < 0.0 {
            return Err(MathError::Domain);
        }
        if x <= 23.0 {
            // Factorials up to 22! are exact.
            return Ok((1..x as u64).map(|i| i as f64).product());
        }
    }
    let a = x.abs();
    if a < 1e-20 {
        let r = 1.0 / x;
        return if r.is_infinite() { Err(MathError::Range) } else { Ok(r) };
    }
    if a > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(MathError::Range) };
    }
    let y = a + G_MINUS_HALF;
    // The rounding error of y is carried into the power below.
    let z = if a > G_MINUS_HALF { (y - a) - G_MINUS_HALF } else { (y - G_MINUS_HALF) - a } * G / y;
    let r = if x < 0.0 {
        let mut r = -PI / sin_pi(a) / a * y.exp() / lanczos_sum(a);
        r -= z * r;
        if a < 140.0 {
            r / y.powf(a - 0.5)
        } else {
            let root = y.powf(a / 2.0 - 0.25);
            r / root / root
        }
    } else {
        let mut r = lanczos_sum(a) / y.exp();
        r += z * r;
        if a < 140.0 {
            r * y.powf(a - 0.5)
        } else {
            let root = y.powf(a / 2.0 - 0.25);
            r * root * root
        }
    };
    if r.is_infinite() { Err(MathError::Range) } else { Ok(r) }
}

/// `math.lgamma`: the logarithm of the gamma function's magnitude.
pub fn lgamma(x: f64) -> Result<f64, MathError> {
    if !x.is_finite() {
        return Ok(if x.is_nan() { x } else { f64::INFINITY });
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { Err(MathError::Domain) } else { Ok(0.0) };
    }
    let a = x.abs();
    if a < 1e-20 {
        return Ok(-a.ln());
    }
    let mut r = lanczos_sum(a).ln() - G;
    r += (a - 0.5) * ((a + G - 0.5).ln() - 1.0);
    if x < 0.0 {
        r = PI.ln() - sin_pi(a).abs().ln() - a.ln() - r;
    }
    if r.is_infinite() { Err(MathError::Range) } else { Ok(r) }
}

/// `math.erf`
pub fn erf(x: f64) -> f64 {
    super::c::erf(x)
}

/// `math.erfc`
pub fn erfc(x: f64) -> f64 {
    super::c::erfc(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn gammas() {
        let cases = [
            (0.5, 1.7724538509055159, 0.5723649429247004),
            (1.5, 0.886226925452758, -0.12078223763524543),
            (2.25, 1.1330030963193463, 0.12487171489239657),
            (4.99, 23.64150202490422, 3.1630037279519767),
            (5.01, 24.36447344787282, 3.193126065057345),
            (10.3, 716430.6890623765, 13.48203678613836),
            (22.0, 5.109094217170944e+19, 45.38013889847691),
            (24.0, 2.585201673888497e+22, 51.60667556776438),
            (100.7, 2.3417900214543305e+157, 362.3567752034305),
            (139.9, 5.868674318263198e+238, 549.7848809007576),
            (150.5, 4.661072627097377e+261, 602.5139548705855),
            (170.6, 9.295995953500918e+305, 704.5180371279988),
            (-0.5, -3.544907701811032, 1.265512123484645),
            (-1.25, 3.9213334478885677, 1.3664317612369756),
            (-20.3, -6.435466204989326e-19, -41.887292480135244),
            (-100.5, -3.353690819807678e-159, -364.90096830942736),
            (-150.1, -1.077720000548531e-262, -603.2024466654423),
            (-170.2, -2.6348340538196883e-307, -705.9248033468396),
            (-180.5, -0.0, -759.7019411043015),
            (1e-21, 1.0000000000000001e+21, 48.35428695287496),
            (3e-10, 3333333332.7561173, 21.927238641099184),
        ];
        for (x, g, l) in cases {
            assert_eq!(gamma(x), Ok(g), "{x}");
            assert_eq!(lgamma(x), Ok(l), "{x}");
        }
        assert_eq!(gamma(171.7), Err(MathError::Range));
        assert_eq!(gamma(-3.0), Err(MathError::Domain));
    }

    #[test]
    fn error_functions() {
        // C libraries differ in the last bit.
        let close = |a: f64, b: f64| (a - b).abs() <= crate::math::ulp(b);
        let cases = [
            (0.1, 0.1124629160182849, 0.887537083981715),
            (0.5, 0.5204998778130465, 0.4795001221869535),
            (0.84, 0.7651427114549945, 0.23485728854500548),
            (0.9, 0.7969082124228322, 0.20309178757716786),
            (1.2, 0.9103139782296353, 0.08968602177036464),
            (1.3, 0.9340079449406524, 0.06599205505934755),
            (2.0, 0.9953222650189527, 0.004677734981047266),
            (2.9, 0.9999589021219005, 4.109787809945886e-05),
            (3.5, 0.9999992569016276, 7.430983723414128e-07),
            (5.9, 0.9999999999999999, 7.190409783550478e-17),
            (6.1, 1.0, 6.3146021501937184e-18),
            (-0.3, -0.3286267594591274, 1.3286267594591274),
            (-1.7, -0.9837904585907745, 1.9837904585907746),
            (-7.0, -1.0, 2.0),
            (27.0, 1.0, 5.23705e-319),
            (1e-09, 1.1283791670955127e-09, 0.9999999988716208),
            (1e-300, 1.1283791670955126e-300, 1.0),
        ];
        for (x, f, c) in cases {
            assert!(close(erf(x), f) && close(erfc(x), c), "{x}");
        }
    }
}
