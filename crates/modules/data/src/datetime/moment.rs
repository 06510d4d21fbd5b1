//! `datetime`.

use super::calendar::{Parts, check_date, check_time};
use super::date::{DATE_TYPE, Date, call_strptime, int_argument, int_or, pickled_state};
use super::delta::Delta;
use super::time::{TIME_TYPE, Time, microsecond_bytes};
use super::{clock, format, parse, zone};
use crate::signature;
use crate::support::{bind, tuple_of};
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Given, receiver};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::{NumberMethods, Slot};
use taipan_object::types::bool_::from_bool;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, getset, getsets, intern, layout,
    method, methods,
};

/// A date with a time of day (`PyDateTime_DateTime`); a [`Date`] with more behind it.
#[repr(C)]
pub struct DateTime {
    ob_base: Object,
    hash: Cell<isize>,
    hastzinfo: u8,
    /// Year (two bytes, high first), month, day, hour, minute, second, microsecond (three bytes, high first).
    data: [u8; 10],
    fold: Cell<u8>,
    tzinfo: ObjCell,
}

const _: () = assert!(size_of::<DateTime>() == 48 && offset_of!(DateTime, data) == 25);
const _: () = assert!(offset_of!(DateTime, tzinfo) == 40 && offset_of!(DateTime, hash) == offset_of!(Date, hash));
layout!(DateTime, DATETIME_TYPE);

const US: i128 = 1_000_000;

impl DateTime {
    pub fn parts(&self) -> Parts {
        let d = &self.data;
        let n = |i: usize| i32::from(d[i]);
        Parts {
            year: n(0) << 8 | n(1),
            month: n(2),
            day: n(3),
            hour: n(4),
            minute: n(5),
            second: n(6),
            us: n(7) << 16 | n(8) << 8 | n(9),
        }
    }

    pub fn tz(&self) -> Option<&Object> {
        self.tzinfo.get()
    }

    pub fn fold(&self) -> u8 {
        self.fold.get()
    }

    fn alloc(cls: &Type, data: [u8; 10], tz: Option<Obj>, fold: u8) -> PyResult {
        let body = DateTime {
            ob_base: Object::placeholder(),
            hash: Cell::new(-1),
            hastzinfo: u8::from(tz.is_some()),
            data,
            fold: Cell::new(fold),
            tzinfo: ObjCell::from_opt(tz),
        };
        new_instance(cls, body).map(Ref::into_obj)
    }

    /// A new datetime, directly in memory of `cls`.
    pub fn create(cls: &Type, p: &Parts, tz: Option<&Object>, fold: i32) -> PyResult {
        check_date(p.year, p.month, p.day)?;
        check_time(p.hour, p.minute, p.second, p.us, fold)?;
        let [a, b, c] = microsecond_bytes(p.us);
        let data = [
            (p.year >> 8) as u8,
            p.year as u8,
            p.month as u8,
            p.day as u8,
            p.hour as u8,
            p.minute as u8,
            p.second as u8,
            a,
            b,
            c,
        ];
        DateTime::alloc(cls, data, tz.map(Object::to_obj), fold as u8)
    }

    /// A new datetime as `cls` makes it.
    pub fn new_in(cls: &Type, p: &Parts, tz: Option<&Object>, fold: i32) -> PyResult {
        if std::ptr::eq(cls, &DATETIME_TYPE) {
            return DateTime::create(cls, p, tz, fold);
        }
        check_time(0, 0, 0, 0, fold)?;
        let n = [p.year, p.month, p.day, p.hour, p.minute, p.second, p.us].map(|n| Int::from_i64(i64::from(n)));
        let args: [&Object; 8] = [&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], tz.unwrap_or(none())];
        let made = cls.as_object().call(&args)?;
        if let Some(d) = made.downcast::<DateTime>() {
            d.fold.set(fold as u8);
        }
        Ok(made)
    }

    pub fn utcoffset(&self) -> PyResult<Option<Ref<Delta>>> {
        zone::ask(self.tz(), intern!("utcoffset"), self)
    }

    pub fn dst(&self) -> PyResult<Option<Ref<Delta>>> {
        zone::ask(self.tz(), intern!("dst"), self)
    }

    /// The datetime so many microseconds later, in the same zone and class.
    pub fn plus(&self, us: i128) -> PyResult {
        let p = Parts::from_microseconds(self.parts().microseconds() + us)?;
        DateTime::new_in(self.ty(), &p, self.tz(), 0)
    }

    /// `utcoffset` of the same fields with the other fold.
    fn other_offset(&self) -> PyResult<Option<Ref<Delta>>> {
        let flipped = DateTime::create(self.ty(), &self.parts(), self.tz(), 1 - i32::from(self.fold()))?;
        flipped.cast::<DateTime>().utcoffset()
    }

    /// Whether the offset depends on the fold, so that the time equals none in another zone (PEP 495).
    fn is_problematic(&self, offset: &Option<Ref<Delta>>) -> PyResult<bool> {
        let other = self.other_offset()?;
        let us = |o: &Option<Ref<Delta>>| o.as_ref().map(|d| d.us());
        Ok(us(&other) != us(offset))
    }

    fn same_zone(&self, other: &DateTime) -> bool {
        match (self.tz(), other.tz()) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is(b),
            _ => false,
        }
    }
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let given = args.cast::<Tuple>().items();
    if let [state] | [state, _] = given
        && let Some(b) = pickled_state(state, 10, "datetime", |m| (1..=12).contains(&(m & 0x7f)), 2)?
    {
        let tz = given.get(1).filter(|t| !t.is_none());
        if tz.is_some_and(|t| t.downcast::<zone::TzInfo>().is_none()) {
            bail!(TypeError, "bad tzinfo state arg");
        }
        let mut data = [0; 10];
        data.copy_from_slice(&b);
        data[2] &= 0x7f;
        return DateTime::alloc(cls, data, tz.cloned(), b[2] >> 7);
    }
    let sig = signature!("", posonly 0, positional 8,
        ["year" true, "month" true, "day" true, "hour" false, "minute" false, "second" false, "microsecond" false, "tzinfo" false, "fold" false]);
    bind::<9, _>(sig, args, kwargs, |[y, m, d, h, min, s, us, tz, fold]| {
        let p = Parts {
            year: int_argument(receiver(y))?,
            month: int_argument(receiver(m))?,
            day: int_argument(receiver(d))?,
            hour: int_or(h, 0)?,
            minute: int_or(min, 0)?,
            second: int_or(s, 0)?,
            us: int_or(us, 0)?,
        };
        let fold = int_or(fold, 0)?;
        // Fields are complained about before the zone, except by the type of the argument.
        let tz = zone::check(tz)?;
        DateTime::create(cls, &p, tz, fold)
    })
}

fn from_moment(cls: &Type, (t, us): (i64, i32), tz: Option<&Object>, utc: bool) -> PyResult {
    let mut fold = 0;
    let mut p = if utc {
        clock::utc(t)?
    } else {
        let p = clock::local(t)?.parts;
        check_date(p.year, p.month, p.day)?;
        if tz.is_none() && t - 86_400 > -62_135_596_800 && clock::is_second(t, &p)? {
            fold = 1;
        }
        p
    };
    p.us = us;
    DateTime::new_in(cls, &p, tz, fold)
}

fn in_zone(made: Obj, tz: Option<&Object>) -> PyResult {
    match tz {
        Some(tz) => tz.call_method(intern!("fromutc"), &[&made]),
        None => Ok(made),
    }
}

/// Returns new datetime object representing current time local to tz.
///
/// tz is a timezone object; without it, it is local time.
#[classmethod(signature = "(tz=None)")]
fn now(cls: &Type, tz: Option<&Object>) -> PyResult {
    let tz = zone::check(tz)?;
    in_zone(from_moment(cls, clock::now(), tz, tz.is_some())?, tz)
}

/// Return a new datetime representing UTC day and time.
#[classmethod]
fn utcnow(cls: &Type) -> PyResult {
    (taipan_object::hooks::get().warn)(
        exceptions::DeprecationWarning,
        "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. \
         Use timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).",
        1,
    )?;
    from_moment(cls, clock::now(), None, true)
}

/// `datetime.fromtimestamp`.
pub fn from_timestamp(cls: &Type, timestamp: &Object, tz: Option<&Object>) -> PyResult {
    let tz = zone::check(tz)?;
    in_zone(from_moment(cls, clock::timestamp(timestamp)?, tz, tz.is_some())?, tz)
}

/// timestamp[, tz] -> tz's local time from POSIX timestamp.
#[classmethod(signature = "(timestamp, tz=None)", text = false)]
fn fromtimestamp(cls: &Type, timestamp: &Object, tz: Option<&Object>) -> PyResult {
    from_timestamp(cls, timestamp, tz)
}

/// Construct a naive UTC datetime from a POSIX timestamp.
#[classmethod(signature = "(timestamp, /)", text = false)]
fn utcfromtimestamp(cls: &Type, timestamp: &Object) -> PyResult {
    (taipan_object::hooks::get().warn)(
        exceptions::DeprecationWarning,
        "datetime.datetime.utcfromtimestamp() is deprecated and scheduled for removal in a future version. \
         Use timezone-aware objects to represent datetimes in UTC: \
         datetime.datetime.fromtimestamp(timestamp, datetime.UTC).",
        1,
    )?;
    from_moment(cls, clock::timestamp(timestamp)?, None, true)
}

/// string, format -> new datetime parsed from a string (like time.strptime()).
#[classmethod(signature = "(string, format, /)", text = false)]
fn strptime(cls: &Type, string: &Object, format: &Object) -> PyResult {
    call_strptime(cls, "_strptime_datetime_datetime", string, format)
}

/// date, time -> datetime with same date and time fields
#[classmethod(signature = "(date, time, tzinfo=unchanged)", text = false)]
fn combine(cls: &Type, date: &Object, time: &Object, tzinfo: Given<&Object>) -> PyResult {
    let wrong = |i: usize, what: &str, o: &Object| {
        let got = if o.is_none() { "None" } else { o.ty().name_str() };
        taipan_object::raise!(TypeError, "combine() argument {i} must be datetime.{what}, not {got}")
    };
    let Some(d) = date.downcast::<Date>() else { return Err(wrong(1, "date", date)) };
    let Some(t) = time.downcast::<Time>() else { return Err(wrong(2, "time", time)) };
    let tz = match tzinfo.0 {
        Some(tz) => zone::check(Some(tz))?,
        None => t.tz(),
    };
    let (day, clock) = (d.parts(), t.parts());
    let p = Parts { year: day.year, month: day.month, day: day.day, ..clock };
    DateTime::new_in(cls, &p, tz, i32::from(t.fold()))
}

fn invalid<T>(s: &Str) -> PyResult<T> {
    bail!(ValueError, "Invalid isoformat string: {}", s.repr()?.to_utf8_lossy())
}

/// string -> datetime from a string in most ISO 8601 formats
#[classmethod(signature = "(object, /)")]
fn fromisoformat(cls: &Type, object: &Object) -> PyResult {
    let Some(s) = object.downcast::<Str>() else { bail!(TypeError, "fromisoformat: argument must be str") };
    if s.len() < 7 {
        return invalid(s);
    }
    // The separator may be any character; all others are ASCII.
    let chars: Vec<u8> =
        (0..s.len()).map(|i| u8::try_from(s.char_at(i)).ok().filter(u8::is_ascii).unwrap_or(0)).collect();
    let Ok(sep) = parse::separator(&chars) else { return invalid(s) };
    let Some(date) = chars.get(..sep.min(chars.len())) else { return invalid(s) };
    let Ok(mut day) = parse::date(date) else { return invalid(s) };
    let mut p = Parts::time(0, 0, 0, 0);
    let mut tz = None;
    if let Some(rest) = chars.get(sep + 1..).filter(|r| !r.is_empty()) {
        let Ok(t) = parse::time(rest) else { return invalid(s) };
        let [mut hour, minute, second, us] = t.fields;
        if hour == 24 {
            if (minute, second, us) != (0, 0, 0) {
                bail!(ValueError, "minute, second, and microsecond must be 0 when hour is 24");
            }
            hour = 0;
            day = parse::next_day(day);
        }
        p = Parts::time(hour, minute, second, us);
        tz = super::zone_of(t.offset)?;
    } else if chars.len() > sep {
        return invalid(s);
    }
    (p.year, p.month, p.day) = day;
    DateTime::new_in(cls, &p, tz.as_deref(), 0)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let d: &DateTime = o.cast();
    let p = d.parts();
    let mut s = format!("{}({}, {}, {}, {}, {}", format::class_name(o), p.year, p.month, p.day, p.hour, p.minute);
    if p.us != 0 {
        s += &format!(", {}, {}", p.second, p.us);
    } else if p.second != 0 {
        s += &format!(", {}", p.second);
    }
    super::repr_tail(s, d.tz(), d.fold())
}

extern "C" fn str(o: &Object) -> PyResult {
    o.call_method(intern!("isoformat"), &[&*text(" ")])
}

/// Return ctime() style string.
#[method]
fn ctime(this: &DateTime) -> String {
    format::ctime(&this.parts())
}

/// Return string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
///
/// sep is used to separate the year from the time, and defaults to 'T'.
/// The optional argument timespec specifies the number of additional terms
/// of the time to include. Valid options are 'auto', 'hours', 'minutes',
/// 'seconds', 'milliseconds' and 'microseconds'.
#[method(signature = "(sep=None, timespec='auto')", text = false)]
fn isoformat(this: &DateTime, sep: Given<&Object>, timespec: &str) -> PyResult {
    let sep = match sep.0 {
        None => u32::from(b'T'),
        Some(o) => match o.downcast::<Str>() {
            Some(s) if s.len() == 1 => s.char_at(0),
            Some(s) => bail!(
                TypeError,
                "isoformat() argument 1 must be a unicode character, not a string of length {}",
                s.len()
            ),
            None => {
                let got = if o.is_none() { "None" } else { o.ty().name_str() };
                bail!(TypeError, "isoformat() argument 1 must be a unicode character, not {got}")
            }
        },
    };
    let p = this.parts();
    let mut rest = format::iso_time(&p, timespec)?;
    if let Some(off) = this.utcoffset()? {
        zone::write_offset(&mut rest, off.us(), ":");
    }
    let mut b = StrBuilder::with_capacity(32);
    b.push_str(&format::iso_date(&p));
    b.push_char(sep);
    b.push_str(&rest);
    Ok(b.finish().into_obj())
}

/// Return self.tzinfo.utcoffset(self).
#[method]
fn utcoffset(this: &DateTime) -> PyResult<Option<Obj>> {
    Ok(this.utcoffset()?.map(Ref::into_obj))
}

/// Return self.tzinfo.dst(self).
#[method]
fn dst(this: &DateTime) -> PyResult<Option<Obj>> {
    Ok(this.dst()?.map(Ref::into_obj))
}

/// Return self.tzinfo.tzname(self).
#[method]
fn tzname(this: &DateTime) -> PyResult {
    zone::ask_name(this.tz(), this)
}

/// Return time tuple, compatible with time.localtime().
#[method]
fn timetuple(this: &DateTime) -> PyResult {
    let dst = match this.dst()? {
        None => -1,
        Some(d) => i32::from(d.us() != 0),
    };
    format::struct_time(&this.parts(), dst)
}

/// Return UTC time tuple, compatible with time.localtime().
#[method]
fn utctimetuple(this: &DateTime) -> PyResult {
    let mut p = this.parts();
    if let Some(off) = this.utcoffset()? {
        p = Parts::from_microseconds(p.microseconds() - off.us())?;
    }
    format::struct_time(&p, 0)
}

/// Return POSIX timestamp as float.
#[method]
fn timestamp(this: &DateTime) -> PyResult<f64> {
    let p = this.parts();
    let Some(_) = this.tz() else {
        let s = clock::moment(&p, this.fold() != 0)?;
        return Ok(s as f64 + f64::from(p.us) / 1e6);
    };
    let off = this.utcoffset()?;
    let Some(off) = off else { bail!(TypeError, "can't subtract offset-naive and offset-aware datetimes") };
    let epoch = i128::from(super::calendar::EPOCH) * 86_400 * US;
    let us = p.microseconds() - off.us() - epoch;
    taipan_object::types::int::true_div(&Int::from_i128(us), &Int::from_i64(1_000_000))
}

/// Return date object with same year, month and day.
#[method]
fn date(this: &DateTime) -> PyResult {
    let p = this.parts();
    Date::create(&DATE_TYPE, p.year, p.month, p.day)
}

/// Return time object with same time but with tzinfo=None.
#[method]
fn time(this: &DateTime) -> PyResult {
    Time::create(&TIME_TYPE, &this.parts(), None, i32::from(this.fold()))
}

/// Return time object with same time and tzinfo.
#[method]
fn timetz(this: &DateTime) -> PyResult {
    Time::create(&TIME_TYPE, &this.parts(), this.tz(), i32::from(this.fold()))
}

fn replaced(this: &DateTime, given: [Given<&Object>; 9]) -> PyResult {
    let p = this.parts();
    let [y, m, d, h, min, s, us, tz, fold] = given;
    let new = Parts {
        year: int_or(y.0, p.year)?,
        month: int_or(m.0, p.month)?,
        day: int_or(d.0, p.day)?,
        hour: int_or(h.0, p.hour)?,
        minute: int_or(min.0, p.minute)?,
        second: int_or(s.0, p.second)?,
        us: int_or(us.0, p.us)?,
    };
    let fold = int_or(fold.0, i32::from(this.fold()))?;
    let tz = match tz.0 {
        Some(t) => zone::check(Some(t))?,
        None => this.tz(),
    };
    DateTime::new_in(this.ty(), &new, tz, fold)
}

/// Return datetime with new specified fields.
#[method(
    signature = "(year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)",
    shown = "(year=unchanged, month=unchanged, day=unchanged,\n        hour=unchanged, minute=unchanged, second=unchanged,\n        microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
)]
#[allow(clippy::too_many_arguments)]
fn replace(
    this: &DateTime,
    year: Given<&Object>,
    month: Given<&Object>,
    day: Given<&Object>,
    hour: Given<&Object>,
    minute: Given<&Object>,
    second: Given<&Object>,
    microsecond: Given<&Object>,
    tzinfo: Given<&Object>,
    fold: Given<&Object>,
) -> PyResult {
    replaced(this, [year, month, day, hour, minute, second, microsecond, tzinfo, fold])
}

/// The same as replace().
#[method(
    name = "__replace__",
    signature = "(year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)",
    shown = "(**changes)"
)]
#[allow(clippy::too_many_arguments)]
fn replace_(
    this: &DateTime,
    year: Given<&Object>,
    month: Given<&Object>,
    day: Given<&Object>,
    hour: Given<&Object>,
    minute: Given<&Object>,
    second: Given<&Object>,
    microsecond: Given<&Object>,
    tzinfo: Given<&Object>,
    fold: Given<&Object>,
) -> PyResult {
    replaced(this, [year, month, day, hour, minute, second, microsecond, tzinfo, fold])
}

fn local_zone_at(t: i64) -> PyResult {
    let l = clock::local(t)?;
    let name = taipan_object::codecs::text::fs_decode(&l.zone);
    zone::TimeZone::create(&*Delta::new(i128::from(l.offset) * US)?, Some(&name))
}

/// The local zone at the time that a naive datetime shows.
fn local_zone(p: &Parts, fold: bool) -> PyResult {
    let mut t = clock::moment(p, fold)?;
    let other = clock::moment(p, !fold)?;
    // In a gap or a fold.
    if other != t && (other > t) == fold {
        t = other;
    }
    local_zone_at(t)
}

/// tz -> convert to local time in new timezone tz
#[method(signature = "(tz=None)", text = false)]
fn astimezone(this: &DateTime, tz: Option<&Object>) -> PyResult {
    let tz = zone::check(tz)?.map(Object::to_obj);
    let p = this.parts();
    let fold = this.fold() != 0;
    let mut own = match this.tz() {
        Some(z) => z.to_obj(),
        None => local_zone(&p, fold)?,
    };
    if tz.as_ref().is_some_and(|t| t.is(&own)) {
        return Ok(this.to_obj());
    }
    let mut offset = zone::ask(Some(&own), intern!("utcoffset"), this)?;
    if offset.is_none() {
        own = local_zone(&p, fold)?;
        if tz.as_ref().is_some_and(|t| t.is(&own)) {
            return Ok(this.to_obj());
        }
        offset = zone::ask(Some(&own), intern!("utcoffset"), this)?;
    }
    let off = offset.map_or(0, |d| d.us());
    let utc = Parts::from_microseconds(p.microseconds() - off)?;
    let tz = match tz {
        Some(t) => t,
        None => {
            let epoch = i128::from(super::calendar::EPOCH) * 86_400 * US;
            local_zone_at(((utc.microseconds() - epoch).div_euclid(US)) as i64)?
        }
    };
    let moved = DateTime::new_in(this.ty(), &utc, Some(&tz), 0)?;
    tz.call_method(intern!("fromutc"), &[&moved])
}

fn state(this: &DateTime, protocol: i32) -> Ref<Tuple> {
    let mut data = this.data;
    if protocol > 3 && this.fold() != 0 {
        data[2] |= 0x80;
    }
    let bytes = Bytes::new(&data).into_obj();
    let args = match this.tz() {
        Some(t) => tuple_of([bytes, t.to_obj()]),
        None => tuple_of([bytes]),
    };
    tuple_of([this.ty().to_obj(), args.into_obj()])
}

/// __reduce_ex__(proto) -> (cls, state)
#[method(name = "__reduce_ex__", signature = "(protocol, /)", text = false)]
fn reduce_ex(this: &DateTime, protocol: i32) -> Ref<Tuple> {
    state(this, protocol)
}

/// __reduce__() -> (cls, state)
#[method(name = "__reduce__")]
fn reduce(this: &DateTime) -> Ref<Tuple> {
    state(this, 2)
}

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<DateTime>(), b.downcast::<DateTime>()) else {
        return Ok(not_implemented());
    };
    let op = CompareOp::from_c(op);
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let mut order = x.data.cmp(&y.data);
    if x.same_zone(y) {
        return Ok(from_bool(op.test(order)));
    }
    let (p, q) = (x.utcoffset()?, y.utcoffset()?);
    match (&p, &q) {
        (None, None) => {}
        (Some(s), Some(t)) => {
            let at = |d: &DateTime, off: i128| d.parts().microseconds() - off;
            if s.us() != t.us() {
                order = at(x, s.us()).cmp(&at(y, t.us()));
            }
        }
        _ if equality => return Ok(from_bool(op == CompareOp::Ne)),
        _ => bail!(TypeError, "can't compare offset-naive and offset-aware datetimes"),
    }
    if equality && order.is_eq() && (x.is_problematic(&p)? || y.is_problematic(&q)?) {
        return Ok(from_bool(op == CompareOp::Ne));
    }
    Ok(from_bool(op.test(order)))
}

fn hash_of(d: &DateTime) -> PyResult<isize> {
    let offset = if d.fold() != 0 && d.tz().is_some() {
        let first = DateTime::new_in(&DATETIME_TYPE, &d.parts(), d.tz(), 0)?;
        first.cast::<DateTime>().utcoffset()?
    } else {
        d.utcoffset()?
    };
    match offset {
        None => Ok(Bytes::new(&d.data).bytes_hash()),
        Some(off) => Delta::new(d.parts().microseconds() - off.us())?.hash(),
    }
}

extern "C" fn hash(o: &Object) -> isize {
    let d: &DateTime = o.cast();
    if d.hash.get() == -1 {
        match hash_of(d) {
            Ok(h) => d.hash.set(h),
            Err(_) => return -1,
        }
    }
    d.hash.get()
}

extern "C" fn add(a: &Object, b: &Object) -> PyResult {
    let (d, t) = match (a.downcast::<DateTime>(), b.downcast::<DateTime>()) {
        (Some(d), None) => (d, b),
        (None, Some(d)) => (d, a),
        _ => return Ok(not_implemented()),
    };
    match t.downcast::<Delta>() {
        Some(t) => d.plus(t.us()),
        None => Ok(not_implemented()),
    }
}

extern "C" fn subtract(a: &Object, b: &Object) -> PyResult {
    let Some(d) = a.downcast::<DateTime>() else { return Ok(not_implemented()) };
    if let Some(t) = b.downcast::<Delta>() {
        return d.plus(-t.us());
    }
    let Some(e) = b.downcast::<DateTime>() else { return Ok(not_implemented()) };
    let mut us = d.parts().microseconds() - e.parts().microseconds();
    if !d.same_zone(e) {
        match (d.utcoffset()?, e.utcoffset()?) {
            (None, None) => {}
            (Some(p), Some(q)) => us -= p.us() - q.us(),
            _ => bail!(TypeError, "can't subtract offset-naive and offset-aware datetimes"),
        }
    }
    Delta::new(us).map(Ref::into_obj)
}

static AS_NUMBER: NumberMethods =
    NumberMethods { add: Slot::new(add), subtract: Slot::new(subtract), ..NumberMethods::EMPTY };

fn get_hour(t: &DateTime) -> i32 {
    t.parts().hour
}
fn get_minute(t: &DateTime) -> i32 {
    t.parts().minute
}
fn get_second(t: &DateTime) -> i32 {
    t.parts().second
}
fn get_microsecond(t: &DateTime) -> i32 {
    t.parts().us
}
fn get_tzinfo(t: &DateTime) -> Option<Obj> {
    t.tzinfo.get_owned()
}
fn get_fold(t: &DateTime) -> u8 {
    t.fold()
}

/// `datetime`.
pub static DATETIME_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.datetime",
    basicsize: size_of::<DateTime>(),
    flags: flags::BASETYPE,
    base: Some(&DATE_TYPE),
    doc: Some(
        c"datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\nThe year, month and day arguments are required. tzinfo may be None, or an\ninstance of a tzinfo subclass. The remaining arguments may be ints.",
    ),
    dealloc: Some(dealloc_of::<DateTime>),
    repr: Some(repr),
    str: Some(str),
    hash: Some(hash),
    as_number: Some(&AS_NUMBER),
    richcompare: Some(richcompare),
    methods: methods![
        now,
        utcnow,
        fromtimestamp,
        utcfromtimestamp,
        strptime,
        combine,
        fromisoformat,
        date,
        time,
        timetz,
        ctime,
        timetuple,
        timestamp,
        utctimetuple,
        isoformat,
        utcoffset,
        tzname,
        dst,
        replace,
        replace_,
        astimezone,
        reduce_ex,
        reduce
    ],
    getset: getsets![
        getset!(c"hour", get_hour),
        getset!(c"minute", get_minute),
        getset!(c"second", get_second),
        getset!(c"microsecond", get_microsecond),
        getset!(c"tzinfo", get_tzinfo),
        getset!(c"fold", get_fold)
    ],
    new: Some(new),
    ..TypeDef::EMPTY
});
