//! `date`, and what `isocalendar` answers.

use super::calendar::{self, IsoError, MAX_ORDINAL, Parts};
use super::delta::Delta;
use super::moment::{DATETIME_TYPE, DateTime};
use super::{clock, format, parse};
use crate::signature;
use crate::support::{bind, tuple_of};
use std::cell::Cell;
use std::ffi::c_int;
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{ArgContext, FromArg, Given, receiver};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::{NumberMethods, Slot};
use taipan_object::types::bool_::from_bool;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::{
    Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, getset, getsets, intern, layout, method, methods,
};

/// A date (`PyDateTime_Date`).
#[repr(C)]
pub struct Date {
    pub ob_base: Object,
    pub hash: Cell<isize>,
    pub hastzinfo: u8,
    /// Year (two bytes, high first), month, day: a datetime has more after them.
    pub data: [u8; 4],
}

const _: () = assert!(size_of::<Date>() == 32 && offset_of!(Date, data) == 25);
layout!(Date, DATE_TYPE);

/// A C `int` argument of a native constructor.
pub fn int_argument(o: &Object) -> PyResult<i32> {
    c_int::from_arg(o, &ArgContext { func: "", position: 0, name: "" })
}

/// The same with a default.
pub fn int_or(o: Option<&Object>, default: i32) -> PyResult<i32> {
    o.map_or(Ok(default), int_argument)
}

/// The single argument of a class method that parses it as C does.
pub fn str_argument<'a>(func: &str, position: usize, o: &'a Object) -> PyResult<&'a Str> {
    match o.downcast::<Str>() {
        Some(s) => Ok(s),
        None => {
            let got = if o.is_none() { "None" } else { o.ty().name_str() };
            bail!(TypeError, "{func}() argument {position} must be str, not {got}")
        }
    }
}

impl Date {
    pub fn year(&self) -> i32 {
        i32::from(self.data[0]) << 8 | i32::from(self.data[1])
    }
    pub fn month(&self) -> i32 {
        i32::from(self.data[2])
    }
    pub fn day(&self) -> i32 {
        i32::from(self.data[3])
    }
    pub fn parts(&self) -> Parts {
        Parts::day(self.year(), self.month(), self.day())
    }

    fn alloc(cls: &Type, data: [u8; 4]) -> PyResult {
        let body = Date { ob_base: Object::placeholder(), hash: Cell::new(-1), hastzinfo: 0, data };
        new_instance(cls, body).map(Ref::into_obj)
    }

    /// A new date, directly in memory of `cls`.
    pub fn create(cls: &Type, y: i32, m: i32, d: i32) -> PyResult {
        calendar::check_date(y, m, d)?;
        Date::alloc(cls, [(y >> 8) as u8, y as u8, m as u8, d as u8])
    }

    /// A new date as `cls` makes it.
    pub fn new_in(cls: &Type, (y, m, d): (i32, i32, i32)) -> PyResult {
        if std::ptr::eq(cls, &DATE_TYPE) {
            return Date::create(cls, y, m, d);
        }
        if std::ptr::eq(cls, &DATETIME_TYPE) {
            return DateTime::create(cls, &Parts::day(y, m, d), None, 0);
        }
        let args = [y, m, d].map(|n| Int::from_i64(i64::from(n)));
        cls.as_object().call(&[&args[0], &args[1], &args[2]])
    }
}

/// The bytes of a pickled state: bytes, or the text that Python 2's pickles come as.
pub fn pickled_state(
    o: &Object,
    len: usize,
    what: &str,
    sane: impl Fn(u32) -> bool,
    at: usize,
) -> PyResult<Option<Vec<u8>>> {
    if let Some(b) = o.downcast::<Bytes>() {
        let b = b.as_slice();
        return Ok(if b.len() == len && sane(u32::from(b[at])) { Some(b.to_vec()) } else { None });
    }
    if let Some(s) = o.downcast::<Str>()
        && s.len() == len
        && sane(s.char_at(at))
    {
        let bytes: Option<Vec<u8>> = (0..len).map(|i| u8::try_from(s.char_at(i)).ok()).collect();
        return match bytes {
            Some(b) => Ok(Some(b)),
            None => bail!(
                ValueError,
                "Failed to encode latin1 string when unpickling a {what} object. \
                 pickle.load(data, encoding='latin1') is assumed."
            ),
        };
    }
    Ok(None)
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if let [one] = args.cast::<Tuple>().items()
        && let Some(b) = pickled_state(one, 4, "date", |m| (1..=12).contains(&m), 2)?
    {
        return Date::alloc(cls, [b[0], b[1], b[2], b[3]]);
    }
    let sig = signature!("", posonly 0, positional 3, ["year" true, "month" true, "day" true]);
    bind::<3, _>(sig, args, kwargs, |[y, m, d]| {
        Date::create(cls, int_argument(receiver(y))?, int_argument(receiver(m))?, int_argument(receiver(d))?)
    })
}

/// Create a date from a POSIX timestamp.
///
/// The timestamp is a number, e.g. created via time.time(), that is interpreted as local time.
#[classmethod(signature = "(timestamp, /)")]
fn fromtimestamp(cls: &Type, timestamp: &Object) -> PyResult {
    from_timestamp(cls, timestamp)
}

/// `date.fromtimestamp`.
pub fn from_timestamp(cls: &Type, timestamp: &Object) -> PyResult {
    let p = clock::local(clock::timestamp_floor(timestamp)?)?.parts;
    Date::new_in(cls, (p.year, p.month, p.day))
}

/// Current date or datetime:  same as self.__class__.fromtimestamp(time.time()).
#[classmethod]
fn today(cls: &Type) -> PyResult {
    if std::ptr::eq(cls, &DATE_TYPE) {
        let p = clock::local(clock::now().0)?.parts;
        return Date::new_in(cls, (p.year, p.month, p.day));
    }
    let now = (taipan_object::hooks::get().import)("time")?.call_method(intern!("time"), &[])?;
    cls.as_object().call_method(intern!("fromtimestamp"), &[&now])
}

/// int -> date corresponding to a proleptic Gregorian ordinal.
#[classmethod(signature = "(ordinal, /)", text = false)]
fn fromordinal(cls: &Type, ordinal: &Object) -> PyResult {
    let n = int_argument(ordinal)?;
    if n < 1 {
        bail!(ValueError, "ordinal must be >= 1");
    }
    Date::new_in(cls, calendar::from_ordinal(i64::from(n)))
}

fn invalid<T>(s: &Str) -> PyResult<T> {
    bail!(ValueError, "Invalid isoformat string: {}", s.repr()?.to_utf8_lossy())
}

/// Construct a date from a string in ISO 8601 format.
#[classmethod(signature = "(object, /)")]
fn fromisoformat(cls: &Type, object: &Object) -> PyResult {
    let Some(s) = object.downcast::<Str>() else { bail!(TypeError, "fromisoformat: argument must be str") };
    if !s.is_ascii() || !matches!(s.len(), 7 | 8 | 10) {
        return invalid(s);
    }
    match parse::date(s.data_bytes()) {
        Ok((y, m, d)) => Date::new_in(cls, (y, m, d)),
        Err(_) => invalid(s),
    }
}

/// Construct a date from the ISO year, week number and weekday.
///
/// This is the inverse of the date.isocalendar() function
#[classmethod(signature = "(year, week, day)", text = false)]
fn fromisocalendar(cls: &Type, year: &Object, week: &Object, day: &Object) -> PyResult {
    let field = |o: &Object| match int_argument(o) {
        Err(e) if e.matches(taipan_object::types::exceptions::OverflowError) => {
            e.clear();
            bail!(ValueError, "ISO calendar component out of range")
        }
        r => r,
    };
    let (y, w, d) = (field(year)?, field(week)?, field(day)?);
    match calendar::from_iso(y, w, d) {
        Ok(ymd) => Date::new_in(cls, ymd),
        Err(IsoError::Year) => bail!(ValueError, "year must be in 1..9999, not {y}"),
        Err(IsoError::Week) => bail!(ValueError, "Invalid week: {w}"),
        Err(IsoError::Day) => bail!(ValueError, "Invalid weekday: {d} (range is [1, 7])"),
    }
}

/// `_strptime`'s function of that name.
pub fn call_strptime(cls: &Type, func: &str, string: &Object, format: &Object) -> PyResult {
    str_argument("strptime", 1, string)?;
    str_argument("strptime", 2, format)?;
    let f = (taipan_object::hooks::get().import)("_strptime")?.get_attr_str(func)?;
    f.call(&[cls.as_object(), string, format])
}

/// string, format -> new date parsed from a string (like time.strptime()).
#[classmethod(signature = "(string, format, /)", text = false)]
fn strptime(cls: &Type, string: &Object, format: &Object) -> PyResult {
    call_strptime(cls, "_strptime_datetime_date", string, format)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let d: &Date = o.cast();
    Ok(text(&format!("{}({}, {}, {})", format::class_name(o), d.year(), d.month(), d.day())))
}

extern "C" fn str(o: &Object) -> PyResult {
    o.call_method(intern!("isoformat"), &[])
}

/// Return ctime() style string.
#[method]
fn ctime(this: &Date) -> String {
    format::ctime(&this.parts())
}

/// Return string in ISO 8601 format, YYYY-MM-DD.
#[method]
fn isoformat(this: &Date) -> String {
    format::iso_date(&this.parts())
}

/// format -> strftime() style string.
#[method(signature = "(format)", text = false)]
fn strftime(this: &Date, format: &Object) -> PyResult {
    let f = str_argument("strftime", 1, format)?;
    let tuple = this.call_method(intern!("timetuple"), &[])?;
    let (p, us) = match this.downcast::<DateTime>() {
        Some(dt) => (dt.parts(), dt.parts().us),
        None => (this.parts(), 0),
    };
    format::strftime(this, &p, us, f, &tuple)
}

/// `__format__`: `strftime`, or `str` without a format.
pub fn format_object(o: &Object, spec: &Object) -> PyResult {
    if str_argument("__format__", 1, spec)?.is_empty() {
        return o.str().map(Ref::into_obj);
    }
    o.call_method(intern!("strftime"), &[spec])
}

/// Formats self with strftime.
#[method(name = "__format__", signature = "(format_spec, /)", text = false)]
fn format_(this: &Date, format_spec: &Object) -> PyResult {
    format_object(this, format_spec)
}

/// Return time tuple, compatible with time.localtime().
#[method]
fn timetuple(this: &Date) -> PyResult {
    format::struct_time(&this.parts(), -1)
}

/// Return a named tuple containing ISO year, week number, and weekday.
#[method]
fn isocalendar(this: &Date) -> PyResult {
    let (y, w, d) = calendar::iso_calendar(this.year(), this.month(), this.day());
    let values = tuple_of([y, w, d].map(|n| Int::from_i64(i64::from(n)).into_obj()));
    iso_date_of(&values)
}

/// Return the day of the week represented by the date.
///
/// Monday == 1 ... Sunday == 7
#[method]
fn isoweekday(this: &Date) -> i32 {
    calendar::weekday(this.year(), this.month(), this.day()) + 1
}

/// Return the day of the week represented by the date.
///
/// Monday == 0 ... Sunday == 6
#[method(name = "weekday")]
fn weekday_(this: &Date) -> i32 {
    calendar::weekday(this.year(), this.month(), this.day())
}

/// Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1.
#[method]
fn toordinal(this: &Date) -> i64 {
    this.parts().ordinal()
}

fn replaced(this: &Date, y: Option<&Object>, m: Option<&Object>, d: Option<&Object>) -> PyResult {
    let ymd = (int_or(y, this.year())?, int_or(m, this.month())?, int_or(d, this.day())?);
    Date::new_in(this.ty(), ymd)
}

/// Return date with new specified fields.
#[method(
    signature = "(year=unchanged, month=unchanged, day=unchanged)",
    shown = "(year=unchanged, month=unchanged, day=unchanged)"
)]
fn replace(this: &Date, year: Given<&Object>, month: Given<&Object>, day: Given<&Object>) -> PyResult {
    replaced(this, year.0, month.0, day.0)
}

/// The same as replace().
#[method(name = "__replace__", signature = "(year=unchanged, month=unchanged, day=unchanged)", shown = "(**changes)")]
fn replace_(this: &Date, year: Given<&Object>, month: Given<&Object>, day: Given<&Object>) -> PyResult {
    replaced(this, year.0, month.0, day.0)
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn reduce(this: &Date) -> Ref<Tuple> {
    let state = tuple_of([Bytes::new(&this.data).into_obj()]);
    tuple_of([this.ty().to_obj(), state.into_obj()])
}

fn is_plain(o: &Object) -> Option<&Date> {
    o.downcast::<Date>().filter(|_| o.downcast::<DateTime>().is_none())
}

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Date>(), is_plain(b)) else { return Ok(not_implemented()) };
    Ok(from_bool(CompareOp::from_c(op).test(x.data.cmp(&y.data))))
}

extern "C" fn hash(o: &Object) -> isize {
    let d: &Date = o.cast();
    if d.hash.get() == -1 {
        d.hash.set(Bytes::new(&d.data).bytes_hash());
    }
    d.hash.get()
}

fn shifted(d: &Date, days: i64) -> PyResult {
    let n = d.parts().ordinal() + days;
    if !(1..=MAX_ORDINAL).contains(&n) {
        bail!(OverflowError, "date value out of range");
    }
    Date::new_in(d.ty(), calendar::from_ordinal(n))
}

extern "C" fn add(a: &Object, b: &Object) -> PyResult {
    if let (Some(d), Some(t)) = (is_plain(a), b.downcast::<Delta>()) {
        return shifted(d, i64::from(t.days));
    }
    if let (Some(t), Some(d)) = (a.downcast::<Delta>(), is_plain(b)) {
        return shifted(d, i64::from(t.days));
    }
    Ok(not_implemented())
}

extern "C" fn subtract(a: &Object, b: &Object) -> PyResult {
    if a.downcast::<DateTime>().is_some() || b.downcast::<DateTime>().is_some() {
        return Ok(not_implemented());
    }
    let Some(d) = a.downcast::<Date>() else { return Ok(not_implemented()) };
    if let Some(e) = b.downcast::<Date>() {
        let days = d.parts().ordinal() - e.parts().ordinal();
        return Delta::new(i128::from(days) * 86_400_000_000).map(Ref::into_obj);
    }
    match b.downcast::<Delta>() {
        Some(t) => shifted(d, -i64::from(t.days)),
        None => Ok(not_implemented()),
    }
}

static AS_NUMBER: NumberMethods =
    NumberMethods { add: Slot::new(add), subtract: Slot::new(subtract), ..NumberMethods::EMPTY };

/// `date`.
pub static DATE_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.date",
    basicsize: size_of::<Date>(),
    flags: flags::BASETYPE,
    doc: Some(c"date(year, month, day) --> date object"),
    dealloc: Some(dealloc_of::<Date>),
    repr: Some(repr),
    str: Some(str),
    hash: Some(hash),
    as_number: Some(&AS_NUMBER),
    richcompare: Some(richcompare),
    methods: methods![
        fromtimestamp,
        fromordinal,
        fromisoformat,
        fromisocalendar,
        strptime,
        today,
        ctime,
        strftime,
        format_,
        timetuple,
        isocalendar,
        isoformat,
        isoweekday,
        toordinal,
        weekday_,
        replace,
        replace_,
        reduce
    ],
    getset: getsets![getset!(c"year", Date::year), getset!(c"month", Date::month), getset!(c"day", Date::day)],
    new: Some(new),
    ..TypeDef::EMPTY
});

// ---- IsoCalendarDate

fn iso_date_of(values: &Tuple) -> PyResult {
    match PyTuple_Type.new.get() {
        Some(new) => new(&ISO_DATE_TYPE, &tuple_of([values.to_obj()]), None),
        None => bail!(SystemError, "tuple has no constructor"),
    }
}

extern "C" fn iso_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("IsoCalendarDate", posonly 0, positional 3, ["year" true, "week" true, "weekday" true]);
    bind::<3, _>(sig, args, kwargs, |all| iso_date_of(&Tuple::new(&all.map(receiver))))
}

extern "C" fn iso_repr(o: &Object) -> PyResult {
    let t: &Tuple = o.cast();
    let mut shown = Vec::new();
    for x in t.items() {
        shown.push(x.str()?.to_utf8_lossy().into_owned());
    }
    let [y, w, d] = shown.as_slice() else { bail!(SystemError, "IsoCalendarDate without its three items") };
    Ok(text(&format!("{}(year={y}, week={w}, weekday={d})", o.ty().name_str())))
}

fn item(t: &Tuple, i: usize) -> PyResult {
    match t.items().get(i) {
        Some(o) => Ok(o.clone()),
        None => bail!(IndexError, "tuple index out of range"),
    }
}

fn iso_year(o: &Object) -> PyResult {
    item(o.cast(), 0)
}
fn iso_week(o: &Object) -> PyResult {
    item(o.cast(), 1)
}
fn iso_weekday(o: &Object) -> PyResult {
    item(o.cast(), 2)
}

/// What pickling makes the object from: a plain tuple.
#[method(name = "__reduce__")]
fn iso_reduce(this: &Tuple) -> Ref<Tuple> {
    let plain = Tuple::from_vec(this.items().to_vec()).into_obj();
    tuple_of([PyTuple_Type.to_obj(), tuple_of([plain]).into_obj()])
}

/// `IsoCalendarDate`.
pub static ISO_DATE_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"datetime.IsoCalendarDate",
        basicsize: 32,
        itemsize: 8,
        flags: flags::HAVE_GC | flags::TUPLE_SUBCLASS,
        base: Some(&PyTuple_Type),
        doc: Some(c"The result of date.isocalendar() or datetime.isocalendar()\n\nA tuple of the year, the week and the weekday, which have names too."),
        repr: Some(iso_repr),
        methods: methods![iso_reduce],
        getset: getsets![getset!(c"year", iso_year), getset!(c"week", iso_week), getset!(c"weekday", iso_weekday)],
        new: Some(iso_new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);
