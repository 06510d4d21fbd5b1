//! Operators of `int`, and the short forms that the evaluation loop uses on compact operands.

use super::{Int, MASK, SHIFT};
use crate::error::PyResult;
use crate::header::{Layout, Obj, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::types::float::Float;
use crate::types::{bool_, iterators::tuple_of};
use crate::{bail, raise};
use std::cmp::Ordering;
use std::ffi::c_int;
use taipan_numeric::digits::big::BitOp;
use taipan_numeric::digits::{self, convert::TrueDivError};

// What the evaluation loop calls. Both operands are compact; none of these can raise or run Python code.

/// `a + b` for compact operands.
#[inline(always)]
pub fn add_compact(a: &Int, b: &Int) -> Ref<Int> {
    Int::from_i64(a.compact_value() + b.compact_value())
}

/// `a - b` for compact operands.
#[inline(always)]
pub fn sub_compact(a: &Int, b: &Int) -> Ref<Int> {
    Int::from_i64(a.compact_value() - b.compact_value())
}

/// `a * b` for compact operands.
#[inline(always)]
pub fn mul_compact(a: &Int, b: &Int) -> Ref<Int> {
    Int::from_i64(a.compact_value() * b.compact_value())
}

/// `a <=> b` for compact operands.
#[inline(always)]
pub fn cmp_compact(a: &Int, b: &Int) -> Ordering {
    a.compact_value().cmp(&b.compact_value())
}

/// The object for `v` in `a`'s memory, if nobody else refers to `a` and the result has one digit; else a fresh one.
/// `a` is an exact `int`.
#[inline(always)]
fn reuse(a: Ref<Int>, v: i64) -> Ref<Int> {
    let m = v.unsigned_abs();
    if a.is_unique() && m <= u64::from(MASK) && !(super::SMALL_MIN..=super::SMALL_MAX).contains(&v) {
        a.tag.set(super::tag_of(v < 0, 1));
        a.digit[0].set(m as u32);
        return a;
    }
    Int::from_i64(v)
}

/// `a + b` for exact compact operands, in `a`'s memory where possible.
#[inline(always)]
pub fn add_reuse(a: Ref<Int>, b: &Int) -> Ref<Int> {
    let v = a.compact_value() + b.compact_value();
    reuse(a, v)
}

/// `a - b` for exact compact operands, in `a`'s memory where possible.
#[inline(always)]
pub fn sub_reuse(a: Ref<Int>, b: &Int) -> Ref<Int> {
    let v = a.compact_value() - b.compact_value();
    reuse(a, v)
}

/// `a * b` for exact compact operands, in `a`'s memory where possible.
#[inline(always)]
pub fn mul_reuse(a: Ref<Int>, b: &Int) -> Ref<Int> {
    let v = a.compact_value() * b.compact_value();
    reuse(a, v)
}

// The operators for any two integers.

/// `a + b`.
#[inline]
pub fn add(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    match (a.short(), b.short()) {
        (Some(x), Some(y)) => Ok(Int::from_i64(x + y)),
        _ => add_long(a, b, b.is_negative()),
    }
}

/// `a - b`.
#[inline]
pub fn sub(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    match (a.short(), b.short()) {
        (Some(x), Some(y)) => Ok(Int::from_i64(x - y)),
        _ => add_long(a, b, !b.is_negative()),
    }
}

/// The sum of `a` and of `b`'s magnitude with the given sign.
fn add_long(a: &Int, b: &Int, b_negative: bool) -> PyResult<Ref<Int>> {
    let (x, y) = (a.digits(), b.digits());
    let negative = a.is_negative();
    if negative == b_negative {
        return Int::build(negative, x.len().max(y.len()) + 1, |out| digits::add_into(out, x, y));
    }
    match digits::cmp(x, y) {
        Ordering::Less => Int::build(b_negative, y.len(), |out| digits::sub_into(out, y, x)),
        _ => Int::build(negative, x.len(), |out| digits::sub_into(out, x, y)),
    }
}

/// `a * b`.
#[inline]
pub fn mul(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if a.is_compact() & b.is_compact() {
        return Ok(mul_compact(a, b));
    }
    mul_long(a, b)
}

fn mul_long(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if let (Some(x), Some(y)) = (a.short(), b.short()) {
        return Ok(Int::from_i128(i128::from(x) * i128::from(y)));
    }
    let (x, y) = (a.digits(), b.digits());
    Int::build(a.is_negative() != b.is_negative(), x.len() + y.len(), |out| digits::mul_into(out, x, y))
}

#[cold]
fn zero_division() -> crate::Raised {
    raise!(ZeroDivisionError, "division by zero")
}

/// Quotient and remainder of machine integers, rounded down. `b` is not zero, and neither operand is `i64::MIN`.
#[inline(always)]
fn floor_divmod(a: i64, b: i64) -> (i64, i64) {
    // Most divisions are of small numbers, and 32-bit division is the faster instruction.
    let (q, r) = if let (Ok(a), Ok(b)) = (i32::try_from(a), i32::try_from(b)) {
        if b == -1 { (-i64::from(a), 0) } else { (i64::from(a / b), i64::from(a % b)) }
    } else {
        (a / b, a % b)
    };
    if r != 0 && (r ^ b) < 0 { (q - 1, r + b) } else { (q, r) }
}

/// `a // b`.
pub fn floor_div(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.short(), b.short()) {
        return Ok(Int::from_i64(floor_divmod(x, y).0));
    }
    if let (&[d], false, false) = (b.digits(), a.is_negative(), b.is_negative()) {
        return Int::build(false, a.digit_count(), |out| digits::divrem_digit_into(out, a.digits(), d).0);
    }
    divmod(a, b).map(|(q, _)| q)
}

/// `a % b`.
pub fn modulo(a: &Int, b: &Int) -> PyResult<Ref<Int>> {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.short(), b.short()) {
        return Ok(Int::from_i64(floor_divmod(x, y).1));
    }
    if let &[d] = b.digits() {
        let r = i64::from(digits::rem_digit(a.digits(), d));
        let r = if a.is_negative() { -r } else { r };
        let d = if b.is_negative() { -i64::from(d) } else { i64::from(d) };
        return Ok(Int::from_i64(floor_divmod(r, d).1));
    }
    divmod(a, b).map(|(_, r)| r)
}

/// `divmod(a, b)`.
pub fn divmod(a: &Int, b: &Int) -> PyResult<(Ref<Int>, Ref<Int>)> {
    if b.is_zero() {
        return Err(zero_division());
    }
    if let (Some(x), Some(y)) = (a.short(), b.short()) {
        let (q, r) = floor_divmod(x, y);
        return Ok((Int::from_i64(q), Int::from_i64(r)));
    }
    if let Some(both) = super::pylong::divmod(a, b)? {
        return Ok(both);
    }
    match a.as_big().divmod_floor(b.as_big()) {
        Some((q, r)) => Ok((Int::from_big(&q), Int::from_big(&r))),
        None => Err(zero_division()),
    }
}

/// `a / b`, correctly rounded.
pub fn true_div(a: &Int, b: &Int) -> PyResult<f64> {
    if b.is_zero() {
        return Err(zero_division());
    }
    if a.is_compact() & b.is_compact() {
        return Ok(a.compact_value() as f64 / b.compact_value() as f64);
    }
    match digits::convert::true_div(a.as_big(), b.as_big()) {
        Ok(x) => Ok(x),
        Err(TrueDivError::ZeroDivision) => Err(zero_division()),
        Err(_) => bail!(OverflowError, "integer division result too large for a float"),
    }
}

fn bit_op(a: &Int, b: &Int, op: BitOp) -> Ref<Int> {
    Int::from_big(&a.as_big().bitop(op, b.as_big()))
}

/// `a & b`.
#[inline]
pub fn and(a: &Int, b: &Int) -> Ref<Int> {
    match (a.short(), b.short()) {
        (Some(x), Some(y)) => Int::from_i64(x & y),
        // A short value that is not negative masks the rest away.
        (Some(x), None) if x >= 0 => Int::from_i64(x & b.low_u64() as i64),
        (None, Some(y)) if y >= 0 => Int::from_i64(y & a.low_u64() as i64),
        _ => bit_op(a, b, BitOp::And),
    }
}

/// `a | b`.
#[inline]
pub fn or(a: &Int, b: &Int) -> Ref<Int> {
    match (a.short(), b.short()) {
        (Some(x), Some(y)) => Int::from_i64(x | y),
        _ => bit_op(a, b, BitOp::Or),
    }
}

/// `a ^ b`.
#[inline]
pub fn xor(a: &Int, b: &Int) -> Ref<Int> {
    match (a.short(), b.short()) {
        (Some(x), Some(y)) => Int::from_i64(x ^ y),
        _ => bit_op(a, b, BitOp::Xor),
    }
}

/// `-a`.
#[inline]
pub fn neg(a: &Int) -> Ref<Int> {
    match a.short() {
        Some(x) => Int::from_i64(-x),
        None => Int::from_digits(!a.is_negative(), a.digits()),
    }
}

/// `abs(a)`.
#[inline]
pub fn abs(a: &Int) -> Ref<Int> {
    if a.is_negative() { neg(a) } else { Int::exact(a) }
}

/// `~a`.
#[inline]
pub fn not(a: &Int) -> Ref<Int> {
    match a.short() {
        Some(x) => Int::from_i64(!x),
        None => Int::from_big(&a.as_big().invert()),
    }
}

impl Int {
    /// The order of two integers.
    #[inline]
    pub fn compare(&self, other: &Int) -> Ordering {
        if self.is_compact() & other.is_compact() {
            return cmp_compact(self, other);
        }
        match (self.is_negative(), other.is_negative()) {
            (false, false) => digits::cmp(self.digits(), other.digits()),
            (true, true) => digits::cmp(other.digits(), self.digits()),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    /// Whether two integers are equal.
    #[inline]
    pub fn equals(&self, other: &Int) -> bool {
        // Equal values have equal tags but for the mark of static objects.
        (self.tag() ^ other.tag()) & !super::STATIC == 0
            && (self.digit[0].get() == other.digit[0].get())
            && self.digits() == other.digits()
    }

    /// The hash.
    #[inline]
    pub fn int_hash(&self) -> isize {
        if self.is_compact() {
            return match self.compact_value() as isize {
                -1 => -2,
                v => v,
            };
        }
        self.as_big().hash() as isize
    }

    /// Whether `self` is odd.
    #[inline]
    pub fn is_odd(&self) -> bool {
        self.digit[0].get() & 1 != 0
    }
}

const _: () = assert!(SHIFT == 30);

// Slots.

/// Both operands as integers; slots are called with either one of another type.
#[inline(always)]
pub(super) fn operands<'a>(a: &'a Object, b: &'a Object) -> Option<(&'a Int, &'a Int)> {
    if Int::is_instance(a) && Int::is_instance(b) {
        // SAFETY: just tested.
        unsafe { Some((a.cast_unchecked(), b.cast_unchecked())) }
    } else {
        None
    }
}

macro_rules! binary_slots {
    ($($slot:ident = |$a:ident, $b:ident| $e:expr;)*) => { $(
        pub(super) extern "C" fn $slot(a: &Object, b: &Object) -> PyResult {
            match operands(a, b) {
                Some(($a, $b)) => $e,
                None => Ok(not_implemented()),
            }
        }
    )* };
}

fn obj(r: PyResult<Ref<Int>>) -> PyResult {
    r.map(Ref::into_obj)
}

binary_slots! {
    int_add = |a, b| obj(add(a, b));
    int_subtract = |a, b| obj(sub(a, b));
    int_multiply = |a, b| obj(mul(a, b));
    int_floor_divide = |a, b| obj(floor_div(a, b));
    int_remainder = |a, b| obj(modulo(a, b));
    int_divmod = |a, b| divmod(a, b).map(|(q, r)| tuple_of([q.into_obj(), r.into_obj()]).into_obj());
    int_true_divide = |a, b| true_div(a, b).map(|x| Float::new(x).into_obj());
    int_and = |a, b| Ok(and(a, b).into_obj());
    int_or = |a, b| Ok(or(a, b).into_obj());
    int_xor = |a, b| Ok(xor(a, b).into_obj());
    int_lshift = |a, b| obj(super::shift_left(a, b));
    int_rshift = |a, b| obj(super::shift_right(a, b));
}

macro_rules! unary_slots {
    ($($slot:ident = |$a:ident| $e:expr;)*) => { $(
        pub(super) extern "C" fn $slot(a: &Object) -> PyResult {
            let $a: &Int = a.cast();
            $e
        }
    )* };
}

unary_slots! {
    int_negative = |a| Ok(neg(a).into_obj());
    int_absolute = |a| Ok(abs(a).into_obj());
    int_invert = |a| Ok(not(a).into_obj());
    int_int = |a| Ok(Int::exact(a).into_obj());
    int_float = |a| a.to_f64_checked().map(|x| Float::new(x).into_obj());
}

pub(super) extern "C" fn int_bool(a: &Object) -> c_int {
    !a.cast::<Int>().is_zero() as c_int
}

pub(super) extern "C" fn int_hash(a: &Object) -> isize {
    a.cast::<Int>().int_hash()
}

pub(super) extern "C" fn int_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let Some((a, b)) = operands(a, b) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    let order = if std::ptr::eq(a, b) { Ordering::Equal } else { a.compare(b) };
    Ok(bool_::from_bool(op.test(order)))
}

/// `nb_power`.
pub(super) extern "C" fn int_power(a: &Object, b: &Object, c: &Object) -> PyResult {
    let Some((x, y)) = operands(a, b) else { return Ok(not_implemented()) };
    let modulus: Option<&Int> = if c.is_none() {
        None
    } else {
        match c.downcast() {
            Some(m) => Some(m),
            None => return Ok(not_implemented()),
        }
    };
    super::pow(x, y, modulus)
}

/// A quotient as an object, for natives.
pub fn true_div_obj(a: &Int, b: &Int) -> PyResult<Obj> {
    true_div(a, b).map(|x| Float::new(x).into_obj())
}
