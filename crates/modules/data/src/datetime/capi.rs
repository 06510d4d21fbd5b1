//! `datetime.datetime_CAPI`: types and constructors for extension modules (`PyDateTime_CAPI`).

use super::calendar::Parts;
use super::date::{DATE_TYPE, Date};
use super::delta::{DELTA_TYPE, Delta};
use super::moment::{DATETIME_TYPE, DateTime};
use super::time::{TIME_TYPE, Time};
use super::zone::{TZINFO_TYPE, TimeZone, check, utc};
use std::ffi::c_int;
use taipan_object::types::capsule;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, bail};

#[repr(C)]
struct Table {
    date: &'static Type,
    datetime: &'static Type,
    time: &'static Type,
    delta: &'static Type,
    tzinfo: &'static Type,
    utc: Obj,
    date_from_date: extern "C" fn(c_int, c_int, c_int, &Type) -> PyResult,
    datetime_from_fields: extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int, &Object, &Type) -> PyResult,
    time_from_time: extern "C" fn(c_int, c_int, c_int, c_int, &Object, &Type) -> PyResult,
    delta_from_delta: extern "C" fn(c_int, c_int, c_int, c_int, &Type) -> PyResult,
    timezone_from_timezone: extern "C" fn(&Object, Option<&Object>) -> PyResult,
    datetime_from_timestamp: extern "C" fn(&Object, &Object, Option<&Object>) -> PyResult,
    date_from_timestamp: extern "C" fn(&Object, &Object) -> PyResult,
    datetime_with_fold:
        extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int, &Object, c_int, &Type) -> PyResult,
    time_with_fold: extern "C" fn(c_int, c_int, c_int, c_int, &Object, c_int, &Type) -> PyResult,
}

extern "C" fn new_date(y: c_int, m: c_int, d: c_int, cls: &Type) -> PyResult {
    Date::create(cls, y, m, d)
}

#[allow(clippy::too_many_arguments)]
extern "C" fn new_datetime(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    tz: &Object,
    cls: &Type,
) -> PyResult {
    new_datetime_fold(year, month, day, hour, minute, second, us, tz, 0, cls)
}

#[allow(clippy::too_many_arguments)]
extern "C" fn new_datetime_fold(
    year: c_int,
    month: c_int,
    day: c_int,
    hour: c_int,
    minute: c_int,
    second: c_int,
    us: c_int,
    tz: &Object,
    fold: c_int,
    cls: &Type,
) -> PyResult {
    DateTime::create(cls, &Parts { year, month, day, hour, minute, second, us }, check(Some(tz))?, fold)
}

extern "C" fn new_time(h: c_int, m: c_int, s: c_int, us: c_int, tz: &Object, cls: &Type) -> PyResult {
    new_time_fold(h, m, s, us, tz, 0, cls)
}

extern "C" fn new_time_fold(h: c_int, m: c_int, s: c_int, us: c_int, tz: &Object, fold: c_int, cls: &Type) -> PyResult {
    Time::create(cls, &Parts::time(h, m, s, us), check(Some(tz))?, fold)
}

extern "C" fn new_delta(days: c_int, seconds: c_int, us: c_int, _normalize: c_int, cls: &Type) -> PyResult {
    let total = (i128::from(days) * 86_400 + i128::from(seconds)) * 1_000_000 + i128::from(us);
    Delta::new_in(cls, total).map(Ref::into_obj)
}

extern "C" fn new_timezone(offset: &Object, name: Option<&Object>) -> PyResult {
    match offset.downcast::<Delta>() {
        Some(d) => TimeZone::create(d, name),
        None => bail!(TypeError, "a timedelta is required, not {}", offset.ty().name_str()),
    }
}

extern "C" fn from_timestamp(cls: &Object, args: &Object, _kwargs: Option<&Object>) -> PyResult {
    let (Some(cls), Some(args)) = (cls.downcast::<Type>(), args.downcast::<Tuple>()) else {
        bail!(TypeError, "a class and a tuple are required");
    };
    match args.items() {
        [t] => super::moment::from_timestamp(cls, t, None),
        [t, tz] => super::moment::from_timestamp(cls, t, Some(tz)),
        _ => bail!(TypeError, "fromtimestamp() takes 1 or 2 arguments ({} given)", args.len()),
    }
}

extern "C" fn date_from_timestamp(cls: &Object, args: &Object) -> PyResult {
    let (Some(cls), Some(args)) = (cls.downcast::<Type>(), args.downcast::<Tuple>()) else {
        bail!(TypeError, "a class and a tuple are required");
    };
    match args.items() {
        [t] => super::date::from_timestamp(cls, t),
        _ => bail!(TypeError, "fromtimestamp() takes exactly 1 argument ({} given)", args.len()),
    }
}

/// The capsule. The table in it lives as long as the process.
pub fn table() -> PyResult {
    let table: &'static mut Table = Box::leak(Box::new(Table {
        date: &DATE_TYPE,
        datetime: &DATETIME_TYPE,
        time: &TIME_TYPE,
        delta: &DELTA_TYPE,
        tzinfo: &TZINFO_TYPE,
        utc: utc()?,
        date_from_date: new_date,
        datetime_from_fields: new_datetime,
        time_from_time: new_time,
        delta_from_delta: new_delta,
        timezone_from_timezone: new_timezone,
        datetime_from_timestamp: from_timestamp,
        date_from_timestamp,
        datetime_with_fold: new_datetime_fold,
        time_with_fold: new_time_fold,
    }));
    // SAFETY: the name and the table are never freed.
    unsafe { capsule::new((&raw mut *table).cast(), c"datetime.datetime_CAPI".as_ptr(), None) }.map(Ref::into_obj)
}
