//! Text of dates and times: ISO forms, `strftime`, struct_time.

use super::calendar::{Parts, days_before_month, weekday};
use super::zone::write_offset;
use crate::support::tuple_of;
use std::fmt::Write;
use taipan_object::types::int::Int;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, bail, intern};

pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sat Jan  1 00:00:00 2000`.
pub fn ctime(p: &Parts) -> String {
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {:04}",
        DAYS[weekday(p.year, p.month, p.day) as usize % 7],
        MONTHS[(p.month - 1).clamp(0, 11) as usize],
        p.day,
        p.hour,
        p.minute,
        p.second,
        p.year
    )
}

/// `YYYY-MM-DD`.
pub fn iso_date(p: &Parts) -> String {
    format!("{:04}-{:02}-{:02}", p.year, p.month, p.day)
}

/// The time of day, as exact as `timespec` says.
pub fn iso_time(p: &Parts, timespec: &str) -> PyResult<String> {
    let spec = match timespec {
        "auto" if p.us != 0 => "microseconds",
        "auto" => "seconds",
        other => other,
    };
    Ok(match spec {
        "hours" => format!("{:02}", p.hour),
        "minutes" => format!("{:02}:{:02}", p.hour, p.minute),
        "seconds" => format!("{:02}:{:02}:{:02}", p.hour, p.minute, p.second),
        "milliseconds" => format!("{:02}:{:02}:{:02}.{:03}", p.hour, p.minute, p.second, p.us / 1000),
        "microseconds" => format!("{:02}:{:02}:{:02}.{:06}", p.hour, p.minute, p.second, p.us),
        _ => bail!(ValueError, "Unknown timespec value"),
    })
}

fn small(n: i32) -> Obj {
    Int::from_i64(i64::from(n)).into_obj()
}

/// The nine fields of a struct_time.
pub fn nine(p: &Parts, yday: i32, dst: i32) -> Ref<Tuple> {
    let wd = weekday(p.year, p.month, p.day);
    tuple_of([p.year, p.month, p.day, p.hour, p.minute, p.second, wd, yday, dst].map(small))
}

/// `time.struct_time`.
pub fn struct_time(p: &Parts, dst: i32) -> PyResult {
    let yday = days_before_month(p.year, p.month) + p.day;
    let class = (taipan_object::hooks::get().import)("time")?.get_attr(intern!("struct_time"))?;
    class.call_one(&nine(p, yday, dst))
}

fn time_strftime(format: &Object, tuple: &Object) -> PyResult<Ref<Str>> {
    let f = (taipan_object::hooks::get().import)("time")?.get_attr(intern!("strftime"))?;
    match f.call(&[format, tuple])?.downcast_into::<Str>() {
        Ok(s) => Ok(s),
        Err(o) => bail!(TypeError, "time.strftime() must return a string, not {}", o.ty().name_str()),
    }
}

/// `%z` of an object: its `utcoffset()`, if it has such a method.
fn offset_text(o: &Object, sep: &str) -> PyResult<String> {
    let mut s = String::new();
    let Some(f) = o.get_attr_opt(intern!("utcoffset"))? else { return Ok(s) };
    let off = f.call_noargs()?;
    if off.is_none() {
        return Ok(s);
    }
    match off.downcast::<super::delta::Delta>() {
        Some(d) => write_offset(&mut s, d.us(), sep),
        None => bail!(TypeError, "utcoffset() returned {}, expected timedelta or None", off.ty().name_str()),
    }
    Ok(s)
}

/// `strftime` of an object: what the C library does not know is replaced, the rest handed to `time.strftime`.
pub fn strftime(o: &Object, p: &Parts, us: i32, format: &Str, tuple: &Object) -> PyResult {
    let n = format.len();
    let mut b = StrBuilder::with_capacity(n);
    let mut i = 0;
    while i < n {
        let c = format.char_at(i);
        i += 1;
        if c != u32::from(b'%') || i == n {
            b.push_char(c);
            continue;
        }
        let code = format.char_at(i);
        i += 1;
        match char::from_u32(code).unwrap_or('\0') {
            'f' => b.push_str(&format!("{us:06}")),
            'z' => b.push_str(&offset_text(o, "")?),
            ':' if i < n && format.char_at(i) == u32::from(b'z') => {
                i += 1;
                b.push_str(&offset_text(o, ":")?);
            }
            'Z' => {
                if let Some(f) = o.get_attr_opt(intern!("tzname"))? {
                    let name = f.call_noargs()?;
                    if !name.is_none() {
                        let Some(s) = name.downcast::<Str>() else {
                            bail!(
                                TypeError,
                                "tzinfo.tzname() must return None or a string, not '{}'",
                                name.ty().name_str()
                            );
                        };
                        // What stands in the name is no format.
                        let escaped =
                            s.call_method(intern!("replace"), &[&*Str::from_utf8("%"), &*Str::from_utf8("%%")])?;
                        let Some(e) = escaped.downcast::<Str>() else {
                            bail!(TypeError, "tzname.replace() did not return a string");
                        };
                        b.push_pystr(e);
                    }
                }
            }
            // The C library does not fill years up with zeros.
            'Y' | 'G' | 'F' | 'C' if p.year < 1000 => {
                let mut year = p.year;
                if code == u32::from(b'G') {
                    let iso = time_strftime(&Str::from_utf8("%G"), tuple)?;
                    year = iso.to_utf8_lossy().trim().parse().unwrap_or(year);
                }
                let mut s = String::new();
                let _ = if code == u32::from(b'C') { write!(s, "{:02}", year / 100) } else { write!(s, "{year:04}") };
                if code == u32::from(b'F') {
                    let _ = write!(s, "-{:02}-{:02}", p.month, p.day);
                }
                b.push_str(&s);
            }
            _ => {
                b.push('%');
                b.push_char(code);
            }
        }
    }
    let format = b.finish();
    Ok(time_strftime(&format, tuple)?.into_obj())
}

/// `module.Class` for classes of this module, the bare name otherwise.
pub fn class_name(o: &Object) -> String {
    o.ty().name_str().to_owned()
}
