//! Construction, methods and the type object of `int`.

use super::arith::*;
use super::convert::{from_object_with_base, int_repr};
use super::{Int, int_dealloc};
use crate::args::{CallArgs, Given, Param, Signature, bind_keywords, with_tuple_args};
use crate::error::{PyResult, no_memory};
use crate::flags;
use crate::header::{Obj, Object, Ref};
use crate::protocol::call::nargs;
use crate::protocol::number;
use crate::typeobj::slots::{NumberMethods, Slot};
use crate::types::bytes::{Bytes, PyBytes_Type};
use crate::types::iterators::tuple_of;
use crate::types::number_format;
use crate::types::str::Str;
use crate::{Type, TypeDef, bail, getset, getsets, intern, methods};
use taipan_clinic::{classmethod, method};
use taipan_numeric::digits::convert::{self as bigconv, BytesError};
use taipan_numeric::digits::{self, Big};

static SIGNATURE: Signature = Signature {
    name: "int",
    params: &[Param { name: "", required: false }, Param { name: "base", required: false }],
    posonly: 1,
    positional: 2,
    varargs: false,
    varkw: false,
};

/// `int(x, base)`.
fn construct(x: Option<&Object>, base: Option<&Object>) -> PyResult<Ref<Int>> {
    match (x, base) {
        (None, None) => Ok(Int::zero()),
        (None, Some(_)) => bail!(TypeError, "int() missing string argument"),
        (Some(x), None) => number::to_int(x),
        (Some(x), Some(base)) => {
            let base = base.index_as_isize(None)?;
            if base != 0 && !(2..=36).contains(&base) {
                bail!(ValueError, "int() base must be >= 2 and <= 36, or 0");
            }
            from_object_with_base(x, base as u32)
        }
    }
}

fn construct_from_call(call: CallArgs<'_>) -> PyResult<Ref<Int>> {
    let mut out = [None; 2];
    bind_keywords(&SIGNATURE, call, &mut out)?;
    construct(out[0], out[1])
}

extern "C" fn int_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let v = with_tuple_args("int", args, kwargs, construct_from_call)?;
    in_class(cls, v)
}

/// The value as an instance of `cls`.
fn in_class(cls: &Type, v: Ref<Int>) -> PyResult {
    if std::ptr::eq(cls, &PyLong_Type) { Ok(v.into_obj()) } else { Int::new_in_subclass(cls, &v) }
}

unsafe extern "C" fn int_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if kwnames.is_some() {
        return construct_from_call(call).map(Ref::into_obj);
    }
    match *call.positional() {
        [] => Ok(Int::zero().into_obj()),
        [x] => number::to_int(x).map(Ref::into_obj),
        [x, base] => construct(Some(x), Some(base)).map(Ref::into_obj),
        _ => bail!(TypeError, "int expected at most 2 arguments, got {}", call.positional().len()),
    }
}

/// The integer itself: its own complex conjugate.
#[method]
fn conjugate(this: &Int) -> Ref<Int> {
    Int::exact(this)
}

/// How many bits the absolute value needs in binary.
#[method]
fn bit_length(this: &Int) -> u64 {
    this.bit_length()
}

/// How many bits of the absolute value are set.
#[method]
fn bit_count(this: &Int) -> u64 {
    digits::bit_count(this.digits())
}

/// Whether 'little' (true) or 'big' is meant.
fn is_little(byteorder: &str) -> PyResult<bool> {
    match byteorder {
        "little" => Ok(true),
        "big" => Ok(false),
        _ => bail!(ValueError, "byteorder must be either 'little' or 'big'"),
    }
}

/// The value as bytes.
///
/// length is how many bytes to give; OverflowError if the value needs more.
/// byteorder is 'big' (most significant byte first) or 'little'.
/// signed says whether to use two's complement; negative values need it.
#[method(signature = "(length=1, byteorder='big', *, signed=False)")]
fn to_bytes(this: &Int, length: Given<&Object>, byteorder: &str, signed: bool) -> PyResult<Ref<Bytes>> {
    let length = match length.0 {
        Some(o) => number::index(o)?.as_object_isize()?,
        None => 1,
    };
    let little = is_little(byteorder)?;
    if length < 0 {
        bail!(ValueError, "length argument must be non-negative");
    }
    let length = length as usize;
    let mut small = [0u8; 32];
    let mut large = Vec::new();
    let out = if length <= small.len() {
        &mut small[..length]
    } else {
        if large.try_reserve_exact(length).is_err() {
            return Err(no_memory());
        }
        large.resize(length, 0);
        &mut large[..]
    };
    match bigconv::to_bytes_into(out, this.as_big(), little, signed) {
        Ok(()) => Ok(Bytes::new(out)),
        Err(BytesError::TooBig) => bail!(OverflowError, "int too big to convert"),
        Err(BytesError::Negative) => bail!(OverflowError, "can't convert negative int to unsigned"),
    }
}

/// `bytes(o)` without the constructor's meanings of numbers and text (`PyObject_Bytes`).
fn bytes_of(o: &Object) -> PyResult<Ref<Bytes>> {
    if let Some(b) = o.downcast_exact::<Bytes>() {
        return Ok(Ref::from_borrowed(b));
    }
    if let Some(f) = o.lookup_special(intern!("__bytes__"))? {
        return f
            .call_noargs()?
            .downcast_into::<Bytes>()
            .map_err(|r| crate::raise!(TypeError, "__bytes__ returned non-bytes (type {})", r.ty().name_str()));
    }
    if !crate::buffer::supports(o) && (number::has_index(o) || o.downcast::<Str>().is_some()) {
        bail!(TypeError, "cannot convert '{}' object to bytes", o.ty().name_str());
    }
    let r = PyBytes_Type.as_object().call_one(o)?;
    r.downcast_into::<Bytes>().map_err(|r| crate::raise!(TypeError, "expected bytes, not {}", r.ty().name_str()))
}

/// The integer that bytes stand for.
///
/// bytes is a bytes-like object or an iterable of numbers below 256.
/// byteorder is 'big' (most significant byte first) or 'little'.
/// signed says whether to read two's complement.
#[classmethod(signature = "(bytes, byteorder='big', *, signed=False)")]
fn from_bytes(cls: &Type, bytes: &Object, byteorder: &str, signed: bool) -> PyResult {
    let little = is_little(byteorder)?;
    let b = bytes_of(bytes)?;
    let v = Int::from_big(&bigconv::from_bytes(b.as_slice(), little, signed));
    if std::ptr::eq(cls, &PyLong_Type) { Ok(v.into_obj()) } else { cls.as_object().call_one(&v) }
}

/// A pair of integers, the second positive, whose ratio is the value.
#[method]
fn as_integer_ratio(this: &Int) -> Obj {
    tuple_of([Int::exact(this).into_obj(), Int::one().into_obj()]).into_obj()
}

/// The integer itself.
#[method]
fn __trunc__(this: &Int) -> Ref<Int> {
    Int::exact(this)
}

/// The integer itself.
#[method]
fn __floor__(this: &Int) -> Ref<Int> {
    Int::exact(this)
}

/// The integer itself.
#[method]
fn __ceil__(this: &Int) -> Ref<Int> {
    Int::exact(this)
}

/// The value rounded to a multiple of 10**-ndigits, halves to even.
#[method(signature = "(ndigits=None, /)")]
fn __round__(this: &Int, ndigits: Option<&Object>) -> PyResult<Ref<Int>> {
    let Some(ndigits) = ndigits else { return Ok(Int::exact(this)) };
    let n = number::index(ndigits)?;
    if !n.is_negative() {
        return Ok(Int::exact(this));
    }
    // Beyond this many places the value is below half of the power.
    let places = this.bit_length() * 30103 / 100_000 + 2;
    let Some(k) = n.to_i64().map(i64::unsigned_abs).filter(|k| *k <= places) else {
        return Ok(Int::zero());
    };
    let power = Big::from(10u64).as_ref().pow(k);
    match this.as_big().divmod_near(power.as_ref()) {
        Some((_, r)) => sub(this, &Int::from_big(&r)),
        None => Ok(Int::exact(this)),
    }
}

/// What copying and pickling pass to __new__.
#[method]
fn __getnewargs__(this: &Int) -> Obj {
    tuple_of([Int::exact(this).into_obj()]).into_obj()
}

/// The value as text in the way that format_spec says.
#[method(signature = "(format_spec, /)")]
fn __format__(this: &Int, format_spec: &Str) -> PyResult {
    number_format::format_int(this, format_spec)
}

/// Size in memory, in bytes.
#[method]
fn __sizeof__(this: &Int) -> usize {
    24 + 4 * this.digit_count().max(1)
}

/// True, as for every integer: there to match float.is_integer.
#[method]
fn is_integer(_this: &Int) -> bool {
    true
}

fn get_self(this: &Int) -> Ref<Int> {
    Int::exact(this)
}
fn get_zero(_: &Int) -> Ref<Int> {
    Int::zero()
}
fn get_one(_: &Int) -> Ref<Int> {
    Int::one()
}

static AS_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(int_add),
    subtract: Slot::new(int_subtract),
    multiply: Slot::new(int_multiply),
    remainder: Slot::new(int_remainder),
    divmod: Slot::new(int_divmod),
    power: Slot::new(int_power),
    negative: Slot::new(int_negative),
    positive: Slot::new(int_int),
    absolute: Slot::new(int_absolute),
    bool_: Slot::new(int_bool),
    invert: Slot::new(int_invert),
    lshift: Slot::new(int_lshift),
    rshift: Slot::new(int_rshift),
    and: Slot::new(int_and),
    xor: Slot::new(int_xor),
    or: Slot::new(int_or),
    int: Slot::new(int_int),
    float: Slot::new(int_float),
    floor_divide: Slot::new(int_floor_divide),
    true_divide: Slot::new(int_true_divide),
    index: Slot::new(int_int),
    ..NumberMethods::EMPTY
};

/// The type `int`.
#[unsafe(no_mangle)]
pub static PyLong_Type: Type = Type::new_static(TypeDef {
    name: c"int",
    basicsize: 24,
    itemsize: 4,
    flags: flags::BASETYPE | flags::LONG_SUBCLASS | flags::MATCH_SELF,
    doc: Some(
        c"int([x]) -> integer\nint(x, base=10) -> integer\n\nThe integer that a number or text stands for; 0 without arguments.\nx is a number, whose fraction is cut off, or text (str, bytes or bytearray)\nof an integer literal in the given base, from 2 to 36. Base 0 goes by the\nprefix of the literal, as in source code.",
    ),
    dealloc: Some(int_dealloc),
    repr: Some(int_repr),
    as_number: Some(&AS_NUMBER),
    hash: Some(int_hash),
    richcompare: Some(int_richcompare),
    methods: methods![
        conjugate,
        bit_length,
        bit_count,
        to_bytes,
        from_bytes,
        as_integer_ratio,
        __trunc__,
        __floor__,
        __ceil__,
        __round__,
        __getnewargs__,
        __format__,
        __sizeof__,
        is_integer,
    ],
    getset: getsets![
        getset!(c"real", get_self; c"The value itself."),
        getset!(c"imag", get_zero; c"Zero, the imaginary part of every integer."),
        getset!(c"numerator", get_self; c"The value itself, in lowest terms."),
        getset!(c"denominator", get_one; c"One, the denominator of every integer."),
    ],
    new: Some(int_new),
    vectorcall: Some(int_vectorcall),
    free: Some(crate::alloc::free_object),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyLong_Type];
