//! `mappingproxy`: a read-only view of a mapping (`type.__dict__`, `types.MappingProxyType`).

use super::Dict;
use crate::alloc::{dealloc_of, new_object};
use crate::args::{ArgContext, CallArgs, FromArg, Param, Signature, bind_keywords};
use crate::error::{PyResult, status_bool, status_len};
use crate::header::{Obj, ObjCell, Object};
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::protocol::number;
use crate::typeobj::slots::{MappingMethods, NumberMethods, SequenceMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::list::List;
use crate::types::str::StrBuilder;
use crate::types::tuple::Tuple;
use crate::{bail, classmethod, intern, method, methods};
use std::ffi::{c_int, c_void};

/// A proxy (`mappingproxyobject`).
#[repr(C)]
pub struct MappingProxy {
    /// The head.
    pub ob_base: Object,
    mapping: ObjCell,
}

const _: () = assert!(size_of::<MappingProxy>() == 24);

crate::layout!(MappingProxy, PyDictProxy_Type);

/// A proxy of a dict or other mapping.
pub fn new(mapping: &Object) -> Obj {
    new_object(MappingProxy { ob_base: Object::placeholder(), mapping: ObjCell::new(mapping.to_obj()) }).into_obj()
}

/// A proxy of an object that must be a mapping (`PyDictProxy_New`).
pub fn new_checked(mapping: &Object) -> PyResult {
    if !mapping.is_mapping() || mapping.downcast::<List>().is_some() || mapping.downcast::<Tuple>().is_some() {
        bail!(TypeError, "mappingproxy() argument must be a mapping, not {}", mapping.ty().name_str());
    }
    Ok(new(mapping))
}

impl MappingProxy {
    /// What the proxy shows.
    pub fn mapping(&self) -> &Object {
        self.mapping.get().unwrap_or_else(|| crate::types::none::none())
    }
}

fn target(o: &Object) -> &Object {
    o.cast::<MappingProxy>().mapping()
}

extern "C" fn proxy_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIGNATURE: Signature = Signature {
        name: "mappingproxy",
        params: &[Param { name: "mapping", required: true }],
        posonly: 0,
        positional: 1,
        varargs: false,
        varkw: false,
    };
    crate::args::with_tuple_args("mappingproxy", args, kwargs, |call: CallArgs<'_>| {
        let mut out = [None; 1];
        bind_keywords(&SIGNATURE, call, &mut out)?;
        match out[0] {
            Some(m) => {
                new_checked(<&Object>::from_arg(m, &ArgContext { func: "mappingproxy", position: 1, name: "mapping" })?)
            }
            None => crate::args::absent(),
        }
    })
}

extern "C" fn proxy_length(slf: &Object) -> isize {
    status_len(target(slf).len().map(|n| n as isize))
}

extern "C" fn proxy_subscript(slf: &Object, key: &Object) -> PyResult {
    target(slf).get_item(key)
}

extern "C" fn proxy_contains(slf: &Object, key: &Object) -> c_int {
    let m = target(slf);
    status_bool(match m.downcast_exact::<Dict>() {
        Some(d) => d.contains(key),
        None => m.contains(key),
    })
}

extern "C" fn proxy_iter(slf: &Object) -> PyResult {
    target(slf).iter()
}

extern "C" fn proxy_hash(slf: &Object) -> isize {
    status_len(target(slf).hash())
}

extern "C" fn proxy_str(slf: &Object) -> PyResult {
    Ok(target(slf).str()?.into_obj())
}

extern "C" fn proxy_repr(slf: &Object) -> PyResult {
    let mut out = StrBuilder::new();
    out.push_str("mappingproxy(");
    out.push_pystr(&*target(slf).repr()?);
    out.push(')');
    Ok(out.finish().into_obj())
}

extern "C" fn proxy_richcompare(slf: &Object, other: &Object, op: c_int) -> PyResult {
    match slf.downcast::<MappingProxy>() {
        Some(p) => p.mapping().rich_compare(other, CompareOp::from_c(op)),
        None => Ok(not_implemented()),
    }
}

extern "C" fn proxy_or(a: &Object, b: &Object) -> PyResult {
    let unwrap = |o: &Object| o.downcast::<MappingProxy>().map_or(o.to_obj(), |p| p.mapping().to_obj());
    number::or(&unwrap(a), &unwrap(b))
}

extern "C" fn proxy_ior(slf: &Object, _: &Object) -> PyResult {
    bail!(TypeError, "'|=' is not supported by {}; use '|' instead", slf.ty().name_str())
}

extern "C" fn proxy_traverse(slf: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(slf.cast::<MappingProxy>().mapping, visit, arg);
    0
}

/// The value under key, or default when the key is missing.
#[method(signature = "(key, default=None, /)")]
fn get(this: &MappingProxy, key: &Object, default: &Object) -> PyResult {
    this.mapping().call_method(intern!("get"), &[key, default])
}

/// The keys of the mapping.
#[method]
fn keys(this: &MappingProxy) -> PyResult {
    this.mapping().call_method(intern!("keys"), &[])
}

/// The values of the mapping.
#[method]
fn values(this: &MappingProxy) -> PyResult {
    this.mapping().call_method(intern!("values"), &[])
}

/// The items of the mapping.
#[method]
fn items(this: &MappingProxy) -> PyResult {
    this.mapping().call_method(intern!("items"), &[])
}

/// A shallow copy of the mapping.
#[method]
fn copy(this: &MappingProxy) -> PyResult {
    this.mapping().call_method(intern!("copy"), &[])
}

/// An iterator over the mapping, last one first.
#[method]
fn __reversed__(this: &MappingProxy) -> PyResult {
    this.mapping().call_method(intern!("__reversed__"), &[])
}

/// MappingProxyType[K, V] as a type annotation.
#[classmethod(signature = "(object, /)")]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(proxy_length), subscript: Slot::new(proxy_subscript), ..MappingMethods::EMPTY };
static AS_SEQUENCE: SequenceMethods = SequenceMethods { contains: Slot::new(proxy_contains), ..SequenceMethods::EMPTY };
static AS_NUMBER: NumberMethods =
    NumberMethods { or: Slot::new(proxy_or), inplace_or: Slot::new(proxy_ior), ..NumberMethods::EMPTY };

/// `mappingproxy`.
#[unsafe(no_mangle)]
pub static PyDictProxy_Type: Type = Type::new_static(TypeDef {
    name: c"mappingproxy",
    basicsize: size_of::<MappingProxy>(),
    flags: flags::HAVE_GC | flags::MAPPING,
    doc: Some(c"mappingproxy(mapping)\n--\n\nA read-only view of a mapping."),
    dealloc: Some(dealloc_of::<MappingProxy>),
    repr: Some(proxy_repr),
    as_number: Some(&AS_NUMBER),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(proxy_hash),
    str: Some(proxy_str),
    traverse: Some(proxy_traverse),
    richcompare: Some(proxy_richcompare),
    iter: Some(proxy_iter),
    methods: methods![get, keys, values, items, copy, __class_getitem__, __reversed__],
    new: Some(proxy_new),
    ..TypeDef::EMPTY
});
