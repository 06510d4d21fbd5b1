//! Construction, methods and the type object of `float`.

use super::arith::*;
use super::{Float, float_dealloc};
use crate::args::{CallArgs, check_positional, no_keywords};
use crate::error::PyResult;
use crate::flags;
use crate::header::{Obj, Object, Ref};
use crate::protocol::call::nargs;
use crate::protocol::number;
use crate::typeobj::slots::{NumberMethods, Slot};
use crate::types::int::Int;
use crate::types::iterators::tuple_of;
use crate::types::number_format;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, getset, getsets, methods};
use taipan_clinic::{classmethod, method};
use taipan_numeric::float::{self as numeric, hex::HexError};

fn construct(args: &[&Object]) -> PyResult<Ref<Float>> {
    check_positional("float", args.len(), 0, 1)?;
    match args.first() {
        None => Ok(Float::new(0.0)),
        Some(x) => number::to_float(x),
    }
}

extern "C" fn float_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("float", cls, &PyFloat_Type, kwargs)?;
    let f = construct(args.cast::<Tuple>().borrowed_items())?;
    if std::ptr::eq(cls, &PyFloat_Type) { Ok(f.into_obj()) } else { Float::new_in_class(cls, f.value()) }
}

unsafe extern "C" fn float_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "float() takes no keyword arguments");
    }
    construct(call.positional()).map(Ref::into_obj)
}

/// A real number as a float; text is not accepted.
#[classmethod(signature = "(number, /)")]
fn from_number(cls: &Type, number: &Object) -> PyResult {
    if std::ptr::eq(cls, &PyFloat_Type) && number.is_exact(&PyFloat_Type) {
        return Ok(number.to_obj());
    }
    let f = Float::new(number.to_f64()?);
    if std::ptr::eq(cls, &PyFloat_Type) { Ok(f.into_obj()) } else { cls.as_object().call_one(&f) }
}

/// The float itself: its own complex conjugate.
#[method]
fn conjugate(this: &Float) -> Ref<Float> {
    Float::exact(this)
}

/// The integer next to the value in the direction of zero.
#[method]
fn __trunc__(this: &Float) -> PyResult<Ref<Int>> {
    Int::from_f64(this.value())
}

/// The greatest integer that is not above the value.
#[method]
fn __floor__(this: &Float) -> PyResult<Ref<Int>> {
    Int::from_f64(this.value().floor())
}

/// The least integer that is not below the value.
#[method]
fn __ceil__(this: &Float) -> PyResult<Ref<Int>> {
    Int::from_f64(this.value().ceil())
}

/// The value rounded, halves to even: to an integer, or to a float with ndigits decimal places.
#[method(signature = "(ndigits=None, /)")]
fn __round__(this: &Float, ndigits: Option<&Object>) -> PyResult {
    let x = this.value();
    let Some(ndigits) = ndigits else {
        return Int::from_f64(numeric::arith::round_half_even(x)).map(Ref::into_obj);
    };
    let n = ndigits.index_as_isize(None)?;
    match numeric::round_ndigits(x, n as i64) {
        Ok(y) => Ok(Float::new(y).into_obj()),
        Err(_) => bail!(OverflowError, "rounded value too large to represent"),
    }
}

/// A pair of integers, the second positive, whose ratio is exactly the value.
#[method]
fn as_integer_ratio(this: &Float) -> PyResult {
    let x = this.value();
    match numeric::as_integer_ratio(x) {
        Some((n, d)) => Ok(tuple_of([Int::from_big(&n).into_obj(), Int::from_big(&d).into_obj()]).into_obj()),
        None if x.is_nan() => bail!(ValueError, "cannot convert NaN to integer ratio"),
        None => bail!(OverflowError, "cannot convert Infinity to integer ratio"),
    }
}

/// The float that a hexadecimal text stands for, such as float.hex gives.
#[classmethod(signature = "(string, /)")]
fn fromhex(cls: &Type, string: &Object) -> PyResult {
    let Some(s) = string.downcast::<Str>() else {
        bail!(TypeError, "bad argument type for built-in operation");
    };
    let x = match numeric::hex::from_hex(s.to_utf8()?.as_bytes()) {
        Ok(x) => x,
        Err(HexError::Invalid) => bail!(ValueError, "invalid hexadecimal floating-point string"),
        Err(HexError::Overflow) => bail!(OverflowError, "hexadecimal value too large to represent as a float"),
    };
    let f = Float::new(x);
    if std::ptr::eq(cls, &PyFloat_Type) { Ok(f.into_obj()) } else { cls.as_object().call_one(&f) }
}

/// The exact value as hexadecimal text.
#[method]
fn hex(this: &Float) -> String {
    numeric::hex::to_hex(this.value())
}

/// Whether the value has no fraction.
#[method]
fn is_integer(this: &Float) -> bool {
    let x = this.value();
    x.is_finite() && x.floor() == x
}

/// What copying and pickling pass to __new__.
#[method]
fn __getnewargs__(this: &Float) -> Obj {
    tuple_of([Float::new(this.value()).into_obj()]).into_obj()
}

/// How C's 'double' or 'float' lies in memory on this machine. For Python's own tests.
#[classmethod(signature = "(typestr, /)")]
fn __getformat__(_cls: &Type, typestr: &str) -> PyResult<&'static str> {
    if typestr != "double" && typestr != "float" {
        bail!(ValueError, "__getformat__() argument 1 must be 'double' or 'float'");
    }
    Ok(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
}

/// The value as text in the way that format_spec says.
#[method(signature = "(format_spec, /)")]
fn __format__(this: &Float, format_spec: &Str) -> PyResult {
    number_format::format_float(this, this.value(), format_spec)
}

fn get_real(this: &Float) -> Ref<Float> {
    Float::exact(this)
}
fn get_imag(_: &Float) -> f64 {
    0.0
}

static AS_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(float_add),
    subtract: Slot::new(float_subtract),
    multiply: Slot::new(float_multiply),
    remainder: Slot::new(float_remainder),
    divmod: Slot::new(float_divmod),
    power: Slot::new(float_power),
    negative: Slot::new(float_negative),
    positive: Slot::new(float_float),
    absolute: Slot::new(float_absolute),
    bool_: Slot::new(float_bool),
    int: Slot::new(float_int),
    float: Slot::new(float_float),
    floor_divide: Slot::new(float_floor_divide),
    true_divide: Slot::new(float_true_divide),
    ..NumberMethods::EMPTY
};

/// The type `float`.
#[unsafe(no_mangle)]
pub static PyFloat_Type: Type = Type::new_static(TypeDef {
    name: c"float",
    basicsize: size_of::<Float>(),
    flags: flags::BASETYPE | flags::MATCH_SELF,
    doc: Some(c"float(x=0, /)\n--\n\nThe floating-point number that a number or text stands for."),
    dealloc: Some(float_dealloc),
    repr: Some(float_repr),
    as_number: Some(&AS_NUMBER),
    hash: Some(float_hash),
    richcompare: Some(float_richcompare),
    methods: methods![
        from_number,
        conjugate,
        __trunc__,
        __floor__,
        __ceil__,
        __round__,
        as_integer_ratio,
        fromhex,
        hex,
        is_integer,
        __getnewargs__,
        __getformat__,
        __format__,
    ],
    getset: getsets![
        getset!(c"real", get_real; c"The value itself."),
        getset!(c"imag", get_imag; c"Zero, the imaginary part of every float."),
    ],
    new: Some(float_new),
    vectorcall: Some(float_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyFloat_Type];
