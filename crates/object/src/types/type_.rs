//! The type `type`.

use crate::alloc::generic_alloc;
use crate::gc;
use crate::header::Object;
use crate::method::{MemberDef, member};
use crate::typeobj::slots::{NumberMethods, Slot, VisitProc};
use crate::typeobj::{HeapType, Type, TypeDef, flags, methods, new};
use std::ffi::{CString, c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

unsafe extern "C" fn type_dealloc(obj: NonNull<Object>) {
    // SAFETY: only heap types die; each field is released once.
    unsafe {
        let o = obj.as_ref();
        let ty: &Type = o.cast();
        gc::untrack(o);
        for b in ty.bases_tuple().items() {
            b.cast::<Type>().remove_subclass(ty);
        }
        if !ty.weaklist.get().is_null() {
            crate::types::weakref::clear_all(o);
        }
        ty.version_tag.set(0);
        let heap = o.cast_unchecked::<HeapType>();
        ty.dict.set(None);
        ty.bases.set(None);
        ty.mro.set(None);
        ty.cache.set(None);
        ty.drop_subclasses();
        let base = ty.base.replace(std::ptr::null());
        if !base.is_null() {
            Object::decref((*base).as_object());
        }
        heap.ht_name.set(None);
        heap.ht_qualname.set(None);
        heap.ht_slots.set(None);
        heap.ht_module.set(None);
        crate::types::dict::drop_cached_keys(heap);
        if !ty.doc.get().is_null() {
            drop(CString::from_raw(ty.doc.replace(std::ptr::null()) as *mut _));
        }
        let tpname = heap.ht_tpname.replace(std::ptr::null_mut());
        crate::alloc::free_object(obj.as_ptr().cast());
        if !tpname.is_null() {
            drop(CString::from_raw(tpname));
        }
        // The reference to a metaclass that is a class is given back by `subtype_dealloc`.
    }
}

extern "C" fn type_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let ty: &Type = o.cast();
    if !ty.is_heap() {
        return 0;
    }
    // SAFETY: heap types are laid out as `HeapType`.
    let heap = unsafe { o.cast_unchecked::<HeapType>() };
    for c in [&ty.dict, &ty.cache, &ty.mro, &ty.bases, &heap.ht_module] {
        if let Some(v) = c.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    match ty.base() {
        Some(b) => visit(b.as_object(), arg),
        None => 0,
    }
}

extern "C" fn type_clear(o: &Object) -> c_int {
    let ty: &Type = o.cast();
    ty.modified();
    if let Some(d) = ty.dict.get_owned() {
        d.cast::<crate::types::dict::Dict>().clear();
    }
    if ty.is_heap() {
        // SAFETY: as above.
        unsafe { o.cast_unchecked::<HeapType>() }.ht_module.set(None);
    }
    ty.mro.set(None);
    0
}

extern "C" fn type_is_gc(o: &Object) -> c_int {
    o.cast::<Type>().is_heap() as c_int
}

static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(methods::type_or), ..NumberMethods::EMPTY };

#[unsafe(no_mangle)]
pub static PyType_Type: Type = Type::new_static(TypeDef {
    name: c"type",
    basicsize: size_of::<HeapType>(),
    itemsize: size_of::<crate::method::MemberDef>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::TYPE_SUBCLASS | flags::HAVE_VECTORCALL | flags::ITEMS_AT_END,
    doc: Some(c"type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type"),
    dealloc: Some(type_dealloc),
    vectorcall_offset: offset_of!(Type, vectorcall),
    repr: Some(methods::type_repr),
    as_number: Some(&AS_NUMBER),
    call: Some(new::type_call),
    getattro: Some(methods::type_getattro),
    setattro: Some(methods::type_setattro),
    traverse: Some(type_traverse),
    clear: Some(type_clear),
    weaklistoffset: offset_of!(Type, weaklist) as isize,
    methods: Some(methods::METHODS),
    members: crate::members![
        MemberDef::new(c"__basicsize__", member::PYSSIZET, offset_of!(Type, basicsize), member::READONLY),
        MemberDef::new(c"__itemsize__", member::PYSSIZET, offset_of!(Type, itemsize), member::READONLY),
        MemberDef::new(c"__flags__", member::ULONG, offset_of!(Type, flags), member::READONLY),
        MemberDef::new(c"__weakrefoffset__", member::PYSSIZET, offset_of!(Type, weaklistoffset), member::READONLY),
        MemberDef::new(c"__base__", member::OBJECT, offset_of!(Type, base), member::READONLY),
        MemberDef::new(c"__dictoffset__", member::PYSSIZET, offset_of!(Type, dictoffset), member::READONLY),
        MemberDef::new(c"__mro__", member::OBJECT, offset_of!(Type, mro), member::READONLY),
    ],
    getset: Some(methods::GETSETS),
    dictoffset: offset_of!(Type, dict) as isize,
    init: Some(new::type_init),
    alloc: Some(generic_alloc),
    new: Some(new::type_new),
    is_gc: Some(type_is_gc),
    ..TypeDef::EMPTY
});
