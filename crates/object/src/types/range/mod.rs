//! The type `range`. Its bounds are exact integers of any size; `iter.rs` holds the two iterators.

mod iter;

pub use iter::{LongRangeIter, PyLongRangeIter_Type, PyRangeIter_Type, RangeIter};

use crate::args::{CallArgs, check_positional, no_keywords};
use crate::error::{PyResult, status_bool, status_len};
use crate::header::{ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::call::nargs;
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::number;
use crate::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot};
use crate::types::bool_::{self, PyBool_Type};
use crate::types::int::{self, Int, PyLong_Type};
use crate::types::iterators::tuple_of;
use crate::types::none::none;
use crate::types::slice::{self, Slice};
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{Obj, Type, TypeDef, bail, flags, members, methods};
use std::cmp::Ordering;
use std::ffi::c_int;
use std::mem::offset_of;
use taipan_clinic::method;

/// A `range` (`rangeobject`). The fields hold exact integers and are never empty.
#[repr(C)]
pub struct Range {
    ob_base: Object,
    start: ObjCell,
    stop: ObjCell,
    step: ObjCell,
    length: ObjCell,
}

const _: () = assert!(offset_of!(Range, start) == 16 && offset_of!(Range, length) == 40 && size_of::<Range>() == 48);

crate::layout!(Range, PyRange_Type);

fn int_in(field: &ObjCell) -> &Int {
    match field.get() {
        Some(o) => o.cast(),
        None => Int::small_borrowed(0),
    }
}

/// How many values there are from `start` to `stop`, exclusive. `step` is not zero.
fn count_i64(start: i64, stop: i64, step: i64) -> u64 {
    let (low, high) = if step > 0 { (start, stop) } else { (stop, start) };
    if low >= high { 0 } else { (high.wrapping_sub(low) as u64 - 1) / step.unsigned_abs() + 1 }
}

fn count(start: &Int, stop: &Int, step: &Int) -> PyResult<Ref<Int>> {
    if let (Some(a), Some(b), Some(s)) = (start.to_i64(), stop.to_i64(), step.to_i64()) {
        return Ok(Int::from_u64(count_i64(a, b, s)));
    }
    let (low, high) = if step.is_negative() { (stop, start) } else { (start, stop) };
    if low.compare(high) != Ordering::Less {
        return Ok(Int::zero());
    }
    let one = Int::one();
    let span = int::sub(&*int::sub(high, low)?, &one)?;
    int::add(&*int::floor_div(&span, &int::abs(step))?, &one)
}

impl Range {
    /// `range(start, stop, step)`.
    pub fn new(start: Ref<Int>, stop: Ref<Int>, step: Ref<Int>) -> PyResult<Ref<Range>> {
        if step.is_zero() {
            bail!(ValueError, "range() arg 3 must not be zero");
        }
        let length = count(&start, &stop, &step)?;
        Ok(crate::alloc::new_object(Range {
            ob_base: Object::placeholder(),
            start: ObjCell::new(start.into_obj()),
            stop: ObjCell::new(stop.into_obj()),
            step: ObjCell::new(step.into_obj()),
            length: ObjCell::new(length.into_obj()),
        }))
    }

    /// The first bound.
    pub fn start(&self) -> &Int {
        int_in(&self.start)
    }
    /// The bound that is not reached.
    pub fn stop(&self) -> &Int {
        int_in(&self.stop)
    }
    /// The distance between values.
    pub fn step(&self) -> &Int {
        int_in(&self.step)
    }
    /// How many values there are.
    pub fn length(&self) -> &Int {
        int_in(&self.length)
    }

    /// The bounds, if all of them are machine integers.
    fn short(&self) -> Option<(i64, i64, i64)> {
        Some((self.start().to_i64()?, self.stop().to_i64()?, self.step().to_i64()?))
    }

    /// `start + i * step`, whether or not it is in the range.
    fn at(&self, i: &Int) -> PyResult<Ref<Int>> {
        int::add(self.start(), &*int::mul(i, self.step())?)
    }

    /// `self[i]`; negative indices count from the end.
    fn item(&self, i: &Int) -> PyResult<Ref<Int>> {
        if let (Some((start, _, step)), Some(len), Some(i)) = (self.short(), self.length().to_i64(), i.to_i64()) {
            let i = if i < 0 { i.saturating_add(len) } else { i };
            if i < 0 || i >= len {
                bail!(IndexError, "range object index out of range");
            }
            // Every value of the range lies between its bounds.
            return Ok(Int::from_i64(start.wrapping_add(i.wrapping_mul(step))));
        }
        let wrapped;
        let i = if i.is_negative() {
            wrapped = int::add(i, self.length())?;
            &*wrapped
        } else {
            i
        };
        if i.is_negative() || i.compare(self.length()) != Ordering::Less {
            bail!(IndexError, "range object index out of range");
        }
        self.at(i)
    }

    /// Whether an integer is one of the values.
    fn contains(&self, x: &Int) -> PyResult<bool> {
        let (start, stop, step) = (self.start(), self.stop(), self.step());
        let within = if step.is_negative() {
            x.compare(start) != Ordering::Greater && x.compare(stop) == Ordering::Greater
        } else {
            x.compare(start) != Ordering::Less && x.compare(stop) == Ordering::Less
        };
        Ok(within && int::modulo(&*int::sub(x, start)?, step)?.is_zero())
    }

    /// The slice of a range is a range.
    fn slice(&self, s: &Slice) -> PyResult<Ref<Range>> {
        let (start, stop, step) = slice::long_indices(s, self.length())?;
        Range::new(self.at(&start)?, self.at(&stop)?, int::mul(&step, self.step())?)
    }

    fn equals(&self, other: &Range) -> bool {
        let n = self.length();
        n.equals(other.length())
            && (n.is_zero()
                || self.start().equals(other.start()) && (n.compact() == Some(1) || self.step().equals(other.step())))
    }
}

/// Whether values of this exact type are found by arithmetic rather than by comparing each item.
fn plain_int(o: &Object) -> Option<&Int> {
    if o.is_exact(&PyLong_Type) || o.is_exact(&PyBool_Type) { Some(o.cast()) } else { None }
}

fn construct(args: &[&Object]) -> PyResult<Ref<Range>> {
    check_positional("range", args.len(), 1, 3)?;
    let exact = |o: &Object| number::index(o).map(|i| Int::exact(&i));
    match *args {
        [start, stop] => Range::new(exact(start)?, exact(stop)?, Int::one()),
        [start, stop, step] => Range::new(exact(start)?, exact(stop)?, exact(step)?),
        _ => Range::new(Int::zero(), exact(args[0])?, Int::one()),
    }
}

extern "C" fn range_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("range", cls, &PyRange_Type, kwargs)?;
    construct(args.cast::<Tuple>().borrowed_items()).map(Ref::into_obj)
}

unsafe extern "C" fn range_vectorcall(
    _: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "range() takes no keyword arguments");
    }
    construct(call.positional()).map(Ref::into_obj)
}

extern "C" fn range_repr(o: &Object) -> PyResult {
    let r: &Range = o.cast();
    let (start, stop) = (r.start().to_str()?, r.stop().to_str()?);
    let text = if r.step().compact() == Some(1) {
        format!("range({}, {})", start.display(), stop.display())
    } else {
        format!("range({}, {}, {})", start.display(), stop.display(), r.step().to_str()?.display())
    };
    Ok(Str::from_utf8(&text).into_obj())
}

extern "C" fn range_length(o: &Object) -> isize {
    status_len(o.cast::<Range>().length().as_object_isize())
}

extern "C" fn range_bool(o: &Object) -> c_int {
    !o.cast::<Range>().length().is_zero() as c_int
}

extern "C" fn range_item(o: &Object, i: isize) -> PyResult {
    o.cast::<Range>().item(&Int::from_isize(i)).map(Ref::into_obj)
}

extern "C" fn range_subscript(o: &Object, key: &Object) -> PyResult {
    let r: &Range = o.cast();
    if number::has_index(key) {
        return r.item(&*number::index(key)?).map(Ref::into_obj);
    }
    match key.downcast::<Slice>() {
        Some(s) => r.slice(s).map(Ref::into_obj),
        None => bail!(TypeError, "range indices must be integers or slices, not {}", key.ty().name_str()),
    }
}

/// Looks for an equal item by iterating; `found` says whether to stop there.
fn search(o: &Object, x: &Object, mut found: impl FnMut(isize) -> bool) -> PyResult<()> {
    let it = o.iter()?;
    let mut i = 0;
    while let Some(item) = it.next()? {
        if item.eq(x)? && found(i) {
            break;
        }
        i += 1;
    }
    Ok(())
}

extern "C" fn range_contains(o: &Object, x: &Object) -> c_int {
    if let Some(i) = plain_int(x) {
        return status_bool(o.cast::<Range>().contains(i));
    }
    let mut hit = false;
    status_bool(
        search(o, x, |_| {
            hit = true;
            true
        })
        .map(|()| hit),
    )
}

extern "C" fn range_hash(o: &Object) -> isize {
    let r: &Range = o.cast();
    let n = r.length();
    let (mut start, mut step): (&Object, &Object) = (none(), none());
    if !n.is_zero() {
        start = r.start();
        if n.compact() != Some(1) {
            step = r.step();
        }
    }
    status_len(Tuple::new(&[n, start, step]).hash())
}

extern "C" fn range_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    match (b.downcast::<Range>(), op) {
        (Some(y), CompareOp::Eq | CompareOp::Ne) => {
            Ok(bool_::from_bool(a.cast::<Range>().equals(y) == (op == CompareOp::Eq)))
        }
        _ => Ok(not_implemented()),
    }
}

extern "C" fn range_iter(o: &Object) -> PyResult {
    let r: &Range = o.cast();
    if let Some((start, stop, step)) = r.short() {
        let n = count_i64(start, stop, step);
        // The iterator's start is moved beyond the last value, which must not overflow.
        let fits = n == 0 || if step > 0 { stop <= i64::MAX - (step - 1) } else { stop >= i64::MIN + (-1 - step) };
        if fits && let Ok(n) = i64::try_from(n) {
            return Ok(RangeIter::new(start, step, n).into_obj());
        }
    }
    Ok(LongRangeIter::new(Int::exact(r.start()), Int::exact(r.step()), Int::exact(r.length())).into_obj())
}

/// An iterator over the values, the last one first.
#[method]
fn __reversed__(this: &Range) -> PyResult {
    if let Some((start, stop, step)) = this.short()
        && step != i64::MIN
        && start.checked_sub(step).is_some()
        && let Ok(n) = i64::try_from(count_i64(start, stop, step))
    {
        let first = if n == 0 { start } else { start + (n - 1) * step };
        return Ok(RangeIter::new(first, -step, n).into_obj());
    }
    let last = int::sub(this.length(), &Int::one())?;
    Ok(LongRangeIter::new(this.at(&last)?, int::neg(this.step()), Int::exact(this.length())).into_obj())
}

/// What pickling makes the range from.
#[method]
fn __reduce__(this: &Range) -> Ref<Tuple> {
    tuple_of([this.ty().to_obj(), Tuple::new(&[this.start(), this.stop(), this.step()]).into_obj()])
}

/// How many values are equal to the object.
#[method(name = "count", signature = "(object, /)")]
fn count_of(this: &Range, object: &Object) -> PyResult<isize> {
    if let Some(i) = plain_int(object) {
        return this.contains(i).map(isize::from);
    }
    let mut n = 0;
    search(this, object, |_| {
        n += 1;
        false
    })?;
    Ok(n)
}

/// The index of the first value that is equal to the object.
#[method(signature = "(object, /)")]
fn index(this: &Range, object: &Object) -> PyResult<Ref<Int>> {
    if let Some(i) = plain_int(object) {
        if !this.contains(i)? {
            bail!(ValueError, "range.index(x): x not in range");
        }
        return int::floor_div(&*int::sub(i, this.start())?, this.step());
    }
    let mut at = None;
    search(this, object, |i| {
        at = Some(i);
        true
    })?;
    match at {
        Some(i) => Ok(Int::from_isize(i)),
        None => bail!(ValueError, "sequence.index(x): x not in sequence"),
    }
}

static AS_NUMBER: NumberMethods = NumberMethods { bool_: Slot::new(range_bool), ..NumberMethods::EMPTY };
static AS_SEQUENCE: SequenceMethods = SequenceMethods {
    length: Slot::new(range_length),
    item: Slot::new(range_item),
    contains: Slot::new(range_contains),
    ..SequenceMethods::EMPTY
};
static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(range_length), subscript: Slot::new(range_subscript), ..MappingMethods::EMPTY };

/// The type `range`.
#[unsafe(no_mangle)]
pub static PyRange_Type: Type = Type::new_static(TypeDef {
    name: c"range",
    basicsize: size_of::<Range>(),
    flags: flags::SEQUENCE,
    doc: Some(
        c"range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nThe integers from start (0 if not given) to stop, without stop itself,\nstep (1 if not given) apart; downwards if step is negative.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Range>),
    repr: Some(range_repr),
    as_number: Some(&AS_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(range_hash),
    richcompare: Some(range_richcompare),
    iter: Some(range_iter),
    methods: methods![__reversed__, __reduce__, count_of, index],
    members: members![
        MemberDef::new(c"start", member::OBJECT_EX, offset_of!(Range, start), member::READONLY),
        MemberDef::new(c"stop", member::OBJECT_EX, offset_of!(Range, stop), member::READONLY),
        MemberDef::new(c"step", member::OBJECT_EX, offset_of!(Range, step), member::READONLY),
    ],
    new: Some(range_new),
    vectorcall: Some(range_vectorcall),
    ..TypeDef::EMPTY
});

/// What `iter()` and `__reduce__` of an iterator give back: `(iter, (range(..),), None)`.
fn reduce_as_range(start: Ref<Int>, stop: Ref<Int>, step: Ref<Int>) -> PyResult<Ref<Tuple>> {
    let range: Obj = Range::new(start, stop, step)?.into_obj();
    let iter = crate::types::iterators::builtin(crate::intern!("iter"))?;
    Ok(tuple_of([iter, tuple_of([range]).into_obj(), none().to_obj()]))
}

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyRange_Type, &PyRangeIter_Type, &PyLongRangeIter_Type];
