//! The type `enumerate`.

use crate::args::{CallArgs, Param, Signature, bind_keywords, with_tuple_args};
use crate::error::PyResult;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::protocol::call::nargs;
use crate::protocol::number;
use crate::typeobj::slots::VisitProc;
use crate::types::int::{self, Int};
use crate::types::iterators::{raw_next, self_iter, tuple_of, visit_fields};
use crate::types::none::none;
use crate::types::tuple::Tuple;
use crate::{Type, TypeDef, bail, flags, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::{classmethod, method};

/// An `enumerate` (`enumobject`).
#[repr(C)]
pub struct Enumerate {
    ob_base: Object,
    /// The next count; `isize::MAX` when `long_index` holds it.
    index: Cell<isize>,
    iter: ObjCell,
    /// The pair handed out last, used again if nobody kept it.
    result: ObjCell,
    long_index: ObjCell,
    one: ObjCell,
}

const _: () = assert!(
    offset_of!(Enumerate, index) == 16 && offset_of!(Enumerate, long_index) == 40 && size_of::<Enumerate>() == 56
);

crate::layout!(Enumerate, PyEnum_Type);

/// `enumerate(iterable, start)` as an instance of `cls`.
fn construct(cls: &Type, iterable: &Object, start: Option<&Object>) -> PyResult {
    let mut index = 0;
    let mut long_index = None;
    if let Some(start) = start {
        let start = number::index(start)?;
        match start.to_isize() {
            Some(i) if i != isize::MAX => index = i,
            _ => {
                index = isize::MAX;
                long_index = Some(Int::exact(&start).into_obj());
            }
        }
    }
    let iter = iterable.iter()?;
    crate::alloc::new_instance(
        cls,
        Enumerate {
            ob_base: Object::placeholder(),
            index: Cell::new(index),
            iter: ObjCell::new(iter),
            result: ObjCell::new(Tuple::new(&[none(), none()]).into_obj()),
            long_index: ObjCell::from_opt(long_index),
            one: ObjCell::empty(),
        },
    )
    .map(Ref::into_obj)
}

static SIGNATURE: Signature = Signature {
    name: "enumerate",
    params: &[Param { name: "iterable", required: true }, Param { name: "start", required: false }],
    posonly: 0,
    positional: 2,
    varargs: false,
    varkw: false,
};

extern "C" fn enumerate_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("enumerate", args, kwargs, |call| {
        let mut out = [None; 2];
        bind_keywords(&SIGNATURE, call, &mut out)?;
        match out[0] {
            Some(iterable) => construct(cls, iterable, out[1]),
            None => bail!(TypeError, "enumerate() missing required argument 'iterable' (pos 1)"),
        }
    })
}

/// The call itself complains about names in its own words.
unsafe extern "C" fn enumerate_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: PEP 590.
    let call = unsafe { CallArgs::from_raw(args, nargs(nargsf), kwnames) };
    let cls: &Type = cls.cast();
    let given = call.positional();
    let kw = call.keywords();
    let total = given.len() + kw.len();
    if total > 2 {
        bail!(TypeError, "enumerate() takes at most 2 arguments ({total} given)");
    }
    let mut iterable = given.first().copied();
    let mut start = given.get(1).copied();
    let invalid = |name: &crate::types::str::Str| {
        crate::raise!(TypeError, "'{}' is an invalid keyword argument for enumerate()", name.display())
    };
    if total == 0 {
        bail!(TypeError, "enumerate() missing required argument 'iterable'");
    }
    for (name, value) in kw.iter() {
        if given.is_empty() && total == 1 && !name.eq_str("iterable") {
            return Err(invalid(name));
        }
        if name.eq_str("start") && start.is_none() {
            start = Some(value);
        } else if name.eq_str("iterable") && iterable.is_none() {
            iterable = Some(value);
        } else {
            return Err(invalid(name));
        }
    }
    match iterable {
        Some(i) => construct(cls, i, start),
        None => bail!(TypeError, "enumerate() missing required argument 'iterable'"),
    }
}

impl Enumerate {
    #[inline]
    fn next_count(&self) -> PyResult {
        let i = self.index.get();
        if i != isize::MAX {
            self.index.set(i + 1);
            return Ok(Int::from_isize(i).into_obj());
        }
        let count = self.long_index.get_owned().unwrap_or_else(|| Int::from_isize(i).into_obj());
        let next = int::add(count.cast(), &Int::one())?;
        self.long_index.set(Some(next.into_obj()));
        Ok(count)
    }
}

extern "C" fn enumerate_next(o: &Object) -> Option<Obj> {
    let e: &Enumerate = o.cast();
    // Nothing empties the field while the object lives.
    let it = e.iter.get()?;
    let item = raw_next(it)?;
    let Ok(count) = e.next_count() else { return None };
    if let Some(pair) = e.result.get().filter(|p| p.is_unique()) {
        // The second reference keeps what runs below from using the pair as well.
        let pair = pair.to_obj();
        let t: &Tuple = pair.cast();
        // SAFETY: the only other reference is the one in `result`, which nobody sees.
        let _old = unsafe { (t.replace_item(0, count), t.replace_item(1, item)) };
        t.renew();
        return Some(pair);
    }
    Some(tuple_of([count, item]).into_obj())
}

/// What pickling makes the object from.
#[method]
fn __reduce__(this: &Enumerate) -> Ref<Tuple> {
    let count = this.long_index.get_owned().unwrap_or_else(|| Int::from_isize(this.index.get()).into_obj());
    let iter = this.iter.get_owned().unwrap_or_else(|| Tuple::empty().into_obj());
    tuple_of([this.ty().to_obj(), tuple_of([iter, count]).into_obj()])
}

/// A generic alias of the class.
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

extern "C" fn enumerate_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &Enumerate = o.cast();
    visit_fields(&[&e.iter, &e.result, &e.long_index], visit, arg)
}

/// The type `enumerate`.
#[unsafe(no_mangle)]
pub static PyEnum_Type: Type = Type::new_static(TypeDef {
    name: c"enumerate",
    basicsize: size_of::<Enumerate>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"enumerate(iterable, start=0)\n--\n\nAn iterator over pairs of a count, which begins with start, and an item of the iterable.",
    ),
    dealloc: Some(crate::alloc::dealloc_of::<Enumerate>),
    traverse: Some(enumerate_traverse),
    iter: Some(self_iter),
    iternext: Some(enumerate_next),
    methods: methods![__reduce__, __class_getitem__],
    new: Some(enumerate_new),
    vectorcall: Some(enumerate_vectorcall),
    ..TypeDef::EMPTY
});

/// The types of this module.
pub static TYPES: &[&Type] = &[&PyEnum_Type];
