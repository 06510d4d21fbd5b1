//! The type `zip`.

use crate::args::{CallArgs, with_tuple_args};
use crate::error::{PyResult, to_iternext};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::typeobj::slots::VisitProc;
use crate::types::bool_;
use crate::types::iterators::{exhausted, raw_next, self_iter, tuple_of, visit_fields};
use crate::types::none::none;
use crate::types::tuple::Tuple;
use crate::{Raised, Type, TypeDef, bail, flags, methods, raise};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// A `zip` (`zipobject`).
#[repr(C)]
pub struct Zip {
    ob_base: Object,
    count: Cell<isize>,
    iters: ObjCell,
    /// The tuple handed out last, used again if nobody kept it.
    result: ObjCell,
    strict: Cell<c_int>,
}

const _: () = assert!(offset_of!(Zip, iters) == 24 && offset_of!(Zip, strict) == 40 && size_of::<Zip>() == 48);

crate::layout!(Zip, PyZip_Type);

/// The `strict` argument of `zip` and `map`, the only one that they take by name. `subclass` permits others, for its `__init__`.
pub(crate) fn strict_argument(name: &str, call: CallArgs<'_>, subclass: bool) -> PyResult<bool> {
    let mut strict = false;
    for (k, v) in call.keywords().iter() {
        if k.eq_str("strict") {
            strict = v.is_true()?;
        } else if !subclass {
            bail!(TypeError, "{name}() got an unexpected keyword argument '{}'", k.display());
        }
    }
    Ok(strict)
}

/// An iterator of each argument.
pub(crate) fn iterators(args: &[&Object]) -> PyResult<Ref<Tuple>> {
    Ok(Tuple::from_vec(args.iter().map(|a| a.iter()).collect::<PyResult<Vec<Obj>>>()?))
}

/// That argument `i` (from 0) ended before or after the ones before it.
#[cold]
pub(crate) fn uneven(name: &str, i: usize, comparison: &str) -> Raised {
    let plural = if i == 1 { " " } else { "s 1-" };
    raise!(ValueError, "{name}() argument {} is {comparison} than argument{plural}{i}", i + 1)
}

/// Argument `i` is exhausted and lengths must agree: all before it gave an item this time, none of the others may.
pub(crate) fn check_uneven(name: &str, iters: &Tuple, i: usize) -> PyResult<()> {
    exhausted()?;
    if i > 0 {
        return Err(uneven(name, i, "shorter"));
    }
    for j in 1..iters.len() {
        if raw_next(iters.item(j)).is_some() {
            return Err(uneven(name, j, "longer"));
        }
        exhausted()?;
    }
    Ok(())
}

extern "C" fn zip_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("zip", args, kwargs, |call| {
        let strict = strict_argument("zip", call, false)?;
        let iters = iterators(call.positional())?;
        let z = Zip {
            ob_base: Object::placeholder(),
            count: Cell::new(iters.len() as isize),
            iters: ObjCell::new(iters.into_obj()),
            result: ObjCell::new(Tuple::from_vec(vec![none().to_obj(); call.positional().len()]).into_obj()),
            strict: Cell::new(strict as c_int),
        };
        crate::alloc::new_instance(cls, z).map(Ref::into_obj)
    })
}

impl Zip {
    fn step(&self) -> PyResult<Option<Obj>> {
        let Some(iters) = self.iters.get() else { return Ok(None) };
        let iters: &Tuple = iters.cast();
        let n = iters.len();
        if n == 0 {
            return Ok(None);
        }
        if let Some(last) = self.result.get().filter(|t| t.is_unique()) {
            // The second reference keeps what runs below from using the tuple as well.
            let last = last.to_obj();
            let t: &Tuple = last.cast();
            for i in 0..n {
                let Some(item) = raw_next(iters.item(i)) else { return self.end(iters, i) };
                // SAFETY: the only other reference is the one in `result`, which nobody sees.
                drop(unsafe { t.replace_item(i, item) });
            }
            t.renew();
            return Ok(Some(last));
        }
        let mut items = Vec::with_capacity(n);
        for i in 0..n {
            match raw_next(iters.item(i)) {
                Some(o) => items.push(o),
                None => return self.end(iters, i),
            }
        }
        Ok(Some(Tuple::from_vec(items).into_obj()))
    }

    /// Iterator `i` gave no item.
    #[cold]
    fn end(&self, iters: &Tuple, i: usize) -> PyResult<Option<Obj>> {
        exhausted()?;
        if self.strict.get() != 0 {
            check_uneven("zip", iters, i)?;
        }
        Ok(None)
    }
}

extern "C" fn zip_next(o: &Object) -> Option<Obj> {
    to_iternext(o.cast::<Zip>().step())
}

/// What pickling makes the object from.
#[method]
fn __reduce__(this: &Zip) -> Ref<Tuple> {
    let iters = this.iters.get_owned().unwrap_or_else(|| Tuple::empty().into_obj());
    let cls = this.ty().to_obj();
    if this.strict.get() != 0 { tuple_of([cls, iters, bool_::from_bool(true)]) } else { tuple_of([cls, iters]) }
}

/// Sets whether lengths must agree, as pickling saved it.
#[method(signature = "(object, /)")]
fn __setstate__(this: &Zip, object: &Object) -> PyResult<()> {
    this.strict.set(object.is_true()? as c_int);
    Ok(())
}

extern "C" fn zip_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let z: &Zip = o.cast();
    visit_fields(&[&z.iters, &z.result], visit, arg)
}

/// The type `zip`.
#[unsafe(no_mangle)]
pub static PyZip_Type: Type = Type::new_static(TypeDef {
    name: c"zip",
    basicsize: size_of::<Zip>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"zip(*iterables, strict=False)\n--\n\nAn iterator over tuples of one item from each iterable, until the shortest ends.\n\nIf strict is true, iterables of different lengths raise a ValueError.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Zip>),
    traverse: Some(zip_traverse),
    iter: Some(self_iter),
    iternext: Some(zip_next),
    methods: methods![__reduce__, __setstate__],
    new: Some(zip_new),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyZip_Type];
