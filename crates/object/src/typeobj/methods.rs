//! Attributes of types: `type.__getattribute__`, `type.__setattr__`, and the attributes and methods of the type `type`.

use super::ready::{self, strip_signature, text_signature};
use super::update;
use crate::error::{PyResult, from_status, status};
use crate::header::{Obj, Object, Ref};
use crate::typeobj::{HeapType, Type, flags};
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::list::List;
use crate::types::str::{Str, intern::intern};
use crate::types::tuple::Tuple;
use crate::types::{int::Int, none};
use crate::{bail, intern, raise};
use std::ffi::{CStr, CString, c_int};
use taipan_clinic::{classmethod, method};

/// `type.__getattribute__`: data descriptors of the metaclass, the class's own MRO, other attributes of the metaclass.
pub extern "C" fn type_getattro(o: &Object, name: &Object) -> PyResult {
    let ty: &Type = o.cast();
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    }
    match type_lookup_attr(ty, name)? {
        Some(v) => Ok(v),
        None => Err(exceptions::attribute_error(
            o,
            name,
            &format!("type object '{}' has no attribute '{}'", ty.name_str(), name.cast::<Str>().to_utf8_lossy()),
        )),
    }
}

/// As [`type_getattro`], `None` when there is no such attribute.
pub fn type_lookup_attr(ty: &Type, name: &Object) -> PyResult<Option<Obj>> {
    let o = ty.as_object();
    let meta = o.ty();
    let meta_attr = meta.lookup(name);
    let meta_get = meta_attr.as_ref().and_then(|a| a.ty().descr_get.get());
    if let (Some(a), Some(get)) = (&meta_attr, meta_get)
        && a.ty().descr_set.get().is_some()
    {
        return get(a, Some(o), Some(meta.as_object())).map(Some);
    }
    if let Some(a) = ty.lookup(name) {
        return match a.ty().descr_get.get() {
            Some(get) => get(&a, None, Some(o)).map(Some),
            None => Ok(Some(a)),
        };
    }
    match (meta_attr, meta_get) {
        (Some(a), Some(get)) => get(&a, Some(o), Some(meta.as_object())).map(Some),
        (a, _) => Ok(a),
    }
}

/// `type.__setattr__` and `__delattr__`.
pub extern "C" fn type_setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    status(set_attr(o.cast(), name, value))
}

fn set_attr(ty: &Type, name: &Object, value: Option<&Object>) -> PyResult<()> {
    let Some(text) = name.downcast::<Str>() else {
        bail!(TypeError, "attribute name must be string, not '{}'", name.ty().name_str());
    };
    if ty.has_flag(flags::IMMUTABLETYPE) {
        bail!(TypeError, "cannot set '{}' attribute of immutable type '{}'", text.to_utf8_lossy(), ty.name_str());
    }
    let name: Ref<Str> = intern(Ref::from_borrowed(text));
    let o = ty.as_object();
    // Data descriptors of the metaclass first, then the class's own dict.
    if let Some(d) = o.ty().lookup(&name)
        && let Some(set) = d.ty().descr_set.get()
    {
        return from_status(set(&d, o, value));
    }
    let dict = ready::dict_of(ty);
    ty.modified();
    match value {
        Some(v) => dict.set_item(&name, v)?,
        None => {
            if let Err(e) = dict.del_item(&name) {
                if !e.matches(exceptions::KeyError) {
                    return Err(e);
                }
                e.clear();
                return Err(exceptions::attribute_error(
                    o,
                    &name,
                    &format!("type object '{}' has no attribute '{}'", ty.name_str(), name.to_utf8_lossy()),
                ));
            }
        }
    }
    let text = name.to_utf8_lossy();
    if text.starts_with("__") && text.ends_with("__") {
        update::update_slots_named(ty, &name, &text);
    }
    Ok(())
}

fn immutable_check(ty: &Type, value: Option<&Object>, name: &str) -> PyResult<()> {
    if ty.has_flag(flags::IMMUTABLETYPE) {
        bail!(TypeError, "cannot set '{name}' attribute of immutable type '{}'", ty.name_str());
    }
    if value.is_none() {
        bail!(TypeError, "cannot delete '{name}' attribute of immutable type '{}'", ty.name_str());
    }
    Ok(())
}

fn get_name(ty: &Type) -> Obj {
    match ty.as_heap() {
        Some(h) => h.ht_name.get_owned().unwrap_or_else(|| none::none().to_obj()),
        None => Str::from_utf8(ty.short_name()).into_obj(),
    }
}

fn set_name(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__name__")?;
    let v = value.expect("checked");
    let Some(s) = v.downcast::<Str>() else {
        bail!(TypeError, "can only assign string to {}.__name__, not '{}'", ty.name_str(), v.ty().name_str());
    };
    if s.contains_nul() {
        bail!(ValueError, "type name must not contain null characters");
    }
    let text =
        CString::new(s.to_utf8()?).map_err(|_| raise!(ValueError, "type name must not contain null characters"))?;
    if let Some(h) = ty.as_heap() {
        h.ht_name.set(Some(v.to_obj()));
        // The former name stays allocated: error texts being made may still refer to it.
        h.ht_tpname.set(text.into_raw());
        ty.name.set(h.ht_tpname.get());
    }
    ty.modified();
    Ok(())
}

fn get_qualname(ty: &Type) -> Obj {
    match ty.as_heap() {
        Some(h) => h.ht_qualname.get_owned().unwrap_or_else(|| none::none().to_obj()),
        None => Str::from_utf8(ty.short_name()).into_obj(),
    }
}

fn set_qualname(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__qualname__")?;
    let v = value.expect("checked");
    if v.downcast::<Str>().is_none() {
        bail!(TypeError, "can only assign string to {}.__qualname__, not '{}'", ty.name_str(), v.ty().name_str());
    }
    if let Some(h) = ty.as_heap() {
        h.ht_qualname.set(Some(v.to_obj()));
    }
    Ok(())
}

/// `__module__` of a type.
pub fn module_of(ty: &Type) -> PyResult {
    if ty.is_heap() {
        return match ready::dict_of(ty).get_item(intern!("__module__"))? {
            Some(m) => Ok(m),
            None => bail!(AttributeError, "__module__"),
        };
    }
    let name = ty.name_str();
    Ok(Str::from_utf8(name.rsplit_once('.').map_or("builtins", |(m, _)| m)).into_obj())
}

fn set_module(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__module__")?;
    ty.modified();
    let d = ready::dict_of(ty);
    d.set_item(intern!("__module__"), value.expect("checked"))?;
    d.pop_opt(intern!("__firstlineno__"))?;
    Ok(())
}

fn get_doc(ty: &Type) -> PyResult {
    if !ty.is_heap() && !ty.doc.get().is_null() {
        // SAFETY: a C string.
        let text = unsafe { CStr::from_ptr(ty.doc.get()) }.to_string_lossy();
        return Ok(Str::from_utf8(strip_signature(ty.short_name(), &text)).into_obj());
    }
    match ready::dict_of(ty).get_item(intern!("__doc__"))? {
        Some(d) => match d.ty().descr_get.get() {
            Some(get) => get(&d, None, Some(ty.as_object())),
            None => Ok(d),
        },
        None => Ok(none::none().to_obj()),
    }
}

fn set_doc(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__doc__")?;
    ty.modified();
    ready::dict_of(ty).set_item(intern!("__doc__"), value.expect("checked"))
}

fn get_text_signature(ty: &Type) -> Option<String> {
    if ty.doc.get().is_null() {
        return None;
    }
    // SAFETY: a C string.
    let text = unsafe { CStr::from_ptr(ty.doc.get()) }.to_string_lossy();
    text_signature(ty.short_name(), &text).map(str::to_owned)
}

fn get_bases(ty: &Type) -> Obj {
    ty.bases_tuple().into_obj()
}

fn get_dict(ty: &Type) -> Obj {
    match ty.dict.get() {
        Some(d) => crate::types::dict::proxy::new(d),
        None => none::none().to_obj(),
    }
}

fn get_abstract(ty: &Type) -> PyResult {
    if !std::ptr::eq(ty, &crate::types::type_::PyType_Type)
        && let Some(v) = ready::dict_of(ty).get_item(intern!("__abstractmethods__"))?
    {
        return Ok(v);
    }
    Err(exceptions::attribute_error(ty.as_object(), intern!("__abstractmethods__"), "__abstractmethods__"))
}

fn set_abstract(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    let d = ready::dict_of(ty);
    let name = intern!("__abstractmethods__");
    let on = match value {
        Some(v) => {
            let on = v.is_true()?;
            d.set_item(name, v)?;
            on
        }
        None => {
            if d.pop_opt(name)?.is_none() {
                return Err(exceptions::attribute_error(ty.as_object(), name, "__abstractmethods__"));
            }
            false
        }
    };
    ty.modified();
    if on {
        ty.add_flags(flags::IS_ABSTRACT)
    } else {
        ty.remove_flags(flags::IS_ABSTRACT)
    }
    Ok(())
}

fn get_annotate(ty: &Type) -> PyResult {
    if !ty.is_heap() {
        bail!(AttributeError, "type object '{}' has no attribute '__annotate__'", ty.name_str());
    }
    let d = ready::dict_of(ty);
    for name in [intern!("__annotate_func__"), intern!("__annotate__")] {
        if let Some(v) = d.get_item(name)? {
            return match v.ty().descr_get.get() {
                Some(get) => get(&v, None, Some(ty.as_object())),
                None => Ok(v),
            };
        }
    }
    d.set_item(intern!("__annotate_func__"), none::none())?;
    Ok(none::none().to_obj())
}

fn set_annotate(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    let Some(v) = value else { bail!(TypeError, "cannot delete __annotate__ attribute") };
    if ty.has_flag(flags::IMMUTABLETYPE) {
        bail!(TypeError, "cannot set '__annotate__' attribute of immutable type '{}'", ty.name_str());
    }
    if !v.is_none() && !v.is_callable() {
        bail!(TypeError, "__annotate__ must be callable or None");
    }
    let d = ready::dict_of(ty);
    d.set_item(intern!("__annotate_func__"), v)?;
    if !v.is_none() {
        d.pop_opt(intern!("__annotations_cache__"))?;
    }
    ty.modified();
    Ok(())
}

fn get_annotations(ty: &Type) -> PyResult {
    if !ty.is_heap() {
        bail!(AttributeError, "type object '{}' has no attribute '__annotations__'", ty.name_str());
    }
    let d = ready::dict_of(ty);
    for name in [intern!("__annotations__"), intern!("__annotations_cache__")] {
        if let Some(v) = d.get_item(name)? {
            return match v.ty().descr_get.get() {
                Some(get) => get(&v, None, Some(ty.as_object())),
                None => Ok(v),
            };
        }
    }
    let annotate = get_annotate(ty)?;
    let result = if annotate.is_callable() {
        let one = Int::from_i64(1);
        let r = annotate.call_one(&one)?;
        if r.downcast::<Dict>().is_none() {
            bail!(TypeError, "__annotate__ returned non-dict of type '{}'", r.ty().name_str());
        }
        r
    } else {
        Dict::new().into_obj()
    };
    d.set_item(intern!("__annotations_cache__"), &result)?;
    ty.modified();
    Ok(result)
}

fn set_annotations(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    if ty.has_flag(flags::IMMUTABLETYPE) {
        bail!(TypeError, "cannot set '__annotations__' attribute of immutable type '{}'", ty.name_str());
    }
    let d = ready::dict_of(ty);
    match value {
        Some(v) => {
            let key = if d.get_item(intern!("__annotations__"))?.is_some() {
                intern!("__annotations__")
            } else {
                intern!("__annotations_cache__")
            };
            d.set_item(key, v)?;
        }
        None => {
            if d.pop_opt(intern!("__annotations__"))?.is_none()
                && d.pop_opt(intern!("__annotations_cache__"))?.is_none()
            {
                bail!(AttributeError, "__annotations__");
            }
        }
    }
    d.pop_opt(intern!("__annotate_func__"))?;
    d.pop_opt(intern!("__annotate__"))?;
    ty.modified();
    Ok(())
}

fn get_type_params(ty: &Type) -> PyResult {
    if std::ptr::eq(ty, &crate::types::type_::PyType_Type) {
        return Ok(Tuple::empty().into_obj());
    }
    Ok(ready::dict_of(ty).get_item(intern!("__type_params__"))?.unwrap_or_else(|| Tuple::empty().into_obj()))
}

fn set_type_params(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__type_params__")?;
    ready::dict_of(ty).set_item(intern!("__type_params__"), value.expect("checked"))?;
    ty.modified();
    Ok(())
}

/// Assigning `__bases__`: the new bases must give the same layout; MRO and slots are made anew, in subclasses too.
fn set_bases(ty: &Type, value: Option<&Object>) -> PyResult<()> {
    immutable_check(ty, value, "__bases__")?;
    let v = value.expect("checked");
    let Some(bases) = v.downcast::<Tuple>() else {
        bail!(TypeError, "can only assign tuple to {}.__bases__, not {}", ty.name_str(), v.ty().name_str());
    };
    if bases.is_empty() {
        bail!(TypeError, "can only assign non-empty tuple to {}.__bases__, not ()", ty.name_str());
    }
    for b in bases.items() {
        let Some(b) = b.downcast::<Type>() else {
            bail!(TypeError, "{}.__bases__ must be tuple of classes, not '{}'", ty.name_str(), b.ty().name_str());
        };
        // While an `mro()` runs, the order of a class says less than its chain of bases does.
        let above = std::iter::successors(Some(b), |t| t.base()).any(|t| std::ptr::eq(t, ty));
        if above || b.is_subtype(ty) {
            bail!(TypeError, "a __bases__ item causes an inheritance cycle");
        }
    }
    let new_base: &Type = super::new::best_base(bases)?;
    let old_base = ty.base().expect("a heap type has a base");
    if !compatible_layout(old_base, new_base) {
        bail!(
            TypeError,
            "__bases__ assignment: '{}' object layout differs from '{}'",
            new_base.name_str(),
            old_base.name_str()
        );
    }
    let old_bases = ty.bases_tuple();
    let old_base_ref = old_base.to_obj();
    ty.bases.set(Some(bases.to_obj()));
    new_base.as_object().incref();
    ty.base.set(new_base);
    crate::thread::RareEvents::note(&crate::Interp::current().rare_events.set_bases);
    let mut before = Vec::new();
    let result = recompute_mro(ty, &mut before);
    // An `mro()` may have assigned other bases meanwhile: then those count.
    let ours = ty.bases.get().is_some_and(|b| b.is(v));
    if let Err(e) = result {
        // Subclasses that have their new order already go back to the old one.
        for (t, mro) in before.into_iter().rev() {
            let t: &Type = t.cast();
            t.mro.set(mro);
            t.modified();
        }
        if ours {
            ty.bases.set(Some(old_bases.into_obj()));
            ty.base.set(old_base_ref.cast::<Type>());
            // The reference goes back to where it was.
            std::mem::forget(old_base_ref);
            // SAFETY: the reference taken above.
            unsafe { Object::decref(new_base.as_object()) };
        }
        return Err(e);
    }
    if !ours {
        return Ok(());
    }
    for b in old_bases.items() {
        b.cast::<Type>().remove_subclass(ty);
    }
    for b in bases.items() {
        b.cast::<Type>().add_subclass(ty);
    }
    ty.modified();
    update::fixup_slots_tree(ty);
    // SAFETY: the type's own reference to its former base.
    unsafe { Object::decref(old_base_ref.as_ptr()) };
    Ok(())
}

/// Makes the order of a class and its subclasses anew; `done` gets each that has changed, with its former order.
fn recompute_mro(ty: &Type, done: &mut Vec<(Obj, Option<Obj>)>) -> PyResult<()> {
    let before = ty.mro.get_owned();
    let new = super::mro::compute(ty)?;
    if ty.mro.get().map(|m| m.as_ptr()) != before.as_ref().map(|m| m.as_ptr()) {
        // Another assignment of bases, made by `mro()`, has done all this already.
        return Ok(());
    }
    done.push((ty.to_obj(), before));
    ty.mro.set(Some(new.into_obj()));
    ty.modified();
    ty.subclass_list().into_iter().try_for_each(|s| recompute_mro(s, done))
}

/// Whether instances of one could become instances of the other (`__class__` and `__bases__` assignment).
pub fn compatible_layout(old: &Type, new: &Type) -> bool {
    let (mut a, mut b) = (old, new);
    while same_shape_as_base(a) {
        match a.base() {
            Some(n) => a = n,
            None => break,
        }
    }
    while same_shape_as_base(b) {
        match b.base() {
            Some(n) => b = n,
            None => break,
        }
    }
    if std::ptr::eq(a, b) {
        return true;
    }
    // Two classes that add the same slots to the same base.
    match (a.base(), b.base()) {
        (Some(x), Some(y)) if std::ptr::eq(x, y) => {
            a.basicsize.get() == b.basicsize.get()
                && a.itemsize.get() == b.itemsize.get()
                && a.dictoffset.get() == b.dictoffset.get()
                && a.weaklistoffset.get() == b.weaklistoffset.get()
                && a.flags.get() & (flags::HAVE_GC | flags::INLINE_VALUES | flags::PREHEADER)
                    == b.flags.get() & (flags::HAVE_GC | flags::INLINE_VALUES | flags::PREHEADER)
                && same_slots(a, b)
        }
        _ => false,
    }
}

fn same_slots(a: &Type, b: &Type) -> bool {
    match (a.as_heap().and_then(|h| h.ht_slots.get_owned()), b.as_heap().and_then(|h| h.ht_slots.get_owned())) {
        (Some(x), Some(y)) => x.eq(&y).unwrap_or(false),
        // One of them without slots: neither adds anything but what the flags say.
        _ => a.base().is_some_and(|base| a.basicsize.get() == base.basicsize.get()),
    }
}

fn same_shape_as_base(t: &Type) -> bool {
    let Some(b) = t.base() else { return false };
    t.basicsize.get() == b.basicsize.get()
        && t.itemsize.get() == b.itemsize.get()
        && t.dictoffset.get() == b.dictoffset.get()
        && t.weaklistoffset.get() == b.weaklistoffset.get()
        && t.flags.get() & (flags::INLINE_VALUES | flags::PREHEADER)
            == b.flags.get() & (flags::INLINE_VALUES | flags::PREHEADER)
        && (t.flags.get() & flags::HAVE_GC == b.flags.get() & flags::HAVE_GC)
}

/// Return the method resolution order of the class, as a list.
#[method(signature = "()")]
fn mro(ty: &Type) -> PyResult<Ref<List>> {
    Ok(List::from_vec(super::mro::c3(ty)?))
}

/// Return the direct subclasses that are still alive.
#[method(signature = "()")]
fn __subclasses__(ty: &Type) -> Ref<List> {
    List::from_vec(ty.subclass_list().into_iter().map(Type::to_obj).collect())
}

/// Create the namespace for the body of a class.
#[classmethod(signature = "(*args, **kwds)", shown = "(name, bases, /, **kwds)")]
fn __prepare__(_meta: &Type, _args: &[&Object], _kwds: crate::args::KwArgs<'_>) -> Ref<Dict> {
    Dict::new()
}

/// Check whether an object is an instance.
#[method(signature = "(instance, /)")]
fn __instancecheck__(ty: &Type, instance: &Object) -> PyResult<bool> {
    instance.is_instance_default(ty.as_object())
}

/// Check whether a class is a subclass.
#[method(signature = "(subclass, /)")]
fn __subclasscheck__(ty: &Type, subclass: &Object) -> PyResult<bool> {
    subclass.is_subclass_default(ty.as_object())
}

/// List the attributes of the class and of its bases.
#[method(signature = "()")]
fn __dir__(ty: &Type) -> PyResult<Ref<List>> {
    let names = Dict::new();
    merge_class_dict(&names, ty.as_object())?;
    Ok(List::from_vec(names.pairs().into_iter().map(|(k, _)| k).collect()))
}

/// Adds the names in a class's dict and in those of its bases.
pub fn merge_class_dict(names: &Dict, cls: &Object) -> PyResult<()> {
    if let Some(d) = cls.get_attr_opt(intern!("__dict__"))? {
        names.update_from(&d, true)?;
    }
    if let Some(bases) = cls.get_attr_opt(intern!("__bases__"))?
        && let Some(t) = bases.downcast::<Tuple>()
    {
        for b in t.items() {
            merge_class_dict(names, b)?;
        }
    }
    Ok(())
}

/// Size of the type object in bytes.
#[method(signature = "()")]
fn __sizeof__(ty: &Type) -> usize {
    let mut size = if ty.is_heap() { size_of::<HeapType>() } else { size_of::<Type>() };
    if ty.is_heap() {
        size += crate::types::dict::cached_keys_size(ty);
    }
    size
}

/// `X | Y` on types makes a union.
pub extern "C" fn type_or(a: &Object, b: &Object) -> PyResult {
    crate::types::union::or(a, b)
}

/// `repr` of a class.
pub extern "C" fn type_repr(o: &Object) -> PyResult {
    let ty: &Type = o.cast();
    if ty.mro.is_empty() {
        return Ok(Str::from_utf8(&format!("<class '{}' at {:p}>", ty.name_str(), o)).into_obj());
    }
    let module = match module_of(ty) {
        Ok(m) => m.downcast_into::<Str>().ok(),
        Err(e) => {
            e.clear();
            None
        }
    };
    let qualname = get_qualname(ty).str()?;
    let text = match module {
        Some(m) if !m.eq_str("builtins") => format!("<class '{}.{}'>", m.display(), qualname.display()),
        _ => format!("<class '{}'>", if ty.is_heap() { qualname.to_utf8_lossy() } else { ty.name_str().into() }),
    };
    Ok(Str::from_utf8(&text).into_obj())
}

/// Rows for the table of the type `type`.
pub static METHODS: &[crate::method::MethodDef] = &[
    mro::DEF,
    __subclasses__::DEF,
    __prepare__::DEF,
    __instancecheck__::DEF,
    __subclasscheck__::DEF,
    __dir__::DEF,
    __sizeof__::DEF,
    crate::method::MethodDef::END,
];

/// Rows for the table of the type `type`.
pub static GETSETS: &[crate::method::GetSetDef] = &[
    crate::getset!(c"__name__", get_name, set_name),
    crate::getset!(c"__qualname__", get_qualname, set_qualname),
    crate::getset!(c"__bases__", get_bases, set_bases),
    crate::getset!(c"__module__", module_of, set_module),
    crate::getset!(c"__abstractmethods__", get_abstract, set_abstract),
    crate::getset!(c"__dict__", get_dict),
    crate::getset!(c"__doc__", get_doc, set_doc),
    crate::getset!(c"__text_signature__", get_text_signature),
    crate::getset!(c"__annotations__", get_annotations, set_annotations),
    crate::getset!(c"__annotate__", get_annotate, set_annotate),
    crate::getset!(c"__type_params__", get_type_params, set_type_params),
    crate::method::GetSetDef::END,
];
