//! The type `slice`.

use crate::alloc::{malloc, out_of_memory};
use crate::args::{check_positional, no_keywords};
use crate::error::PyResult;
use crate::gc;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::number;
use crate::thread::Thread;
use crate::typeobj::slots::VisitProc;
use crate::types::bool_;
use crate::types::int::{self, Int};
use crate::types::iterators::{tuple_of, visit_fields};
use crate::types::none::none;
use crate::types::str::StrBuilder;
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, flags, members, methods};
use std::cmp::Ordering;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use taipan_clinic::method;

/// A `slice` (`PySliceObject`). The three fields are never empty.
#[repr(C)]
pub struct Slice {
    ob_base: Object,
    start: ObjCell,
    stop: ObjCell,
    step: ObjCell,
}

const _: () = assert!(offset_of!(Slice, start) == 16 && offset_of!(Slice, step) == 32 && size_of::<Slice>() == 40);

crate::layout!(Slice, PySlice_Type);

/// A slice applied to a sequence of known length: the items are `start`, `start + step`, and so on, `len` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceRange {
    /// The first index, within the sequence if `len` is not 0.
    pub start: isize,
    /// Where to stop, exclusive.
    pub stop: isize,
    /// The distance; never 0.
    pub step: isize,
    /// How many items.
    pub len: usize,
}

impl SliceRange {
    /// The indices in order.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.len).map(move |i| self.start.wrapping_add(self.step.wrapping_mul(i as isize)) as usize)
    }
}

/// Clips bounds to a length, as slicing does (`PySlice_AdjustIndices`). `step` is neither 0 nor `isize::MIN`.
pub fn adjust((start, stop, step): (isize, isize, isize), len: usize) -> SliceRange {
    let n = len as isize;
    let clip = |i: isize| {
        if i < 0 {
            let i = i + n;
            if i >= 0 {
                i
            } else if step < 0 {
                -1
            } else {
                0
            }
        } else if i >= n {
            if step < 0 { n - 1 } else { n }
        } else {
            i
        }
    };
    let (start, stop) = (clip(start), clip(stop));
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    SliceRange { start, stop, step, len: count as usize }
}

/// A bound as a machine integer, clipped; `default` for `None`.
#[inline(always)]
fn bound(o: &Object, default: isize) -> PyResult<isize> {
    if o.is_none() {
        return Ok(default);
    }
    if !number::has_index(o) {
        bail!(TypeError, "slice indices must be integers or None or have an __index__ method");
    }
    o.index_as_isize(None)
}

impl Slice {
    /// `slice(start, stop, step)`.
    pub fn new(start: &Object, stop: &Object, step: &Object) -> Ref<Slice> {
        Slice::from_owned(start.to_obj(), stop.to_obj(), step.to_obj())
    }

    /// `slice(start, stop, step)` taking over the references.
    pub fn from_owned(start: Obj, stop: Obj, step: Obj) -> Ref<Slice> {
        const SIZE: usize = size_of::<Slice>() + 16;
        let mut p = Thread::current().free_lists.slices.pop();
        if p.is_null() {
            p = malloc(SIZE);
            if p.is_null() {
                out_of_memory();
            }
        }
        // SAFETY: the block holds the collector's links and then a slice, all written before it is tracked.
        unsafe {
            p.cast::<[usize; 2]>().write([0; 2]);
            let p = p.add(16).cast::<Slice>();
            p.write(Slice {
                ob_base: Object::new(&PySlice_Type),
                start: ObjCell::new(start),
                stop: ObjCell::new(stop),
                step: ObjCell::new(step),
            });
            gc::track(&(*p).ob_base);
            Obj::from_raw(p.cast()).cast_into_unchecked()
        }
    }

    /// `start`, or `None`'s object.
    pub fn start(&self) -> &Object {
        self.start.get().unwrap_or(none())
    }
    /// `stop`, or `None`'s object.
    pub fn stop(&self) -> &Object {
        self.stop.get().unwrap_or(none())
    }
    /// `step`, or `None`'s object.
    pub fn step(&self) -> &Object {
        self.step.get().unwrap_or(none())
    }

    /// The bounds as machine integers, clipped but not yet fitted to a length (`PySlice_Unpack`). May run Python code.
    pub fn unpack(&self) -> PyResult<(isize, isize, isize)> {
        let step = bound(self.step(), 1)?;
        if step == 0 {
            bail!(ValueError, "slice step cannot be zero");
        }
        // So that its negation is representable.
        let step = step.max(-isize::MAX);
        let start = bound(self.start(), if step < 0 { isize::MAX } else { 0 })?;
        let stop = bound(self.stop(), if step < 0 { isize::MIN } else { isize::MAX })?;
        Ok((start, stop, step))
    }

    /// The slice of a sequence of `len` items. May run Python code: a caller whose length can change asks [`Slice::unpack`] and
    /// then [`adjust`].
    pub fn indices(&self, len: usize) -> PyResult<SliceRange> {
        Ok(adjust(self.unpack()?, len))
    }
}

/// A bound of any size: an exact or derived `int`.
fn long_bound(o: &Object) -> PyResult<Option<Ref<Int>>> {
    if o.is_none() {
        return Ok(None);
    }
    if !number::has_index(o) {
        bail!(TypeError, "slice indices must be integers or None or have an __index__ method");
    }
    number::index(o).map(Some)
}

/// A slice of a sequence whose length need not fit a machine integer: start, stop and step (`_PySlice_GetLongIndices`).
pub fn long_indices(s: &Slice, length: &Int) -> PyResult<(Ref<Int>, Ref<Int>, Ref<Int>)> {
    let step = long_bound(s.step())?.unwrap_or_else(Int::one);
    if step.is_zero() {
        bail!(ValueError, "slice step cannot be zero");
    }
    let backwards = step.is_negative();
    let (lower, upper) =
        if backwards { (Int::small(-1), int::sub(length, &Int::one())?) } else { (Int::zero(), Int::exact(length)) };
    let clip = |o: &Object, default: &Ref<Int>| -> PyResult<Ref<Int>> {
        let Some(i) = long_bound(o)? else { return Ok(default.clone()) };
        if i.is_negative() {
            let i = int::add(&i, length)?;
            Ok(if i.compare(&lower) == Ordering::Less { lower.clone() } else { i })
        } else {
            Ok(if i.compare(&upper) == Ordering::Greater { upper.clone() } else { Int::exact(&i) })
        }
    };
    let (first, last) = if backwards { (&upper, &lower) } else { (&lower, &upper) };
    let start = clip(s.start(), first)?;
    let stop = clip(s.stop(), last)?;
    Ok((start, stop, Int::exact(&step)))
}

/// The bounds that the slice has on a sequence of that length: a tuple of start, stop and step.
#[method(signature = "(object, /)")]
fn indices(this: &Slice, object: &Object) -> PyResult<Ref<Tuple>> {
    let length = number::index(object)?;
    if length.is_negative() {
        bail!(ValueError, "length should not be negative");
    }
    let (start, stop, step) = long_indices(this, &length)?;
    Ok(tuple_of([start.into_obj(), stop.into_obj(), step.into_obj()]))
}

/// What pickling makes the slice from.
#[method]
fn __reduce__(this: &Slice) -> Ref<Tuple> {
    let args = Tuple::new(&[this.start(), this.stop(), this.step()]);
    tuple_of([PySlice_Type.to_obj(), args.into_obj()])
}

extern "C" fn slice_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("slice", cls, &PySlice_Type, kwargs)?;
    let args = args.cast::<Tuple>().borrowed_items();
    check_positional("slice", args.len(), 1, 3)?;
    let none = none();
    Ok(match *args {
        [stop] => Slice::new(none, stop, none),
        [start, stop] => Slice::new(start, stop, none),
        [start, stop, step] => Slice::new(start, stop, step),
        _ => Slice::new(none, none, none),
    }
    .into_obj())
}

extern "C" fn slice_repr(o: &Object) -> PyResult {
    let s: &Slice = o.cast();
    let mut b = StrBuilder::new();
    b.push_str("slice(");
    b.push_pystr(&*s.start().repr()?);
    b.push_str(", ");
    b.push_pystr(&*s.stop().repr()?);
    b.push_str(", ");
    b.push_pystr(&*s.step().repr()?);
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn slice_hash(o: &Object) -> isize {
    crate::error::status_len(hash(o.cast()))
}

/// As a tuple's, but without its length.
fn hash(s: &Slice) -> PyResult<isize> {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    let mut acc = PRIME_5;
    for part in [s.start(), s.stop(), s.step()] {
        acc = acc.wrapping_add((part.hash()? as u64).wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1);
    }
    Ok(if acc == u64::MAX { 1_546_275_796 } else { acc as isize })
}

extern "C" fn slice_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Slice>(), b.downcast::<Slice>()) else { return Ok(not_implemented()) };
    let op = CompareOp::from_c(op);
    if a.is(b) {
        return Ok(bool_::from_bool(op.test(Ordering::Equal)));
    }
    let x = Tuple::new(&[x.start(), x.stop(), x.step()]);
    let y = Tuple::new(&[y.start(), y.stop(), y.step()]);
    x.rich_compare(&y, op)
}

extern "C" fn slice_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Slice = o.cast();
    visit_fields(&[&s.start, &s.stop, &s.step], visit, arg)
}

/// `tp_dealloc`. Nothing derives from `slice`.
///
/// # Safety
/// The destructor contract.
unsafe extern "C" fn slice_dealloc(obj: NonNull<Object>) {
    // SAFETY: the object is dead; its block, which begins with the collector's links, goes back to where it came from.
    unsafe {
        gc::untrack(obj.as_ref());
        std::ptr::drop_in_place(obj.cast::<Slice>().as_ptr());
        Thread::current().free_lists.slices.push(obj.as_ptr().cast::<u8>().sub(16));
    }
}

/// The type `slice`.
#[unsafe(no_mangle)]
pub static PySlice_Type: Type = Type::new_static(TypeDef {
    name: c"slice",
    basicsize: size_of::<Slice>(),
    flags: flags::HAVE_GC,
    doc: Some(
        c"slice(stop)\nslice(start, stop[, step])\n\nThe part of a sequence between two indices, as a[start:stop:step] picks it.",
    ),
    dealloc: Some(slice_dealloc),
    repr: Some(slice_repr),
    hash: Some(slice_hash),
    richcompare: Some(slice_richcompare),
    traverse: Some(slice_traverse),
    methods: methods![indices, __reduce__],
    members: members![
        MemberDef::new(c"start", member::OBJECT, offset_of!(Slice, start), member::READONLY),
        MemberDef::new(c"stop", member::OBJECT, offset_of!(Slice, stop), member::READONLY),
        MemberDef::new(c"step", member::OBJECT, offset_of!(Slice, step), member::READONLY),
    ],
    new: Some(slice_new),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PySlice_Type];
