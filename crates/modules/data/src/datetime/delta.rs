//! `timedelta`.

use crate::signature;
use crate::support::{bind, tuple_of};
use std::cell::Cell;
use std::ffi::c_int;
use std::fmt::Write;
use std::mem::offset_of;
use taipan_numeric::digits::big::Big;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::{NumberMethods, Slot};
use taipan_object::types::bool_::from_bool;
use taipan_object::types::float::Float;
use taipan_object::types::int::{self, Int};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Ref, Type, TypeDef, bail, flags, intern, layout, members, method, methods};

const MAX_DAYS: i64 = 999_999_999;
const US_PER_SECOND: i128 = 1_000_000;
const US_PER_DAY: i128 = 86_400 * US_PER_SECOND;

/// A duration (`PyDateTime_Delta`); seconds and microseconds are normalised.
#[repr(C)]
pub struct Delta {
    ob_base: Object,
    hash: Cell<isize>,
    pub days: i32,
    pub seconds: i32,
    pub microseconds: i32,
}

const _: () = assert!(size_of::<Delta>() == 40 && offset_of!(Delta, days) == 24);
layout!(Delta, DELTA_TYPE);

#[cold]
fn too_large<T>() -> PyResult<T> {
    bail!(OverflowError, "Python int too large to convert to C int")
}

impl Delta {
    fn body(us: i128) -> PyResult<Delta> {
        let (days, rest) = match i64::try_from(us) {
            // The common case: dividing is fast in 64 bits.
            Ok(us) => (i128::from(us.div_euclid(86_400_000_000)), us.rem_euclid(86_400_000_000)),
            Err(_) => (us.div_euclid(US_PER_DAY), us.rem_euclid(US_PER_DAY) as i64),
        };
        let Ok(days) = i32::try_from(days) else { return too_large() };
        if i64::from(days).abs() > MAX_DAYS {
            bail!(OverflowError, "days={days}; must have magnitude <= {MAX_DAYS}");
        }
        Ok(Delta {
            ob_base: Object::placeholder(),
            hash: Cell::new(-1),
            days,
            seconds: (rest / 1_000_000) as i32,
            microseconds: (rest % 1_000_000) as i32,
        })
    }

    /// A duration of so many microseconds.
    pub fn new(us: i128) -> PyResult<Ref<Delta>> {
        Ok(new_object(Delta::body(us)?))
    }

    /// The same in a subclass.
    pub fn new_in(cls: &Type, us: i128) -> PyResult<Ref<Delta>> {
        new_instance(cls, Delta::body(us)?)
    }

    /// In microseconds.
    pub fn us(&self) -> i128 {
        (i128::from(self.days) * 86_400 + i128::from(self.seconds)) * US_PER_SECOND + i128::from(self.microseconds)
    }

    fn state(&self) -> [i32; 3] {
        [self.days, self.seconds, self.microseconds]
    }

    fn state_tuple(&self) -> Ref<Tuple> {
        tuple_of(self.state().map(|n| Int::from_i64(i64::from(n)).into_obj()))
    }
}

fn delta_of(us: i128) -> PyResult {
    Delta::new(us).map(Ref::into_obj)
}

fn from_big(b: &Big) -> PyResult<i128> {
    match Int::from_big(b).to_i128() {
        Some(n) => Ok(n),
        None => too_large(),
    }
}

/// Adds `value * factor` to the whole microseconds, and what is less than one to `left`.
fn accumulate(sum: &mut i128, left: &mut f64, name: &str, value: Option<&Object>, factor: i64) -> PyResult<()> {
    let Some(value) = value else { return Ok(()) };
    let mut add = |n: &Int, factor: i64| -> PyResult<()> {
        let product = n.to_i128().and_then(|n| n.checked_mul(i128::from(factor)));
        match product.and_then(|p| sum.checked_add(p)) {
            Some(s) => {
                *sum = s;
                Ok(())
            }
            None => too_large(),
        }
    };
    if let Some(i) = value.downcast::<Int>() {
        return add(i, factor);
    }
    let Some(x) = value.downcast::<Float>() else {
        bail!(TypeError, "unsupported type for timedelta {name} component: {}", value.ty().name_str());
    };
    let x = x.value();
    let whole = x.trunc();
    add(&*Int::from_f64(whole)?, factor)?;
    let fraction = x - whole;
    if fraction == 0.0 {
        return Ok(());
    }
    let scaled = factor as f64 * fraction;
    let whole = scaled.trunc();
    *left += scaled - whole;
    add(&*Int::from_f64(whole)?, 1)
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("__new__", posonly 0, positional 7,
        ["days" false, "seconds" false, "microseconds" false, "milliseconds" false, "minutes" false, "hours" false, "weeks" false]);
    bind::<7, _>(sig, args, kwargs, |[d, s, us, ms, m, h, w]| {
        let (mut sum, mut left) = (0i128, 0.0f64);
        for (name, value, factor) in [
            ("microseconds", us, 1),
            ("milliseconds", ms, 1000),
            ("seconds", s, 1_000_000),
            ("minutes", m, 60_000_000),
            ("hours", h, 3_600_000_000),
            ("days", d, 86_400_000_000),
            ("weeks", w, 604_800_000_000),
        ] {
            accumulate(&mut sum, &mut left, name, value, factor)?;
        }
        if left != 0.0 {
            let mut whole = left.round();
            if (whole - left).abs() == 0.5 {
                // Half-way: to the even sum, not the even remainder.
                let odd = (sum & 1) as f64;
                whole = 2.0 * ((left + odd) * 0.5).round() - odd;
            }
            sum += whole as i128;
        }
        Delta::new_in(cls, sum).map(Ref::into_obj)
    })
}

extern "C" fn repr(o: &Object) -> PyResult {
    let d: &Delta = o.cast();
    let mut parts = Vec::new();
    for (name, v) in [("days", d.days), ("seconds", d.seconds), ("microseconds", d.microseconds)] {
        if v != 0 {
            parts.push(format!("{name}={v}"));
        }
    }
    if parts.is_empty() {
        parts.push("0".to_owned());
    }
    Ok(text(&format!("{}({})", o.ty().name_str(), parts.join(", "))))
}

extern "C" fn str(o: &Object) -> PyResult {
    let d: &Delta = o.cast();
    let mut s = String::new();
    if d.days != 0 {
        let _ = write!(s, "{} day{}, ", d.days, if d.days.abs() == 1 { "" } else { "s" });
    }
    let _ = write!(s, "{}:{:02}:{:02}", d.seconds / 3600, d.seconds / 60 % 60, d.seconds % 60);
    if d.microseconds != 0 {
        let _ = write!(s, ".{:06}", d.microseconds);
    }
    Ok(text(&s))
}

extern "C" fn hash(o: &Object) -> isize {
    let d: &Delta = o.cast();
    if d.hash.get() == -1 {
        match d.state_tuple().hash() {
            Ok(h) => d.hash.set(h),
            Err(_) => return -1,
        }
    }
    d.hash.get()
}

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Delta>(), b.downcast::<Delta>()) else { return Ok(not_implemented()) };
    Ok(from_bool(CompareOp::from_c(op).test(x.state().cmp(&y.state()))))
}

fn pair<'a>(a: &'a Object, b: &'a Object) -> Option<(&'a Delta, &'a Delta)> {
    Some((a.downcast::<Delta>()?, b.downcast::<Delta>()?))
}

extern "C" fn add(a: &Object, b: &Object) -> PyResult {
    match pair(a, b) {
        Some((x, y)) => delta_of(x.us() + y.us()),
        None => Ok(not_implemented()),
    }
}

extern "C" fn subtract(a: &Object, b: &Object) -> PyResult {
    match pair(a, b) {
        Some((x, y)) => delta_of(x.us() - y.us()),
        None => Ok(not_implemented()),
    }
}

extern "C" fn negative(o: &Object) -> PyResult {
    delta_of(-o.cast::<Delta>().us())
}

extern "C" fn positive(o: &Object) -> PyResult {
    delta_of(o.cast::<Delta>().us())
}

extern "C" fn absolute(o: &Object) -> PyResult {
    delta_of(o.cast::<Delta>().us().abs())
}

extern "C" fn is_true(o: &Object) -> c_int {
    c_int::from(o.cast::<Delta>().us() != 0)
}

/// `us * (a / b)`, rounded half to even, for a float or its reciprocal.
fn scale(us: i128, x: &Float, divide: bool) -> PyResult {
    let ratio = x.call_method(intern!("as_integer_ratio"), &[])?;
    let Some(ratio) = ratio.downcast::<Tuple>() else {
        bail!(
            TypeError,
            "unexpected return type from as_integer_ratio(): expected tuple, not '{}'",
            ratio.ty().name_str()
        );
    };
    let [a, b] = ratio.items() else {
        bail!(ValueError, "as_integer_ratio() must return a 2-tuple");
    };
    let (Some(a), Some(b)) = (a.downcast::<Int>(), b.downcast::<Int>()) else {
        bail!(TypeError, "unexpected return type from as_integer_ratio(): expected integers");
    };
    let (mut a, mut b) = (a, b);
    if divide {
        std::mem::swap(&mut a, &mut b);
    }
    let us = Int::from_i128(us);
    let product = us.as_big().mul(a.as_big());
    match product.as_ref().divmod_near(b.as_big()) {
        Some((q, _)) => delta_of(from_big(&q)?),
        None => bail!(ZeroDivisionError, "division by zero"),
    }
}

extern "C" fn multiply(a: &Object, b: &Object) -> PyResult {
    let (d, other) = match (a.downcast::<Delta>(), b.downcast::<Delta>()) {
        (Some(d), None) => (d, b),
        (None, Some(d)) => (d, a),
        _ => return Ok(not_implemented()),
    };
    if let Some(i) = other.downcast::<Int>() {
        return match i.to_i128().and_then(|i| d.us().checked_mul(i)) {
            Some(us) => delta_of(us),
            None => too_large(),
        };
    }
    match other.downcast::<Float>() {
        Some(x) => scale(d.us(), x, false),
        None => Ok(not_implemented()),
    }
}

#[cold]
fn zero_division<T>() -> PyResult<T> {
    bail!(ZeroDivisionError, "division by zero")
}

fn floor_div(a: i128, b: i128) -> i128 {
    let q = a / b;
    if a % b != 0 && ((a < 0) != (b < 0)) { q - 1 } else { q }
}

fn modulo(a: i128, b: i128) -> i128 {
    a - floor_div(a, b) * b
}

extern "C" fn floor_divide(a: &Object, b: &Object) -> PyResult {
    let Some(d) = a.downcast::<Delta>() else { return Ok(not_implemented()) };
    if let Some(e) = b.downcast::<Delta>() {
        return if e.us() == 0 { zero_division() } else { Ok(Int::from_i128(floor_div(d.us(), e.us())).into_obj()) };
    }
    let Some(i) = b.downcast::<Int>() else { return Ok(not_implemented()) };
    match i.to_i128() {
        Some(0) => zero_division(),
        Some(n) => delta_of(floor_div(d.us(), n)),
        None => delta_of(if d.us() == 0 || (d.us() < 0) == i.is_negative() { 0 } else { -1 }),
    }
}

extern "C" fn true_divide(a: &Object, b: &Object) -> PyResult {
    let Some(d) = a.downcast::<Delta>() else { return Ok(not_implemented()) };
    if let Some(e) = b.downcast::<Delta>() {
        if e.us() == 0 {
            return zero_division();
        }
        let x = int::true_div(&Int::from_i128(d.us()), &Int::from_i128(e.us()))?;
        return Ok(Float::new(x).into_obj());
    }
    if let Some(x) = b.downcast::<Float>() {
        return scale(d.us(), x, true);
    }
    let Some(i) = b.downcast::<Int>() else { return Ok(not_implemented()) };
    let us = Int::from_i128(d.us());
    match us.as_big().divmod_near(i.as_big()) {
        Some((q, _)) => delta_of(from_big(&q)?),
        None => zero_division(),
    }
}

extern "C" fn remainder(a: &Object, b: &Object) -> PyResult {
    match pair(a, b) {
        Some((_, y)) if y.us() == 0 => zero_division(),
        Some((x, y)) => delta_of(modulo(x.us(), y.us())),
        None => Ok(not_implemented()),
    }
}

extern "C" fn divmod(a: &Object, b: &Object) -> PyResult {
    match pair(a, b) {
        Some((_, y)) if y.us() == 0 => zero_division(),
        Some((x, y)) => {
            let q = Int::from_i128(floor_div(x.us(), y.us())).into_obj();
            Ok(tuple_of([q, delta_of(modulo(x.us(), y.us()))?]).into_obj())
        }
        None => Ok(not_implemented()),
    }
}

/// Return the whole duration in seconds.
#[method]
fn total_seconds(this: &Delta) -> PyResult<f64> {
    int::true_div(&Int::from_i128(this.us()), &Int::from_i64(1_000_000))
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn reduce(this: &Delta) -> Ref<Tuple> {
    tuple_of([this.ty().to_obj(), this.state_tuple().into_obj()])
}

static AS_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(add),
    subtract: Slot::new(subtract),
    multiply: Slot::new(multiply),
    remainder: Slot::new(remainder),
    divmod: Slot::new(divmod),
    negative: Slot::new(negative),
    positive: Slot::new(positive),
    absolute: Slot::new(absolute),
    bool_: Slot::new(is_true),
    floor_divide: Slot::new(floor_divide),
    true_divide: Slot::new(true_divide),
    ..NumberMethods::EMPTY
};

/// `timedelta`.
pub static DELTA_TYPE: Type = Type::new_static(TypeDef {
    name: c"datetime.timedelta",
    basicsize: size_of::<Delta>(),
    flags: flags::BASETYPE,
    doc: Some(
        c"Difference between two datetime values.\n\ntimedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)\n\nWhole numbers and floats are allowed, of either sign.",
    ),
    dealloc: Some(dealloc_of::<Delta>),
    repr: Some(repr),
    str: Some(str),
    hash: Some(hash),
    as_number: Some(&AS_NUMBER),
    richcompare: Some(richcompare),
    methods: methods![total_seconds, reduce],
    members: members![
        MemberDef::new(c"days", member::INT, offset_of!(Delta, days), member::READONLY).doc(c"Number of days."),
        MemberDef::new(c"seconds", member::INT, offset_of!(Delta, seconds), member::READONLY)
            .doc(c"Number of seconds (at least 0 and less than a day)."),
        MemberDef::new(c"microseconds", member::INT, offset_of!(Delta, microseconds), member::READONLY)
            .doc(c"Number of microseconds (at least 0 and less than a second)."),
    ],
    new: Some(new),
    ..TypeDef::EMPTY
});
