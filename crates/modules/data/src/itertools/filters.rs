//! `compress`, `dropwhile`, `takewhile`, `filterfalse`, `starmap` and `islice`.

use super::Step;
use crate::support::{bind, bind_by_position, exhausted, raw_next, self_iter, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::protocol::number;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bool_::PyBool_Type;
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout};

const ITERATOR: TypeDef = TypeDef { flags: flags::HAVE_GC | flags::BASETYPE, iter: Some(self_iter), ..TypeDef::EMPTY };

/// The next item of an iterator in a field.
#[inline(always)]
fn next_of(field: &ObjCell) -> Step {
    let Some(it) = field.get_owned() else { return Ok(None) };
    match raw_next(&it) {
        Some(v) => Ok(Some(v)),
        None => exhausted().map(|()| None),
    }
}

/// Two objects: a function and an iterator, or two iterators.
#[repr(C)]
pub struct Pair {
    ob_base: Object,
    first: ObjCell,
    second: ObjCell,
}

#[repr(C)]
pub struct Compress(Pair);
#[repr(C)]
pub struct FilterFalse(Pair);
#[repr(C)]
pub struct StarMap(Pair);
layout!(Compress, COMPRESS_TYPE);
layout!(FilterFalse, FILTERFALSE_TYPE);
layout!(StarMap, STARMAP_TYPE);

fn pair(first: Obj, second: Obj) -> Pair {
    Pair { ob_base: Object::placeholder(), first: ObjCell::new(first), second: ObjCell::new(second) }
}

extern "C" fn pair_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: only the three types above have this slot.
    let p: &Pair = unsafe { o.cast_unchecked() };
    visit_fields(&[&p.first, &p.second], visit, arg)
}

// ---- compress

extern "C" fn compress_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("compress", posonly 0, positional 2, ["data" true, "selectors" true]);
    bind(sig, args, kwargs, |[data, selectors]| {
        let p = pair(receiver(data).iter()?, receiver(selectors).iter()?);
        new_instance(cls, Compress(p)).map(Ref::into_obj)
    })
}

fn compress_step(p: &Pair) -> Step {
    loop {
        let Some(datum) = next_of(&p.first)? else { return Ok(None) };
        let Some(selector) = next_of(&p.second)? else { return Ok(None) };
        if selector.is_true()? {
            return Ok(Some(datum));
        }
    }
}

extern "C" fn compress_next(o: &Object) -> Option<Obj> {
    to_iternext(compress_step(&o.cast::<Compress>().0))
}

/// `compress`.
pub static COMPRESS_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.compress",
    basicsize: size_of::<Compress>(),
    doc: Some(c"compress(data, selectors)\n--\n\nAn iterator over the items of data whose selector is true."),
    dealloc: Some(dealloc_of::<Compress>),
    traverse: Some(pair_traverse),
    iternext: Some(compress_next),
    new: Some(compress_new),
    ..ITERATOR
});

// ---- filterfalse

extern "C" fn filterfalse_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("filterfalse", posonly 2, positional 2, ["" true, "" true]);
    bind_by_position(sig, cls, &FILTERFALSE_TYPE, args, kwargs, |[function, iterable]| {
        let p = pair(receiver(function).to_obj(), receiver(iterable).iter()?);
        new_instance(cls, FilterFalse(p)).map(Ref::into_obj)
    })
}

fn filterfalse_step(p: &Pair) -> Step {
    let Some(function) = p.first.get_owned() else { return Ok(None) };
    let truth = function.is_none() || std::ptr::eq(function.as_ptr(), PyBool_Type.as_object());
    loop {
        let Some(item) = next_of(&p.second)? else { return Ok(None) };
        let keep = if truth { !item.is_true()? } else { !function.call_one(&item)?.is_true()? };
        if keep {
            return Ok(Some(item));
        }
    }
}

extern "C" fn filterfalse_next(o: &Object) -> Option<Obj> {
    to_iternext(filterfalse_step(&o.cast::<FilterFalse>().0))
}

/// `filterfalse`.
pub static FILTERFALSE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.filterfalse",
    basicsize: size_of::<FilterFalse>(),
    doc: Some(c"filterfalse(function, iterable, /)\n--\n\nAn iterator over the items for which function(item) is false, or that are false if function is None."),
    dealloc: Some(dealloc_of::<FilterFalse>),
    traverse: Some(pair_traverse),
    iternext: Some(filterfalse_next),
    new: Some(filterfalse_new),
    ..ITERATOR
});

// ---- starmap

extern "C" fn starmap_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("starmap", posonly 2, positional 2, ["" true, "" true]);
    bind_by_position(sig, cls, &STARMAP_TYPE, args, kwargs, |[function, iterable]| {
        let p = pair(receiver(function).to_obj(), receiver(iterable).iter()?);
        new_instance(cls, StarMap(p)).map(Ref::into_obj)
    })
}

fn starmap_step(p: &Pair) -> Step {
    let Some(args) = next_of(&p.second)? else { return Ok(None) };
    let Some(function) = p.first.get_owned() else { return Ok(None) };
    if args.is_exact(&PyTuple_Type) {
        return function.call(args.cast::<Tuple>().borrowed_items()).map(Some);
    }
    let args = args.to_tuple()?;
    function.call(args.borrowed_items()).map(Some)
}

extern "C" fn starmap_next(o: &Object) -> Option<Obj> {
    to_iternext(starmap_step(&o.cast::<StarMap>().0))
}

/// `starmap`.
pub static STARMAP_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.starmap",
    basicsize: size_of::<StarMap>(),
    doc: Some(c"starmap(function, iterable, /)\n--\n\nAn iterator over function(*args) for each args of iterable."),
    dealloc: Some(dealloc_of::<StarMap>),
    traverse: Some(pair_traverse),
    iternext: Some(starmap_next),
    new: Some(starmap_new),
    ..ITERATOR
});

// ---- dropwhile and takewhile

/// A predicate, an iterator, and whether the predicate has failed.
#[repr(C)]
pub struct While {
    ob_base: Object,
    predicate: ObjCell,
    it: ObjCell,
    done: Cell<bool>,
}

#[repr(C)]
pub struct DropWhile(While);
#[repr(C)]
pub struct TakeWhile(While);
layout!(DropWhile, DROPWHILE_TYPE);
layout!(TakeWhile, TAKEWHILE_TYPE);

fn new_while(predicate: Option<&Object>, iterable: Option<&Object>) -> PyResult<While> {
    Ok(While {
        ob_base: Object::placeholder(),
        predicate: ObjCell::new(receiver(predicate).to_obj()),
        it: ObjCell::new(receiver(iterable).iter()?),
        done: Cell::new(false),
    })
}

extern "C" fn dropwhile_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("dropwhile", posonly 2, positional 2, ["" true, "" true]);
    bind_by_position(sig, cls, &DROPWHILE_TYPE, args, kwargs, |[p, it]| {
        new_instance(cls, DropWhile(new_while(p, it)?)).map(Ref::into_obj)
    })
}

extern "C" fn takewhile_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("takewhile", posonly 2, positional 2, ["" true, "" true]);
    bind_by_position(sig, cls, &TAKEWHILE_TYPE, args, kwargs, |[p, it]| {
        new_instance(cls, TakeWhile(new_while(p, it)?)).map(Ref::into_obj)
    })
}

impl While {
    fn test(&self, item: &Object) -> PyResult<bool> {
        match self.predicate.get_owned() {
            Some(p) => p.call_one(item)?.is_true(),
            None => Ok(false),
        }
    }

    fn drop_step(&self) -> Step {
        loop {
            let Some(item) = next_of(&self.it)? else { return Ok(None) };
            if self.done.get() {
                return Ok(Some(item));
            }
            if !self.test(&item)? {
                self.done.set(true);
                return Ok(Some(item));
            }
        }
    }

    fn take_step(&self) -> Step {
        if self.done.get() {
            return Ok(None);
        }
        let Some(item) = next_of(&self.it)? else { return Ok(None) };
        if self.test(&item)? {
            return Ok(Some(item));
        }
        self.done.set(true);
        Ok(None)
    }
}

extern "C" fn while_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    // SAFETY: only the two types above have this slot.
    let w: &While = unsafe { o.cast_unchecked() };
    visit_fields(&[&w.predicate, &w.it], visit, arg)
}

extern "C" fn dropwhile_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<DropWhile>().0.drop_step())
}
extern "C" fn takewhile_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<TakeWhile>().0.take_step())
}

/// `dropwhile`.
pub static DROPWHILE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.dropwhile",
    basicsize: size_of::<DropWhile>(),
    doc: Some(c"dropwhile(predicate, iterable, /)\n--\n\nAn iterator over the items from the first one on for which the predicate is false."),
    dealloc: Some(dealloc_of::<DropWhile>),
    traverse: Some(while_traverse),
    iternext: Some(dropwhile_next),
    new: Some(dropwhile_new),
    ..ITERATOR
});

/// `takewhile`.
pub static TAKEWHILE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.takewhile",
    basicsize: size_of::<TakeWhile>(),
    doc: Some(c"takewhile(predicate, iterable, /)\n--\n\nAn iterator over the items up to the first one for which the predicate is false."),
    dealloc: Some(dealloc_of::<TakeWhile>),
    traverse: Some(while_traverse),
    iternext: Some(takewhile_next),
    new: Some(takewhile_new),
    ..ITERATOR
});

// ---- islice

/// `islice`.
#[repr(C)]
pub struct ISlice {
    ob_base: Object,
    it: ObjCell,
    /// Index of the next item to give.
    next: Cell<usize>,
    /// `usize::MAX` for none.
    stop: Cell<usize>,
    step: Cell<usize>,
    /// Items taken from the iterator.
    count: Cell<usize>,
}

layout!(ISlice, ISLICE_TYPE);

/// An index argument, `None` for None.
fn islice_index(o: &Object) -> Result<Option<usize>, ()> {
    if o.is_none() {
        return Ok(None);
    }
    if !number::has_index(o) {
        return Err(());
    }
    match o.index_as_isize(None) {
        Ok(n) => usize::try_from(n).map(Some).map_err(|_| ()),
        Err(e) => {
            e.clear();
            Err(())
        }
    }
}

extern "C" fn islice_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    taipan_object::args::no_keywords("islice", cls, &ISLICE_TYPE, kwargs)?;
    let args: &Tuple = args.cast();
    taipan_object::args::check_positional("islice", args.len(), 2, 4)?;
    let iterable = args.item(0);
    let (mut start, mut step) = (0, 1);
    let stop;
    if args.len() == 2 {
        match islice_index(args.item(1)) {
            Ok(n) => stop = n.unwrap_or(usize::MAX),
            Err(()) => {
                bail!(ValueError, "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
            }
        }
    } else {
        match islice_index(args.item(2)) {
            Ok(n) => stop = n.unwrap_or(usize::MAX),
            Err(()) if !args.item(2).is_none() && !number::has_index(args.item(2)) => {
                bail!(ValueError, "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
            }
            Err(()) => bail!(ValueError, "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."),
        }
        match islice_index(args.item(1)) {
            Ok(n) => start = n.unwrap_or(0),
            Err(()) => bail!(ValueError, "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."),
        }
    }
    if let Some(s) = args.items().get(3) {
        match islice_index(s) {
            Ok(None) => {}
            Ok(Some(n)) if n > 0 => step = n,
            _ => bail!(ValueError, "Step for islice() must be a positive integer or None."),
        }
    }
    let body = ISlice {
        ob_base: Object::placeholder(),
        it: ObjCell::new(iterable.iter()?),
        next: Cell::new(start),
        stop: Cell::new(stop),
        step: Cell::new(step),
        count: Cell::new(0),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn islice_next(o: &Object) -> Option<Obj> {
    let s: &ISlice = o.cast();
    let it = s.it.get_owned()?;
    let (next, stop) = (s.next.get(), s.stop.get());
    let end = || {
        s.it.set(None);
        None
    };
    // With a start behind the stop, the items up to the stop are used up all the same.
    while s.count.get() < next.min(stop) {
        match raw_next(&it) {
            Some(v) => drop(v),
            None => return end(),
        }
        s.count.set(s.count.get() + 1);
    }
    if s.count.get() >= stop {
        return end();
    }
    let Some(v) = raw_next(&it) else { return end() };
    s.count.set(s.count.get() + 1);
    s.next.set(next.checked_add(s.step.get()).map_or(stop, |n| n.min(stop)));
    Some(v)
}

extern "C" fn islice_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<ISlice>().it], visit, arg)
}

/// `islice`.
pub static ISLICE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.islice",
    basicsize: size_of::<ISlice>(),
    doc: Some(c"islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\nAn iterator over the items whose positions are in range(start, stop, step)."),
    dealloc: Some(dealloc_of::<ISlice>),
    traverse: Some(islice_traverse),
    iternext: Some(islice_next),
    new: Some(islice_new),
    ..ITERATOR
});
