//! `math`.

mod floats;
mod integers;
mod sums;

use taipan_object::types::float::Float;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, methods};

use floats::*;
use integers::*;
use sums::*;

fn exec(m: &Module) -> PyResult<()> {
    m.add("pi", &Float::new(std::f64::consts::PI))?;
    m.add("e", &Float::new(std::f64::consts::E))?;
    m.add("tau", &Float::new(std::f64::consts::TAU))?;
    m.add("inf", &Float::new(f64::INFINITY))?;
    m.add("nan", &Float::new(f64::NAN.abs()))
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "math",
    doc: "The mathematical functions of the C standard, and others over real numbers.",
    methods: methods![
        acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, ceil, copysign, cos, cosh, degrees, dist, erf, erfc, exp,
        exp2, expm1, fabs, factorial, floor, fma, fmod, frexp, fsum, gamma, gcd, hypot, isclose, isfinite, isinf,
        isnan, isqrt, lcm, ldexp, lgamma, log, log1p, log10, log2, modf, pow, radians, remainder, sin, sinh, sqrt, tan,
        tanh, sumprod, trunc, prod, perm, comb, nextafter, ulp,
    ],
    exec,
};
