//! `time`: clocks, waiting, calendars.

use crate::clock::{Rounding, clock_ns, to_nanoseconds, to_time_t};
use crate::constants::TIME;
use crate::posix::types::cached;
use crate::support::{c_int_of, errno};
use std::ffi::{CStr, CString, c_int};
use taipan_object::error::PyResult;
use taipan_object::header::{Obj, Object};
use taipan_object::protocol::number;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions, none, structseq};
use taipan_object::{bail, codecs, function, gil, hooks, intern, methods};

const BILLION: i64 = 1_000_000_000;

fn clock(id: libc::clockid_t) -> PyResult<i64> {
    clock_ns(id).map_err(exceptions::from_errno)
}

fn seconds(ns: i64) -> f64 {
    if ns % BILLION == 0 { (ns / BILLION) as f64 } else { ns as f64 / 1e9 }
}

macro_rules! clocks {
    ($($(#[$doc:meta])* $f:ident $name:literal $ns:ident $ns_name:literal = $id:path;)*) => { $(
        $(#[$doc])*
        #[function(signature = "()", name = $name, shown = "()")]
        fn $f() -> PyResult<f64> {
            clock($id).map(seconds)
        }
        /// The same in nanoseconds, as a whole number.
        #[function(signature = "()", name = $ns_name)]
        fn $ns() -> PyResult<i64> {
            clock($id)
        }
    )* };
}

clocks! {
    /// Return the time since the start of 1970 in seconds.
    now "time" now_ns "time_ns" = libc::CLOCK_REALTIME;
    /// Return the time of a clock that never goes back, in seconds.
    monotonic "monotonic" monotonic_ns "monotonic_ns" = libc::CLOCK_MONOTONIC;
    /// Return the time of the finest clock, for measuring, in seconds.
    perf_counter "perf_counter" perf_counter_ns "perf_counter_ns" = libc::CLOCK_MONOTONIC;
    /// Return the processor time that the process used, in seconds.
    process_time "process_time" process_time_ns "process_time_ns" = libc::CLOCK_PROCESS_CPUTIME_ID;
    /// Return the processor time that this thread used, in seconds.
    thread_time "thread_time" thread_time_ns "thread_time_ns" = libc::CLOCK_THREAD_CPUTIME_ID;
}

/// Return the time of a clock in seconds.
#[function(signature = "(clk_id, /)")]
fn clock_gettime(clk_id: c_int) -> PyResult<f64> {
    clock(clk_id).map(seconds)
}

/// Return the time of a clock in nanoseconds.
#[function(signature = "(clk_id, /)")]
fn clock_gettime_ns(clk_id: c_int) -> PyResult<i64> {
    clock(clk_id)
}

fn set_clock(id: c_int, ns: i64) -> PyResult<()> {
    let t = libc::timespec { tv_sec: ns.div_euclid(BILLION), tv_nsec: ns.rem_euclid(BILLION) };
    // SAFETY: a structure is passed.
    if unsafe { libc::clock_settime(id, &t) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(())
}

/// Set a clock in seconds.
#[function(signature = "(clk_id, time, /)", text = false)]
fn clock_settime(clk_id: c_int, time: &Object) -> PyResult<()> {
    set_clock(clk_id, to_nanoseconds(time, Rounding::Floor)?)
}

/// Set a clock in nanoseconds.
#[function(signature = "(clk_id, time, /)", text = false)]
fn clock_settime_ns(clk_id: c_int, time: &Object) -> PyResult<()> {
    if time.downcast::<Int>().is_none() {
        bail!(TypeError, "an integer is required (got type {})", time.ty().name_str());
    }
    set_clock(clk_id, time.as_i64()?)
}

/// Return the resolution of a clock in seconds.
#[function(signature = "(clk_id, /)", text = false)]
fn clock_getres(clk_id: c_int) -> PyResult<f64> {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is written.
    if unsafe { libc::clock_getres(clk_id, &mut t) } < 0 {
        return Err(exceptions::from_errno(errno()));
    }
    Ok(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)
}

/// Return the clock that shows a thread's processor time.
#[function(signature = "(thread_id, /)", text = false)]
fn pthread_getcpuclockid(thread_id: &Object) -> PyResult<c_int> {
    let id = number::index(thread_id)?.low_u64();
    let mut clk = 0;
    // SAFETY: the caller passes a thread's number, as `threading.get_ident` answers it.
    let e = unsafe { libc::pthread_getcpuclockid(id as libc::pthread_t, &mut clk) };
    if e != 0 { Err(exceptions::from_errno(e)) } else { Ok(clk) }
}

/// Wait for a number of seconds.
#[function(signature = "(object, /)", shown = "(object, /)")]
fn sleep(timeout: &Object) -> PyResult<()> {
    crate::support::audit("time.sleep", &[timeout])?;
    let ns = to_nanoseconds(timeout, Rounding::Up)?;
    if ns < 0 {
        bail!(ValueError, "sleep length must be non-negative");
    }
    let end = clock(libc::CLOCK_MONOTONIC)?.checked_add(ns).unwrap_or(i64::MAX);
    let t = libc::timespec { tv_sec: end / BILLION, tv_nsec: end % BILLION };
    loop {
        // SAFETY: a structure is passed.
        let e = gil::allow_threads(|| unsafe {
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &t, std::ptr::null_mut())
        });
        match e {
            0 => return Ok(()),
            libc::EINTR => (hooks::get().handle_pending)()?,
            e => return Err(exceptions::from_errno(e)),
        }
    }
}

/// Return what is known about a clock: "time", "monotonic", "perf_counter", "process_time" or "thread_time".
#[function(signature = "(name, /)", text = false)]
fn get_clock_info(name: &str) -> PyResult {
    let (implementation, id, monotonic, adjustable) = match name {
        "time" => ("clock_gettime(CLOCK_REALTIME)", libc::CLOCK_REALTIME, false, true),
        "monotonic" | "perf_counter" => ("clock_gettime(CLOCK_MONOTONIC)", libc::CLOCK_MONOTONIC, true, false),
        "process_time" => ("clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", libc::CLOCK_PROCESS_CPUTIME_ID, true, false),
        "thread_time" => ("clock_gettime(CLOCK_THREAD_CPUTIME_ID)", libc::CLOCK_THREAD_CPUTIME_ID, true, false),
        _ => bail!(ValueError, "unknown clock"),
    };
    let resolution = clock_getres(id)?;
    let ns = (hooks::get().import)("types")?.get_attr(intern!("SimpleNamespace"))?.call_noargs()?;
    ns.set_attr(intern!("implementation"), &Str::from_utf8(implementation))?;
    ns.set_attr(intern!("monotonic"), bool_::borrowed(monotonic))?;
    ns.set_attr(intern!("adjustable"), bool_::borrowed(adjustable))?;
    ns.set_attr(intern!("resolution"), &Float::new(resolution))?;
    Ok(ns)
}

static FIELDS: &[(&str, &str)] = &[
    ("tm_year", "year, for example, 1993"),
    ("tm_mon", "month of year, range [1, 12]"),
    ("tm_mday", "day of month, range [1, 31]"),
    ("tm_hour", "hours, range [0, 23]"),
    ("tm_min", "minutes, range [0, 59]"),
    ("tm_sec", "seconds, range [0, 61])"),
    ("tm_wday", "day of week, range [0, 6], Monday is 0"),
    ("tm_yday", "day of year, range [1, 366]"),
    ("tm_isdst", "1 if summer time is in effect, 0 if not, and -1 if unknown"),
    ("tm_zone", "abbreviation of timezone name"),
    ("tm_gmtoff", "offset from UTC in seconds"),
];

fn struct_time_type() -> PyResult {
    cached(
        "time.struct_time",
        "A calendar time as gmtime, localtime and strptime answer it and others take it: nine numbers, with names.",
        FIELDS,
        9,
    )
}

fn struct_time(t: &libc::tm) -> PyResult {
    let n = |x: c_int| Int::from_i64(x.into()).into_obj();
    let zone = if t.tm_zone.is_null() {
        none::none_obj()
    } else {
        // SAFETY: the C library's names of zones are C strings that stay.
        locale_text(unsafe { CStr::from_ptr(t.tm_zone) }.to_bytes())
    };
    let v = vec![
        Int::from_i64(i64::from(t.tm_year) + 1900).into_obj(),
        n(t.tm_mon + 1),
        n(t.tm_mday),
        n(t.tm_hour),
        n(t.tm_min),
        n(t.tm_sec),
        n((t.tm_wday + 6) % 7),
        n(t.tm_yday + 1),
        n(t.tm_isdst),
        zone,
        Int::from_i64(t.tm_gmtoff).into_obj(),
    ];
    structseq::new_instance(&*struct_time_type()?, v)
}

fn locale_text(b: &[u8]) -> Obj {
    codecs::text::fs_decode(b).into_obj()
}

fn blank() -> libc::tm {
    // SAFETY: a structure of numbers and a pointer; null is a valid value of all.
    unsafe { std::mem::zeroed() }
}

fn local(when: i64) -> PyResult<libc::tm> {
    let mut t = blank();
    // SAFETY: structures are passed.
    if unsafe { libc::localtime_r(&when, &mut t) }.is_null() {
        return Err(out_of_range());
    }
    Ok(t)
}

fn out_of_range() -> taipan_object::Raised {
    match errno() {
        0 => exceptions::from_errno(libc::EINVAL),
        e => exceptions::from_errno(e),
    }
}

fn given_or_now(when: Option<&Object>) -> PyResult<i64> {
    match when {
        Some(o) => to_time_t(o, Rounding::Floor),
        None => Ok(clock(libc::CLOCK_REALTIME)?.div_euclid(BILLION)),
    }
}

/// Return a time in seconds, by default now, as a calendar time in UTC.
#[function(signature = "(seconds=None, /)", text = false)]
fn gmtime(seconds: Option<&Object>) -> PyResult {
    let when = given_or_now(seconds)?;
    let mut t = blank();
    // SAFETY: structures are passed.
    if unsafe { libc::gmtime_r(&when, &mut t) }.is_null() {
        return Err(out_of_range());
    }
    t.tm_zone = c"UTC".as_ptr();
    struct_time(&t)
}

/// Return a time in seconds, by default now, as a calendar time in the local zone.
#[function(signature = "(seconds=None, /)", text = false)]
fn localtime(seconds: Option<&Object>) -> PyResult {
    struct_time(&local(given_or_now(seconds)?)?)
}

/// A calendar time from a tuple.
fn tm_from(o: &Object, complaint: &str) -> PyResult<(libc::tm, Option<CString>)> {
    let Some(t) = o.downcast::<Tuple>() else { bail!(TypeError, "Tuple or struct_time argument required") };
    if t.len() != 9 {
        bail!(TypeError, "{complaint}");
    }
    let mut v = [0 as c_int; 9];
    for (x, item) in v.iter_mut().zip(t.items()) {
        *x = c_int_of(item)?;
    }
    let Some(year) = v[0].checked_sub(1900) else { bail!(OverflowError, "year out of range") };
    let mut tm = blank();
    tm.tm_year = year;
    tm.tm_mon = v[1].wrapping_sub(1);
    tm.tm_mday = v[2];
    tm.tm_hour = v[3];
    tm.tm_min = v[4];
    tm.tm_sec = v[5];
    // Monday is 0 in Python, Sunday in C.
    tm.tm_wday = v[6].wrapping_add(1) % 7;
    tm.tm_yday = v[7].wrapping_sub(1);
    tm.tm_isdst = v[8];
    let mut zone = None;
    if std::ptr::eq(o.ty().as_object(), &*struct_time_type()?) {
        let z = o.get_attr(intern!("tm_zone"))?;
        if let Some(s) = z.downcast::<Str>() {
            zone = CString::new(codecs::text::utf_8_encode(s, "surrogateescape")?.as_slice()).ok();
        }
        let off = o.get_attr(intern!("tm_gmtoff"))?;
        if !off.is_none() {
            tm.tm_gmtoff = off.as_i64()?;
        }
    }
    Ok((tm, zone))
}

/// Checks the ranges that `strftime` and `asctime` rely on; zeros stand for the first.
fn check_ranges(t: &mut libc::tm) -> PyResult<()> {
    if t.tm_mon == -1 {
        t.tm_mon = 0;
    } else if !(0..=11).contains(&t.tm_mon) {
        bail!(ValueError, "month out of range");
    }
    if t.tm_mday == 0 {
        t.tm_mday = 1;
    } else if !(0..=31).contains(&t.tm_mday) {
        bail!(ValueError, "day of month out of range");
    }
    if !(0..=23).contains(&t.tm_hour) {
        bail!(ValueError, "hour out of range");
    }
    if !(0..=59).contains(&t.tm_min) {
        bail!(ValueError, "minute out of range");
    }
    if !(0..=61).contains(&t.tm_sec) {
        bail!(ValueError, "seconds out of range");
    }
    if t.tm_wday < 0 {
        bail!(ValueError, "day of week out of range");
    }
    if t.tm_yday == -1 {
        t.tm_yday = 0;
    } else if !(0..=365).contains(&t.tm_yday) {
        bail!(ValueError, "day of year out of range");
    }
    Ok(())
}

fn days_and_months(t: &libc::tm) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!(
        "{} {}{:>3} {:02}:{:02}:{:02} {}",
        DAYS[(t.tm_wday.rem_euclid(7)) as usize],
        MONTHS[(t.tm_mon.rem_euclid(12)) as usize],
        t.tm_mday,
        t.tm_hour,
        t.tm_min,
        t.tm_sec,
        i64::from(t.tm_year) + 1900
    )
}

/// Return a calendar time, by default now, as text like 'Sat Jun 06 16:26:11 1998'.
#[function(signature = "(tuple=None, /)", text = false)]
fn asctime(tuple: taipan_object::args::Given<&Object>) -> PyResult<String> {
    let mut t = match tuple.0 {
        Some(o) => tm_from(o, "asctime(): illegal time tuple argument")?.0,
        None => local(given_or_now(None)?)?,
    };
    check_ranges(&mut t)?;
    Ok(days_and_months(&t))
}

/// Return a time in seconds, by default now, as text in the local zone.
#[function(signature = "(seconds=None, /)", text = false)]
fn ctime(seconds: Option<&Object>) -> PyResult<String> {
    Ok(days_and_months(&local(given_or_now(seconds)?)?))
}

/// Return a calendar time in the local zone as seconds since the start of 1970.
#[function(signature = "(object, /)")]
fn mktime(tuple: &Object) -> PyResult<f64> {
    let (mut t, _zone) = tm_from(tuple, "mktime(): illegal time tuple argument")?;
    // Tells an answer of -1 from an error.
    t.tm_wday = -1;
    // SAFETY: a structure is passed.
    let n = unsafe { libc::mktime(&mut t) };
    if n == -1 && t.tm_wday == -1 {
        bail!(OverflowError, "mktime argument out of range");
    }
    Ok(n as f64)
}

unsafe extern "C" {
    fn strftime(s: *mut u8, max: usize, format: *const std::ffi::c_char, tm: *const libc::tm) -> usize;
    fn tzset();
}

/// One call of the C library, with more and more room.
fn formatted(format: &CStr, t: &libc::tm) -> Vec<u8> {
    let mut size = 256.max(format.to_bytes().len() * 4);
    loop {
        let mut buf = vec![0u8; size];
        // SAFETY: a buffer with its size, a C string and a structure are passed.
        let n = unsafe { strftime(buf.as_mut_ptr(), size, format.as_ptr(), t) };
        // An empty answer and too little room look the same: a format asks for less than 256 times its length.
        if n > 0 || size >= 256 * format.to_bytes().len().max(1) {
            buf.truncate(n);
            return buf;
        }
        size *= 2;
    }
}

/// Return a calendar time, by default now, as text in the given format.
#[function(signature = "(format, tuple=None, /)", name = "strftime", text = false)]
fn strftime_function(format: &Object, tuple: taipan_object::args::Given<&Object>) -> PyResult {
    let Some(format) = format.downcast::<Str>() else {
        bail!(TypeError, "strftime() argument 1 must be str, not {}", format.ty().name_str());
    };
    let (mut t, zone) = match tuple.0 {
        Some(o) => tm_from(o, "strftime(): illegal time tuple argument")?,
        None => (local(given_or_now(None)?)?, None),
    };
    check_ranges(&mut t)?;
    if let Some(z) = &zone {
        t.tm_zone = z.as_ptr();
    }
    t.tm_isdst = t.tm_isdst.clamp(-1, 1);
    // Lone surrogates pass through, each NUL ends one call.
    let bytes = codecs::text::utf_8_encode(format, "surrogatepass")?;
    let mut out: Vec<u8> = Vec::new();
    for (i, part) in bytes.as_slice().split(|&c| c == 0).enumerate() {
        if i > 0 {
            out.push(0);
        }
        if part.is_empty() {
            continue;
        }
        let part = CString::new(part).unwrap_or_default();
        out.extend_from_slice(&formatted(&part, &t));
    }
    Ok(Str::from_wtf8(&out).into_obj())
}

/// Parse text as a calendar time in the given format.
#[function(signature = "(*args)", text = false)]
fn strptime(args: &[&Object]) -> PyResult {
    (hooks::get().import)("_strptime")?.call_method(intern!("_strptime_time"), args)
}

/// The zone's constants: offsets in winter and summer, whether there is summer time, names.
fn zone_constants(d: &Dict) -> PyResult<()> {
    // SAFETY: the C library's own state, under the interpreter lock.
    unsafe { tzset() };
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let start = (given_or_now(None)? / YEAR) * YEAR;
    let part = |when: i64| -> PyResult<(i64, String)> {
        let t = local(when)?;
        let name = if t.tm_zone.is_null() {
            "   ".to_owned()
        } else {
            // SAFETY: the C library's names of zones are C strings that stay.
            unsafe { CStr::from_ptr(t.tm_zone) }.to_string_lossy().into_owned()
        };
        Ok((-t.tm_gmtoff, name))
    };
    let (january, january_name) = part(start)?;
    let (july, july_name) = part(start + YEAR / 2)?;
    // South of the equator January is in summer.
    let ((winter, winter_name), (summer, summer_name)) = if january < july {
        ((july, july_name), (january, january_name))
    } else {
        ((january, january_name), (july, july_name))
    };
    d.set_str("timezone", &Int::from_i64(winter))?;
    d.set_str("altzone", &Int::from_i64(summer))?;
    d.set_str("daylight", &Int::from_i64((january != july).into()))?;
    let names = Tuple::from_vec(vec![Str::from_utf8(&winter_name).into_obj(), Str::from_utf8(&summer_name).into_obj()]);
    d.set_str("tzname", &names)
}

/// Take up the zone that the environment variable TZ names now.
#[function(signature = "()", name = "tzset", self_module)]
fn tzset_function(module: &Object) -> PyResult<()> {
    zone_constants(module.cast::<Module>().dict())
}

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in TIME {
        m.add_int(name, n)?;
    }
    m.add_int("_STRUCT_TM_ITEMS", 11)?;
    m.add("struct_time", &*struct_time_type()?)?;
    zone_constants(m.dict())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "time",
    doc: "Clocks, waiting, and conversion between seconds, calendar times and text.",
    methods: methods![
        now,
        now_ns,
        clock_gettime,
        clock_gettime_ns,
        clock_settime,
        clock_settime_ns,
        clock_getres,
        pthread_getcpuclockid,
        sleep,
        gmtime,
        localtime,
        asctime,
        ctime,
        mktime,
        strftime_function,
        strptime,
        tzset_function,
        monotonic,
        monotonic_ns,
        process_time,
        process_time_ns,
        thread_time,
        thread_time_ns,
        perf_counter,
        perf_counter_ns,
        get_clock_info,
    ],
    exec,
};
