//! Iterators and views of `OrderedDict`.

use super::odict::{NIL, OrderedDict};
use crate::support::{self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::key_error;
use taipan_object::types::dict::views::{DictView, PyDictItems_Type, PyDictKeys_Type, PyDictValues_Type, new_view};
use taipan_object::types::iterators::builtin;
use taipan_object::types::list::List;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, intern, layout, method, methods};

/// What an iterator gives.
pub const KEYS: u8 = 1;
pub const VALUES: u8 = 2;
pub const ITEMS: u8 = KEYS | VALUES;
/// From last to first.
pub const REVERSED: u8 = 4;

#[repr(C)]
struct OrderedDictIter {
    ob_base: Object,
    odict: ObjCell,
    kind: Cell<u8>,
    node: Cell<u32>,
    size: Cell<usize>,
    state: Cell<usize>,
    reserved: usize,
}

layout!(OrderedDictIter, PyODictIter_Type);

/// An iterator; `kind` is made of the constants.
pub fn new(d: &OrderedDict, kind: u8) -> Obj {
    new_object(OrderedDictIter {
        ob_base: Object::placeholder(),
        odict: ObjCell::new(d.dict.ob_base.to_obj()),
        kind: Cell::new(kind),
        node: Cell::new(d.end(kind & REVERSED != 0)),
        size: Cell::new(d.dict.len()),
        state: Cell::new(d.state()),
        reserved: 0,
    })
    .into_obj()
}

impl OrderedDictIter {
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(d) = self.odict.get_owned() else { return Ok(None) };
        let d: &OrderedDict = d.cast();
        let i = self.node.get();
        if i == NIL {
            self.odict.set(None);
            return Ok(None);
        }
        if self.state.get() != d.state() {
            self.odict.set(None);
            bail!(RuntimeError, "OrderedDict mutated during iteration");
        }
        if self.size.get() != d.dict.len() {
            self.odict.set(None);
            bail!(RuntimeError, "OrderedDict changed size during iteration");
        }
        let kind = self.kind.get();
        let Some((key, _, next)) = d.node(i, kind & REVERSED != 0) else { return Ok(None) };
        self.node.set(next);
        if kind & VALUES == 0 {
            return Ok(Some(key));
        }
        // The key is hashed again: it may have changed.
        let Some(value) = d.dict.get_known_hash(&key, key.hash()?)? else {
            self.odict.set(None);
            return Err(key_error(&key));
        };
        Ok(Some(if kind & KEYS == 0 { value } else { tuple_of([key, value]).into_obj() }))
    }
}

extern "C" fn odict_iter_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<OrderedDictIter>().step())
}

extern "C" fn odict_iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<OrderedDictIter>().odict], visit, arg)
}

/// What pickling makes the iterator from: a list of what is left.
#[method]
fn __reduce__(this: &OrderedDictIter) -> PyResult<Ref<Tuple>> {
    let copy = OrderedDictIter {
        ob_base: Object::placeholder(),
        odict: ObjCell::from_opt(this.odict.get_owned()),
        kind: Cell::new(this.kind.get()),
        node: Cell::new(this.node.get()),
        size: Cell::new(this.size.get()),
        state: Cell::new(this.state.get()),
        reserved: 0,
    };
    let mut left = Vec::new();
    let copy = new_object(copy);
    while let Some(x) = copy.step()? {
        left.push(x);
    }
    Ok(tuple_of([builtin(intern!("iter"))?, tuple_of([List::from_vec(left).into_obj()]).into_obj()]))
}

/// The iterator of all kinds.
#[unsafe(no_mangle)]
pub static PyODictIter_Type: Type = Type::new_static(TypeDef {
    name: c"odict_iterator",
    basicsize: size_of::<OrderedDictIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<OrderedDictIter>),
    traverse: Some(odict_iter_traverse),
    iter: Some(self_iter),
    iternext: Some(odict_iter_next),
    methods: methods![__reduce__],
    ..TypeDef::EMPTY
});

/// A view as dict lays it out.
#[repr(C)]
struct View {
    ob_base: Object,
    dict: ObjCell,
}

const _: () = assert!(size_of::<View>() == size_of::<DictView>());

fn iterate(o: &Object, kind: u8) -> PyResult {
    // SAFETY: only slots and methods of the three views come here, which are dict views over an OrderedDict.
    let view: &View = unsafe { o.cast_unchecked() };
    match view.dict.get_owned() {
        Some(d) => Ok(new(d.cast(), kind)),
        None => Tuple::empty().iter(),
    }
}

extern "C" fn keys_iter(o: &Object) -> PyResult {
    iterate(o, KEYS)
}
extern "C" fn values_iter(o: &Object) -> PyResult {
    iterate(o, VALUES)
}
extern "C" fn items_iter(o: &Object) -> PyResult {
    iterate(o, ITEMS)
}

/// Return an iterator from last to first.
#[method(name = "__reversed__")]
fn keys_reversed(this: &Object) -> PyResult {
    iterate(this, KEYS | REVERSED)
}
/// Return an iterator from last to first.
#[method(name = "__reversed__")]
fn values_reversed(this: &Object) -> PyResult {
    iterate(this, VALUES | REVERSED)
}
/// Return an iterator from last to first.
#[method(name = "__reversed__")]
fn items_reversed(this: &Object) -> PyResult {
    iterate(this, ITEMS | REVERSED)
}

const VIEW: TypeDef = TypeDef { basicsize: size_of::<View>(), flags: flags::HAVE_GC, ..TypeDef::EMPTY };

/// `odict_keys`.
#[unsafe(no_mangle)]
pub static PyODictKeys_Type: Type = Type::new_static(TypeDef {
    name: c"odict_keys",
    base: Some(&PyDictKeys_Type),
    iter: Some(keys_iter),
    methods: methods![keys_reversed],
    ..VIEW
});

/// `odict_values`.
#[unsafe(no_mangle)]
pub static PyODictValues_Type: Type = Type::new_static(TypeDef {
    name: c"odict_values",
    base: Some(&PyDictValues_Type),
    iter: Some(values_iter),
    methods: methods![values_reversed],
    ..VIEW
});

/// `odict_items`.
#[unsafe(no_mangle)]
pub static PyODictItems_Type: Type = Type::new_static(TypeDef {
    name: c"odict_items",
    base: Some(&PyDictItems_Type),
    iter: Some(items_iter),
    methods: methods![items_reversed],
    ..VIEW
});

pub fn new_keys_view(d: &OrderedDict) -> Obj {
    new_view(&PyODictKeys_Type, &d.dict)
}
pub fn new_values_view(d: &OrderedDict) -> Obj {
    new_view(&PyODictValues_Type, &d.dict)
}
pub fn new_items_view(d: &OrderedDict) -> Obj {
    new_view(&PyODictItems_Type, &d.dict)
}

pub fn ready() -> PyResult<()> {
    for t in [&PyODictIter_Type, &PyODictKeys_Type, &PyODictValues_Type, &PyODictItems_Type] {
        taipan_object::typeobj::ready::ready(t)?;
    }
    Ok(())
}
