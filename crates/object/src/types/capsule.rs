//! Capsules: a C pointer as an object, by which extension modules hand each other their C interfaces.

use crate::alloc::{finish_dealloc, new_object};
use crate::error::PyResult;
use crate::gc;
use crate::header::{Obj, Object, Ref};
use crate::protocol::repr::text;
use crate::typeobj::slots::{InquiryFunc, TraverseProc, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::{bail, layout, raise};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

/// `PyCapsule_Destructor`: gets the capsule, whose count is zero.
pub type CapsuleDestructor = unsafe extern "C" fn(NonNull<Object>);

/// `PyCapsule`.
#[repr(C)]
pub struct Capsule {
    ob_base: Object,
    /// Never null in a valid capsule.
    pointer: Cell<*mut c_void>,
    /// A C string that outlives the capsule, or null.
    name: Cell<*const c_char>,
    context: Cell<*mut c_void>,
    destructor: Cell<Option<CapsuleDestructor>>,
    traverse: Cell<Option<TraverseProc>>,
    clear: Cell<Option<InquiryFunc>>,
}
const _: () = {
    assert!(size_of::<Capsule>() == 64 && offset_of!(Capsule, pointer) == 16 && offset_of!(Capsule, name) == 24);
    assert!(
        offset_of!(Capsule, context) == 32 && offset_of!(Capsule, destructor) == 40 && offset_of!(Capsule, clear) == 56
    );
};
layout!(Capsule, PyCapsule_Type);

/// A capsule around `pointer` (`PyCapsule_New`).
///
/// # Safety
/// `name` is null or a C string that outlives the capsule.
pub unsafe fn new(
    pointer: *mut c_void,
    name: *const c_char,
    destructor: Option<CapsuleDestructor>,
) -> PyResult<Ref<Capsule>> {
    if pointer.is_null() {
        bail!(ValueError, "PyCapsule_New called with null pointer");
    }
    let c = new_object(Capsule {
        ob_base: Object::placeholder(),
        pointer: Cell::new(pointer),
        name: Cell::new(name),
        context: Cell::new(std::ptr::null_mut()),
        destructor: Cell::new(destructor),
        traverse: Cell::new(None),
        clear: Cell::new(None),
    });
    // Only a capsule that can be traversed may be part of a cycle: see `set_traverse`.
    gc::untrack(&c);
    Ok(c)
}

fn same_name(a: *const c_char, b: *const c_char) -> bool {
    if a.is_null() || b.is_null() {
        return a == b;
    }
    // SAFETY: names are C strings.
    unsafe { CStr::from_ptr(a) == CStr::from_ptr(b) }
}

/// The capsule that `o` is, or the error of the C function `caller`.
fn legal<'a>(o: &'a Object, caller: &str) -> PyResult<&'a Capsule> {
    match o.downcast_exact::<Capsule>().filter(|c| !c.pointer.get().is_null()) {
        Some(c) => Ok(c),
        None => Err(raise!(ValueError, "{caller} called with invalid PyCapsule object")),
    }
}

/// Whether `o` is a capsule of this name (`PyCapsule_IsValid`).
///
/// # Safety
/// `name` is null or a C string.
pub unsafe fn is_valid(o: &Object, name: *const c_char) -> bool {
    o.downcast_exact::<Capsule>().is_some_and(|c| !c.pointer.get().is_null() && same_name(c.name.get(), name))
}

/// `PyCapsule_GetPointer`.
///
/// # Safety
/// `name` is null or a C string.
pub unsafe fn get_pointer(o: &Object, name: *const c_char) -> PyResult<*mut c_void> {
    let c = legal(o, "PyCapsule_GetPointer")?;
    if !same_name(c.name.get(), name) {
        bail!(ValueError, "PyCapsule_GetPointer called with incorrect name");
    }
    Ok(c.pointer.get())
}

/// `PyCapsule_GetName`.
pub fn get_name(o: &Object) -> PyResult<*const c_char> {
    legal(o, "PyCapsule_GetName").map(|c| c.name.get())
}

/// `PyCapsule_GetDestructor`.
pub fn get_destructor(o: &Object) -> PyResult<Option<CapsuleDestructor>> {
    legal(o, "PyCapsule_GetDestructor").map(|c| c.destructor.get())
}

/// `PyCapsule_GetContext`.
pub fn get_context(o: &Object) -> PyResult<*mut c_void> {
    legal(o, "PyCapsule_GetContext").map(|c| c.context.get())
}

/// `PyCapsule_SetPointer`.
pub fn set_pointer(o: &Object, pointer: *mut c_void) -> PyResult<()> {
    if pointer.is_null() {
        bail!(ValueError, "PyCapsule_SetPointer called with null pointer");
    }
    legal(o, "PyCapsule_SetPointer")?.pointer.set(pointer);
    Ok(())
}

/// `PyCapsule_SetName`.
///
/// # Safety
/// `name` is null or a C string that outlives the capsule.
pub unsafe fn set_name(o: &Object, name: *const c_char) -> PyResult<()> {
    legal(o, "PyCapsule_SetName")?.name.set(name);
    Ok(())
}

/// `PyCapsule_SetDestructor`.
pub fn set_destructor(o: &Object, destructor: Option<CapsuleDestructor>) -> PyResult<()> {
    legal(o, "PyCapsule_SetDestructor")?.destructor.set(destructor);
    Ok(())
}

/// `PyCapsule_SetContext`.
pub fn set_context(o: &Object, context: *mut c_void) -> PyResult<()> {
    legal(o, "PyCapsule_SetContext")?.context.set(context);
    Ok(())
}

/// Says how the collector sees and clears the objects behind the pointer (`_PyCapsule_SetTraverse`).
pub fn set_traverse(o: &Object, traverse: TraverseProc, clear: InquiryFunc) -> PyResult<()> {
    let c = legal(o, "_PyCapsule_SetTraverse")?;
    c.traverse.set(Some(traverse));
    c.clear.set(Some(clear));
    gc::track(o);
    Ok(())
}

/// The pointer of the capsule at `package.module.attribute` (`PyCapsule_Import`).
///
/// # Safety
/// `name` is a C string.
pub unsafe fn import(name: *const c_char) -> PyResult<*mut c_void> {
    // SAFETY: the caller's promise.
    let full = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let mut parts = full.split('.');
    let first = parts.next().unwrap_or_default();
    let mut found: Obj = match (crate::hooks::get().import)(first) {
        Ok(m) => m,
        Err(e) => {
            e.clear();
            bail!(ImportError, "PyCapsule_Import could not import module \"{first}\"");
        }
    };
    for part in parts {
        found = found.get_attr_str(part)?;
    }
    // SAFETY: as above.
    if !unsafe { is_valid(&found, name) } {
        bail!(AttributeError, "PyCapsule_Import \"{full}\" is not valid");
    }
    Ok(found.cast::<Capsule>().pointer.get())
}

extern "C" fn capsule_repr(o: &Object) -> PyResult {
    let name = o.cast::<Capsule>().name.get();
    Ok(text(&if name.is_null() {
        format!("<capsule object NULL at {o:p}>")
    } else {
        // SAFETY: names are C strings.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        format!("<capsule object \"{name}\" at {o:p}>")
    }))
}

unsafe extern "C" fn capsule_dealloc(obj: NonNull<Object>) {
    // SAFETY: the capsule is dead but whole; its destructor gets it before the memory goes.
    unsafe {
        gc::untrack(obj.as_ref());
        if let Some(f) = obj.as_ref().cast_unchecked::<Capsule>().destructor.get() {
            f(obj);
        }
        finish_dealloc(obj);
    }
}

extern "C" fn capsule_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    match o.cast::<Capsule>().traverse.get() {
        Some(f) => f(o, visit, arg),
        None => 0,
    }
}

extern "C" fn capsule_clear(o: &Object) -> c_int {
    match o.cast::<Capsule>().clear.get() {
        Some(f) => f(o),
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub static PyCapsule_Type: Type = Type::new_static(TypeDef {
    name: c"PyCapsule",
    basicsize: size_of::<Capsule>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    doc: Some(c"A pointer of C code as an object, by which extension modules offer their C interface to others."),
    dealloc: Some(capsule_dealloc),
    repr: Some(capsule_repr),
    traverse: Some(capsule_traverse),
    clear: Some(capsule_clear),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyCapsule_Type];
