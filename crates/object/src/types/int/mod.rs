//! The type `int`: layout, construction and access.
//!
//! A value is a tag word and 30-bit digits, least significant first (`lv_tag`, `ob_digit`). *Compact* values have at most one digit.
//! The values from -5 to 256 are static objects; every function that makes an `int` answers with them, so identity of small
//! values holds everywhere. Arithmetic on many digits is `taipan-numeric`'s; here live the short paths that need no vector.
//!
//! - `arith.rs`: operators; `power.rs`: powers and shifts; `convert.rs`: text and bytes; `methods.rs`: methods and the type object

mod arith;
mod convert;
mod methods;
mod power;
mod pylong;

pub use arith::*;
pub use convert::{ParseError, decimal_text, from_str_object, from_text_object, parse_ascii, to_ascii_digits};
pub use methods::{PyLong_Type, TYPES};
pub use power::{pow, shift_left, shift_right};

use crate::alloc::{malloc, out_of_memory};
use crate::error::{PyResult, no_memory};
use crate::header::{Layout, Obj, Object, Ref};
use crate::thread::Thread;
use crate::{Type, bail};
use std::cell::Cell;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;
use taipan_numeric::digits::{self, Big, BigRef, convert as bigconv};

/// Bits in a digit.
pub const SHIFT: u32 = 30;
/// All bits of a digit.
pub const MASK: u32 = (1 << SHIFT) - 1;

const SIGN: usize = 3;
const ZERO: usize = 1;
const NEGATIVE: usize = 2;
/// Marks the static small values.
const STATIC: usize = 4;
/// Where the digit count begins in the tag.
const COUNT_SHIFT: u32 = 3;
/// Tags below this are compact.
const COMPACT_LIMIT: usize = 2 << COUNT_SHIFT;

/// An `int` (`PyLongObject`). More digits than one follow the struct.
#[repr(C)]
pub struct Int {
    ob_base: Object,
    tag: Cell<usize>,
    digit: [Cell<u32>; 1],
}

const _: () = assert!(offset_of!(Int, tag) == 16 && offset_of!(Int, digit) == 24 && size_of::<Int>() == 32);

crate::layout!(Int, PyLong_Type, LONG_SUBCLASS);

// SAFETY: ints are touched only under the interpreter lock; static ones never change.
unsafe impl Sync for Int {}

/// The least value with a static object.
pub const SMALL_MIN: i64 = -5;
/// The greatest value with a static object.
pub const SMALL_MAX: i64 = 256;
const SMALL_COUNT: usize = (SMALL_MAX - SMALL_MIN + 1) as usize;

static SMALL: [Int; SMALL_COUNT] = {
    let mut a = [const { MaybeUninit::<Int>::uninit() }; SMALL_COUNT];
    let mut i = 0;
    while i < SMALL_COUNT {
        a[i] = MaybeUninit::new(Int::immortal(&PyLong_Type, SMALL_MIN + i as i64, STATIC));
        i += 1;
    }
    // SAFETY: all elements are filled in.
    unsafe { std::mem::transmute::<[MaybeUninit<Int>; SMALL_COUNT], [Int; SMALL_COUNT]>(a) }
};

/// Bytes of a value with up to two digits: the blocks of the free list.
const BLOCK: usize = 32;

const fn tag_of(negative: bool, n: usize) -> usize {
    if n == 0 { ZERO } else { n << COUNT_SHIFT | if negative { NEGATIVE } else { 0 } }
}

impl Int {
    /// A static compact value.
    pub(crate) const fn immortal(ty: &'static Type, v: i64, extra: usize) -> Int {
        Int {
            ob_base: Object::immortal(ty),
            tag: Cell::new(tag_of(v < 0, (v != 0) as usize) | extra),
            digit: [Cell::new(v.unsigned_abs() as u32)],
        }
    }

    /// The static object of a value from -5 to 256.
    #[inline(always)]
    pub fn small(v: i64) -> Ref<Int> {
        debug_assert!((SMALL_MIN..=SMALL_MAX).contains(&v));
        // SAFETY: static ints are immortal, so a reference to one needs no counting.
        unsafe { Obj::from_raw(SMALL[(v - SMALL_MIN) as usize].as_object()).cast_into_unchecked() }
    }

    /// The static object of a value from -5 to 256, borrowed: for the evaluation loop's `LOAD_SMALL_INT`.
    #[inline(always)]
    pub fn small_borrowed(v: i64) -> &'static Int {
        debug_assert!((SMALL_MIN..=SMALL_MAX).contains(&v));
        // SAFETY: the caller's value is in range.
        unsafe { SMALL.get_unchecked((v - SMALL_MIN) as usize) }
    }

    /// 0.
    #[inline]
    pub fn zero() -> Ref<Int> {
        Int::small(0)
    }

    /// 1.
    #[inline]
    pub fn one() -> Ref<Int> {
        Int::small(1)
    }

    /// A fresh object with one or two digits.
    #[inline(always)]
    fn new_block(tag: usize, d0: u32, d1: u32) -> Ref<Int> {
        let mut p = Thread::current().free_lists.ints.pop();
        if p.is_null() {
            p = malloc(BLOCK);
            if p.is_null() {
                out_of_memory();
            }
        }
        let p = p.cast::<Int>();
        // SAFETY: the block has room for the head and two digits; all of it is written before it is shown.
        unsafe {
            (&raw mut (*p).ob_base).write(Object::new(&PyLong_Type));
            (&raw mut (*p).tag).write(Cell::new(tag));
            (&raw mut (*p).digit).cast::<[u32; 2]>().write([d0, d1]);
            Obj::from_raw(p.cast()).cast_into_unchecked()
        }
    }

    /// The greatest magnitude with one digit.
    pub const COMPACT_MAX: i64 = MASK as i64;

    /// An integer of one digit that is not among the static ones, if the thread has a block at hand. For the evaluation loop.
    #[inline(always)]
    pub fn try_compact(ts: &Thread, v: i64) -> Option<Ref<Int>> {
        debug_assert!(v.abs() <= Int::COMPACT_MAX && !Int::is_small(v));
        let p = ts.free_lists.ints.pop().cast::<Int>();
        if p.is_null() {
            return None;
        }
        // SAFETY: the block has room for the head and two digits; what is read of it is written before it is shown.
        unsafe {
            (&raw mut (*p).ob_base).write(Object::new(&PyLong_Type));
            (&raw mut (*p).tag).write(Cell::new(1 << COUNT_SHIFT | if v < 0 { NEGATIVE } else { 0 }));
            (&raw mut (*p).digit).cast::<[u32; 2]>().write([v.unsigned_abs() as u32, 0]);
            Some(Obj::from_raw(p.cast()).cast_into_unchecked())
        }
    }

    /// Whether the value has a static object.
    #[inline(always)]
    pub fn is_small(v: i64) -> bool {
        (v.wrapping_sub(SMALL_MIN) as u64) < SMALL_COUNT as u64
    }

    /// Changes the value to one of one digit. For the evaluation loop, which knows that nobody else has a reference to this exact `int`,
    /// and that the value is none of the static ones.
    #[inline(always)]
    pub fn overwrite_compact(&self, v: i64) {
        debug_assert!(
            self.is_unique() && self.is_exact(&PyLong_Type) && v.abs() <= Int::COMPACT_MAX && !Int::is_small(v)
        );
        self.tag.set(tag_of(v < 0, 1));
        self.digit[0].set(v.unsigned_abs() as u32);
    }

    /// From a machine integer.
    #[inline(always)]
    pub fn from_i64(v: i64) -> Ref<Int> {
        if (v.wrapping_sub(SMALL_MIN) as u64) < SMALL_COUNT as u64 { Int::small(v) } else { Int::from_i64_fresh(v) }
    }

    #[inline]
    fn from_i64_fresh(v: i64) -> Ref<Int> {
        let m = v.unsigned_abs();
        let sign = if v < 0 { NEGATIVE } else { 0 };
        if m < 1 << SHIFT {
            Int::new_block(1 << COUNT_SHIFT | sign, m as u32, 0)
        } else if m < 1 << (2 * SHIFT) {
            Int::new_block(2 << COUNT_SHIFT | sign, m as u32 & MASK, (m >> SHIFT) as u32)
        } else {
            Int::from_digits(v < 0, &[m as u32 & MASK, (m >> SHIFT) as u32 & MASK, (m >> (2 * SHIFT)) as u32])
        }
    }

    /// From an unsigned machine integer.
    #[inline]
    pub fn from_u64(v: u64) -> Ref<Int> {
        match i64::try_from(v) {
            Ok(v) => Int::from_i64(v),
            Err(_) => Int::from_u128(v.into()),
        }
    }

    /// From a machine-sized integer.
    #[inline]
    pub fn from_isize(v: isize) -> Ref<Int> {
        Int::from_i64(v as i64)
    }

    /// From a size.
    #[inline]
    pub fn from_usize(v: usize) -> Ref<Int> {
        Int::from_u64(v as u64)
    }

    /// From 128 bits.
    #[inline]
    pub fn from_i128(v: i128) -> Ref<Int> {
        match i64::try_from(v) {
            Ok(v) => Int::from_i64(v),
            Err(_) => Int::from_magnitude(v < 0, v.unsigned_abs()),
        }
    }

    /// From 128 bits.
    #[inline]
    pub fn from_u128(v: u128) -> Ref<Int> {
        Int::from_magnitude(false, v)
    }

    fn from_magnitude(negative: bool, m: u128) -> Ref<Int> {
        let d: [u32; 5] = std::array::from_fn(|i| (m >> (SHIFT * i as u32)) as u32 & MASK);
        Int::from_digits(negative, &d)
    }

    /// From a sign and digits, which may have leading zeros.
    pub fn from_digits(negative: bool, d: &[u32]) -> Ref<Int> {
        match Int::build(negative, d.len(), |out| {
            out.copy_from_slice(d);
            d.len()
        }) {
            Ok(i) => i,
            Err(_) => out_of_memory(),
        }
    }

    /// From a number of `taipan-numeric`.
    #[inline]
    pub fn from_big(b: &Big) -> Ref<Int> {
        Int::from_digits(b.neg, &b.digits)
    }

    /// The integer part of a double; infinities and NaN raise.
    pub fn from_f64(x: f64) -> PyResult<Ref<Int>> {
        // Every double in this range converts to a machine integer.
        if x > -9.2e18 && x < 9.2e18 {
            return Ok(Int::from_i64(x as i64));
        }
        match bigconv::from_f64(x) {
            Some(b) => Ok(Int::from_big(&b)),
            None if x.is_nan() => bail!(ValueError, "cannot convert float NaN to integer"),
            None => bail!(OverflowError, "cannot convert float infinity to integer"),
        }
    }

    /// A fresh object with room for `n` digits that `fill` writes, answering how many of them count (leading zeros may be among them).
    pub(crate) fn build(negative: bool, n: usize, fill: impl FnOnce(&mut [u32]) -> usize) -> PyResult<Ref<Int>> {
        if n <= 2 {
            let mut d = [0u32; 2];
            let used = fill(&mut d[..n]);
            let m = if used == 0 { 0 } else { i64::from(d[0]) | if used > 1 { i64::from(d[1]) << SHIFT } else { 0 } };
            return Ok(Int::from_i64(if negative { -m } else { m }));
        }
        let Some(size) =
            n.checked_mul(4).and_then(|s| s.checked_add(offset_of!(Int, digit))).filter(|s| *s < isize::MAX as usize)
        else {
            return Err(no_memory());
        };
        let p = malloc(size).cast::<Int>();
        if p.is_null() {
            return Err(no_memory());
        }
        // SAFETY: the block has room for the head and `n` digits; it is zeroed before `fill` sees it, and complete before it is shown.
        let i: Ref<Int> = unsafe {
            (&raw mut (*p).ob_base).write(Object::new(&PyLong_Type));
            (&raw mut (*p).tag).write(Cell::new(n << COUNT_SHIFT));
            let d = (&raw mut (*p).digit).cast::<u32>();
            d.write_bytes(0, n);
            let d = std::slice::from_raw_parts_mut(d, n);
            let used = fill(d);
            let used = digits::normalized_len(&d[..used]);
            (*p).tag.set(tag_of(negative, used));
            Obj::from_raw(p.cast()).cast_into_unchecked()
        };
        // Small results must be the static objects.
        match i.compact() {
            Some(v) if (SMALL_MIN..=SMALL_MAX).contains(&v) => Ok(Int::small(v)),
            _ => Ok(i),
        }
    }

    /// Whether the value has at most one digit (`PyUnstable_Long_IsCompact`).
    #[inline(always)]
    pub fn is_compact(&self) -> bool {
        self.tag.get() < COMPACT_LIMIT
    }

    /// The value of a compact integer; meaningless for others.
    #[inline(always)]
    pub fn compact_value(&self) -> i64 {
        (1 - (self.tag.get() & SIGN) as i64) * i64::from(self.digit[0].get())
    }

    /// The value, if it has at most one digit.
    #[inline(always)]
    pub fn compact(&self) -> Option<i64> {
        if self.is_compact() { Some(self.compact_value()) } else { None }
    }

    /// The values of two ints, if both have at most one digit.
    #[inline(always)]
    pub fn compact_pair(&self, other: &Int) -> Option<(i64, i64)> {
        // Every bit of a compact tag lies below the limit.
        if (self.tag.get() | other.tag.get()) < COMPACT_LIMIT {
            Some((self.compact_value(), other.compact_value()))
        } else {
            None
        }
    }

    /// The value, if it has at most two digits (60 bits).
    #[inline(always)]
    pub(crate) fn short(&self) -> Option<i64> {
        let tag = self.tag.get();
        if tag < COMPACT_LIMIT {
            return Some(self.compact_value());
        }
        if tag < 3 << COUNT_SHIFT {
            let d = self.digits();
            let m = i64::from(d[0]) | i64::from(d[1]) << SHIFT;
            return Some((1 - (tag & SIGN) as i64) * m);
        }
        None
    }

    /// The tag word.
    #[inline(always)]
    pub fn tag(&self) -> usize {
        self.tag.get()
    }

    /// How many digits the value has; 0 for zero.
    #[inline(always)]
    pub fn digit_count(&self) -> usize {
        self.tag.get() >> COUNT_SHIFT
    }

    /// The digits of the magnitude, least significant first.
    #[inline(always)]
    pub fn digits(&self) -> &[u32] {
        // SAFETY: that many digits follow the tag, and nobody changes them while the object is shared.
        unsafe { std::slice::from_raw_parts((&raw const self.digit).cast::<u32>(), self.digit_count()) }
    }

    /// Whether the value is below zero.
    #[inline(always)]
    pub fn is_negative(&self) -> bool {
        self.tag.get() & SIGN == NEGATIVE
    }

    /// Whether the value is zero.
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.tag.get() & SIGN == ZERO
    }

    /// -1, 0 or 1.
    #[inline]
    pub fn sign(&self) -> i32 {
        1 - (self.tag.get() & SIGN) as i32
    }

    /// The value as `taipan-numeric` takes it.
    #[inline]
    pub fn as_big(&self) -> BigRef<'_> {
        BigRef::new(self.is_negative(), self.digits())
    }

    /// The value, if it fits.
    #[inline(always)]
    pub fn to_i64(&self) -> Option<i64> {
        if self.is_compact() { Some(self.compact_value()) } else { self.as_big().to_i64() }
    }

    /// The value, if it fits.
    #[inline]
    pub fn to_u64(&self) -> Option<u64> {
        if self.is_negative() { None } else { digits::to_u64(self.digits()) }
    }

    /// The value, if it fits.
    #[inline]
    pub fn to_isize(&self) -> Option<isize> {
        self.to_i64().map(|v| v as isize)
    }

    /// The value, if it fits.
    #[inline]
    pub fn to_usize(&self) -> Option<usize> {
        self.to_u64().map(|v| v as usize)
    }

    /// The value, if it fits.
    #[inline]
    pub fn to_i32(&self) -> Option<i32> {
        self.to_i64().and_then(|v| i32::try_from(v).ok())
    }

    /// The value, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        let d = self.digits();
        if d.len() > 5 {
            return None;
        }
        // Five digits are 150 bits: the top one may hold no more than seven here.
        if d.len() == 5 && d[4] >= 1 << 8 {
            return None;
        }
        let m = d.iter().rev().fold(0u128, |m, &x| m << SHIFT | u128::from(x));
        if self.is_negative() {
            if m <= 1 << 127 { Some((m as i128).wrapping_neg()) } else { None }
        } else {
            i128::try_from(m).ok()
        }
    }

    /// The lowest 64 bits of the two's complement form (`PyLong_AsUnsignedLongMask`).
    #[inline]
    pub fn low_u64(&self) -> u64 {
        let m = digits::low_u64(self.digits());
        if self.is_negative() { m.wrapping_neg() } else { m }
    }

    /// The nearest double; `OverflowError` when there is none.
    #[inline]
    pub fn to_f64_checked(&self) -> PyResult<f64> {
        if self.is_compact() {
            return Ok(self.compact_value() as f64);
        }
        match bigconv::to_f64(self.as_big()) {
            Ok(x) => Ok(x),
            Err(_) => bail!(OverflowError, "int too large to convert to float"),
        }
    }

    /// As a size; `OverflowError` as for `PyLong_AsSsize_t`.
    pub fn as_object_isize(&self) -> PyResult<isize> {
        match self.to_i64() {
            Some(v) => Ok(v as isize),
            None => bail!(OverflowError, "Python int too large to convert to C ssize_t"),
        }
    }

    /// The same value as an exact `int`.
    #[inline]
    pub fn exact(i: &Int) -> Ref<Int> {
        if i.is_exact(&PyLong_Type) { Ref::from_borrowed(i) } else { i.copy() }
    }

    #[cold]
    fn copy(&self) -> Ref<Int> {
        Int::from_digits(self.is_negative(), self.digits())
    }

    /// A value in an instance of `cls`, a subclass of `int`.
    pub fn new_in_subclass(cls: &Type, v: &Int) -> PyResult {
        let d = v.digits();
        let n = d.len().max(1);
        let o = match cls.alloc.get() {
            Some(f) => f(cls, n as isize)?,
            None => crate::alloc::generic_alloc(cls, n as isize)?,
        };
        // SAFETY: `tp_alloc` of a subclass gives room for `n` digits after the tag.
        unsafe {
            let p = o.as_ptr().cast::<Int>();
            (*p).tag.set(tag_of(v.is_negative(), d.len()));
            let out = (&raw mut (*p).digit).cast::<u32>();
            out.write(0);
            out.copy_from_nonoverlapping(d.as_ptr(), d.len());
        }
        Ok(o)
    }

    /// How many bits the magnitude has.
    #[inline]
    pub fn bit_length(&self) -> u64 {
        digits::bit_length(self.digits())
    }
}

impl std::fmt::Debug for Int {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_i64() {
            Some(v) => write!(f, "Int({v})"),
            None => write!(f, "Int({} digits)", self.digit_count()),
        }
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// The destructor contract.
unsafe extern "C" fn int_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead; exact ints without managed parts give their block back themselves.
    unsafe {
        let i = obj.cast::<Int>().as_ref();
        if !i.is_exact(&PyLong_Type) {
            return crate::alloc::finish_dealloc(obj);
        }
        let tag = i.tag.get();
        if tag & STATIC != 0 {
            // Someone miscounted a static value: it lives on.
            return i.make_immortal();
        }
        if tag < 3 << COUNT_SHIFT {
            Thread::current().free_lists.ints.push(obj.as_ptr().cast());
        } else {
            crate::alloc::free(obj.as_ptr().cast());
        }
    }
}
