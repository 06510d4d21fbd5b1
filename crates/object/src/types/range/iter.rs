//! The iterators of `range`: one with machine integers, which the evaluation loop reads directly, and one with integers of any size.

use super::reduce_as_range;
use crate::alloc::{malloc, out_of_memory};
use crate::error::{PyResult, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::thread::Thread;
use crate::types::int::{self, Int};
use crate::types::iterators::self_iter;
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, flags, methods};
use std::cell::Cell;
use std::cmp::Ordering;
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_clinic::method;

/// A `range_iterator` (`_PyRangeIterObject`). `start + len * step` does not overflow.
#[repr(C)]
pub struct RangeIter {
    ob_base: Object,
    /// The next value.
    pub start: Cell<i64>,
    /// The distance between values.
    pub step: Cell<i64>,
    /// How many values are left.
    pub len: Cell<i64>,
}

const _: () =
    assert!(offset_of!(RangeIter, start) == 16 && offset_of!(RangeIter, len) == 32 && size_of::<RangeIter>() == 40);

crate::layout!(RangeIter, PyRangeIter_Type);

impl RangeIter {
    /// An iterator over `len` values.
    pub fn new(start: i64, step: i64, len: i64) -> Ref<RangeIter> {
        let mut p = Thread::current().free_lists.range_iterators.pop();
        if p.is_null() {
            p = malloc(size_of::<RangeIter>());
            if p.is_null() {
                out_of_memory();
            }
        }
        // SAFETY: the block has the iterator's size and is written before it is shown.
        unsafe {
            p.cast::<RangeIter>().write(RangeIter {
                ob_base: Object::new(&PyRangeIter_Type),
                start: Cell::new(start),
                step: Cell::new(step),
                len: Cell::new(len),
            });
            Obj::from_raw(p.cast()).cast_into_unchecked()
        }
    }

    /// The next value. Neither runs Python code nor raises.
    #[inline(always)]
    pub fn next_value(&self) -> Option<i64> {
        let n = self.len.get();
        if n <= 0 {
            return None;
        }
        self.len.set(n - 1);
        let v = self.start.get();
        self.start.set(v.wrapping_add(self.step.get()));
        Some(v)
    }
}

extern "C" fn range_iter_next(o: &Object) -> Option<Obj> {
    o.cast::<RangeIter>().next_value().map(|v| Int::from_i64(v).into_obj())
}

/// How many values are left.
#[method(name = "__length_hint__")]
fn range_iter_length_hint(this: &RangeIter) -> i64 {
    this.len.get()
}

/// What pickling makes the iterator from.
#[method(name = "__reduce__")]
fn range_iter_reduce(this: &RangeIter) -> PyResult<Ref<Tuple>> {
    let (start, step, len) = (this.start.get(), this.step.get(), this.len.get());
    let stop = Int::from_i128(i128::from(start) + i128::from(len) * i128::from(step));
    reduce_as_range(Int::from_i64(start), stop, Int::from_i64(step))
}

/// Skips values, as pickling saved the position.
#[method(name = "__setstate__", signature = "(object, /)")]
fn range_iter_setstate(this: &RangeIter, object: &Object) -> PyResult<()> {
    let i = object.as_i64()?.clamp(0, this.len.get());
    this.start.set(this.start.get().wrapping_add(i.wrapping_mul(this.step.get())));
    this.len.set(this.len.get() - i);
    Ok(())
}

/// `tp_dealloc`. Nothing derives from the type.
///
/// # Safety
/// The destructor contract.
unsafe extern "C" fn range_iter_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead and owns nothing but its block.
    unsafe { Thread::current().free_lists.range_iterators.push(obj.as_ptr().cast()) }
}

/// The type `range_iterator`.
#[unsafe(no_mangle)]
pub static PyRangeIter_Type: Type = Type::new_static(TypeDef {
    name: c"range_iterator",
    basicsize: size_of::<RangeIter>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(range_iter_dealloc),
    iter: Some(self_iter),
    iternext: Some(range_iter_next),
    methods: methods![range_iter_length_hint, range_iter_reduce, range_iter_setstate],
    ..TypeDef::EMPTY
});

/// A `longrange_iterator` (`longrangeiterobject`): the next value, the distance, and how many values are left.
#[repr(C)]
pub struct LongRangeIter {
    ob_base: Object,
    start: ObjCell,
    step: ObjCell,
    len: ObjCell,
}

const _: () = assert!(offset_of!(LongRangeIter, start) == 16 && size_of::<LongRangeIter>() == 40);

crate::layout!(LongRangeIter, PyLongRangeIter_Type);

impl LongRangeIter {
    /// An iterator over `len` values.
    pub fn new(start: Ref<Int>, step: Ref<Int>, len: Ref<Int>) -> Ref<LongRangeIter> {
        crate::alloc::new_object(LongRangeIter {
            ob_base: Object::placeholder(),
            start: ObjCell::new(start.into_obj()),
            step: ObjCell::new(step.into_obj()),
            len: ObjCell::new(len.into_obj()),
        })
    }

    fn field(f: &ObjCell) -> Ref<Int> {
        match f.get() {
            Some(o) => Ref::from_borrowed(o.cast::<Int>()),
            None => Int::zero(),
        }
    }

    /// Moves on by `n` values.
    fn skip(&self, n: &Int) -> PyResult<()> {
        let start = int::add(&Self::field(&self.start), &*int::mul(n, &Self::field(&self.step))?)?;
        let len = int::sub(&Self::field(&self.len), n)?;
        self.start.set(Some(start.into_obj()));
        self.len.set(Some(len.into_obj()));
        Ok(())
    }

    fn next_item(&self) -> PyResult<Option<Obj>> {
        if Self::field(&self.len).is_zero() {
            return Ok(None);
        }
        let v = Self::field(&self.start);
        self.skip(&Int::one())?;
        Ok(Some(v.into_obj()))
    }
}

extern "C" fn long_range_iter_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<LongRangeIter>().next_item())
}

/// How many values are left.
#[method(name = "__length_hint__")]
fn long_range_iter_length_hint(this: &LongRangeIter) -> Ref<Int> {
    LongRangeIter::field(&this.len)
}

/// What pickling makes the iterator from.
#[method(name = "__reduce__")]
fn long_range_iter_reduce(this: &LongRangeIter) -> PyResult<Ref<Tuple>> {
    let (start, step, len) =
        (LongRangeIter::field(&this.start), LongRangeIter::field(&this.step), LongRangeIter::field(&this.len));
    let stop = int::add(&start, &*int::mul(&len, &step)?)?;
    reduce_as_range(start, stop, step)
}

/// Skips values, as pickling saved the position.
#[method(name = "__setstate__", signature = "(object, /)")]
fn long_range_iter_setstate(this: &LongRangeIter, object: &Object) -> PyResult<()> {
    let Some(i) = object.downcast::<Int>() else {
        bail!(TypeError, "state must be an int, not {}", object.ty().name_str());
    };
    let len = LongRangeIter::field(&this.len);
    if i.is_negative() {
        return Ok(());
    }
    this.skip(if i.compare(&len) == Ordering::Greater { &len } else { i })
}

/// The type `longrange_iterator`.
#[unsafe(no_mangle)]
pub static PyLongRangeIter_Type: Type = Type::new_static(TypeDef {
    name: c"longrange_iterator",
    basicsize: size_of::<LongRangeIter>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(crate::alloc::dealloc_of::<LongRangeIter>),
    iter: Some(self_iter),
    iternext: Some(long_range_iter_next),
    methods: methods![long_range_iter_length_hint, long_range_iter_reduce, long_range_iter_setstate],
    ..TypeDef::EMPTY
});
