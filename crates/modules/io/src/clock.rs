//! Spans and points of time from Python numbers.

use taipan_object::bail;
use taipan_object::error::{PyResult, Raised};
use taipan_object::header::Object;
use taipan_object::protocol::number;
use taipan_object::raise;
use taipan_object::types::float::Float;

/// How a fraction of the smallest unit is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Down.
    Floor,
    /// Up.
    Ceiling,
    /// To the nearest, ties to even.
    HalfEven,
    /// Away from zero: no timeout becomes nothing.
    Up,
}

/// Rounds to a whole number.
pub fn round(x: f64, how: Rounding) -> f64 {
    match how {
        Rounding::Floor => x.floor(),
        Rounding::Ceiling => x.ceil(),
        Rounding::HalfEven => x.round_ties_even(),
        Rounding::Up => {
            if x >= 0.0 {
                x.ceil()
            } else {
                x.floor()
            }
        }
    }
}

#[cold]
fn not_a_number() -> Raised {
    raise!(ValueError, "Invalid value NaN (not a number)")
}

#[cold]
fn out_of_range() -> Raised {
    raise!(OverflowError, "timestamp out of range for platform time_t")
}

/// Seconds as whole seconds and a fraction of `unit` parts.
fn split(x: f64, unit: f64, how: Rounding) -> PyResult<(i64, i64)> {
    if x.is_nan() {
        return Err(not_a_number());
    }
    let mut whole = x.trunc();
    let mut part = round((x - whole) * unit, how);
    if part >= unit {
        part -= unit;
        whole += 1.0;
    } else if part < 0.0 {
        part += unit;
        whole -= 1.0;
    }
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole) {
        return Err(out_of_range());
    }
    Ok((whole as i64, part as i64))
}

/// A number of seconds as a `timespec`.
pub fn to_timespec(o: &Object, how: Rounding) -> PyResult<libc::timespec> {
    let (tv_sec, tv_nsec) = match o.downcast::<Float>() {
        Some(f) => split(f.value(), 1e9, how)?,
        None => (to_time_t(o, how)?, 0),
    };
    Ok(libc::timespec { tv_sec, tv_nsec })
}

/// A number of seconds as a `timeval`.
pub fn to_timeval(o: &Object, how: Rounding) -> PyResult<libc::timeval> {
    let (tv_sec, tv_usec) = match o.downcast::<Float>() {
        Some(f) => split(f.value(), 1e6, how)?,
        None => (to_time_t(o, how)?, 0),
    };
    Ok(libc::timeval { tv_sec, tv_usec })
}

/// A number of seconds as whole seconds.
pub fn to_time_t(o: &Object, how: Rounding) -> PyResult<i64> {
    if let Some(f) = o.downcast::<Float>() {
        if f.value().is_nan() {
            return Err(not_a_number());
        }
        let x = round(f.value(), how);
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x) {
            return Err(out_of_range());
        }
        return Ok(x as i64);
    }
    match number::index(o)?.to_i64() {
        Some(n) => Ok(n),
        None => Err(out_of_range()),
    }
}

/// A number of seconds in nanoseconds.
pub fn to_nanoseconds(o: &Object, how: Rounding) -> PyResult<i64> {
    if let Some(f) = o.downcast::<Float>() {
        let x = f.value();
        if x.is_nan() {
            return Err(not_a_number());
        }
        let ns = round(x * 1e9, how);
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&ns) {
            bail!(OverflowError, "timestamp out of range for C PyTime_t");
        }
        return Ok(ns as i64);
    }
    match number::index(o) {
        Ok(i) => match i.to_i64().and_then(|n| n.checked_mul(1_000_000_000)) {
            Some(n) => Ok(n),
            None => bail!(OverflowError, "timestamp out of range for C PyTime_t"),
        },
        Err(e) => {
            e.recover(taipan_object::types::exceptions::TypeError, ())?;
            bail!(TypeError, "'{}' object cannot be interpreted as an integer or float", o.ty().name_str())
        }
    }
}

/// The time of a clock in nanoseconds; the error number when it cannot be had.
pub fn clock_ns(clock: libc::clockid_t) -> Result<i64, i32> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is written.
    if unsafe { libc::clock_gettime(clock, &mut t) } < 0 {
        return Err(crate::support::errno());
    }
    Ok(t.tv_sec * 1_000_000_000 + t.tv_nsec)
}
