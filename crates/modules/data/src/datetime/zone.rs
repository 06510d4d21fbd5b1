//! `tzinfo` and `timezone`, and asking a `tzinfo` for what it knows.

use super::delta::Delta;
use super::moment::DateTime;
use crate::signature;
use crate::support::{bind, tuple_of};
use std::ffi::c_int;
use std::fmt::Write;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::types::bool_::from_bool;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, intern, layout, method, methods,
};

/// The abstract base class (`PyDateTime_TZInfo`).
#[repr(C)]
pub struct TzInfo {
    ob_base: Object,
}
layout!(TzInfo, TZINFO_TYPE);

extern "C" fn tzinfo_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, TzInfo { ob_base: Object::placeholder() }).map(Ref::into_obj)
}

fn must_implement<T>(name: &str) -> PyResult<T> {
    bail!(NotImplementedError, "a tzinfo subclass must implement {name}()")
}

/// datetime -> string name of time zone.
#[method(signature = "(object, /)")]
fn tzname(_this: &TzInfo, _object: &Object) -> PyResult {
    must_implement("tzname")
}

/// datetime -> timedelta showing offset from UTC, negative values indicating West of UTC
#[method(signature = "(object, /)")]
fn utcoffset(_this: &TzInfo, _object: &Object) -> PyResult {
    must_implement("utcoffset")
}

/// datetime -> DST offset as timedelta positive east of UTC.
#[method(signature = "(object, /)")]
fn dst(_this: &TzInfo, _object: &Object) -> PyResult {
    must_implement("dst")
}

/// The argument of a `fromutc`.
fn own_datetime<'a>(this: &Object, o: &'a Object) -> PyResult<&'a DateTime> {
    let Some(dt) = o.downcast::<DateTime>() else { bail!(TypeError, "fromutc: argument must be a datetime") };
    if !dt.tz().is_some_and(|tz| tz.is(this)) {
        bail!(ValueError, "fromutc: dt.tzinfo is not self");
    }
    Ok(dt)
}

/// datetime in UTC -> datetime in local time.
#[method(signature = "(object, /)")]
fn fromutc(this: &TzInfo, object: &Object) -> PyResult {
    let dt = own_datetime(this, object)?;
    let Some(off) = dt.utcoffset()? else { bail!(ValueError, "fromutc: non-None utcoffset() result required") };
    let Some(d) = dt.dst()? else { bail!(ValueError, "fromutc: non-None dst() result required") };
    let shifted = dt.plus(off.us() - d.us())?;
    let Some(shifted) = shifted.downcast::<DateTime>() else { return Ok(shifted) };
    let Some(d) = shifted.dst()? else {
        bail!(ValueError, "fromutc: tz.dst() gave inconsistent results; cannot convert");
    };
    if d.us() == 0 { Ok(shifted.to_obj()) } else { shifted.plus(d.us()) }
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn tzinfo_reduce(this: &TzInfo) -> PyResult<Ref<Tuple>> {
    let args = match this.get_attr_opt(intern!("__getinitargs__"))? {
        Some(f) => f.call_noargs()?,
        None => Tuple::empty().into_obj(),
    };
    let state = this.call_method(intern!("__getstate__"), &[])?;
    Ok(tuple_of([this.ty().to_obj(), args, state]))
}

/// `tzinfo`.
pub static TZINFO_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.tzinfo",
    basicsize: size_of::<TzInfo>(),
    flags: flags::BASETYPE,
    doc: Some(c"Abstract base class for time zone info objects."),
    dealloc: Some(dealloc_of::<TzInfo>),
    methods: methods![tzname, utcoffset, dst, fromutc, tzinfo_reduce],
    new: Some(tzinfo_new),
    ..TypeDef::EMPTY
});

const DAY: i128 = 86_400_000_000;

#[cold]
fn bad_offset<T>(o: &Object) -> PyResult<T> {
    bail!(
        ValueError,
        "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
        o.repr()?.to_utf8_lossy()
    )
}

/// What `utcoffset` or `dst` of a `tzinfo` answers.
pub fn ask(tz: Option<&Object>, name: &'static Object, arg: &Object) -> PyResult<Option<Ref<Delta>>> {
    let Some(tz) = tz else { return Ok(None) };
    if let Some(zone) = tz.downcast_exact::<TimeZone>() {
        // The two methods of our own class.
        return Ok(if name.is(intern!("utcoffset")) { Some(zone.offset()) } else { None });
    }
    let answer = tz.call_method(name, &[arg])?;
    if answer.is_none() {
        return Ok(None);
    }
    let shown = || name.downcast::<Str>().map_or_else(String::new, |s| s.to_utf8_lossy().into_owned());
    match answer.downcast_into::<Delta>() {
        Ok(d) if d.us().abs() < DAY => Ok(Some(d)),
        Ok(d) => bad_offset(&d),
        Err(o) => {
            bail!(TypeError, "tzinfo.{}() must return None or timedelta, not '{}'", shown(), o.ty().name_str())
        }
    }
}

/// What `tzname` of a `tzinfo` answers: a string or `None`.
pub fn ask_name(tz: Option<&Object>, arg: &Object) -> PyResult {
    let Some(tz) = tz else { return Ok(none().to_obj()) };
    let answer = tz.call_method(intern!("tzname"), &[arg])?;
    if !answer.is_none() && answer.downcast::<Str>().is_none() {
        bail!(TypeError, "tzinfo.tzname() must return None or a string, not '{}'", answer.ty().name_str());
    }
    Ok(answer)
}

/// An argument that must be a `tzinfo` or `None`.
pub fn check(o: Option<&Object>) -> PyResult<Option<&Object>> {
    match o {
        Some(o) if o.is_none() => Ok(None),
        Some(o) if o.downcast::<TzInfo>().is_none() => {
            bail!(TypeError, "tzinfo argument must be None or of a tzinfo subclass, not type '{}'", o.ty().name_str())
        }
        other => Ok(other),
    }
}

/// A fixed offset (`PyDateTime_TimeZone`).
#[repr(C)]
pub struct TimeZone {
    ob_base: Object,
    offset: ObjCell,
    name: ObjCell,
}

const _: () = assert!(size_of::<TimeZone>() == 32);
layout!(TimeZone, TIMEZONE_TYPE);

impl TimeZone {
    /// A new one, `utc` itself for no offset and no name.
    pub fn create(offset: &Delta, name: Option<&Object>) -> PyResult {
        if name.is_none() && offset.us() == 0 {
            return utc();
        }
        if offset.us().abs() >= DAY {
            return bad_offset(offset);
        }
        Ok(TimeZone::make(offset.to_obj(), name.map(Object::to_obj)))
    }

    fn make(offset: Obj, name: Option<Obj>) -> Obj {
        new_object(TimeZone {
            ob_base: Object::placeholder(),
            offset: ObjCell::new(offset),
            name: ObjCell::from_opt(name),
        })
        .into_obj()
    }

    fn offset(&self) -> Ref<Delta> {
        match self.offset.get() {
            Some(o) => Ref::from_borrowed(o.cast::<Delta>()),
            None => unreachable!("a timezone always has its offset"),
        }
    }

    fn name(&self) -> PyResult {
        if let Some(n) = self.name.get_owned() {
            return Ok(n);
        }
        let us = self.offset().us();
        if us == 0 {
            return Ok(text("UTC"));
        }
        let mut s = "UTC".to_owned();
        write_offset(&mut s, us, ":");
        Ok(text(&s))
    }
}

/// `+HH:MM[:SS[.ffffff]]`.
pub fn write_offset(s: &mut String, us: i128, sep: &str) {
    let sign = if us < 0 { '-' } else { '+' };
    let us = us.unsigned_abs() as u64;
    let seconds = us / 1_000_000;
    let _ = write!(s, "{sign}{:02}{sep}{:02}", seconds / 3600, seconds / 60 % 60);
    if !us.is_multiple_of(60_000_000) {
        let _ = write!(s, "{sep}{:02}", seconds % 60);
        if !us.is_multiple_of(1_000_000) {
            let _ = write!(s, ".{:06}", us % 1_000_000);
        }
    }
}

/// `timezone.utc`.
pub fn utc() -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get("_datetime.utc") {
        return Ok(o.clone());
    }
    let zone = TimeZone::make(Delta::new(0)?.into_obj(), None);
    state.borrow_mut().insert("_datetime.utc", zone.clone());
    Ok(zone)
}

extern "C" fn timezone_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("timezone", posonly 0, positional 2, ["offset" true, "name" false]);
    bind::<2, _>(sig, args, kwargs, |[offset, name]| {
        let offset = taipan_object::args::receiver(offset);
        let Some(d) = offset.downcast::<Delta>() else {
            let got = if offset.is_none() { "None" } else { offset.ty().name_str() };
            bail!(TypeError, "timezone() argument 1 must be datetime.timedelta, not {got}");
        };
        if let Some(n) = name
            && n.downcast::<Str>().is_none()
        {
            let got = if n.is_none() { "None" } else { n.ty().name_str() };
            bail!(TypeError, "timezone() argument 2 must be str, not {got}");
        }
        TimeZone::create(d, name)
    })
}

fn check_argument(o: &Object, func: &str) -> PyResult<()> {
    if o.is_none() || o.downcast::<DateTime>().is_some() {
        return Ok(());
    }
    bail!(TypeError, "{func}(dt) argument must be a datetime instance or None, not {}", o.ty().name_str())
}

/// If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'.
#[method(name = "tzname", signature = "(object, /)")]
fn timezone_tzname(this: &TimeZone, object: &Object) -> PyResult {
    check_argument(object, "tzname")?;
    this.name()
}

/// Return fixed offset.
#[method(name = "utcoffset", signature = "(object, /)")]
fn timezone_utcoffset(this: &TimeZone, object: &Object) -> PyResult {
    check_argument(object, "utcoffset")?;
    Ok(this.offset().into_obj())
}

/// Return None.
#[method(name = "dst", signature = "(object, /)")]
fn timezone_dst(_this: &TimeZone, object: &Object) -> PyResult<()> {
    check_argument(object, "dst")
}

/// datetime in UTC -> datetime in local time.
#[method(name = "fromutc", signature = "(object, /)")]
fn timezone_fromutc(this: &TimeZone, object: &Object) -> PyResult {
    own_datetime(this, object)?.plus(this.offset().us())
}

/// pickle support
#[method(name = "__getinitargs__")]
fn timezone_getinitargs(this: &TimeZone) -> Ref<Tuple> {
    match this.name.get_owned() {
        Some(n) => tuple_of([this.offset().into_obj(), n]),
        None => tuple_of([this.offset().into_obj()]),
    }
}

extern "C" fn timezone_repr(o: &Object) -> PyResult {
    let this: &TimeZone = o.cast();
    if utc()?.is(o) {
        return Ok(text("datetime.timezone.utc"));
    }
    let offset = this.offset().repr()?;
    let name = o.ty().name_str();
    let shown = match this.name.get_owned() {
        None => format!("{name}({})", offset.to_utf8_lossy()),
        Some(n) => {
            let mut b = taipan_object::types::str::StrBuilder::new();
            b.push_str(&format!("{name}({}, ", offset.to_utf8_lossy()));
            b.push_pystr(&*n.repr()?);
            b.push_str(")");
            return Ok(b.finish().into_obj());
        }
    };
    Ok(text(&shown))
}

extern "C" fn timezone_str(o: &Object) -> PyResult {
    o.cast::<TimeZone>().name()
}

extern "C" fn timezone_hash(o: &Object) -> isize {
    o.cast::<TimeZone>().offset().hash().unwrap_or(-1)
}

extern "C" fn timezone_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<TimeZone>(), b.downcast::<TimeZone>()) else {
        return Ok(not_implemented());
    };
    match op {
        CompareOp::Eq | CompareOp::Ne => Ok(from_bool((x.offset().us() == y.offset().us()) == (op == CompareOp::Eq))),
        _ => Ok(not_implemented()),
    }
}

/// `timezone`.
pub static TIMEZONE_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.timezone",
    basicsize: size_of::<TimeZone>(),
    base: Some(&TZINFO_TYPE),
    doc: Some(c"Fixed offset from UTC implementation of tzinfo."),
    dealloc: Some(dealloc_of::<TimeZone>),
    repr: Some(timezone_repr),
    str: Some(timezone_str),
    hash: Some(timezone_hash),
    richcompare: Some(timezone_richcompare),
    methods: methods![timezone_tzname, timezone_utcoffset, timezone_dst, timezone_fromutc, timezone_getinitargs],
    new: Some(timezone_new),
    ..TypeDef::EMPTY
});

/// The class attributes that are instances.
pub fn add_constants() -> PyResult<()> {
    let limit = DAY - 60_000_000;
    for (name, zone) in [
        ("utc", utc()?),
        ("min", TimeZone::make(Delta::new(-limit)?.into_obj(), None)),
        ("max", TimeZone::make(Delta::new(limit)?.into_obj(), None)),
    ] {
        super::set_constant(&TIMEZONE_TYPE, name, &zone)?;
    }
    Ok(())
}
