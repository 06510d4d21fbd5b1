//! `zip_longest`.

use super::Step;
use crate::support::{exhausted, none, raw_next, self_iter, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::to_iternext;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout};

/// `zip_longest`.
#[repr(C)]
pub struct ZipLongest {
    ob_base: Object,
    /// How many iterators still give items.
    active: Cell<usize>,
    /// A list of iterators; those that are exhausted are None.
    iters: ObjCell,
    result: ObjCell,
    fillvalue: ObjCell,
}

layout!(ZipLongest, ZIP_LONGEST_TYPE);

extern "C" fn zip_longest_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let mut fillvalue = none();
    if let Some(k) = kwargs.filter(|k| !k.is_null_or_empty_dict()) {
        let pairs = k.cast::<Dict>().pairs();
        match pairs.as_slice() {
            [(name, v)] if name.downcast::<Str>().is_some_and(|n| n.eq_str("fillvalue")) => fillvalue = v.clone(),
            _ => bail!(TypeError, "zip_longest() got an unexpected keyword argument"),
        }
    }
    let args: &Tuple = args.cast();
    let iters = args.items().iter().map(|a| a.iter()).collect::<PyResult<Vec<Obj>>>()?;
    let body = ZipLongest {
        ob_base: Object::placeholder(),
        active: Cell::new(iters.len()),
        result: ObjCell::new(Tuple::from_vec(vec![none(); iters.len()]).into_obj()),
        iters: ObjCell::new(List::from_vec(iters).into_obj()),
        fillvalue: ObjCell::new(fillvalue),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

impl ZipLongest {
    /// The next item of iterator `i`, or the fill value; `None` when that was the last iterator left.
    fn item(&self, iters: &List, i: usize, fill: &Object) -> Step {
        let Some(it) = iters.get(i).filter(|it| !it.is_none()) else { return Ok(Some(fill.to_obj())) };
        if let Some(v) = raw_next(&it) {
            return Ok(Some(v));
        }
        let end = exhausted();
        self.active.set(self.active.get().saturating_sub(1));
        if self.active.get() == 0 || end.is_err() {
            self.active.set(0);
            end?;
            return Ok(None);
        }
        drop(iters.replace(i, none()));
        Ok(Some(fill.to_obj()))
    }

    fn step(&self) -> Step {
        if self.active.get() == 0 {
            return Ok(None);
        }
        let (Some(iters), Some(fill)) = (self.iters.get_owned(), self.fillvalue.get_owned()) else { return Ok(None) };
        let iters: &List = iters.cast();
        let n = iters.len();
        if let Some(last) = self.result.get().filter(|t| t.is_unique()) {
            // The second reference keeps what runs below from using the tuple as well.
            let last = last.to_obj();
            let t: &Tuple = last.cast();
            for i in 0..n {
                let Some(v) = self.item(iters, i, &fill)? else { return Ok(None) };
                // SAFETY: the only other reference is the one in `result`, which nobody sees; the tuple has as many items.
                drop(unsafe { t.replace_item(i, v) });
            }
            t.renew();
            return Ok(Some(last));
        }
        let mut items = Vec::with_capacity(n);
        for i in 0..n {
            let Some(v) = self.item(iters, i, &fill)? else { return Ok(None) };
            items.push(v);
        }
        Ok(Some(Tuple::from_vec(items).into_obj()))
    }
}

extern "C" fn zip_longest_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<ZipLongest>().step())
}

extern "C" fn zip_longest_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let z: &ZipLongest = o.cast();
    visit_fields(&[&z.iters, &z.result, &z.fillvalue], visit, arg)
}

/// `zip_longest`.
pub static ZIP_LONGEST_TYPE: Type = Type::new_static(TypeDef {
    name: c"itertools.zip_longest",
    basicsize: size_of::<ZipLongest>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"zip_longest(*iterables, fillvalue=None)\n--\n\nAn iterator over tuples of one item from each iterable, until the longest ends; fillvalue stands for what is missing."),
    dealloc: Some(dealloc_of::<ZipLongest>),
    traverse: Some(zip_longest_traverse),
    iter: Some(self_iter),
    iternext: Some(zip_longest_next),
    new: Some(zip_longest_new),
    ..TypeDef::EMPTY
});
