//! `time`.

use super::calendar::{Parts, check_time};
use super::date::{call_strptime, format_object, int_or, pickled_state, str_argument};
use super::delta::Delta;
use super::{format, parse, zone};
use crate::signature;
use crate::support::{bind, tuple_of};
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::Given;
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::types::bool_::from_bool;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, getset, getsets, intern, layout,
    method, methods,
};

/// A time of day (`PyDateTime_Time`).
#[repr(C)]
pub struct Time {
    ob_base: Object,
    hash: Cell<isize>,
    hastzinfo: u8,
    /// Hour, minute, second, microsecond (three bytes, high first).
    data: [u8; 6],
    fold: Cell<u8>,
    tzinfo: ObjCell,
}

const _: () = assert!(size_of::<Time>() == 40 && offset_of!(Time, data) == 25 && offset_of!(Time, tzinfo) == 32);
layout!(Time, TIME_TYPE);

/// The low part of a microsecond field.
pub fn microsecond_bytes(us: i32) -> [u8; 3] {
    [(us >> 16) as u8, (us >> 8) as u8, us as u8]
}

impl Time {
    pub fn parts(&self) -> Parts {
        let d = &self.data;
        let us = i32::from(d[3]) << 16 | i32::from(d[4]) << 8 | i32::from(d[5]);
        Parts::time(i32::from(d[0]), i32::from(d[1]), i32::from(d[2]), us)
    }

    pub fn fold(&self) -> u8 {
        self.fold.get()
    }

    pub fn tz(&self) -> Option<&Object> {
        self.tzinfo.get()
    }

    fn alloc(cls: &Type, data: [u8; 6], tz: Option<Obj>, fold: u8) -> PyResult {
        let body = Time {
            ob_base: Object::placeholder(),
            hash: Cell::new(-1),
            hastzinfo: u8::from(tz.is_some()),
            data,
            fold: Cell::new(fold),
            tzinfo: ObjCell::from_opt(tz),
        };
        new_instance(cls, body).map(Ref::into_obj)
    }

    /// A new time, directly in memory of `cls`.
    pub fn create(cls: &Type, p: &Parts, tz: Option<&Object>, fold: i32) -> PyResult {
        check_time(p.hour, p.minute, p.second, p.us, fold)?;
        let [a, b, c] = microsecond_bytes(p.us);
        let data = [p.hour as u8, p.minute as u8, p.second as u8, a, b, c];
        Time::alloc(cls, data, tz.map(Object::to_obj), fold as u8)
    }

    /// A new time as `cls` makes it.
    pub fn new_in(cls: &Type, p: &Parts, tz: Option<&Object>, fold: i32) -> PyResult {
        if std::ptr::eq(cls, &TIME_TYPE) {
            return Time::create(cls, p, tz, fold);
        }
        check_time(p.hour, p.minute, p.second, p.us, fold)?;
        let n = [p.hour, p.minute, p.second, p.us].map(|n| Int::from_i64(i64::from(n)));
        let made = cls.as_object().call(&[&n[0], &n[1], &n[2], &n[3], tz.unwrap_or(none())])?;
        if let Some(t) = made.downcast::<Time>() {
            t.fold.set(fold as u8);
        }
        Ok(made)
    }

    pub fn utcoffset(&self) -> PyResult<Option<Ref<Delta>>> {
        zone::ask(self.tz(), intern!("utcoffset"), none())
    }
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let given = args.cast::<Tuple>().items();
    if let [state] | [state, _] = given
        && let Some(b) = pickled_state(state, 6, "time", |h| h & 0x7f < 24, 0)?
    {
        let tz = given.get(1).filter(|t| !t.is_none());
        if tz.is_some_and(|t| t.downcast::<zone::TzInfo>().is_none()) {
            bail!(TypeError, "bad tzinfo state arg");
        }
        let data = [b[0] & 0x7f, b[1], b[2], b[3], b[4], b[5]];
        return Time::alloc(cls, data, tz.cloned(), b[0] >> 7);
    }
    let sig = signature!("", posonly 0, positional 5,
        ["hour" false, "minute" false, "second" false, "microsecond" false, "tzinfo" false, "fold" false]);
    bind::<6, _>(sig, args, kwargs, |[h, m, s, us, tz, fold]| {
        let p = Parts::time(int_or(h, 0)?, int_or(m, 0)?, int_or(s, 0)?, int_or(us, 0)?);
        let fold = int_or(fold, 0)?;
        let tz = zone::check(tz)?;
        Time::create(cls, &p, tz, fold)
    })
}

/// string, format -> new time parsed from a string (like time.strptime()).
#[classmethod(signature = "(string, format, /)", text = false)]
fn strptime(cls: &Type, string: &Object, format: &Object) -> PyResult {
    call_strptime(cls, "_strptime_datetime_time", string, format)
}

fn invalid<T>(s: &Object) -> PyResult<T> {
    bail!(ValueError, "Invalid isoformat string: {}", s.repr()?.to_utf8_lossy())
}

/// Construct a time from a string in ISO 8601 format.
#[classmethod(signature = "(object, /)")]
fn fromisoformat(cls: &Type, object: &Object) -> PyResult {
    let Some(s) = object.downcast::<Str>() else { bail!(TypeError, "fromisoformat: argument must be str") };
    if !s.is_ascii() {
        return invalid(s);
    }
    let b = s.data_bytes();
    let b = b.strip_prefix(b"T").unwrap_or(b);
    let Ok(t) = parse::time(b) else { return invalid(s) };
    let [mut hour, minute, second, us] = t.fields;
    if hour == 24 {
        if (minute, second, us) != (0, 0, 0) {
            bail!(ValueError, "minute, second, and microsecond must be 0 when hour is 24");
        }
        hour = 0;
    }
    let tz = super::zone_of(t.offset)?;
    Time::new_in(cls, &Parts::time(hour, minute, second, us), tz.as_deref(), 0)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let t: &Time = o.cast();
    let p = t.parts();
    let mut s = format!("{}({}, {}", format::class_name(o), p.hour, p.minute);
    if p.us != 0 {
        s += &format!(", {}, {}", p.second, p.us);
    } else if p.second != 0 {
        s += &format!(", {}", p.second);
    }
    super::repr_tail(s, t.tz(), t.fold())
}

extern "C" fn str(o: &Object) -> PyResult {
    o.call_method(intern!("isoformat"), &[])
}

/// Return string in ISO 8601 format, [HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].
///
/// The optional argument timespec specifies the number of additional terms
/// of the time to include. Valid options are 'auto', 'hours', 'minutes',
/// 'seconds', 'milliseconds' and 'microseconds'.
#[method(signature = "(timespec='auto')", text = false)]
fn isoformat(this: &Time, timespec: &str) -> PyResult<String> {
    let mut s = format::iso_time(&this.parts(), timespec)?;
    if let Some(off) = this.utcoffset()? {
        zone::write_offset(&mut s, off.us(), ":");
    }
    Ok(s)
}

/// format -> strftime() style string.
#[method(signature = "(format)", text = false)]
fn strftime(this: &Time, format: &Object) -> PyResult {
    let f = str_argument("strftime", 1, format)?;
    let p = this.parts();
    let tuple =
        tuple_of([1900, 1, 1, p.hour, p.minute, p.second, 0, 1, -1].map(|n| Int::from_i64(i64::from(n)).into_obj()));
    format::strftime(this, &p, p.us, f, &tuple)
}

/// Formats self with strftime.
#[method(name = "__format__", signature = "(format_spec, /)", text = false)]
fn format_(this: &Time, format_spec: &Object) -> PyResult {
    format_object(this, format_spec)
}

/// Return self.tzinfo.utcoffset(self).
#[method]
fn utcoffset(this: &Time) -> PyResult<Option<Obj>> {
    Ok(this.utcoffset()?.map(Ref::into_obj))
}

/// Return self.tzinfo.dst(self).
#[method]
fn dst(this: &Time) -> PyResult<Option<Obj>> {
    Ok(zone::ask(this.tz(), intern!("dst"), none())?.map(Ref::into_obj))
}

/// Return self.tzinfo.tzname(self).
#[method]
fn tzname(this: &Time) -> PyResult {
    zone::ask_name(this.tz(), none())
}

#[allow(clippy::too_many_arguments)]
fn replaced(
    this: &Time,
    hour: Given<&Object>,
    minute: Given<&Object>,
    second: Given<&Object>,
    us: Given<&Object>,
    tz: Given<&Object>,
    fold: Given<&Object>,
) -> PyResult {
    let p = this.parts();
    let new = Parts::time(
        int_or(hour.0, p.hour)?,
        int_or(minute.0, p.minute)?,
        int_or(second.0, p.second)?,
        int_or(us.0, p.us)?,
    );
    let fold = int_or(fold.0, i32::from(this.fold()))?;
    let tz = match tz.0 {
        Some(t) => zone::check(Some(t))?,
        None => this.tz(),
    };
    Time::new_in(this.ty(), &new, tz, fold)
}

/// Return time with new specified fields.
#[method(
    signature = "(hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)",
    shown = "(hour=unchanged, minute=unchanged, second=unchanged,\n        microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
)]
#[allow(clippy::too_many_arguments)]
fn replace(
    this: &Time,
    hour: Given<&Object>,
    minute: Given<&Object>,
    second: Given<&Object>,
    microsecond: Given<&Object>,
    tzinfo: Given<&Object>,
    fold: Given<&Object>,
) -> PyResult {
    replaced(this, hour, minute, second, microsecond, tzinfo, fold)
}

/// The same as replace().
#[method(
    name = "__replace__",
    signature = "(hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)",
    shown = "(**changes)"
)]
#[allow(clippy::too_many_arguments)]
fn replace_(
    this: &Time,
    hour: Given<&Object>,
    minute: Given<&Object>,
    second: Given<&Object>,
    microsecond: Given<&Object>,
    tzinfo: Given<&Object>,
    fold: Given<&Object>,
) -> PyResult {
    replaced(this, hour, minute, second, microsecond, tzinfo, fold)
}

fn state(this: &Time, protocol: i32) -> Ref<Tuple> {
    let mut data = this.data;
    if protocol > 3 && this.fold() != 0 {
        data[0] |= 0x80;
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
fn reduce_ex(this: &Time, protocol: i32) -> Ref<Tuple> {
    state(this, protocol)
}

/// __reduce__() -> (cls, state)
#[method(name = "__reduce__")]
fn reduce(this: &Time) -> Ref<Tuple> {
    state(this, 2)
}

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Time>(), b.downcast::<Time>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    let plain = || Ok(from_bool(op.test(x.data.cmp(&y.data))));
    let same = match (x.tz(), y.tz()) {
        (None, None) => true,
        (Some(s), Some(t)) => s.is(t),
        _ => false,
    };
    if same {
        return plain();
    }
    match (x.utcoffset()?, y.utcoffset()?) {
        (None, None) => plain(),
        (Some(p), Some(q)) if p.us() == q.us() => plain(),
        (Some(p), Some(q)) => {
            let since = |t: &Time, off: i128| {
                let t = t.parts();
                i128::from(t.second_of_day()) * 1_000_000 + i128::from(t.us) - off
            };
            Ok(from_bool(op.test(since(x, p.us()).cmp(&since(y, q.us())))))
        }
        _ if op == CompareOp::Eq => Ok(from_bool(false)),
        _ if op == CompareOp::Ne => Ok(from_bool(true)),
        _ => bail!(TypeError, "can't compare offset-naive and offset-aware times"),
    }
}

fn hash_of(t: &Time) -> PyResult<isize> {
    // Times in a fold hash like the others.
    let offset = if t.fold() != 0 && t.tz().is_some() {
        let first = Time::new_in(&TIME_TYPE, &t.parts(), t.tz(), 0)?;
        first.cast::<Time>().utcoffset()?
    } else {
        t.utcoffset()?
    };
    match offset {
        None => Ok(Bytes::new(&t.data).bytes_hash()),
        Some(off) => {
            let p = t.parts();
            let us = i128::from(p.second_of_day()) * 1_000_000 + i128::from(p.us);
            Delta::new(us - off.us())?.hash()
        }
    }
}

extern "C" fn hash(o: &Object) -> isize {
    let t: &Time = o.cast();
    if t.hash.get() == -1 {
        match hash_of(t) {
            Ok(h) => t.hash.set(h),
            Err(_) => return -1,
        }
    }
    t.hash.get()
}

fn get_hour(t: &Time) -> i32 {
    t.parts().hour
}
fn get_minute(t: &Time) -> i32 {
    t.parts().minute
}
fn get_second(t: &Time) -> i32 {
    t.parts().second
}
fn get_microsecond(t: &Time) -> i32 {
    t.parts().us
}
fn get_tzinfo(t: &Time) -> Option<Obj> {
    t.tzinfo.get_owned()
}
fn get_fold(t: &Time) -> u8 {
    t.fold()
}

/// `time`.
pub static TIME_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.time",
    basicsize: size_of::<Time>(),
    flags: flags::BASETYPE,
    doc: Some(
        c"time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\nAll arguments are optional. tzinfo may be None, or an\ninstance of a tzinfo subclass. The remaining arguments may be ints.",
    ),
    dealloc: Some(dealloc_of::<Time>),
    repr: Some(repr),
    str: Some(str),
    hash: Some(hash),
    richcompare: Some(richcompare),
    methods: methods![
        isoformat,
        strftime,
        strptime,
        format_,
        utcoffset,
        tzname,
        dst,
        replace,
        replace_,
        fromisoformat,
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
