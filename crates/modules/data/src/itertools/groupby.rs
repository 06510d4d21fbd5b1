//! `groupby` and the iterators over its groups.

use super::Step;
use crate::support::{bind, bind_by_position, exhausted, raw_next, self_iter, tuple_of, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::receiver;
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout};

/// `groupby`.
#[repr(C)]
pub struct GroupBy {
    ob_base: Object,
    it: ObjCell,
    keyfunc: ObjCell,
    /// The key of the group handed out last.
    target_key: ObjCell,
    current_key: ObjCell,
    current_value: ObjCell,
    /// The group handed out last, not counted; older ones are void.
    current_grouper: Cell<*const Object>,
    reserved: usize,
}

layout!(GroupBy, GROUPBY_TYPE);

/// The iterator over one group.
#[repr(C)]
pub struct Grouper {
    ob_base: Object,
    parent: ObjCell,
    target_key: ObjCell,
}

layout!(Grouper, GROUPER_TYPE);

extern "C" fn groupby_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("groupby", posonly 0, positional 2, ["iterable" true, "key" false]);
    bind(sig, args, kwargs, |[iterable, key]| {
        let body = GroupBy {
            ob_base: Object::placeholder(),
            it: ObjCell::new(receiver(iterable).iter()?),
            keyfunc: ObjCell::from_opt(key.filter(|k| !k.is_none()).map(Object::to_obj)),
            target_key: ObjCell::empty(),
            current_key: ObjCell::empty(),
            current_value: ObjCell::empty(),
            current_grouper: Cell::new(std::ptr::null()),
            reserved: 0,
        };
        new_instance(cls, body).map(Ref::into_obj)
    })
}

impl GroupBy {
    /// Takes the next item and its key; whether there was one.
    fn advance(&self) -> PyResult<bool> {
        let Some(it) = self.it.get_owned() else { return Ok(false) };
        let Some(value) = raw_next(&it) else { return exhausted().map(|()| false) };
        let key = match self.keyfunc.get_owned() {
            None => value.clone(),
            Some(f) => f.call_one(&value)?,
        };
        self.current_value.set(Some(value));
        self.current_key.set(Some(key));
        Ok(true)
    }

    fn step(&self) -> Step {
        self.current_grouper.set(std::ptr::null());
        // Skips what is left of the last group.
        loop {
            match (self.target_key.get_owned(), self.current_key.get_owned()) {
                (_, None) => {}
                (None, Some(_)) => break,
                (Some(t), Some(k)) => {
                    if !t.eq(&k)? {
                        break;
                    }
                }
            }
            if !self.advance()? {
                return Ok(None);
            }
        }
        let key = self.current_key.get_owned().unwrap_or_else(crate::support::none);
        self.target_key.set(Some(key.clone()));
        let grouper = self.new_grouper(&key);
        Ok(Some(tuple_of([key, grouper]).into_obj()))
    }

    fn new_grouper(&self, key: &Object) -> Obj {
        let g = new_object(Grouper {
            ob_base: Object::placeholder(),
            parent: ObjCell::new(self.ob_base.to_obj()),
            target_key: ObjCell::new(key.to_obj()),
        })
        .into_obj();
        self.current_grouper.set(g.as_ptr());
        g
    }
}

extern "C" fn groupby_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<GroupBy>().step())
}

extern "C" fn groupby_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let g: &GroupBy = o.cast();
    visit_fields(&[&g.it, &g.keyfunc, &g.target_key, &g.current_key, &g.current_value], visit, arg)
}

extern "C" fn grouper_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("_grouper", posonly 2, positional 2, ["" true, "" true]);
    bind_by_position(sig, cls, &GROUPER_TYPE, args, kwargs, |[parent, key]| {
        let parent = receiver(parent);
        let Some(p) = parent.downcast::<GroupBy>() else {
            bail!(TypeError, "_grouper() argument 1 must be itertools.groupby, not {}", parent.ty().name_str());
        };
        Ok(p.new_grouper(receiver(key)))
    })
}

impl Grouper {
    fn step(&self) -> Step {
        let Some(parent) = self.parent.get_owned() else { return Ok(None) };
        let parent: &GroupBy = parent.cast();
        if !std::ptr::eq(parent.current_grouper.get(), &self.ob_base) {
            return Ok(None);
        }
        if parent.current_value.is_empty() && !parent.advance()? {
            return Ok(None);
        }
        let (Some(target), Some(key)) = (self.target_key.get_owned(), parent.current_key.get_owned()) else {
            return Ok(None);
        };
        if !target.eq(&key)? {
            return Ok(None);
        }
        parent.current_key.set(None);
        Ok(parent.current_value.take())
    }
}

extern "C" fn grouper_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Grouper>().step())
}

extern "C" fn grouper_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let g: &Grouper = o.cast();
    visit_fields(&[&g.parent, &g.target_key], visit, arg)
}

/// `groupby`.
pub static GROUPBY_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.groupby",
    basicsize: size_of::<GroupBy>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"groupby(iterable, key=None)\n--\n\nAn iterator over pairs of a key and an iterator over the successive items with that key."),
    dealloc: Some(dealloc_of::<GroupBy>),
    traverse: Some(groupby_traverse),
    iter: Some(self_iter),
    iternext: Some(groupby_next),
    new: Some(groupby_new),
    ..TypeDef::EMPTY
});

/// `_grouper`.
pub static GROUPER_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools._grouper",
    basicsize: size_of::<Grouper>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<Grouper>),
    traverse: Some(grouper_traverse),
    iter: Some(self_iter),
    iternext: Some(grouper_next),
    new: Some(grouper_new),
    ..TypeDef::EMPTY
});
