//! Iterators over lists, forwards and backwards.

use super::List;
use crate::alloc::{dealloc_of, new_object};
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::{exceptions, iterators};
use crate::{layout, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_clinic::method;

/// `list_iterator`; the evaluation loop steps it in place.
#[repr(C)]
pub struct ListIter {
    ob_base: Object,
    /// The next index.
    pub index: Cell<isize>,
    /// The list, until exhausted.
    pub seq: ObjCell,
}
layout!(ListIter, PyListIter_Type);

impl ListIter {
    /// An iterator at the start.
    pub fn new(l: Ref<List>) -> Ref<ListIter> {
        new_object(ListIter { ob_base: Object::placeholder(), index: Cell::new(0), seq: ObjCell::new(l.into_obj()) })
    }
}

extern "C" fn listiter_next(o: &Object) -> Option<Obj> {
    let it: &ListIter = o.cast();
    let l: &List = it.seq.get()?.cast();
    let i = it.index.get();
    match l.get(i as usize) {
        Some(v) => {
            it.index.set(i + 1);
            Some(v)
        }
        None => {
            it.seq.set(None);
            None
        }
    }
}

extern "C" fn listiter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<ListIter>().seq, visit, arg);
    0
}

/// An estimate of the items left.
#[method(signature = "()", name = "__length_hint__", text = false)]
fn listiter_length_hint(this: &ListIter) -> usize {
    this.seq.get().map_or(0, |l| l.cast::<List>().len().saturating_sub(this.index.get() as usize))
}

/// State for pickling.
#[method(signature = "()", name = "__reduce__", text = false)]
fn listiter_reduce(this: &ListIter) -> PyResult {
    iterators::reduce_by(crate::intern!("iter"), || (this.seq.get_owned(), this.index.get()), || List::new().into_obj())
}

/// Restore state.
#[method(signature = "(state, /)", name = "__setstate__", text = false)]
fn listiter_setstate(this: &ListIter, state: &Object) -> PyResult<()> {
    let i = state.index_as_isize(Some(exceptions::OverflowError))?;
    if let Some(l) = this.seq.get() {
        this.index.set(i.clamp(0, l.cast::<List>().len() as isize));
    }
    Ok(())
}

#[unsafe(no_mangle)]
pub static PyListIter_Type: Type = Type::new_static(TypeDef {
    name: c"list_iterator",
    basicsize: size_of::<ListIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<ListIter>),
    traverse: Some(listiter_traverse),
    iter: Some(crate::protocol::iter::self_iter),
    iternext: Some(listiter_next),
    methods: methods![listiter_length_hint, listiter_reduce, listiter_setstate],
    ..TypeDef::EMPTY
});

/// `list_reverseiterator`.
#[repr(C)]
pub struct ListReverseIter {
    ob_base: Object,
    index: Cell<isize>,
    seq: ObjCell,
}
layout!(ListReverseIter, PyListRevIter_Type);

impl ListReverseIter {
    /// An iterator at the end.
    pub fn new(l: Ref<List>) -> Ref<ListReverseIter> {
        let last = l.len() as isize - 1;
        new_object(ListReverseIter {
            ob_base: Object::placeholder(),
            index: Cell::new(last),
            seq: ObjCell::new(l.into_obj()),
        })
    }
}

extern "C" fn reviter_next(o: &Object) -> Option<Obj> {
    let it: &ListReverseIter = o.cast();
    let l: &List = it.seq.get()?.cast();
    let i = it.index.get();
    match usize::try_from(i).ok().and_then(|i| l.get(i)) {
        Some(v) => {
            it.index.set(i - 1);
            Some(v)
        }
        None => {
            it.index.set(-1);
            it.seq.set(None);
            None
        }
    }
}

extern "C" fn reviter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<ListReverseIter>().seq, visit, arg);
    0
}

/// An estimate of the items left.
#[method(signature = "()", name = "__length_hint__", text = false)]
fn reviter_length_hint(this: &ListReverseIter) -> isize {
    let left = this.index.get() + 1;
    match this.seq.get() {
        Some(l) if l.cast::<List>().len() as isize >= left => left,
        _ => 0,
    }
}

/// State for pickling.
#[method(signature = "()", name = "__reduce__", text = false)]
fn reviter_reduce(this: &ListReverseIter) -> PyResult {
    iterators::reduce_by(
        crate::intern!("reversed"),
        || (this.seq.get_owned(), this.index.get()),
        || List::new().into_obj(),
    )
}

/// Restore state.
#[method(signature = "(state, /)", name = "__setstate__", text = false)]
fn reviter_setstate(this: &ListReverseIter, state: &Object) -> PyResult<()> {
    let i = state.index_as_isize(Some(exceptions::OverflowError))?;
    if let Some(l) = this.seq.get() {
        this.index.set(i.clamp(-1, l.cast::<List>().len() as isize - 1));
    }
    Ok(())
}

#[unsafe(no_mangle)]
pub static PyListRevIter_Type: Type = Type::new_static(TypeDef {
    name: c"list_reverseiterator",
    basicsize: size_of::<ListReverseIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<ListReverseIter>),
    traverse: Some(reviter_traverse),
    iter: Some(crate::protocol::iter::self_iter),
    iternext: Some(reviter_next),
    methods: methods![reviter_length_hint, reviter_reduce, reviter_setstate],
    ..TypeDef::EMPTY
});
