//! `tee`: several iterators over one, which share a list of blocks of the items that not all of them have seen.

use super::Step;
use crate::support::{bind_by_position, exhausted, raw_next, self_iter, visit_fields};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::list::List;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, function, intern, layout, method, methods,
};

/// Items per block.
const BLOCK: usize = 57;

/// One block.
#[repr(C)]
pub struct TeeData {
    ob_base: Object,
    it: ObjCell,
    next: ObjCell,
    values: RefCell<Vec<Obj>>,
    /// The iterator is being asked for an item.
    running: Cell<bool>,
}

layout!(TeeData, TEE_DATA_TYPE);

/// One of the iterators.
#[repr(C)]
pub struct Tee {
    ob_base: Object,
    data: ObjCell,
    index: Cell<usize>,
    weakreflist: ObjCell,
    reserved: usize,
}

layout!(Tee, TEE_TYPE);

fn new_data(it: Obj) -> Ref<TeeData> {
    new_object(TeeData {
        ob_base: Object::placeholder(),
        it: ObjCell::new(it),
        next: ObjCell::empty(),
        values: RefCell::new(Vec::new()),
        running: Cell::new(false),
    })
}

fn new_tee(data: Obj, index: usize) -> Obj {
    new_object(Tee {
        ob_base: Object::placeholder(),
        data: ObjCell::new(data),
        index: Cell::new(index),
        weakreflist: ObjCell::empty(),
        reserved: 0,
    })
    .into_obj()
}

impl TeeData {
    fn item(&self, i: usize) -> Step {
        if let Some(v) = self.values.borrow().get(i) {
            return Ok(Some(v.clone()));
        }
        if self.running.get() {
            bail!(RuntimeError, "cannot re-enter the tee iterator");
        }
        let Some(it) = self.it.get_owned() else { return Ok(None) };
        self.running.set(true);
        let v = raw_next(&it);
        self.running.set(false);
        let Some(v) = v else { return exhausted().map(|()| None) };
        self.values.borrow_mut().push(v.clone());
        Ok(Some(v))
    }

    /// The block after this one, which is full.
    fn following(&self) -> Option<Obj> {
        if self.next.is_empty() {
            self.next.set(Some(new_data(self.it.get_owned()?).into_obj()));
        }
        self.next.get_owned()
    }
}

impl Drop for TeeData {
    fn drop(&mut self) {
        // A long list of blocks that nobody else holds goes one by one, not by recursion.
        let mut next = self.next.take();
        while let Some(n) = next {
            next = if n.is_unique() { n.downcast::<TeeData>().and_then(|d| d.next.take()) } else { None };
        }
    }
}

impl Tee {
    fn step(&self) -> Step {
        let Some(mut data) = self.data.get_owned() else { return Ok(None) };
        if self.index.get() >= BLOCK {
            let Some(next) = data.cast::<TeeData>().following() else { return Ok(None) };
            self.data.set(Some(next.clone()));
            self.index.set(0);
            data = next;
        }
        let v = data.cast::<TeeData>().item(self.index.get())?;
        if v.is_some() {
            self.index.set(self.index.get() + 1);
        }
        Ok(v)
    }

    fn copy_of(&self) -> Obj {
        new_tee(self.data.get_owned().unwrap_or_else(crate::support::none), self.index.get())
    }
}

extern "C" fn tee_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Tee>().step())
}

/// Return an independent iterator at the same place.
#[method]
fn __copy__(this: &Tee) -> Obj {
    this.copy_of()
}

fn tee_of(iterable: &Object) -> PyResult {
    let it = iterable.iter()?;
    if let Some(t) = it.downcast::<Tee>() {
        return Ok(t.copy_of());
    }
    Ok(new_tee(new_data(it).into_obj(), 0))
}

extern "C" fn tee_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("_tee", posonly 1, positional 1, ["" true]);
    bind_by_position(sig, cls, &TEE_TYPE, args, kwargs, |[iterable]| tee_of(receiver(iterable)))
}

extern "C" fn tee_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Tee>().data], visit, arg)
}

extern "C" fn tee_clear(o: &Object) -> c_int {
    o.cast::<Tee>().data.set(None);
    0
}

extern "C" fn tee_data_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    taipan_object::args::no_keywords("teedataobject", &TEE_DATA_TYPE, &TEE_DATA_TYPE, kwargs)?;
    let args: &Tuple = args.cast();
    taipan_object::args::check_positional("teedataobject", args.len(), 3, 3)?;
    let (it, values, next) = (args.item(0), args.item(1), args.item(2));
    let Some(values) = values.downcast::<List>() else {
        bail!(TypeError, "teedataobject() argument 2 must be list, not {}", values.ty().name_str());
    };
    let values = values.snapshot();
    if values.len() > BLOCK
        || (values.len() < BLOCK && !next.is_none())
        || !(next.is_none() || next.downcast::<TeeData>().is_some())
    {
        bail!(ValueError, "Invalid arguments");
    }
    let data = new_data(it.to_obj());
    *data.values.borrow_mut() = values;
    if !next.is_none() {
        data.next.set(Some(next.to_obj()));
    }
    Ok(data.into_obj())
}

extern "C" fn tee_data_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let d: &TeeData = o.cast();
    for v in d.values.borrow().iter() {
        let r = visit(v, arg);
        if r != 0 {
            return r;
        }
    }
    visit_fields(&[&d.it, &d.next], visit, arg)
}

extern "C" fn tee_data_clear(o: &Object) -> c_int {
    let d: &TeeData = o.cast();
    let values = d.values.take();
    drop(values);
    d.it.set(None);
    let mut next = d.next.take();
    while let Some(n) = next {
        next = if n.is_unique() { n.downcast::<TeeData>().and_then(|d| d.next.take()) } else { None };
    }
    0
}

/// Return a tuple of n independent iterators over one iterable.
#[function(signature = "(iterable, n=2, /)")]
pub fn tee(iterable: &Object, n: isize) -> PyResult<Ref<Tuple>> {
    if n < 0 {
        bail!(ValueError, "n must be >= 0");
    }
    if n == 0 {
        return Ok(Tuple::empty());
    }
    let it = iterable.iter()?;
    // Iterators that copy themselves are copied for the first place too: the answers are independent of what was given.
    let source = match it.get_attr_opt(intern!("__copy__"))? {
        Some(_) => it,
        None => tee_of(&it)?,
    };
    let first = source.call_method(intern!("__copy__"), &[])?;
    let copy = first.get_attr(intern!("__copy__")).or_else(|e| {
        if e.matches(exceptions::AttributeError) {
            e.clear();
            bail!(TypeError, "the iterator cannot be copied");
        }
        Err(e)
    })?;
    let mut all = vec![first];
    for _ in 1..n {
        all.push(copy.call_noargs()?);
    }
    Ok(Tuple::from_vec(all))
}

/// `_tee`.
pub static TEE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools._tee",
    basicsize: size_of::<Tee>(),
    flags: flags::HAVE_GC,
    doc: Some(c"_tee(iterable, /)\n--\n\nAn iterator that can be copied."),
    dealloc: Some(dealloc_of::<Tee>),
    traverse: Some(tee_traverse),
    clear: Some(tee_clear),
    weaklistoffset: offset_of!(Tee, weakreflist) as isize,
    iter: Some(self_iter),
    iternext: Some(tee_next),
    methods: methods![__copy__],
    new: Some(tee_new),
    ..TypeDef::EMPTY
});

/// `_tee_dataobject`.
pub static TEE_DATA_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools._tee_dataobject",
    basicsize: size_of::<TeeData>(),
    flags: flags::HAVE_GC,
    doc: Some(c"teedataobject(iterable, values, next, /)\n\nItems kept for iterators that have not seen them yet."),
    dealloc: Some(dealloc_of::<TeeData>),
    traverse: Some(tee_data_traverse),
    clear: Some(tee_data_clear),
    new: Some(tee_data_new),
    ..TypeDef::EMPTY
});
