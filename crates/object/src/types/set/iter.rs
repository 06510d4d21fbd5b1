//! `set_iterator`.

use super::{Set, any_set};
use crate::alloc::{dealloc_of, new_object};
use crate::error::{PyResult, to_iternext};
use crate::header::{Obj, ObjCell, Object};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::dict::iter::builtin_iter;
use crate::types::list::List;
use crate::types::tuple::Tuple;
use crate::{bail, method, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};

/// An iterator over a set (`setiterobject`).
#[repr(C)]
pub struct SetIter {
    /// The head.
    pub ob_base: Object,
    /// The set, until the iterator is exhausted.
    set: ObjCell,
    /// The set's size at the start; -1 once it was seen to differ.
    used: Cell<isize>,
    pos: Cell<usize>,
    left: Cell<usize>,
}

const _: () = assert!(size_of::<SetIter>() == 48);

crate::layout!(SetIter, PySetIter_Type);

/// `iter(s)`.
pub fn new_iter(s: &Set) -> Obj {
    new_object(SetIter {
        ob_base: Object::placeholder(),
        set: ObjCell::new(s.to_obj()),
        used: Cell::new(s.len() as isize),
        pos: Cell::new(0),
        left: Cell::new(s.len()),
    })
    .into_obj()
}

impl SetIter {
    #[inline]
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(s) = self.set.get().and_then(any_set) else { return Ok(None) };
        if self.used.get() != s.len() as isize {
            self.used.set(-1);
            bail!(RuntimeError, "Set changed size during iteration");
        }
        let mut pos = self.pos.get();
        let key = s.next(&mut pos).map(Object::to_obj);
        self.pos.set(pos);
        if key.is_none() {
            self.set.set(None);
        } else {
            self.left.set(self.left.get().saturating_sub(1));
        }
        Ok(key)
    }
}

extern "C" fn iter_self(slf: &Object) -> PyResult {
    Ok(slf.to_obj())
}

extern "C" fn iter_next(slf: &Object) -> Option<Obj> {
    to_iternext(slf.cast::<SetIter>().step())
}

extern "C" fn iter_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(slf.cast::<SetIter>().set, visit, arg);
    0
}

/// How many elements are left, for list() and its like.
#[method]
fn __length_hint__(this: &SetIter) -> usize {
    match this.set.get().and_then(any_set) {
        Some(s) if s.len() as isize == this.used.get() => this.left.get(),
        _ => 0,
    }
}

/// For pickling: iter() of a list of what is left.
#[method]
fn __reduce__(this: &SetIter) -> PyResult {
    let copy = SetIter {
        ob_base: Object::placeholder(),
        set: ObjCell::from_opt(this.set.get_owned()),
        used: Cell::new(this.used.get()),
        pos: Cell::new(this.pos.get()),
        left: Cell::new(this.left.get()),
    };
    let mut rest = Vec::with_capacity(copy.left.get());
    while let Some(o) = copy.step()? {
        rest.push(o);
    }
    let args = Tuple::new(&[&List::from_vec(rest)]);
    let iter = builtin_iter()?;
    Ok(Tuple::new(&[&iter, &args]).into_obj())
}

/// `set_iterator`.
#[unsafe(no_mangle)]
pub static PySetIter_Type: Type = Type::new_static(TypeDef {
    name: c"set_iterator",
    basicsize: size_of::<SetIter>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<SetIter>),
    traverse: Some(iter_traverse),
    iter: Some(iter_self),
    iternext: Some(iter_next),
    methods: methods![__length_hint__, __reduce__],
    ..TypeDef::EMPTY
});
