//! The iterator over an array.

use super::object::Array;
use crate::support::{self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::int::Int;
use taipan_object::types::iterators::{builtin, reduce_exhausted};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, flags, intern, layout, method, methods};

#[repr(C)]
struct ArrayIter {
    ob_base: Object,
    index: Cell<usize>,
    array: ObjCell,
    reserved: usize,
}

layout!(ArrayIter, ARRAY_ITER_TYPE);

/// An iterator over an array.
pub fn new(a: &Object) -> Obj {
    new_object(ArrayIter {
        ob_base: Object::placeholder(),
        index: Cell::new(0),
        array: ObjCell::new(a.to_obj()),
        reserved: 0,
    })
    .into_obj()
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    let it: &ArrayIter = o.cast();
    let a = it.array.get_owned()?;
    let (a, i): (&Array, usize) = (a.cast(), it.index.get());
    if i < a.len() {
        it.index.set(i + 1);
        return to_iternext(a.get(i).map(Some));
    }
    it.array.set(None);
    None
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<ArrayIter>().array], visit, arg)
}

/// What pickling makes the iterator from.
#[method]
fn __reduce__(this: &ArrayIter) -> PyResult<Ref<Tuple>> {
    match this.array.get_owned() {
        None => reduce_exhausted(),
        Some(a) => Ok(tuple_of([
            builtin(intern!("iter"))?,
            tuple_of([a]).into_obj(),
            Int::from_usize(this.index.get()).into_obj(),
        ])),
    }
}

/// Set the position, as pickling saved it.
#[method(signature = "(state, /)")]
fn __setstate__(this: &ArrayIter, state: isize) {
    if let Some(a) = this.array.get() {
        this.index.set((state.max(0) as usize).min(a.cast::<Array>().len()));
    }
}

/// `arrayiterator`.
pub static ARRAY_ITER_TYPE: Type = Type::new_static(TypeDef {
    name: c"array.arrayiterator",
    basicsize: size_of::<ArrayIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<ArrayIter>),
    traverse: Some(iter_traverse),
    iter: Some(self_iter),
    iternext: Some(iter_next),
    methods: methods![__reduce__, __setstate__],
    ..TypeDef::EMPTY
});
