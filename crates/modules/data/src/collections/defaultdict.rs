//! `defaultdict`.

use crate::support::{__class_getitem__, none, tuple_of, visit_fields};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::status;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::not_implemented;
use taipan_object::protocol::repr::repr_enter;
use taipan_object::typeobj::slots::{NumberMethods, Slot, VisitProc};
use taipan_object::types::dict::{Dict, PyDict_Type, key_error};
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, intern, layout, members, method, methods,
};

#[repr(C)]
struct DefaultDict {
    dict: Dict,
    default_factory: ObjCell,
}

const _: () = assert!(size_of::<DefaultDict>() == 56);
layout!(DefaultDict, DEFAULT_DICT_TYPE);

extern "C" fn default_dict_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, DefaultDict { dict: Dict::empty_body(), default_factory: ObjCell::empty() }).map(Ref::into_obj)
}

extern "C" fn default_dict_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        let this: &DefaultDict = o.cast();
        let args: &Tuple = args.cast();
        let (factory, rest) = match args.items().split_first() {
            None => (None, Tuple::empty()),
            Some((f, _)) => (Some(f).filter(|f| !f.is_none()), args.slice(1, args.len())),
        };
        if factory.is_some_and(|f| !f.is_callable()) {
            bail!(TypeError, "first argument must be callable or None");
        }
        this.default_factory.set(factory.cloned());
        match PyDict_Type.init.get() {
            Some(init) => taipan_object::error::from_status(init(o, &rest, kwargs)),
            None => Ok(()),
        }
    })())
}

/// Called for a missing key: make a value by the default factory and store it.
#[method(signature = "(key, /)", text = false)]
fn __missing__(this: &DefaultDict, key: &Object) -> PyResult {
    let Some(factory) = this.default_factory.get_owned().filter(|f| !f.is_none()) else {
        return Err(key_error(key));
    };
    let value = factory.call_noargs()?;
    // Another thread or the factory itself may have stored one meanwhile: that one stays.
    this.dict.setdefault(key, &value)
}

impl DefaultDict {
    fn as_object_ref(&self) -> &Object {
        &self.dict.ob_base
    }

    fn copy_of(&self) -> PyResult {
        let o = self.as_object_ref();
        let factory = self.default_factory.get_owned().unwrap_or_else(none);
        o.ty().as_object().call(&[&factory, o])
    }
}

/// Return a shallow copy.
#[method]
fn copy(this: &DefaultDict) -> PyResult {
    this.copy_of()
}

/// Return a shallow copy.
#[method]
fn __copy__(this: &DefaultDict) -> PyResult {
    this.copy_of()
}

/// What pickling makes the object from: the items come one by one.
#[method]
fn __reduce__(this: &DefaultDict) -> PyResult<Ref<Tuple>> {
    let args = match this.default_factory.get_owned().filter(|f| !f.is_none()) {
        None => Tuple::empty(),
        Some(f) => tuple_of([f]),
    };
    let o = this.as_object_ref();
    let items = o.call_method(intern!("items"), &[])?.iter()?;
    Ok(tuple_of([o.ty().to_obj(), args.into_obj(), none(), none(), items]))
}

extern "C" fn default_dict_repr(o: &Object) -> PyResult {
    let this: &DefaultDict = o.cast();
    let base = match PyDict_Type.repr.get() {
        Some(f) => f(o)?,
        None => bail!(SystemError, "dict has no repr"),
    };
    let mut b = StrBuilder::new();
    b.push_str(o.ty().short_name());
    b.push_str("(");
    match this.default_factory.get_owned() {
        None => b.push_str("None"),
        // The factory may be a method of this very dict.
        Some(f) => match repr_enter(&f)? {
            None => b.push_str("..."),
            Some(_guard) => b.push_pystr(&*f.repr()?),
        },
    }
    b.push_str(", ");
    b.push_pystr(base.cast());
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn default_dict_or(a: &Object, b: &Object) -> PyResult {
    let (this, other) = match (a.downcast::<DefaultDict>(), b.downcast::<DefaultDict>()) {
        (Some(x), _) => (x, b),
        (None, Some(y)) => (y, a),
        _ => return Ok(not_implemented()),
    };
    if other.downcast::<Dict>().is_none() {
        return Ok(not_implemented());
    }
    // `a | b` keeps a's order: a goes in first.
    let new = if a.downcast::<DefaultDict>().is_some() {
        this.copy_of()?
    } else {
        let factory = this.default_factory.get_owned().unwrap_or_else(none);
        this.as_object_ref().ty().as_object().call(&[&factory, a])?
    };
    new.cast::<Dict>().update_from(b, true)?;
    Ok(new)
}

extern "C" fn default_dict_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let r = visit_fields(&[&o.cast::<DefaultDict>().default_factory], visit, arg);
    if r != 0 {
        return r;
    }
    match PyDict_Type.traverse.get() {
        Some(f) => f(o, visit, arg),
        None => 0,
    }
}

extern "C" fn default_dict_clear(o: &Object) -> c_int {
    o.cast::<DefaultDict>().default_factory.set(None);
    match PyDict_Type.clear.get() {
        Some(f) => f(o),
        None => 0,
    }
}

static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(default_dict_or), ..NumberMethods::EMPTY };

/// `defaultdict`.
pub static DEFAULT_DICT_TYPE: Type = Type::new_static(TypeDef {
    name: c"collections.defaultdict",
    basicsize: size_of::<DefaultDict>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::DICT_SUBCLASS | flags::MAPPING,
    base: Some(&PyDict_Type),
    doc: Some(c"defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nA dict that makes the values of missing keys by calling default_factory.\nFurther arguments are those of dict."),
    dealloc: Some(dealloc_of::<DefaultDict>),
    repr: Some(default_dict_repr),
    as_number: Some(&AS_NUMBER),
    traverse: Some(default_dict_traverse),
    clear: Some(default_dict_clear),
    methods: methods![__missing__, copy, __copy__, __reduce__, __class_getitem__],
    members: members![
        MemberDef::new(c"default_factory", member::OBJECT, offset_of!(DefaultDict, default_factory), 0)
            .doc(c"Makes the values of missing keys, unless None.")
    ],
    init: Some(default_dict_init),
    new: Some(default_dict_new),
    ..TypeDef::EMPTY
});
