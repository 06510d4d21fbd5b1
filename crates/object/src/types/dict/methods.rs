//! The type `dict`.

use super::merge::{self, Duplicates};
use super::views::{self, PyDictItems_Type, PyDictKeys_Type, PyDictValues_Type};
use super::{Dict, assign_subscript, iter, key_error, subscript};
use crate::alloc::{dealloc_of, new_instance};
use crate::args::{Given, KwArgs};
use crate::error::{PyResult, status, status_bool};
use crate::header::{Obj, Object, Ref};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::repr::repr_enter;
use crate::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::bool_::from_bool;
use crate::types::exceptions;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{bail, classmethod, error, method, methods};
use std::ffi::{c_int, c_void};

extern "C" fn dict_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, Dict::empty_body()).map(Ref::into_obj)
}

fn update_common(d: &Dict, args: &[&Object], name: &str) -> PyResult<()> {
    match args {
        [] => Ok(()),
        [arg] => d.update_with(arg),
        _ => bail!(TypeError, "{name} expected at most 1 argument, got {}", args.len()),
    }
}

extern "C" fn dict_init(slf: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let d: &Dict = slf.cast();
    let args: &Tuple = args.cast();
    status(update_common(d, args.borrowed_items(), "dict").and_then(|()| match kwargs {
        Some(kw) => {
            let names = kw.cast::<Dict>();
            if !names.keys().is_unicode() && names.key_list().iter().any(|k| k.downcast::<Str>().is_none()) {
                bail!(TypeError, "keywords must be strings");
            }
            d.merge(kw, Duplicates::Override)
        }
        None => Ok(()),
    }))
}

/// Calls of the type itself, without the tuple and dict that `tp_new` and `tp_init` want.
unsafe extern "C" fn dict_vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    let nargs = crate::protocol::call::nargs(nargsf);
    // SAFETY: the vectorcall contract.
    let call = unsafe { crate::args::CallArgs::from_raw(args, nargs, kwnames) };
    if nargs > 1 {
        bail!(TypeError, "dict expected at most 1 argument, got {nargs}");
    }
    let d = new_instance(cls.cast::<Type>(), Dict::empty_body())?;
    update_common(&d, call.positional(), "dict")?;
    for (k, v) in call.keywords().iter() {
        d.set_item(k, v)?;
    }
    Ok(d.into_obj())
}

extern "C" fn dict_repr(slf: &Object) -> PyResult {
    let d: &Dict = slf.cast();
    let Some(_guard) = repr_enter(slf)? else { return Ok(Str::from_utf8("{...}").into_obj()) };
    if d.is_empty() {
        return Ok(Str::from_utf8("{}").into_obj());
    }
    let mut out = StrBuilder::new();
    out.push('{');
    let mut pos = 0;
    let mut first = true;
    while let Some((k, v)) = d.next(&mut pos) {
        let (k, v) = (k.to_obj(), v.to_obj());
        if !first {
            out.push_str(", ");
        }
        first = false;
        out.push_pystr(&*k.repr()?);
        out.push_str(": ");
        out.push_pystr(&*v.repr()?);
    }
    out.push('}');
    Ok(out.finish().into_obj())
}

extern "C" fn dict_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else { return Ok(not_implemented()) };
    match CompareOp::from_c(op) {
        CompareOp::Eq => Ok(from_bool(x.equals(y)?)),
        CompareOp::Ne => Ok(from_bool(!x.equals(y)?)),
        _ => Ok(not_implemented()),
    }
}

extern "C" fn dict_length(slf: &Object) -> isize {
    slf.cast::<Dict>().len() as isize
}

extern "C" fn dict_subscript(slf: &Object, key: &Object) -> PyResult {
    subscript(slf.cast(), key)
}

extern "C" fn dict_ass_subscript(slf: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status(assign_subscript(slf.cast(), key, value))
}

extern "C" fn dict_contains(slf: &Object, key: &Object) -> c_int {
    status_bool(slf.cast::<Dict>().contains(key))
}

/// `iter(d)`. Its presence in a subclass's slot tells that the subclass does not override iteration.
pub(super) extern "C" fn dict_iter(slf: &Object) -> PyResult {
    Ok(iter::keys_iter(slf.cast()))
}

extern "C" fn dict_or(a: &Object, b: &Object) -> PyResult {
    merge::union(a, b)
}

extern "C" fn dict_ior(a: &Object, b: &Object) -> PyResult {
    a.cast::<Dict>().update_with(b)?;
    Ok(a.to_obj())
}

extern "C" fn dict_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let d: &Dict = slf.cast();
    let general = !d.keys().is_unicode();
    let mut pos = 0;
    while let Some((k, v)) = d.next(&mut pos) {
        let mut r = visit(v, arg);
        // Exact strings refer to nothing.
        if r == 0 && general {
            r = visit(k, arg);
        }
        if r != 0 {
            return r;
        }
    }
    0
}

extern "C" fn dict_clear(slf: &Object) -> c_int {
    slf.cast::<Dict>().clear();
    0
}

/// Whether the key is in the dictionary.
#[method(signature = "(key, /)", coexist)]
fn __contains__(this: &Dict, key: &Object) -> PyResult<bool> {
    this.contains(key)
}

/// The value stored under the key.
#[method(signature = "(key, /)", coexist)]
fn __getitem__(this: &Dict, key: &Object) -> PyResult {
    subscript(this, key)
}

/// Bytes of memory that the dictionary takes, its keys and values not counted.
#[method]
fn __sizeof__(this: &Dict) -> usize {
    this.memory_size()
}

/// Like self[key], but answer default when the key is missing.
#[method(signature = "(key, default=None, /)")]
fn get(this: &Dict, key: &Object, default: &Object) -> PyResult {
    Ok(this.get_item(key)?.unwrap_or_else(|| default.to_obj()))
}

/// Like self.get(key, default), and store the default when the key is missing.
#[method(signature = "(key, default=None, /)")]
fn setdefault(this: &Dict, key: &Object, default: &Object) -> PyResult {
    this.setdefault(key, default)
}

/// Remove the key and return its value.
///
/// A missing key yields the default if one is given, and raises KeyError otherwise.
#[method(signature = "(key, default=<unrepresentable>, /)")]
fn pop(this: &Dict, key: &Object, default: Given<&Object>) -> PyResult {
    if let Some(v) = this.pop_opt(key)? {
        return Ok(v);
    }
    match default.0 {
        Some(d) => Ok(d.to_obj()),
        None => Err(key_error(key)),
    }
}

/// Remove the item added last and return it as a (key, value) tuple.
///
/// Raises KeyError if the dictionary is empty.
#[method]
fn popitem(this: &Dict) -> PyResult {
    match this.popitem()? {
        Some((k, v)) => Ok(Tuple::new(&[&k, &v]).into_obj()),
        None => {
            Err(error::raise_arg(exceptions::KeyError, Str::from_utf8("popitem(): dictionary is empty").into_obj()))
        }
    }
}

/// A view of the dictionary's keys, set-like.
#[method]
fn keys(this: &Dict) -> Obj {
    views::new_view(&PyDictKeys_Type, this)
}

/// A view of the dictionary's items, set-like.
#[method]
fn items(this: &Dict) -> Obj {
    views::new_view(&PyDictItems_Type, this)
}

/// A view of the dictionary's values.
#[method]
fn values(this: &Dict) -> Obj {
    views::new_view(&PyDictValues_Type, this)
}

/// D.update([E, ]**F): add items from a mapping or from pairs E, then from the keywords F.
///
/// E is a mapping if it has a method keys(). Present keys get the new values.
#[method(signature = "(*args, **kwargs)", text = false, varargs)]
fn update(this: &Dict, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    update_common(this, args, "update")?;
    for (k, v) in kwargs.iter() {
        this.set_item(k, v)?;
    }
    Ok(())
}

/// A new dictionary with the keys from iterable, all with the same value.
#[classmethod(signature = "(iterable, value=None, /)")]
fn fromkeys(cls: &Type, iterable: &Object, value: &Object) -> PyResult {
    merge::from_keys(cls, iterable, value)
}

/// Remove all items.
#[method]
fn clear(this: &Dict) {
    this.clear();
}

/// A shallow copy.
#[method]
fn copy(this: &Dict) -> PyResult<Ref<Dict>> {
    this.copy()
}

/// An iterator over the keys, last one first.
#[method]
fn __reversed__(this: &Dict) -> Obj {
    iter::keys_reversed(this)
}

/// dict[K, V] as a type annotation.
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

static AS_SEQUENCE: SequenceMethods = SequenceMethods { contains: Slot::new(dict_contains), ..SequenceMethods::EMPTY };
static AS_MAPPING: MappingMethods = MappingMethods {
    length: Slot::new(dict_length),
    subscript: Slot::new(dict_subscript),
    ass_subscript: Slot::new(dict_ass_subscript),
};
static AS_NUMBER: NumberMethods =
    NumberMethods { or: Slot::new(dict_or), inplace_or: Slot::new(dict_ior), ..NumberMethods::EMPTY };

/// `dict`.
#[unsafe(no_mangle)]
pub static PyDict_Type: Type = Type::new_static(TypeDef {
    name: c"dict",
    basicsize: size_of::<Dict>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::DICT_SUBCLASS | flags::MATCH_SELF | flags::MAPPING,
    doc: Some(
        c"dict() -> an empty dictionary\ndict(mapping) -> a dictionary with the items of a mapping\ndict(iterable) -> a dictionary made from (key, value) pairs\ndict(**kwargs) -> a dictionary with the names and values given by keyword",
    ),
    dealloc: Some(dealloc_of::<Dict>),
    repr: Some(dict_repr),
    as_number: Some(&AS_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(crate::protocol::compare::hash_not_implemented),
    traverse: Some(dict_traverse),
    clear: Some(dict_clear),
    richcompare: Some(dict_richcompare),
    iter: Some(dict_iter),
    methods: methods![
        __contains__, __getitem__, __sizeof__, get, setdefault, pop, popitem, keys, items, values, update, fromkeys, clear, copy,
        __reversed__, __class_getitem__,
    ],
    init: Some(dict_init),
    new: Some(dict_new),
    vectorcall: Some(dict_vectorcall),
    ..TypeDef::EMPTY
});
