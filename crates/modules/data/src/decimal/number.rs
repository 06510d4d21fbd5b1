//! The type `Decimal`: making, converting, comparing, and the number protocol.

use super::context::{CONTEXT_TYPE, Context, context_or_current};
use super::state;
use crate::signature;
use crate::support::{bind, tuple_of};
use std::cell::Cell;
use std::ffi::c_int;
use taipan_numeric::decimal::status::*;
use taipan_numeric::decimal::{self as dec, Coeff, Ctx, Dec, Kind, Round};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::{NumberMethods, Slot};
use taipan_object::types::bool_::from_bool;
use taipan_object::types::complex::Complex;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::{self, Int};
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, layout};

/// A decimal number.
#[repr(C)]
pub struct Decimal {
    ob_base: Object,
    hash: Cell<isize>,
    dec: Dec,
    spare: [usize; SPARE],
}

const SPARE: usize = (104 - 24 - size_of::<Dec>()) / 8;
const _: () = assert!(size_of::<Decimal>() == 104);
layout!(Decimal, DECIMAL_TYPE);

impl Decimal {
    #[inline(always)]
    pub fn dec(&self) -> &Dec {
        &self.dec
    }

    #[inline(always)]
    fn body(dec: Dec) -> Decimal {
        Decimal { ob_base: Object::placeholder(), hash: Cell::new(-1), dec, spare: [0; SPARE] }
    }

    /// A new exact instance.
    #[inline]
    pub fn from_dec(dec: Dec) -> PyResult {
        Ok(new_object(Decimal::body(dec)).into_obj())
    }

    /// A new instance of `cls`.
    pub fn new_in(cls: &Type, dec: Dec) -> PyResult {
        if std::ptr::eq(cls, &DECIMAL_TYPE) {
            return Decimal::from_dec(dec);
        }
        new_instance(cls, Decimal::body(dec)).map(Ref::into_obj)
    }
}

// ---- from other types

/// A number that must fit exactly; complains of all that would change it.
fn exactly(d: Dec, cx: &Context) -> PyResult<Dec> {
    let mut st = 0;
    let d = dec::finalize(d, &Ctx::MAX, &mut st);
    if st & (INEXACT | ROUNDED | CLAMPED | OVERFLOW | UNDERFLOW) != 0 {
        cx.signal(INVALID_OPERATION)?;
        return Ok(Dec::nan());
    }
    cx.signal(st & (IEEE_INVALID | DIVISION_BY_ZERO))?;
    Ok(d)
}

/// The ASCII form of a string, without underscores and surrounding space if those are let pass.
fn ascii_of(s: &Str, lenient: bool) -> Vec<u8> {
    if s.is_ascii() && !lenient {
        return s.data_bytes().to_vec();
    }
    let t = int::to_ascii_digits(s);
    let t: &[u8] = if lenient { taipan_numeric::float::text::trim_space(&t) } else { &t };
    if lenient { t.iter().filter(|c| **c != b'_').copied().collect() } else { t.to_vec() }
}

/// From a string; `None` context precision means exactly.
pub fn from_str(s: &Str, cx: &Context, exact: bool) -> PyResult<Dec> {
    from_ascii(&ascii_of(s, exact), cx, exact)
}

fn from_ascii(t: &[u8], cx: &Context, exact: bool) -> PyResult<Dec> {
    let Some(d) = dec::parse(t) else {
        cx.signal(CONVERSION_SYNTAX)?;
        return Ok(Dec::nan());
    };
    if exact {
        return exactly(d, cx);
    }
    let ctx = cx.ctx();
    if d.is_nan() {
        if !d.coeff.is_zero() && d.digits() > ctx.prec - i64::from(ctx.clamp) {
            cx.signal(CONVERSION_SYNTAX)?;
            return Ok(Dec::nan());
        }
        return Ok(d);
    }
    rounded(d, cx)
}

/// A number fitted into the context.
pub fn rounded(d: Dec, cx: &Context) -> PyResult<Dec> {
    let mut st = 0;
    let d = dec::finalize(d, &cx.ctx(), &mut st);
    cx.signal(st)?;
    Ok(d)
}

/// From an integer.
#[inline]
pub fn from_int(i: &Int) -> Dec {
    if let Some(n) = i.to_i64() {
        return Dec::from_i64(n);
    }
    if let Some(n) = i.to_i128()
        && n.unsigned_abs() < 10u128.pow(38)
    {
        return Dec::new(n < 0, Coeff::from_u128(n.unsigned_abs()), 0);
    }
    let mut digits = Vec::new();
    taipan_numeric::digits::text::to_decimal(&mut digits, i.digits());
    Dec::new(i.is_negative(), Coeff::from_digits(&digits), 0)
}

/// From a float, exactly.
pub fn from_float(x: f64) -> Dec {
    let neg = x.is_sign_negative();
    if x.is_nan() {
        return Dec { neg, ..Dec::nan() };
    }
    if x.is_infinite() {
        return Dec::inf(neg);
    }
    if x == 0.0 {
        return Dec::zero(neg, 0);
    }
    let bits = x.to_bits();
    let e = (bits >> 52 & 0x7ff) as i64;
    let f = bits & ((1 << 52) - 1);
    let (mut m, mut e) = if e == 0 { (f, -1074) } else { (f | 1 << 52, e - 1075) };
    let z = m.trailing_zeros();
    m >>= z;
    e += i64::from(z);
    let m = Coeff::from_u64(m);
    let power = |base: u64, mut n: i64| {
        let (mut r, mut b) = (Coeff::from_u64(1), Coeff::from_u64(base));
        while n > 0 {
            if n & 1 == 1 {
                r = r.mul(&b);
            }
            b = b.mul(&b);
            n >>= 1;
        }
        r
    };
    // m / 2^k is m * 5^k / 10^k.
    if e >= 0 { Dec::new(neg, m.mul(&power(2, e)), 0) } else { Dec::new(neg, m.mul(&power(5, -e)), e) }
}

/// From a (sign, digits, exponent) tuple, as text.
fn tuple_text(items: &[Obj]) -> PyResult<Vec<u8>> {
    let [sign, digits, exponent] = items else { bail!(ValueError, "argument must be a sequence of length 3") };
    let sign = sign.downcast::<Int>().and_then(Int::to_i64);
    let mut out = match sign {
        Some(0) => Vec::new(),
        Some(1) => vec![b'-'],
        _ => bail!(ValueError, "sign must be an integer with the value 0 or 1"),
    };
    let mut exp = 0;
    let mut is_inf = false;
    let mut is_special = false;
    if let Some(s) = exponent.downcast::<Str>() {
        is_special = true;
        if s.eq_str("F") {
            out.extend_from_slice(b"Inf");
            is_inf = true;
        } else if s.eq_str("n") {
            out.extend_from_slice(b"NaN");
        } else if s.eq_str("N") {
            out.extend_from_slice(b"sNaN");
        } else {
            bail!(ValueError, "string argument in the third position must be 'F', 'n' or 'N'");
        }
    } else if exponent.downcast::<Int>().is_some() {
        exp = exponent.index_as_isize(Some(exceptions::OverflowError))? as i64;
    } else {
        bail!(ValueError, "exponent must be an integer");
    }
    let digits = if let Some(t) = digits.downcast::<Tuple>() {
        t.items().to_vec()
    } else if let Some(l) = digits.downcast::<List>() {
        l.snapshot()
    } else {
        bail!(ValueError, "coefficient must be a tuple of digits")
    };
    if is_inf {
        return Ok(out);
    }
    if digits.is_empty() && !is_special {
        out.push(b'0');
    }
    let mut leading = is_special;
    for d in &digits {
        match d.downcast::<Int>().and_then(Int::to_i64) {
            Some(n @ 0..=9) => {
                if n == 0 && leading {
                    continue;
                }
                leading = false;
                out.push(b'0' + n as u8);
            }
            _ => bail!(ValueError, "coefficient must be a tuple of digits"),
        }
    }
    if !is_special {
        out.extend_from_slice(format!("E{exp}").as_bytes());
    }
    Ok(out)
}

fn sequence_text(o: &Object) -> PyResult<Vec<u8>> {
    match o.downcast::<Tuple>() {
        Some(t) => tuple_text(t.items()),
        None => tuple_text(&o.cast::<List>().snapshot()),
    }
}

fn unsupported<T>(o: &Object) -> PyResult<T> {
    bail!(TypeError, "conversion from {} to Decimal is not supported", o.ty().name_str())
}

/// Any supported object as a number: exactly, or rounded to the context.
fn from_object(o: &Object, cx: &Context, exact: bool) -> PyResult<Dec> {
    let fit = |d: Dec| if exact { exactly(d, cx) } else { rounded(d, cx) };
    if let Some(d) = o.downcast::<Decimal>() {
        if exact {
            return Ok(d.dec.clone());
        }
        let ctx = cx.ctx();
        if d.dec.is_nan() && !d.dec.coeff.is_zero() && d.dec.digits() > ctx.prec - i64::from(ctx.clamp) {
            cx.signal(CONVERSION_SYNTAX)?;
            return Ok(Dec::nan());
        }
        return rounded(d.dec.clone(), cx);
    }
    if let Some(s) = o.downcast::<Str>() {
        return from_str(s, cx, exact);
    }
    if let Some(i) = o.downcast::<Int>() {
        return fit(from_int(i));
    }
    if o.downcast::<Tuple>().is_some() || o.downcast::<List>().is_some() {
        return from_ascii(&sequence_text(o)?, cx, exact);
    }
    if let Some(x) = o.downcast::<Float>() {
        cx.signal(FLOAT_OPERATION)?;
        return fit(from_float(x.value()));
    }
    unsupported(o)
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("Decimal", posonly 0, positional 2, ["value" false, "context" false]);
    bind::<2, _>(sig, args, kwargs, |[value, context]| {
        let cx = context_or_current(context)?;
        let Some(v) = value else { return Decimal::new_in(cls, Dec::zero(false, 0)) };
        if std::ptr::eq(cls, &DECIMAL_TYPE) && v.is_exact(&DECIMAL_TYPE) {
            return Ok(v.to_obj());
        }
        Decimal::new_in(cls, from_object(v, &cx, true)?)
    })
}

/// `Context.create_decimal`.
pub fn create(o: Option<&Object>, cx: &Context) -> PyResult {
    match o {
        None => Decimal::from_dec(Dec::zero(false, 0)),
        Some(o) => Decimal::from_dec(from_object(o, cx, false)?),
    }
}

/// `Decimal.from_float`, `Decimal.from_number` and `Context.create_decimal_from_float`.
pub fn from_real(o: &Object, what: &str) -> PyResult<Option<Dec>> {
    if let Some(i) = o.downcast::<Int>() {
        return Ok(Some(from_int(i)));
    }
    if let Some(x) = o.downcast::<Float>() {
        return Ok(Some(from_float(x.value())));
    }
    if what == "number" {
        return Ok(None);
    }
    bail!(TypeError, "argument must be int or float")
}

/// An operand of an operator: decimals and integers.
#[inline(always)]
pub fn operand<'a>(o: &'a Object, made: &'a mut Option<Dec>) -> Option<&'a Dec> {
    if let Some(d) = o.downcast_exact::<Decimal>() {
        return Some(&d.dec);
    }
    operand_slow(o, made)
}

fn operand_slow<'a>(o: &'a Object, made: &'a mut Option<Dec>) -> Option<&'a Dec> {
    if let Some(i) = o.downcast::<Int>() {
        return Some(made.insert(from_int(i)));
    }
    o.downcast::<Decimal>().map(|d| &d.dec)
}

/// An operand of a method, which must be one.
pub fn argument<'a>(o: &'a Object, made: &'a mut Option<Dec>) -> PyResult<&'a Dec> {
    match operand(o, made) {
        Some(d) => Ok(d),
        None => unsupported(o),
    }
}

// ---- to other types

/// An integer object from a finite number, rounded.
pub fn to_int(d: &Dec, round: Round) -> PyResult {
    if d.is_special() {
        if d.is_nan() {
            bail!(ValueError, "cannot convert NaN to integer");
        }
        bail!(OverflowError, "cannot convert Infinity to integer");
    }
    let mut st = 0;
    let r = dec::rescale(d, 0, round, &mut st);
    if r.is_special() {
        return Err(taipan_object::error::no_memory());
    }
    Ok(int_of(&r.coeff, r.neg))
}

/// An integer object.
pub fn int_of(c: &Coeff, neg: bool) -> Obj {
    if let Some(n) = c.to_u128().and_then(|n| i128::try_from(n).ok()) {
        return Int::from_i128(if neg { -n } else { n }).into_obj();
    }
    let mut digits = Vec::new();
    c.to_digits(&mut digits);
    let d = taipan_numeric::digits::text::from_base(&digits, 10).unwrap_or_default();
    Int::from_digits(neg, &d).into_obj()
}

/// The nearest float.
pub fn to_float(d: &Dec) -> PyResult<f64> {
    match d.kind {
        Kind::Snan => bail!(ValueError, "cannot convert signaling NaN to float"),
        Kind::Nan => Ok(if d.neg { -f64::NAN } else { f64::NAN }),
        Kind::Inf => Ok(if d.neg { f64::NEG_INFINITY } else { f64::INFINITY }),
        Kind::Finite => {
            let t = dec::to_text(d, true, false);
            Ok(taipan_numeric::float::text::parse_exact(&t).unwrap_or(f64::NAN))
        }
    }
}

fn shown(d: &Dec, capitals: bool, engineering: bool) -> PyResult<Ref<Str>> {
    Ok(Str::from_latin1(&dec::to_text(d, capitals, engineering)))
}

/// `str()` in the context.
pub fn to_str(d: &Dec, cx: &Context, engineering: bool) -> PyResult {
    shown(d, cx.capitals(), engineering).map(Ref::into_obj)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let cx = state::current()?;
    let t = dec::to_text(&o.cast::<Decimal>().dec, cx.capitals(), false);
    Ok(text(&format!("Decimal('{}')", String::from_utf8_lossy(&t))))
}

extern "C" fn str(o: &Object) -> PyResult {
    to_str(&o.cast::<Decimal>().dec, &*state::current()?, false)
}

const HASH_MODULUS: u64 = (1 << 61) - 1;

fn mul_mod(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(HASH_MODULUS)) as u64
}

fn pow_mod(mut b: u64, mut e: u64) -> u64 {
    let mut r = 1;
    while e > 0 {
        if e & 1 == 1 {
            r = mul_mod(r, b);
        }
        b = mul_mod(b, b);
        e >>= 1;
    }
    r
}

fn hash_of(d: &Dec, o: &Object) -> PyResult<isize> {
    match d.kind {
        Kind::Snan => bail!(TypeError, "Cannot hash a signaling NaN value"),
        Kind::Nan => return Ok(taipan_object::protocol::compare::hash_pointer(o)),
        Kind::Inf => return Ok(if d.neg { -314_159 } else { 314_159 }),
        Kind::Finite => {}
    }
    // The inverse of 10 modulo the Mersenne prime.
    let inverse = pow_mod(10, HASH_MODULUS - 2);
    let scale = if d.exp >= 0 {
        pow_mod(10, d.exp.unsigned_abs() % (HASH_MODULUS - 1))
    } else {
        pow_mod(inverse, d.exp.unsigned_abs() % (HASH_MODULUS - 1))
    };
    let radix = dec::coeff::RADIX % HASH_MODULUS;
    let c = d
        .coeff
        .words()
        .iter()
        .rev()
        .fold(0u64, |h, w| ((u128::from(mul_mod(h, radix)) + u128::from(*w)) % u128::from(HASH_MODULUS)) as u64);
    let h = mul_mod(c, scale) as isize;
    let h = if d.neg { -h } else { h };
    Ok(if h == -1 { -2 } else { h })
}

extern "C" fn hash(o: &Object) -> isize {
    let d: &Decimal = o.cast();
    if d.hash.get() == -1 {
        match hash_of(&d.dec, o) {
            Ok(h) => d.hash.set(h),
            Err(_) => return -1,
        }
    }
    d.hash.get()
}

// ---- comparing

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let mut x = a.cast::<Decimal>().dec.clone();
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let y;
    let cx = state::current()?;
    if let Some(d) = b.downcast::<Decimal>() {
        y = d.dec.clone();
    } else if let Some(i) = b.downcast::<Int>() {
        y = from_int(i);
    } else if let Some(f) = b.downcast::<Float>() {
        float_operation(&cx, equality)?;
        y = from_float(f.value());
    } else if let Some(c) = b.downcast::<Complex>() {
        if !equality || c.imag() != 0.0 {
            return Ok(if equality { from_bool(op == CompareOp::Ne) } else { not_implemented() });
        }
        float_operation(&cx, true)?;
        y = from_float(c.real());
    } else if b.is_instance(&state::get()?.rational)? {
        // x against n/d: x * d against n.
        let n = b.get_attr_str("numerator")?;
        let d = b.get_attr_str("denominator")?;
        let (Some(n), Some(d)) = (n.downcast::<Int>(), d.downcast::<Int>()) else { return Ok(not_implemented()) };
        y = from_int(n);
        if x.is_finite() {
            let mut st = 0;
            x = dec::mul(&x, &from_int(d), &Ctx::MAX, &mut st);
        }
    } else {
        return Ok(not_implemented());
    }
    if x.is_nan() || y.is_nan() {
        if x.is_snan() || y.is_snan() || !equality {
            cx.signal(INVALID_OPERATION)?;
        }
        return Ok(from_bool(op == CompareOp::Ne));
    }
    Ok(from_bool(op.test(dec::cmp_numbers(&x, &y))))
}

fn float_operation(cx: &Context, silent: bool) -> PyResult<()> {
    if silent {
        cx.note(FLOAT_OPERATION);
        return Ok(());
    }
    cx.signal(FLOAT_OPERATION)
}

// ---- the number protocol

macro_rules! binary {
    ($name:ident, $f:path) => {
        extern "C" fn $name(a: &Object, b: &Object) -> PyResult {
            let (mut m, mut n) = (None, None);
            let (Some(x), Some(y)) = (operand(a, &mut m), operand(b, &mut n)) else { return Ok(not_implemented()) };
            let cx = state::current()?;
            let mut st = 0;
            let r = $f(x, y, &cx.ctx(), &mut st);
            cx.signal(st)?;
            Decimal::from_dec(r)
        }
    };
}
binary!(add, dec::add);
binary!(subtract, dec::sub);
binary!(multiply, dec::mul);
binary!(true_divide, dec::div);
binary!(floor_divide, dec::div_int);
binary!(remainder, dec::rem);

extern "C" fn divmod(a: &Object, b: &Object) -> PyResult {
    let (mut m, mut n) = (None, None);
    let (Some(x), Some(y)) = (operand(a, &mut m), operand(b, &mut n)) else { return Ok(not_implemented()) };
    divmod_in(x, y, &*state::current()?)
}

/// Quotient and remainder as a tuple.
pub fn divmod_in(x: &Dec, y: &Dec, cx: &Context) -> PyResult {
    let mut st = 0;
    let (q, r) = dec::divmod(x, y, &cx.ctx(), &mut st);
    cx.signal(st)?;
    Ok(tuple_of([Decimal::from_dec(q)?, Decimal::from_dec(r)?]).into_obj())
}

extern "C" fn power(a: &Object, b: &Object, c: &Object) -> PyResult {
    let (mut l, mut m, mut n) = (None, None, None);
    let (Some(x), Some(y)) = (operand(a, &mut l), operand(b, &mut m)) else { return Ok(not_implemented()) };
    let z = if c.is_none() {
        None
    } else {
        match operand(c, &mut n) {
            Some(z) => Some(z),
            None => return Ok(not_implemented()),
        }
    };
    power_in(x, y, z, &*state::current()?)
}

/// `x ** y`, or modulo `z`.
pub fn power_in(x: &Dec, y: &Dec, z: Option<&Dec>, cx: &Context) -> PyResult {
    let mut st = 0;
    let r = match z {
        None => dec::pow(x, y, &cx.ctx(), &mut st),
        Some(z) => dec::pow_mod(x, y, z, &cx.ctx(), &mut st),
    };
    cx.signal(st)?;
    Decimal::from_dec(r)
}

macro_rules! unary {
    ($name:ident, $f:path) => {
        extern "C" fn $name(o: &Object) -> PyResult {
            let cx = state::current()?;
            let mut st = 0;
            let r = $f(&o.cast::<Decimal>().dec, &cx.ctx(), &mut st);
            cx.signal(st)?;
            Decimal::from_dec(r)
        }
    };
}
unary!(negative, dec::minus);
unary!(positive, dec::plus);
unary!(absolute, dec::abs);

extern "C" fn is_true(o: &Object) -> c_int {
    c_int::from(!o.cast::<Decimal>().dec.is_zero())
}

extern "C" fn as_int(o: &Object) -> PyResult {
    to_int(&o.cast::<Decimal>().dec, Round::Down)
}

extern "C" fn as_float(o: &Object) -> PyResult {
    Ok(Float::new(to_float(&o.cast::<Decimal>().dec)?).into_obj())
}

fn real(o: &Object) -> Obj {
    o.to_obj()
}

fn imag(_: &Object) -> PyResult {
    Decimal::from_dec(Dec::zero(false, 0))
}

static AS_NUMBER: NumberMethods = NumberMethods {
    add: Slot::new(add),
    subtract: Slot::new(subtract),
    multiply: Slot::new(multiply),
    remainder: Slot::new(remainder),
    divmod: Slot::new(divmod),
    power: Slot::new(power),
    negative: Slot::new(negative),
    positive: Slot::new(positive),
    absolute: Slot::new(absolute),
    bool_: Slot::new(is_true),
    int: Slot::new(as_int),
    float: Slot::new(as_float),
    floor_divide: Slot::new(floor_divide),
    true_divide: Slot::new(true_divide),
    ..NumberMethods::EMPTY
};

/// `Decimal`.
pub static DECIMAL_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"decimal.Decimal",
        basicsize: size_of::<Decimal>(),
        flags: flags::BASETYPE,
        doc: Some(
            c"Decimal(value=\"0\", context=None)\n--\n\nA number in decimal floating point.\n\nvalue may be an integer, a string, a tuple (sign, digits, exponent), a float or another Decimal; it is taken exactly.",
        ),
        dealloc: Some(dealloc_of::<Decimal>),
        repr: Some(repr),
        str: Some(str),
        hash: Some(hash),
        as_number: Some(&AS_NUMBER),
        richcompare: Some(richcompare),
        methods: Some(super::operations::DECIMAL_METHODS),
        getset: getsets![getset!(c"real", real), getset!(c"imag", imag)],
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// For readying.
pub static TYPES: [&Type; 2] = [&DECIMAL_TYPE, &CONTEXT_TYPE];
