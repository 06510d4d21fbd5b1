//! `super`.

use crate::alloc::{dealloc_of, new_instance};
use crate::bail;
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::attr::generic_getattro;
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::dict::Dict;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{intern, layout, members};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;

/// A `super` object: attributes are looked up in the MRO of `obj_type` after `ty`.
#[repr(C)]
pub struct Super {
    ob_base: Object,
    ty: ObjCell,
    obj: ObjCell,
    obj_type: ObjCell,
}
const _: () = assert!(size_of::<Super>() == 40);
layout!(Super, PySuper_Type);

/// The type whose MRO is searched: `obj` itself for class methods, its type, or what its `__class__` says.
fn check(ty: &Type, obj: &Object) -> PyResult<Obj> {
    if let Some(c) = obj.downcast::<Type>()
        && c.is_subtype(ty)
    {
        return Ok(obj.to_obj());
    }
    if obj.ty().is_subtype(ty) {
        return Ok(obj.ty().to_obj());
    }
    if let Some(cls) = obj.get_attr_opt(intern!("__class__"))?
        && let Some(c) = cls.downcast::<Type>()
        && !std::ptr::eq(c, obj.ty())
        && c.is_subtype(ty)
    {
        return Ok(cls);
    }
    let (kind, shown) = match obj.downcast::<Type>() {
        Some(c) => ("type", c.name_str()),
        None => ("instance of", obj.ty().name_str()),
    };
    bail!(
        TypeError,
        "super(type, obj): obj ({kind} {shown}) is not an instance or subtype of type ({}).",
        ty.name_str()
    )
}

/// `name` in the MRO of `obj_type` after `ty`, bound to `obj`; `None` when there is none there.
fn lookup(ty: &Type, obj: &Object, obj_type: &Type, name: &Object) -> PyResult<Option<Obj>> {
    let Some(mro) = obj_type.mro.get_owned() else { return Ok(None) };
    let mro: Ref<Tuple> = Ref::from_borrowed(mro.cast());
    let Some(at) = mro.items().iter().position(|t| std::ptr::eq(t.as_ptr(), ty.as_object())) else { return Ok(None) };
    for t in &mro.items()[at + 1..] {
        let Some(d) = t.cast::<Type>().dict.get_owned() else { continue };
        if let Some(v) = d.cast::<Dict>().get_item(name)? {
            return match v.ty().descr_get.get() {
                Some(get) => {
                    let instance = Some(obj).filter(|o| !std::ptr::eq(*o, obj_type.as_object()));
                    get(&v, instance, Some(obj_type.as_object())).map(Some)
                }
                None => Ok(Some(v)),
            };
        }
    }
    Ok(None)
}

/// `super(ty, obj).name`, without making the object.
pub fn attr_after(ty: &Type, obj: &Object, name: &Object) -> PyResult {
    let obj_type = check(ty, obj)?;
    if let Some(v) =
        (!name.cast::<Str>().eq_str("__class__")).then(|| lookup(ty, obj, obj_type.cast(), name)).transpose()?.flatten()
    {
        return Ok(v);
    }
    let s = bound(&PySuper_Type, ty, obj, obj_type)?;
    generic_getattro(&s, name)
}

/// As [`attr_after`] for a method call: `(function, true)` when the receiver is to be passed first.
pub fn method_after(ty: &Type, obj: &Object, name: &Object) -> PyResult<(Obj, bool)> {
    let obj_type = check(ty, obj)?;
    let cls: &Type = obj_type.cast();
    if !name.cast::<Str>().eq_str("__class__")
        && !std::ptr::eq(obj, cls.as_object())
        && let Some(mro) = cls.mro.get_owned()
    {
        let mro: Ref<Tuple> = Ref::from_borrowed(mro.cast());
        if let Some(at) = mro.items().iter().position(|t| std::ptr::eq(t.as_ptr(), ty.as_object())) {
            for t in &mro.items()[at + 1..] {
                let Some(d) = t.cast::<Type>().dict.get_owned() else { continue };
                if let Some(v) = d.cast::<Dict>().get_item(name)? {
                    if v.ty().has_flag(flags::METHOD_DESCRIPTOR) {
                        return Ok((v, true));
                    }
                    break;
                }
            }
        }
    }
    attr_after(ty, obj, name).map(|v| (v, false))
}

fn bound(cls: &Type, ty: &Type, obj: &Object, obj_type: Obj) -> PyResult {
    Ok(new_instance(
        cls,
        Super {
            ob_base: Object::placeholder(),
            ty: ObjCell::new(ty.to_obj()),
            obj: ObjCell::new(obj.to_obj()),
            obj_type: ObjCell::new(obj_type),
        },
    )?
    .into_obj())
}

extern "C" fn super_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Super {
        ob_base: Object::placeholder(),
        ty: ObjCell::empty(),
        obj: ObjCell::empty(),
        obj_type: ObjCell::empty(),
    };
    Ok(new_instance(cls, body)?.into_obj())
}

extern "C" fn super_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
            bail!(TypeError, "super() takes no keyword arguments");
        }
        let args: &Tuple = args.cast();
        let (ty, obj) = match args.items() {
            [] => {
                let (ty, obj) = (crate::hooks::get().super_of_frame)()?;
                (ty, Some(obj))
            }
            [t] => (t.clone(), None),
            [t, o] => (t.clone(), Some(o.clone()).filter(|o| !o.is_none())),
            more => bail!(TypeError, "super() expected at most 2 arguments, got {}", more.len()),
        };
        let Some(t) = ty.downcast::<Type>() else {
            bail!(TypeError, "super() argument 1 must be a type, not {}", ty.ty().name_str());
        };
        let s: &Super = o.cast();
        let obj_type = match &obj {
            Some(o) => Some(check(t, o)?),
            None => None,
        };
        s.ty.set(Some(ty));
        s.obj.set(obj);
        s.obj_type.set(obj_type);
        Ok(())
    })())
}

extern "C" fn super_getattro(o: &Object, name: &Object) -> PyResult {
    let s: &Super = o.cast();
    if let (Some(ty), Some(obj), Some(obj_type)) = (s.ty.get_owned(), s.obj.get_owned(), s.obj_type.get_owned())
        && name.downcast::<Str>().is_some_and(|n| !n.eq_str("__class__"))
        && let Some(v) = lookup(ty.cast(), &obj, obj_type.cast(), name)?
    {
        return Ok(v);
    }
    generic_getattro(o, name)
}

extern "C" fn super_get(o: &Object, instance: Option<&Object>, _: Option<&Object>) -> PyResult {
    let s: &Super = o.cast();
    let Some(i) = instance.filter(|i| !i.is_none()) else { return Ok(o.to_obj()) };
    if !s.obj.is_empty() {
        return Ok(o.to_obj());
    }
    let Some(ty) = s.ty.get_owned() else { return Ok(o.to_obj()) };
    if !o.is_exact(&PySuper_Type) {
        return o.ty().as_object().call(&[&ty, i]);
    }
    let obj_type = check(ty.cast(), i)?;
    bound(&PySuper_Type, ty.cast(), i, obj_type)
}

extern "C" fn super_repr(o: &Object) -> PyResult {
    let s: &Super = o.cast();
    let name = s.ty.get().map_or("NULL", |t| t.cast::<Type>().name_str());
    Ok(text(&match s.obj_type.get() {
        Some(t) => format!("<super: <class '{name}'>, <{} object>>", t.cast::<Type>().name_str()),
        None => format!("<super: <class '{name}'>, NULL>"),
    }))
}

extern "C" fn super_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let s: &Super = o.cast();
    crate::visit!(s.obj, visit, arg);
    crate::visit!(s.ty, visit, arg);
    crate::visit!(s.obj_type, visit, arg);
    0
}

#[unsafe(no_mangle)]
pub static PySuper_Type: Type = Type::new_static(TypeDef {
    name: c"super",
    basicsize: size_of::<Super>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"super() -> as super(__class__, <first argument>)\nsuper(type) -> unbound super object\nsuper(type, obj) -> bound super object; obj is an instance of type\nsuper(type, type2) -> bound super object; type2 derives from type"),
    dealloc: Some(dealloc_of::<Super>),
    repr: Some(super_repr),
    getattro: Some(super_getattro),
    traverse: Some(super_traverse),
    members: members![
        MemberDef::new(c"__thisclass__", member::OBJECT, offset_of!(Super, ty), member::READONLY).doc(c"the class invoking super()"),
        MemberDef::new(c"__self__", member::OBJECT, offset_of!(Super, obj), member::READONLY).doc(c"the instance invoking super(); may be None"),
        MemberDef::new(c"__self_class__", member::OBJECT, offset_of!(Super, obj_type), member::READONLY).doc(c"the type of the instance invoking super(); may be None"),
    ],
    descr_get: Some(super_get),
    init: Some(super_init),
    new: Some(super_new),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PySuper_Type];
