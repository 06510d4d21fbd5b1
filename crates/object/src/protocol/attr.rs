//! Attributes of any object: `tp_getattro` and `tp_setattro`, the generic ones of `object`, and special-method look-up.

use crate::error::{PyResult, from_status, status};
use crate::header::{Obj, ObjCell, Object};
use crate::typeobj::{Type, flags};
use crate::types::dict::{self, Dict};
use crate::types::exceptions;
use crate::types::str::Str;
use crate::{bail, raise};
use std::ffi::c_int;

/// The name of an attribute, for error texts.
fn shown(name: &Object) -> String {
    name.downcast::<Str>().map_or_else(|| "?".to_owned(), |s| s.to_utf8_lossy().into_owned())
}

/// `AttributeError: 'T' object has no attribute 'x'`, with `name` and `obj` set for suggestions.
#[cold]
pub fn no_attribute(o: &Object, name: &Object) -> crate::Raised {
    exceptions::attribute_error(o, name, &format!("'{}' object has no attribute '{}'", o.ty().name_str(), shown(name)))
}

impl Object {
    /// `self.name`.
    #[inline]
    pub fn get_attr(&self, name: &Object) -> PyResult {
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
        }
        match self.ty().getattro.get() {
            Some(f) => f(self, name).map_err(|e| complete_attribute_error(e, self, name)),
            None => match self.ty().getattr.get() {
                Some(f) => f(self, name.cast::<Str>().to_utf8_cstr()?.as_ptr()),
                None => Err(no_attribute(self, name)),
            },
        }
    }

    /// `self.name` with a name from Rust.
    pub fn get_attr_str(&self, name: &str) -> PyResult {
        self.get_attr(&crate::types::str::intern::intern_str(name))
    }

    /// `self.name`, or `None` where that raises `AttributeError` (`PyObject_GetOptionalAttr`). The generic getter makes no exception then.
    pub fn get_attr_opt(&self, name: &Object) -> PyResult<Option<Obj>> {
        let getattro = self.ty().getattro.get().map(|f| f as usize);
        let found = if getattro == Some(generic_getattro as *const () as usize) {
            generic_lookup(self, name, self.ty().lookup(name))
        } else if getattro == Some(crate::typeobj::methods::type_getattro as *const () as usize) {
            crate::typeobj::methods::type_lookup_attr(self.cast(), name)
        } else {
            self.get_attr(name).map(Some)
        };
        // A descriptor may raise it too.
        match found {
            Err(e) => e.recover(exceptions::AttributeError, None),
            found => found,
        }
    }

    /// Whether `self.name` exists; errors other than `AttributeError` pass.
    pub fn has_attr(&self, name: &Object) -> PyResult<bool> {
        Ok(self.get_attr_opt(name)?.is_some())
    }

    /// `self.name = value`.
    #[inline]
    pub fn set_attr(&self, name: &Object, value: &Object) -> PyResult<()> {
        self.set_attr_opt(name, Some(value))
    }

    /// `self.name = value` with a name from Rust.
    pub fn set_attr_str(&self, name: &str, value: &Object) -> PyResult<()> {
        self.set_attr(&crate::types::str::intern::intern_str(name), value)
    }

    /// `del self.name`.
    pub fn del_attr(&self, name: &Object) -> PyResult<()> {
        self.set_attr_opt(name, None)
    }

    /// Sets, or deletes when `value` is `None`.
    pub fn set_attr_opt(&self, name: &Object, value: Option<&Object>) -> PyResult<()> {
        let Some(text) = name.downcast::<Str>() else {
            bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
        };
        if let Some(f) = self.ty().setattro.get() {
            return from_status(f(self, name, value));
        }
        if let Some(f) = self.ty().setattr.get() {
            return from_status(f(self, text.to_utf8_cstr()?.as_ptr(), value));
        }
        let verb = if value.is_some() { "assign to" } else { "del" };
        let attrs = if self.ty().getattro.get().is_some() || self.ty().getattr.get().is_some() {
            "only read-only"
        } else {
            "no"
        };
        bail!(TypeError, "'{}' object has {attrs} attributes ({verb} .{})", self.ty().name_str(), shown(name))
    }

    /// A special method looked up on the type and bound, as the interpreter does for implicit calls; `None` if there is none.
    pub fn lookup_special(&self, name: &Object) -> PyResult<Option<Obj>> {
        let Some(d) = self.ty().lookup(name) else { return Ok(None) };
        match d.ty().descr_get.get() {
            Some(get) => get(&d, Some(self), Some(self.ty().as_object())).map(Some),
            None => Ok(Some(d)),
        }
    }

    /// A special method as [`Object::get_method`] gives it: unbound where that saves the bound object.
    pub fn lookup_special_method(&self, name: &Object) -> PyResult<Option<super::call::Method>> {
        use super::call::Method;
        let Some(d) = self.ty().lookup(name) else { return Ok(None) };
        if d.ty().has_flag(flags::METHOD_DESCRIPTOR) {
            return Ok(Some(Method::Unbound(d)));
        }
        match d.ty().descr_get.get() {
            Some(get) => get(&d, Some(self), Some(self.ty().as_object())).map(|m| Some(Method::Bound(m))),
            None => Ok(Some(Method::Bound(d))),
        }
    }
}

/// Fills `name` and `obj` into an `AttributeError` that lacks them, so that suggestions work.
#[cold]
fn complete_attribute_error(e: crate::Raised, o: &Object, name: &Object) -> crate::Raised {
    exceptions::complete_attribute_error(e, o, name)
}

/// Where an instance keeps its dict.
pub enum DictPlace<'a> {
    /// It has none.
    None,
    /// In the managed word, perhaps as inline values; use the functions of `types::dict`.
    Managed,
    /// In this field.
    Field(&'a ObjCell),
}

/// Where `o` keeps its dict (`_PyObject_GetDictPtr`).
#[inline(always)]
pub fn dict_place(o: &Object) -> DictPlace<'_> {
    let ty = o.ty();
    if ty.flags.get() & flags::MANAGED_DICT != 0 {
        return DictPlace::Managed;
    }
    match ty.dictoffset.get() {
        0 => DictPlace::None,
        offset => {
            let offset = if offset > 0 { offset } else { negative_dict_offset(o, offset) };
            // SAFETY: `tp_dictoffset` is the place of an owned dict or null in every instance.
            DictPlace::Field(unsafe { &*o.as_ptr().cast::<u8>().offset(offset).cast::<ObjCell>() })
        }
    }
}

#[cold]
fn negative_dict_offset(o: &Object, offset: isize) -> isize {
    let ty = o.ty();
    // SAFETY: types with a negative offset are of variable size.
    let n = unsafe { o.cast_unchecked::<crate::VarObject>() }.ob_size.get().unsigned_abs();
    let size = ty.basicsize.get() as usize + n * ty.itemsize.get() as usize;
    ((size + 7) & !7) as isize + offset
}

/// The value of `name` in the instance's own dict, if any.
#[inline(always)]
pub fn instance_attr(o: &Object, name: &Object) -> PyResult<Option<Obj>> {
    match dict_place(o) {
        DictPlace::None => Ok(None),
        DictPlace::Managed => dict::instance_get(o, name),
        DictPlace::Field(cell) => match cell.get_owned() {
            Some(d) => d.cast::<Dict>().get_item(name),
            None => Ok(None),
        },
    }
}

/// `object.__getattribute__` (`PyObject_GenericGetAttr`).
pub extern "C" fn generic_getattro(o: &Object, name: &Object) -> PyResult {
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    }
    generic_get_with(o, name, o.ty().lookup(name))
}

/// [`generic_getattro`] when the type's attribute is already looked up.
pub fn generic_get_with(o: &Object, name: &Object, descr: Option<Obj>) -> PyResult {
    generic_lookup(o, name, descr)?.ok_or_else(|| no_attribute(o, name))
}

/// Data descriptors, then the instance, then other attributes of the type.
#[inline]
pub fn generic_lookup(o: &Object, name: &Object, descr: Option<Obj>) -> PyResult<Option<Obj>> {
    let get = descr.as_ref().and_then(|d| d.ty().descr_get.get());
    if let (Some(d), Some(get)) = (&descr, get)
        && d.ty().descr_set.get().is_some()
    {
        return match get(d, Some(o), Some(o.ty().as_object())) {
            Ok(v) => Ok(Some(v)),
            Err(e) => Err(e),
        };
    }
    if let Some(v) = instance_attr(o, name)? {
        return Ok(Some(v));
    }
    match (descr, get) {
        (Some(d), Some(get)) => get(&d, Some(o), Some(o.ty().as_object())).map(Some),
        (descr, _) => Ok(descr),
    }
}

/// `object.__setattr__` and `__delattr__` (`PyObject_GenericSetAttr`).
pub extern "C" fn generic_setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    status(generic_set(o, name, value))
}

fn generic_set(o: &Object, name: &Object, value: Option<&Object>) -> PyResult<()> {
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    }
    let ty = o.ty();
    let descr = ty.lookup(name);
    if let Some(d) = &descr
        && let Some(set) = d.ty().descr_set.get()
    {
        return from_status(set(d, o, value));
    }
    match dict_place(o) {
        DictPlace::Managed => {
            if dict::instance_set(o, name, value)? {
                return Ok(());
            }
            Err(no_attribute(o, name))
        }
        DictPlace::Field(cell) => match (cell.get_owned(), value) {
            (Some(d), Some(v)) => d.cast::<Dict>().set_item(name, v),
            (None, Some(v)) => {
                let d = dict::new_for_attributes(ty);
                cell.set(Some(d.clone().into_obj()));
                d.set_item(name, v)
            }
            (Some(d), None) => match d.cast::<Dict>().del_item(name) {
                Err(e) if e.matches(exceptions::KeyError) => {
                    e.clear();
                    Err(no_attribute(o, name))
                }
                r => r,
            },
            (None, None) => Err(no_attribute(o, name)),
        },
        DictPlace::None => Err(match descr {
            Some(_) => exceptions::attribute_error(
                o,
                name,
                &format!("'{}' object attribute '{}' is read-only", ty.name_str(), shown(name)),
            ),
            None if ty.setattro.get().map(|f| f as usize) == Some(generic_setattro as *const () as usize) => {
                exceptions::attribute_error(
                    o,
                    name,
                    &format!(
                        "'{}' object has no attribute '{}' and no __dict__ for setting new attributes",
                        ty.name_str(),
                        shown(name)
                    ),
                )
            }
            None => no_attribute(o, name),
        }),
    }
}

/// `__dict__` of an instance: made when asked for.
pub fn get_dict(o: &Object) -> PyResult {
    match dict_place(o) {
        DictPlace::Managed => dict::instance_dict(o),
        DictPlace::Field(cell) => {
            if let Some(d) = cell.get_owned() {
                return Ok(d);
            }
            let d = dict::new_for_attributes(o.ty()).into_obj();
            cell.set(Some(d.clone()));
            Ok(d)
        }
        DictPlace::None => Err(raise!(AttributeError, "This object has no __dict__")),
    }
}

/// Sets or deletes `__dict__`.
pub fn set_dict(o: &Object, value: Option<&Object>) -> PyResult<()> {
    if let Some(v) = value
        && v.downcast::<Dict>().is_none()
    {
        bail!(TypeError, "__dict__ must be set to a dictionary, not a '{}'", v.ty().name_str());
    }
    match dict_place(o) {
        DictPlace::Managed => dict::instance_set_dict(o, value.map(Object::to_obj)),
        DictPlace::Field(cell) => {
            if value.is_none() {
                bail!(TypeError, "cannot delete __dict__");
            }
            cell.set(value.map(Object::to_obj));
            Ok(())
        }
        DictPlace::None => bail!(AttributeError, "This object has no __dict__"),
    }
}

/// The getter of `__dict__` rows in getset tables.
pub fn dict_getter(o: &Object) -> PyResult {
    get_dict(o)
}

/// The setter of `__dict__` rows.
pub fn dict_setter(o: &Object, value: Option<&Object>) -> PyResult<()> {
    set_dict(o, value)
}

/// `tp_getattro` as a type asks for it by name: whether `ty` uses the generic one.
#[inline]
pub fn is_generic(ty: &Type) -> bool {
    ty.getattro.get().map(|f| f as usize) == Some(generic_getattro as *const () as usize)
}
