//! `accumulate`, `batched` and `pairwise`.

use super::Step;
use crate::support::{bind, bind_by_position, exhausted, raw_next, self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::protocol::number;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout};

const ITERATOR: TypeDef = TypeDef { flags: flags::HAVE_GC | flags::BASETYPE, iter: Some(self_iter), ..TypeDef::EMPTY };

// ---- accumulate

/// `accumulate`.
#[repr(C)]
pub struct Accumulate {
    ob_base: Object,
    total: ObjCell,
    it: ObjCell,
    func: ObjCell,
    initial: ObjCell,
    reserved: usize,
}

layout!(Accumulate, ACCUMULATE_TYPE);

extern "C" fn accumulate_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig =
        crate::signature!("accumulate", posonly 0, positional 2, ["iterable" true, "func" false, "initial" false]);
    bind(sig, args, kwargs, |[iterable, func, initial]| {
        let given = |o: Option<&Object>| ObjCell::from_opt(o.filter(|o| !o.is_none()).map(Object::to_obj));
        let body = Accumulate {
            ob_base: Object::placeholder(),
            total: ObjCell::empty(),
            it: ObjCell::new(receiver(iterable).iter()?),
            func: given(func),
            initial: given(initial),
            reserved: 0,
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Accumulate {
    fn step(&self) -> Step {
        if let Some(first) = self.initial.take() {
            self.total.set(Some(first.clone()));
            return Ok(Some(first));
        }
        let Some(it) = self.it.get_owned() else { return Ok(None) };
        let Some(item) = raw_next(&it) else { return exhausted().map(|()| None) };
        let total = match self.total.get_owned() {
            None => item,
            Some(t) => match self.func.get_owned() {
                None => number::add(&t, &item)?,
                Some(f) => f.call(&[&t, &item])?,
            },
        };
        self.total.set(Some(total.clone()));
        Ok(Some(total))
    }
}

extern "C" fn accumulate_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Accumulate>().step())
}

extern "C" fn accumulate_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let a: &Accumulate = o.cast();
    visit_fields(&[&a.total, &a.it, &a.func, &a.initial], visit, arg)
}

/// `accumulate`.
pub static ACCUMULATE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.accumulate",
    basicsize: size_of::<Accumulate>(),
    doc: Some(c"accumulate(iterable, func=None, *, initial=None)\n--\n\nAn iterator over running sums, or over the running results of another function of two arguments."),
    dealloc: Some(dealloc_of::<Accumulate>),
    traverse: Some(accumulate_traverse),
    iternext: Some(accumulate_next),
    new: Some(accumulate_new),
    ..ITERATOR
});

// ---- batched

/// `batched`.
#[repr(C)]
pub struct Batched {
    ob_base: Object,
    it: ObjCell,
    size: Cell<usize>,
    strict: Cell<bool>,
}

layout!(Batched, BATCHED_TYPE);

extern "C" fn batched_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("batched", posonly 0, positional 2, ["iterable" true, "n" true, "strict" false]);
    bind(sig, args, kwargs, |[iterable, n, strict]| {
        let n = receiver(n).index_as_isize(Some(exceptions::OverflowError))?;
        let strict = strict.map_or(Ok(false), Object::is_true)?;
        if n < 1 {
            bail!(ValueError, "n must be at least one");
        }
        let body = Batched {
            ob_base: Object::placeholder(),
            it: ObjCell::new(receiver(iterable).iter()?),
            size: Cell::new(n as usize),
            strict: Cell::new(strict),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Batched {
    fn step(&self) -> Step {
        let Some(it) = self.it.get_owned() else { return Ok(None) };
        let n = self.size.get();
        let mut items = Vec::with_capacity(n.min(1024));
        while items.len() < n {
            match raw_next(&it) {
                Some(v) => items.push(v),
                None => {
                    exhausted()?;
                    break;
                }
            }
        }
        if items.len() < n {
            self.it.set(None);
            if items.is_empty() {
                return Ok(None);
            }
            if self.strict.get() {
                bail!(ValueError, "batched(): incomplete batch");
            }
        }
        Ok(Some(Tuple::from_vec(items).into_obj()))
    }
}

extern "C" fn batched_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Batched>().step())
}

extern "C" fn batched_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Batched>().it], visit, arg)
}

/// `batched`.
pub static BATCHED_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.batched",
    basicsize: size_of::<Batched>(),
    doc: Some(c"batched(iterable, n, *, strict=False)\n--\n\nAn iterator over tuples of n items; the last one may be shorter, which strict refuses."),
    dealloc: Some(dealloc_of::<Batched>),
    traverse: Some(batched_traverse),
    iternext: Some(batched_next),
    new: Some(batched_new),
    ..ITERATOR
});

// ---- pairwise

/// `pairwise`.
#[repr(C)]
pub struct Pairwise {
    ob_base: Object,
    it: ObjCell,
    old: ObjCell,
    /// The pair handed out last, used again if nobody kept it.
    result: ObjCell,
}

layout!(Pairwise, PAIRWISE_TYPE);

extern "C" fn pairwise_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("pairwise", posonly 1, positional 1, ["" true]);
    bind_by_position(sig, cls, &PAIRWISE_TYPE, args, kwargs, |[iterable]| {
        let body = Pairwise {
            ob_base: Object::placeholder(),
            it: ObjCell::new(receiver(iterable).iter()?),
            old: ObjCell::empty(),
            result: ObjCell::empty(),
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl Pairwise {
    fn step(&self) -> Step {
        let Some(it) = self.it.get_owned() else { return Ok(None) };
        let mut old = self.old.get_owned();
        if old.is_none() {
            let Some(first) = raw_next(&it) else {
                self.it.set(None);
                return exhausted().map(|()| None);
            };
            self.old.set(Some(first.clone()));
            // The iterator may have advanced this very object.
            if self.it.is_empty() {
                self.old.set(None);
                return Ok(None);
            }
            old = Some(first);
        }
        let Some(new) = raw_next(&it) else {
            self.it.set(None);
            self.old.set(None);
            return exhausted().map(|()| None);
        };
        let old = old.unwrap_or_else(crate::support::none);
        self.old.set(Some(new.clone()));
        if let Some(t) = self.result.get().filter(|t| t.is_unique()) {
            let t = t.to_obj();
            let pair: &Tuple = t.cast();
            let former = pair.refill_pair(old, new);
            pair.renew();
            drop(former);
            return Ok(Some(t));
        }
        let pair = tuple_of([old, new]).into_obj();
        // It will hold other things later.
        taipan_object::gc::track(&pair);
        self.result.set(Some(pair.clone()));
        Ok(Some(pair))
    }
}

extern "C" fn pairwise_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Pairwise>().step())
}

extern "C" fn pairwise_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &Pairwise = o.cast();
    visit_fields(&[&p.it, &p.old, &p.result], visit, arg)
}

/// `pairwise`.
pub static PAIRWISE_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.pairwise",
    basicsize: size_of::<Pairwise>(),
    doc: Some(c"pairwise(iterable, /)\n--\n\nAn iterator over pairs of neighbours."),
    dealloc: Some(dealloc_of::<Pairwise>),
    traverse: Some(pairwise_traverse),
    iternext: Some(pairwise_next),
    new: Some(pairwise_new),
    ..ITERATOR
});
