//! The iterators of `str`: one for ASCII strings, one for all others.

use super::{Str, state};
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::dict::Dict;
use crate::types::int::Int;
use crate::types::tuple::Tuple;
use crate::{Interp, bail, intern, layout, method, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};

/// An iterator over ASCII text.
#[repr(C)]
pub struct AsciiIter {
    /// The head.
    pub ob_base: Object,
    pub(crate) index: Cell<usize>,
    pub(crate) seq: ObjCell,
}

/// An iterator over any text.
#[repr(C)]
pub struct StrIter {
    base: AsciiIter,
}

layout!(AsciiIter, PyUnicodeASCIIIter_Type);
layout!(StrIter, PyUnicodeIter_Type);

pub(super) extern "C" fn str_iter(o: &Object) -> PyResult {
    let s: &Str = o.cast();
    let body = AsciiIter { ob_base: Object::placeholder(), index: Cell::new(0), seq: ObjCell::new(o.to_obj()) };
    if s.state.get() & (state::COMPACT | state::ASCII) == (state::COMPACT | state::ASCII) {
        Ok(crate::alloc::new_object(body).into_obj())
    } else {
        Ok(crate::alloc::new_object(StrIter { base: body }).into_obj())
    }
}

/// Both iterators share their fields.
fn fields(o: &Object) -> &AsciiIter {
    // SAFETY: the functions of this file are reachable through the two types only, which share a layout.
    unsafe { o.cast_unchecked() }
}

extern "C" fn next(o: &Object) -> Option<Obj> {
    let it = fields(o);
    let s: &Str = it.seq.get()?.cast();
    let i = it.index.get();
    if i < s.len() {
        it.index.set(i + 1);
        return Some(Str::from_char(s.char_at(i)).into_obj());
    }
    it.seq.set(None);
    None
}

extern "C" fn ascii_next(o: &Object) -> Option<Obj> {
    let it = fields(o);
    let s: &Str = it.seq.get()?.cast();
    let i = it.index.get();
    if let Some(&c) = s.data_bytes().get(i) {
        it.index.set(i + 1);
        return Some(super::singletons::latin1_char(c).to_obj());
    }
    it.seq.set(None);
    None
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    fields(o).seq.get().map_or(0, |s| visit(s, arg))
}

pub(crate) extern "C" fn self_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

/// How many items are left.
#[method(signature = "()")]
fn __length_hint__(this: &Object) -> usize {
    let it = fields(this);
    it.seq.get().map_or(0, |s| s.cast::<Str>().len().saturating_sub(it.index.get()))
}

/// `(iter, (seq,), index)`, or `(iter, (empty,))` once exhausted: how iterators are pickled.
pub(crate) fn reduce_iter(state: impl FnOnce() -> (Option<Obj>, usize), empty: Obj) -> PyResult {
    let Some(builtins) = Interp::current().builtins.get_owned() else { bail!(RuntimeError, "lost builtins") };
    let Some(iter) = builtins.cast::<Dict>().get_item(intern!("iter"))? else { bail!(AttributeError, "iter") };
    // The look-up may have run code that moved the iterator: its state is read only now.
    Ok(match state() {
        (Some(s), index) => {
            let args = Tuple::from_vec(vec![s]);
            Tuple::from_vec(vec![iter, args.into_obj(), Int::from_i64(index as i64).into_obj()]).into_obj()
        }
        (None, _) => Tuple::from_vec(vec![iter, Tuple::from_vec(vec![empty]).into_obj()]).into_obj(),
    })
}

/// What pickle needs.
#[method(signature = "()")]
fn __reduce__(this: &Object) -> PyResult {
    let it = fields(this);
    reduce_iter(|| (it.seq.get_owned(), it.index.get()), Str::empty().into_obj())
}

/// The argument of `__setstate__` as an index clipped to the sequence.
pub(crate) fn state_index(state: &Object, len: usize) -> PyResult<usize> {
    let Some(i) = state.downcast::<Int>() else { bail!(TypeError, "an integer is required") };
    match i.to_i64() {
        Some(n) => Ok(usize::try_from(n).unwrap_or(0).min(len)),
        None => bail!(OverflowError, "Python int too large to convert to C ssize_t"),
    }
}

/// Sets the position.
#[method(signature = "(object, /)")]
fn __setstate__(this: &Object, object: &Object) -> PyResult<()> {
    let it = fields(this);
    let len = it.seq.get().map_or(0, |s| s.cast::<Str>().len());
    it.index.set(state_index(object, len)?);
    Ok(())
}

const COMMON: TypeDef = TypeDef {
    basicsize: size_of::<AsciiIter>(),
    flags: flags::HAVE_GC,
    traverse: Some(traverse),
    iter: Some(self_iter),
    ..TypeDef::EMPTY
};

/// The iterator of ASCII strings.
pub static PyUnicodeASCIIIter_Type: Type = Type::new_static(TypeDef {
    name: c"str_ascii_iterator",
    dealloc: Some(crate::alloc::dealloc_of::<AsciiIter>),
    iternext: Some(ascii_next),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    ..COMMON
});

/// The iterator of other strings.
#[unsafe(no_mangle)]
pub static PyUnicodeIter_Type: Type = Type::new_static(TypeDef {
    name: c"str_iterator",
    dealloc: Some(crate::alloc::dealloc_of::<StrIter>),
    iternext: Some(next),
    methods: methods![__length_hint__, __reduce__, __setstate__],
    ..COMMON
});
