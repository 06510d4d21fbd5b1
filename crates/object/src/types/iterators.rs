//! The two iterators that `iter()` makes itself: over a sequence by its index, and over the answers of a callable.

use crate::error::{PyResult, occurred, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::typeobj::slots::VisitProc;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::none::not_implemented;
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, flags, hooks, intern, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::{ManuallyDrop, offset_of};
use taipan_clinic::method;

/// `tp_traverse` over fields that own objects.
#[inline]
pub(crate) fn visit_fields(fields: &[&ObjCell], visit: VisitProc, arg: *mut c_void) -> c_int {
    for f in fields {
        if let Some(o) = f.get() {
            let r = visit(o, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

/// `tp_iter` of iterators (`PyObject_SelfIter`).
pub extern "C" fn self_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

/// A built-in function by its name, as pickling of iterators refers to it.
pub fn builtin(name: &Object) -> PyResult {
    let builtins = (hooks::get().current_builtins)();
    match builtins.get_item(name) {
        Ok(f) => Ok(f),
        Err(e) if e.matches(exceptions::KeyError) => {
            e.clear();
            bail!(AttributeError, "{}", name.str()?.display())
        }
        Err(e) => Err(e),
    }
}

/// What an exhausted iterator pickles as: `iter(())`.
pub fn reduce_exhausted() -> PyResult<Ref<Tuple>> {
    let args = Tuple::new(&[&Tuple::empty()]);
    Ok(Tuple::from_vec(vec![builtin(intern!("iter"))?, args.into_obj()]))
}

/// The pickled form of an iterator over a built-in sequence, by the function called `name`, which an exhausted one calls with `empty`. Looking the
/// function up may run code that moves the iterator, so `state` reads sequence and index afterwards.
pub fn reduce_by(name: &Object, state: impl FnOnce() -> (Option<Obj>, isize), empty: impl FnOnce() -> Obj) -> PyResult {
    let function = builtin(name)?;
    Ok(match state() {
        (Some(s), index) => tuple_of([function, tuple_of([s]).into_obj(), Int::from_isize(index).into_obj()]),
        (None, _) => tuple_of([function, tuple_of([empty()]).into_obj()]),
    }
    .into_obj())
}

/// A tuple of owned objects, without a vector in between.
#[inline]
pub(crate) fn tuple_of<const N: usize>(items: [Obj; N]) -> Ref<Tuple> {
    let items = ManuallyDrop::new(items);
    // SAFETY: the array owns its references and is not dropped.
    unsafe { Tuple::from_raw_items(items.as_ptr(), N) }
}

/// An iterator over whatever has `__getitem__` (`seqiterobject`).
#[repr(C)]
pub struct SeqIter {
    ob_base: Object,
    index: Cell<isize>,
    seq: ObjCell,
}

const _: () = assert!(offset_of!(SeqIter, index) == 16 && offset_of!(SeqIter, seq) == 24 && size_of::<SeqIter>() == 32);

crate::layout!(SeqIter, PySeqIter_Type);

/// `iter(o)` for a sequence without `__iter__` (`PySeqIter_New`).
pub fn seq_iter(o: &Object) -> Obj {
    crate::alloc::new_object(SeqIter {
        ob_base: Object::placeholder(),
        index: Cell::new(0),
        seq: ObjCell::new(o.to_obj()),
    })
    .into_obj()
}

extern "C" fn seq_iter_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<SeqIter>().step())
}

impl SeqIter {
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(seq) = self.seq.get_owned() else { return Ok(None) };
        let i = self.index.get();
        if i == isize::MAX {
            bail!(OverflowError, "iter index too large");
        }
        match seq.sequence_item(i) {
            Ok(item) => {
                self.index.set(i + 1);
                Ok(Some(item))
            }
            Err(e) if e.matches(exceptions::IndexError) || e.matches(exceptions::StopIteration) => {
                e.clear();
                self.seq.set(None);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// How many items are left, if the sequence knows its length.
#[method(name = "__length_hint__")]
fn seq_iter_length_hint(this: &SeqIter) -> PyResult {
    let Some(seq) = this.seq.get_owned() else { return Ok(Int::zero().into_obj()) };
    let ty = seq.ty();
    let sized = ty.sequence().is_some_and(|s| s.length.get().is_some())
        || ty.mapping().is_some_and(|m| m.length.get().is_some());
    if !sized {
        return Ok(not_implemented().to_obj());
    }
    let left = seq.len()? as isize - this.index.get();
    Ok(Int::from_isize(left.max(0)).into_obj())
}

/// What pickling makes the iterator from.
#[method(name = "__reduce__")]
fn seq_iter_reduce(this: &SeqIter) -> PyResult {
    reduce_by(intern!("iter"), || (this.seq.get_owned(), this.index.get()), || Tuple::empty().into_obj())
}

/// Sets the position, as pickling saved it.
#[method(name = "__setstate__", signature = "(object, /)")]
fn seq_iter_setstate(this: &SeqIter, object: &Object) -> PyResult<()> {
    let i = position(object)?;
    if !this.seq.is_empty() {
        this.index.set(i.max(0));
    }
    Ok(())
}

/// A saved position: an `int` that fits.
pub(crate) fn position(o: &Object) -> PyResult<isize> {
    match o.downcast::<Int>() {
        Some(i) => i.as_object_isize(),
        None => bail!(TypeError, "an integer is required"),
    }
}

extern "C" fn seq_iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<SeqIter>().seq], visit, arg)
}

/// The type `iterator`.
#[unsafe(no_mangle)]
pub static PySeqIter_Type: Type = Type::new_static(TypeDef {
    name: c"iterator",
    basicsize: size_of::<SeqIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(crate::alloc::dealloc_of::<SeqIter>),
    traverse: Some(seq_iter_traverse),
    iter: Some(self_iter),
    iternext: Some(seq_iter_next),
    methods: methods![seq_iter_length_hint, seq_iter_reduce, seq_iter_setstate],
    ..TypeDef::EMPTY
});

/// An iterator over what a callable answers, up to a sentinel (`calliterobject`).
#[repr(C)]
pub struct CallIter {
    ob_base: Object,
    callable: ObjCell,
    sentinel: ObjCell,
}

const _: () = assert!(
    offset_of!(CallIter, callable) == 16 && offset_of!(CallIter, sentinel) == 24 && size_of::<CallIter>() == 32
);

crate::layout!(CallIter, PyCallIter_Type);

/// `iter(callable, sentinel)` (`PyCallIter_New`).
pub fn call_iter(callable: &Object, sentinel: &Object) -> Obj {
    crate::alloc::new_object(CallIter {
        ob_base: Object::placeholder(),
        callable: ObjCell::new(callable.to_obj()),
        sentinel: ObjCell::new(sentinel.to_obj()),
    })
    .into_obj()
}

impl CallIter {
    fn finish(&self) {
        self.callable.set(None);
        self.sentinel.set(None);
    }

    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(f) = self.callable.get_owned() else { return Ok(None) };
        match f.call_noargs() {
            Ok(item) => {
                // The call may have exhausted the iterator.
                let Some(sentinel) = self.sentinel.get_owned() else { return Ok(None) };
                if sentinel.eq(&item)? {
                    self.finish();
                    return Ok(None);
                }
                Ok(Some(item))
            }
            Err(e) if e.matches(exceptions::StopIteration) => {
                e.clear();
                self.finish();
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

extern "C" fn call_iter_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<CallIter>().step())
}

/// What pickling makes the iterator from.
#[method(name = "__reduce__")]
fn call_iter_reduce(this: &CallIter) -> PyResult<Ref<Tuple>> {
    // Before the fields are read: the look-up may exhaust the iterator.
    let iter = builtin(intern!("iter"))?;
    match (this.callable.get_owned(), this.sentinel.get_owned()) {
        (Some(f), Some(s)) => Ok(tuple_of([iter, tuple_of([f, s]).into_obj()])),
        _ => reduce_exhausted(),
    }
}

extern "C" fn call_iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let it: &CallIter = o.cast();
    visit_fields(&[&it.callable, &it.sentinel], visit, arg)
}

/// The type `callable_iterator`.
#[unsafe(no_mangle)]
pub static PyCallIter_Type: Type = Type::new_static(TypeDef {
    name: c"callable_iterator",
    basicsize: size_of::<CallIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(crate::alloc::dealloc_of::<CallIter>),
    traverse: Some(call_iter_traverse),
    iter: Some(self_iter),
    iternext: Some(call_iter_next),
    methods: methods![call_iter_reduce],
    ..TypeDef::EMPTY
});

/// The next item of an iterator whose `tp_iternext` is at hand: exhaustion and errors alike are `None`, to be passed on as they are.
#[inline(always)]
pub(crate) fn raw_next(it: &Object) -> Option<Obj> {
    match it.ty().iternext.get() {
        Some(f) => f(it),
        None => {
            let _ = crate::raise!(TypeError, "'{}' object is not an iterator", it.ty().name_str());
            None
        }
    }
}

/// After `raw_next` answered `None`: clears a `StopIteration`; whether the iterator is exhausted rather than failed.
#[inline]
pub(crate) fn exhausted() -> PyResult<()> {
    match occurred() {
        None => Ok(()),
        Some(e) => e.recover(exceptions::StopIteration, ()),
    }
}

/// The types of this module.
pub static TYPES: &[&Type] = &[&PySeqIter_Type, &PyCallIter_Type];
