//! The two iterators of `deque`.

use super::deque::{DEQUE_TYPE, Deque, mutated};
use crate::support::{self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::int::Int;
use taipan_object::types::module::Module;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods};

/// Forward and reverse iterators alike; their types say which.
#[repr(C)]
struct DequeIter {
    ob_base: Object,
    deque: ObjCell,
    /// Items given so far.
    index: Cell<usize>,
    /// The deque's count of changes at the start.
    state: Cell<usize>,
    /// Items left to give.
    counter: Cell<usize>,
}

#[repr(C)]
struct Forward(DequeIter);
#[repr(C)]
struct Backward(DequeIter);
layout!(Forward, DEQUE_ITERATOR_TYPE);
layout!(Backward, DEQUE_REVERSE_ITERATOR_TYPE);

fn body(d: &Deque) -> DequeIter {
    DequeIter {
        ob_base: Object::placeholder(),
        deque: ObjCell::new(d.to_obj()),
        index: Cell::new(0),
        state: Cell::new(d.state()),
        counter: Cell::new(d.len()),
    }
}

/// An iterator from left to right.
pub fn new(d: &Deque) -> Obj {
    new_object(Forward(body(d))).into_obj()
}

/// An iterator from right to left.
pub fn new_reversed(d: &Deque) -> Obj {
    new_object(Backward(body(d))).into_obj()
}

fn fields(o: &Object) -> &DequeIter {
    // SAFETY: only slots and methods of the two types come here.
    unsafe { o.cast_unchecked() }
}

fn step(o: &Object, reversed: bool) -> PyResult<Option<Obj>> {
    let it = fields(o);
    let Some(d) = it.deque.get() else { return Ok(None) };
    let d: &Deque = d.cast();
    if d.state() != it.state.get() {
        it.counter.set(0);
        return Err(mutated());
    }
    let left = it.counter.get();
    if left == 0 {
        return Ok(None);
    }
    let i = it.index.get();
    it.index.set(i + 1);
    it.counter.set(left - 1);
    Ok(d.get(if reversed { left - 1 } else { i }))
}

extern "C" fn next_forward(o: &Object) -> Option<Obj> {
    to_iternext(step(o, false))
}
extern "C" fn next_backward(o: &Object) -> Option<Obj> {
    to_iternext(step(o, true))
}

/// Return how many elements are left.
#[method]
fn __length_hint__(this: &Object) -> usize {
    fields(this).counter.get()
}

/// What pickling makes the iterator from.
#[method]
fn __reduce__(this: &Object) -> Ref<Tuple> {
    let it = fields(this);
    let d = it.deque.get_owned().unwrap_or_else(crate::support::none);
    let done = d.cast::<Deque>().len().saturating_sub(it.counter.get());
    tuple_of([this.ty().to_obj(), tuple_of([d, Int::from_usize(done).into_obj()]).into_obj()])
}

fn make(name: &'static str, args: &Object, kwargs: Option<&Object>, new: fn(&Deque) -> Obj) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "{name}() takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    taipan_object::args::check_positional(name, args.len(), 1, 2)?;
    let d = receiver(args.items().first().map(|o| &**o));
    let Some(d) = d.downcast::<Deque>() else {
        bail!(TypeError, "argument 1 must be {}, not {}", DEQUE_TYPE.name_str(), d.ty().name_str());
    };
    let skip = match args.items().get(1) {
        None => 0,
        Some(n) => n.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?,
    };
    let it = new(d);
    let f = fields(&it);
    let n = (skip.max(0) as usize).min(d.len());
    f.index.set(n);
    f.counter.set(d.len() - n);
    Ok(it)
}

extern "C" fn forward_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    make("_deque_iterator", args, kwargs, new)
}
extern "C" fn backward_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    make("_deque_reverse_iterator", args, kwargs, new_reversed)
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&fields(o).deque], visit, arg)
}

const COMMON: TypeDef = TypeDef {
    // The reference's iterators have one field more.
    basicsize: 56,
    flags: flags::HAVE_GC,
    traverse: Some(iter_traverse),
    iter: Some(self_iter),
    methods: methods![__length_hint__, __reduce__],
    ..TypeDef::EMPTY
};

/// `_deque_iterator`.
pub static DEQUE_ITERATOR_TYPE: Type = Type::new_static(TypeDef {
    name: c"collections._deque_iterator",
    dealloc: Some(dealloc_of::<Forward>),
    iternext: Some(next_forward),
    new: Some(forward_new),
    ..COMMON
});

/// `_deque_reverse_iterator`.
pub static DEQUE_REVERSE_ITERATOR_TYPE: Type = Type::new_static(TypeDef {
    name: c"collections._deque_reverse_iterator",
    dealloc: Some(dealloc_of::<Backward>),
    iternext: Some(next_backward),
    new: Some(backward_new),
    ..COMMON
});

pub fn add_to(m: &Module) -> PyResult<()> {
    m.add_type(&DEQUE_ITERATOR_TYPE)?;
    m.add_type(&DEQUE_REVERSE_ITERATOR_TYPE)
}
