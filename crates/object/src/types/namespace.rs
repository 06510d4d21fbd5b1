//! `types.SimpleNamespace`: an object that is nothing but its attributes.

use crate::alloc::{dealloc_of, new_instance, new_object};
use crate::args::{KwArgs, check_positional};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::compare::{CompareOp, hash_not_implemented, not_implemented};
use crate::protocol::repr::repr_enter;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::dict::{Dict, PyDict_Type};
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{bail, layout, members, methods};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `_PyNamespaceObject`.
#[repr(C)]
pub struct Namespace {
    ob_base: Object,
    ns_dict: ObjCell,
}
const _: () = assert!(size_of::<Namespace>() == 24 && offset_of!(Namespace, ns_dict) == 16);
layout!(Namespace, _PyNamespace_Type);

impl Namespace {
    /// A namespace whose attributes are the items of `dict`, which it keeps (`_PyNamespace_New` copies).
    pub fn new(dict: Ref<Dict>) -> Ref<Namespace> {
        new_object(Namespace { ob_base: Object::placeholder(), ns_dict: ObjCell::new(dict.into_obj()) })
    }

    /// The attributes.
    fn dict(&self) -> Ref<Dict> {
        if let Some(d) = self.ns_dict.get()
            && let Some(d) = d.downcast::<Dict>()
        {
            return Ref::from_borrowed(d);
        }
        let d = Dict::new();
        self.ns_dict.set(Some(d.clone().into_obj()));
        d
    }
}

extern "C" fn namespace_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Namespace { ob_base: Object::placeholder(), ns_dict: ObjCell::new(Dict::new().into_obj()) };
    Ok(new_instance(cls, body)?.into_obj())
}

/// Attribute names must be strings, as keywords are.
fn check_names(d: &Dict) -> PyResult<()> {
    let mut pos = 0;
    while let Some((k, _)) = d.next(&mut pos) {
        if k.downcast::<Str>().is_none() {
            bail!(TypeError, "keywords must be strings");
        }
    }
    Ok(())
}

extern "C" fn namespace_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        let dict = o.cast::<Namespace>().dict();
        let args: &Tuple = args.cast();
        check_positional(o.ty().short_name(), args.len(), 0, 1)?;
        if let Some(given) = args.items().first() {
            let given =
                if given.is_exact(&PyDict_Type) { given.clone() } else { PyDict_Type.as_object().call_one(given)? };
            check_names(given.cast())?;
            dict.update_from(&given, true)?;
        }
        if let Some(kwargs) = kwargs {
            check_names(kwargs.cast())?;
            dict.update_from(kwargs, true)?;
        }
        Ok(())
    })())
}

extern "C" fn namespace_repr(o: &Object) -> PyResult {
    let mut out = StrBuilder::new();
    out.push_str(if o.is_exact(&_PyNamespace_Type) { "namespace" } else { o.ty().short_name() });
    let Some(_guard) = repr_enter(o)? else {
        out.push_str("(...)");
        return Ok(out.finish().into_obj());
    };
    out.push('(');
    let mut first = true;
    let dict = o.cast::<Namespace>().dict();
    for key in dict.key_list() {
        let Some(name) = key.downcast::<Str>().filter(|s| !s.is_empty()) else { continue };
        let Some(value) = dict.get_item(name)? else { continue };
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        out.push_pystr(name);
        out.push('=');
        out.push_pystr(&*value.repr()?);
    }
    out.push(')');
    Ok(out.finish().into_obj())
}

extern "C" fn namespace_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Namespace>(), b.downcast::<Namespace>()) else {
        return Ok(not_implemented());
    };
    x.dict().rich_compare(&y.dict(), CompareOp::from_c(op))
}

extern "C" fn namespace_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    crate::visit!(o.cast::<Namespace>().ns_dict, visit, arg);
    0
}

extern "C" fn namespace_clear(o: &Object) -> c_int {
    o.cast::<Namespace>().ns_dict.set(None);
    0
}

/// How pickle makes the namespace again.
#[method(signature = "()", text = false)]
fn __reduce__(this: &Namespace) -> Ref<Tuple> {
    Tuple::new(&[this.ty().as_object(), &Tuple::empty(), &this.dict()])
}

/// A copy with some attributes replaced.
#[method(signature = "(*args, **changes)", shown = "(**changes)")]
fn __replace__(this: &Namespace, args: &[&Object], changes: KwArgs<'_>) -> PyResult {
    if !args.is_empty() {
        bail!(TypeError, "__replace__() takes no positional arguments");
    }
    let new: Obj = this.ty().as_object().call_noargs()?;
    let Some(n) = new.downcast::<Namespace>() else {
        bail!(
            TypeError,
            "expect {} type, but {}() returned '{}' object",
            crate::protocol::repr::fully_qualified_name(&_PyNamespace_Type)?,
            crate::protocol::repr::fully_qualified_name(this.ty())?,
            crate::protocol::repr::fully_qualified_name(new.ty())?
        );
    };
    let dict = n.dict();
    dict.update_from(&this.dict(), true)?;
    for (k, v) in changes.iter() {
        dict.set_item(k, v)?;
    }
    Ok(new)
}

#[unsafe(no_mangle)]
pub static _PyNamespace_Type: Type = Type::new_static(TypeDef {
    name: c"types.SimpleNamespace",
    basicsize: size_of::<Namespace>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"SimpleNamespace(mapping_or_iterable=(), /, **kwargs)\n--\n\nAn object with the given attributes."),
    dealloc: Some(dealloc_of::<Namespace>),
    repr: Some(namespace_repr),
    hash: Some(hash_not_implemented),
    traverse: Some(namespace_traverse),
    clear: Some(namespace_clear),
    richcompare: Some(namespace_richcompare),
    methods: methods![__reduce__, __replace__],
    members: members![MemberDef::new(c"__dict__", member::OBJECT, offset_of!(Namespace, ns_dict), member::READONLY)],
    dictoffset: offset_of!(Namespace, ns_dict) as isize,
    init: Some(namespace_init),
    new: Some(namespace_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&_PyNamespace_Type];
