//! `cmath`: functions of complex numbers, with the values at infinities and NaNs that C's annex G gives.

use std::f64::consts::{FRAC_PI_2, LN_10, PI};
use taipan_object::args::{ArgContext, FromArg, Given};
use taipan_object::protocol::number;
use taipan_object::types::complex::Complex;
use taipan_object::types::float::Float;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Raised, Ref, bail, function, methods, raise};

use crate::support::tuple_of;

/// A complex argument.
#[derive(Clone, Copy)]
struct Z {
    re: f64,
    im: f64,
}

const fn z(re: f64, im: f64) -> Z {
    Z { re, im }
}

impl<'a> FromArg<'a> for Z {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Z> {
        if let Some(c) = arg.downcast::<Complex>() {
            return Ok(z(c.real(), c.imag()));
        }
        if let Some(o) = number::try_complex(arg)? {
            return match o.downcast::<Complex>() {
                Some(c) => Ok(z(c.real(), c.imag())),
                None => bail!(
                    TypeError,
                    "{}.__complex__() must return a complex, not {}",
                    arg.ty().name_str(),
                    o.ty().name_str()
                ),
            };
        }
        Ok(z(arg.to_f64()?, 0.0))
    }
}

/// Why a function has no value.
enum Failure {
    Domain,
    Range,
}

type Value = Result<Z, Failure>;

#[cold]
fn raise_failure(f: Failure) -> Raised {
    match f {
        Failure::Domain => raise!(ValueError, "math domain error"),
        Failure::Range => raise!(OverflowError, "math range error"),
    }
}

fn answer(v: Value) -> PyResult<Ref<Complex>> {
    match v {
        Ok(z) => Ok(Complex::new(z.re, z.im)),
        Err(f) => Err(raise_failure(f)),
    }
}

mod c {
    // SAFETY: functions of C's mathematical library, which are defined for all arguments.
    unsafe extern "C" {
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atan2(y: f64, x: f64) -> f64;
        pub safe fn cos(x: f64) -> f64;
        pub safe fn cosh(x: f64) -> f64;
        pub safe fn exp(x: f64) -> f64;
        pub safe fn hypot(x: f64, y: f64) -> f64;
        pub safe fn ldexp(x: f64, e: i32) -> f64;
        pub safe fn log(x: f64) -> f64;
        pub safe fn log1p(x: f64) -> f64;
        pub safe fn sin(x: f64) -> f64;
        pub safe fn sinh(x: f64) -> f64;
        pub safe fn tan(x: f64) -> f64;
        pub safe fn tanh(x: f64) -> f64;
    }
}

const LARGE: f64 = f64::MAX / 4.0;
const LOG_LARGE: f64 = 708.396_418_532_264_1;
const LN_2: f64 = std::f64::consts::LN_2;
/// An even power that lifts subnormal numbers, and the one that undoes it under a square root.
const SCALE_UP: i32 = 2 * (53 / 2) + 1;
const SCALE_DOWN: i32 = -(SCALE_UP + 1) / 2;
const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The class of a part: -inf, negative, -0, +0, positive, inf, NaN.
fn class(x: f64) -> usize {
    if x.is_nan() {
        6
    } else if x == 0.0 {
        if x.is_sign_negative() { 2 } else { 3 }
    } else {
        match (x.is_sign_negative(), x.is_infinite()) {
            (true, true) => 0,
            (true, false) => 1,
            (false, false) => 4,
            (false, true) => 5,
        }
    }
}

fn sqrt_of(a: Z) -> Z {
    if !a.re.is_finite() || !a.im.is_finite() {
        return match (a.re, a.im) {
            (_, im) if im.is_infinite() => z(INF, im),
            (re, im) if re == INF => z(INF, if im.is_nan() { im } else { 0f64.copysign(im) }),
            (re, im) if re == -INF => {
                if im.is_nan() {
                    z(NAN, INF)
                } else {
                    z(0.0, INF.copysign(im))
                }
            }
            _ => z(NAN, NAN),
        };
    }
    if a.re == 0.0 && a.im == 0.0 {
        return z(0.0, a.im);
    }
    let (ax, ay) = (a.re.abs(), a.im.abs());
    let s = if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE && (ax > 0.0 || ay > 0.0) {
        let ax = c::ldexp(ax, SCALE_UP);
        c::ldexp((ax + c::hypot(ax, c::ldexp(ay, SCALE_UP))).sqrt(), SCALE_DOWN)
    } else {
        let ax = ax / 8.0;
        2.0 * (ax + c::hypot(ax, ay / 8.0)).sqrt()
    };
    let d = ay / (2.0 * s);
    if a.re >= 0.0 { z(s, d.copysign(a.im)) } else { z(d, s.copysign(a.im)) }
}

fn acos_of(a: Z) -> Z {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_nan() {
            return z(NAN, if a.im.is_infinite() { -a.im } else { NAN });
        }
        if a.im.is_nan() {
            return if a.re.is_infinite() {
                z(NAN, a.re.abs())
            } else if a.re == 0.0 {
                z(FRAC_PI_2, NAN)
            } else {
                z(NAN, NAN)
            };
        }
        let re = c::atan2(a.im.abs(), a.re);
        return z(re, if a.im.is_sign_negative() { INF } else { -INF });
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        // Too large for the square roots below.
        let re = c::atan2(a.im.abs(), a.re);
        let log = c::log(c::hypot(a.re / 2.0, a.im / 2.0)) + LN_2 * 2.0;
        let im = if a.re < 0.0 { -log.copysign(a.im) } else { log.copysign(-a.im) };
        return z(re, im);
    }
    let s1 = sqrt_of(z(1.0 - a.re, -a.im));
    let s2 = sqrt_of(z(1.0 + a.re, a.im));
    z(2.0 * c::atan2(s1.re, s2.re), c::asinh(s2.re * s1.im - s2.im * s1.re))
}

fn acosh_of(a: Z) -> Z {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_nan() {
            return z(if a.im.is_infinite() { INF } else { NAN }, NAN);
        }
        if a.im.is_nan() {
            return z(
                if a.re.is_infinite() { INF } else { NAN },
                if a.re == 0.0 { FRAC_PI_2.copysign(1.0) } else { NAN },
            );
        }
        return z(INF, c::atan2(a.im, a.re));
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        return z(c::log(c::hypot(a.re / 2.0, a.im / 2.0)) + LN_2 * 2.0, c::atan2(a.im, a.re));
    }
    let s1 = sqrt_of(z(a.re - 1.0, a.im));
    let s2 = sqrt_of(z(a.re + 1.0, a.im));
    z(c::asinh(s1.re * s2.re + s1.im * s2.im), 2.0 * c::atan2(s1.im, s2.re))
}

fn asinh_of(a: Z) -> Z {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_nan() {
            return if a.im == 0.0 { z(NAN, a.im) } else { z(if a.im.is_infinite() { INF } else { NAN }, NAN) };
        }
        if a.im.is_nan() {
            return z(if a.re.is_infinite() { a.re } else { NAN }, NAN);
        }
        return z(INF.copysign(a.re), c::atan2(a.im, a.re.abs()));
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        let log = c::log(c::hypot(a.re / 2.0, a.im / 2.0)) + LN_2 * 2.0;
        return z(log.copysign(a.re), c::atan2(a.im, a.re.abs()));
    }
    let s1 = sqrt_of(z(1.0 + a.im, -a.re));
    let s2 = sqrt_of(z(1.0 - a.im, a.re));
    z(c::asinh(s1.re * s2.im - s2.re * s1.im), c::atan2(a.im, s1.re * s2.re - s1.im * s2.im))
}

fn atanh_of(a: Z) -> Value {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_nan() {
            return Ok(if a.im.is_infinite() { z(0.0, FRAC_PI_2.copysign(a.im)) } else { z(NAN, NAN) });
        }
        if a.im.is_nan() {
            return Ok(if a.re.is_infinite() || a.re == 0.0 { z(0f64.copysign(a.re), NAN) } else { z(NAN, NAN) });
        }
        return Ok(z(0f64.copysign(a.re), FRAC_PI_2.copysign(a.im)));
    }
    // The function is odd.
    if a.re < 0.0 || (a.re == 0.0 && a.re.is_sign_negative()) {
        let r = atanh_of(z(-a.re, -a.im))?;
        return Ok(z(-r.re, -r.im));
    }
    let ay = a.im.abs();
    let root_large = LARGE.sqrt();
    if a.re > root_large || ay > root_large {
        let h = c::hypot(a.re / 2.0, a.im / 2.0);
        return Ok(z(a.re / 4.0 / h / h, -(FRAC_PI_2.copysign(-a.im))));
    }
    if a.re == 1.0 && ay < f64::MIN_POSITIVE.sqrt() {
        if ay == 0.0 {
            return Err(Failure::Domain);
        }
        let re = -c::log(ay.sqrt() / c::hypot(ay, 2.0).sqrt());
        return Ok(z(re, (c::atan2(2.0, -ay) / 2.0).copysign(a.im)));
    }
    let square = (1.0 - a.re) * (1.0 - a.re);
    let re = c::log1p(4.0 * a.re / (square + ay * ay)) / 4.0;
    let im = -c::atan2(-2.0 * a.im, (1.0 - a.re) * (1.0 + a.re) - ay * ay) / 2.0;
    Ok(z(re, im))
}

/// `f(iz)/i` and the like: the circular functions by the hyperbolic ones.
fn turn(a: Z) -> Z {
    z(-a.im, a.re)
}
fn turn_back(a: Z) -> Z {
    z(a.im, -a.re)
}

fn cosh_of(a: Z) -> Value {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_infinite() && a.im.is_finite() && a.im != 0.0 {
            let r = z(INF.copysign(c::cos(a.im)), INF.copysign(c::sin(a.im)));
            return Ok(if a.re > 0.0 { r } else { z(r.re, -r.im) });
        }
        if a.im.is_infinite() && !a.re.is_nan() {
            return Err(Failure::Domain);
        }
        if a.re.is_infinite() {
            let im = if a.im == 0.0 { a.im * 1f64.copysign(a.re) } else { NAN };
            return Ok(z(INF, im));
        }
        if a.re == 0.0 {
            return Ok(z(NAN, 0.0));
        }
        return Ok(z(NAN, if a.im == 0.0 { 0.0 } else { NAN }));
    }
    let r = if a.re.abs() > LOG_LARGE {
        let shorter = a.re - 1f64.copysign(a.re);
        z(c::cos(a.im) * c::cosh(shorter) * std::f64::consts::E, c::sin(a.im) * c::sinh(shorter) * std::f64::consts::E)
    } else {
        z(c::cos(a.im) * c::cosh(a.re), c::sin(a.im) * c::sinh(a.re))
    };
    if r.re.is_infinite() || r.im.is_infinite() { Err(Failure::Range) } else { Ok(r) }
}

fn sinh_of(a: Z) -> Value {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_infinite() && a.im.is_finite() && a.im != 0.0 {
            let r = z(INF.copysign(c::cos(a.im)), INF.copysign(c::sin(a.im)));
            return Ok(if a.re > 0.0 { r } else { z(-r.re, r.im) });
        }
        if a.im.is_infinite() && !a.re.is_nan() {
            return Err(Failure::Domain);
        }
        if a.re.is_infinite() {
            return Ok(if a.im == 0.0 { z(a.re, a.im) } else { z(INF, NAN) });
        }
        if a.re == 0.0 {
            return Ok(z(0.0, NAN));
        }
        return Ok(z(NAN, if a.im == 0.0 { a.im } else { NAN }));
    }
    let r = if a.re.abs() > LOG_LARGE {
        let shorter = a.re - 1f64.copysign(a.re);
        z(c::cos(a.im) * c::sinh(shorter) * std::f64::consts::E, c::sin(a.im) * c::cosh(shorter) * std::f64::consts::E)
    } else {
        z(c::cos(a.im) * c::sinh(a.re), c::sin(a.im) * c::cosh(a.re))
    };
    if r.re.is_infinite() || r.im.is_infinite() { Err(Failure::Range) } else { Ok(r) }
}

fn tanh_of(a: Z) -> Value {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_infinite() && a.im.is_finite() && a.im != 0.0 {
            return Ok(z(1f64.copysign(a.re), 0f64.copysign(2.0 * c::sin(a.im) * c::cos(a.im))));
        }
        if a.im.is_infinite() && a.re.is_finite() {
            return Err(Failure::Domain);
        }
        if a.re.is_infinite() {
            let im = if a.im == 0.0 { a.im } else { 0.0 };
            return Ok(z(1f64.copysign(a.re), im));
        }
        if a.re == 0.0 {
            return Ok(z(a.re, NAN));
        }
        return Ok(z(NAN, if a.im == 0.0 { a.im } else { NAN }));
    }
    if a.re.abs() > LOG_LARGE {
        return Ok(z(1f64.copysign(a.re), 4.0 * c::sin(a.im) * c::cos(a.im) * c::exp(-2.0 * a.re.abs())));
    }
    let (tx, ty, cx) = (c::tanh(a.re), c::tan(a.im), 1.0 / c::cosh(a.re));
    let txty = tx * ty;
    let denominator = 1.0 + txty * txty;
    Ok(z(tx * (1.0 + ty * ty) / denominator, ty / denominator * cx * cx))
}

fn exp_of(a: Z) -> Value {
    if !a.re.is_finite() || !a.im.is_finite() {
        if a.re.is_infinite() && a.im.is_finite() && a.im != 0.0 {
            let size = if a.re > 0.0 { INF } else { 0.0 };
            return Ok(z(size.copysign(c::cos(a.im)), size.copysign(c::sin(a.im))));
        }
        if a.im.is_infinite() && (a.re.is_finite() || a.re > 0.0) {
            return Err(Failure::Domain);
        }
        return Ok(if a.re == -INF {
            if a.im.is_finite() { z(0.0, a.im) } else { z(0.0, 0.0) }
        } else if a.re == INF {
            if a.im.is_nan() { z(INF, NAN) } else { z(INF, a.im) }
        } else if a.im == 0.0 {
            z(NAN, a.im)
        } else {
            z(NAN, NAN)
        });
    }
    let r = if a.re > LOG_LARGE {
        let l = c::exp(a.re - 1.0);
        z(l * c::cos(a.im) * std::f64::consts::E, l * c::sin(a.im) * std::f64::consts::E)
    } else {
        let l = c::exp(a.re);
        z(l * c::cos(a.im), l * c::sin(a.im))
    };
    if r.re.is_infinite() || r.im.is_infinite() { Err(Failure::Range) } else { Ok(r) }
}

fn log_of(a: Z) -> Value {
    let im = c::atan2(a.im, a.re);
    if !a.re.is_finite() || !a.im.is_finite() {
        let re = if a.re.is_infinite() || a.im.is_infinite() { INF } else { NAN };
        return Ok(z(re, im));
    }
    let (ax, ay) = (a.re.abs(), a.im.abs());
    let re = if ax > LARGE || ay > LARGE {
        c::log(c::hypot(ax / 2.0, ay / 2.0)) + LN_2
    } else if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE {
        if ax == 0.0 && ay == 0.0 {
            return Err(Failure::Domain);
        }
        c::log(c::hypot(c::ldexp(ax, 53), c::ldexp(ay, 53))) - 53.0 * LN_2
    } else {
        let h = c::hypot(ax, ay);
        if (0.71..=1.73).contains(&h) {
            let (big, small) = if ax > ay { (ax, ay) } else { (ay, ax) };
            c::log1p((big - 1.0) * (big + 1.0) + small * small) / 2.0
        } else {
            c::log(h)
        }
    };
    Ok(z(re, im))
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = |$a:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        #[function(signature = "(z, /)")]
        fn $name($a: Z) -> PyResult<Ref<Complex>> {
            answer($body)
        }
    )* };
}

functions! {
    /// Return the arc cosine of z.
    acos = |a| Ok(acos_of(a));
    /// Return the inverse hyperbolic cosine of z.
    acosh = |a| Ok(acosh_of(a));
    /// Return the arc sine of z.
    asin = |a| Ok(turn_back(asinh_of(turn(a))));
    /// Return the inverse hyperbolic sine of z.
    asinh = |a| Ok(asinh_of(a));
    /// Return the arc tangent of z.
    atan = |a| atanh_of(turn(a)).map(turn_back);
    /// Return the inverse hyperbolic tangent of z.
    atanh = |a| atanh_of(a);
    /// Return the cosine of z.
    cos = |a| cosh_of(turn(a));
    /// Return the hyperbolic cosine of z.
    cosh = |a| cosh_of(a);
    /// Return e raised to the power of z.
    exp = |a| exp_of(a);
    /// Return the base 10 logarithm of z.
    log10 = |a| log_of(a).map(|r| z(r.re / LN_10, r.im / LN_10));
    /// Return the sine of z.
    sin = |a| sinh_of(turn(a)).map(turn_back);
    /// Return the hyperbolic sine of z.
    sinh = |a| sinh_of(a);
    /// Return the square root of z.
    sqrt = |a| Ok(sqrt_of(a));
    /// Return the tangent of z.
    tan = |a| tanh_of(turn(a)).map(turn_back);
    /// Return the hyperbolic tangent of z.
    tanh = |a| tanh_of(a);
}

/// Return the logarithm of z to the given base, or the natural one.
#[function(signature = "(z, base=<unrepresentable>, /)")]
fn log(a: Z, base: Given<Z>) -> PyResult<Ref<Complex>> {
    let n = log_of(a).map_err(raise_failure)?;
    let Some(base) = base.0 else { return Ok(Complex::new(n.re, n.im)) };
    let d = log_of(base).map_err(raise_failure)?;
    match Complex::value_of(n.re, n.im).over(Complex::value_of(d.re, d.im)) {
        Ok(q) => Ok(Complex::new(q.re, q.im)),
        Err(_) => Err(raise_failure(Failure::Domain)),
    }
}

/// Return the argument of z: its angle, between -pi and pi.
#[function(signature = "(z, /)")]
fn phase(a: Z) -> f64 {
    c::atan2(a.im, a.re)
}

fn magnitude(a: Z) -> PyResult<f64> {
    if a.re.is_infinite() || a.im.is_infinite() {
        return Ok(INF);
    }
    let h = c::hypot(a.re, a.im);
    if h.is_infinite() {
        return Err(raise_failure(Failure::Range));
    }
    Ok(h)
}

/// Return the absolute value and the argument of z.
#[function(signature = "(z, /)")]
fn polar(a: Z) -> PyResult<Ref<Tuple>> {
    Ok(tuple_of([Float::new(magnitude(a)?).into_obj(), Float::new(c::atan2(a.im, a.re)).into_obj()]))
}

/// Return the number with this absolute value and argument.
#[function(signature = "(r, phi, /)")]
fn rect(r: f64, phi: f64) -> PyResult<Ref<Complex>> {
    if !r.is_finite() || !phi.is_finite() {
        if phi.is_infinite() && (r.is_infinite() || (r != 0.0 && !r.is_nan())) {
            return Err(raise_failure(Failure::Domain));
        }
        if r.is_infinite() && phi.is_finite() && phi != 0.0 {
            let size = if r > 0.0 { INF } else { -INF };
            let (co, si) = (c::cos(phi), c::sin(phi));
            return Ok(Complex::new(INF.copysign(co) * size.signum(), INF.copysign(si) * size.signum()));
        }
        let v = match (class(r), class(phi)) {
            (2 | 3, 0 | 5 | 6) => z(0.0, 0.0),
            (0 | 5, 6) => z(INF, NAN),
            (5, 2 | 3) => z(INF, phi),
            (0, 2 | 3) => z(-INF, -phi),
            (6, 2 | 3) => z(NAN, 0.0),
            _ => z(NAN, NAN),
        };
        return Ok(Complex::new(v.re, v.im));
    }
    if phi == 0.0 {
        // The sign of a zero angle must not be lost.
        return Ok(Complex::new(r, r * phi));
    }
    Ok(Complex::new(r * c::cos(phi), r * c::sin(phi)))
}

/// Return whether both parts are finite.
#[function(signature = "(z, /)")]
fn isfinite(a: Z) -> bool {
    a.re.is_finite() && a.im.is_finite()
}

/// Return whether a part is NaN.
#[function(signature = "(z, /)")]
fn isnan(a: Z) -> bool {
    a.re.is_nan() || a.im.is_nan()
}

/// Return whether a part is infinite.
#[function(signature = "(z, /)")]
fn isinf(a: Z) -> bool {
    a.re.is_infinite() || a.im.is_infinite()
}

/// Return whether a and b are close: their distance is at most rel_tol of the larger, or abs_tol.
#[function(signature = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
fn isclose(a: Z, b: Z, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
    if rel_tol < 0.0 || abs_tol < 0.0 {
        bail!(ValueError, "tolerances must be non-negative");
    }
    if a.re == b.re && a.im == b.im {
        return Ok(true);
    }
    if [a.re, a.im, b.re, b.im].iter().any(|x| x.is_infinite()) {
        return Ok(false);
    }
    let distance = c::hypot(a.re - b.re, a.im - b.im);
    let size = |v: Z| c::hypot(v.re, v.im);
    Ok(distance <= rel_tol * size(b) || distance <= rel_tol * size(a) || distance <= abs_tol)
}

fn exec(m: &Module) -> PyResult<()> {
    m.add("pi", &Float::new(PI))?;
    m.add("e", &Float::new(std::f64::consts::E))?;
    m.add("tau", &Float::new(std::f64::consts::TAU))?;
    m.add("inf", &Float::new(INF))?;
    m.add("infj", &Complex::new(0.0, INF))?;
    m.add("nan", &Float::new(NAN.abs()))?;
    m.add("nanj", &Complex::new(0.0, NAN.abs()))
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "cmath",
    doc: "Mathematical functions of complex numbers.",
    methods: methods![
        acos, acosh, asin, asinh, atan, atanh, cos, cosh, exp, isclose, isfinite, isinf, isnan, log, log10, phase,
        polar, rect, sin, sinh, sqrt, tan, tanh,
    ],
    exec,
};
