//! Attributes, classes and identity.

use taipan_object::args::Given;
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::list::List;
use taipan_object::types::str::{Str, intern::intern};
use taipan_object::{PyResult, bail, function, intern};

fn name_arg(name: &Object) -> PyResult<Ref<Str>> {
    match name.downcast::<Str>() {
        Some(s) => Ok(intern(Ref::from_borrowed(s))),
        None => bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str()),
    }
}

/// Return whether the object can be called.
#[function(signature = "(obj, /)")]
pub fn callable(obj: &Object) -> bool {
    obj.is_callable()
}

/// Get a named attribute; with a default, that is returned when the attribute is missing.
#[function(signature = "(object, name, default=None, /)", text = false)]
pub fn getattr(object: &Object, name: &Object, default: Given<&Object>) -> PyResult {
    match default.0 {
        None => object.get_attr(name),
        Some(d) => {
            let name = name_arg(name)?;
            Ok(object.get_attr_opt(&name)?.unwrap_or_else(|| d.to_obj()))
        }
    }
}

/// Return whether the object has an attribute of that name.
#[function(signature = "(obj, name, /)")]
pub fn hasattr(obj: &Object, name: &Object) -> PyResult<bool> {
    let name = name_arg(name)?;
    obj.has_attr(&name)
}

/// Set a named attribute.
#[function(signature = "(obj, name, value, /)")]
pub fn setattr(obj: &Object, name: &Object, value: &Object) -> PyResult<()> {
    let name = name_arg(name)?;
    obj.set_attr(&name, value)
}

/// Delete a named attribute.
#[function(signature = "(obj, name, /)")]
pub fn delattr(obj: &Object, name: &Object) -> PyResult<()> {
    let name = name_arg(name)?;
    obj.del_attr(&name)
}

/// Return the hash of an object. Equal objects have equal hashes.
#[function(signature = "(obj, /)")]
pub fn hash(obj: &Object) -> PyResult<isize> {
    obj.hash()
}

/// Return the identity of an object: unique among objects alive at the same time.
#[function(signature = "(obj, /)")]
pub fn id(obj: &Object) -> usize {
    obj.as_ptr() as usize
}

/// Return whether the object is an instance of a class, of one in a tuple, or of a union's member.
#[function(signature = "(obj, class_or_tuple, /)")]
pub fn isinstance(obj: &Object, class: &Object) -> PyResult<bool> {
    obj.is_instance(class)
}

/// Return whether a class derives from a class, from one in a tuple, or from a union's member.
#[function(signature = "(cls, class_or_tuple, /)")]
pub fn issubclass(cls: &Object, class: &Object) -> PyResult<bool> {
    cls.is_subclass(class)
}

/// List the names in the current scope, or the attributes of an object.
#[function(signature = "(object=None, /)", text = false)]
pub fn dir(object: Given<&Object>) -> PyResult<Ref<List>> {
    match object.0 {
        None => {
            let locals = crate::frame::query::current_locals()?;
            let names = locals.call_method(intern!("keys"), &[])?.to_list()?;
            names.sort()?;
            Ok(names)
        }
        Some(o) => dir_of(o),
    }
}

/// `dir(o)`.
pub fn dir_of(o: &Object) -> PyResult<Ref<List>> {
    let Some(f) = o.lookup_special(intern!("__dir__"))? else {
        bail!(TypeError, "object does not provide __dir__");
    };
    let names = f.call_noargs()?.to_list()?;
    names.sort()?;
    Ok(names)
}

/// Return the attributes of an object as a dict, or the local names without an object.
#[function(signature = "(object=None, /)", text = false)]
pub fn vars(object: Given<&Object>) -> PyResult<Obj> {
    match object.0 {
        None => crate::frame::query::current_locals(),
        Some(o) => match o.get_attr_opt(intern!("__dict__"))? {
            Some(d) => Ok(d),
            None => bail!(TypeError, "vars() argument must have __dict__ attribute"),
        },
    }
}
