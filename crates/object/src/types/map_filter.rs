//! The types `map` and `filter`.

use crate::args::{CallArgs, check_positional, no_keywords, with_tuple_args};
use crate::error::{PyResult, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::call::nargs;
use crate::typeobj::slots::VisitProc;
use crate::types::bool_::{self, PyBool_Type};
use crate::types::iterators::{exhausted, raw_next, self_iter, tuple_of, visit_fields};
use crate::types::tuple::Tuple;
use crate::types::zip::{check_uneven, iterators, strict_argument};
use crate::{Type, TypeDef, bail, flags, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// A `map` (`mapobject`).
#[repr(C)]
pub struct Map {
    ob_base: Object,
    iters: ObjCell,
    func: ObjCell,
    strict: Cell<c_int>,
}

const _: () = assert!(offset_of!(Map, func) == 24 && offset_of!(Map, strict) == 32 && size_of::<Map>() == 40);

crate::layout!(Map, PyMap_Type);

fn map_construct(cls: &Type, call: CallArgs<'_>) -> PyResult {
    let subclass = !std::ptr::eq(cls, &PyMap_Type)
        && cls.init.get().map(|f| f as usize) != PyMap_Type.init.get().map(|f| f as usize);
    let strict = strict_argument("map", call, subclass)?;
    let [func, iterables @ ..] = call.positional() else {
        bail!(TypeError, "map() must have at least two arguments.");
    };
    if iterables.is_empty() {
        bail!(TypeError, "map() must have at least two arguments.");
    }
    let iters = iterators(iterables)?;
    let m = Map {
        ob_base: Object::placeholder(),
        iters: ObjCell::new(iters.into_obj()),
        func: ObjCell::new(func.to_obj()),
        strict: Cell::new(strict as c_int),
    };
    crate::alloc::new_instance(cls, m).map(Ref::into_obj)
}

extern "C" fn map_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("map", args, kwargs, |call| map_construct(cls, call))
}

unsafe extern "C" fn map_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    map_construct(cls.cast(), call)
}

impl Map {
    fn step(&self) -> PyResult<Option<Obj>> {
        let (Some(iters), Some(func)) = (self.iters.get(), self.func.get()) else { return Ok(None) };
        let iters: &Tuple = iters.cast();
        if iters.len() == 1 {
            let Some(item) = raw_next(iters.item(0)) else {
                exhausted()?;
                return Ok(None);
            };
            return func.call_one(&item).map(Some);
        }
        let mut items: Vec<Obj> = Vec::with_capacity(iters.len());
        for i in 0..iters.len() {
            match raw_next(iters.item(i)) {
                Some(o) => items.push(o),
                None => {
                    exhausted()?;
                    if self.strict.get() != 0 {
                        check_uneven("map", iters, i)?;
                    }
                    return Ok(None);
                }
            }
        }
        let args: Vec<&Object> = items.iter().map(|o| &**o).collect();
        func.call(&args).map(Some)
    }
}

extern "C" fn map_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Map>().step())
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn map_reduce(this: &Map) -> Ref<Tuple> {
    let mut args: Vec<Obj> = this.func.get_owned().into_iter().collect();
    if let Some(iters) = this.iters.get() {
        args.extend(iters.cast::<Tuple>().items().iter().cloned());
    }
    let args = Tuple::from_vec(args).into_obj();
    let cls = this.ty().to_obj();
    if this.strict.get() != 0 { tuple_of([cls, args, bool_::from_bool(true)]) } else { tuple_of([cls, args]) }
}

/// Sets whether lengths must agree, as pickling saved it.
#[method(name = "__setstate__", signature = "(object, /)")]
fn map_setstate(this: &Map, object: &Object) -> PyResult<()> {
    this.strict.set(object.is_true()? as c_int);
    Ok(())
}

extern "C" fn map_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &Map = o.cast();
    visit_fields(&[&m.iters, &m.func], visit, arg)
}

/// The type `map`.
#[unsafe(no_mangle)]
pub static PyMap_Type: Type = Type::new_static(TypeDef {
    name: c"map",
    basicsize: size_of::<Map>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"map(function, iterable, /, *iterables, strict=False)\n--\n\nAn iterator over what the function answers for the items of the iterables, until the shortest ends.\n\nIf strict is true, iterables of different lengths raise a ValueError.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Map>),
    traverse: Some(map_traverse),
    iter: Some(self_iter),
    iternext: Some(map_next),
    methods: methods![map_reduce, map_setstate],
    new: Some(map_new),
    vectorcall: Some(map_vectorcall),
    ..TypeDef::EMPTY
});

/// A `filter` (`filterobject`).
#[repr(C)]
pub struct Filter {
    ob_base: Object,
    func: ObjCell,
    iter: ObjCell,
}

const _: () = assert!(offset_of!(Filter, func) == 16 && offset_of!(Filter, iter) == 24 && size_of::<Filter>() == 32);

crate::layout!(Filter, PyFilter_Type);

fn filter_construct(cls: &Type, args: &[&Object]) -> PyResult {
    check_positional("filter", args.len(), 2, 2)?;
    let f = Filter {
        ob_base: Object::placeholder(),
        func: ObjCell::new(args[0].to_obj()),
        iter: ObjCell::new(args[1].iter()?),
    };
    crate::alloc::new_instance(cls, f).map(Ref::into_obj)
}

extern "C" fn filter_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    no_keywords("filter", cls, &PyFilter_Type, kwargs)?;
    filter_construct(cls, args.cast::<Tuple>().borrowed_items())
}

unsafe extern "C" fn filter_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    if !call.keywords().is_empty() {
        bail!(TypeError, "filter() takes no keyword arguments");
    }
    filter_construct(cls.cast(), call.positional())
}

extern "C" fn filter_next(o: &Object) -> Option<Obj> {
    let f: &Filter = o.cast();
    let (func, it) = (f.func.get()?, f.iter.get()?);
    let by_truth = func.is_none() || std::ptr::eq(func, PyBool_Type.as_object());
    loop {
        let item = raw_next(it)?;
        let good = if by_truth { item.is_true() } else { func.call_one(&item).and_then(|r| r.is_true()) };
        match good {
            Ok(true) => return Some(item),
            Ok(false) => {}
            Err(_) => return None,
        }
    }
}

/// What pickling makes the object from.
#[method(name = "__reduce__")]
fn filter_reduce(this: &Filter) -> Ref<Tuple> {
    let args: Vec<Obj> = [this.func.get_owned(), this.iter.get_owned()].into_iter().flatten().collect();
    tuple_of([this.ty().to_obj(), Tuple::from_vec(args).into_obj()])
}

extern "C" fn filter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let f: &Filter = o.cast();
    visit_fields(&[&f.func, &f.iter], visit, arg)
}

/// The type `filter`.
#[unsafe(no_mangle)]
pub static PyFilter_Type: Type = Type::new_static(TypeDef {
    name: c"filter",
    basicsize: size_of::<Filter>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"filter(function, iterable, /)\n--\n\nAn iterator over the items for which the function answers something true.\n\nWith None as the function, over the items that are true themselves.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Filter>),
    traverse: Some(filter_traverse),
    iter: Some(self_iter),
    iternext: Some(filter_next),
    methods: methods![filter_reduce],
    new: Some(filter_new),
    vectorcall: Some(filter_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyMap_Type, &PyFilter_Type];
