//! Types and descriptors.

use crate::prelude::*;
use crate::typespec::{Spec, from_spec, slot_offset};
use taipan_object::method::{GetSetDef, MemberDef, MethodDef};
use taipan_object::typeobj::slots::Slot;
use taipan_object::types::descr;
use taipan_object::types::module::Module;

fn heap_field<'a>(ty: &'a Type, f: fn(&taipan_object::typeobj::HeapType) -> &taipan_object::ObjCell) -> Null<'a> {
    ty.as_heap().and_then(|h| f(h).get())
}

/// The first type on the MRO that a module with this definition made.
fn module_by_def<'a>(ty: &'a Type, def: *const c_void) -> Null<'a> {
    let mro = ty.mro.get()?;
    for t in mro.cast::<Tuple>().items() {
        let t: &Type = t.cast();
        if let Some(m) = t.as_heap().and_then(|h| h.ht_module.get())
            && m.downcast::<Module>().is_some_and(|m| m.md_def.get() == def)
        {
            // SAFETY: the class keeps its bases, and they their module.
            return Some(unsafe { &*(m as *const Object) });
        }
    }
    None
}

exports! {
    fn PyType_Ready(ty: &Type) -> c_int {
        if !ty.is_heap() {
            // A static type of an extension: a class cannot change it.
            ty.as_object().make_immortal();
            ty.add_flags(flags::IMMUTABLETYPE);
        }
        status(taipan_object::typeobj::ready::ready(ty))
    }
    fn PyType_IsSubtype(a: &Type, b: &Type) -> c_int { a.is_subtype(b) as c_int }
    fn PyType_GetFlags(ty: &Type) -> c_ulong { ty.flags.get() }
    fn PyType_Modified(ty: &Type) { ty.modified() }
    fn PyType_ClearCache() -> c_uint { 0 }
    fn PyType_Freeze(ty: &Type) -> c_int {
        ty.add_flags(flags::IMMUTABLETYPE);
        ty.modified();
        0
    }
    fn PyType_GenericAlloc(ty: &Type, n: isize) -> PyResult { taipan_object::alloc::generic_alloc(ty, n) }
    fn PyType_GenericNew(ty: &Type, _args: Null<'_>, _kwargs: Null<'_>) -> PyResult {
        ty.alloc.get().unwrap_or(taipan_object::alloc::generic_alloc)(ty, 0)
    }
    fn _PyType_Lookup<'a>(ty: &'a Type, name: &Object) -> Null<'a> { ty.lookup_borrowed(name) }
    fn _PyType_LookupRef(ty: &Type, name: &Object) -> Option<Obj> { ty.lookup(name) }
    fn PyType_GetName(ty: &Type) -> PyResult { ty.as_object().get_attr(intern!("__name__")) }
    fn PyType_GetQualName(ty: &Type) -> PyResult { ty.as_object().get_attr(intern!("__qualname__")) }
    fn PyType_GetModuleName(ty: &Type) -> PyResult { taipan_object::typeobj::methods::module_of(ty) }
    fn PyType_GetFullyQualifiedName(ty: &Type) -> PyResult {
        let q = ty.as_object().get_attr(intern!("__qualname__"))?;
        let m = taipan_object::typeobj::methods::module_of(ty)?;
        match m.downcast::<Str>() {
            Some(m) if !m.eq_str("builtins") && !m.eq_str("__main__") => Ok(Str::from_utf8(&format!("{}.{}", m.display(), q.str()?.display())).into_obj()),
            _ => Ok(q),
        }
    }
    fn PyType_GetDict(ty: &Type) -> Option<Obj> { ty.dict.get_owned() }
    fn PyType_GetSlot(ty: &Type, slot: c_int) -> *const c_void {
        match slot_offset(slot) {
            Some(at) => taipan_object::typeobj::slotdefs::slot_value(ty, at),
            None => {
                let _ = bad_call();
                std::ptr::null()
            }
        }
    }
    fn PyType_GetModule<'a>(ty: &'a Type) -> Null<'a> {
        let m = heap_field(ty, |h| &h.ht_module);
        if m.is_none() {
            let _ = match ty.is_heap() {
                true => raise!(TypeError, "PyType_GetModule: Type '{}' has no associated module", ty.name_str()),
                false => raise!(TypeError, "PyType_GetModule: Type '{}' is not a heap type", ty.name_str()),
            };
        }
        m
    }
    fn PyType_GetModuleState(ty: &Type) -> *mut c_void {
        PyType_GetModule(ty).and_then(|m| m.downcast::<Module>()).map_or(std::ptr::null_mut(), |m| m.md_state.get())
    }
    fn PyType_GetModuleByDef<'a>(ty: &'a Type, def: *const c_void) -> Null<'a> {
        let m = module_by_def(ty, def);
        if m.is_none() {
            let _ = raise!(TypeError, "PyType_GetModuleByDef: No superclass of '{}' has the given module", ty.name_str());
        }
        m
    }
    fn PyType_FromSpec(spec: &Spec) -> PyResult { from_spec(None, None, spec, None) }
    fn PyType_FromSpecWithBases(spec: &Spec, bases: Null<'_>) -> PyResult { from_spec(None, None, spec, bases) }
    fn PyType_FromModuleAndSpec(module: Null<'_>, spec: &Spec, bases: Null<'_>) -> PyResult { from_spec(None, module, spec, bases) }
    fn PyType_FromMetaclass(meta: Option<&Type>, module: Null<'_>, spec: &Spec, bases: Null<'_>) -> PyResult { from_spec(meta, module, spec, bases) }
    fn PyObject_GetTypeData(o: &Object, ty: &Type) -> *mut c_void {
        let base = ty.base().map_or(16, |b| b.basicsize.get());
        // SAFETY: the data of a class that extends its base lies behind the base's, aligned.
        unsafe { o.as_ptr().cast::<u8>().offset((base + 15) & !15).cast() }
    }
    fn PyType_GetTypeDataSize(ty: &Type) -> isize {
        let base = ty.base().map_or(16, |b| b.basicsize.get());
        ty.basicsize.get() - ((base + 15) & !15)
    }
    fn PyType_GetBaseByToken(ty: &Type, token: *const c_void, out: Out<Option<Obj>>) -> c_int {
        out.put(None);
        let Some(mro) = ty.mro.get() else { return 0 };
        for t in mro.cast::<Tuple>().items() {
            if t.cast::<Type>().as_heap().is_some_and(|h| std::ptr::eq(h.ht_token.get(), token)) {
                out.put(Some(t.clone()));
                return 1;
            }
        }
        0
    }
    fn PyDescr_NewMethod(ty: &Type, def: &'static MethodDef) -> PyResult { Ok(descr::new_method(ty, def)) }
    fn PyDescr_NewClassMethod(ty: &Type, def: &'static MethodDef) -> PyResult { Ok(descr::new_class_method(ty, def)) }
    fn PyDescr_NewMember(ty: &Type, def: &'static MemberDef) -> PyResult { Ok(descr::new_member(ty, def)) }
    fn PyDescr_NewGetSet(ty: &Type, def: &'static GetSetDef) -> PyResult { Ok(descr::new_getset(ty, def)) }
    fn PyDescr_IsData(o: &Object) -> c_int { Slot::get(&o.ty().descr_set).is_some() as c_int }
    fn PyMember_GetOne(o: *const u8, def: &MemberDef) -> PyResult {
        // SAFETY: members lie at their offset from the address that the caller passes, an object's.
        let o = unsafe { &*o.cast::<Object>() };
        taipan_object::types::member::get(o, def, &*Text(def.name).name()?)
    }
    fn PyMember_SetOne(o: *const u8, def: &MemberDef, v: Null<'_>) -> c_int {
        // SAFETY: as for `PyMember_GetOne`.
        let o = unsafe { &*o.cast::<Object>() };
        status(Text(def.name).name().and_then(|n| taipan_object::types::member::set(o, def, v, &n)))
    }
    fn Py_GenericAlias(origin: &Object, args: &Object) -> PyResult { taipan_object::types::generic_alias::new(origin, args) }
}
