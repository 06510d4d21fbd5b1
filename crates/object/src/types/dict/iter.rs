//! Iterators over dicts and their views, forwards and backwards.

use super::{Dict, changed_size};
use crate::alloc::{dealloc_of, new_object};
use crate::error::{PyResult, Raised, to_iternext};
use crate::gc::track;
use crate::header::{Layout, Obj, ObjCell, Object};
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::list::List;
use crate::types::tuple::Tuple;
use crate::{error, intern, method, methods, raise};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};

/// An iterator (`dictiterobject`), of any of the six types.
#[repr(C)]
pub struct DictIter {
    /// The head.
    pub ob_base: Object,
    /// The dict, until the iterator is exhausted.
    dict: ObjCell,
    /// The dict's size at the start; -1 once it was seen to differ.
    used: Cell<isize>,
    pos: Cell<usize>,
    /// The items iterators' last answer, used again when nobody else holds it.
    result: ObjCell,
    /// How many items are to come.
    left: Cell<usize>,
}

const _: () = assert!(size_of::<DictIter>() == 56);

macro_rules! iter_layout {
    ($name:ident, $ty:ident) => {
        #[repr(transparent)]
        struct $name(DictIter);
        crate::layout!($name, $ty);
    };
}

iter_layout!(KeyIter, PyDictIterKey_Type);
iter_layout!(ValueIter, PyDictIterValue_Type);
iter_layout!(ItemIter, PyDictIterItem_Type);
iter_layout!(RevKeyIter, PyDictRevIterKey_Type);
iter_layout!(RevValueIter, PyDictRevIterValue_Type);
iter_layout!(RevItemIter, PyDictRevIterItem_Type);

fn body(d: &Dict, pos: usize) -> DictIter {
    DictIter {
        ob_base: Object::placeholder(),
        dict: ObjCell::new(d.to_obj()),
        used: Cell::new(d.len() as isize),
        pos: Cell::new(pos),
        result: ObjCell::empty(),
        left: Cell::new(d.len()),
    }
}

/// `iter(d)`.
pub fn keys_iter(d: &Dict) -> Obj {
    new_object(KeyIter(body(d, 0))).into_obj()
}
/// `iter(d.values())`.
pub fn values_iter(d: &Dict) -> Obj {
    new_object(ValueIter(body(d, 0))).into_obj()
}
/// `iter(d.items())`.
pub fn items_iter(d: &Dict) -> Obj {
    new_object(ItemIter(body(d, 0))).into_obj()
}
/// `reversed(d)`.
pub fn keys_reversed(d: &Dict) -> Obj {
    new_object(RevKeyIter(body(d, d.end_position()))).into_obj()
}
/// `reversed(d.values())`.
pub fn values_reversed(d: &Dict) -> Obj {
    new_object(RevValueIter(body(d, d.end_position()))).into_obj()
}
/// `reversed(d.items())`.
pub fn items_reversed(d: &Dict) -> Obj {
    new_object(RevItemIter(body(d, d.end_position()))).into_obj()
}

fn iter_of(o: &Object) -> &DictIter {
    // SAFETY: only the slots and methods of the six types come here, and all have this layout.
    unsafe { o.cast_unchecked() }
}

#[cold]
fn changed_keys() -> Raised {
    raise!(RuntimeError, "dictionary keys changed during iteration")
}

impl DictIter {
    /// The entry that comes next. An exhausted or broken iterator lets go of its dict, except that a change of size is reported again
    /// every time.
    #[inline(always)]
    fn advance<'a>(&self, d: &'a Dict, reverse: bool) -> PyResult<Option<(&'a Object, &'a Object)>> {
        if self.used.get() != d.len() as isize {
            self.used.set(-1);
            return Err(changed_size());
        }
        let mut pos = self.pos.get();
        let found = if reverse { d.previous_entry(&mut pos) } else { d.next_entry(&mut pos) };
        let Some(ix) = found else { return Ok(None) };
        if self.left.get() == 0 {
            return Err(changed_keys());
        }
        self.pos.set(pos);
        self.left.set(self.left.get().saturating_sub(1));
        Ok(Some(d.entry(ix)))
    }

    #[inline(always)]
    fn step(&self, reverse: bool, take: impl FnOnce(&Object, &Object) -> Obj) -> PyResult<Option<Obj>> {
        let Some(d) = self.dict.get() else { return Ok(None) };
        match self.advance(d.cast(), reverse) {
            Ok(Some((k, v))) => Ok(Some(take(k, v))),
            Ok(None) => {
                self.dict.set(None);
                Ok(None)
            }
            Err(e) => {
                if self.used.get() != -1 {
                    // The new exception must survive whatever the dict's end runs.
                    let exc = e.take();
                    self.dict.set(None);
                    return Err(error::restore(exc));
                }
                Err(e)
            }
        }
    }

    /// Key and value as a tuple. A loop that unpacks it at once gets the same tuple every time.
    #[inline(always)]
    fn pair(&self, k: &Object, v: &Object) -> Obj {
        match self.result.get() {
            Some(t) if t.is_unique() => {
                let answer = t.to_obj();
                let old = t.cast::<Tuple>().refill_pair(k.to_obj(), v.to_obj());
                // The collector may have stopped looking at it when it held nothing of interest.
                track(&answer);
                drop(old);
                answer
            }
            Some(_) => Tuple::new(&[k, v]).into_obj(),
            None => {
                let t = Tuple::new(&[k, v]).into_obj();
                self.result.set(Some(t.clone()));
                t
            }
        }
    }
}

macro_rules! next_function {
    ($name:ident, $reverse:literal, |$it:ident, $k:ident, $v:ident| $take:expr) => {
        extern "C" fn $name(slf: &Object) -> Option<Obj> {
            let $it = iter_of(slf);
            to_iternext($it.step($reverse, |$k, $v| $take))
        }
    };
}

next_function!(next_key, false, |_it, k, _v| k.to_obj());
next_function!(next_value, false, |_it, _k, v| v.to_obj());
next_function!(next_item, false, |it, k, v| it.pair(k, v));
next_function!(previous_key, true, |_it, k, _v| k.to_obj());
next_function!(previous_value, true, |_it, _k, v| v.to_obj());
next_function!(previous_item, true, |it, k, v| it.pair(k, v));

extern "C" fn iter_self(slf: &Object) -> PyResult {
    Ok(slf.to_obj())
}

extern "C" fn iter_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let it = iter_of(slf);
    crate::visit!(it.dict, visit, arg);
    crate::visit!(it.result, visit, arg);
    0
}

/// How many items are left, for list() and its like.
#[method]
fn __length_hint__(this: &Object) -> usize {
    let it = iter_of(this);
    match it.dict.get() {
        Some(d) if d.cast::<Dict>().len() as isize == it.used.get() => it.left.get(),
        _ => 0,
    }
}

/// The function `builtins.iter`, which pickled iterators name.
pub(crate) fn builtin_iter() -> PyResult {
    let builtins = (crate::hooks::get().current_builtins)();
    match builtins.downcast::<Dict>() {
        Some(d) => match d.get_item(intern!("iter"))? {
            Some(f) => Ok(f),
            None => Err(raise!(AttributeError, "iter")),
        },
        None => builtins.get_attr(intern!("iter")),
    }
}

/// For pickling: iter() of a list of what is left.
#[method]
fn __reduce__(this: &Object) -> PyResult {
    // A copy walks on; the iterator stays where it is.
    let it = iter_of(this);
    let copy = DictIter {
        ob_base: Object::placeholder(),
        dict: ObjCell::from_opt(it.dict.get_owned()),
        used: Cell::new(it.used.get()),
        pos: Cell::new(it.pos.get()),
        result: ObjCell::empty(),
        left: Cell::new(it.left.get()),
    };
    let kind = this.ty_ptr();
    let reverse = [&PyDictRevIterKey_Type, &PyDictRevIterValue_Type, &PyDictRevIterItem_Type]
        .iter()
        .any(|t| std::ptr::eq(*t, kind));
    let keys = std::ptr::eq(kind, &PyDictIterKey_Type) || std::ptr::eq(kind, &PyDictRevIterKey_Type);
    let values = std::ptr::eq(kind, &PyDictIterValue_Type) || std::ptr::eq(kind, &PyDictRevIterValue_Type);
    let mut rest = Vec::with_capacity(copy.left.get());
    while let Some(o) = copy.step(reverse, |k, v| {
        if keys {
            k.to_obj()
        } else if values {
            v.to_obj()
        } else {
            Tuple::new(&[k, v]).into_obj()
        }
    })? {
        rest.push(o);
    }
    let iter = builtin_iter()?;
    let args = Tuple::new(&[&List::from_vec(rest)]);
    Ok(Tuple::new(&[&iter, &args]).into_obj())
}

const fn iter_type<T: Layout>(name: &'static CStr, next: extern "C" fn(&Object) -> Option<Obj>) -> TypeDef {
    TypeDef {
        name,
        basicsize: size_of::<DictIter>(),
        flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<T>),
        traverse: Some(iter_traverse),
        iter: Some(iter_self),
        iternext: Some(next),
        methods: methods![__length_hint__, __reduce__],
        ..TypeDef::EMPTY
    }
}

/// `dict_keyiterator`.
#[unsafe(no_mangle)]
pub static PyDictIterKey_Type: Type = Type::new_static(iter_type::<KeyIter>(c"dict_keyiterator", next_key));
/// `dict_valueiterator`.
#[unsafe(no_mangle)]
pub static PyDictIterValue_Type: Type = Type::new_static(iter_type::<ValueIter>(c"dict_valueiterator", next_value));
/// `dict_itemiterator`.
#[unsafe(no_mangle)]
pub static PyDictIterItem_Type: Type = Type::new_static(iter_type::<ItemIter>(c"dict_itemiterator", next_item));
/// `dict_reversekeyiterator`.
#[unsafe(no_mangle)]
pub static PyDictRevIterKey_Type: Type =
    Type::new_static(iter_type::<RevKeyIter>(c"dict_reversekeyiterator", previous_key));
/// `dict_reversevalueiterator`.
#[unsafe(no_mangle)]
pub static PyDictRevIterValue_Type: Type =
    Type::new_static(iter_type::<RevValueIter>(c"dict_reversevalueiterator", previous_value));
/// `dict_reverseitemiterator`.
#[unsafe(no_mangle)]
pub static PyDictRevIterItem_Type: Type =
    Type::new_static(iter_type::<RevItemIter>(c"dict_reverseitemiterator", previous_item));

/// An exact key iterator's next key, for the evaluation loop and `list(d)`.
#[inline]
pub fn next_of_keys(it: &Object) -> PyResult<Option<Obj>> {
    iter_of(it).step(false, |k, _| k.to_obj())
}
