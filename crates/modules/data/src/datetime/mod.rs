//! `_datetime`: dates, times, durations and time zones.
//!
//! - `calendar.rs`: the Gregorian calendar; `parse.rs`: reading ISO text; both plain data
//! - `clock.rs`: the system's clock and local time; `format.rs`: text
//! - `delta.rs`, `date.rs`, `time.rs`, `moment.rs` (datetime), `zone.rs`: the types; `capi.rs`: for extensions

pub mod calendar;
mod capi;
mod clock;
mod date;
pub mod delta;
mod format;
pub mod moment;
mod parse;
mod time;
pub mod zone;

use calendar::Parts;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::StrBuilder;
use taipan_object::types::str::intern::intern_str;
use taipan_object::{Obj, Object, PyResult, Ref, Type, bail};

/// Puts an attribute into a type that is immutable once it is made.
fn set_constant(ty: &'static Type, name: &str, value: &Object) -> PyResult<()> {
    ready(ty)?;
    match ty.dict.get() {
        Some(d) => d.cast::<Dict>().set_item(&intern_str(name), value),
        None => bail!(SystemError, "type without a dict"),
    }
}

/// The fixed zone with an offset in microseconds.
fn zone_of(offset: Option<i64>) -> PyResult<Option<Obj>> {
    match offset {
        None => Ok(None),
        Some(us) => zone::TimeZone::create(&*delta::Delta::new(i128::from(us))?, None).map(Some),
    }
}

/// The end of the `repr` of a time: zone, fold, parenthesis.
fn repr_tail(head: String, tz: Option<&Object>, fold: u8) -> PyResult {
    let mut b = StrBuilder::new();
    b.push_str(&head);
    if let Some(tz) = tz {
        b.push_str(", tzinfo=");
        b.push_pystr(&*tz.repr()?);
    }
    if fold != 0 {
        b.push_str(", fold=1");
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

fn exec(m: &Module) -> PyResult<()> {
    use date::{DATE_TYPE, Date};
    use delta::{DELTA_TYPE, Delta};
    use moment::{DATETIME_TYPE, DateTime};
    use time::{TIME_TYPE, Time};
    for ty in [&DELTA_TYPE, &zone::TZINFO_TYPE, &zone::TIMEZONE_TYPE, &DATE_TYPE, &TIME_TYPE, &DATETIME_TYPE] {
        m.add_type(ty)?;
    }
    ready(&date::ISO_DATE_TYPE)?;
    let one = Delta::new(1)?.into_obj();
    let day = 86_400_000_000;
    let last = Parts { year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59, us: 999_999 };
    for (ty, name, value) in [
        (&DELTA_TYPE, "resolution", one.clone()),
        (&DELTA_TYPE, "min", Delta::new(-999_999_999 * day).map(Ref::into_obj)?),
        (&DELTA_TYPE, "max", Delta::new(1_000_000_000 * day - 1).map(Ref::into_obj)?),
        (&DATE_TYPE, "min", Date::create(&DATE_TYPE, 1, 1, 1)?),
        (&DATE_TYPE, "max", Date::create(&DATE_TYPE, 9999, 12, 31)?),
        (&DATE_TYPE, "resolution", Delta::new(day)?.into_obj()),
        (&TIME_TYPE, "min", Time::create(&TIME_TYPE, &Parts::time(0, 0, 0, 0), None, 0)?),
        (&TIME_TYPE, "max", Time::create(&TIME_TYPE, &last, None, 0)?),
        (&TIME_TYPE, "resolution", one.clone()),
        (&DATETIME_TYPE, "min", DateTime::create(&DATETIME_TYPE, &Parts::day(1, 1, 1), None, 0)?),
        (&DATETIME_TYPE, "max", DateTime::create(&DATETIME_TYPE, &last, None, 0)?),
        (&DATETIME_TYPE, "resolution", one),
    ] {
        set_constant(ty, name, &value)?;
    }
    zone::add_constants()?;
    m.add_int("MINYEAR", i64::from(calendar::MINYEAR))?;
    m.add_int("MAXYEAR", i64::from(calendar::MAXYEAR))?;
    m.add("UTC", &*zone::utc()?)?;
    m.add("datetime_CAPI", &*capi::table()?)
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_datetime", doc: "Dates, times, durations and time zones.", methods: None, exec };
