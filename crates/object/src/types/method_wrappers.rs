//! `staticmethod` and `classmethod`.

use crate::alloc::{dealloc_of, new_instance, new_object};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object};
use crate::method::{MemberDef, member};
use crate::protocol::attr::{dict_getter, dict_setter};
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::tuple::Tuple;
use crate::types::{bool_, none};
use crate::{bail, getset, getsets, intern, layout, members, methods};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::classmethod;

macro_rules! method_wrapper {
    ($(#[$doc:meta])* $name:ident, $ty:ident) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            ob_base: Object,
            callable: ObjCell,
            dict: ObjCell,
        }
        const _: () = assert!(size_of::<$name>() == 32 && offset_of!($name, dict) == 24);
        layout!($name, $ty);
        impl $name {
            /// The wrapped callable.
            pub fn callable(&self) -> Obj {
                self.callable.get_owned().unwrap_or_else(none::none_obj)
            }
        }
    };
}
method_wrapper!(
    /// A function that is not bound.
    StaticMethod, PyStaticMethod_Type
);
method_wrapper!(
    /// A function that is bound to the class.
    ClassMethod, PyClassMethod_Type
);

/// A static method around a callable.
pub fn new_static_method(f: Obj) -> Obj {
    new_object(StaticMethod { ob_base: Object::placeholder(), callable: ObjCell::new(f), dict: ObjCell::empty() })
        .into_obj()
}

/// A class method around a callable.
pub fn new_class_method(f: Obj) -> Obj {
    new_object(ClassMethod { ob_base: Object::placeholder(), callable: ObjCell::new(f), dict: ObjCell::empty() })
        .into_obj()
}

extern "C" fn static_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(
        cls,
        StaticMethod { ob_base: Object::placeholder(), callable: ObjCell::empty(), dict: ObjCell::empty() },
    )?
    .into_obj())
}

extern "C" fn class_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(
        cls,
        ClassMethod { ob_base: Object::placeholder(), callable: ObjCell::empty(), dict: ObjCell::empty() },
    )?
    .into_obj())
}

fn fields(o: &Object) -> (&ObjCell, &ObjCell) {
    // SAFETY: both wrappers have the same layout.
    let s: &StaticMethod = unsafe { o.cast_unchecked() };
    (&s.callable, &s.dict)
}

fn init(o: &Object, args: &Object, kwargs: Option<&Object>, name: &str) -> PyResult<()> {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "{name}() takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    if args.len() != 1 {
        bail!(TypeError, "{name} expected 1 argument, got {}", args.len());
    }
    let f = args.item(0);
    fields(o).0.set(Some(f.to_obj()));
    // What identifies the function is copied, as functools.wraps does.
    for a in [intern!("__module__"), intern!("__name__"), intern!("__qualname__"), intern!("__doc__")] {
        if let Some(v) = f.get_attr_opt(a)? {
            o.set_attr(a, &v)?;
        }
    }
    Ok(())
}

extern "C" fn static_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(init(o, args, kwargs, "staticmethod"))
}
extern "C" fn class_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(init(o, args, kwargs, "classmethod"))
}

extern "C" fn wrapper_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let (f, d) = fields(o);
    crate::visit!(f, visit, arg);
    crate::visit!(d, visit, arg);
    0
}
extern "C" fn wrapper_clear(o: &Object) -> c_int {
    let (f, d) = fields(o);
    f.set(None);
    d.set(None);
    0
}

extern "C" fn static_get(o: &Object, _: Option<&Object>, _: Option<&Object>) -> PyResult {
    match fields(o).0.get_owned() {
        Some(f) => Ok(f),
        None => bail!(RuntimeError, "uninitialized staticmethod object"),
    }
}

extern "C" fn class_get(o: &Object, instance: Option<&Object>, owner: Option<&Object>) -> PyResult {
    let Some(f) = fields(o).0.get_owned() else { bail!(RuntimeError, "uninitialized classmethod object") };
    let owner = match (owner, instance) {
        (Some(c), _) => c,
        (None, Some(i)) => i.ty().as_object(),
        (None, None) => none::none(),
    };
    Ok(crate::types::method_::Method::new(f, owner.to_obj()).into_obj())
}

extern "C" fn static_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static_get(o, None, None)?.call_tuple(args, kwargs)
}

extern "C" fn static_repr(o: &Object) -> PyResult {
    Ok(text(&format!("<staticmethod({})>", fields(o).0.get_owned().unwrap_or_else(none::none_obj).repr()?.display())))
}
extern "C" fn class_repr(o: &Object) -> PyResult {
    Ok(text(&format!("<classmethod({})>", fields(o).0.get_owned().unwrap_or_else(none::none_obj).repr()?.display())))
}

fn is_abstract(o: &Object) -> PyResult {
    let on = match fields(o).0.get_owned() {
        Some(f) => match f.get_attr_opt(intern!("__isabstractmethod__"))? {
            Some(v) => v.is_true()?,
            None => false,
        },
        None => false,
    };
    Ok(bool_::from_bool(on))
}

fn forwarded(o: &Object, name: &Object) -> PyResult {
    let d = crate::protocol::attr::get_dict(o)?;
    let d: &crate::types::dict::Dict = d.cast();
    if let Some(v) = d.get_item(name)? {
        return Ok(v);
    }
    let v = fields(o).0.get_owned().unwrap_or_else(none::none_obj).get_attr(name)?;
    d.set_item(name, &v)?;
    Ok(v)
}
fn store(o: &Object, name: &Object, v: Option<&Object>) -> PyResult<()> {
    let d = crate::protocol::attr::get_dict(o)?;
    let d: &crate::types::dict::Dict = d.cast();
    match v {
        Some(v) => d.set_item(name, v),
        None if d.contains(name)? => d.del_item(name),
        None => bail!(AttributeError, "'{}' object has no attribute '{}'", o.ty().name_str(), name.str()?.display()),
    }
}
fn get_annotations(o: &Object) -> PyResult {
    forwarded(o, intern!("__annotations__"))
}
fn set_annotations(o: &Object, v: Option<&Object>) -> PyResult<()> {
    store(o, intern!("__annotations__"), v)
}
fn get_annotate(o: &Object) -> PyResult {
    forwarded(o, intern!("__annotate__"))
}
fn set_annotate(o: &Object, v: Option<&Object>) -> PyResult<()> {
    store(o, intern!("__annotate__"), v)
}

/// See PEP 585
#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

macro_rules! rows {
    (members $t:ident) => {
        members![
            MemberDef::new(c"__func__", member::OBJECT, offset_of!($t, callable), member::READONLY),
            MemberDef::new(c"__wrapped__", member::OBJECT, offset_of!($t, callable), member::READONLY),
        ]
    };
    (getsets) => {
        getsets![
            getset!(c"__isabstractmethod__", is_abstract),
            getset!(c"__dict__", dict_getter, dict_setter),
            getset!(c"__annotations__", get_annotations, set_annotations),
            getset!(c"__annotate__", get_annotate, set_annotate),
        ]
    };
}

#[unsafe(no_mangle)]
pub static PyStaticMethod_Type: Type = Type::new_static(TypeDef {
    name: c"staticmethod",
    basicsize: size_of::<StaticMethod>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"staticmethod(function, /)\n--\n\nA function that gets neither instance nor class when it is called through them."),
    dealloc: Some(dealloc_of::<StaticMethod>),
    repr: Some(static_repr),
    call: Some(static_call),
    traverse: Some(wrapper_traverse),
    clear: Some(wrapper_clear),
    methods: methods![__class_getitem__],
    members: rows!(members StaticMethod),
    getset: rows!(getsets),
    descr_get: Some(static_get),
    dictoffset: offset_of!(StaticMethod, dict) as isize,
    init: Some(static_init),
    new: Some(static_new),
    ..TypeDef::EMPTY
});

#[unsafe(no_mangle)]
pub static PyClassMethod_Type: Type = Type::new_static(TypeDef {
    name: c"classmethod",
    basicsize: size_of::<ClassMethod>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"classmethod(function, /)\n--\n\nA function that gets the class as its first argument."),
    dealloc: Some(dealloc_of::<ClassMethod>),
    repr: Some(class_repr),
    traverse: Some(wrapper_traverse),
    clear: Some(wrapper_clear),
    methods: methods![__class_getitem__],
    members: rows!(members ClassMethod),
    getset: rows!(getsets),
    descr_get: Some(class_get),
    dictoffset: offset_of!(ClassMethod, dict) as isize,
    init: Some(class_init),
    new: Some(class_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyStaticMethod_Type, &PyClassMethod_Type];
