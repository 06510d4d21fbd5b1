//! `property`.

use crate::alloc::{dealloc_of, new_instance};
use crate::args::{Param, Signature, bind_keywords, with_tuple_args};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object};
use crate::method::{MemberDef, member};
use crate::protocol::attr::no_attribute;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::exceptions;
use crate::types::{bool_, none};
use crate::{bail, getset, getsets, intern, layout, members, methods};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `propertyobject`.
#[repr(C)]
pub struct Property {
    ob_base: Object,
    prop_get: ObjCell,
    prop_set: ObjCell,
    prop_del: ObjCell,
    prop_doc: ObjCell,
    prop_name: ObjCell,
    /// Whether the docstring was taken from the getter.
    getter_doc: Cell<c_int>,
}
const _: () = {
    assert!(
        size_of::<Property>() == 64 && offset_of!(Property, prop_get) == 16 && offset_of!(Property, prop_doc) == 40
    );
    assert!(offset_of!(Property, prop_name) == 48 && offset_of!(Property, getter_doc) == 56);
};
layout!(Property, PyProperty_Type);

impl Property {
    /// `fget`, for callers that go around the descriptor.
    #[inline]
    pub fn getter(&self) -> Option<&Object> {
        self.prop_get.get()
    }

    /// The name it was bound to in a class, or else that of its getter.
    fn name(&self) -> PyResult<Option<Obj>> {
        if let Some(n) = self.prop_name.get_owned() {
            return Ok(Some(n));
        }
        match self.prop_get.get_owned() {
            Some(f) => f.get_attr_opt(intern!("__name__")),
            None => Ok(None),
        }
    }
}

static INIT: Signature = Signature {
    name: "property",
    params: &[
        Param { name: "fget", required: false },
        Param { name: "fset", required: false },
        Param { name: "fdel", required: false },
        Param { name: "doc", required: false },
    ],
    posonly: 0,
    positional: 4,
    varargs: false,
    varkw: false,
};

extern "C" fn property_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Property {
        ob_base: Object::placeholder(),
        prop_get: ObjCell::empty(),
        prop_set: ObjCell::empty(),
        prop_del: ObjCell::empty(),
        prop_doc: ObjCell::empty(),
        prop_name: ObjCell::empty(),
        getter_doc: Cell::new(0),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn property_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(with_tuple_args("property", args, kwargs, |call| {
        let mut given = [None; 4];
        bind_keywords(&INIT, call, &mut given)?;
        init(o, given.map(|v| v.filter(|v| !v.is_none())))
    }))
}

fn init(o: &Object, [get, set, del, doc]: [Option<&Object>; 4]) -> PyResult<()> {
    let p: &Property = o.cast();
    p.prop_get.set(get.map(Object::to_obj));
    p.prop_set.set(set.map(Object::to_obj));
    p.prop_del.set(del.map(Object::to_obj));
    p.prop_doc.set(None);
    p.prop_name.set(None);
    p.getter_doc.set(0);
    let mut doc = doc.map(Object::to_obj);
    if doc.is_none()
        && let Some(get) = get
    {
        doc = get.get_attr_opt(intern!("__doc__"))?.filter(|d| !d.is_none());
        p.getter_doc.set(doc.is_some() as c_int);
    }
    if o.is_exact(&PyProperty_Type) {
        p.prop_doc.set(doc);
        return Ok(());
    }
    // The class of a subclass has a `__doc__` of its own, which hides the member: the instance must have one too.
    let doc = doc.unwrap_or_else(none::none_obj);
    match o.set_attr(intern!("__doc__"), &doc) {
        // An instance that cannot have one does without, unless its getter brought it.
        Err(e) if p.getter_doc.get() == 0 && e.matches(exceptions::AttributeError) => {
            e.clear();
            Ok(())
        }
        r => r,
    }
}

#[cold]
fn cannot(p: &Property, instance: &Object, what: &str) -> crate::Raised {
    let text = (|| {
        let class = instance.ty().as_object().get_attr(intern!("__qualname__"))?.repr()?;
        Ok(match p.name()? {
            Some(n) => format!("property {} of {} object has no {what}", n.repr()?.display(), class.display()),
            None => format!("property of {} object has no {what}", class.display()),
        })
    })();
    match text {
        Ok(t) => crate::raise!(AttributeError, "{t}"),
        Err(e) => e,
    }
}

extern "C" fn property_get(o: &Object, instance: Option<&Object>, _: Option<&Object>) -> PyResult {
    let Some(instance) = instance.filter(|i| !i.is_none()) else { return Ok(o.to_obj()) };
    let p: &Property = o.cast();
    match p.prop_get.get_owned() {
        Some(f) => f.call_one(instance),
        None => Err(cannot(p, instance, "getter")),
    }
}

extern "C" fn property_set(o: &Object, instance: &Object, value: Option<&Object>) -> c_int {
    let p: &Property = o.cast();
    status(match value {
        Some(v) => match p.prop_set.get_owned() {
            Some(f) => f.call(&[instance, v]).map(drop),
            None => Err(cannot(p, instance, "setter")),
        },
        None => match p.prop_del.get_owned() {
            Some(f) => f.call_one(instance).map(drop),
            None => Err(cannot(p, instance, "deleter")),
        },
    })
}

/// A property of the same class with some of the functions exchanged; `None` keeps what is there.
fn copy(this: &Property, get: Option<&Object>, set: Option<&Object>, del: Option<&Object>) -> PyResult {
    let pick = |new: Option<&Object>, old: &ObjCell| match new.filter(|n| !n.is_none()) {
        Some(n) => n.to_obj(),
        None => old.get_owned().unwrap_or_else(none::none_obj),
    };
    let (get, set, del) = (pick(get, &this.prop_get), pick(set, &this.prop_set), pick(del, &this.prop_del));
    // A docstring that came from the getter is taken from the new one.
    let doc = if this.getter_doc.get() != 0 && !get.is_none() { None } else { this.prop_doc.get_owned() };
    let doc = doc.unwrap_or_else(none::none_obj);
    let new = this.ty().as_object().call(&[&get, &set, &del, &doc])?;
    if let Some(p) = new.downcast::<Property>() {
        p.prop_name.set(this.prop_name.get_owned());
    }
    Ok(new)
}

/// A copy of the property with another getter.
#[method(signature = "(object, /)", text = false)]
fn getter(this: &Property, object: &Object) -> PyResult {
    copy(this, Some(object), None, None)
}

/// A copy of the property with another setter.
#[method(signature = "(object, /)", text = false)]
fn setter(this: &Property, object: &Object) -> PyResult {
    copy(this, None, Some(object), None)
}

/// A copy of the property with another deleter.
#[method(signature = "(object, /)", text = false)]
fn deleter(this: &Property, object: &Object) -> PyResult {
    copy(this, None, None, Some(object))
}

/// Tells the property its name in the class.
#[method(signature = "(*args)", shown = "(owner, name, /)")]
fn __set_name__(this: &Property, args: &[&Object]) -> PyResult<()> {
    let [_owner, name] = args else {
        bail!(TypeError, "__set_name__() takes 2 positional arguments but {} were given", args.len());
    };
    this.prop_name.set(Some(name.to_obj()));
    Ok(())
}

fn get_name(p: &Property) -> PyResult {
    match p.name()? {
        Some(n) => Ok(n),
        None => Err(no_attribute(p, intern!("__name__"))),
    }
}

fn set_name(p: &Property, value: Option<&Object>) -> PyResult<()> {
    p.prop_name.set(value.map(Object::to_obj));
    Ok(())
}

fn is_abstract(p: &Property) -> PyResult {
    for f in [&p.prop_get, &p.prop_set, &p.prop_del] {
        if let Some(f) = f.get_owned()
            && let Some(v) = f.get_attr_opt(intern!("__isabstractmethod__"))?
            && v.is_true()?
        {
            return Ok(bool_::from_bool(true));
        }
    }
    Ok(bool_::from_bool(false))
}

extern "C" fn property_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let p: &Property = o.cast();
    crate::visit!(p.prop_get, visit, arg);
    crate::visit!(p.prop_set, visit, arg);
    crate::visit!(p.prop_del, visit, arg);
    crate::visit!(p.prop_doc, visit, arg);
    crate::visit!(p.prop_name, visit, arg);
    0
}

extern "C" fn property_clear(o: &Object) -> c_int {
    o.cast::<Property>().prop_doc.set(None);
    0
}

#[unsafe(no_mangle)]
pub static PyProperty_Type: Type = Type::new_static(TypeDef {
    name: c"property",
    basicsize: size_of::<Property>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"property(fget=None, fset=None, fdel=None, doc=None)\n--\n\nAn attribute that functions compute.\n\nfget(self) gives its value, fset(self, value) sets and fdel(self) deletes it; what is missing cannot be done.\nWithout doc, the docstring is that of fget. As a decorator it makes a property out of a getter; the methods getter,\nsetter and deleter, also used as decorators, make copies with one function exchanged.",
    ),
    dealloc: Some(dealloc_of::<Property>),
    traverse: Some(property_traverse),
    clear: Some(property_clear),
    methods: methods![getter, setter, deleter, __set_name__],
    members: members![
        MemberDef::new(c"fget", member::OBJECT, offset_of!(Property, prop_get), member::READONLY),
        MemberDef::new(c"fset", member::OBJECT, offset_of!(Property, prop_set), member::READONLY),
        MemberDef::new(c"fdel", member::OBJECT, offset_of!(Property, prop_del), member::READONLY),
        MemberDef::new(c"__doc__", member::OBJECT, offset_of!(Property, prop_doc), 0),
    ],
    getset: getsets![getset!(c"__name__", get_name, set_name), getset!(c"__isabstractmethod__", is_abstract)],
    descr_get: Some(property_get),
    descr_set: Some(property_set),
    init: Some(property_init),
    new: Some(property_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyProperty_Type];
