//! Timeouts as Python gives them: seconds as `int` or `float`.

use std::time::{Duration, Instant};
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::{Object, PyResult, bail};

/// `TIMEOUT_MAX`, in seconds.
pub const MAX_SECONDS: f64 = (i64::MAX / 1_000_000_000) as f64;

/// Nanoseconds, rounded away from zero so that a wait never ends early.
pub fn nanoseconds(o: &Object) -> PyResult<i64> {
    const OUT_OF_RANGE: &str = "timestamp out of range for C PyTime_t";
    if let Some(f) = o.downcast::<Float>() {
        let v = f.value();
        if v.is_nan() {
            bail!(ValueError, "Invalid value NaN (not a number)");
        }
        let ns = v * 1e9;
        let ns = if ns >= 0.0 { ns.ceil() } else { ns.floor() };
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&ns) {
            bail!(OverflowError, "{OUT_OF_RANGE}");
        }
        return Ok(ns as i64);
    }
    let Some(n) = o.downcast::<Int>() else {
        bail!(TypeError, "'{}' object cannot be interpreted as an integer or float", o.ty().name_str());
    };
    match n.to_i64().and_then(|n| n.checked_mul(1_000_000_000)) {
        Some(ns) => Ok(ns),
        None => bail!(OverflowError, "{OUT_OF_RANGE}"),
    }
}

/// How `acquire` is to wait.
pub enum Patience {
    /// Not at all.
    None,
    /// Until then; for ever without an instant.
    Until(Option<Instant>),
}

/// The arguments of `acquire(blocking=True, timeout=-1)`.
pub fn patience(blocking: bool, timeout: Option<&Object>) -> PyResult<Patience> {
    let ns = match timeout {
        Some(t) => nanoseconds(t)?,
        None => -1_000_000_000,
    };
    let unset = ns == -1_000_000_000;
    if !blocking && !unset {
        bail!(ValueError, "can't specify a timeout for a non-blocking call");
    }
    if ns < 0 && !unset {
        bail!(ValueError, "timeout value must be a non-negative number");
    }
    Ok(match ns {
        _ if !blocking => Patience::None,
        _ if unset => Patience::Until(None),
        ns => Patience::Until(deadline(ns)),
    })
}

/// The instant that many nanoseconds from now; none when the clock cannot tell it.
pub fn deadline(ns: i64) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_nanos(ns.max(0) as u64))
}
