//! The system's clock and time zone.

use super::calendar::{EPOCH, Parts};
use std::ffi::CStr;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::{Object, PyResult, bail};

/// Seconds and microseconds since 1970.
pub fn now() -> (i64, i32) {
    let t = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    match t {
        Ok(d) => (d.as_secs() as i64, d.subsec_micros() as i32),
        Err(e) => {
            let d = e.duration();
            let us = d.subsec_micros() as i32;
            if us == 0 { (-(d.as_secs() as i64), 0) } else { (-(d.as_secs() as i64) - 1, 1_000_000 - us) }
        }
    }
}

/// A broken-down time, with what the zone says about it.
pub struct Local {
    pub parts: Parts,
    pub offset: i64,
    pub zone: Vec<u8>,
}

fn broken_down(t: i64, utc: bool) -> PyResult<Local> {
    // SAFETY: `tm` is plain data, filled by the call; the zone's name is a C string that the library keeps.
    unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        let r = if utc { libc::gmtime_r(&t, &mut tm) } else { libc::localtime_r(&t, &mut tm) };
        if r.is_null() {
            let e = std::io::Error::last_os_error().raw_os_error().filter(|e| *e != 0).unwrap_or(libc::EINVAL);
            return Err(exceptions::from_errno(e));
        }
        let zone = if tm.tm_zone.is_null() { Vec::new() } else { CStr::from_ptr(tm.tm_zone).to_bytes().to_vec() };
        Ok(Local {
            parts: Parts {
                year: tm.tm_year.saturating_add(1900),
                month: tm.tm_mon + 1,
                day: tm.tm_mday,
                hour: tm.tm_hour,
                minute: tm.tm_min,
                // No leap seconds here.
                second: tm.tm_sec.min(59),
                us: 0,
            },
            offset: tm.tm_gmtoff,
            zone,
        })
    }
}

/// The local time of a moment.
pub fn local(t: i64) -> PyResult<Local> {
    broken_down(t, false)
}

/// The same moment in UTC.
pub fn utc(t: i64) -> PyResult<Parts> {
    Ok(broken_down(t, true)?.parts)
}

/// Seconds of a broken-down time on the proleptic scale that starts with the epoch, as if it were UTC.
fn seconds(p: &Parts) -> PyResult<i64> {
    if !(super::calendar::MINYEAR..=super::calendar::MAXYEAR).contains(&p.year) {
        bail!(ValueError, "year must be in 1..9999, not {}", p.year);
    }
    Ok((p.ordinal() - EPOCH) * 86_400 + p.second_of_day())
}

fn local_seconds(t: i64) -> PyResult<i64> {
    seconds(&local(t)?.parts)
}

/// Transitions are looked for within a day.
const MAX_FOLD: i64 = 86_400;

/// The moment at which local clocks show the given time; `fold` chooses between two.
pub fn moment(p: &Parts, fold: bool) -> PyResult<i64> {
    let t = seconds(p)?;
    let shown = local_seconds(t)?;
    let a = shown - t;
    let u1 = t - a;
    let t1 = local_seconds(u1)?;
    let b;
    if t1 == t {
        // One solution; the other, if any, lies a transition before or after it.
        let u2 = u1 + if fold { MAX_FOLD } else { -MAX_FOLD };
        b = local_seconds(u2)? - u2;
        if a == b {
            return Ok(u1);
        }
    } else {
        b = t1 - u1;
    }
    let u2 = t - b;
    let t2 = local_seconds(u2)?;
    if t2 == t {
        return Ok(u2);
    }
    if t1 == t {
        return Ok(u1);
    }
    // In a gap.
    Ok(if fold { u1.min(u2) } else { u1.max(u2) })
}

/// Whether the moment is the second one at which local clocks show the same time.
pub fn is_second(t: i64, shown: &Parts) -> PyResult<bool> {
    let here = seconds(shown)?;
    let probe = seconds(&local(t - MAX_FOLD)?.parts)?;
    let transition = here - probe - MAX_FOLD;
    if transition >= 0 {
        return Ok(false);
    }
    Ok(seconds(&local(t + transition)?.parts)? == here)
}

#[cold]
fn out_of_range<T>() -> PyResult<T> {
    bail!(OverflowError, "timestamp out of range for platform time_t")
}

fn whole_seconds(i: &Int) -> PyResult<i64> {
    match i.to_i64() {
        Some(n) => Ok(n),
        None => out_of_range(),
    }
}

/// A timestamp in whole seconds, rounded down.
pub fn timestamp_floor(o: &Object) -> PyResult<i64> {
    if let Some(x) = o.downcast::<Float>() {
        let x = x.value();
        if x.is_nan() {
            bail!(ValueError, "Invalid value NaN (not a number)");
        }
        let x = x.floor();
        if !(-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&x) {
            return out_of_range();
        }
        return Ok(x as i64);
    }
    whole_seconds(&*taipan_object::protocol::number::index(o)?)
}

/// A timestamp in seconds and microseconds, rounded half to even.
pub fn timestamp(o: &Object) -> PyResult<(i64, i32)> {
    if let Some(x) = o.downcast::<Float>() {
        let x = x.value();
        if x.is_nan() {
            bail!(ValueError, "Invalid value NaN (not a number)");
        }
        let mut whole = x.trunc();
        let mut us = taipan_numeric::float::arith::round_half_even((x - whole) * 1e6);
        if us >= 1e6 {
            us -= 1e6;
            whole += 1.0;
        } else if us < 0.0 {
            us += 1e6;
            whole -= 1.0;
        }
        if !(-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&whole) {
            return out_of_range();
        }
        return Ok((whole as i64, us as i32));
    }
    if !taipan_object::protocol::number::has_index(o) {
        bail!(TypeError, "argument must be int or float, not {}", o.ty().name_str());
    }
    Ok((whole_seconds(&*taipan_object::protocol::number::index(o)?)?, 0))
}
