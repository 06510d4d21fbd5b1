//! `count`, `cycle`, `repeat` and `chain`.

use super::Step;
use crate::support::{__class_getitem__, bind, bind_by_position, exhausted, raw_next, self_iter, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::protocol::number;
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::complex::Complex;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::StrBuilder;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, layout, method, methods,
};

// ---- count

/// `count`: machine integers as long as they reach, then objects.
#[repr(C)]
pub struct Count {
    ob_base: Object,
    next: Cell<isize>,
    /// The next number, when it or the step is not a small integer: `next` is then not used.
    long_next: ObjCell,
    long_step: ObjCell,
}

layout!(Count, COUNT_TYPE);

fn is_number(o: &Object) -> PyResult<bool> {
    Ok(o.ty().number().is_some_and(|n| n.index.get().is_some() || n.int.get().is_some() || n.float.get().is_some())
        || o.downcast::<Complex>().is_some())
}

extern "C" fn count_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("count", posonly 0, positional 2, ["start" false, "step" false]);
    bind(sig, args, kwargs, |[start, step]| {
        for x in [start, step].into_iter().flatten() {
            if !is_number(x)? {
                bail!(TypeError, "a number is required");
            }
        }
        let start = start.map_or_else(|| Int::zero().into_obj(), Object::to_obj);
        let step = step.map_or_else(|| Int::one().into_obj(), Object::to_obj);
        let small_start = start.downcast_exact::<Int>().and_then(Int::to_isize).filter(|n| *n != isize::MAX);
        let unit_step = step.downcast_exact::<Int>().and_then(Int::to_isize) == Some(1);
        let fast = small_start.filter(|_| unit_step);
        let body = Count {
            ob_base: Object::placeholder(),
            next: Cell::new(fast.unwrap_or(0)),
            long_next: ObjCell::from_opt(if fast.is_some() { None } else { Some(start) }),
            long_step: ObjCell::new(step),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Count {
    #[inline(always)]
    fn step(&self) -> PyResult {
        if self.long_next.is_empty() {
            let n = self.next.get();
            if n < isize::MAX {
                self.next.set(n + 1);
                return Ok(Int::from_isize(n).into_obj());
            }
            self.long_next.set(Some(Int::from_isize(n).into_obj()));
        }
        let now = self.long_next.get_owned().unwrap_or_else(crate::support::none);
        let step = self.long_step.get_owned().unwrap_or_else(crate::support::none);
        let next = number::add(&now, &step)?;
        self.long_next.set(Some(next));
        Ok(now)
    }
}

extern "C" fn count_next(o: &Object) -> Option<Obj> {
    o.cast::<Count>().step().ok()
}

extern "C" fn count_repr(o: &Object) -> PyResult {
    let c: &Count = o.cast();
    let name = o.ty().short_name();
    let Some(next) = c.long_next.get_owned() else { return Ok(text(&format!("{name}({})", c.next.get()))) };
    let step = c.long_step.get_owned().unwrap_or_else(crate::support::none);
    let mut b = StrBuilder::new();
    b.push_str(name);
    b.push_str("(");
    b.push_pystr(&*next.repr()?);
    if step.downcast::<Int>().and_then(Int::to_i64) != Some(1) {
        b.push_str(", ");
        b.push_pystr(&*step.repr()?);
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn count_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Count = o.cast();
    visit_fields(&[&c.long_next, &c.long_step], visit, arg)
}

/// `count`.
pub static COUNT_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.count",
    basicsize: size_of::<Count>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"count(start=0, step=1)\n--\n\nAn endless iterator over start, start+step, start+2*step, ..."),
    dealloc: Some(dealloc_of::<Count>),
    repr: Some(count_repr),
    traverse: Some(count_traverse),
    iter: Some(self_iter),
    iternext: Some(count_next),
    new: Some(count_new),
    ..TypeDef::EMPTY
});

// ---- cycle

/// `cycle`.
#[repr(C)]
pub struct Cycle {
    ob_base: Object,
    /// The iterator, until it is exhausted.
    it: ObjCell,
    saved: ObjCell,
    index: Cell<usize>,
}

layout!(Cycle, CYCLE_TYPE);

extern "C" fn cycle_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("cycle", posonly 1, positional 1, ["" true]);
    bind_by_position(sig, cls, &CYCLE_TYPE, args, kwargs, |[iterable]| {
        let body = Cycle {
            ob_base: Object::placeholder(),
            it: ObjCell::new(receiver(iterable).iter()?),
            saved: ObjCell::new(List::new().into_obj()),
            index: Cell::new(0),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Cycle {
    fn step(&self) -> Step {
        let Some(saved) = self.saved.get() else { return Ok(None) };
        if let Some(it) = self.it.get_owned() {
            let saved = saved.to_obj();
            if let Some(v) = raw_next(&it) {
                saved.cast::<List>().push(v.clone())?;
                return Ok(Some(v));
            }
            exhausted()?;
            self.it.set(None);
        }
        let Some(saved) = self.saved.get() else { return Ok(None) };
        let saved: &List = saved.cast();
        let i = self.index.get();
        let v = saved.get(i);
        self.index.set(if i + 1 >= saved.len() { 0 } else { i + 1 });
        Ok(v)
    }
}

extern "C" fn cycle_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Cycle>().step())
}

extern "C" fn cycle_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Cycle = o.cast();
    visit_fields(&[&c.it, &c.saved], visit, arg)
}

/// `cycle`.
pub static CYCLE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.cycle",
    basicsize: size_of::<Cycle>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"cycle(iterable, /)\n--\n\nAn iterator over the items of iterable that starts again at the end, without end.",
    ),
    dealloc: Some(dealloc_of::<Cycle>),
    traverse: Some(cycle_traverse),
    iter: Some(self_iter),
    iternext: Some(cycle_next),
    new: Some(cycle_new),
    ..TypeDef::EMPTY
});

// ---- repeat

/// `repeat`.
#[repr(C)]
pub struct Repeat {
    ob_base: Object,
    element: ObjCell,
    /// How often still; -1 for ever.
    count: Cell<isize>,
}

layout!(Repeat, REPEAT_TYPE);

extern "C" fn repeat_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("repeat", posonly 0, positional 2, ["object" true, "times" false]);
    bind(sig, args, kwargs, |[object, times]| {
        let count = match times {
            None => -1,
            Some(t) => t.index_as_isize(Some(exceptions::OverflowError))?.max(0),
        };
        let body = Repeat {
            ob_base: Object::placeholder(),
            element: ObjCell::new(receiver(object).to_obj()),
            count: Cell::new(count),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

extern "C" fn repeat_next(o: &Object) -> Option<Obj> {
    let r: &Repeat = o.cast();
    let n = r.count.get();
    if n == 0 {
        return None;
    }
    if n > 0 {
        r.count.set(n - 1);
    }
    r.element.get_owned()
}

extern "C" fn repeat_repr(o: &Object) -> PyResult {
    let r: &Repeat = o.cast();
    let element = r.element.get_owned().unwrap_or_else(crate::support::none);
    let mut b = StrBuilder::new();
    b.push_str(o.ty().short_name());
    b.push_str("(");
    b.push_pystr(&*element.repr()?);
    if r.count.get() >= 0 {
        b.push_str(&format!(", {}", r.count.get()));
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

/// Return how many repetitions are left.
#[method]
fn __length_hint__(this: &Repeat) -> PyResult<isize> {
    match this.count.get() {
        -1 => bail!(TypeError, "len() of unsized object"),
        n => Ok(n),
    }
}

extern "C" fn repeat_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Repeat>().element], visit, arg)
}

/// `repeat`.
pub static REPEAT_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.repeat",
    basicsize: size_of::<Repeat>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"repeat(object [,times]) -> an iterator that gives the object so many times, or without end"),
    dealloc: Some(dealloc_of::<Repeat>),
    repr: Some(repeat_repr),
    traverse: Some(repeat_traverse),
    iter: Some(self_iter),
    iternext: Some(repeat_next),
    methods: methods![__length_hint__],
    new: Some(repeat_new),
    ..TypeDef::EMPTY
});

// ---- chain

/// `chain`.
#[repr(C)]
pub struct Chain {
    ob_base: Object,
    /// The iterator over the iterables.
    source: ObjCell,
    /// The iterator in use.
    active: ObjCell,
}

layout!(Chain, CHAIN_TYPE);

fn new_chain(cls: &Type, source: Obj) -> PyResult {
    let body = Chain { ob_base: Object::placeholder(), source: ObjCell::new(source), active: ObjCell::empty() };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn chain_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    taipan_object::args::no_keywords("chain", cls, &CHAIN_TYPE, kwargs)?;
    new_chain(cls, args.iter()?)
}

/// Make a chain over the items of one iterable, which is not gone through in advance.
#[classmethod(signature = "(iterable, /)")]
fn from_iterable(cls: &Type, iterable: &Object) -> PyResult {
    new_chain(cls, iterable.iter()?)
}

extern "C" fn chain_next(o: &Object) -> Option<Obj> {
    let c: &Chain = o.cast();
    loop {
        if let Some(active) = c.active.get() {
            let active = active.to_obj();
            if let Some(v) = raw_next(&active) {
                return Some(v);
            }
            exhausted().ok()?;
            c.active.set(None);
        }
        let source = c.source.get_owned()?;
        let Some(iterable) = raw_next(&source) else {
            c.source.set(None);
            return None;
        };
        match iterable.iter() {
            Ok(it) => c.active.set(Some(it)),
            Err(_) => {
                c.source.set(None);
                return None;
            }
        }
    }
}

extern "C" fn chain_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Chain = o.cast();
    visit_fields(&[&c.source, &c.active], visit, arg)
}

/// `chain`.
pub static CHAIN_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.chain",
    basicsize: size_of::<Chain>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"chain(*iterables)\n--\n\nAn iterator over the items of the first iterable, then those of the next, and so on."),
    dealloc: Some(dealloc_of::<Chain>),
    traverse: Some(chain_traverse),
    iter: Some(self_iter),
    iternext: Some(chain_next),
    methods: methods![from_iterable, __class_getitem__],
    new: Some(chain_new),
    ..TypeDef::EMPTY
});
